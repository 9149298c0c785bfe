/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor without vCPUs that is fed bytes, and whose replies are counted. */
#ifndef TESTS_FUZZ_MONITOR_FEED_H
#define TESTS_FUZZ_MONITOR_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Feeds data to a monitor of its own machine, after the text first, in pieces
 * of at most piece bytes; each piece waits until the monitor takes it.
 */
void monitor_feed(bool control, const char *first, const uint8_t *data,
		  size_t size, size_t piece);

#endif
