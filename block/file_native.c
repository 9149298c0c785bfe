/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Native AIO (io_submit, io_getevents), for files opened with O_DIRECT. */
#include <errno.h>
#include <libaio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "block/file.h"

#define DEPTH	    1024
#define DEPTH_LEAST 128 /* the host has a limit for all of its users */
#define ALIGN_UNIT  4096u
#define BATCH	    32
#define SUBMIT_MAX  16u /* the device begins while the rest is prepared */
#define RING_MAGIC  0xa10a10a1u /* fs/aio.c of the kernel */

/* What the kernel maps where the context points to. */
struct ring {
	unsigned id, n, head, tail;
	unsigned magic, compatible, incompatible, header_length;
	struct io_event event[];
};

struct slot {
	struct iocb iocb;
	struct list link; /* of the free ones */
	struct blk_req *req;
};

struct native {
	struct file_state *f;
	struct blk_poller poller;
	struct blk_task submit;
	io_context_t io;
	struct list free; /* slots that were used before */
	unsigned depth, fresh; /* slots; those from fresh on were never used */
	struct iocb *queue[SUBMIT_MAX]; /* to be submitted together */
	unsigned queued;
	struct slot slot[DEPTH];
};

/* What the kernel left undone a worker does, who is not in a hurry. */
static void finish(struct native *n, struct slot *slot, long res)
{
	struct blk_req *req = slot->req;

	list_add_tail(&n->free, &slot->link);
	if (res < 0) {
		blk_ctx_complete(n->f->node->ctx, req, (int)res);
	} else if ((size_t)res < req->len) {
		/* Short at the end of the file: the rest is not aligned. */
		file_submit_work(n->f, req,
				 (size_t)res / ALIGN_UNIT * ALIGN_UNIT);
	} else {
		if (req->op == BLK_WRITE)
			file_grown(n->f, req->at + req->len);
		blk_ctx_complete(n->f->node->ctx, req, 0);
	}
}

/* What has ended, without asking the kernel if its ring is one that we know. */
static int take_events(io_context_t io, struct io_event *ev)
{
	struct ring *ring = (struct ring *)io;
	struct timespec now = {0};
	unsigned head, tail;
	int got = 0;

	if (ring->magic != RING_MAGIC || ring->incompatible)
		return io_getevents(io, 0, BATCH, ev, &now);
	head = ring->head;
	tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	for (; head != tail && got < BATCH; got++) {
		ev[got] = ring->event[head];
		head = (head + 1) % ring->n;
	}
	__atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
	return got;
}

static bool native_poll(struct blk_poller *poller)
{
	struct native *n = container_of(poller, struct native, poller);
	struct io_event ev[BATCH];
	bool any = false;
	int i, got;

	do {
		got = take_events(n->io, ev);
		for (i = 0; i < got; i++)
			finish(n, container_of(ev[i].obj, struct slot, iocb),
			       (long)ev[i].res);
		any |= got > 0;
	} while (got == BATCH);
	return any;
}

static void submit_queue(struct blk_task *task)
{
	struct native *n = container_of(task, struct native, submit);
	unsigned at = 0;
	int rc;

	while (at < n->queued) {
		rc = io_submit(n->io, (long)(n->queued - at), n->queue + at);
		if (rc == -EAGAIN || rc == -EINTR)
			continue; /* as many as slots: this cannot last */
		if (rc <= 0) {
			finish(n, container_of(n->queue[at], struct slot, iocb),
			       rc ? rc : -EIO);
			rc = 1;
		}
		at += (unsigned)rc;
	}
	n->queued = 0;
}

/* NULL: all are in use. */
static struct slot *take_slot(struct native *n)
{
	struct list *e = list_pop(&n->free);

	if (e)
		return container_of(e, struct slot, link);
	return n->fresh < n->depth ? &n->slot[n->fresh++] : NULL;
}

static bool native_submit(struct file_state *f, struct blk_req *req)
{
	struct native *n = f->engine_state;
	struct slot *slot;

	if (req->niov > IOV_MAX)
		return false;
	slot = take_slot(n);
	if (!slot)
		return false;
	slot->req = req;
	if (req->op == BLK_WRITE)
		io_prep_pwritev(&slot->iocb, f->host.fd, req->iov, req->niov,
				(long long)req->at);
	else
		io_prep_preadv(&slot->iocb, f->host.fd, req->iov, req->niov,
			       (long long)req->at);
	io_set_eventfd(&slot->iocb, blk_ctx_fd(f->node->ctx));
	n->queue[n->queued++] = &slot->iocb;
	if (n->queued < SUBMIT_MAX)
		blk_ctx_defer(f->node->ctx, &n->submit);
	else
		submit_queue(&n->submit);
	return true;
}

static void native_close(struct file_state *f)
{
	struct native *n = f->engine_state;

	blk_ctx_del_poller(&n->poller);
	io_destroy(n->io);
	free(n);
}

static const struct file_engine native = {
	.submit = native_submit,
	.close = native_close,
};

int file_native_open(struct file_state *f, struct error *err)
{
	struct native *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return error_set(err, ENOMEM, "out of memory");
	n->depth = DEPTH;
	rc = io_setup(DEPTH, &n->io);
	if (rc == -EAGAIN) {
		n->depth = DEPTH_LEAST;
		rc = io_setup(DEPTH_LEAST, &n->io);
	}
	if (rc < 0) {
		free(n);
		return error_errno(err, -rc, "aio=native: cannot set up AIO");
	}
	n->f = f;
	n->poller.poll = native_poll;
	n->submit.run = submit_queue;
	list_init(&n->free);
	blk_ctx_add_poller(f->node->ctx, &n->poller);
	f->engine = &native;
	f->engine_state = n;
	return 0;
}
