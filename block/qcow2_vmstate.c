/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a machine, which lies in the image behind the disk. */
#include <errno.h>

#include "block/qcow2_ops.h"
#include "block/qcow2_snapshot.h"

struct run {
	struct blk_req req;
	bool is_done;
};

static void on_done(struct blk_req *req, int rc)
{
	(void)rc;
	container_of(req, struct run, req)->is_done = true;
}

int qcow2_run(struct qcow2 *q, struct blk_req *req)
{
	struct run r = {.req = *req};

	r.req.done = on_done;
	qcow2_start(q, &r.req);
	while (!r.is_done)
		blk_ctx_poll(q->node->ctx, true);
	return r.req.rc;
}

int qcow2_vmstate(struct blk_node *node, uint64_t off, void *buf, size_t len,
		  bool write)
{
	struct qcow2 *q = node->state;
	unsigned shift = q->cluster_bits + q->l2_bits;
	uint64_t start = qcow2_l1_entries(q, node->size) << shift;
	struct iovec iov = {buf, len};
	struct blk_req req = {.op = write ? BLK_WRITE : BLK_READ,
			      .off = start + off,
			      .len = len,
			      .iov = &iov,
			      .niov = 1};
	int rc = 0;

	if (q->external)
		return -ENOTSUP;
	if (start > INT64_MAX || off > INT64_MAX - start - len)
		return -EFBIG;
	if (write)
		rc = qcow2_grow_l1(q, qcow2_l1_entries(q, start + off + len),
				   NULL);
	return rc < 0 ? rc : qcow2_run(q, &req);
}
