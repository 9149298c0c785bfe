/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter that keeps in an image what is read from its backing file, in
 * whole clusters.
 *
 * A read may write, so it waits for all requests that overlap its clusters,
 * and these for it.  It fails if the image cannot take what was read, so that
 * nobody believes that it was kept.
 */
#include "block/copy_on_read.h"

#include <errno.h>
#include <stdlib.h>

#include "block/driver.h"

#define PIECE (UINT64_C(1) << 20) /* bytes copied at a time */

struct filter {
	struct blk_node *node, *image;
	uint64_t cluster;
	struct list ops; /* in flight and waiting, the oldest first */
	struct list ready; /* to go on */
	bool running;
};

struct op {
	struct list link, ready;
	struct filter *f;
	struct blk_req *orig;
	bool reads, started;
	uint64_t start, end; /* in whole clusters if it reads */
	uint64_t pos; /* how far it is */
	bool allocated; /* the piece is in the image */
	struct blk_req part;
	struct iovec iov;
	void *buf;
};

static void step(struct op *op);

/* Looking at the image may call us again: one at a time. */
static void run(struct filter *f)
{
	struct list *e;

	if (f->running)
		return;
	f->running = true;
	while ((e = list_pop(&f->ready)))
		step(container_of(e, struct op, ready));
	f->running = false;
}

static void go_on(struct op *op)
{
	list_add_tail(&op->f->ready, &op->ready);
	run(op->f);
}

static bool conflict(const struct op *a, const struct op *b)
{
	return (a->reads || b->reads) && a->start < b->end && b->start < a->end;
}

static bool must_wait(const struct op *op)
{
	const struct op *o;

	list_for_each (o, &op->f->ops, const struct op, link) {
		if (o == op)
			return false;
		if (conflict(o, op))
			return true;
	}
	return false;
}

static void finish(struct op *op, int rc)
{
	struct filter *f = op->f;
	struct op *o;

	list_del(&op->link);
	blk_ctx_complete(f->node->ctx, op->orig, rc);
	free(op->buf);
	free(op);
	list_for_each (o, &f->ops, struct op, link)
		if (!o->started && !must_wait(o)) {
			o->started = true;
			list_add_tail(&f->ready, &o->ready);
		}
	run(f);
}

static void on_written(struct blk_req *req, int rc)
{
	struct op *op = container_of(req, struct op, part);

	if (rc < 0) {
		finish(op, rc);
		return;
	}
	op->pos += op->part.len;
	go_on(op);
}

/* Gives the guest its part of the piece. */
static void deliver(struct op *op)
{
	uint64_t from = op->orig->at, to = from + op->orig->len;
	uint64_t at = op->pos > from ? op->pos : from;
	uint64_t end = op->pos + op->part.len;

	end = end < to ? end : to;
	if (at < end)
		blk_iov_from_buf(op->orig->iov, op->orig->niov, at - from,
				 (char *)op->buf + (at - op->pos), end - at);
}

static void submit_part(struct op *op, enum blk_op what, uint64_t len,
			void (*done)(struct blk_req *req, int rc))
{
	op->iov = (struct iovec){op->buf, len};
	op->part = (struct blk_req){.op = what,
				    .off = op->pos,
				    .len = len,
				    .iov = &op->iov,
				    .niov = 1,
				    .done = done};
	blk_node_submit(op->f->image, &op->part);
}

static void on_read(struct blk_req *req, int rc)
{
	struct op *op = container_of(req, struct op, part);

	if (rc < 0) {
		finish(op, rc);
		return;
	}
	deliver(op);
	if (op->allocated)
		on_written(req, 0);
	else
		submit_part(op,
			    blk_is_zero(req->iov, req->niov) ? BLK_WRITE_ZEROES
							     : BLK_WRITE,
			    op->part.len, on_written);
}

static void on_passed(struct blk_req *req, int rc)
{
	finish(container_of(req, struct op, part), rc);
}

/* What needs no copying goes on as it came. */
static void pass(struct op *op)
{
	op->part = *op->orig;
	op->part.off = op->orig->at;
	op->part.done = on_passed;
	blk_node_submit(op->f->image, &op->part);
}

static void step(struct op *op)
{
	uint64_t left = op->end - op->pos, from = op->orig->at;
	struct blk_extent ext;
	int rc;

	if (!op->reads) {
		pass(op);
		return;
	}
	if (!left) {
		finish(op, 0);
		return;
	}
	rc = blk_status(op->f->image, op->pos, left, &ext);
	if (rc < 0) {
		finish(op, rc);
		return;
	}
	op->allocated = ext.flags & BLK_ALLOCATED;
	if (op->allocated && op->pos <= from &&
	    op->pos + ext.len >= from + op->orig->len) {
		pass(op);
		return;
	}
	if (!op->buf)
		op->buf = blk_alloc(op->f->image, left < PIECE ? left : PIECE);
	if (!op->buf)
		finish(op, -ENOMEM);
	else
		submit_part(op, BLK_READ, ext.len < PIECE ? ext.len : PIECE,
			    on_read);
}

static void set_range(struct op *op)
{
	uint64_t mask = op->f->cluster - 1, size = op->f->image->size;

	op->start = op->orig->at;
	op->end = op->start + op->orig->len;
	if (op->reads) {
		op->start &= ~mask;
		op->end = (op->end + mask) & ~mask;
		op->end = op->end < size ? op->end : size;
	}
	op->pos = op->start;
}

static void submit(struct blk_node *node, struct blk_req *req)
{
	struct filter *f = node->state;
	struct op *op;

	if (req->op == BLK_FLUSH || f->image->readonly) {
		blk_pass(f->image, req);
		return;
	}
	op = calloc(1, sizeof(*op));
	if (!op) {
		blk_ctx_complete(node->ctx, req, -ENOMEM);
		return;
	}
	op->f = f;
	op->orig = req;
	op->reads = req->op == BLK_READ;
	set_range(op);
	list_add_tail(&f->ops, &op->link);
	if (must_wait(op))
		return;
	op->started = true;
	go_on(op);
}

static int open_filter(struct blk_node *node, json_t *options,
		       struct error *err)
{
	struct filter *f = node->state;
	struct blk_info info;

	(void)options;
	(void)err;
	list_init(&f->ops);
	list_init(&f->ready);
	f->node = node;
	f->image = node->child[BLK_FILE];
	node->size = f->image->size;
	blk_get_info(f->image, &info);
	f->cluster = info.cluster_size ? info.cluster_size : BLK_SECTOR;
	blk_info_free(&info);
	return 0;
}

static void close_filter(struct blk_node *node)
{
	(void)node;
}

static const char *const options[] = {NULL};

const struct blk_driver blk_copy_on_read = {
	.name = "copy-on-read",
	.filter = true,
	.state_size = sizeof(struct filter),
	.options = options,
	.open = open_filter,
	.close = close_filter,
	.submit = submit,
	.status = blk_filter_status,
	.truncate = blk_filter_truncate,
};
