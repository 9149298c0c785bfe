/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/timer.h"

static struct clock now;
static char ran[64];

struct tick {
	struct timer timer;
	char name;
	int64_t at; /* when it ran */
	int64_t period; /* re-arms this long after */
	unsigned left; /* so often */
	struct timer *cancels;
};

static void on_tick(void *ctx)
{
	struct tick *t = ctx;

	strncat(ran, &t->name, 1);
	t->at = clock_now(t->timer.clock);
	ck_assert(!timer_pending(&t->timer));
	if (t->left) {
		t->left--;
		timer_set(&t->timer, t->at + t->period);
	}
	if (t->cancels)
		timer_cancel(t->cancels);
}

static void make(struct tick *t, char name)
{
	*t = (struct tick){.name = name};
	timer_init(&t->timer, &now, on_tick, t);
}

START_TEST(test_in_order_of_deadlines)
{
	struct tick a, b, c, d;

	clock_init_manual(&now, 100);
	make(&a, 'a');
	make(&b, 'b');
	make(&c, 'c');
	make(&d, 'd');
	ck_assert(clock_deadline(&now) == INT64_MAX);
	ck_assert(!timer_pending(&a.timer));
	timer_set(&a.timer, 400);
	timer_set(&b.timer, 200);
	timer_set(&c.timer, 300);
	timer_set(&d.timer, 200); /* after b, which was there first */
	ck_assert(timer_pending(&a.timer));
	ck_assert_int_eq(clock_deadline(&now), 200);
	clock_advance(&now, 99);
	ck_assert_str_eq(ran, "");
	clock_advance(&now, 1);
	ck_assert_str_eq(ran, "bd");
	clock_advance(&now, 1000);
	ck_assert_str_eq(ran, "bdca");
	ck_assert_int_eq(c.at, 300); /* each at its own time */
	ck_assert_int_eq(a.at, 400);
	ck_assert_int_eq(clock_now(&now), 1200);
	ck_assert(clock_deadline(&now) == INT64_MAX);
}
END_TEST

START_TEST(test_moved_and_cancelled)
{
	struct tick a, b;

	clock_init_manual(&now, 0);
	make(&a, 'a');
	make(&b, 'b');
	timer_set(&a.timer, 10);
	timer_set(&b.timer, 20);
	timer_set(&a.timer, 30);
	ck_assert_int_eq(clock_deadline(&now), 20);
	timer_cancel(&b.timer);
	timer_cancel(&b.timer);
	ck_assert(!timer_pending(&b.timer));
	clock_advance(&now, 29);
	ck_assert_str_eq(ran, "");
	clock_advance(&now, 1);
	ck_assert_str_eq(ran, "a");
}
END_TEST

START_TEST(test_set_again_in_the_handler)
{
	struct tick a, b;

	clock_init_manual(&now, 0);
	make(&a, 'a');
	make(&b, 'b');
	a.period = 10;
	a.left = 4;
	timer_set(&a.timer, 10);
	timer_set(&b.timer, 35);
	clock_advance(&now, 100);
	ck_assert_str_eq(ran, "aaabaa");
	ck_assert_int_eq(a.at, 50);
}
END_TEST

START_TEST(test_one_cancels_another_that_is_due)
{
	struct tick a, b, c;

	clock_init_manual(&now, 0);
	make(&a, 'a');
	make(&b, 'b');
	make(&c, 'c');
	a.cancels = &b.timer;
	timer_set(&a.timer, 10);
	timer_set(&b.timer, 10);
	timer_set(&c.timer, 10);
	now.offset = 20;
	clock_run(&now);
	ck_assert_str_eq(ran, "ac");
	ck_assert(!timer_pending(&b.timer));
}
END_TEST

