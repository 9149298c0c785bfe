/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From offsets of the guest to offsets of the host: L1 and L2 tables, and the
 * making and copying of L2 tables.
 *
 * L2 tables are cached in slices.  A table that a snapshot shares is copied
 * before it is changed; this, and zeroing the clusters of a new table that are
 * not fresh, is done by one operation at a time, for which the others wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

struct qcow2_table_op {
	struct qcow2 *q;
	uint32_t l1_index;
	uint64_t off; /* of the new table */
	struct blk_req req;
	struct iovec iov;
};

static uint32_t l1_index(const struct qcow2 *q, uint64_t off)
{
	uint64_t i = off >> (q->cluster_bits + q->l2_bits);

	return i < q->l1.n ? (uint32_t)i : q->l1.n;
}

/* Offset of the slice in its table, and of the entry in the slice. */
static uint64_t slice_offset(const struct qcow2 *q, uint64_t off,
			     unsigned *index)
{
	uint64_t i = off >> q->cluster_bits & ((1u << q->l2_bits) - 1);

	*index = (unsigned)i & (qcow2_slice_entries(q) - 1);
	return (i - *index) * q->entry_size;
}

uint64_t qcow2_entry(const struct qcow2 *q, const struct qcow2_block *slice,
		     unsigned index)
{
	return load_be64(slice->data + index * q->entry_size);
}

uint64_t qcow2_bitmap(const struct qcow2 *q, const struct qcow2_block *slice,
		      unsigned index)
{
	return q->extended ? load_be64(slice->data + index * q->entry_size + 8)
			   : 0;
}

void qcow2_set_entry(const struct qcow2 *q, struct qcow2_block *slice,
		     unsigned index, uint64_t entry, uint64_t bitmap)
{
	store_be64(slice->data + index * q->entry_size, entry);
	if (q->extended)
		store_be64(slice->data + index * q->entry_size + 8, bitmap);
}

/* Offset 0 is one as well, in a data file. */
static bool has_host(const struct qcow2 *q, uint64_t entry)
{
	return (entry & QCOW2_OFFSET) ||
	       (q->external && (entry & QCOW2_COPIED));
}

enum qcow2_type qcow2_entry_type(const struct qcow2 *q, uint64_t entry)
{
	if (entry & QCOW2_COMPRESSED)
		return QCOW2_PACKED;
	if (!q->extended && (entry & QCOW2_ZERO) && q->version > 2)
		return has_host(q, entry) ? QCOW2_ZERO_HOST : QCOW2_ZERO_PLAIN;
	return has_host(q, entry) ? QCOW2_NORMAL : QCOW2_UNALLOCATED;
}

enum qcow2_type qcow2_sub_type(const struct qcow2 *q, uint64_t entry,
			       uint64_t bitmap, unsigned sub)
{
	enum qcow2_type type = qcow2_entry_type(q, entry);
	bool host = type == QCOW2_NORMAL;

	if (!q->extended || type == QCOW2_PACKED)
		return type;
	if (bitmap >> (32 + sub) & 1)
		return host ? QCOW2_ZERO_HOST : QCOW2_ZERO_PLAIN;
	if (bitmap >> sub & 1)
		return QCOW2_NORMAL;
	return host ? QCOW2_UNALLOCATED_HOST : QCOW2_UNALLOCATED;
}

void qcow2_packed_range(const struct qcow2 *q, uint64_t entry, uint64_t *off,
			uint64_t *len)
{
	unsigned shift = 62 - (q->cluster_bits - 8);
	uint64_t sectors =
		(entry & ~(QCOW2_COPIED | QCOW2_COMPRESSED)) >> shift;

	*off = entry & ((UINT64_C(1) << shift) - 1);
	*len = (sectors + 1) * BLK_SECTOR - (*off & (BLK_SECTOR - 1));
}

