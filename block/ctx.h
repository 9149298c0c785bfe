/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where nodes do their work: the one thread that owns a graph of nodes, the
 * completions that are due in it, and the worker threads that do for it what
 * would block.
 *
 * The owner is who calls blk_ctx_poll: an I/O thread's loop once the context
 * is attached to it, and before that (while a graph is being opened, or in the
 * image tool, which has no loop) whoever opened it.  All functions are for the
 * owner, unless they say otherwise.
 */
#ifndef BLOCK_CTX_H
#define BLOCK_CTX_H

#include <stdbool.h>

#include "vmm/error.h"
#include "vmm/list.h"
#include "vmm/loop.h"

struct blk_ctx;
struct blk_fronts;
struct blk_req;
struct clock;

/* Has one reference, the caller's. */
struct blk_ctx *blk_ctx_new(struct error *err);
/* One of a machine's, whose nodes have names that are the machine's. */
struct blk_ctx *blk_ctx_new_in(struct blk_fronts *all, struct error *err);
struct blk_ctx *blk_ctx_ref(struct blk_ctx *ctx);
/* Nothing is under way when the last one goes. */
void blk_ctx_unref(struct blk_ctx *ctx);

/*
 * Nodes of two contexts are to know each other: from now on both have the same
 * owner.  -EBUSY: they are at work in two threads.
 */
int blk_ctx_link(struct blk_ctx *a, struct blk_ctx *b, struct error *err);
/* By its place in the machine's list. */
struct blk_ctx *blk_ctx_of(struct list *link);
/* The next of those that have their names together; NULL: the first. */
struct blk_ctx *blk_ctx_next(struct blk_ctx *ctx, struct blk_ctx *at);
/* Has it names that are a machine's? */
bool blk_ctx_is_shared(const struct blk_ctx *ctx);
/* The machine, or NULL. */
struct blk_fronts *blk_ctx_machine(const struct blk_ctx *ctx);

/*
 * The loop's thread is the owner from now on, loop NULL: the caller; of those
 * that are linked, too.
 */
int blk_ctx_attach(struct blk_ctx *ctx, struct loop *loop, struct error *err);

/*
 * A clock that never stands still.  Its timers run in the owner, but only
 * while a loop has the context.
 */
struct clock *blk_ctx_clock(struct blk_ctx *ctx);
/* The loop that has it, or NULL. */
struct loop *blk_ctx_loop(const struct blk_ctx *ctx);
/* Main loop: calls fn in the owner's thread and waits for it. */
void blk_ctx_call(struct blk_ctx *ctx, void (*fn)(void *arg), void *arg);
/* Is anything using a node that lives here, or in a linked one? */
bool blk_ctx_is_used(struct blk_ctx *ctx);

/*
 * Handles what is there; if that is nothing and wait is set, waits for
 * something first.  May be called inside what it calls.
 */
void blk_ctx_poll(struct blk_ctx *ctx, bool wait);

/* Calls fn, then does what it has begun: all requests of fn in one go. */
void blk_ctx_run(struct blk_ctx *ctx, void (*fn)(void *), void *arg);

/* Something to do soon, in the owner, but not now. */
struct blk_task {
	struct list link; /* zero or initialised; queued once at most */
	void (*run)(struct blk_task *task);
};

void blk_ctx_defer(struct blk_ctx *ctx, struct blk_task *task);
/* req's done is called soon, with rc. */
void blk_ctx_complete(struct blk_ctx *ctx, struct blk_req *req, int rc);

/* Something for a worker thread: run there, then done in the owner. */
struct blk_work {
	struct list link;
	void (*run)(struct blk_work *work);
	void (*done)(struct blk_work *work);
};

void blk_ctx_work(struct blk_ctx *ctx, struct blk_work *work);
/* How many may run at once; at least 1. */
void blk_ctx_set_workers(struct blk_ctx *ctx, unsigned max);

/* Other sources of completions (native AIO), which signal blk_ctx_fd. */
struct blk_poller {
	struct list link;
	bool (*poll)(struct blk_poller *poller); /* did anything happen? */
};

void blk_ctx_add_poller(struct blk_ctx *ctx, struct blk_poller *poller);
void blk_ctx_del_poller(struct blk_poller *poller);
/*
 * Without a loop: readable when there is something to poll for that the owner
 * has not begun itself.  Poll before you wait for it.
 */
int blk_ctx_fd(const struct blk_ctx *ctx);

/* All nodes that live here. */
struct list *blk_ctx_nodes(struct blk_ctx *ctx);
/* A number that was not given out before. */
unsigned blk_ctx_number(struct blk_ctx *ctx);

#endif
