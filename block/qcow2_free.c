/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving clusters back.  A cluster that lost a reference stays counted until
 * the cycle has ended that writes the table without that reference, and until
 * all I/O has ended that began before and may still use the cluster.
 */
#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_image.h"

void qcow2_free_clusters(struct qcow2 *q, uint64_t off, uint64_t n,
			 enum qcow2_discard why)
{
	uint64_t cluster = off >> q->cluster_bits;
	bool keep = !q->discards[why];
	struct qcow2_free *f;

	if (!n)
		return;
	if (!list_empty(&q->frees)) {
		f = container_of(q->frees.prev, struct qcow2_free, link);
		if (f->cluster + f->n == cluster && f->discarded == keep) {
			f->n += n;
			f->epoch = q->epoch;
			return;
		}
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return; /* a leak, which check repairs */
	f->cluster = cluster;
	f->n = n;
	f->epoch = q->epoch;
	f->discarded = keep;
	list_add_tail(&q->frees, &f->link);
}

void qcow2_free_entry(struct qcow2 *q, uint64_t entry, enum qcow2_discard why)
{
	uint64_t off, len, first, last;

	if (q->external)
		return; /* nobody counts the clusters of a data file */
	if (entry & QCOW2_COMPRESSED) {
		qcow2_packed_range(q, entry, &off, &len);
		first = off >> q->cluster_bits;
		last = (off + len - 1) >> q->cluster_bits;
		qcow2_free_clusters(q, first << q->cluster_bits,
				    last - first + 1, why);
	} else if (entry & QCOW2_OFFSET) {
		qcow2_free_clusters(q, entry & QCOW2_OFFSET, 1, why);
	}
}

static uint64_t oldest_io(const struct qcow2 *q)
{
	if (list_empty(&q->ios))
		return UINT64_MAX;
	return container_of(q->ios.next, struct qcow2_io, link)->epoch;
}

static void on_discarded(struct blk_req *req, int rc)
{
	struct qcow2 *q = container_of(req, struct qcow2, discard);

	(void)rc; /* the host keeps what it does not want to give up */
	q->freeing = false;
	qcow2_free_run(q);
}

/*
 * Do all of the clusters have this one reference alone?  Goes on where it was
 * parked: the cache need not have room for all the blocks that count them.
 */
static int is_last(struct qcow2 *q, struct qcow2_free *f, bool *yes)
{
	uint64_t count;
	int rc;

	*yes = true;
	while (f->sole < f->n) {
		rc = qcow2_refcount(q, &q->free_wait, f->cluster + f->sole,
				    &count);
		*yes = count == 1;
		if (rc || !*yes)
			return rc;
		f->sole++;
	}
	return 0;
}

/* Punches the hole before anybody else can have the clusters. */
static int discard(struct qcow2 *q, struct qcow2_free *f)
{
	bool yes;
	int rc = is_last(q, f, &yes);

	if (rc || !yes) {
		f->discarded = rc != QCOW2_PARKED;
		return rc;
	}
	f->discarded = true;
	q->discard = (struct blk_req){.op = BLK_DISCARD,
				      .off = f->cluster << q->cluster_bits,
				      .len = f->n << q->cluster_bits,
				      .done = on_discarded};
	q->freeing = true;
	blk_node_submit(q->file, &q->discard);
	return QCOW2_PARKED;
}

static int free_one(struct qcow2 *q, struct qcow2_free *f)
{
	int rc = 0;

	if (!f->discarded)
		rc = discard(q, f);
	while (f->n && rc == 0) {
		rc = qcow2_refcount_add(q, &q->free_wait, f->cluster, -1);
		if (rc)
			break;
		f->cluster++;
		f->n--;
	}
	return rc;
}

static void again(struct qcow2_wait *wait)
{
	struct qcow2 *q = container_of(wait, struct qcow2, free_wait);

	q->freeing = false;
	qcow2_free_run(q);
}

void qcow2_free_run(struct qcow2 *q)
{
	struct qcow2_free *f;
	int rc;

	while (!q->freeing && !list_empty(&q->frees_ready)) {
		f = container_of(q->frees_ready.next, struct qcow2_free, link);
		if (f->epoch >= oldest_io(q))
			return; /* the end of that I/O calls again */
		q->free_wait.wake = again;
		rc = free_one(q, f);
		if (rc == QCOW2_PARKED) {
			q->freeing = true;
			return;
		}
		list_del(&f->link); /* on errors they leak */
		free(f);
	}
}