/* A timer whose handler sets it to the past must not hold up the rest. */
START_TEST(test_the_past_runs_at_the_next_turn)
{
	struct tick a, b;

	clock_init_manual(&now, 1000);
	make(&a, 'a');
	make(&b, 'b');
	a.period = -500;
	a.left = 1000;
	timer_set(&a.timer, 10);
	timer_set(&b.timer, 1000);
	ck_assert_int_eq(clock_deadline(&now), 10);
	clock_run(&now);
	ck_assert_str_eq(ran, "ab");
	ck_assert_int_eq(clock_deadline(&now), 500);
	clock_run(&now);
	clock_run(&now);
	ck_assert_str_eq(ran, "abaa");
}
END_TEST

static unsigned rearms;

static void on_rearm(struct clock *clock)
{
	rearms++;
}

START_TEST(test_whoever_waits_hears_of_an_earlier_deadline)
{
	struct tick a, b;

	clock_init_manual(&now, 0);
	now.rearm = on_rearm;
	make(&a, 'a');
	make(&b, 'b');
	timer_set(&a.timer, 100);
	ck_assert_uint_eq(rearms, 1);
	timer_set(&b.timer, 200);
	ck_assert_uint_eq(rearms, 1);
	timer_set(&b.timer, 50);
	ck_assert_uint_eq(rearms, 2);
	timer_set(&b.timer, 70); /* later, but still the first */
	ck_assert_uint_eq(rearms, 3);
	now.offset = 100;
	clock_run(&now);
	ck_assert_uint_eq(rearms, 4);
	ck_assert_str_eq(ran, "ba");
}
END_TEST

static int64_t system_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

START_TEST(test_the_three_clocks)
{
	struct clock virt, host, real;
	int64_t stopped, v;

	clock_init_virtual(&virt);
	clock_init_host(&host);
	clock_init_realtime(&real);
	v = clock_now(&virt);
	ck_assert(v > 0 && v < NS_PER_SEC); /* it begins with the machine */
	v = clock_now(&host) - system_ns(CLOCK_REALTIME);
	ck_assert(v > -NS_PER_SEC && v < NS_PER_SEC);
	v = clock_now(&real) - system_ns(CLOCK_MONOTONIC);
	ck_assert(v > -NS_PER_SEC && v < NS_PER_SEC);

	clock_stop(&virt);
	stopped = clock_now(&virt);
	v = clock_now(&real);
	usleep(30000);
	ck_assert(clock_now(&virt) == stopped);
	ck_assert(clock_now(&real) >= v + 30 * NS_PER_MSEC);
	clock_stop(&virt); /* once more changes nothing */
	ck_assert(clock_now(&virt) == stopped);
	clock_start(&virt);
	v = clock_now(&virt);
	ck_assert(v >= stopped && v < stopped + 20 * NS_PER_MSEC);
	clock_start(&virt);
	usleep(10000);
	ck_assert(clock_now(&virt) >= v + 10 * NS_PER_MSEC);
}
END_TEST

START_TEST(test_a_stopped_clock_runs_nothing)
{
	struct tick a;

	clock_init_virtual(&now);
	make(&a, 'a');
	timer_set(&a.timer, clock_now(&now));
	clock_stop(&now);
	clock_run(&now);
	ck_assert_str_eq(ran, "");
	clock_start(&now);
	clock_run(&now);
	ck_assert_str_eq(ran, "a");
}
END_TEST

START_TEST(test_muldiv64)
{
	ck_assert_int_eq(muldiv64(INT64_MAX, 3, 3), INT64_MAX);
	ck_assert_int_eq(muldiv64(1000000007, 1000000000, 3579545),
			 INT64_C(279365116795));
	ck_assert_int_eq(muldiv64(-10, 3, 4), -7);
}
END_TEST

UNIT_MAIN("timer", test_in_order_of_deadlines, test_moved_and_cancelled,
	  test_set_again_in_the_handler, test_one_cancels_another_that_is_due,
	  test_the_past_runs_at_the_next_turn,
	  test_whoever_waits_hears_of_an_earlier_deadline,
	  test_the_three_clocks, test_a_stopped_clock_runs_nothing,
	  test_muldiv64)
