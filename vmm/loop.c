/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event loops over epoll.  Clocks wake it by a timerfd each, other threads by
 * an eventfd.  Plain files, which epoll refuses, are always ready: as long as
 * there is one that wants events, the loop does not sleep.
 */
#include "vmm/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOP_BATCH 32

/* Looking around before sleep: for how long, and how often with success until
 * file descriptors have their turn. */
#define SPIN_MIN    4000 /* ns */
#define SPIN_MAX    32768
#define SPIN_ROUNDS 64

struct loop_fd {
	struct list link;
	struct loop *loop;
	int fd;
	uint32_t events;
	bool plain; /* not for epoll: always ready */
	bool dead; /* freed at the end of the turn */
	void (*fn)(void *ctx, uint32_t events);
	void *ctx;
};

struct loop_clock {
	struct list link;
	struct loop *loop;
	struct clock *clock;
	struct loop_fd *lfd;
	int timerfd;
};

struct loop {
	int epfd, wakefd;
	pthread_mutex_t *lock;
	_Atomic bool quit;
	bool dead_fds;
	unsigned nplain;
	struct list fds, clocks, pollers;
	struct loop_spin limits;
	int64_t spin; /* ns; 0: not worth it */
	int64_t idle_since; /* 0: pollers had something just now */
	_Atomic bool posted; /* tasks may have some */
	pthread_mutex_t post_lock; /* guards all below, and links of tasks */
	struct list tasks;
	bool asleep; /* posting has to wake it */
};

static void lock(struct loop *loop)
{
	if (loop->lock)
		pthread_mutex_lock(loop->lock);
}

static void unlock(struct loop *loop)
{
	if (loop->lock)
		pthread_mutex_unlock(loop->lock);
}

