/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where nodes do their work: completions, deferred tasks, worker threads.
 *
 * One eventfd wakes the owner: workers write to it when the first result comes
 * in, native AIO does by itself.  A loop watches it for edges, and so need not
 * read it; without a loop, reading it is the waiting.  What the owner has to
 * do later itself needs no waking: a loop has a task posted, and others poll
 * before they wait.
 */
#include "block/ctx.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "block/node.h"
#include "vmm/thread.h"
#include "vmm/timer.h"

#define MAX_WORKERS 16

struct blk_ctx {
	unsigned refs;
	struct list link; /* of the machine's */
	struct blk_fronts *all;
	struct blk_ctx *next; /* ring of those with one owner */
	int fd;
	struct loop *loop;
	struct loop_fd *lfd;
	struct loop_task later; /* reaps, in the loop */
	struct loop_poller poller; /* so does this */
	struct clock clock;
	bool has_timers; /* somebody asked for the clock */
	unsigned polling; /* depth */
	unsigned number;
	struct list nodes, pollers;
	struct list tasks, completed;

	_Atomic bool any_finished;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	struct list queue, finished;
	pthread_t *thread;
	unsigned threads, idle, max;
	bool stop;
};

static void reap_later(void *arg);
static bool reap_alive(void *arg);

struct blk_ctx *blk_ctx_new(struct error *err)
{
	struct blk_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	ctx->fd = eventfd(0, EFD_CLOEXEC);
	if (ctx->fd < 0) {
		error_errno(err, errno, "eventfd");
		free(ctx);
		return NULL;
	}
	ctx->refs = 1;
	ctx->next = ctx;
	list_init(&ctx->link);
	ctx->max = MAX_WORKERS;
	clock_init_realtime(&ctx->clock);
	loop_task_init(&ctx->later, reap_later, ctx);
	ctx->poller = (struct loop_poller){.poll = reap_alive, .ctx = ctx};
	list_init(&ctx->poller.link);
	list_init(&ctx->nodes);
	list_init(&ctx->pollers);
	list_init(&ctx->tasks);
	list_init(&ctx->completed);
	list_init(&ctx->queue);
	list_init(&ctx->finished);
	pthread_mutex_init(&ctx->lock, NULL);
	pthread_cond_init(&ctx->work, NULL);
	return ctx;
}

struct blk_ctx *blk_ctx_new_in(struct blk_fronts *all, struct error *err)
{
	struct blk_ctx *ctx = blk_ctx_new(err);

	if (!ctx)
		return NULL;
	ctx->all = all;
	list_add_tail(&all->ctxs, &ctx->link);
	return ctx;
}

struct blk_ctx *blk_ctx_ref(struct blk_ctx *ctx)
{
	ctx->refs++;
	return ctx;
}

static void stop_workers(struct blk_ctx *ctx)
{
	unsigned i;

	pthread_mutex_lock(&ctx->lock);
	ctx->stop = true;
	pthread_cond_broadcast(&ctx->work);
	pthread_mutex_unlock(&ctx->lock);
	for (i = 0; i < ctx->threads; i++)
		pthread_join(ctx->thread[i], NULL);
	free(ctx->thread);
}

static void leave_loop(struct blk_ctx *ctx)
{
	loop_del_fd(ctx->lfd);
	loop_del_poller(&ctx->poller);
	if (ctx->loop)
		loop_unpost(ctx->loop, &ctx->later);
	if (ctx->loop && ctx->has_timers)
		loop_del_clock(ctx->loop, &ctx->clock);
	ctx->lfd = NULL;
	ctx->loop = NULL;
}

static void leave_ring(struct blk_ctx *ctx)
{
	struct blk_ctx *before = ctx;

	while (before->next != ctx)
		before = before->next;
	before->next = ctx->next;
	ctx->next = ctx;
}

