/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Front ends: their I/O threads and requests. */
#include "block/block.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "block/driver.h"
#include "vmm/log.h"

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
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->idle, NULL);
	front->loop = loop_new(NULL, err);
	if (!front->loop ||
	    (node && blk_ctx_attach(node->ctx, front->loop, err) < 0) ||
	    start_thread(front, err) < 0) {
		if (node)
			blk_ctx_attach(node->ctx, NULL, NULL);
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
	struct blk_node *old = NULL;

	if (!front)
		return;
	blk_front_replace(front, NULL, &old, NULL);
	loop_quit(front->loop);
	pthread_join(front->thread, NULL);
	loop_free(front->loop);
	blk_node_unref(old);
	list_del(&front->link);
	pthread_mutex_destroy(&front->lock);
	pthread_cond_destroy(&front->idle);
	free(front);
}

uint64_t blk_size(const struct blk_front *front)
{
	return front->node ? front->node->size : 0;
}

static void one_less(struct blk_front *front)
{
	pthread_mutex_lock(&front->lock);
	if (!--front->in_flight)
		pthread_cond_broadcast(&front->idle);
	pthread_mutex_unlock(&front->lock);
}

static void deliver(void *ctx)
{
	struct blk_req *req = ctx;

	req->done(req, req->rc);
}

static void finish(struct blk_req *req)
{
	struct blk_front *front = req->front;

	if (req->loop) {
		loop_task_init(&req->task, deliver, req);
		loop_post(req->loop, &req->task);
	} else {
		req->done(req, req->rc);
	}
	one_less(front);
}

static void run(void *ctx)
{
	struct blk_req *req = ctx;
	struct blk_front *front = req->front;

	req->finish = finish;
	if (!front->node) {
		req->rc = -ENOMEDIUM;
		finish(req);
		return;
	}
	if (front->writethrough && req->op != BLK_READ)
		req->flags |= BLK_FUA;
	blk_node_start(front->node, req);
}

void blk_submit(struct blk_front *front, struct blk_req *req)
{
	req->front = front;
	pthread_mutex_lock(&front->lock);
	front->in_flight++;
	pthread_mutex_unlock(&front->lock);
	loop_task_init(&req->task, run, req);
	loop_post(front->loop, &req->task);
}

void blk_drain(struct blk_front *front)
{
	pthread_mutex_lock(&front->lock);
	while (front->in_flight)
		pthread_cond_wait(&front->idle, &front->lock);
	pthread_mutex_unlock(&front->lock);
}

struct call {
	struct blk_node *node;
	int (*fn)(struct blk_node *node, void *ctx);
	void *ctx;
	int rc;
};

static void call_in_thread(void *arg)
{
	struct call *call = arg;

	blk_node_drain(call->node);
	call->rc = call->fn(call->node, call->ctx);
}

int blk_front_call(struct blk_front *front,
		   int (*fn)(struct blk_node *node, void *ctx), void *ctx)
{
	struct call call = {.node = front->node, .fn = fn, .ctx = ctx};

	if (!front->node)
		return -ENOMEDIUM;
	blk_drain(front);
	loop_call(front->loop, call_in_thread, &call);
	return call.rc;
}

struct change {
	struct blk_front *front;
	struct blk_node *node;
	struct error *err;
	int rc;
};

static void change_in_thread(void *arg)
{
	struct change *c = arg;
	struct blk_node *old = c->front->node;

	c->rc = c->node ? blk_ctx_attach(c->node->ctx, c->front->loop, c->err)
			: 0;
	if (c->rc < 0)
		return;
	if (old) {
		blk_node_drain(old);
		if (!old->readonly && blk_flush(old) < 0)
			log_warn("%s: cannot flush '%s'", c->front->id,
				 old->filename);
		if (!c->node || c->node->ctx != old->ctx)
			blk_ctx_attach(old->ctx, NULL, NULL);
	}
	c->front->node = c->node;
}

int blk_front_replace(struct blk_front *front, struct blk_node *node,
		      struct blk_node **old, struct error *err)
{
	struct change c = {.front = front, .node = node, .err = err};

	blk_drain(front);
	*old = front->node;
	loop_call(front->loop, change_in_thread, &c);
	return c.rc;
}
