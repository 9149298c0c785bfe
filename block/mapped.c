/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading images whose blocks lie anywhere in their file. */
#include "block/mapped.h"

#include <errno.h>
#include <stdlib.h>

#include "block/driver.h"

/* A request, while parts of it are being read. */
struct whole {
	struct blk_node *node;
	struct blk_req *req;
	unsigned pending;
	int rc;
};

struct part {
	struct blk_req req;
	struct whole *whole;
	struct iovec iov[];
};

int mapped_check_readonly(const struct blk_node *node, struct error *err)
{
	if (node->readonly)
		return 0;
	return error_set(err, EROFS,
			 "pcvm only reads images of the format %s; open it "
			 "read-only, or convert it (qemu-img convert -O qcow2)",
			 node->driver->name);
}

static void end_part(struct whole *w, int rc)
{
	if (rc < 0 && !w->rc)
		w->rc = rc;
	if (--w->pending)
		return;
	blk_ctx_complete(w->node->ctx, w->req, w->rc);
	free(w);
}

static void on_read(struct blk_req *req, int rc)
{
	struct part *p = container_of(req, struct part, req);
	struct whole *w = p->whole;

	free(p);
	end_part(w, rc);
}

static int read_part(struct whole *w, const struct mapped_run *run,
		     uint64_t skip)
{
	size_t niov = (size_t)w->req->niov + 1;
	struct part *p = malloc(sizeof(*p) + niov * sizeof(*p->iov));
	int n;

	if (!p)
		return -ENOMEM;
	n = blk_iov_slice(w->req->iov, w->req->niov, skip, run->len, p->iov);
	p->whole = w;
	p->req = (struct blk_req){.op = BLK_READ,
				  .off = run->host,
				  .iov = p->iov,
				  .niov = n,
				  .done = on_read};
	w->pending++;
	blk_node_submit(w->node->child[BLK_FILE], &p->req);
	return 0;
}

/* What lies together is one run, at most len bytes long. */
static int find_run(const struct blk_node *node, uint64_t off, uint64_t len,
		    struct mapped_run *run, mapped_lookup *lookup)
{
	struct mapped_run next;
	int rc = lookup(node, off, run);

	if (rc < 0)
		return rc;
	/* What cannot be found ends the run, and fails when its turn comes. */
	while (run->len < len && lookup(node, off + run->len, &next) == 0) {
		if (next.zero != run->zero ||
		    (!run->zero && next.host != run->host + run->len))
			break;
		run->len += next.len;
	}
	if (run->len > len)
		run->len = len;
	return 0;
}

static int read_all(struct whole *w, mapped_lookup *lookup)
{
	const struct blk_req *req = w->req;
	struct mapped_run run = {.len = 0};
	uint64_t at;
	int rc = 0;

	for (at = 0; at < req->len && rc == 0; at += run.len) {
		rc = find_run(w->node, req->at + at, req->len - at, &run,
			      lookup);
		if (rc < 0)
			break;
		if (run.zero)
			blk_iov_zero(req->iov, req->niov, at, run.len);
		else
			rc = read_part(w, &run, at);
	}
	return rc;
}

void mapped_submit(struct blk_node *node, struct blk_req *req,
		   mapped_lookup *lookup)
{
	struct whole *w;

	if (req->op != BLK_READ) {
		blk_ctx_complete(node->ctx, req,
				 req->op == BLK_FLUSH ? 0 : -EROFS);
		return;
	}
	w = malloc(sizeof(*w));
	if (!w) {
		blk_ctx_complete(node->ctx, req, -ENOMEM);
		return;
	}
	/* One is pending until all have begun. */
	*w = (struct whole){.node = node, .req = req, .pending = 1};
	end_part(w, read_all(w, lookup));
}

int mapped_status(struct blk_node *node, uint64_t off, uint64_t len,
		  struct blk_extent *ext, mapped_lookup *lookup)
{
	struct mapped_run run;
	int rc = find_run(node, off, len, &run, lookup);

	if (rc < 0)
		return rc;
	*ext = (struct blk_extent){.len = run.len};
	if (run.zero) {
		ext->flags = BLK_ALLOCATED | BLK_ZERO;
		return 0;
	}
	ext->flags = BLK_ALLOCATED | BLK_HAS_DATA | BLK_OFFSET_VALID;
	ext->map = run.host;
	ext->host_name = node->child[BLK_FILE]->filename;
	return 0;
}
