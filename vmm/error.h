/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors for people: an errno value and one line of text.
 *
 * A function that can fail on the host's account returns 0 or -errno and fills
 * the struct error it was given.  The text has no final newline and no program
 * name; main.c puts "pcvm: " before it.
 */
#ifndef VMM_ERROR_H
#define VMM_ERROR_H

#include <stdarg.h>

struct error {
	int code; /* a positive errno value, 0 for none */
	char msg[500];
};

/* Fills err (which may be NULL) and returns -code.  Any thread. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and the system's text for code at the end. */
int error_errno(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts text and ": " before the message there is; returns -err->code. */
int error_prefix(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
