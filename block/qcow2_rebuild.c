/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New refcounts where the old ones cannot be repaired in place: a new table
 * and new blocks behind everything that is in use, by what was counted.  The
 * header points to them at the end, and the old ones are free then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_check.h"

int qcow2_refcount_set_sync(struct qcow2 *q, uint64_t cluster, uint64_t count)
{
	uint64_t i = cluster >> q->refs_bits, off;
	struct qcow2_block *block;
	struct qcow2_wait wait;
	int rc;

	off = i < q->reftable.n ? q->reftable.val[i] & QCOW2_REF_OFFSET : 0;
	if (!off || qcow2_in_cluster(q, off) || off > INT64_MAX)
		return -ENOENT;
	qcow2_wait_init(&wait, NULL);
	do {
		rc = qcow2_cache_get(&q->ref_cache, off, &wait, &block);
	} while (qcow2_again(q, &wait, &rc));
	if (rc == 0)
		rc = qcow2_cache_touch(block);
	if (rc == 0)
		qcow2_refcount_write(q, block->data,
				     cluster & ((UINT64_C(1) << q->refs_bits) -
						1),
				     count);
	if (rc == 0 && !count && cluster < q->free_hint)
		q->free_hint = cluster;
	return rc;
}

struct build {
	uint64_t first; /* cluster of the new table */
	uint64_t table, blocks; /* clusters */
};

/* Without the old refcounts, whose clusters will be free. */
static int recount(struct qcow2_checking *c)
{
	struct blk_check scratch = {.say = NULL};
	struct qcow2_checking again = {.q = c->q,
				       .res = &scratch,
				       .file_end = c->file_end,
				       .no_refcounts = true};
	int rc = qcow2_count_all(&again);

	qcow2_counts_free(&c->counts);
	c->counts = again.counts;
	return rc;
}

static uint64_t wanted(const struct qcow2_checking *c, const struct build *b,
		       uint64_t cluster)
{
	uint64_t n = qcow2_counted(&c->counts, cluster);

	if (cluster >= b->first && cluster < b->first + b->table + b->blocks)
		return 1;
	return n < c->q->refcount_max ? n : c->q->refcount_max;
}

static void plan(const struct qcow2_checking *c, struct build *b)
{
	const struct qcow2 *q = c->q;
	uint64_t end = c->file_end >> q->cluster_bits, need;

	b->first = end > c->counts.end ? end : c->counts.end;
	b->blocks = b->table = 0;
	do {
		need = b->first + b->table + b->blocks;
		b->blocks = (need + ((UINT64_C(1) << q->refs_bits) - 1)) >>
			    q->refs_bits;
		b->table = qcow2_clusters(q, b->blocks * sizeof(uint64_t));
	} while (b->first + b->table + b->blocks != need);
}

static int write_block(const struct qcow2_checking *c, const struct build *b,
		       uint64_t i, uint8_t *buf)
{
	struct qcow2 *q = c->q;
	uint64_t n = UINT64_C(1) << q->refs_bits, k;

	memset(buf, 0, q->cluster_size);
	for (k = 0; k < n; k++)
		qcow2_refcount_write(q, buf, k,
				     wanted(c, b, (i << q->refs_bits) + k));
	return blk_pwrite(q->file, (b->first + b->table + i) << q->cluster_bits,
			  buf, q->cluster_size, 0);
}

static int write_all(const struct qcow2_checking *c, const struct build *b,
		     struct qcow2_table *t)
{
	struct qcow2 *q = c->q;
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	uint64_t i;
	int rc = buf ? 0 : -ENOMEM;

	for (i = 0; i < b->blocks && rc == 0; i++) {
		rc = write_block(c, b, i, buf);
		t->val[i] = (b->first + b->table + i) << q->cluster_bits;
	}
	free(buf);
	if (rc == 0)
		rc = qcow2_table_store(q, t->val, t->n, t->off);
	return rc < 0 ? rc : blk_flush(q->file);
}

int qcow2_rebuild(struct qcow2_checking *c)
{
	struct qcow2 *q = c->q;
	struct qcow2_table t = {.n = 0}, old = q->reftable;
	struct build b;
	int rc = recount(c);

	if (rc < 0)
		return rc;
	plan(c, &b);
	if (b.table << q->cluster_bits > QCOW2_MAX_REFTABLE)
		return -EFBIG;
	rc = qcow2_table_resize(&t, (uint32_t)((b.table << q->cluster_bits) /
					       sizeof(uint64_t)));
	if (rc < 0)
		return rc;
	t.off = b.first << q->cluster_bits;
	rc = write_all(c, &b, &t);
	if (rc < 0) {
		qcow2_table_free(&t);
		return rc;
	}
	q->reftable = t;
	q->reftable_clusters = (uint32_t)b.table;
	qcow2_table_free(&old);
	qcow2_cache_fini(&q->ref_cache);
	rc = qcow2_cache_init(q, &q->ref_cache, q->cluster_size,
			      q->ref_cache.max);
	q->free_hint = 0;
	if (q->fresh_from != UINT64_MAX)
		q->fresh_from = qcow2_up(q, q->file->size);
	rc = rc < 0 ? rc : qcow2_header_update(q);
	return rc < 0 ? rc : qcow2_overlap_init(q);
}
