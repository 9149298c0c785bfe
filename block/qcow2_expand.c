/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries that say "zeros", which version 2 does not have, become clusters of
 * zeros, or none at all where there is no backing file to be hidden.
 */
#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_amend.h"
#include "block/qcow2_ops.h"
#include "block/qcow2_snapshot.h"
#include "vmm/endian.h"

static int drop_one(struct qcow2 *q, struct qcow2_wait *wait, uint64_t guest)
{
	struct qcow2_block *slice;
	unsigned index;
	int rc = qcow2_slice(q, wait, guest, &slice, &index);

	if (rc == 0)
		rc = qcow2_cache_touch(slice);
	if (rc)
		return rc;
	qcow2_free_entry(q, qcow2_entry(q, slice, index), QCOW2_DISCARD_OTHER);
	qcow2_set_entry(q, slice, index, 0, 0);
	return 0;
}

static int drop(struct qcow2 *q, uint64_t from, uint64_t to)
{
	struct qcow2_wait wait;
	uint64_t at;
	int rc = 0;

	for (at = from & ~(q->cluster_size - 1); at < to && rc == 0;
	     at += q->cluster_size) {
		qcow2_wait_init(&wait, NULL);
		do {
			rc = drop_one(q, &wait, at);
		} while (qcow2_again(q, &wait, &rc));
	}
	return rc;
}

static int write_zeros(struct qcow2 *q, uint64_t from, uint64_t to)
{
	uint64_t at, n;
	int rc = 0;

	for (at = from; at < to && rc == 0; at += n) {
		n = to - at < QCOW2_ZEROS ? to - at : QCOW2_ZEROS;
		rc = blk_pwrite(q->node, at, qcow2_zeros, n, 0);
	}
	return rc;
}

static int expand_active(struct qcow2 *q)
{
	struct blk_extent ext;
	uint64_t at;
	int rc = 0;

	for (at = 0; at < q->node->size && rc == 0; at += ext.len) {
		rc = blk_status(q->node, at, q->node->size - at, &ext);
		if (rc < 0 || !(ext.flags & BLK_ALLOCATED) ||
		    !(ext.flags & BLK_ZERO) || (ext.flags & BLK_HAS_DATA))
			continue;
		rc = q->backing_file ? write_zeros(q, at, at + ext.len)
				     : drop(q, at, at + ext.len);
	}
	return rc < 0 ? rc : qcow2_flush_all(q);
}

/* A table that snapshots have, perhaps several, and the active one with them.
 */
struct table {
	struct qcow2 *q;
	uint64_t off, refs; /* how many have it */
	uint8_t *entries;
	uint64_t *dropped; /* clusters that the old entries had */
	unsigned ndropped;
	bool changed;
};

static bool says_zeros(uint64_t entry)
{
	return (entry & QCOW2_ZERO) && !(entry & QCOW2_COMPRESSED);
}

/* A cluster of zeros, counted for all that have the table. */
static int give_zeros(struct table *t, uint64_t *off)
{
	struct qcow2 *q = t->q;
	uint64_t i;
	int rc = qcow2_alloc_table(q, 1, off);

	if (rc == 0)
		rc = blk_zero(q->file, *off, q->cluster_size, 0);
	for (i = 1; i < t->refs && rc == 0; i++)
		rc = qcow2_refcount_add_sync(q, *off, 1, 1);
	return rc;
}

static int expand_entry(struct table *t, uint8_t *p)
{
	uint64_t entry = load_be64(p), off = 0;
	int rc = 0;

	if (!says_zeros(entry))
		return 0;
	if (t->q->backing_file)
		rc = give_zeros(t, &off);
	if (rc < 0)
		return rc;
	if (entry & QCOW2_OFFSET)
		t->dropped[t->ndropped++] = entry & QCOW2_OFFSET;
	store_be64(p, off);
	t->changed = true;
	return 0;
}

static int drop_old(struct table *t)
{
	uint64_t i;
	unsigned k;
	int rc = 0;

	for (k = 0; k < t->ndropped; k++)
		for (i = 0; i < t->refs && rc == 0; i++)
			rc = qcow2_refcount_add_sync(t->q, t->dropped[k], 1,
						     -1);
	return rc;
}

/* Refcounts first, then the table, and what it had last: so it only leaks. */
static int expand_entries(struct table *t)
{
	struct qcow2 *q = t->q;
	unsigned i;
	int rc = blk_pread(q->file, t->off, t->entries, q->cluster_size);

	if (rc == 0)
		rc = qcow2_refcount_sync(q, t->off >> q->cluster_bits,
					 &t->refs);
	for (i = 0; i < 1u << q->l2_bits && rc == 0; i++)
		rc = expand_entry(t, t->entries + i * q->entry_size);
	if (rc < 0 || !t->changed)
		return rc;
	rc = qcow2_flush_all(q);
	if (rc == 0)
		rc = blk_pwrite(q->file, t->off, t->entries, q->cluster_size,
				0);
	if (rc == 0)
		rc = blk_flush(q->file);
	return rc < 0 ? rc : drop_old(t);
}

static int expand_table(struct qcow2 *q, uint64_t off)
{
	struct table t = {.q = q, .off = off};
	int rc = -ENOMEM;

	if (qcow2_in_cluster(q, off))
		return -EIO;
	t.entries = blk_alloc(q->file, q->cluster_size);
	t.dropped = calloc(UINT64_C(1) << q->l2_bits, sizeof(*t.dropped));
	if (t.entries && t.dropped)
		rc = expand_entries(&t);
	free(t.entries);
	free(t.dropped);
	return rc;
}

static int expand_snapshot(struct qcow2 *q, const struct qcow2_snapshot *s)
{
	struct qcow2_table l1 = {.n = 0};
	int rc =
		s->broken ? -EIO : qcow2_table_load(q, &l1, s->l1_off, s->l1_n);
	uint32_t i;

	for (i = 0; rc == 0 && i < l1.n; i++)
		if (l1.val[i] & QCOW2_OFFSET)
			rc = expand_table(q, l1.val[i] & QCOW2_OFFSET);
	qcow2_table_free(&l1);
	return rc;
}

/*
 * COPIED bits are wrong meanwhile: whoever opens the image after a crash, or
 * closes it after an error, puts them right.
 */
static int expand_snapshots(struct qcow2 *q)
{
	uint32_t i;
	int rc;

	if (!q->nsnapshots)
		return 0;
	rc = qcow2_flush_all(q);
	if (rc < 0)
		return rc;
	qcow2_cache_empty(&q->l2_cache);
	q->unsettled = true;
	q->incompatible |= QCOW2_DIRTY;
	rc = qcow2_header_update(q);
	for (i = 0; i < q->nsnapshots && rc == 0; i++)
		rc = expand_snapshot(q, &q->snapshots[i]);
	if (rc == 0)
		rc = qcow2_update_copied(q);
	q->unsettled = rc < 0;
	return rc;
}

int qcow2_expand_zeros(struct qcow2 *q, struct error *err)
{
	int rc = expand_snapshots(q);

	rc = rc < 0 ? rc : expand_active(q);
	return rc < 0 ? error_errno(err, -rc, "cannot write out zero clusters")
		      : 0;
}
