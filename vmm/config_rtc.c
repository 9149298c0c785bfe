/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -rtc base=: a date, or a clock to go by. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "vmm/cmdline.h"

static bool parse_date(const char *text, struct tm *tm)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"};
	const char *end;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		*tm = (struct tm){0};
		end = strptime(text, forms[i], tm);
		if (end && !*end)
			return true;
	}
	return false;
}

/* February 30 would become a day in March. */
static bool exists(const struct tm *given, int64_t *seconds)
{
	struct tm tm = *given;

	*seconds = timegm(&tm);
	return tm.tm_mday == given->tm_mday && tm.tm_mon == given->tm_mon &&
	       tm.tm_sec == given->tm_sec;
}

int config_complete_rtc(struct rtc_conf *rtc, struct error *err)
{
	const char *base = rtc->base ? rtc->base : "utc";
	struct tm tm;

	if (!strcmp(base, "utc"))
		return 0;
	if (!strcmp(base, "localtime")) {
		rtc->localtime = true;
		return 0;
	}
	if (!parse_date(base, &tm) || !exists(&tm, &rtc->start))
		return error_set(err, EINVAL,
				 "-rtc base=%s: write utc, localtime, or a "
				 "date like 2006-06-17 or 2006-06-17T16:01:21",
				 base);
	rtc->dated = true;
	return 0;
}
