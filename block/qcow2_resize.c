/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resizing qcow2 images, preallocating in them, and emptying them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_create.h"
#include "block/qcow2_image.h"
#include "block/qcow2_ops.h"

/* Puts a larger L1 table elsewhere; the header points to it at the end. */
int qcow2_grow_l1(struct qcow2 *q, uint64_t entries, struct error *err)
{
	uint64_t old_off = q->l1.off, off, n, old;
	uint32_t old_n = q->l1.n;
	int rc;

	if (entries <= q->l1.n)
		return 0;
	if (entries > QCOW2_MAX_L1 / sizeof(uint64_t))
		return error_set(err, EFBIG,
				 "the disk is too big for its cluster size");
	n = qcow2_clusters(q, entries * sizeof(uint64_t));
	old = qcow2_clusters(q, old_n * sizeof(uint64_t));
	rc = qcow2_flush_all(q);
	rc = rc < 0 ? rc : qcow2_alloc_table(q, n, &off);
	rc = rc < 0 ? rc : qcow2_flush_all(q);
	rc = rc < 0 ? rc : qcow2_table_resize(&q->l1, (uint32_t)entries);
	rc = rc < 0 ? rc
		    : qcow2_table_store(q, q->l1.val, (uint32_t)entries, off);
	rc = rc < 0 ? rc : blk_flush(q->file);
	if (rc < 0)
		return error_errno(err, -rc, "Could not grow the L1 table");
	q->l1.off = off;
	rc = qcow2_header_update(q);
	if (rc < 0) {
		q->corrupt = true; /* which of the two is it now? */
		return error_errno(err, -rc, "Could not grow the L1 table");
	}
	qcow2_overlap_add(q, QCOW2_META_L1, off, n << q->cluster_bits);
	qcow2_overlap_del(q, old_off, old << q->cluster_bits);
	qcow2_free_clusters(q, old_off, old, QCOW2_DISCARD_OTHER);
	return 0;
}

static int discard_behind(struct qcow2 *q, uint64_t size)
{
	struct blk_node *node = q->node;
	uint64_t from = qcow2_up(q, size), end = node->size;
	bool given = q->discards[QCOW2_DISCARD_REQUEST];
	unsigned flags = node->flags;
	int rc;

	if (from >= end)
		return 0;
	node->flags |= BLK_O_UNMAP;
	q->discards[QCOW2_DISCARD_REQUEST] = true;
	rc = !q->external ? blk_discard(node, from, end - from) : 0;
	node->flags = flags;
	q->discards[QCOW2_DISCARD_REQUEST] = given;
	return rc;
}

/* What is cut off must not come back when the disk grows again. */
static int zero_tail(struct qcow2 *q, uint64_t size)
{
	uint64_t end = qcow2_up(q, size);

	if (end > q->node->size)
		end = q->node->size;
	return end > size ? blk_zero(q->node, size, end - size, 0) : 0;
}

static int shrink(struct qcow2 *q, uint64_t size, struct error *err)
{
	int rc = zero_tail(q, size);

	rc = rc < 0 ? rc : discard_behind(q, size);
	rc = rc < 0 ? rc : qcow2_flush_all(q);
	if (rc == 0) {
		q->node->size = size;
		rc = qcow2_header_update(q);
	}
	return rc < 0 ? error_errno(err, -rc, "Could not shrink the image") : 0;
}

static int grow(struct qcow2 *q, uint64_t size, enum blk_prealloc prealloc,
		struct error *err)
{
	uint64_t old = q->node->size;
	struct blk_node *backing = q->node->child[BLK_BACKING];
	uint64_t shown;
	int rc = qcow2_grow_l1(q, qcow2_l1_entries(q, size), err);

	if (rc < 0)
		return rc;
	q->node->size = size;
	/* A longer backing file must not shine through. */
	shown = backing ? backing->size : 0;
	if (shown > old) {
		shown = shown < size ? shown : size;
		rc = blk_zero(q->node, old, shown - old, 0);
	}
	if (rc == 0)
		rc = qcow2_flush_all(q);
	if (rc == 0)
		rc = qcow2_header_update(q);
	if (rc < 0) {
		q->node->size = old;
		return error_errno(err, -rc, "Could not grow the image");
	}
	if (q->external) {
		rc = blk_truncate(q->data, size, BLK_PREALLOC_OFF, err);
		if (rc < 0)
			return rc;
	}
	return prealloc == BLK_PREALLOC_OFF
		       ? 0
		       : qcow2_preallocate(q->node, old, size, prealloc, err);
}

int qcow2_truncate(struct blk_node *node, uint64_t size,
		   enum blk_prealloc prealloc, struct error *err)
{
	struct qcow2 *q = node->state;

