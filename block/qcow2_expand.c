/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries that say "zeros", which version 2 does not have, become clusters of
 * zeros, or none at all where there is no backing file to be hidden.
 */
#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_amend.h"
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

/* 1: an entry of the table says "zeros". */
static int look_at_table(struct qcow2 *q, uint64_t off, uint8_t *buf)
{
	unsigned i;
	int rc = blk_pread(q->file, off, buf, q->cluster_size);
	uint64_t entry;

	for (i = 0; i < 1u << q->l2_bits && rc == 0; i++) {
		entry = load_be64(buf + i * q->entry_size);
		if ((entry & QCOW2_ZERO) && !(entry & QCOW2_COMPRESSED))
			rc = 1;
	}
	return rc;
}

static int look_at_snapshot(struct qcow2 *q, const struct qcow2_snapshot *s,
			    uint8_t *buf)
{
	struct qcow2_table l1 = {.n = 0};
	int rc = qcow2_table_load(q, &l1, s->l1_off, s->l1_n);
	uint32_t i;

	for (i = 0; rc == 0 && i < l1.n; i++)
		if (l1.val[i] & QCOW2_OFFSET)
			rc = look_at_table(q, l1.val[i] & QCOW2_OFFSET, buf);
	qcow2_table_free(&l1);
	return rc;
}

static int look_at_snapshots(struct qcow2 *q, struct error *err)
{
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	int rc = buf ? 0 : -ENOMEM;
	uint32_t i;

	for (i = 0; i < q->nsnapshots && rc == 0; i++)
		rc = look_at_snapshot(q, &q->snapshots[i], buf);
	free(buf);
	if (rc == 1)
		return error_set(err, ENOTSUP,
				 "the snapshot '%s' has zero clusters, which "
				 "compat=0.10 does not have; convert -o "
				 "compat=0.10 makes a copy without snapshots",
				 q->snapshots[i - 1].name);
	return rc < 0 ? error_errno(err, -rc, "cannot read the snapshots") : 0;
}

int qcow2_expand_zeros(struct qcow2 *q, struct error *err)
{
	int rc = look_at_snapshots(q, err);

	if (rc < 0)
		return rc;
	rc = expand_active(q);
	return rc < 0 ? error_errno(err, -rc, "cannot write out zero clusters")
		      : 0;
}