static int check_entry(struct qcow2 *q, uint64_t entry, uint64_t bitmap,
		       uint64_t off)
{
	uint64_t host = entry & QCOW2_OFFSET;

	if (entry & QCOW2_COMPRESSED) {
		if (!q->external)
			return 0;
		return qcow2_corrupted(q, "compressed cluster with a data "
					  "file");
	}
	if (qcow2_in_cluster(q, host))
		return qcow2_corrupted(
			q,
			"guest offset 0x%llx has its data at the unaligned "
			"offset 0x%llx",
			(unsigned long long)off, (unsigned long long)host);
	if (q->external && has_host(q, entry) &&
	    host != (off & ~(q->cluster_size - 1)))
		return qcow2_corrupted(
			q, "guest offset 0x%llx is elsewhere in the data file",
			(unsigned long long)off);
	if (q->extended && ((bitmap >> 32 & bitmap & UINT32_MAX) ||
			    ((bitmap & UINT32_MAX) && !has_host(q, entry))))
		return qcow2_corrupted(
			q, "wrong subclusters at guest offset 0x%llx",
			(unsigned long long)off);
	return 0;
}

/* What comes next at off; ends at the end of its subcluster. */
static void look(const struct qcow2 *q, uint64_t entry, uint64_t bitmap,
		 uint64_t off, struct qcow2_map *map)
{
	unsigned sub = (unsigned)(qcow2_in_cluster(q, off) >> q->sub_bits);

	map->type = qcow2_sub_type(q, entry, bitmap, sub);
	map->copied = entry & QCOW2_COPIED;
	map->host = map->type == QCOW2_PACKED
			    ? entry
			    : (entry & QCOW2_OFFSET) + qcow2_in_cluster(q, off);
	if (map->type == QCOW2_PACKED)
		map->len = q->cluster_size - qcow2_in_cluster(q, off);
	else
		map->len = (UINT64_C(1) << q->sub_bits) -
			   (off & ((UINT64_C(1) << q->sub_bits) - 1));
}

static bool has_offset(enum qcow2_type type)
{
	return type == QCOW2_NORMAL || type == QCOW2_ZERO_HOST ||
	       type == QCOW2_UNALLOCATED_HOST;
}

static bool goes_on(const struct qcow2_map *map, const struct qcow2_map *next)
{
	if (map->type != next->type || map->type == QCOW2_PACKED ||
	    map->copied != next->copied)
		return false;
	return !has_offset(map->type) || map->host + map->len == next->host;
}

static int walk(struct qcow2 *q, const struct qcow2_block *slice,
		unsigned index, uint64_t off, uint64_t len,
		struct qcow2_map *map)
{
	struct qcow2_map next;
	uint64_t entry, bitmap;
	int rc;

	map->len = 0;
	for (; index < qcow2_slice_entries(q) && map->len < len; index++) {
		entry = qcow2_entry(q, slice, index);
		bitmap = qcow2_bitmap(q, slice, index);
		rc = check_entry(q, entry, bitmap, off + map->len);
		if (rc < 0) {
			if (!map->len)
				return rc;
			break;
		}
		do {
			look(q, entry, bitmap, off + map->len, &next);
			if (!map->len) {
				*map = next;
				continue;
			}
			if (!goes_on(map, &next))
				goto out;
			map->len += next.len;
		} while (map->len < len && qcow2_in_cluster(q, off + map->len));
	}
out:
	map->len = map->len < len ? map->len : len;
	return 0;
}

int qcow2_map(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
	      uint64_t len, struct qcow2_map *map)
{
	uint32_t i = l1_index(q, off);
	uint64_t table = i < q->l1.n ? q->l1.val[i] & QCOW2_OFFSET : 0, at;
	uint64_t span = UINT64_C(1) << (q->cluster_bits + q->l2_bits);
	struct qcow2_block *slice;
	unsigned index;
	int rc;

	if (!table) {
		span -= off & (span - 1);
		*map = (struct qcow2_map){.type = QCOW2_UNALLOCATED,
					  .len = len < span ? len : span};
		return 0;
	}
	if (qcow2_in_cluster(q, table))
		return qcow2_corrupted(q,
				       "L2 table at the unaligned offset "
				       "0x%llx",
				       (unsigned long long)table);
	at = slice_offset(q, off, &index);
	rc = qcow2_cache_get(&q->l2_cache, table + at, wait, &slice);
	return rc ? rc : walk(q, slice, index, off, len, map);
}

