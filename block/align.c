/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that are not aligned as O_DIRECT wants them: they go through a
 * buffer of our own.  Writes that change parts of blocks read these blocks
 * first; one such write runs at a time, so that two in the same block do not
 * undo each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"

struct bounce {
	struct list link; /* of node->unaligned */
	struct blk_node *node;
	struct blk_req *orig;
	struct blk_req req;
	struct iovec iov;
	uint64_t start, len; /* of whole blocks */
	bool modify; /* has to read first */
};

void *blk_alloc(const struct blk_node *node, size_t len)
{
	size_t align = node->mem_align > sizeof(void *) ? node->mem_align
							: sizeof(void *);
	void *buf;

	if (posix_memalign(&buf, align, len ? len : align))
		return NULL;
	return memset(buf, 0, len);
}

bool blk_is_aligned(const struct blk_node *node, const struct blk_req *req)
{
	uintptr_t bits = 0;
	int i;

	if (req->op == BLK_FLUSH || req->op == BLK_DISCARD ||
	    req->op == BLK_WRITE_ZEROES)
		return true;
	if ((req->at | req->len) & (node->align - 1))
		return false;
	for (i = 0; i < req->niov; i++)
		bits |= (uintptr_t)req->iov[i].iov_base |
			(req->iov[i].iov_len & (node->mem_align - 1));
	return !(bits & (node->mem_align - 1));
}

static void submit_part(struct bounce *b, enum blk_op op,
			void (*done)(struct blk_req *, int))
{
	b->iov.iov_len = b->len;
	b->req.op = op;
	b->req.at = b->req.off = b->start;
	b->req.len = b->len;
	b->req.iov = &b->iov;
	b->req.niov = 1;
	b->req.done = done;
	b->req.flags = op == BLK_WRITE ? b->orig->flags : 0;
	b->node->driver->submit(b->node, &b->req);
}

static void start_write(struct bounce *b);

static void finish(struct bounce *b, int rc)
{
	struct blk_node *node = b->node;

	if (b->modify) {
		list_del(&b->link);
		if (!list_empty(&node->unaligned))
			start_write(container_of(node->unaligned.next,
						 struct bounce, link));
	}
	blk_ctx_complete(node->ctx, b->orig, rc);
	free(b->iov.iov_base);
	free(b);
}

static void on_read(struct blk_req *req, int rc)
{
	struct bounce *b = container_of(req, struct bounce, req);

	if (rc == 0)
		blk_iov_from_buf(b->orig->iov, b->orig->niov, 0,
				 (char *)b->iov.iov_base +
					 (b->orig->at - b->start),
				 b->orig->len);
	finish(b, rc);
}

static void on_written(struct blk_req *req, int rc)
{
	finish(container_of(req, struct bounce, req), rc);
}

static void write_out(struct bounce *b)
{
	blk_iov_to_buf(b->orig->iov, b->orig->niov, 0,
		       (char *)b->iov.iov_base + (b->orig->at - b->start),
		       b->orig->len);
	submit_part(b, BLK_WRITE, on_written);
}

static void on_old_read(struct blk_req *req, int rc)
{
	struct bounce *b = container_of(req, struct bounce, req);

	if (rc < 0)
		finish(b, rc);
	else
		write_out(b);
}

static void start_write(struct bounce *b)
{
	if (b->modify)
		submit_part(b, BLK_READ, on_old_read);
	else
		write_out(b);
}

static struct bounce *new_bounce(struct blk_node *node, struct blk_req *req)
{
	struct bounce *b = calloc(1, sizeof(*b));
	uint64_t mask = node->align - 1, end = req->at + req->len;

	if (!b)
		return NULL;
	b->node = node;
	b->orig = req;
	b->start = req->at & ~mask;
	b->len = ((end + mask) & ~mask) - b->start;
	b->modify = req->op == BLK_WRITE && ((req->at | req->len) & mask);
	b->iov.iov_base = blk_alloc(node, b->len);
	if (b->iov.iov_base)
		return b;
	free(b);
	return NULL;
}

void blk_align_submit(struct blk_node *node, struct blk_req *req)
{
	struct bounce *b = new_bounce(node, req);
	bool busy;

	if (!b) {
		blk_ctx_complete(node->ctx, req, -ENOMEM);
		return;
	}
	if (req->op == BLK_READ) {
		submit_part(b, BLK_READ, on_read);
		return;
	}
	busy = !list_empty(&node->unaligned);
	if (b->modify)
		list_add_tail(&node->unaligned, &b->link);
	if (!b->modify || !busy)
		start_write(b);
}
