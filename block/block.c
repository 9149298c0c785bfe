/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Front ends: their I/O threads and requests. */
#include "block/block.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"
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

void blk_fronts_init(struct blk_fronts *all)
{
	all->nodes = 0;
	list_init(&all->list);
	list_init(&all->groups);
	list_init(&all->named);
}

static bool is_numbered(const struct blk_node *node)
{
	return *node->name == '#';
}

static int check_name(struct blk_fronts *all, const struct blk_node *node,
		      struct error *err)
{
	const struct blk_node *named;
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		if (f->node && f->node->ctx != node->ctx &&
		    blk_node_find(f->node->ctx, node->name))
			return error_set(err, EEXIST,
					 "Duplicate nodes with node-name='%s'",
					 node->name);
	named = blk_named_find(all, node->name);
	if (named && named->ctx != node->ctx)
		return error_set(err, EEXIST,
				 "Duplicate nodes with node-name='%s'",
				 node->name);
	return 0;
}

struct blk_front *blk_front_find(const struct blk_fronts *all, const char *id)
{
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		if (!strcmp(f->id, id))
			return f;
	return NULL;
}

/* Names are the machine's, not of one graph alone. */
static int name_nodes(struct blk_fronts *all, struct blk_node *root,
		      struct error *err)
{
	struct blk_node *node;
	int rc = 0;

	list_for_each (node, blk_ctx_nodes(root->ctx), struct blk_node, link) {
		if (is_numbered(node))
			snprintf(node->name, sizeof(node->name), "#block%03u",
				 all->nodes++);
		else if (rc == 0)
			rc = check_name(all, node, err);
	}
	return rc;
}

struct blk_front *blk_front_new(struct blk_fronts *all, const char *id,
				struct blk_node *node, bool removable,
				struct error *err)
{
	struct blk_front *front;

	if (node && name_nodes(all, node, err) < 0)
		return NULL;
	front = calloc(1, sizeof(*front));
	if (!front) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(front->id, sizeof(front->id), "%s", id);
	front->removable = removable;
	front->readonly = node ? node->readonly : removable;
	front->werror = BLK_ENOSPC;
	front->rerror = BLK_REPORT;
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
	blk_front_drop_limits(front);
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

void blk_front_start(struct blk_front *front, struct blk_req *req)
{
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

static void run(void *ctx)
{
	struct blk_req *req = ctx;

	if (!blk_front_hold(req->front, req))
		blk_front_start(req->front, req);
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
	blk_front_open_limits(front, true);
	pthread_mutex_lock(&front->lock);
	while (front->in_flight)
		pthread_cond_wait(&front->idle, &front->lock);
	pthread_mutex_unlock(&front->lock);
	blk_front_open_limits(front, false);
}

struct call {
	struct blk_front *front;
	int (*fn)(struct blk_node *node, void *ctx);
	void *ctx;
	int rc;
};

static void call_in_thread(void *arg)
{
	struct call *call = arg;

	blk_node_drain(call->front->node);
	call->rc = call->fn(blk_node_image(call->front->node), call->ctx);
}

int blk_front_call(struct blk_front *front,
		   int (*fn)(struct blk_node *node, void *ctx), void *ctx)
{
	struct call call = {.front = front, .fn = fn, .ctx = ctx};

	if (!front->node)
		return -ENOMEDIUM;
	blk_drain(front);
	loop_call(front->loop, call_in_thread, &call);
	return call.rc;
}

struct look {
	struct blk_node *node;
	void (*fn)(struct blk_node *node, void *ctx);
	void *ctx;
};

static void look_in_thread(void *arg)
{
	struct look *look = arg;

	look->fn(look->node, look->ctx);
}

void blk_front_look(struct blk_front *front,
		    void (*fn)(struct blk_node *node, void *ctx), void *ctx)
{
	struct look look = {.node = front->node, .fn = fn, .ctx = ctx};

	if (front->node)
		loop_call(front->loop, look_in_thread, &look);
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
