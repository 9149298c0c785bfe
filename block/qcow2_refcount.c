/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference counts of clusters, and finding free ones.
 *
 * A refcount block that is missing is put into the first cluster that it
 * counts itself; a refcount table that is too small is followed by a larger
 * one, behind all that the old one counts.  Both need no other block to
 * change, so that they can be made in one step.
 */
#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

uint64_t qcow2_refcount_read(const struct qcow2 *q, const uint8_t *block,
			     uint64_t i)
{
	unsigned per_byte;

	switch (q->refcount_order) {
	case 3:
		return block[i];
	case 4:
		return load_be16(block + 2 * i);
	case 5:
		return load_be32(block + 4 * i);
	case 6:
		return load_be64(block + 8 * i);
	default: /* less than a byte: the lowest bits first */
		per_byte = 8u >> q->refcount_order;
		return block[i / per_byte] >>
			       (i % per_byte << q->refcount_order) &
		       q->refcount_max;
	}
}

void qcow2_refcount_write(const struct qcow2 *q, uint8_t *block, uint64_t i,
			  uint64_t count)
{
	unsigned per_byte, shift;
	uint8_t *p;

	switch (q->refcount_order) {
	case 3:
		block[i] = (uint8_t)count;
		return;
	case 4:
		store_be16(block + 2 * i, (uint16_t)count);
		return;
	case 5:
		store_be32(block + 4 * i, (uint32_t)count);
		return;
	case 6:
		store_be64(block + 8 * i, count);
		return;
	}
	per_byte = 8u >> q->refcount_order;
	shift = (unsigned)(i % per_byte) << q->refcount_order;
	p = &block[i / per_byte];
	*p = (uint8_t)((*p & ~(q->refcount_max << shift)) | count << shift);
}

static uint64_t in_block(const struct qcow2 *q, uint64_t cluster)
{
	return cluster & ((UINT64_C(1) << q->refs_bits) - 1);
}

/* *block is NULL where all counts are 0. */
static int get_block(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		     struct qcow2_block **block)
{
	uint64_t i = cluster >> q->refs_bits, off;

	*block = NULL;
	if (i >= q->reftable.n || !(q->reftable.val[i] & QCOW2_REF_OFFSET))
		return 0;
	off = q->reftable.val[i] & QCOW2_REF_OFFSET;
	if (qcow2_in_cluster(q, off) || off > INT64_MAX)
		return qcow2_corrupted(q,
				       "refcount block %llu at the unaligned "
				       "offset 0x%llx",
				       (unsigned long long)i,
				       (unsigned long long)off);
	return qcow2_cache_get(&q->ref_cache, off, wait, block);
}

int qcow2_refcount(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		   uint64_t *count)
{
	struct qcow2_block *block;
	int rc = get_block(q, wait, cluster, &block);

	if (rc == 0)
		*count = block ? qcow2_refcount_read(q, block->data,
						     in_block(q, cluster))
			       : 0;
	return rc;
}

int qcow2_refcount_add(struct qcow2 *q, struct qcow2_wait *wait,
		       uint64_t cluster, int delta)
{
	struct qcow2_block *block;
	uint64_t count;
	int rc = get_block(q, wait, cluster, &block);

	if (rc)
		return rc;
	count = block ? qcow2_refcount_read(q, block->data,
					    in_block(q, cluster))
		      : 0;
	if (delta < 0 ? !count : !block)
		return qcow2_corrupted(q, "cluster %llu is in use but free",
				       (unsigned long long)cluster);
	if (delta > 0 && count == q->refcount_max)
		return -EOVERFLOW;
	rc = qcow2_cache_touch(block);
	if (rc < 0)
		return rc;
	count = delta < 0 ? count - 1 : count + 1;
	qcow2_refcount_write(q, block->data, in_block(q, cluster), count);
	if (!count && cluster < q->free_hint)
		q->free_hint = cluster;
	if (!count && q->packed_off >> q->cluster_bits == cluster)
		q->packed_off = 0;
	return 0;
}

static void use(struct qcow2 *q, uint64_t off, uint64_t len)
{
	if (off + len > q->fresh_from && q->fresh_from != UINT64_MAX)
		q->fresh_from = off + len;
}

