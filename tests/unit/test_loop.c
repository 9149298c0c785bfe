/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loops: descriptors, tasks of other threads, clocks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/loop.h"

struct watch {
	struct loop_fd *lfd;
	int fd, peer;
	unsigned calls;
	uint32_t events;
	struct watch *other; /* deleted, or told to wait, by the callback */
	bool eats;
};

static struct loop *loop;

static void start(pthread_mutex_t *lock)
{
	struct error err = {0};

	loop = loop_new(lock, &err);
	ck_assert_msg(loop != NULL, "%s", err.msg);
}

static void on_fd(void *ctx, uint32_t events)
{
	struct watch *w = ctx;
	char buf[64];

	w->calls++;
	w->events = events;
	if (w->eats)
		ck_assert_int_gt(read(w->fd, buf, sizeof(buf)), 0);
	if (w->other) {
		loop_del_fd(w->other->lfd);
		w->other->lfd = NULL;
	}
}

static void open_watch(struct watch *w, uint32_t events)
{
	struct error err = {0};
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	*w = (struct watch){.fd = sv[0], .peer = sv[1]};
	w->lfd = loop_add_fd(loop, w->fd, events, on_fd, w, &err);
	ck_assert_msg(w->lfd != NULL, "%s", err.msg);
}

static void close_watch(struct watch *w)
{
	loop_del_fd(w->lfd);
	close(w->fd);
	if (w->peer >= 0)
		close(w->peer);
}

static void poke(struct watch *w)
{
	ck_assert_int_eq(write(w->peer, "x", 1), 1);
}

START_TEST(test_a_ready_descriptor)
{
	struct watch w;

	start(NULL);
	open_watch(&w, EPOLLIN);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 0);
	poke(&w);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(w.calls, 1);
	ck_assert_uint_eq(w.events, EPOLLIN);
	loop_turn(loop, 1000); /* level triggered */
	ck_assert_uint_eq(w.calls, 2);
	w.eats = true;
	loop_turn(loop, 1000);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 3);
	close_watch(&w);
	loop_turn(loop, 0);
	loop_free(loop);
}
END_TEST

START_TEST(test_events_are_chosen)
{
	struct watch w;

	start(NULL);
	open_watch(&w, 0);
	poke(&w);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 0);
	loop_mod_fd(w.lfd, EPOLLOUT);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(w.calls, 1);
	ck_assert_uint_eq(w.events, EPOLLOUT);
	loop_mod_fd(w.lfd, EPOLLIN | EPOLLOUT);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(w.events, EPOLLIN | EPOLLOUT);
	loop_mod_fd(w.lfd, 0);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 2);
	/* The other end's going is told even so. */
	close(w.peer);
	w.peer = -1;
	loop_turn(loop, 1000);
	ck_assert_uint_eq(w.calls, 3);
	ck_assert(w.events & EPOLLHUP);
	close_watch(&w);
	loop_free(loop);
}
END_TEST

START_TEST(test_a_plain_file_is_always_ready)
{
	struct watch w = {0};
	FILE *file = tmpfile();

	start(NULL);
	w.lfd = loop_add_fd(loop, fileno(file), EPOLLIN, on_fd, &w, NULL);
	ck_assert_ptr_nonnull(w.lfd);
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	ck_assert_uint_eq(w.calls, 2);
	ck_assert_uint_eq(w.events, EPOLLIN);
	loop_mod_fd(w.lfd, 0);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 2);
	loop_mod_fd(w.lfd, EPOLLOUT);
	loop_turn(loop, -1);
	ck_assert_uint_eq(w.calls, 3);
	loop_del_fd(w.lfd);
	loop_turn(loop, 0);
	ck_assert_uint_eq(w.calls, 3);
	loop_free(loop);
	fclose(file);
}
END_TEST

START_TEST(test_bad_descriptors_are_errors)
{
	struct error err = {0};
	struct watch w;

	start(NULL);
	ck_assert_ptr_null(loop_add_fd(loop, -1, EPOLLIN, on_fd, NULL, &err));
	ck_assert_int_eq(err.code, EBADF);
	open_watch(&w, EPOLLIN);
	ck_assert_ptr_null(loop_add_fd(loop, w.fd, EPOLLIN, on_fd, &w, &err));
	ck_assert_int_eq(err.code, EEXIST);
	loop_del_fd(NULL);
	close_watch(&w);
	loop_free(loop);
}
END_TEST

