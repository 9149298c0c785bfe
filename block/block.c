/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Front ends: their I/O threads and requests. */
#include "block/block.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"
#include "block/perms.h"
#include "vmm/log.h"

void blk_fronts_init(struct blk_fronts *all)
{
	all->nodes = 0;
	list_init(&all->list);
	list_init(&all->groups);
	list_init(&all->named);
	list_init(&all->ctxs);
	list_init(&all->threads);
}

void blk_fronts_fini(struct blk_fronts *all)
{
	while (!list_empty(&all->list))
		blk_front_free(
			container_of(all->list.prev, struct blk_front, link));
	blk_named_close(all);
	blk_limit_groups_free(all);
	blk_threads_free(all);
}

struct blk_front *blk_front_of_device(const struct blk_fronts *all,
				      const char *device)
{
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		if (!strcmp(f->device, device))
			return f;
	return NULL;
}

struct blk_front *blk_front_find(const struct blk_fronts *all, const char *id)
{
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		if (!strcmp(f->id, id))
			return f;
	return NULL;
}

struct attach {
	struct blk_ctx *ctx;
	struct loop *loop;
	struct error *err;
	int rc;
};

static void attach_in_thread(void *arg)
{
	struct attach *a = arg;

	a->rc = blk_ctx_attach(a->ctx, a->loop, a->err);
}

static void detach_in_thread(void *arg)
{
	blk_ctx_attach(arg, NULL, NULL);
}

/* The thread that is at work for the node, or a new one. */
static struct io_thread *find_thread(struct blk_fronts *all, const char *id,
				     struct blk_node *node, struct error *err)
{
	struct loop *loop = node ? blk_ctx_loop(node->ctx) : NULL;
	struct attach a = {.ctx = node ? node->ctx : NULL, .err = err};
	struct io_thread *t;
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		if (loop && f->loop == loop)
			return io_thread_ref(f->thread);
	t = io_thread_new(id, err);
	if (!t || !node)
		return t;
	a.loop = t->loop;
	loop_call(t->loop, attach_in_thread, &a);
	if (a.rc == 0)
		return t;
	io_thread_unref(t);
	return NULL;
}

struct use {
	struct blk_front *front;
	struct blk_node *node;
	struct error *err;
	int rc;
};

static void use_in_thread(void *arg)
{
	struct use *u = arg;
	struct blk_user *user = &u->front->user;

	user->need = u->front->wants;
	if (u->front->removable && u->node->readonly)
		user->need &= ~(unsigned)BLK_PERM_WRITE;
	list_del(&user->link);
	list_add_tail(&u->node->users, &user->link);
	u->rc = blk_perms_update(u->node->ctx, NULL, u->err);
	if (u->rc == 0)
		return;
	list_del(&user->link);
	blk_perms_update(u->node->ctx, NULL, NULL);
}

static int use(struct blk_front *front, struct blk_node *node,
	       struct error *err)
{
	struct use u = {.front = front, .node = node, .err = err};

	if (node)
		blk_ctx_call(node->ctx, use_in_thread, &u);
	return u.rc;
}

static void drop_front(struct blk_front *front, struct blk_ctx *ctx)
{
	if (ctx && !blk_ctx_is_used(ctx))
		loop_call(front->loop, detach_in_thread, ctx);
	io_thread_unref(front->thread);
	pthread_mutex_destroy(&front->lock);
	pthread_cond_destroy(&front->idle);
	free(front);
}

static void start_all(void *ctx)
{
	struct blk_front *front = ctx;
	struct list batch, free_to_go, *e;

	list_init(&batch);
	list_init(&free_to_go);
	pthread_mutex_lock(&front->lock);
	while ((e = list_pop(&front->queue)))
		list_add_tail(&batch, e);
	pthread_mutex_unlock(&front->lock);
	while ((e = list_pop(&batch)))
		if (!blk_front_hold(front,
				    container_of(e, struct blk_req, link)))
			list_add_tail(&free_to_go, e);
	blk_front_start_all(front, &free_to_go);
}

