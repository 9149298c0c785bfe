/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of bytes and requests in a second: the arithmetic, without clocks and
 * queues.  Each limit is a leaky bucket (docs/throttle of QEMU has the
 * behaviour).  The caller sees to it that one thread is in a bucket at a time.
 */
#ifndef BLOCK_THROTTLE_H
#define BLOCK_THROTTLE_H

#include "block/block.h"

struct throttle_bucket {
	double level; /* above what leaks at the average rate */
	double burst; /* the same at the rate of bursts */
};

struct throttle {
	struct blk_limits limits;
	struct throttle_bucket bucket[BLK_LIMITS];
	int64_t last; /* ns: when the levels were so */
};

/* Does the limit know this kind of request? */
bool throttle_counts(enum blk_op op);
/*
 * Takes room for a request of len bytes; returns when it may start, in ns of
 * the clock that now is of.
 */
int64_t throttle_reserve(struct throttle *t, int64_t now, enum blk_op op,
			 uint64_t len);

#endif
