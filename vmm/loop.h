/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event loops: file descriptors, timers, and tasks posted by other threads.
 *
 * A loop runs in one thread.  The main loop is given a lock (the machine
 * lock), which it holds around every callback; loops of I/O threads have none.
 * All calls are for the loop's thread or with its lock held, unless they say
 * otherwise.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "vmm/error.h"
#include "vmm/list.h"
#include "vmm/timer.h"

struct loop;
struct loop_fd;

/* lock may be NULL. */
struct loop *loop_new(pthread_mutex_t *lock, struct error *err);
void loop_free(struct loop *loop);

/* Runs until loop_quit. */
void loop_run(struct loop *loop);
/* One turn; waits at most timeout_ms (-1: until something happens). */
void loop_turn(struct loop *loop, int timeout_ms);
/* Any thread. */
void loop_quit(struct loop *loop);

/*
 * Calls fn with the ready events (EPOLLIN, EPOLLOUT, EPOLLHUP, ...; level
 * triggered) of fd, which stays the caller's.  fd may be a plain file, which
 * is always ready.  Deleting is safe inside callbacks; nothing is called any
 * more afterwards.
 */
struct loop_fd *loop_add_fd(struct loop *loop, int fd, uint32_t events,
			    void (*fn)(void *ctx, uint32_t events), void *ctx,
			    struct error *err);
void loop_mod_fd(struct loop_fd *lfd, uint32_t events);
void loop_del_fd(struct loop_fd *lfd);

/* Makes the loop run the clock's timers. */
int loop_add_clock(struct loop *loop, struct clock *clock, struct error *err);
void loop_del_clock(struct loop *loop, struct clock *clock);

/*
 * Something that can be looked at without asking the kernel: a ring in memory.
 * A loop that has such does so for some microseconds before it sleeps, as long
 * as that has been worth it lately.  Not while a lock is held: the main loop
 * looks at them after each wait only.
 */
struct loop_poller {
	struct list link;
	/* Takes what is there; false: nothing was.  Called after each wait, so
	 * that an fd which tells of the same need not do it. */
	bool (*poll)(void *ctx);
	/* The loop is about to sleep: who has something for it must wake it.
	 * True: something came meanwhile, and was taken.  May be NULL. */
	bool (*settle)(void *ctx);
	void *ctx;
};

/* How long the loop waits awake at most, and by what that grows or shrinks. */
struct loop_spin {
	int64_t max; /* ns; 0: not at all */
	unsigned grow, shrink; /* factors; 0: 2 */
};

/* The loop's thread. */
void loop_set_spin(struct loop *loop, const struct loop_spin *spin);
void loop_add_poller(struct loop *loop, struct loop_poller *poller);
/* Inside callbacks of pollers: only the one that is called. */
void loop_del_poller(struct loop_poller *poller);

/*
 * A task is a call that another thread wants made in the loop's thread.  It
 * lives with its owner, so that posting cannot fail, and is queued once at
 * most: posting a queued task again changes nothing.
 */
struct loop_task {
	struct list link; /* all zero, or initialised by loop_task_init */
	void (*fn)(void *ctx);
	void *ctx;
};

void loop_task_init(struct loop_task *task, void (*fn)(void *), void *ctx);
/* Any thread. */
void loop_post(struct loop *loop, struct loop_task *task);
/* Takes a posted task back; true if it was queued.  Any thread. */
bool loop_unpost(struct loop *loop, struct loop_task *task);
/*
 * Runs fn in the loop's thread and waits for it.  Any thread but the loop's
 * own; never under the machine lock.
 */
void loop_call(struct loop *loop, void (*fn)(void *), void *ctx);

#endif
