/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers.
 *
 * A clock is injected: devices get the three of their machine, tests make one
 * that they advance by hand.  Timers of a clock run in the order of their
 * deadlines, with the clock's owner (the machine lock, or the thread of one
 * loop) held; all functions here want the same owner held.
 */
#ifndef VMM_TIMER_H
#define VMM_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/list.h"

#define NS_PER_SEC  INT64_C(1000000000)
#define NS_PER_MSEC INT64_C(1000000)
#define NS_PER_USEC INT64_C(1000)

struct clock {
	/* Now, in nanoseconds.  Any thread. */
	int64_t (*read)(const struct clock *clock);
	/* Tells who waits that the earliest deadline changed; may be NULL. */
	void (*rearm)(struct clock *clock);
	void *waiter;
	struct list timers; /* by deadline */
	int64_t offset; /* what read adds: time spent stopped, test's now */
	int64_t stopped_at; /* when read stands still, else 0 */
};

struct timer {
	struct list link;
	struct clock *clock;
	int64_t deadline;
	void (*fn)(void *ctx);
	void *ctx;
};

/* Virtual: monotonic, stands still between clock_stop and clock_start. */
void clock_init_virtual(struct clock *clock);
/* Host: wall-clock time since 1970, as the host has it now. */
void clock_init_host(struct clock *clock);
/* Realtime: monotonic, never stands still. */
void clock_init_realtime(struct clock *clock);
/* A clock that starts at now_ns and moves only by clock_advance. */
void clock_init_manual(struct clock *clock, int64_t now_ns);

static inline int64_t clock_now(const struct clock *clock)
{
	return clock->read(clock);
}

void clock_stop(struct clock *clock);
void clock_start(struct clock *clock);

/* Manual clocks: moves on by ns and runs each timer at its own time. */
void clock_advance(struct clock *clock, int64_t ns);

/* The earliest deadline, or INT64_MAX. */
int64_t clock_deadline(const struct clock *clock);
/* Runs what is due. */
void clock_run(struct clock *clock);

void timer_init(struct timer *timer, struct clock *clock, void (*fn)(void *),
		void *ctx);
/* Sets or moves the deadline; one in the past runs at the next turn. */
void timer_set(struct timer *timer, int64_t deadline_ns);
void timer_cancel(struct timer *timer);
bool timer_pending(const struct timer *timer);

/* a * b / c with 128-bit intermediate; c is not 0. */
static inline int64_t muldiv64(int64_t a, uint32_t b, uint32_t c)
{
	return (int64_t)((__int128)a * b / c);
}

#endif