/* Both are ready; whichever comes first deletes the other and itself. */
START_TEST(test_removal_while_dispatching)
{
	struct watch a, b, self;

	start(NULL);
	open_watch(&a, EPOLLIN);
	open_watch(&b, EPOLLIN);
	open_watch(&self, EPOLLIN);
	a.other = &b;
	b.other = &a;
	self.other = &self;
	poke(&a);
	poke(&b);
	poke(&self);
	loop_turn(loop, 1000);
	loop_turn(loop, 0);
	ck_assert_uint_eq((a.calls > 0) + (b.calls > 0), 1);
	ck_assert_uint_eq(self.calls, 1);
	ck_assert(!a.lfd != !b.lfd);
	close_watch(&a);
	close_watch(&b);
	close_watch(&self);
	loop_free(loop);
}
END_TEST

static void stop_other(void *ctx, uint32_t events)
{
	struct watch *w = ctx;

	w->calls++;
	loop_mod_fd(w->other->lfd, 0);
}

/* An event that was taken before is not told when it is not wanted now. */
START_TEST(test_disabling_while_dispatching)
{
	struct watch a, b;

	start(NULL);
	open_watch(&a, EPOLLIN);
	open_watch(&b, EPOLLIN);
	loop_del_fd(a.lfd);
	loop_del_fd(b.lfd);
	a.other = &b;
	b.other = &a;
	a.lfd = loop_add_fd(loop, a.fd, EPOLLIN, stop_other, &a, NULL);
	b.lfd = loop_add_fd(loop, b.fd, EPOLLIN, stop_other, &b, NULL);
	poke(&a);
	poke(&b);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(a.calls + b.calls, 1);
	close_watch(&a);
	close_watch(&b);
	loop_free(loop);
}
END_TEST

struct order {
	struct loop_task task;
	char *out, c;
	bool again;
};

static void on_task(void *ctx)
{
	struct order *o = ctx;
	size_t n = strlen(o->out);

	o->out[n] = o->c;
	o->out[n + 1] = 0;
	if (o->again)
		loop_post(loop, &o->task);
}

START_TEST(test_tasks_run_in_order_and_once)
{
	char out[20] = "";
	struct order t[3];
	unsigned i;

	start(NULL);
	for (i = 0; i < 3; i++) {
		t[i] = (struct order){.out = out, .c = (char)('a' + i)};
		loop_task_init(&t[i].task, on_task, &t[i]);
	}
	loop_post(loop, &t[1].task);
	loop_post(loop, &t[0].task);
	loop_post(loop, &t[1].task);
	loop_post(loop, &t[2].task);
	ck_assert(loop_unpost(loop, &t[0].task));
	ck_assert(!loop_unpost(loop, &t[0].task));
	loop_turn(loop, -1);
	ck_assert_str_eq(out, "bc");
	ck_assert(!loop_unpost(loop, &t[1].task));
	loop_post(loop, &t[1].task);
	loop_turn(loop, -1);
	ck_assert_str_eq(out, "bcb");
	loop_free(loop);
}
END_TEST

/* A task that posts itself does not keep the loop from anything else. */
START_TEST(test_a_task_that_posts_itself_runs_once_a_turn)
{
	struct order t = {.c = 'x', .again = true};
	char out[20] = "";
	struct watch w;

	start(NULL);
	open_watch(&w, EPOLLIN);
	t.out = out;
	loop_task_init(&t.task, on_task, &t);
	loop_post(loop, &t.task);
	loop_turn(loop, -1);
	ck_assert_str_eq(out, "x");
	poke(&w);
	loop_turn(loop, -1);
	ck_assert_str_eq(out, "xx");
	ck_assert_uint_eq(w.calls, 1);
	ck_assert(loop_unpost(loop, &t.task));
	loop_turn(loop, 0);
	ck_assert_str_eq(out, "xx");
	close_watch(&w);
	loop_free(loop);
}
END_TEST

static struct loop_task victim;

static void unpost_victim(void *ctx)
{
	*(bool *)ctx = loop_unpost(loop, &victim);
}

static void never(void *ctx)
{
	ck_abort_msg("an unposted task ran");
}

START_TEST(test_a_task_takes_back_another)
{
	struct loop_task task;
	bool was = false;

	start(NULL);
	loop_task_init(&task, unpost_victim, &was);
	loop_task_init(&victim, never, NULL);
	loop_post(loop, &task);
	loop_post(loop, &victim);
	loop_turn(loop, -1);
	ck_assert(was);
	loop_turn(loop, 0);
	loop_free(loop);
}
END_TEST

#define POSTERS 4
#define POSTS	2000

struct counter {
	struct loop_task task;
	_Atomic unsigned posted, seen;
};

static void count(void *ctx)
{
	struct counter *c = ctx;

	c->seen = c->posted;
}