	int rc = qcow2_room_trim(q);

	if (rc < 0)
		return error_errno(err, -rc, "Failed to resize file");
	if (size % BLK_SECTOR)
		return error_set(err, EINVAL,
				 "The new size must be a multiple of %u",
				 BLK_SECTOR);
	if (q->nsnapshots && q->version < 3)
		return error_set(err, ENOTSUP,
				 "Can't resize a version 2 image which has "
				 "snapshots");
	if (size < node->size)
		return shrink(q, size, err);
	return size > node->size ? grow(q, size, prealloc, err) : 0;
}

static int link_one(struct qcow2 *q, struct qcow2_wait *wait, uint64_t guest,
		    uint64_t host)
{
	struct qcow2_block *slice;
	unsigned index;
	int rc = qcow2_slice(q, wait, guest, &slice, &index);

	if (rc == 0)
		rc = qcow2_cache_touch(slice);
	if (rc == 0)
		qcow2_set_entry(q, slice, index, host | QCOW2_COPIED, 0);
	return rc;
}

static int give_cluster(struct qcow2 *q, uint64_t guest)
{
	struct qcow2_wait wait;
	uint64_t host = guest, got, fresh = q->fresh_from;
	int rc = 0;

	qcow2_wait_init(&wait, NULL);
	if (!q->external)
		do {
			rc = qcow2_alloc(q, &wait, 1, &got, &host);
		} while (qcow2_again(q, &wait, &rc));
	/* What is used again still has what was there. */
	if (rc == 0 && !q->external && host < fresh)
		rc = blk_zero(q->file, host, q->cluster_size, 0);
	if (rc < 0)
		return rc;
	do {
		rc = link_one(q, &wait, guest, host);
	} while (qcow2_again(q, &wait, &rc));
	return rc;
}

static bool has_none(struct qcow2 *q, uint64_t guest)
{
	struct blk_extent ext;

	return blk_status(q->node, guest, 1, &ext) == 0 &&
	       !(ext.flags & BLK_OFFSET_VALID);
}

int qcow2_preallocate(struct blk_node *node, uint64_t from, uint64_t to,
		      enum blk_prealloc prealloc, struct error *err)
{
	struct qcow2 *q = node->state;
	uint64_t off, end;
	int rc = 0;

	if (prealloc == BLK_PREALLOC_METADATA)
		prealloc = BLK_PREALLOC_OFF;
	for (off = from & ~(q->cluster_size - 1); off < to && rc == 0;
	     off += q->cluster_size)
		if (has_none(q, off))
			rc = give_cluster(q, off);
	if (rc < 0)
		return error_errno(err, -rc, "Could not preallocate metadata");
	end = !q->external ? q->fresh_from : node->size;
	if (end != UINT64_MAX && end > q->data->size)
		rc = blk_truncate(q->data, end, prealloc, err);
	else if (q->external && prealloc != BLK_PREALLOC_OFF)
		rc = blk_zero(q->data, from, to - from, 0);
	if (rc < 0)
		return rc;
	rc = qcow2_flush_all(q);
	return rc < 0 ? error_errno(err, -rc, "Could not preallocate metadata")
		      : 0;
}

/* One L2 table after the other: drops all entries. */
static int empty_table(struct qcow2 *q, uint64_t guest, uint64_t span)
{
	uint64_t off, end = guest + span;
	struct qcow2_block *slice;
	struct qcow2_wait wait;
	unsigned index, i;
	int rc;

	qcow2_wait_init(&wait, NULL);
	for (off = guest; off < end;
	     off += (uint64_t)qcow2_slice_entries(q) << q->cluster_bits) {
		do {
			rc = qcow2_slice(q, &wait, off, &slice, &index);
			if (rc == 0)
				rc = qcow2_cache_touch(slice);
		} while (qcow2_again(q, &wait, &rc));
		if (rc < 0)
			return rc;
		for (i = 0; i < qcow2_slice_entries(q); i++) {
			qcow2_free_entry(q, qcow2_entry(q, slice, i),
					 QCOW2_DISCARD_SNAPSHOT);
			qcow2_set_entry(q, slice, i, 0, 0);
		}
	}
	return 0;
}

int qcow2_make_empty(struct blk_node *node, struct error *err)
{
	struct qcow2 *q = node->state;
	uint64_t span = UINT64_C(1) << (q->cluster_bits + q->l2_bits);
	uint64_t n = qcow2_l1_entries(q, node->size), i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		if (q->l1.val[i] & QCOW2_OFFSET)
			rc = empty_table(q, i * span, span);
	rc = rc < 0 ? rc : qcow2_flush_all(q);
	return rc < 0 ? error_errno(err, -rc, "Could not empty the image") : 0;
}
