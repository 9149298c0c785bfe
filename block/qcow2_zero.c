/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing zeroes and discarding: whole clusters by their L2 entries alone. */
#include <errno.h>

#include "block/qcow2_image.h"

#define ZERO_CHUNK (UINT64_C(1) << 20)
#define ALL_ZERO   (UINT64_C(0xffffffff) << 32)

static uint64_t unit_size(const struct qcow2 *q)
{
	return UINT64_C(1) << q->sub_bits;
}

/* Written out as zeros, unless they are there already. */
static int write_out(struct qcow2_rq *rq, uint64_t len)
{
	struct qcow2 *q = rq->q;
	struct qcow2_map map;
	int rc;

	if (rq->req->flags & BLK_NO_FALLBACK)
		return -ENOTSUP;
	rc = qcow2_wait_alloc(q, &rq->wait, rq->pos, &len);
	if (rc == 0)
		rc = qcow2_map(q, &rq->wait, rq->pos, len, &map);
	if (rc)
		return rc;
	if (!q->raw_data && qcow2_reads_zero(q, map.type, rq->pos) &&
	    qcow2_reads_zero(q, map.type, rq->pos + map.len - 1)) {
		rq->pos += map.len;
		return 0;
	}
	return qcow2_write_some(rq, len < ZERO_CHUNK ? len : ZERO_CHUNK, true);
}

/* May the entry give up its cluster? */
static bool lets_go(const struct qcow2_rq *rq, uint64_t entry)
{
	const struct qcow2 *q = rq->q;

	if ((entry & QCOW2_COMPRESSED) || q->version < 3)
		return true;
	if (q->external)
		return false; /* its clusters cannot go anywhere */
	return (rq->req->flags & BLK_MAY_UNMAP) || !(entry & QCOW2_COPIED);
}

static void zero_cluster(struct qcow2_rq *rq, struct qcow2_block *slice,
			 unsigned index)
{
	struct qcow2 *q = rq->q;
	uint64_t entry = qcow2_entry(q, slice, index);
	uint64_t flag = q->extended || q->version < 3 ? 0 : QCOW2_ZERO;

	if (lets_go(rq, entry)) {
		qcow2_free_entry(q, entry, QCOW2_DISCARD_REQUEST);
		entry = 0;
	}
	qcow2_set_entry(q, slice, index, entry | flag, ALL_ZERO);
}

/* Some subclusters of one cluster. */
static void zero_subclusters(struct qcow2 *q, struct qcow2_block *slice,
			     unsigned index, uint64_t in, uint64_t len)
{
	uint64_t from = in >> q->sub_bits, to = (in + len) >> q->sub_bits;
	uint64_t mask =
		((UINT64_C(1) << to) - 1) & ~((UINT64_C(1) << from) - 1);
	uint64_t bitmap = qcow2_bitmap(q, slice, index);

	qcow2_set_entry(q, slice, index, qcow2_entry(q, slice, index),
			(bitmap & ~mask) | mask << 32);
}

/* off + len is the end of the disk, or aligned. */
static int zero_units(struct qcow2_rq *rq, uint64_t len)
{
	struct qcow2 *q = rq->q;
	struct qcow2_block *slice;
	uint64_t in = qcow2_in_cluster(q, rq->pos), n;
	unsigned index;
	int rc = qcow2_slice(q, &rq->wait, rq->pos, &slice, &index);

	if (rc)
		return rc;
	if (in || len < q->cluster_size) {
		n = q->cluster_size - in;
		len = len < n ? len : n;
		n = len + (-len & (unit_size(q) - 1));
		if (n < q->cluster_size &&
		    (qcow2_entry(q, slice, index) & QCOW2_COMPRESSED))
			return qcow2_write_some(rq, len, true);
		rc = qcow2_cache_touch(slice);
		if (rc < 0)
			return rc;
		if (n == q->cluster_size)
			zero_cluster(rq, slice, index);
		else
			zero_subclusters(q, slice, index, in, n);
		rq->pos += len;
		return 0;
	}
	rc = qcow2_cache_touch(slice);
	for (; rc == 0 && len >= q->cluster_size &&
	       index < qcow2_slice_entries(q);
	     len -= q->cluster_size, index++, rq->pos += q->cluster_size)
		zero_cluster(rq, slice, index);
	return rc;
}

