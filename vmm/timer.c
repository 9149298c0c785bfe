/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers. */
#include "vmm/timer.h"

#include <time.h>

static int64_t host_time(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static int64_t read_virtual(const struct clock *clock)
{
	if (clock->stopped_at)
		return clock->stopped_at;
	return host_time(CLOCK_MONOTONIC) + clock->offset;
}

static int64_t read_host(const struct clock *clock)
{
	(void)clock;
	return host_time(CLOCK_REALTIME);
}

static int64_t read_realtime(const struct clock *clock)
{
	(void)clock;
	return host_time(CLOCK_MONOTONIC);
}

static int64_t read_manual(const struct clock *clock)
{
	return clock->offset;
}

static void clock_init(struct clock *clock,
		       int64_t (*read)(const struct clock *))
{
	*clock = (struct clock){.read = read};
	list_init(&clock->timers);
}

void clock_init_virtual(struct clock *clock)
{
	clock_init(clock, read_virtual);
	clock->offset = -host_time(CLOCK_MONOTONIC) + 1;
}

void clock_init_host(struct clock *clock)
{
	clock_init(clock, read_host);
}

void clock_init_realtime(struct clock *clock)
{
	clock_init(clock, read_realtime);
}

void clock_init_manual(struct clock *clock, int64_t now_ns)
{
	clock_init(clock, read_manual);
	clock->offset = now_ns;
}

static void rearm(struct clock *clock)
{
	if (clock->rearm)
		clock->rearm(clock);
}

void clock_stop(struct clock *clock)
{
	if (!clock->stopped_at)
		clock->stopped_at = clock_now(clock);
	rearm(clock);
}

void clock_start(struct clock *clock)
{
	if (!clock->stopped_at)
		return;
	clock->offset = clock->stopped_at - host_time(CLOCK_MONOTONIC);
	clock->stopped_at = 0;
	rearm(clock);
}

static struct timer *first(const struct clock *clock)
{
	return container_of(clock->timers.next, struct timer, link);
}

int64_t clock_deadline(const struct clock *clock)
{
	if (list_empty(&clock->timers))
		return INT64_MAX;
	return first(clock)->deadline;
}

/* What is due is taken out first: what a handler sets runs at the next turn. */
void clock_run(struct clock *clock)
{
	int64_t now = clock_now(clock);
	struct timer *timer;
	struct list due, *e;

	if (clock->stopped_at)
		return;
	list_init(&due);
	while (clock_deadline(clock) <= now) {
		timer = first(clock);
		list_del(&timer->link);
		list_add_tail(&due, &timer->link);
	}
	while ((e = list_pop(&due)) != NULL) {
		timer = container_of(e, struct timer, link);
		timer->fn(timer->ctx);
	}
	rearm(clock);
}

static void run_first(struct clock *clock)
{
	struct timer *timer = first(clock);

	list_del(&timer->link);
	timer->fn(timer->ctx);
}

void clock_advance(struct clock *clock, int64_t ns)
{
	int64_t end = clock->offset + ns;

	while (clock_deadline(clock) <= end) {
		if (clock_deadline(clock) > clock->offset)
			clock->offset = clock_deadline(clock);
		run_first(clock);
	}
	clock->offset = end;
}

void timer_init(struct timer *timer, struct clock *clock, void (*fn)(void *),
		void *ctx)
{
	*timer = (struct timer){.clock = clock, .fn = fn, .ctx = ctx};
	list_init(&timer->link);
}

bool timer_pending(const struct timer *timer)
{
	return !list_empty(&timer->link);
}

void timer_set(struct timer *timer, int64_t deadline_ns)
{
	struct clock *clock = timer->clock;
	int64_t before = clock_deadline(clock);
	struct timer *at;

	if (timer_pending(timer))
		list_del(&timer->link);
	timer->deadline = deadline_ns;
	list_for_each (at, &clock->timers, struct timer, link)
		if (at->deadline > deadline_ns)
			break;
	list_insert(&at->link, &timer->link);
	if (clock_deadline(clock) != before)
		rearm(clock);
}

void timer_cancel(struct timer *timer)
{
	/* An early wake-up finds nothing to do: no need to rearm. */
	if (timer_pending(timer))
		list_del(&timer->link);
}
