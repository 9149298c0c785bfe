/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups that share limits. */
#include "block/limit_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"

struct limit_group *limit_group_find(const struct blk_fronts *all,
				     const char *name)
{
	struct limit_group *g;

	list_for_each (g, &all->groups, struct limit_group, link)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

static struct limit_group *new_group(struct blk_fronts *all, const char *name,
				     struct error *err)
{
	struct limit_group *g = calloc(1, sizeof(*g));

	if (!g) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(g->name, sizeof(g->name), "%s", name);
	pthread_mutex_init(&g->lock, NULL);
	list_add_tail(&all->groups, &g->link);
	return g;
}

struct limit_group *limit_group_join(struct blk_fronts *all, const char *name,
				     struct error *err)
{
	struct limit_group *g = limit_group_find(all, name);

	if (!g)
		g = new_group(all, name, err);
	if (g)
		g->members++;
	return g;
}

void limit_group_leave(struct limit_group *g)
{
	if (--g->members)
		return;
	list_del(&g->link);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

void limit_group_set(struct limit_group *g, const struct blk_limits *limits)
{
	pthread_mutex_lock(&g->lock);
	g->throttle.limits = *limits;
	pthread_mutex_unlock(&g->lock);
}

struct blk_limits limit_group_get(struct limit_group *g)
{
	struct blk_limits limits;

	pthread_mutex_lock(&g->lock);
	limits = g->throttle.limits;
	pthread_mutex_unlock(&g->lock);
	return limits;
}

int64_t limit_group_reserve(struct limit_group *g, int64_t now,
			    const struct blk_req *req)
{
	uint64_t len = req->op == BLK_WRITE_ZEROES
			       ? req->len
			       : blk_iov_len(req->iov, req->niov);
	int64_t due;

	pthread_mutex_lock(&g->lock);
	due = throttle_reserve(&g->throttle, now, req->op, len);
	pthread_mutex_unlock(&g->lock);
	return due;
}

int blk_limit_group_make(struct blk_fronts *all, const char *name,
			 const struct blk_limits *limits, struct error *err)
{
	struct limit_group *g;

	if (blk_limits_check(limits, err) < 0)
		return -EINVAL;
	g = limit_group_join(all, name, err);
	if (!g)
		return -ENOMEM;
	g->object = true;
	limit_group_set(g, limits);
	return 0;
}

void blk_limit_groups_free(struct blk_fronts *all)
{
	struct limit_group *g, *tmp;

	list_for_each_safe (g, tmp, &all->groups, struct limit_group, link)
		if (g->object)
			limit_group_leave(g);
}