static void *poster(void *ctx)
{
	struct counter *c = ctx;
	unsigned i;

	for (i = 0; i < POSTS; i++) {
		c->posted++;
		loop_post(loop, &c->task);
	}
	return NULL;
}

START_TEST(test_posts_of_other_threads)
{
	struct counter c[POSTERS] = {0};
	pthread_t thread[POSTERS];
	unsigned i, n;

	start(NULL);
	for (i = 0; i < POSTERS; i++) {
		/* All zero will do for the link. */
		c[i].task.fn = count;
		c[i].task.ctx = &c[i];
		pthread_create(&thread[i], NULL, poster, &c[i]);
	}
	for (n = 0; n < POSTERS;) {
		loop_turn(loop, 1000);
		for (n = i = 0; i < POSTERS; i++)
			n += c[i].seen == POSTS;
	}
	for (i = 0; i < POSTERS; i++)
		pthread_join(thread[i], NULL);
	loop_free(loop);
}
END_TEST

static void *run_loop(void *ctx)
{
	*(pthread_t *)ctx = pthread_self();
	loop_run(loop);
	return NULL;
}

struct where {
	pthread_t thread;
	unsigned calls;
};

static void tell_where(void *ctx)
{
	struct where *w = ctx;

	w->thread = pthread_self();
	w->calls++;
}

START_TEST(test_call_runs_in_the_loops_thread)
{
	struct where w = {0};
	pthread_t thread, inside;
	unsigned i;

	start(NULL);
	pthread_create(&thread, NULL, run_loop, &inside);
	for (i = 1; i <= 200; i++) {
		loop_call(loop, tell_where, &w);
		ck_assert_uint_eq(w.calls, i);
		ck_assert(pthread_equal(w.thread, thread));
	}
	loop_quit(loop);
	pthread_join(thread, NULL);
	loop_free(loop);
}
END_TEST

static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;

static void expect_locked(void *ctx)
{
	ck_assert_int_eq(pthread_mutex_trylock(&big_lock), EBUSY);
	(*(unsigned *)ctx)++;
}

static void expect_locked_fd(void *ctx, uint32_t events)
{
	expect_locked(ctx);
}

