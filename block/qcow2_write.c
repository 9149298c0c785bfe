/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing: in place where the guest's cluster has a host cluster of its own,
 * else into a new one.  The parts of a new cluster (or subcluster) that the
 * request leaves alone are filled with what was there before, in the same
 * write; only when that has ended does the L2 entry change.  Other requests to
 * the same cluster wait until then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"

#define ALL_SUBCLUSTERS UINT64_C(0xffffffff)

/* What the write leaves alone, before or behind it. */
struct edge {
	uint64_t off, len;
	void *buf; /* NULL: zeros */
	struct blk_req req;
	struct iovec iov;
};

struct write {
	struct qcow2_alloc alloc;
	struct qcow2 *q;
	struct qcow2_rq *rq;
	struct qcow2_wait wait; /* for linking */
	uint64_t pos, len; /* of the guest's data */
	uint64_t host;
	bool keeps_host; /* the entry has this cluster already */
	bool fresh, zeros;
	struct edge head, tail;
	struct qcow2_io *io;
	unsigned pending;
	int rc;
};

void qcow2_alloc_begin(struct qcow2 *q, struct qcow2_alloc *a)
{
	list_init(&a->waiters);
	list_add_tail(&q->allocs, &a->link);
}

void qcow2_alloc_end(struct qcow2 *q, struct qcow2_alloc *a)
{
	list_del(&a->link);
	qcow2_wake(q, &a->waiters, 0);
}

int qcow2_wait_alloc(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
		     uint64_t *len)
{
	struct qcow2_alloc *a;

	list_for_each (a, &q->allocs, struct qcow2_alloc, link) {
		if (off >= a->end || off + *len <= a->start)
			continue;
		if (a->start <= off) {
			qcow2_park(wait, &a->waiters);
			return QCOW2_PARKED;
		}
		*len = a->start - off;
	}
	return 0;
}

static int clusters_of(const struct write *w)
{
	return (int)((w->alloc.end - w->alloc.start) >> w->q->cluster_bits);
}

/* Which subclusters of the cluster at start the write fills. */
static uint64_t filled(const struct write *w, uint64_t start)
{
	const struct qcow2 *q = w->q;
	uint64_t from = w->head.off, to = w->tail.off + w->tail.len;
	uint64_t mask;

	from = from > start ? from - start : 0;
	to = to - start < q->cluster_size ? to - start : q->cluster_size;
	from >>= q->sub_bits;
	to = (to + (UINT64_C(1) << q->sub_bits) - 1) >> q->sub_bits;
	mask = (UINT64_C(1) << to) - 1;
	return mask & ~((UINT64_C(1) << from) - 1);
}

static void set_one(struct write *w, struct qcow2_block *slice, unsigned index,
		    unsigned i)
{
	struct qcow2 *q = w->q;
	uint64_t add = (uint64_t)i << q->cluster_bits;
	uint64_t old = qcow2_entry(q, slice, index);
	uint64_t bitmap = qcow2_bitmap(q, slice, index), mask;

	if (!w->keeps_host) {
		/* What was here has been copied, all of it. */
		if (old & (QCOW2_COMPRESSED | QCOW2_OFFSET))
			bitmap = 0;
		bitmap &= ~ALL_SUBCLUSTERS;
		qcow2_free_entry(q, old, QCOW2_DISCARD_OTHER);
	}
	mask = q->extended ? filled(w, w->alloc.start + add) : 0;
	bitmap = (bitmap | mask) & ~(mask << 32);
	qcow2_set_entry(q, slice, index, (w->host + add) | QCOW2_COPIED,
			bitmap);
}

static int link_clusters(struct write *w)
{
	struct qcow2_block *slice;
	unsigned index, i;
	int n = clusters_of(w);
	int rc = qcow2_slice(w->q, &w->wait, w->alloc.start, &slice, &index);

	if (rc)
		return rc;
	rc = qcow2_cache_touch(slice);
	if (rc < 0)
		return rc;
	for (i = 0; i < (unsigned)n; i++)
		set_one(w, slice, index + i, i);
	return 0;
}

