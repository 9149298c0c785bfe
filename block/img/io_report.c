/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pcvm-io prints of requests: sizes, times, dumps. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/img/io_tool.h"

#define DUMP_COLUMNS 16

static const char *const units[] = {"bytes", "KiB", "MiB", "GiB",
				    "TiB",   "PiB", "EiB"};

/* Whole numbers are written without a fraction; bytes may have six digits. */
const char *io_size(double bytes, char text[IO_SIZE_LEN])
{
	const unsigned last = sizeof(units) / sizeof(*units) - 1;
	char number[IO_SIZE_LEN / 2], *zeros;
	unsigned unit;

	for (unit = 0; unit < last && bytes >= 1024; unit++)
		bytes /= 1024;
	snprintf(number, sizeof(number), "%.*f", unit ? 3 : 6, bytes);
	zeros = strstr(number, ".000");
	if (zeros)
		*zeros = 0;
	snprintf(text, IO_SIZE_LEN, "%s %s", number, units[unit]);
	return text;
}

static struct timespec since(const struct timespec *start)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec -= start->tv_sec;
	t.tv_nsec -= start->tv_nsec;
	if (t.tv_nsec < 0) {
		t.tv_nsec += NS_PER_SEC;
		t.tv_sec--;
	}
	return t;
}

/* Hours and minutes are left out where there are none, but for scripts. */
static void write_time(const struct timespec *t, bool all, char *text,
		       size_t size)
{
	unsigned long long s = (unsigned long long)t->tv_sec;
	unsigned hundredths = (unsigned)(t->tv_nsec / (NS_PER_SEC / 100));

	if (all || s >= 3600)
		snprintf(text, size, "%llu:%02llu:%02llu.%02u", s / 3600,
			 s / 60 % 60, s % 60, hundredths);
	else if (s >= 60)
		snprintf(text, size, "%02llu:%02llu.%02u", s / 60, s % 60,
			 hundredths);
	else
		snprintf(text, size, "%02llu.%02u sec", s, hundredths);
}

void io_report_start(struct io_report *report)
{
	clock_gettime(CLOCK_MONOTONIC, &report->start);
}

void io_report_end(const struct io_report *r)
{
	struct timespec t = since(&r->start);
	double seconds = (double)t.tv_sec + (double)t.tv_nsec / NS_PER_SEC;
	double rate = seconds > 0 ? (double)r->done / seconds : 0;
	double ops = seconds > 0 ? r->ops / seconds : 0;
	char total[IO_SIZE_LEN], speed[IO_SIZE_LEN], took[IO_SIZE_LEN];

	write_time(&t, r->brief, took, sizeof(took));
	if (r->brief) {
		printf("%" PRId64 ",%u,%s,%.3f,%.3f\n", r->done, r->ops, took,
		       rate, ops);
		return;
	}
	printf("%s %" PRId64 "/%" PRId64 " bytes at offset %" PRId64 "\n",
	       r->verb, r->done, r->asked, r->off);
	printf("%s, %u ops; %s (%s/sec and %.4f ops/sec)\n",
	       io_size((double)r->done, total), r->ops, took,
	       io_size(rate, speed), ops);
}

static void dump_line(const uint8_t *buf, int64_t off, size_t n)
{
	size_t i;

	printf("%08" PRIx64 ":  ", (uint64_t)off);
	for (i = 0; i < n; i++)
		printf("%02x ", buf[i]);
	putchar(' ');
	for (i = 0; i < n; i++)
		putchar(isalnum(buf[i]) ? buf[i] : '.');
	putchar('\n');
}

void io_dump(const uint8_t *buf, int64_t off, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < DUMP_COLUMNS ? len - at : DUMP_COLUMNS;
		dump_line(buf + at, off + (int64_t)at, n);
	}
}
