/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines for the user on stderr. */
#include "vmm/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define LIMIT_WINDOW_NS 1000000000
#define LIMIT_LINES	5

/* Of the process, as stderr is. */
static struct {
	bool time;
	const char *name;
} prefix;

void log_prefix(bool time, const char *name)
{
	prefix.time = time;
	prefix.name = name;
}

/* "2026-11-21T20:48:01.123456Z " */
static void stamp(char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%06ldZ ", now.tv_nsec / 1000);
}

static void emit(const char *kind, const char *fmt, va_list ap)
{
	char line[1024], time[40] = "";

	if (prefix.time)
		stamp(time, sizeof(time));

	/* One write, so that lines of several threads do not mix. */
	vsnprintf(line, sizeof(line), fmt, ap);
	fprintf(stderr, "%s%s%spcvm: %s%s\n", time,
		prefix.name ? prefix.name : "", prefix.name ? " " : "", kind,
		line);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("warning: ", fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void log_guest(struct log_limit *limit, const char *fmt, ...)
{
	struct timespec ts;
	int64_t now;
	va_list ap;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	if (now - limit->window_ns > LIMIT_WINDOW_NS) {
		if (limit->suppressed)
			log_warn("%u further messages of the guest's doing "
				 "were left out",
				 limit->suppressed);
		limit->window_ns = now;
		limit->count = limit->suppressed = 0;
	}
	if (limit->count++ >= LIMIT_LINES) {
		limit->suppressed++;
		return;
	}
	va_start(ap, fmt);
	emit("guest: ", fmt, ap);
	va_end(ap);
}