/* A block whose first cluster is where it lies itself. */
static int new_block(struct qcow2 *q, uint64_t cluster)
{
	uint64_t off = cluster << q->cluster_bits;
	struct qcow2_block *block;
	int rc;

	if (qcow2_overlaps(q, off, q->cluster_size))
		return qcow2_corrupted(q,
				       "the refcount block of the tables at "
				       "0x%llx is missing",
				       (unsigned long long)off);
	rc = qcow2_cache_new(&q->ref_cache, off, &block);
	if (rc < 0)
		return rc;
	qcow2_refcount_write(q, block->data, in_block(q, cluster), 1);
	qcow2_table_set(&q->reftable, (uint32_t)(cluster >> q->refs_bits), off);
	qcow2_overlap_add(q, QCOW2_META_REFBLOCK, off, q->cluster_size);
	use(q, off, q->cluster_size);
	return 0;
}

/* Clusters for a table of so many bytes and for the blocks that count both. */
struct growth {
	uint64_t first, table, blocks;
	uint32_t entries;
};

static void plan(const struct qcow2 *q, struct growth *g)
{
	uint64_t per_block = UINT64_C(1) << q->refs_bits, need, bytes;

	g->blocks = 1;
	do {
		need = (g->first >> q->refs_bits) + g->blocks;
		need += need / 2 + 1; /* not so soon again */
		bytes = qcow2_up(q, need * sizeof(uint64_t));
		g->table = bytes >> q->cluster_bits;
		g->blocks++;
	} while (g->table + g->blocks - 1 > (g->blocks - 1) * per_block);
	g->blocks--;
	g->entries = (uint32_t)(bytes / sizeof(uint64_t));
}

static int count_growth(struct qcow2 *q, const struct growth *g)
{
	uint64_t i, c, n = g->table + g->blocks;
	struct qcow2_block *block = NULL;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		c = g->first + i;
		if (!in_block(q, c) || !block) {
			uint64_t which = (c >> q->refs_bits) -
					 (g->first >> q->refs_bits);
			uint64_t at = (g->first + g->table + which)
				      << q->cluster_bits;

			rc = qcow2_cache_new(&q->ref_cache, at, &block);
			if (rc < 0)
				break;
			qcow2_table_set(&q->reftable,
					(uint32_t)(c >> q->refs_bits), at);
			qcow2_overlap_add(q, QCOW2_META_REFBLOCK, at,
					  q->cluster_size);
		}
		qcow2_refcount_write(q, block->data, in_block(q, c), 1);
	}
	return rc;
}

/* Makes room for counts of cluster, which the table does not reach. */
static int grow_table(struct qcow2 *q, struct qcow2_wait *wait,
		      uint64_t cluster)
{
	struct growth g = {.first = cluster >> q->refs_bits << q->refs_bits};
	uint64_t old_off = q->reftable.off, old = q->reftable_clusters;
	int rc;

	if (q->cycle.running) { /* it writes to the old table */
		qcow2_park(wait, &q->cycle.waiters);
		return QCOW2_PARKED;
	}
	plan(q, &g);
	if ((uint64_t)g.entries * sizeof(uint64_t) > QCOW2_MAX_REFTABLE)
		return -EFBIG;
	rc = qcow2_table_resize(&q->reftable, g.entries);
	if (rc == 0)
		rc = count_growth(q, &g);
	if (rc < 0)
		return rc;
	q->reftable.off = g.first << q->cluster_bits;
	q->reftable_clusters = (uint32_t)g.table;
	qcow2_table_dirty(&q->reftable, 0, g.entries);
	q->header_dirty = true;
	qcow2_overlap_add(q, QCOW2_META_REFTABLE, q->reftable.off,
			  g.table << q->cluster_bits);
	qcow2_overlap_del(q, old_off, old << q->cluster_bits);
	use(q, q->reftable.off, (g.table + g.blocks) << q->cluster_bits);
	qcow2_free_clusters(q, old_off, old, QCOW2_DISCARD_OTHER);
	return 0;
}

/* The block that counts cluster, made if need be. */
static int need_block(struct qcow2 *q, struct qcow2_wait *wait,
		      uint64_t cluster, struct qcow2_block **block)
{
	int rc;

	if (cluster >= UINT64_C(1) << (56 - q->cluster_bits))
		return -EFBIG;
	if (cluster >> q->refs_bits >= q->reftable.n) {
		rc = grow_table(q, wait, cluster);
		if (rc)
			return rc;
	}
	rc = get_block(q, wait, cluster, block);
	if (rc || *block)
		return rc;
	rc = new_block(q, cluster);
	return rc < 0 ? rc : get_block(q, wait, cluster, block);
}