START_TEST(test_callbacks_hold_the_lock)
{
	struct loop_task task;
	struct timer timer;
	struct clock clock;
	struct loop_fd *lfd;
	unsigned calls = 0, i;
	int fds[2];

	start(&big_lock);
	ck_assert_int_eq(pipe(fds), 0);
	lfd = loop_add_fd(loop, fds[1], EPOLLOUT, expect_locked_fd, &calls,
			  NULL);
	loop_task_init(&task, expect_locked, &calls);
	loop_post(loop, &task);
	clock_init_realtime(&clock);
	ck_assert_int_eq(loop_add_clock(loop, &clock, NULL), 0);
	timer_init(&timer, &clock, expect_locked, &calls);
	timer_set(&timer, 0);
	for (i = 0; i < 100 && timer_pending(&timer); i++)
		loop_turn(loop, 10);
	ck_assert_uint_eq(calls, i + 2);
	ck_assert_int_eq(pthread_mutex_trylock(&big_lock), 0);
	pthread_mutex_unlock(&big_lock);
	loop_del_clock(loop, &clock);
	loop_del_fd(lfd);
	loop_free(loop);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static void quit_from_timer(void *ctx)
{
	loop_quit(ctx);
}

START_TEST(test_clocks_wake_the_loop)
{
	struct clock clock;
	struct timer soon, late;
	int64_t began;

	start(NULL);
	clock_init_realtime(&clock);
	timer_init(&soon, &clock, quit_from_timer, loop);
	timer_init(&late, &clock, never, NULL);
	began = clock_now(&clock);
	timer_set(&late, began + 3600 * NS_PER_SEC);
	ck_assert_int_eq(loop_add_clock(loop, &clock, NULL), 0);
	timer_set(&soon, began + 30 * NS_PER_MSEC);
	loop_run(loop);
	ck_assert_int_ge(clock_now(&clock) - began, 30 * NS_PER_MSEC);
	ck_assert(!timer_pending(&soon));
	ck_assert(timer_pending(&late));
	loop_del_clock(loop, &clock);
	ck_assert_ptr_null(clock.rearm);
	loop_free(loop);
}
END_TEST

static void run_it(void *ctx)
{
	(*(unsigned *)ctx)++;
}

START_TEST(test_a_stopped_clock_does_not_wake_the_loop)
{
	struct clock clock;
	struct timer timer;
	unsigned runs = 0;

	start(NULL);
	clock_init_virtual(&clock);
	ck_assert_int_eq(loop_add_clock(loop, &clock, NULL), 0);
	timer_init(&timer, &clock, run_it, &runs);
	timer_set(&timer, clock_now(&clock) + NS_PER_MSEC);
	clock_stop(&clock);
	loop_turn(loop, 20);
	ck_assert_uint_eq(runs, 0);
	clock_start(&clock);
	loop_turn(loop, 1000);
	loop_turn(loop, 20);
	ck_assert_uint_eq(runs, 1);
	loop_free(loop); /* takes the clock off too */
	ck_assert_ptr_null(clock.rearm);
}
END_TEST

struct source {
	struct loop_poller poller;
	unsigned has, polls, settled;
	bool comes_late; /* only when the loop settles */
	bool wakes; /* it was told to */
	struct source *removed;
};

static bool take(void *ctx)
{
	struct source *s = ctx;
	bool any = s->has && !s->comes_late;

	s->polls++;
	if (s->removed)
		loop_del_poller(&s->removed->poller);
	s->has -= any;
	s->wakes &= !any;
	return any;
}

static bool settle(void *ctx)
{
	struct source *s = ctx;

	s->settled++;
	s->wakes = true;
	s->comes_late = false;
	return take(s);
}

static void add_source(struct source *s, unsigned has)
{
	*s = (struct source){.has = has,
			     .poller = {.poll = take,
					.settle = settle,
					.ctx = s}};
	loop_add_poller(loop, &s->poller);
}

START_TEST(test_pollers_are_asked_until_they_have_nothing)
{
	struct source s, other;

	start(NULL);
	add_source(&s, 10);
	add_source(&other, 3);
	loop_turn(loop, 20);
	ck_assert_uint_eq(s.has + other.has, 0);
	/* It waits: each was told to wake it, once. */
	ck_assert(s.wakes && other.wakes);
	ck_assert_uint_eq(s.settled, 1);
	loop_del_poller(&other.poller);
	other.polls = 0;
	loop_turn(loop, 1);
	ck_assert_uint_eq(other.polls, 0);
	loop_free(loop);
}
END_TEST

START_TEST(test_a_busy_poller_leaves_time_for_descriptors)
{
	struct source s;
	struct watch w;
	unsigned turns = 0;

	start(NULL);
	open_watch(&w, EPOLLIN);
	add_source(&s, UINT32_MAX);
	poke(&w);
	while (!w.calls && turns++ < 3)
		loop_turn(loop, -1);
	ck_assert_uint_eq(w.calls, 1);
	ck_assert(!s.wakes && s.has);
	loop_del_poller(&s.poller);
	close_watch(&w);
	loop_free(loop);
}
END_TEST

START_TEST(test_what_comes_while_settling_keeps_the_loop_awake)
{
	struct source s;

	start(NULL);
	add_source(&s, 1);
	s.comes_late = true;
	loop_turn(loop, -1); /* would wait for ever */
	ck_assert_uint_eq(s.has, 0);
	loop_del_poller(&s.poller);
	loop_free(loop);
}
END_TEST

START_TEST(test_the_lock_is_not_held_for_looking_around)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct source s;

	start(&lock);
	add_source(&s, 5);
	loop_turn(loop, 0);
	/* Once as it settled, and once afterwards. */
	ck_assert_uint_eq(s.has, 3);
	ck_assert_uint_eq(s.polls, 2);
	loop_free(loop);
}
END_TEST

START_TEST(test_a_poller_takes_itself_away)
{
	struct source s, other;

	start(NULL);
	add_source(&s, 1);
	add_source(&other, 1);
	s.removed = &s;
	loop_turn(loop, 1);
	ck_assert_uint_eq(s.polls, 1);
	ck_assert_uint_eq(other.has, 0);
	loop_free(loop);
}
END_TEST

UNIT_MAIN("loop", test_a_ready_descriptor, test_events_are_chosen,
	  test_a_plain_file_is_always_ready, test_bad_descriptors_are_errors,
	  test_removal_while_dispatching, test_disabling_while_dispatching,
	  test_tasks_run_in_order_and_once,
	  test_a_task_that_posts_itself_runs_once_a_turn,
	  test_a_task_takes_back_another, test_posts_of_other_threads,
	  test_call_runs_in_the_loops_thread, test_callbacks_hold_the_lock,
	  test_clocks_wake_the_loop,
	  test_a_stopped_clock_does_not_wake_the_loop,
	  test_pollers_are_asked_until_they_have_nothing,
	  test_a_busy_poller_leaves_time_for_descriptors,
	  test_what_comes_while_settling_keeps_the_loop_awake,
	  test_the_lock_is_not_held_for_looking_around,
	  test_a_poller_takes_itself_away)
