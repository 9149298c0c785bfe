/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaky buckets.  A request may start when its buckets are not over their
 * brims; what it brings is put in at once, so that the next one, whoever's it
 * is, waits behind it.
 */
#include "block/throttle.h"

#include <errno.h>

#include "vmm/timer.h"

#define LIMIT_MAX   UINT64_C(1000000000000000)
#define SHORT_BURST 10.0 /* a tenth of a second's worth always goes through */

bool throttle_counts(enum blk_op op)
{
	return op == BLK_READ || op == BLK_WRITE || op == BLK_WRITE_ZEROES;
}

static void leak(struct throttle *t, int64_t now)
{
	double seconds = (double)(now - t->last) / (double)NS_PER_SEC;
	struct throttle_bucket *b;
	unsigned i;

	t->last = now;
	for (i = 0; i < BLK_LIMITS && seconds > 0; i++) {
		b = &t->bucket[i];
		b->level -= (double)t->limits.avg[i] * seconds;
		b->burst -= (double)t->limits.max[i] * seconds;
		b->level = b->level > 0 ? b->level : 0;
		b->burst = b->burst > 0 ? b->burst : 0;
	}
}

/* Seconds until the bucket of kind i is not over its brim. */
static double wait_for(const struct throttle *t, unsigned i)
{
	const struct blk_limits *l = &t->limits;
	const struct throttle_bucket *b = &t->bucket[i];
	double avg = (double)l->avg[i], max = (double)l->max[i];
	double length = l->length[i] ? (double)l->length[i] : 1;
	double brim = max > 0 ? max * length : avg / SHORT_BURST;
	double wait = 0, more;

	if (!l->avg[i])
		return 0;
	if (b->level > brim)
		wait = (b->level - brim) / avg;
	if (max > 0 && length > 1 && b->burst > max / SHORT_BURST) {
		more = (b->burst - max / SHORT_BURST) / max;
		wait = more > wait ? more : wait;
	}
	return wait;
}

static double units(const struct throttle *t, unsigned i, uint64_t len)
{
	uint64_t size = t->limits.iops_size;

	if (i < BLK_LIMIT_IOPS_TOTAL)
		return (double)len;
	return size && len > size ? (double)len / (double)size : 1;
}

int64_t throttle_reserve(struct throttle *t, int64_t now, enum blk_op op,
			 uint64_t len)
{
	bool skip[BLK_LIMITS] = {
		[BLK_LIMIT_BPS_READ] = op != BLK_READ,
		[BLK_LIMIT_BPS_WRITE] = op == BLK_READ,
		[BLK_LIMIT_IOPS_READ] = op != BLK_READ,
		[BLK_LIMIT_IOPS_WRITE] = op == BLK_READ,
	};
	double wait = 0, more;
	unsigned i;

	leak(t, now);
	for (i = 0; i < BLK_LIMITS; i++) {
		if (skip[i])
			continue;
		more = wait_for(t, i);
		wait = more > wait ? more : wait;
		t->bucket[i].level += units(t, i, len);
		t->bucket[i].burst += units(t, i, len);
	}
	more = (double)INT32_MAX; /* decades are long enough */
	wait = wait < more ? wait : more;
	return now + (int64_t)(wait * (double)NS_PER_SEC);
}

static bool is_split(const uint64_t *v, enum blk_limit total)
{
	return v[total] && (v[total + 1] || v[total + 2]);
}

static int check_one(const struct blk_limits *l, unsigned i, struct error *err)
{
	if (l->avg[i] > LIMIT_MAX || l->max[i] > LIMIT_MAX ||
	    l->length[i] > UINT32_MAX)
		return error_set(err, ERANGE,
				 "bps/iops/max values must be within [0, "
				 "1000000000000000]");
	if (l->max[i] && !l->avg[i])
		return error_set(err, EINVAL,
				 "bps_max/iops_max require corresponding "
				 "bps/iops values");
	if (l->max[i] && l->max[i] < l->avg[i])
		return error_set(err, EINVAL,
				 "bps_max/iops_max cannot be lower than "
				 "bps/iops");
	if (l->length[i] > 1 && !l->max[i])
		return error_set(err, EINVAL,
				 "burst length set without burst rate");
	if (l->length[i] > 1 && l->max[i] > LIMIT_MAX / l->length[i])
		return error_set(err, EINVAL,
				 "burst length too high for this burst rate");
	return 0;
}

int blk_limits_check(const struct blk_limits *l, struct error *err)
{
	unsigned i;
	int rc = 0;

	if (is_split(l->avg, BLK_LIMIT_BPS_TOTAL) ||
	    is_split(l->avg, BLK_LIMIT_IOPS_TOTAL) ||
	    is_split(l->max, BLK_LIMIT_BPS_TOTAL) ||
	    is_split(l->max, BLK_LIMIT_IOPS_TOTAL))
		return error_set(err, EINVAL,
				 "bps/iops/max total values and read/write "
				 "values cannot be used at the same time");
	if (l->iops_size && !l->avg[BLK_LIMIT_IOPS_TOTAL] &&
	    !l->avg[BLK_LIMIT_IOPS_READ] && !l->avg[BLK_LIMIT_IOPS_WRITE])
		return error_set(err, EINVAL,
				 "iops size requires an iops value to be set");
	for (i = 0; i < BLK_LIMITS && rc == 0; i++)
		rc = check_one(l, i, err);
	return rc;
}

bool blk_limits_any(const struct blk_limits *l)
{
	unsigned i;

	for (i = 0; i < BLK_LIMITS; i++)
		if (l->avg[i])
			return true;
	return false;
}
