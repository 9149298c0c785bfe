/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests at a qcow2 image: each is a cursor that a step function moves on,
 * piece by piece, until something parks it or all has begun; it is complete
 * when all that it began has ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"

_Alignas(4096) const uint8_t qcow2_zeros[QCOW2_ZEROS];

struct qcow2_io *qcow2_io_new(size_t niov)
{
	struct qcow2_io *io = malloc(sizeof(*io) + niov * sizeof(*io->iov));

	if (io)
		io->iov = (struct iovec *)(io + 1);
	return io;
}

void qcow2_io_start(struct qcow2 *q, struct qcow2_io *io)
{
	io->epoch = q->epoch;
	list_add_tail(&q->ios, &io->link);
}

void qcow2_io_end(struct qcow2 *q, struct qcow2_io *io)
{
	list_del(&io->link);
	if (!list_empty(&q->frees_ready))
		qcow2_free_run(q);
}

static void finish(struct qcow2_rq *rq)
{
	rq->q->requests--;
	blk_ctx_complete(rq->q->node->ctx, rq->req, rq->rc);
	free(rq);
}

void qcow2_rq_begin(struct qcow2_rq *rq)
{
	rq->pending++;
}

void qcow2_rq_end(struct qcow2_rq *rq, int rc)
{
	if (rc < 0 && !rq->rc)
		rq->rc = rc;
	if (!--rq->pending)
		finish(rq);
}

/* One is pending for the stepping itself. */
void qcow2_rq_run(struct qcow2_rq *rq)
{
	int rc = rq->wait.rc;

	while (rc == 0 && rq->rc == 0 && rq->pos < rq->end) {
		rc = rq->step(rq);
		if (rc == QCOW2_PARKED)
			return;
	}
	qcow2_rq_end(rq, rc);
}

static void wake(struct qcow2_wait *wait)
{
	qcow2_rq_run(container_of(wait, struct qcow2_rq, wait));
}

static void on_io(struct blk_req *req, int rc)
{
	struct qcow2_io *io = container_of(req, struct qcow2_io, req);
	struct qcow2_rq *rq = io->rq;

	qcow2_io_end(rq->q, io);
	free(io);
	qcow2_rq_end(rq, rc);
}

int qcow2_issue(struct qcow2_rq *rq, struct blk_node *child, enum blk_op op,
		uint64_t child_off, uint64_t pos, uint64_t len)
{
	size_t niov = (size_t)rq->req->niov;
	struct qcow2_io *io;

	io = qcow2_io_new(niov);
	if (!io)
		return -ENOMEM;
	io->rq = rq;
	io->req = (struct blk_req){.op = op,
				   .off = child_off,
				   .iov = io->iov,
				   .done = on_io};
	io->req.niov = blk_iov_slice(rq->req->iov, rq->req->niov,
				     pos - rq->start, len, io->iov);
	qcow2_io_start(rq->q, io);
	qcow2_rq_begin(rq);
	blk_node_submit(child, &io->req);
	return 0;
}

bool qcow2_reads_zero(const struct qcow2 *q, enum qcow2_type type, uint64_t off)
{
	const struct blk_node *backing = q->node->child[BLK_BACKING];

	switch (type) {
	case QCOW2_ZERO_PLAIN:
	case QCOW2_ZERO_HOST:
		return true;
	case QCOW2_UNALLOCATED:
	case QCOW2_UNALLOCATED_HOST:
		/* The state of a machine is in no other image. */
		return !backing || off >= backing->size || off >= q->node->size;
	default:
		return false;
	}
}

static int read_backing(struct qcow2_rq *rq, uint64_t *len)
{
	struct blk_node *backing = rq->q->node->child[BLK_BACKING];

	if (*len > backing->size - rq->pos)
		*len = backing->size - rq->pos;
	return qcow2_issue(rq, backing, BLK_READ, rq->pos, rq->pos, *len);
}

static int read_step(struct qcow2_rq *rq)
{
	struct qcow2 *q = rq->q;
	struct qcow2_map map;
	int rc = qcow2_map(q, &rq->wait, rq->pos, rq->end - rq->pos, &map);

	if (rc)
		return rc;
	if (qcow2_reads_zero(q, map.type, rq->pos))
		blk_iov_zero(rq->req->iov, rq->req->niov, rq->pos - rq->start,
			     map.len);
	else if (map.type == QCOW2_NORMAL)
		rc = qcow2_issue(rq, q->data, BLK_READ, map.host, rq->pos,
				 map.len);
	else if (map.type == QCOW2_PACKED)
		rc = qcow2_read_packed(rq, map.host, map.len);
	else
		rc = read_backing(rq, &map.len);
	rq->pos += map.len;
	return rc;
}