static void op_done(struct qcow2_table_op *op, int rc)
{
	struct qcow2 *q = op->q;
	uint64_t old = q->l1.val[op->l1_index] & QCOW2_OFFSET;

	q->table_op = NULL;
	if (rc < 0) {
		qcow2_unalloc(q, op->off, 1);
	} else {
		qcow2_table_set(&q->l1, op->l1_index, op->off | QCOW2_COPIED);
		qcow2_overlap_add(q, QCOW2_META_L2, op->off, q->cluster_size);
		if (old) {
			/* It was shared: a snapshot has it still. */
			if (!(q->watched & 1u << QCOW2_META_SNAP_L2))
				qcow2_overlap_del(q, old, q->cluster_size);
			qcow2_free_clusters(q, old, 1, QCOW2_DISCARD_OTHER);
		}
	}
	qcow2_wake(q, &q->table_waiters, rc);
	free(op->iov.iov_base);
	free(op);
}

static void on_new_written(struct blk_req *req, int rc)
{
	op_done(container_of(req, struct qcow2_table_op, req), rc);
}

static void write_table(struct qcow2_table_op *op)
{
	op->req.op = BLK_WRITE;
	op->req.off = op->off;
	op->req.done = on_new_written;
	op->q->needs_flush = true;
	blk_node_submit(op->q->file, &op->req);
}

static void on_old_read(struct blk_req *req, int rc)
{
	struct qcow2_table_op *op =
		container_of(req, struct qcow2_table_op, req);

	if (rc < 0)
		op_done(op, rc);
	else
		write_table(op);
}

/* Starts to copy the table at old, or to make one of zeros. */
static int start_op(struct qcow2 *q, uint32_t i, uint64_t off, uint64_t old)
{
	struct qcow2_table_op *op = calloc(1, sizeof(*op));

	if (!op)
		return -ENOMEM;
	op->q = q;
	op->l1_index = i;
	op->off = off;
	op->iov.iov_len = q->cluster_size;
	op->iov.iov_base = blk_alloc(q->file, q->cluster_size);
	if (!op->iov.iov_base) {
		free(op);
		return -ENOMEM;
	}
	op->req.iov = &op->iov;
	op->req.niov = 1;
	q->table_op = op;
	if (!old) {
		write_table(op);
		return 0;
	}
	op->req.op = BLK_READ;
	op->req.off = old;
	op->req.done = on_old_read;
	blk_node_submit(q->file, &op->req);
	return 0;
}

/* A new table where the file has only zeros needs no writing of its own. */
static int new_table(struct qcow2 *q, uint32_t i, uint64_t off, uint64_t guest)
{
	struct qcow2_block *slice;
	unsigned index;
	int rc = qcow2_cache_new(&q->l2_cache,
				 off + slice_offset(q, guest, &index), &slice);

	if (rc < 0)
		return rc;
	qcow2_table_set(&q->l1, i, off | QCOW2_COPIED);
	qcow2_overlap_add(q, QCOW2_META_L2, off, q->cluster_size);
	return 0;
}

static int make_table(struct qcow2 *q, struct qcow2_wait *wait, uint32_t i,
		      uint64_t guest)
{
	uint64_t old = q->l1.val[i] & QCOW2_OFFSET, fresh = q->fresh_from;
	uint64_t off, got;
	int rc;

	if (!q->table_op) {
		rc = qcow2_alloc(q, wait, 1, &got, &off);
		if (rc)
			return rc;
		if (!old && off >= fresh)
			return new_table(q, i, off, guest);
		rc = start_op(q, i, off, old);
		if (rc < 0) {
			qcow2_unalloc(q, off, 1);
			return rc;
		}
	}
	qcow2_park(wait, &q->table_waiters);
	return QCOW2_PARKED;
}

int qcow2_slice(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
		struct qcow2_block **slice, unsigned *index)
{
	uint32_t i = l1_index(q, off);
	uint64_t entry, at;
	int rc;

	if (i >= q->l1.n)
		return -EIO;
	if (qcow2_in_cluster(q, q->l1.val[i] & QCOW2_OFFSET))
		return qcow2_corrupted(q, "L2 table at an unaligned offset");
	if (!(q->l1.val[i] & QCOW2_OFFSET) || !(q->l1.val[i] & QCOW2_COPIED)) {
		rc = make_table(q, wait, i, off);
		if (rc)
			return rc;
	}
	entry = q->l1.val[i] & QCOW2_OFFSET;
	at = slice_offset(q, off, index);
	return qcow2_cache_get(&q->l2_cache, entry + at, wait, slice);
}