static void start_queue(void *ctx)
{
	struct blk_front *front = ctx;

	if (front->node)
		blk_ctx_run(front->node->ctx, start_all, front);
	else
		start_all(front);
}

static struct blk_front *make_front(struct blk_fronts *all, const char *id,
				    struct blk_node *node, struct error *err)
{
	struct blk_front *front = calloc(1, sizeof(*front));

	if (!front) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	front->thread = find_thread(all, id, node, err);
	if (!front->thread) {
		free(front);
		return NULL;
	}
	front->all = all;
	front->loop = front->thread->loop;
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->idle, NULL);
	list_init(&front->link);
	list_init(&front->user.link);
	list_init(&front->queue);
	loop_task_init(&front->start, start_queue, front);
	return front;
}

static struct blk_front *new_front(struct blk_fronts *all, const char *id,
				   struct blk_node *node, bool removable,
				   unsigned need, struct error *err)
{
	struct blk_front *front = make_front(all, id, node, err);

	if (!front)
		return NULL;
	snprintf(front->id, sizeof(front->id), "%s", id);
	front->removable = removable;
	front->readonly = node ? node->readonly : removable;
	front->werror = BLK_ENOSPC;
	front->rerror = BLK_REPORT;
	/* Until a device has it anything goes. */
	front->wants = need;
	front->user.share = BLK_PERM_ALL;
	if (use(front, node, err) < 0) {
		drop_front(front, node->ctx);
		return NULL;
	}
	front->node = node;
	list_add_tail(&all->list, &front->link);
	return front;
}

struct blk_front *blk_front_new(struct blk_fronts *all, const char *id,
				struct blk_node *node, bool removable,
				struct error *err)
{
	unsigned need = BLK_PERM_READ;

	if (node && !node->readonly)
		need |= BLK_PERM_WRITE;
	return new_front(all, id, node, removable, need, err);
}

struct blk_front *blk_front_of_node(struct blk_fronts *fronts, const char *name,
				    struct error *err)
{
	struct blk_node *node = blk_graph_find(fronts, name);
	struct blk_front *front;

	if (!node) {
		error_set(err, ENOENT,
			  "can't find value '%s': there is no such drive with "
			  "if=none, and no such node",
			  name);
		return NULL;
	}
	front = new_front(fronts, "", node, false, 0, err);
	if (front)
		blk_node_ref(node);
	return front;
}

int blk_front_attach(struct blk_front *front, const char *device, unsigned need,
		     unsigned share, struct error *err)
{
	unsigned wants = front->wants, shared = front->user.share;
	int rc;

	snprintf(front->device, sizeof(front->device), "%s", device);
	front->wants = need;
	front->user.share = share;
	rc = use(front, front->node, err);
	front->size_told = blk_size(front);
	if (rc == 0)
		return 0;
	*front->device = 0;
	front->wants = wants;
	front->user.share = shared;
	use(front, front->node, NULL);
	return rc;
}