/* What needs no memory of the guest's: flushes, zeroes. */
static int issue_plain(struct qcow2_rq *rq, struct blk_node *child,
		       const struct blk_req *req)
{
	struct qcow2_io *io = qcow2_io_new(0);

	if (!io)
		return -ENOMEM;
	io->rq = rq;
	io->req = *req;
	io->req.done = on_io;
	qcow2_io_start(rq->q, io);
	qcow2_rq_begin(rq);
	blk_node_submit(child, &io->req);
	return 0;
}

int qcow2_issue_zeroes(struct qcow2_rq *rq, struct blk_node *child,
		       uint64_t child_off, uint64_t len)
{
	const struct blk_req req = {.op = BLK_WRITE_ZEROES,
				    .off = child_off,
				    .len = len};

	return issue_plain(rq, child, &req);
}

static int flush_file(struct qcow2_rq *rq, struct blk_node *child)
{
	const struct blk_req req = {.op = BLK_FLUSH};

	return issue_plain(rq, child, &req);
}

static int flush_step(struct qcow2_rq *rq)
{
	struct qcow2 *q = rq->q;
	int rc = qcow2_cycle_flush(q, &rq->wait, &rq->target);

	if (rc)
		return rc;
	rq->pos = rq->end;
	if (rq->target && q->cycle.flushed)
		return 0;
	rc = flush_file(rq, q->file);
	if (rc == 0 && q->data != q->file)
		rc = flush_file(rq, q->data);
	return rc;
}

struct fua {
	struct qcow2 *q;
	struct blk_req *orig, req;
	bool flushing;
};

/* A write that is to be on disk goes on as a flush. */
static void on_fua_written(struct blk_req *req, int rc)
{
	struct fua *f = container_of(req, struct fua, req);
	struct qcow2 *q = f->q;
	struct blk_req *orig = f->orig;

	if (rc < 0 || f->flushing) {
		blk_ctx_complete(q->node->ctx, orig, rc);
		free(f);
		return;
	}
	f->flushing = true;
	f->req.op = BLK_FLUSH;
	f->req.flags = 0;
	qcow2_start(q, &f->req);
}

static int (*const steps[])(struct qcow2_rq *) = {
	[BLK_READ] = read_step,
	[BLK_WRITE] = qcow2_write_step,
	[BLK_FLUSH] = flush_step,
	[BLK_WRITE_ZEROES] = qcow2_zero_step,
	[BLK_DISCARD] = qcow2_discard_step,
};

static void start_fua(struct qcow2 *q, struct blk_req *req)
{
	struct fua *f = calloc(1, sizeof(*f));

	if (!f) {
		blk_ctx_complete(q->node->ctx, req, -ENOMEM);
		return;
	}
	f->q = q;
	f->orig = req;
	f->req = *req;
	f->req.flags &= ~(unsigned)BLK_FUA;
	f->req.finish = NULL;
	f->req.node = NULL;
	f->req.done = on_fua_written;
	f->req.off = req->at;
	qcow2_start(q, &f->req);
}

static void start(struct qcow2 *q, struct blk_req *req, uint64_t at)
{
	struct qcow2_rq *rq = calloc(1, sizeof(*rq));

	if (!rq) {
		blk_ctx_complete(q->node->ctx, req, -ENOMEM);
		return;
	}
	qcow2_wait_init(&rq->wait, wake);
	rq->q = q;
	rq->req = req;
	rq->start = rq->pos = at;
	rq->end = at + (req->op == BLK_FLUSH ? 1 : req->len);
	rq->step = req->op == BLK_WRITE && (req->flags & BLK_COMPRESS)
			   ? qcow2_write_packed_step
			   : steps[req->op];
	rq->pending = 1;
	q->requests++;
	qcow2_rq_run(rq);
}

void qcow2_submit(struct blk_node *node, struct blk_req *req)
{
	struct qcow2 *q = node->state;

	bool no_data = q->external && q->data == q->file;

	if (no_data ||
	    (q->corrupt && req->op != BLK_READ && req->op != BLK_FLUSH))
		blk_ctx_complete(node->ctx, req, -EIO);
	else if ((req->flags & BLK_FUA) && req->op != BLK_FLUSH)
		start_fua(q, req);
	else
		start(q, req, req->at);
}

void qcow2_start(struct qcow2 *q, struct blk_req *req)
{
	req->node = NULL;
	req->finish = NULL;
	start(q, req, req->off);
}