/* Version 2 knows no zeros but those of clusters that are nowhere. */
static bool can_flag(const struct qcow2 *q)
{
	return q->version > 2 || !q->node->child[BLK_BACKING];
}

/*
 * Nothing to do?  What only has no backing file to show is not zeros by itself:
 * there may be one, another day.
 */
static bool is_done(const struct qcow2_rq *rq, enum qcow2_type type)
{
	if (rq->q->version < 3)
		return type == QCOW2_UNALLOCATED;
	return type == QCOW2_ZERO_PLAIN ||
	       (type == QCOW2_ZERO_HOST && !(rq->req->flags & BLK_MAY_UNMAP));
}

/* By entries, from an aligned position on; what is zero already is passed. */
static int zero_whole(struct qcow2_rq *rq, uint64_t len)
{
	struct qcow2 *q = rq->q;
	struct qcow2_map map;
	int rc;

	rc = qcow2_wait_alloc(q, &rq->wait, rq->pos, &len);
	if (rc == 0)
		rc = qcow2_map(q, &rq->wait, rq->pos, len, &map);
	if (rc)
		return rc;
	if (is_done(rq, map.type)) {
		rq->pos += map.len;
		return 0;
	}
	return zero_units(rq, len);
}

int qcow2_zero_step(struct qcow2_rq *rq)
{
	struct qcow2 *q = rq->q;
	uint64_t unit = unit_size(q), len = rq->end - rq->pos;
	uint64_t in = rq->pos & (unit - 1);
	bool at_end = rq->end == q->node->size;

	if (q->corrupt)
		return -EIO;
	if (q->version < 3 && (rq->req->flags & BLK_NO_FALLBACK))
		return -ENOTSUP;
	if (q->raw_data || !can_flag(q))
		return write_out(rq, len);
	if (in)
		return write_out(rq, len < unit - in ? len : unit - in);
	if (len < unit && !at_end)
		return write_out(rq, len);
	return zero_whole(rq, at_end ? len : len & ~(unit - 1));
}

/* What stands for a cluster that was discarded. */
static void discard_cluster(struct qcow2 *q, struct qcow2_block *slice,
			    unsigned index)
{
	uint64_t entry = qcow2_entry(q, slice, index);
	uint64_t bitmap = qcow2_bitmap(q, slice, index);
	enum qcow2_type type = qcow2_entry_type(q, entry);
	uint64_t flag = q->extended || q->version < 3 ? 0 : QCOW2_ZERO;

	if (type == QCOW2_UNALLOCATED && !(bitmap & UINT32_MAX))
		return;
	if (type == QCOW2_ZERO_PLAIN)
		return;
	qcow2_free_entry(q, entry, QCOW2_DISCARD_REQUEST);
	qcow2_set_entry(q, slice, index, flag, ALL_ZERO);
}

static int discard_some(struct qcow2_rq *rq, uint64_t len)
{
	struct qcow2 *q = rq->q;
	struct qcow2_block *slice;
	struct qcow2_map map;
	unsigned index;
	int rc = qcow2_wait_alloc(q, &rq->wait, rq->pos, &len);

	if (rc == 0)
		rc = qcow2_map(q, &rq->wait, rq->pos, len, &map);
	if (rc)
		return rc;
	if (map.type == QCOW2_UNALLOCATED || map.type == QCOW2_ZERO_PLAIN) {
		rq->pos += (map.len + q->cluster_size - 1) &
			   ~(q->cluster_size - 1);
		return 0;
	}
	rc = qcow2_slice(q, &rq->wait, rq->pos, &slice, &index);
	if (rc == 0)
		rc = qcow2_cache_touch(slice);
	for (; rc == 0 && len && index < qcow2_slice_entries(q); index++) {
		discard_cluster(q, slice, index);
		rq->pos += q->cluster_size;
		len = len > q->cluster_size ? len - q->cluster_size : 0;
	}
	return rc;
}

int qcow2_discard_step(struct qcow2_rq *rq)
{
	struct qcow2 *q = rq->q;
	uint64_t end = rq->end == q->node->size
			       ? rq->end
			       : rq->end & ~(q->cluster_size - 1);

	if (q->corrupt)
		return -EIO;
	rq->pos = qcow2_up(q, rq->pos);
	/* A hint: what cannot be done needs not be done. */
	if (rq->pos >= end || q->external || !can_flag(q)) {
		rq->pos = rq->end;
		return 0;
	}
	return discard_some(rq, end - rq->pos);
}