void blk_ctx_unref(struct blk_ctx *ctx)
{
	if (!ctx || --ctx->refs)
		return;
	stop_workers(ctx);
	leave_loop(ctx);
	leave_ring(ctx);
	list_del(&ctx->link);
	close(ctx->fd);
	pthread_mutex_destroy(&ctx->lock);
	pthread_cond_destroy(&ctx->work);
	free(ctx);
}

static void kick(struct blk_ctx *ctx)
{
	uint64_t one = 1;

	if (write(ctx->fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it wakes all the same */
}

static void sleep_until_kicked(struct blk_ctx *ctx)
{
	uint64_t n;

	if (read(ctx->fd, &n, sizeof(n)) < 0)
		return; /* a signal */
}

static bool take_finished(struct blk_ctx *ctx)
{
	struct list batch, *e;
	struct blk_work *work;
	bool any;

	if (!ctx->any_finished)
		return false;
	list_init(&batch);
	pthread_mutex_lock(&ctx->lock);
	ctx->any_finished = false;
	any = !list_empty(&ctx->finished);
	if (any) {
		list_insert(ctx->finished.next, &batch);
		list_del(&ctx->finished);
	}
	pthread_mutex_unlock(&ctx->lock);
	while ((e = list_pop(&batch))) {
		work = container_of(e, struct blk_work, link);
		work->done(work);
	}
	return any;
}

static bool run_pollers(struct blk_ctx *ctx)
{
	struct blk_poller *p, *tmp;
	bool any = false;

	list_for_each_safe (p, tmp, &ctx->pollers, struct blk_poller, link)
		any |= p->poll(p);
	return any;
}

static bool run_one(struct blk_ctx *ctx)
{
	struct list *e = list_pop(&ctx->completed);
	struct blk_task *task;
	struct blk_req *req;

	if (e) {
		req = container_of(e, struct blk_req, link);
		if (req->node)
			req->node->in_flight--;
		if (req->finish)
			req->finish(req);
		else
			req->done(req, req->rc);
		return true;
	}
	e = list_pop(&ctx->tasks);
	if (!e)
		return false;
	task = container_of(e, struct blk_task, link);
	task->run(task);
	return true;
}

static bool reap(struct blk_ctx *ctx)
{
	bool any;

	ctx->polling++;
	any = take_finished(ctx);
	any |= run_pollers(ctx);
	while (run_one(ctx))
		any = true;
	ctx->polling--;
	return any;
}

static bool reap_ring(struct blk_ctx *ctx)
{
	struct blk_ctx *c = ctx, *next;
	bool any = false;

	do {
		blk_ctx_ref(c);
		any |= reap(c);
		next = c->next;
		blk_ctx_unref(c);
		c = next;
	} while (c != ctx);
	return any;
}

static nfds_t ring_len(const struct blk_ctx *ctx)
{
	const struct blk_ctx *c;
	nfds_t n = 1;

	for (c = ctx->next; c != ctx; c = c->next)
		n++;
	return n;
}

/* Until one of the ring has something to do. */
static void wait_ring(struct blk_ctx *ctx)
{
	nfds_t n = ring_len(ctx), i;
	struct pollfd *pfd = n == 1 ? NULL : calloc(n, sizeof(*pfd));
	struct blk_ctx *c = ctx;

	if (n == 1) {
		sleep_until_kicked(ctx);
		return;
	}
	if (!pfd) {
		poll(NULL, 0, 1); /* then look again */
		return;
	}
	for (i = 0; i < n; i++, c = c->next)
		pfd[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
	if (poll(pfd, n, -1) > 0)
		for (i = 0; i < n; i++, c = c->next)
			if (pfd[i].revents)
				sleep_until_kicked(c);
	free(pfd);
}

void blk_ctx_poll(struct blk_ctx *ctx, bool wait)
{
	while (!reap_ring(ctx) && wait)
		wait_ring(ctx);
}

void blk_ctx_run(struct blk_ctx *ctx, void (*fn)(void *), void *arg)
{
	ctx->polling++;
	fn(arg);
	ctx->polling--;
	reap_later(ctx);
}

static bool reap_alive(void *arg)
{
	struct blk_ctx *ctx = arg;
	bool any;

	blk_ctx_ref(ctx);
	any = reap(ctx);
	blk_ctx_unref(ctx);
	return any;
}

static void reap_later(void *arg)
{
	reap_alive(arg);
}

/* The poller does it all. */
static void on_event(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

static int attach(struct blk_ctx *ctx, struct loop *loop, struct error *err)
{
	leave_loop(ctx);
	if (!loop)
		return 0;
	ctx->loop = loop;
	ctx->lfd = loop_add_fd(loop, ctx->fd, EPOLLIN | EPOLLET, on_event, ctx,
			       err);
	if (!ctx->lfd ||
	    (ctx->has_timers && loop_add_clock(loop, &ctx->clock, err) < 0)) {
		leave_loop(ctx);
		return -ENOMEM;
	}
	loop_add_poller(loop, &ctx->poller);
	kick(ctx); /* for what is there already */
	return 0;
}

int blk_ctx_attach(struct blk_ctx *ctx, struct loop *loop, struct error *err)
{
	struct blk_ctx *c = ctx;
	int rc = 0;

	do {
		rc = attach(c, loop, err);
		c = c->next;
	} while (rc == 0 && c != ctx);
	if (rc < 0)
		blk_ctx_attach(ctx, NULL, NULL);
	return rc;
}

static bool is_linked(const struct blk_ctx *a, const struct blk_ctx *b)
{
	const struct blk_ctx *c;

	for (c = a->next; c != a && c != b; c = c->next)
		;
	return c == b;
}

int blk_ctx_link(struct blk_ctx *a, struct blk_ctx *b, struct error *err)
{
	struct blk_ctx *next = a->next;
	int rc = 0;

	if (is_linked(a, b))
		return 0;
	if (a->loop && b->loop && a->loop != b->loop)
		return error_set(err, EBUSY,
				 "these nodes are at work for different "
				 "devices, each in a thread of its own");
	if (a->loop != b->loop)
		rc = blk_ctx_attach(a->loop ? b : a,
				    a->loop ? a->loop : b->loop, err);
	if (rc < 0)
		return rc;
	a->next = b->next;
	b->next = next;
	return 0;
}

struct blk_ctx *blk_ctx_next(struct blk_ctx *ctx, struct blk_ctx *at)
{
	const struct list *next;

	if (!ctx->all)
		return at ? NULL : ctx;
	next = at ? at->link.next : ctx->all->ctxs.next;
	return next == &ctx->all->ctxs
		       ? NULL
		       : container_of(next, struct blk_ctx, link);
}

struct blk_ctx *blk_ctx_of(struct list *link)
{
	return container_of(link, struct blk_ctx, link);
}

bool blk_ctx_is_shared(const struct blk_ctx *ctx)
{
	return ctx->all != NULL;
}

struct blk_fronts *blk_ctx_machine(const struct blk_ctx *ctx)
{
	return ctx->all;
}

static bool has_users(const struct blk_ctx *ctx)
{
	const struct blk_node *node;

	list_for_each (node, &ctx->nodes, struct blk_node, link)
		if (!list_empty(&node->users))
			return true;
	return false;
}

bool blk_ctx_is_used(struct blk_ctx *ctx)
{
	const struct blk_ctx *c;

	for (c = ctx->next; c != ctx && !has_users(c); c = c->next)
		;
	return has_users(c);
}

void blk_ctx_call(struct blk_ctx *ctx, void (*fn)(void *arg), void *arg)
{
	if (ctx->loop)
		loop_call(ctx->loop, fn, arg);
	else
		fn(arg);
}

struct clock *blk_ctx_clock(struct blk_ctx *ctx)
{
	if (!ctx->has_timers && ctx->loop &&
	    loop_add_clock(ctx->loop, &ctx->clock, NULL) < 0)
		return &ctx->clock; /* they will not run */
	ctx->has_timers = true;
	return &ctx->clock;
}

struct loop *blk_ctx_loop(const struct blk_ctx *ctx)
{
	return ctx->loop;
}

void blk_ctx_defer(struct blk_ctx *ctx, struct blk_task *task)
{
	if (task->link.next && !list_empty(&task->link))
		return;
	if (ctx->loop && !ctx->polling)
		loop_post(ctx->loop, &ctx->later);
	list_add_tail(&ctx->tasks, &task->link);
}

void blk_ctx_complete(struct blk_ctx *ctx, struct blk_req *req, int rc)
{
	req->rc = rc;
	if (ctx->loop && !ctx->polling)
		loop_post(ctx->loop, &ctx->later);
	list_add_tail(&ctx->completed, &req->link);
}

static void finish_work(struct blk_ctx *ctx, struct blk_work *work)
{
	bool first = list_empty(&ctx->finished);

	list_add_tail(&ctx->finished, &work->link);
	ctx->any_finished = true;
	if (first)
		kick(ctx);
}

static void *worker(void *arg)
{
	struct blk_ctx *ctx = arg;
	struct blk_work *work;
	struct list *e;

	pthread_mutex_lock(&ctx->lock);
	while (!ctx->stop) {
		e = list_pop(&ctx->queue);
		if (!e) {
			ctx->idle++;
			pthread_cond_wait(&ctx->work, &ctx->lock);
			ctx->idle--;
			continue;
		}
		pthread_mutex_unlock(&ctx->lock);
		work = container_of(e, struct blk_work, link);
		work->run(work);
		pthread_mutex_lock(&ctx->lock);
		finish_work(ctx, work);
	}
	pthread_mutex_unlock(&ctx->lock);
	return NULL;
}

/* With the lock held. */
static void add_worker(struct blk_ctx *ctx)
{
	pthread_t *grown =
		realloc(ctx->thread, (ctx->threads + 1) * sizeof(*ctx->thread));

	if (!grown)
		return;
	ctx->thread = grown;
	if (!thread_start(&grown[ctx->threads], "block worker", worker, ctx))
		ctx->threads++;
}

void blk_ctx_work(struct blk_ctx *ctx, struct blk_work *work)
{
	bool here;

	pthread_mutex_lock(&ctx->lock);
	list_add_tail(&ctx->queue, &work->link);
	if (ctx->idle)
		pthread_cond_signal(&ctx->work);
	else if (ctx->threads < ctx->max)
		add_worker(ctx);
	/* No thread can be had: the owner has to do it. */
	here = !ctx->threads;
	if (here)
		list_del(&work->link);
	pthread_mutex_unlock(&ctx->lock);
	if (!here)
		return;
	work->run(work);
	pthread_mutex_lock(&ctx->lock);
	finish_work(ctx, work);
	pthread_mutex_unlock(&ctx->lock);
}

void blk_ctx_set_workers(struct blk_ctx *ctx, unsigned max)
{
	pthread_mutex_lock(&ctx->lock);
	ctx->max = max ? max : 1;
	pthread_mutex_unlock(&ctx->lock);
}

void blk_ctx_add_poller(struct blk_ctx *ctx, struct blk_poller *poller)
{
	list_add_tail(&ctx->pollers, &poller->link);
}

void blk_ctx_del_poller(struct blk_poller *poller)
{
	list_del(&poller->link);
}

int blk_ctx_fd(const struct blk_ctx *ctx)
{
	return ctx->fd;
}

struct list *blk_ctx_nodes(struct blk_ctx *ctx)
{
	return &ctx->nodes;
}

unsigned blk_ctx_number(struct blk_ctx *ctx)
{
	return ctx->all ? ctx->all->nodes++ : ctx->number++;
}