static void finish(struct write *w, int rc)
{
	struct qcow2 *q = w->q;
	struct qcow2_rq *rq = w->rq;

	if (rc < 0 && !w->keeps_host && !q->external)
		qcow2_unalloc(q, w->host, (uint64_t)clusters_of(w));
	qcow2_alloc_end(q, &w->alloc);
	free(w->head.buf);
	free(w->tail.buf);
	free(w->io);
	free(w);
	qcow2_rq_end(rq, rc);
}

static void link_or_park(struct write *w)
{
	int rc = w->wait.rc;

	if (rc == 0)
		rc = link_clusters(w);
	if (rc != QCOW2_PARKED)
		finish(w, rc);
}

static void link_again(struct qcow2_wait *wait)
{
	link_or_park(container_of(wait, struct write, wait));
}

static void on_written(struct blk_req *req, int rc)
{
	struct qcow2_io *io = container_of(req, struct qcow2_io, req);
	struct write *w = io->owner;

	qcow2_io_end(w->q, io);
	if (rc < 0) {
		finish(w, rc);
		return;
	}
	link_or_park(w);
}

static int add_zeros(struct iovec *iov, uint64_t len)
{
	int n = 0;
	size_t part;

	for (; len; len -= part) {
		part = len < QCOW2_ZEROS ? len : QCOW2_ZEROS;
		iov[n].iov_base = (void *)(uintptr_t)qcow2_zeros;
		iov[n++].iov_len = part;
	}
	return n;
}

static int add_edge(const struct edge *e, struct iovec *iov)
{
	if (!e->len || !e->buf)
		return add_zeros(iov, e->len);
	*iov = (struct iovec){e->buf, e->len};
	return 1;
}

static size_t zero_pieces(uint64_t len)
{
	return len / QCOW2_ZEROS + 1;
}

/* Where the file is all zeros, zeros need not be written. */
static void skip_fresh(const struct write *w, struct edge *e, bool is_head)
{
	if (!w->fresh || e->buf)
		return;
	if (is_head)
		e->off += e->len;
	e->len = 0;
}

static void write_data(struct write *w)
{
	struct qcow2 *q = w->q;
	struct edge head = w->head, tail = w->tail;
	const struct blk_req *user = w->rq->req;
	size_t max = zero_pieces(head.len) + zero_pieces(tail.len) +
		     (w->zeros ? zero_pieces(w->len) : (size_t)user->niov);
	struct qcow2_io *io = qcow2_io_new(max);
	int n;

	if (!io) {
		finish(w, -ENOMEM);
		return;
	}
	skip_fresh(w, &head, true);
	skip_fresh(w, &tail, false);
	n = add_edge(&head, io->iov);
	n += w->zeros ? add_zeros(io->iov + n, w->len)
		      : blk_iov_slice(user->iov, user->niov,
				      w->pos - w->rq->start, w->len,
				      io->iov + n);
	n += add_edge(&tail, io->iov + n);
	w->io = io;
	io->owner = w;
	io->req = (struct blk_req){.op = BLK_WRITE,
				   .off = w->host + (head.off - w->alloc.start),
				   .iov = io->iov,
				   .niov = n,
				   .done = on_written};
	qcow2_io_start(q, io);
	blk_node_submit(q->data, &io->req);
}

static void one_copied(struct write *w, int rc)
{
	if (rc < 0 && !w->rc)
		w->rc = rc;
	if (--w->pending)
		return;
	if (w->rc < 0)
		finish(w, w->rc);
	else
		write_data(w);
}

static void on_head(struct blk_req *req, int rc)
{
	one_copied(container_of(req, struct write, head.req), rc);
}

static void on_tail(struct blk_req *req, int rc)
{
	one_copied(container_of(req, struct write, tail.req), rc);
}

