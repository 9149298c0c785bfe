/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Front ends: their I/O threads and requests. */
#include "block/block.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_SIZE (256u << 10)

static void *io_thread(void *arg)
{
	struct blk_front *front = arg;

	loop_run(front->loop);
	return NULL;
}

static int start_thread(struct blk_front *front, struct error *err)
{
	sigset_t all, old;
	pthread_attr_t attr;
	char name[16];
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&front->thread, &attr, io_thread, front);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc)
		return error_errno(err, rc, "cannot start an I/O thread");
	snprintf(name, sizeof(name), "IO %.12s", front->id);
	pthread_setname_np(front->thread, name);
	return 0;
}

struct blk_front *blk_front_new(struct blk_fronts *all, const char *id,
				struct blk_node *node, bool removable,
				struct error *err)
{
	struct blk_front *front = calloc(1, sizeof(*front));

	if (!front) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(front->id, sizeof(front->id), "%s", id);
	front->removable = removable;
	front->readonly = node ? node->readonly : removable;
	front->loop = loop_new(NULL, err);
	if (!front->loop || start_thread(front, err) < 0) {
		loop_free(front->loop);
		free(front);
		return NULL;
	}
	front->node = node;
	list_add_tail(&all->list, &front->link);
	return front;
}

void blk_front_free(struct blk_front *front)
{
	if (!front)
		return;
	blk_drain(front);
	loop_quit(front->loop);
	pthread_join(front->thread, NULL);
	loop_free(front->loop);
	if (front->node)
		blk_node_close(front->node);
	list_del(&front->link);
	free(front);
}

uint64_t blk_size(const struct blk_front *front)
{
	return front->node ? front->node->size : 0;
}

static void deliver(void *ctx)
{
	struct blk_req *req = ctx;

	req->done(req, req->rc);
}

static uint64_t request_len(const struct blk_req *req)
{
	uint64_t len = 0;
	int i;

	for (i = 0; i < req->niov; i++)
		len += req->iov[i].iov_len;
	return len;
}

static int check(const struct blk_front *front, const struct blk_req *req)
{
	uint64_t len = request_len(req);

	if (!front->node)
		return -ENOMEDIUM;
	if (req->op == BLK_FLUSH)
		return 0;
	if (req->op == BLK_WRITE && front->node->readonly)
		return -EROFS;
	if (req->off > front->node->size || len > front->node->size - req->off)
		return -EIO;
	return 0;
}

static void run(void *ctx)
{
	struct blk_req *req = ctx;
	struct blk_front *front = req->front;

	req->rc = check(front, req);
	if (req->rc == 0)
		req->rc = front->node->driver->submit(front->node, req);
	if (req->loop) {
		loop_task_init(&req->task, deliver, req);
		loop_post(req->loop, &req->task);
	} else {
		req->done(req, req->rc);
	}
	atomic_fetch_sub(&front->in_flight, 1);
}

void blk_submit(struct blk_front *front, struct blk_req *req)
{
	req->front = front;
	atomic_fetch_add(&front->in_flight, 1);
	loop_task_init(&req->task, run, req);
	loop_post(front->loop, &req->task);
}

static void nothing(void *ctx)
{
}

void blk_drain(struct blk_front *front)
{
	/* Requests run in order: what comes back was behind them all. */
	while (atomic_load(&front->in_flight))
		loop_call(front->loop, nothing, NULL);
}
