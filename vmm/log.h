/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for the user on stderr, "pcvm: " first.  Anything that a guest can
 * cause goes through log_guest, which lets through a few lines a second, so
 * that no guest can fill a disk.  Any thread.
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What goes before "pcvm: ": the time, and name unless it is NULL; the name
 * stays the caller's.  Before there are threads.
 */
void log_prefix(bool time, const char *name);

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One per device or place; zero-initialised. */
struct log_limit {
	int64_t window_ns;
	unsigned count, suppressed;
};

void log_guest(struct log_limit *limit, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