static void copy_edge(struct write *w, struct edge *e,
		      void (*done)(struct blk_req *, int))
{
	if (!e->buf)
		return;
	w->q->needs_flush = true;
	w->pending++;
	e->iov = (struct iovec){e->buf, e->len};
	e->req = (struct blk_req){.op = BLK_READ,
				  .off = e->off,
				  .len = e->len,
				  .iov = &e->iov,
				  .niov = 1,
				  .done = done};
	qcow2_start(w->q, &e->req);
}

static void begin(struct write *w)
{
	qcow2_alloc_begin(w->q, &w->alloc);
	qcow2_rq_begin(w->rq);
	w->pending = 1;
	if (w->rc == 0) {
		copy_edge(w, &w->head, on_head);
		copy_edge(w, &w->tail, on_tail);
	}
	one_copied(w, 0);
}

/* How the cluster of entry index may be written. */
enum manner { IN_PLACE, KEEP_HOST, NEW };

static enum manner manner_of(const struct qcow2 *q,
			     const struct qcow2_block *slice, unsigned index)
{
	uint64_t entry = qcow2_entry(q, slice, index);
	enum qcow2_type type = qcow2_entry_type(q, entry);

	if (type == QCOW2_PACKED || !(entry & QCOW2_COPIED))
		return NEW;
	if (type == QCOW2_ZERO_HOST || (q->extended && type == QCOW2_NORMAL))
		return KEEP_HOST;
	return type == QCOW2_NORMAL ? IN_PLACE : NEW;
}

/* Clusters from index on, no more than n, that go together. */
static uint64_t run_of(const struct qcow2 *q, const struct qcow2_block *slice,
		       unsigned index, uint64_t n, enum manner manner)
{
	uint64_t first = qcow2_entry(q, slice, index) & QCOW2_OFFSET, i;

	if (manner == KEEP_HOST && q->extended)
		return 1;
	for (i = 1; i < n && index + i < qcow2_slice_entries(q); i++) {
		if (manner_of(q, slice, index + (unsigned)i) != manner)
			break;
		if (manner == KEEP_HOST &&
		    (qcow2_entry(q, slice, index + (unsigned)i) &
		     QCOW2_OFFSET) != first + (i << q->cluster_bits))
			break;
	}
	return i;
}

static bool has_data(const struct qcow2 *q, uint64_t entry)
{
	enum qcow2_type type = qcow2_entry_type(q, entry);

	return type == QCOW2_PACKED || type == QCOW2_NORMAL;
}

/* What has to be filled up with the write, at the cluster of off. */
static uint64_t unit_of(const struct write *w, uint64_t entry)
{
	const struct qcow2 *q = w->q;

	return q->extended && (w->keeps_host || !has_data(q, entry))
		       ? UINT64_C(1) << q->sub_bits
		       : q->cluster_size;
}

static int set_edge(struct write *w, struct edge *e, uint64_t off, uint64_t len,
		    const struct qcow2_block *slice, unsigned index)
{
	struct qcow2 *q = w->q;
	uint64_t entry = qcow2_entry(q, slice, index);
	unsigned sub = (unsigned)(qcow2_in_cluster(q, off) >> q->sub_bits);
	enum qcow2_type type =
		qcow2_sub_type(q, entry, qcow2_bitmap(q, slice, index), sub);

	e->off = off;
	e->len = len;
	if (!len)
		return 0;
	if (w->keeps_host && type == QCOW2_NORMAL) {
		e->len = 0; /* it is there already */
		return 0;
	}
	if (!(has_data(q, entry) && unit_of(w, entry) == q->cluster_size) &&
	    qcow2_reads_zero(q, type, off))
		return 0;
	e->buf = blk_alloc(q->data, len);
	return e->buf ? 0 : -ENOMEM;
}

static int set_edges(struct write *w, const struct qcow2_block *slice,
		     unsigned index)
{
	uint64_t end = w->pos + w->len, from, to;
	unsigned last = index + (unsigned)clusters_of(w) - 1;
	uint64_t unit = unit_of(w, qcow2_entry(w->q, slice, index));
	int rc;

	from = w->pos & ~(unit - 1);
	rc = set_edge(w, &w->head, from, w->pos - from, slice, index);
	if (rc < 0)
		return rc;
	unit = unit_of(w, qcow2_entry(w->q, slice, last));
	to = (end + unit - 1) & ~(unit - 1);
	return set_edge(w, &w->tail, end, to - end, slice, last);
}

