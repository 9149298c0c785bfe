/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors for people: an errno value and one line of text. */
#include "vmm/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DOTS 3u /* where text was left out */

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -code;
}

/* The reason matters most: what is too long before it is cut. */
static void append_reason(struct error *err, const char *text)
{
	size_t len = strlen(err->msg), n = strlen(": ") + strlen(text);
	size_t max = sizeof(err->msg) - 1;

	if (len + n > max && n + DOTS < max) {
		len = max - n;
		memset(err->msg + len - DOTS, '.', DOTS);
	}
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", text);
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append_reason(err, strerror_r(code, text, sizeof(text)));
	return -code;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return -EINVAL;
	snprintf(old, sizeof(old), "%s", err->msg);
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append_reason(err, old);
	return -err->code;
}
