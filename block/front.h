/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of front ends share. */
#ifndef BLOCK_FRONT_H
#define BLOCK_FRONT_H

#include "block/node.h"
#include "vmm/io_thread.h"
#include "vmm/monitor.h"

/*
 * Calls fn in the I/O thread, with requests in flight; not at all without a
 * medium.  Main loop, machine lock.
 */
void blk_front_look(struct blk_front *front,
		    void (*fn)(struct blk_node *node, void *ctx), void *ctx);
/* Starts a request that no limit holds.  I/O thread. */
void blk_front_start(struct blk_front *front, struct blk_req *req);
/* The same for many, of which neighbours become one. */
void blk_front_start_all(struct blk_front *front, struct list *reqs);
/* A request of the front end has ended, with req->rc. */
void blk_front_finish(struct blk_req *req);

/* Counts a request from its beginning to its end; the latter with the lock. */
void blk_stats_begin(struct blk_req *req);
void blk_stats_end(struct blk_front *front, const struct blk_req *req);
/* Of n requests each became part of the one before it. */
void blk_stats_merged(struct blk_front *front, enum blk_op op, unsigned n);
void blk_query_stats(struct monitor_call *call);
void blk_show_stats(struct monitor_call *call, const json_t *result);

/* Holds req if a limit wants that.  I/O thread. */
bool blk_front_hold(struct blk_front *front, struct blk_req *req);
/* The loop that front->loop names serves its limits, or no longer does. */
int blk_front_serve_limits(struct blk_front *front, struct error *err);
void blk_front_leave_limits(struct blk_front *front);
/* While it is open no limit holds anything.  Main loop. */
void blk_front_open_limits(struct blk_front *front, bool open);
void blk_front_drop_limits(struct blk_front *front);
/* Limits as query-block has them; nothing without any. */
void blk_front_add_limits(const struct blk_front *front, json_t *medium);
void blk_front_show_limits(struct monitor_call *call, const json_t *medium);

#endif