/* Finds the host's clusters. */
static int get_host(struct write *w, const struct qcow2_block *slice,
		    unsigned index, uint64_t *n)
{
	struct qcow2 *q = w->q;
	uint64_t entry = qcow2_entry(q, slice, index);
	uint64_t fresh = q->fresh_from;
	int rc;

	if (w->keeps_host) {
		w->host = entry & QCOW2_OFFSET;
		return 0;
	}
	if (q->external) {
		w->host = w->alloc.start;
		return 0;
	}
	rc = qcow2_room_wait(q, &w->rq->wait, *n);
	if (rc == 0)
		rc = qcow2_alloc(q, &w->rq->wait, *n, n, &w->host);
	w->fresh = w->host >= fresh;
	return rc;
}

static struct write *new_write(struct qcow2_rq *rq, bool zeros)
{
	struct write *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	qcow2_wait_init(&w->wait, link_again);
	w->q = rq->q;
	w->rq = rq;
	w->pos = rq->pos;
	w->zeros = zeros;
	w->alloc.start = rq->pos & ~(rq->q->cluster_size - 1);
	return w;
}

static int allocate(struct qcow2_rq *rq, uint64_t len, bool zeros,
		    const struct qcow2_block *slice, unsigned index,
		    enum manner manner)
{
	struct qcow2 *q = rq->q;
	uint64_t n = qcow2_clusters(q, qcow2_in_cluster(q, rq->pos) + len);
	struct write *w = new_write(rq, zeros);
	uint64_t reach;
	int rc;

	if (!w)
		return -ENOMEM;
	w->keeps_host = manner == KEEP_HOST;
	n = run_of(q, slice, index, n, manner);
	rc = get_host(w, slice, index, &n);
	if (rc) {
		free(w);
		return rc;
	}
	w->alloc.end = w->alloc.start + (n << q->cluster_bits);
	reach = w->alloc.end - rq->pos;
	w->len = len < reach ? len : reach;
	rq->pos += w->len;
	w->rc = set_edges(w, slice, index);
	begin(w);
	return 0;
}

static int in_place(struct qcow2_rq *rq, const struct qcow2_map *map,
		    bool zeros)
{
	struct qcow2 *q = rq->q;
	uint64_t pos = rq->pos;

	if (!q->external && qcow2_overlaps(q, map->host, map->len))
		return qcow2_corrupted(q,
				       "guest offset 0x%llx has its data where "
				       "metadata is, at 0x%llx",
				       (unsigned long long)pos,
				       (unsigned long long)map->host);
	rq->pos += map->len;
	return zeros ? qcow2_issue_zeroes(rq, q->data, map->host, map->len)
		     : qcow2_issue(rq, q->data, BLK_WRITE, map->host, pos,
				   map->len);
}

int qcow2_write_some(struct qcow2_rq *rq, uint64_t len, bool zeros)
{
	struct qcow2 *q = rq->q;
	struct qcow2_block *slice;
	struct qcow2_map map;
	unsigned index;
	int rc = q->corrupt ? -EIO : 0;

	if (rc == 0)
		rc = qcow2_wait_alloc(q, &rq->wait, rq->pos, &len);
	if (rc == 0)
		rc = qcow2_slice(q, &rq->wait, rq->pos, &slice, &index);
	if (rc == 0) /* which checks the entry as well */
		rc = qcow2_map(q, &rq->wait, rq->pos, len, &map);
	if (rc)
		return rc;
	if (map.type == QCOW2_NORMAL && map.copied)
		return in_place(rq, &map, zeros);
	return allocate(rq, len, zeros, slice, index,
			manner_of(q, slice, index));
}

int qcow2_write_step(struct qcow2_rq *rq)
{
	return qcow2_write_some(rq, rq->end - rq->pos, false);
}