static void drain_wake(void *ctx, uint32_t events)
{
	struct loop *loop = ctx;
	uint64_t n;

	(void)events;
	if (read(loop->wakefd, &n, sizeof(n)) < 0)
		return; /* somebody's write was seen already */
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	if (write(loop->wakefd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it wakes all the same */
}

struct loop *loop_new(pthread_mutex_t *machine_lock, struct error *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	list_init(&loop->fds);
	list_init(&loop->clocks);
	list_init(&loop->pollers);
	loop_set_spin(loop, &(struct loop_spin){.max = SPIN_MAX});
	list_init(&loop->tasks);
	pthread_mutex_init(&loop->post_lock, NULL);
	loop->lock = machine_lock;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	loop->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epfd < 0 || loop->wakefd < 0) {
		error_errno(err, errno, "event loop");
		loop_free(loop);
		return NULL;
	}
	if (!loop_add_fd(loop, loop->wakefd, EPOLLIN, drain_wake, loop, err)) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	struct loop_fd *lfd, *tmp;

	if (!loop)
		return;
	while (!list_empty(&loop->clocks))
		loop_del_clock(loop, container_of(loop->clocks.next,
						  struct loop_clock, link)
					     ->clock);
	list_for_each_safe (lfd, tmp, &loop->fds, struct loop_fd, link) {
		list_del(&lfd->link);
		free(lfd);
	}
	if (loop->epfd >= 0)
		close(loop->epfd);
	if (loop->wakefd >= 0)
		close(loop->wakefd);
	pthread_mutex_destroy(&loop->post_lock);
	free(loop);
}

static int epoll_update(struct loop_fd *lfd, int op)
{
	struct epoll_event ev = {.events = lfd->events, .data.ptr = lfd};

	return epoll_ctl(lfd->loop->epfd, op, lfd->fd, &ev) < 0 ? -errno : 0;
}

struct loop_fd *loop_add_fd(struct loop *loop, int fd, uint32_t events,
			    void (*fn)(void *, uint32_t), void *ctx,
			    struct error *err)
{
	struct loop_fd *lfd = calloc(1, sizeof(*lfd));
	int rc;

	if (!lfd) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	*lfd = (struct loop_fd){
		.loop = loop, .fd = fd, .events = events, .fn = fn, .ctx = ctx};
	rc = epoll_update(lfd, EPOLL_CTL_ADD);
	if (rc == -EPERM) {
		lfd->plain = true;
		loop->nplain++;
	} else if (rc < 0) {
		error_errno(err, -rc, "cannot watch file descriptor %d", fd);
		free(lfd);
		return NULL;
	}
	list_add_tail(&loop->fds, &lfd->link);
	return lfd;
}

void loop_mod_fd(struct loop_fd *lfd, uint32_t events)
{
	if (lfd->events == events)
		return;
	lfd->events = events;
	if (!lfd->plain)
		epoll_update(lfd, EPOLL_CTL_MOD);
}

void loop_del_fd(struct loop_fd *lfd)
{
	if (!lfd || lfd->dead)
		return;
	if (lfd->plain)
		lfd->loop->nplain--;
	else
		epoll_update(lfd, EPOLL_CTL_DEL);
	/* Events of this turn may still point here. */
	lfd->dead = true;
	lfd->loop->dead_fds = true;
}

static void bury(struct loop *loop)
{
	struct loop_fd *lfd, *tmp;

	if (!loop->dead_fds)
		return;
	loop->dead_fds = false;
	list_for_each_safe (lfd, tmp, &loop->fds, struct loop_fd, link)
		if (lfd->dead) {
			list_del(&lfd->link);
			free(lfd);
		}
}

static void clock_due(void *ctx, uint32_t events)
{
	struct loop_clock *lc = ctx;
	uint64_t n;

	(void)events;
	if (read(lc->timerfd, &n, sizeof(n)) < 0)
		return; /* rearmed for later meanwhile */
	clock_run(lc->clock);
}

static void clock_rearm(struct clock *clock)
{
	struct loop_clock *lc = clock->waiter;
	int64_t deadline = clock_deadline(clock), wait;
	struct itimerspec spec = {0};

	if (deadline != INT64_MAX && !clock->stopped_at) {
		wait = deadline - clock_now(clock);
		if (wait < 1)
			wait = 1;
		spec.it_value.tv_sec = wait / NS_PER_SEC;
		spec.it_value.tv_nsec = wait % NS_PER_SEC;
	}
	timerfd_settime(lc->timerfd, 0, &spec, NULL);
}

int loop_add_clock(struct loop *loop, struct clock *clock, struct error *err)
{
	struct loop_clock *lc = calloc(1, sizeof(*lc));

	if (!lc)
		return error_set(err, ENOMEM, "out of memory");
	lc->loop = loop;
	lc->clock = clock;
	lc->timerfd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (lc->timerfd < 0) {
		free(lc);
		return error_errno(err, errno, "timerfd");
	}
	lc->lfd = loop_add_fd(loop, lc->timerfd, EPOLLIN, clock_due, lc, err);
	if (!lc->lfd) {
		close(lc->timerfd);
		free(lc);
		return -ENOMEM;
	}
	list_add_tail(&loop->clocks, &lc->link);
	clock->waiter = lc;
	clock->rearm = clock_rearm;
	clock_rearm(clock);
	return 0;
}

void loop_del_clock(struct loop *loop, struct clock *clock)
{
	struct loop_clock *lc = clock->waiter;

	(void)loop;
	if (!lc)
		return;
	clock->rearm = NULL;
	clock->waiter = NULL;
	loop_del_fd(lc->lfd);
	close(lc->timerfd);
	list_del(&lc->link);
	free(lc);
}

void loop_task_init(struct loop_task *task, void (*fn)(void *), void *ctx)
{
	list_init(&task->link);
	task->fn = fn;
	task->ctx = ctx;
}

static bool queued(const struct loop_task *task)
{
	return task->link.next && !list_empty(&task->link);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	bool must_wake = false;

	pthread_mutex_lock(&loop->post_lock);
	if (!queued(task)) {
		list_add_tail(&loop->tasks, &task->link);
		loop->posted = true;
		must_wake = loop->asleep;
		loop->asleep = false;
	}
	pthread_mutex_unlock(&loop->post_lock);
	if (must_wake)
		wake(loop);
}

bool loop_unpost(struct loop *loop, struct loop_task *task)
{
	bool was;

	pthread_mutex_lock(&loop->post_lock);
	was = queued(task);
	if (was)
		list_del(&task->link);
	pthread_mutex_unlock(&loop->post_lock);
	return was;
}

/* Those that are there now: what they post themselves waits for its turn. */
static void run_tasks(struct loop *loop)
{
	struct list batch, *e;
	struct loop_task *task;

	list_init(&batch);
	pthread_mutex_lock(&loop->post_lock);
	loop->asleep = false;
	loop->posted = false;
	while ((e = list_pop(&loop->tasks)) != NULL)
		list_add_tail(&batch, e);
	pthread_mutex_unlock(&loop->post_lock);
	for (;;) {
		pthread_mutex_lock(&loop->post_lock);
		e = list_pop(&batch);
		pthread_mutex_unlock(&loop->post_lock);
		if (!e)
			return;
		task = container_of(e, struct loop_task, link);
		task->fn(task->ctx);
	}
}

struct call {
	struct loop_task task;
	void (*fn)(void *);
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};

static void run_call(void *ctx)
{
	struct call *call = ctx;

	call->fn(call->ctx);
	pthread_mutex_lock(&call->lock);
	call->done = true;
	pthread_cond_signal(&call->cond);
	pthread_mutex_unlock(&call->lock);
}

void loop_call(struct loop *loop, void (*fn)(void *), void *ctx)
{
	struct call call = {
		.fn = fn,
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER,
	};

	loop_task_init(&call.task, run_call, &call);
	loop_post(loop, &call.task);
	pthread_mutex_lock(&call.lock);
	while (!call.done)
		pthread_cond_wait(&call.cond, &call.lock);
	pthread_mutex_unlock(&call.lock);
}

static void run_plain(struct loop *loop)
{
	struct loop_fd *lfd;

	if (!loop->nplain)
		return;
	list_for_each (lfd, &loop->fds, struct loop_fd, link)
		if (lfd->plain && lfd->events && !lfd->dead)
			lfd->fn(lfd->ctx, lfd->events);
}

static bool plain_waits(const struct loop *loop)
{
	const struct loop_fd *lfd;

	if (!loop->nplain)
		return false;
	list_for_each (lfd, &loop->fds, struct loop_fd, link)
		if (lfd->plain && lfd->events && !lfd->dead)
			return true;
	return false;
}

/* An earlier callback of this turn may have deleted or changed lfd. */
static void dispatch(struct loop_fd *lfd, uint32_t events)
{
	events &= lfd->events | EPOLLERR | EPOLLHUP;
	if (!lfd->dead && events)
		lfd->fn(lfd->ctx, events);
}

/* From now on who posts has to wake the loop; false: it may not sleep. */
static bool go_to_sleep(struct loop *loop)
{
	bool may;

	pthread_mutex_lock(&loop->post_lock);
	may = list_empty(&loop->tasks);
	loop->asleep = may;
	pthread_mutex_unlock(&loop->post_lock);
	return may;
}

void loop_set_spin(struct loop *loop, const struct loop_spin *spin)
{
	loop->limits = *spin;
	if (!spin->grow)
		loop->limits.grow = 2;
	if (!spin->shrink)
		loop->limits.shrink = 2;
	loop->spin = 0;
}

void loop_add_poller(struct loop *loop, struct loop_poller *poller)
{
	list_add_tail(&loop->pollers, &poller->link);
}

void loop_del_poller(struct loop_poller *poller)
{
	list_del(&poller->link);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static int64_t longer(int64_t spin, const struct loop_spin *l)
{
	if (!spin)
		return SPIN_MIN < l->max ? SPIN_MIN : l->max;
	return spin < l->max / l->grow ? spin * l->grow : l->max;
}

static int64_t shorter(int64_t spin, const struct loop_spin *l)
{
	return spin > SPIN_MIN ? spin / l->shrink : 0;
}

/* Spinning pays if what was waited for comes soon, and not too late for it. */
static void end_idling(struct loop *loop)
{
	const struct loop_spin *l = &loop->limits;
	int64_t idle;

	if (!loop->idle_since)
		return;
	idle = now_ns() - loop->idle_since;
	loop->idle_since = 0;
	if (idle <= loop->spin)
		return;
	loop->spin =
		idle > l->max ? shorter(loop->spin, l) : longer(loop->spin, l);
}

static bool poll_all(struct loop *loop)
{
	struct loop_poller *p, *tmp;
	bool any = false;

	list_for_each_safe (p, tmp, &loop->pollers, struct loop_poller, link)
		any |= p->poll(p->ctx);
	if (any)
		end_idling(loop);
	return any;
}

static bool settle_all(struct loop *loop)
{
	struct loop_poller *p, *tmp;
	bool any = false;

	lock(loop);
	list_for_each_safe (p, tmp, &loop->pollers, struct loop_poller, link)
		any |= p->settle && p->settle(p->ctx);
	if (any)
		end_idling(loop);
	unlock(loop);
	return any;
}

/* False: nothing came any more, and the loop may sleep. */
static bool spin(struct loop *loop)
{
	unsigned rounds = 0;
	int64_t now;

	while (rounds < SPIN_ROUNDS) {
		if (loop->posted)
			run_tasks(loop);
		if (poll_all(loop)) {
			rounds++;
			continue;
		}
		now = now_ns();
		if (!loop->idle_since)
			loop->idle_since = now;
		if (now - loop->idle_since >= loop->spin)
			return false;
		__builtin_ia32_pause();
	}
	return true;
}

/* May the loop wait? */
static bool prepare_wait(struct loop *loop)
{
	if (list_empty(&loop->pollers))
		return go_to_sleep(loop);
	if (!loop->lock && spin(loop))
		return false;
	return !settle_all(loop) && go_to_sleep(loop);
}

void loop_turn(struct loop *loop, int timeout_ms)
{
	struct epoll_event ev[LOOP_BATCH];
	int i, n;

	if (plain_waits(loop))
		timeout_ms = 0;
	if (!timeout_ms)
		settle_all(loop);
	else if (!prepare_wait(loop))
		timeout_ms = 0;
	n = epoll_wait(loop->epfd, ev, LOOP_BATCH, timeout_ms);
	lock(loop);
	for (i = 0; i < n; i++)
		dispatch(ev[i].data.ptr, ev[i].events);
	run_plain(loop);
	poll_all(loop);
	run_tasks(loop);
	bury(loop);
	unlock(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->quit)
		loop_turn(loop, -1);
}

void loop_quit(struct loop *loop)
{
	loop->quit = true;
	wake(loop);
}
