/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding free clusters.
 *
 * A refcount block that is missing is put into the first cluster that it
 * counts itself, or behind a table for which it is made; a refcount table that
 * is too small is followed by a larger one, behind all that the old one
 * counts.  They need no other block to change, so that they can be made in
 * one step.
 */
#include <errno.h>

#include "block/qcow2_image.h"

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
	qcow2_refcount_write(q, block->data, qcow2_in_refblock(q, cluster), 1);
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

/* The block that counts cluster, made at *spare if there is none. */
static int run_block(struct qcow2 *q, uint64_t cluster, uint64_t *spare,
		     struct qcow2_block **block)
{
	uint64_t off = *spare << q->cluster_bits;
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = qcow2_refblock(q, &wait, cluster, block);
	} while (qcow2_again(q, &wait, &rc));
	if (rc == 0 && *block)
		return qcow2_cache_touch(*block);
	if (rc == 0)
		rc = qcow2_cache_new(&q->ref_cache, off, block);
	if (rc < 0)
		return rc;
	qcow2_table_set(&q->reftable, (uint32_t)(cluster >> q->refs_bits), off);
	qcow2_overlap_add(q, QCOW2_META_REFBLOCK, off, q->cluster_size);
	++*spare;
	return 0;
}

/* Takes [first, spare) and, from spare on, the blocks that it lacks. */
static int count_run(struct qcow2 *q, uint64_t first, uint64_t spare,
		     uint64_t end)
{
	struct qcow2_block *block = NULL;
	uint64_t c;
	int rc = 0;

	for (c = first; c < end && rc == 0; c++) {
		if (!block || !qcow2_in_refblock(q, c))
			rc = run_block(q, c, &spare, &block);
		if (rc == 0)
			qcow2_refcount_write(q, block->data,
					     qcow2_in_refblock(q, c), 1);
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
		rc = count_run(q, g.first, g.first + g.table,
			       g.first + g.table + g.blocks);
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
	rc = qcow2_refblock(q, wait, cluster, block);
	if (rc || *block)
		return rc;
	rc = new_block(q, cluster);
	return rc < 0 ? rc : qcow2_refblock(q, wait, cluster, block);
}

/* The run of free clusters from *first on in block, at most n; 0: none. */
static uint64_t find_run(const struct qcow2 *q, const struct qcow2_block *block,
			 uint64_t *first, uint64_t n)
{
	uint64_t i = qcow2_in_refblock(q, *first), end = UINT64_C(1)
							 << q->refs_bits;
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

/* May n clusters that are counted as free be taken? */
static int check_run(struct qcow2 *q, uint64_t first, uint64_t n)
{
	uint64_t off = first << q->cluster_bits;

	if (is_full(q, first + n - 1))
		return -ENOSPC;
	if (qcow2_overlaps(q, off, n << q->cluster_bits))
		return qcow2_corrupted(q,
				       "metadata at 0x%llx is counted as free",
				       (unsigned long long)off);
	return 0;
}

static int take_run(struct qcow2 *q, struct qcow2_block *block, uint64_t first,
		    uint64_t n)
{
	uint64_t off = first << q->cluster_bits, i;
	int rc = check_run(q, first, n);

	if (rc < 0)
		return rc;
	rc = qcow2_cache_touch(block);
	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++)
		qcow2_refcount_write(q, block->data,
				     qcow2_in_refblock(q, first + i), 1);
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

/* Of the blocks that count n clusters from first on, and then themselves. */
static uint64_t blocks_lacking(const struct qcow2 *q, uint64_t first,
			       uint64_t n)
{
	uint64_t lacking, k = 0, i, last;

	do {
		lacking = k;
		last = (first + n + lacking - 1) >> q->refs_bits;
		for (k = 0, i = first >> q->refs_bits; i <= last; i++)
			k += i >= q->reftable.n ||
			     !(q->reftable.val[i] & QCOW2_REF_OFFSET);
	} while (k != lacking);
	return k;
}

static int is_free(struct qcow2 *q, uint64_t cluster, bool *yes)
{
	uint64_t count = 0;
	int rc = qcow2_refcount_sync(q, cluster, &count);

	*yes = count == 0;
	return rc;
}

/* The first place for n clusters and, behind them, the blocks they lack. */
static int find_long_run(struct qcow2 *q, uint64_t n, uint64_t *first,
			 uint64_t *end)
{
	uint64_t run = 0, need;
	bool yes = false;
	int rc = 0;

	*first = q->free_hint;
	need = n + blocks_lacking(q, *first, n);
	while (run < need && rc == 0) {
		rc = is_free(q, *first + run, &yes);
		run++;
		if (rc == 0 && !yes) {
			*first += run;
			run = 0;
			need = n + blocks_lacking(q, *first, n);
		}
	}
	*end = *first + need;
	if (*end >> (56 - q->cluster_bits))
		return rc < 0 ? rc : -EFBIG;
	return rc;
}

static int reach(struct qcow2 *q, uint64_t cluster)
{
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = grow_table(q, &wait, cluster);
	} while (qcow2_again(q, &wait, &rc));
	return rc;
}

int qcow2_alloc_table(struct qcow2 *q, uint64_t n, uint64_t *off)
{
	uint64_t first, end;
	int rc = find_long_run(q, n, &first, &end);

	while (rc == 0 && (end - 1) >> q->refs_bits >= q->reftable.n) {
		rc = reach(q, end - 1);
		rc = rc < 0 ? rc : find_long_run(q, n, &first, &end);
	}
	rc = rc < 0 ? rc : check_run(q, first, end - first);
	rc = rc < 0 ? rc : count_run(q, first, first + n, end);
	*off = first << q->cluster_bits;
	if (rc == 0)
		use(q, *off, (end - first) << q->cluster_bits);
	return rc;
}
