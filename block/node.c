/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: their lives, and requests on their way through them. */
#include "block/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/perms.h"

struct blk_node *blk_node_ref(struct blk_node *node)
{
	node->refs++;
	return node;
}

void blk_node_unref(struct blk_node *node)
{
	struct blk_ctx *ctx;
	unsigned i;

	if (!node || --node->refs)
		return;
	blk_node_drain(node);
	node->driver->close(node);
	ctx = node->ctx;
	list_del(&node->link);
	for (i = 0; i < BLK_CHILDREN; i++)
		blk_node_unref(node->child[i]);
	blk_perms_update(ctx, NULL, NULL); /* those below may have less */
	free(node->state);
	free(node->filename);
	free(node);
	blk_ctx_unref(ctx);
}

struct blk_node *blk_node_image(struct blk_node *node)
{
	while (node && node->driver->filter)
		node = node->child[BLK_FILE];
	return node;
}

struct blk_node *blk_node_find(struct blk_ctx *ctx, const char *name)
{
	struct blk_ctx *c = NULL;
	struct blk_node *node;

	while ((c = blk_ctx_next(ctx, c)))
		list_for_each (node, blk_ctx_nodes(c), struct blk_node, link)
			if (!strcmp(node->name, name))
				return node;
	return NULL;
}

static void unref_in_thread(void *arg)
{
	blk_node_unref(arg);
}

void blk_node_release(struct blk_node *node)
{
	if (node)
		blk_ctx_call(node->ctx, unref_in_thread, node);
}

static int check(const struct blk_node *node, const struct blk_req *req)
{
	if (req->op == BLK_FLUSH)
		return 0;
	if (req->op != BLK_READ && node->readonly)
		return -EROFS;
	/* Formats grow their files by writing behind the end. */
	if (node->driver->protocol)
		return req->len > INT64_MAX || req->off > INT64_MAX - req->len
			       ? -EFBIG
			       : 0;
	if (req->off > node->size || req->len > node->size - req->off)
		return -EIO;
	return 0;
}

/* What the node's own options make of a request. */
static void adapt(struct blk_node *node, struct blk_req *req)
{
	if ((req->op == BLK_WRITE || req->op == BLK_WRITE_ZEROES) &&
	    req->at + req->len > node->highest)
		node->highest = req->at + req->len;
	if (req->op == BLK_WRITE && node->detect != BLK_DETECT_OFF &&
	    !(req->flags & BLK_COMPRESS) && blk_is_zero(req->iov, req->niov)) {
		req->op = BLK_WRITE_ZEROES;
		if (node->detect == BLK_DETECT_UNMAP)
			req->flags |= BLK_MAY_UNMAP;
	}
	if (!(node->flags & BLK_O_UNMAP))
		req->flags &= ~(unsigned)BLK_MAY_UNMAP;
}

static bool is_ignored(const struct blk_node *node, const struct blk_req *req)
{
	return req->op == BLK_DISCARD && !(node->flags & BLK_O_UNMAP);
}

void blk_pass(struct blk_node *child, struct blk_req *req)
{
	adapt(child, req);
	if (is_ignored(child, req))
		blk_ctx_complete(child->ctx, req, 0);
	else if (blk_is_aligned(child, req))
		child->driver->submit(child, req);
	else
		blk_align_submit(child, req);
}

void blk_node_start(struct blk_node *node, struct blk_req *req)
{
	int rc;

	if (req->op == BLK_READ || req->op == BLK_WRITE)
		req->len = blk_iov_len(req->iov, req->niov);
	req->node = node;
	req->at = req->off;
	node->in_flight++;
	rc = check(node, req);
	if (rc < 0 || (!req->len && req->op != BLK_FLUSH))
		blk_ctx_complete(node->ctx, req, rc);
	else
		blk_pass(node, req);
}

void blk_node_submit(struct blk_node *node, struct blk_req *req)
{
	req->finish = NULL;
	blk_node_start(node, req);
}

bool blk_node_holds_back(const struct blk_node *node)
{
	bool found = node->driver->open_up != NULL;
	unsigned i;

	for (i = 0; i < BLK_CHILDREN && !found; i++)
		found = node->child[i] && blk_node_holds_back(node->child[i]);
	return found;
}

void blk_node_open_up(struct blk_node *node, bool open)
{
	unsigned i;

	if (node->driver->open_up)
		node->driver->open_up(node, open);
	for (i = 0; i < BLK_CHILDREN; i++)
		if (node->child[i])
			blk_node_open_up(node->child[i], open);
}

static void drain(struct blk_node *node)
{
	unsigned i;

	while (node->in_flight)
		blk_ctx_poll(node->ctx, true);
	if (node->driver->drain)
		node->driver->drain(node);
	for (i = 0; i < BLK_CHILDREN; i++)
		if (node->child[i])
			drain(node->child[i]);
}

void blk_node_drain(struct blk_node *node)
{
	blk_node_open_up(node, true);
	drain(node);
	blk_node_open_up(node, false);
}

void blk_set_backing(struct blk_node *node, struct blk_node *backing)
{
	struct blk_node *old = node->child[BLK_BACKING];

	node->child[BLK_BACKING] = backing ? blk_node_ref(backing) : NULL;
	blk_node_unref(old);
}

struct waited {
	struct blk_req req;
	bool is_done;
};

static void on_done(struct blk_req *req, int rc)
{
	container_of(req, struct waited, req)->is_done = true;
	(void)rc;
}

int blk_run(struct blk_node *node, const struct blk_req *req)
{
	struct waited w = {.req = *req};
	int rc;

	w.req.at = req->off;
	if (req->op == BLK_READ || req->op == BLK_WRITE)
		w.req.len = blk_iov_len(req->iov, req->niov);
	if (node->driver->run && blk_is_aligned(node, &w.req)) {
		adapt(node, &w.req);
		rc = check(node, &w.req);
		if (rc < 0 || is_ignored(node, &w.req))
			return rc;
		return node->driver->run(node, &w.req);
	}
	w.req.done = on_done;
	blk_node_open_up(node, true);
	blk_node_submit(node, &w.req);
	while (!w.is_done)
		blk_ctx_poll(node->ctx, true);
	blk_node_open_up(node, false);
	return w.req.rc;
}

static int run_buffer(struct blk_node *node, enum blk_op op, uint64_t off,
		      void *buf, size_t len, unsigned flags)
{
	struct iovec iov = {.iov_base = buf, .iov_len = len};
	struct blk_req req = {
		.op = op, .off = off, .iov = &iov, .niov = 1, .flags = flags};

	return blk_run(node, &req);
}

int blk_pread(struct blk_node *node, uint64_t off, void *buf, size_t len)
{
	return run_buffer(node, BLK_READ, off, buf, len, 0);
}

int blk_pwrite(struct blk_node *node, uint64_t off, const void *buf, size_t len,
	       unsigned flags)
{
	return run_buffer(node, BLK_WRITE, off, (void *)(uintptr_t)buf, len,
			  flags);
}

int blk_zero(struct blk_node *node, uint64_t off, uint64_t len, unsigned flags)
{
	struct blk_req req = {.op = BLK_WRITE_ZEROES,
			      .off = off,
			      .len = len,
			      .flags = flags};

	return blk_run(node, &req);
}

int blk_discard(struct blk_node *node, uint64_t off, uint64_t len)
{
	struct blk_req req = {.op = BLK_DISCARD, .off = off, .len = len};

	return blk_run(node, &req);
}

int blk_flush(struct blk_node *node)
{
	struct blk_req req = {.op = BLK_FLUSH};

	return blk_run(node, &req);
}