/* The run of free clusters from *first on in block, at most n; 0: none. */
static uint64_t find_run(const struct qcow2 *q, const struct qcow2_block *block,
			 uint64_t *first, uint64_t n)
{
	uint64_t i = in_block(q, *first), end = UINT64_C(1) << q->refs_bits;
	uint64_t run = 0;

	while (i < end && qcow2_refcount_read(q, block->data, i)) {
		i++;
		++*first;
	}
	while (run < n && i + run < end &&
	       !qcow2_refcount_read(q, block->data, i + run))
		run++;
	return run;
}

/* A device cannot grow. */
static bool is_full(const struct qcow2 *q, uint64_t cluster)
{
	return q->fresh_from == UINT64_MAX &&
	       (cluster + 1) << q->cluster_bits > q->file->size;
}

static int take_run(struct qcow2 *q, struct qcow2_block *block, uint64_t first,
		    uint64_t n)
{
	uint64_t off = first << q->cluster_bits, i;
	int rc;

	if (is_full(q, first + n - 1))
		return -ENOSPC;
	if (qcow2_overlaps(q, off, n << q->cluster_bits))
		return qcow2_corrupted(q,
				       "metadata at 0x%llx is counted as free",
				       (unsigned long long)off);
	rc = qcow2_cache_touch(block);
	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++)
		qcow2_refcount_write(q, block->data, in_block(q, first + i), 1);
	use(q, off, n << q->cluster_bits);
	return 0;
}

int qcow2_alloc(struct qcow2 *q, struct qcow2_wait *wait, uint64_t n,
		uint64_t *got, uint64_t *off)
{
	uint64_t first = q->free_hint;
	struct qcow2_block *block;
	int rc;

	if (q->corrupt)
		return -EIO;
	for (;;) {
		rc = need_block(q, wait, first, &block);
		if (rc)
			return rc;
		*got = find_run(q, block, &first, n);
		q->free_hint = first;
		if (*got)
			break;
	}
	rc = take_run(q, block, first, *got);
	if (rc == 0)
		q->free_hint = first + *got;
	*off = first << q->cluster_bits;
	return rc;
}

void qcow2_unalloc(struct qcow2 *q, uint64_t off, uint64_t n)
{
	qcow2_free_clusters(q, off, n, QCOW2_DISCARD_OTHER);
}

int qcow2_refcount_sync(struct qcow2 *q, uint64_t cluster, uint64_t *count)
{
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = qcow2_refcount(q, &wait, cluster, count);
	} while (qcow2_again(q, &wait, &rc));
	return rc;
}

int qcow2_refcount_add_sync(struct qcow2 *q, uint64_t off, uint64_t len,
			    int delta)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;
	struct qcow2_wait wait;
	int rc = 0;

	qcow2_wait_init(&wait, NULL);
	for (; c < end && rc == 0; c++)
		do {
			rc = qcow2_refcount_add(q, &wait, c, delta);
		} while (qcow2_again(q, &wait, &rc));
	return rc;
}

/* Is cluster free?  Makes the block that counts it. */
static int is_free(struct qcow2 *q, uint64_t cluster, bool *yes)
{
	struct qcow2_block *block;
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = need_block(q, &wait, cluster, &block);
	} while (qcow2_again(q, &wait, &rc));
	if (rc == 0)
		*yes = !qcow2_refcount_read(q, block->data,
					    in_block(q, cluster));
	return rc;
}

static int take_one(struct qcow2 *q, uint64_t cluster)
{
	struct qcow2_block *block;
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = need_block(q, &wait, cluster, &block);
		if (rc == 0)
			rc = take_run(q, block, cluster, 1);
	} while (qcow2_again(q, &wait, &rc));
	return rc;
}

int qcow2_alloc_table(struct qcow2 *q, uint64_t n, uint64_t *off)
{
	uint64_t first = q->free_hint, run = 0, i;
	bool yes = false;
	int rc = 0;

	while (run < n && rc == 0) {
		rc = is_free(q, first + run, &yes);
		if (rc == 0 && yes) {
			run++;
		} else {
			first += run + 1;
			run = 0;
		}
	}
	for (i = 0; i < n && rc == 0; i++)
		rc = take_one(q, first + i);
	*off = first << q->cluster_bits;
	return rc;
}