void blk_front_free(struct blk_front *front)
{
	struct blk_node *old = NULL;

	if (!front)
		return;
	blk_front_replace(front, NULL, &old, NULL);
	blk_front_drop_limits(front);
	list_del(&front->link);
	blk_node_release(old);
	drop_front(front, NULL);
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

void blk_front_finish(struct blk_req *req)
{
	struct blk_front *front = req->front;

	pthread_mutex_lock(&front->lock);
	blk_stats_end(front, req);
	pthread_mutex_unlock(&front->lock);
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
	req->finish = blk_front_finish;
	if (!front->node) {
		req->rc = -ENOMEDIUM;
		blk_front_finish(req);
		return;
	}
	if (front->writethrough && req->op != BLK_READ)
		req->flags |= BLK_FUA;
	blk_node_start(front->node, req);
}

void blk_submit(struct blk_front *front, struct blk_req *req)
{
	bool first;

	req->front = front;
	blk_stats_begin(req);
	pthread_mutex_lock(&front->lock);
	front->in_flight++;
	first = list_empty(&front->queue);
	list_add_tail(&front->queue, &req->link);
	pthread_mutex_unlock(&front->lock);
	if (first)
		loop_post(front->loop, &front->start);
}

static void open_up(void *arg)
{
	blk_node_open_up(arg, true);
}

static void close_again(void *arg)
{
	blk_node_open_up(arg, false);
}

void blk_drain(struct blk_front *front)
{
	bool held = front->node && blk_node_holds_back(front->node);

	if (held)
		loop_call(front->loop, open_up, front->node);
	blk_front_open_limits(front, true);
	pthread_mutex_lock(&front->lock);
	while (front->in_flight)
		pthread_cond_wait(&front->idle, &front->lock);
	pthread_mutex_unlock(&front->lock);
	blk_front_open_limits(front, false);
	if (held)
		loop_call(front->loop, close_again, front->node);
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

static int flush_one(struct blk_node *node, void *ctx)
{
	(void)ctx;
	return node->readonly ? 0 : blk_flush(node);
}

void blk_flush_all(struct blk_fronts *all)
{
	struct blk_front *front;
	int rc;

	list_for_each (front, &all->list, struct blk_front, link) {
		rc = blk_front_call(front, flush_one, NULL);
		if (rc < 0 && rc != -ENOMEDIUM)
			log_warn("%s: cannot write all to '%s': %s", front->id,
				 front->node->filename, strerror(-rc));
	}
}

struct transfer {
	uint64_t off;
	void *to;
	const void *from;
	size_t len;
};

static int read_in_thread(struct blk_node *node, void *ctx)
{
	const struct transfer *t = ctx;

	return blk_pread(node, t->off, t->to, t->len);
}

static int write_in_thread(struct blk_node *node, void *ctx)
{
	const struct transfer *t = ctx;

	return blk_pwrite(node, t->off, t->from, t->len, 0);
}

int blk_front_read(struct blk_front *front, uint64_t off, void *buf, size_t len)
{
	struct transfer t = {.off = off, .to = buf, .len = len};

	return blk_front_call(front, read_in_thread, &t);
}

int blk_front_write(struct blk_front *front, uint64_t off, const void *buf,
		    size_t len)
{
	struct transfer t = {.off = off, .from = buf, .len = len};

	return blk_front_call(front, write_in_thread, &t);
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

static void settle(const struct blk_front *front, struct blk_node *old)
{
	blk_node_drain(old);
	if (!old->readonly && blk_flush(old) < 0)
		log_warn("%s: cannot flush '%s'", front->id, old->filename);
}

/* From one node (or NULL) to the other, or to none. */
static int move_user(struct blk_front *front, struct blk_node *to,
		     struct blk_node *from, struct error *err)
{
	struct use u = {.front = front, .node = to, .err = err};

	list_del(&front->user.link);
	if (from)
		blk_perms_update(from->ctx, NULL, NULL);
	if (to)
		use_in_thread(&u);
	if (u.rc < 0 && from)
		use_in_thread(&(struct use){.front = front, .node = from});
	return u.rc;
}

static void change_in_thread(void *arg)
{
	struct change *c = arg;
	struct blk_front *front = c->front;
	struct blk_node *old = front->node, *gone;

	if (old)
		settle(front, old);
	if (c->node)
		c->rc = blk_ctx_attach(c->node->ctx, front->loop, c->err);
	if (c->rc == 0)
		c->rc = move_user(front, c->node, old, c->err);
	if (c->rc == 0)
		front->node = c->node;
	if (c->rc == 0 && c->node)
		front->readonly = c->node->readonly;
	gone = c->rc == 0 ? old : c->node;
	if (gone && !blk_ctx_is_used(gone->ctx))
		blk_ctx_attach(gone->ctx, NULL, NULL);
}

int blk_front_replace(struct blk_front *front, struct blk_node *node,
		      struct blk_node **old, struct error *err)
{
	struct change c = {.front = front, .node = node, .err = err};
	struct loop *loop = node ? blk_ctx_loop(node->ctx) : NULL;

	if (loop && loop != front->loop)
		return error_set(err, EBUSY,
				 "the node '%s' is at work in the thread of "
				 "another device",
				 node->name);
	blk_drain(front);
	*old = front->node;
	loop_call(front->loop, change_in_thread, &c);
	return c.rc;
}
