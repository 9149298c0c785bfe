/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks: which the kernel took, that they go, and that they agree. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define SOURCES "/sys/devices/system/clocksource/clocksource0"
#define EVENTS	"/sys/devices/system/clockevents/clockevent0"

enum { MS = 1000000, RTC_AWAY_MAX = 3 };

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Milliseconds that a sleep of so many took; a clock that stands still fails.
 */
static int64_t time_sleep(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS};
	int64_t start = now(CLOCK_MONOTONIC);

	while (nanosleep(&t, &t) && errno == EINTR)
		;
	return (now(CLOCK_MONOTONIC) - start) / MS;
}

static int clock_test(int argc, char **argv)
{
	int64_t ms = (int64_t)guest_number(argc, argv, 1, 20), took;
	char source[32], all[128], event[32];

	guest_data("source %s of %s, events %s",
		   guest_read(source, 32, SOURCES "/current_clocksource"),
		   guest_read(all, 128, SOURCES "/available_clocksource"),
		   guest_read(event, 32, EVENTS "/current_device"));
	guest_data("realtime %ld monotonic %ld", (long)time(NULL),
		   (long)(now(CLOCK_MONOTONIC) / MS));
	took = time_sleep(ms);
	if (took < ms)
		return guest_fail("slept %ld ms of %ld", (long)took, (long)ms);
	guest_detail("slept %ld ms for %ld", (long)took, (long)ms);
	return 0;
}

/* The RTC as the driver reads it, in UTC, beside the system's clock. */
static int rtc(int argc, char **argv)
{
	struct rtc_time r;
	struct tm tm;
	int64_t away;
	int fd = open("/dev/rtc0", O_RDONLY);

	if (fd < 0)
		return guest_fail("no /dev/rtc0");
	if (ioctl(fd, RTC_RD_TIME, &r)) {
		close(fd);
		return guest_fail("cannot be read");
	}
	close(fd);
	tm = (struct tm){.tm_sec = r.tm_sec,
			 .tm_min = r.tm_min,
			 .tm_hour = r.tm_hour,
			 .tm_mday = r.tm_mday,
			 .tm_mon = r.tm_mon,
			 .tm_year = r.tm_year};
	away = timegm(&tm) - time(NULL);
	if (away < -RTC_AWAY_MAX || away > RTC_AWAY_MAX)
		return guest_fail("%ld s from the system's time", (long)away);
	guest_detail("%ld", (long)timegm(&tm));
	return 0;
}

const struct guest_test clock_tests[] = {
	{"clock", clock_test, "[MS]: the clock source, and a sleep"},
	{"rtc", rtc, "the real-time clock beside the system's time"},
	{NULL},
};
