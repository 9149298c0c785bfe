/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of a front end that came together: where one goes on where the one
 * before it ends, both become one, so that formats and the host have less to
 * do.  Nothing is copied.  When such a request fails its parts are tried one
 * by one, for a device is told of what has failed alone.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"

#define MERGE_MAX (2u << 20) /* bytes */

struct merged {
	struct blk_req req;
	struct list parts;
	struct iovec iov[];
};

/* Requests side by side. */
struct run {
	struct list reqs;
	struct blk_req *last;
	int niov;
	uint64_t len;
};

static void on_merged(struct blk_req *req, int rc)
{
	struct merged *m = container_of(req, struct merged, req);
	struct blk_req *part;
	struct list *e;

	while ((e = list_pop(&m->parts))) {
		part = container_of(e, struct blk_req, link);
		if (rc < 0) {
			blk_front_start(part->front, part);
			continue;
		}
		part->rc = 0;
		blk_front_finish(part);
	}
	free(m);
}

static struct merged *new_merged(struct run *run)
{
	struct merged *m =
		malloc(sizeof(*m) + (size_t)run->niov * sizeof(*m->iov));
	struct list *e;
	struct blk_req *part;
	unsigned parts = 0;
	int n = 0;

	if (!m)
		return NULL;
	part = container_of(run->reqs.next, struct blk_req, link);
	m->req = (struct blk_req){.op = part->op,
				  .flags = part->flags,
				  .off = part->off,
				  .iov = m->iov,
				  .niov = run->niov,
				  .front = part->front,
				  .done = on_merged};
	list_init(&m->parts);
	while ((e = list_pop(&run->reqs))) {
		part = container_of(e, struct blk_req, link);
		memcpy(m->iov + n, part->iov,
		       (size_t)part->niov * sizeof(*m->iov));
		n += part->niov;
		list_add_tail(&m->parts, e);
		parts++;
	}
	blk_stats_merged(m->req.front, m->req.op, parts - 1);
	return m;
}

static void start_merged(struct blk_front *front, struct merged *m)
{
	if (front->writethrough && m->req.op != BLK_READ)
		m->req.flags |= BLK_FUA;
	blk_node_submit(front->node, &m->req);
}

static void start_run(struct blk_front *front, struct run *run)
{
	bool several =
		!list_empty(&run->reqs) && run->reqs.next != run->reqs.prev;
	struct merged *m = several ? new_merged(run) : NULL;
	struct list *e;

	if (m)
		start_merged(front, m);
	while ((e = list_pop(&run->reqs)))
		blk_front_start(front, container_of(e, struct blk_req, link));
}

static bool goes_on(const struct run *run, const struct blk_req *req,
		    uint64_t len)
{
	const struct blk_req *last = run->last;

	if (list_empty(&run->reqs) || req->op != last->op ||
	    (req->op != BLK_READ && req->op != BLK_WRITE))
		return false;
	return req->flags == last->flags && req->off == last->off + last->len &&
	       run->niov + req->niov <= IOV_MAX && run->len + len <= MERGE_MAX;
}

/* Zeros are looked for in each request by itself. */
static bool may_merge(const struct blk_front *front)
{
	return front->node && front->node->detect == BLK_DETECT_OFF &&
	       blk_node_image(front->node)->detect == BLK_DETECT_OFF;
}

static void add(struct run *run, struct blk_req *req)
{
	if (list_empty(&run->reqs))
		run->len = 0, run->niov = 0;
	list_add_tail(&run->reqs, &req->link);
	run->last = req;
	run->len += req->len;
	run->niov += req->niov;
}

void blk_front_start_all(struct blk_front *front, struct list *reqs)
{
	bool merging = may_merge(front);
	struct run run = {.niov = 0};
	struct blk_req *req;
	struct list *e;

	list_init(&run.reqs);
	while ((e = list_pop(reqs))) {
		req = container_of(e, struct blk_req, link);
		if (req->op == BLK_READ || req->op == BLK_WRITE)
			req->len = blk_iov_len(req->iov, req->niov);
		if (!merging || !goes_on(&run, req, req->len))
			start_run(front, &run);
		add(&run, req);
	}
	start_run(front, &run);
}
