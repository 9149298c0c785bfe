/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups that share limits: front ends and throttle nodes.
 *
 * Members come and go in the main loop, or in an owner's thread that the main
 * loop waits for; requests ask in any thread.
 */
#ifndef BLOCK_LIMIT_GROUP_H
#define BLOCK_LIMIT_GROUP_H

#include <pthread.h>

#include "block/throttle.h"

/* Lives as long as it has members; that of an -object has one for good. */
struct limit_group {
	struct list link; /* of the machine's */
	char name[128];
	unsigned members;
	bool object;
	pthread_mutex_t lock; /* guards throttle */
	struct throttle throttle;
};

/* By name, or NULL. */
struct limit_group *limit_group_find(const struct blk_fronts *all,
				     const char *name);
/* One more member, of a new one if need be. */
struct limit_group *limit_group_join(struct blk_fronts *all, const char *name,
				     struct error *err);
void limit_group_leave(struct limit_group *g);
void limit_group_set(struct limit_group *g, const struct blk_limits *limits);
struct blk_limits limit_group_get(struct limit_group *g);
/* When the request may start. */
int64_t limit_group_reserve(struct limit_group *g, int64_t now,
			    const struct blk_req *req);

#endif
