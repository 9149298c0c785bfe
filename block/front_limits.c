/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of front ends: requests that have to wait, and groups that share
 * limits.  Each request gets its time when it comes, so that the members of a
 * group wait in the order of their requests.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/front.h"
#include "block/limit_group.h"
#include "vmm/timer.h"

struct blk_hold {
	struct blk_front *front;
	struct limit_group *group;
	struct clock clock;
	struct timer timer;
	struct list reads, writes; /* by their times */
	struct loop_task release;
	_Atomic bool open;
};

static struct blk_req *first(struct list *queue)
{
	return list_empty(queue)
		       ? NULL
		       : container_of(queue->next, struct blk_req, link);
}

static void start_due(struct blk_hold *h, struct list *queue, int64_t now)
{
	struct blk_req *req;

	while ((req = first(queue)) && (h->open || req->due <= now)) {
		list_del(&req->link);
		blk_front_start(h->front, req);
	}
}

static void serve(void *ctx)
{
	struct blk_hold *h = ctx;
	int64_t now = clock_now(&h->clock), next = INT64_MAX;
	const struct blk_req *req;

	start_due(h, &h->reads, now);
	start_due(h, &h->writes, now);
	req = first(&h->reads);
	next = req ? req->due : next;
	req = first(&h->writes);
	next = req && req->due < next ? req->due : next;
	if (next < INT64_MAX)
		timer_set(&h->timer, next);
}

bool blk_front_hold(struct blk_front *front, struct blk_req *req)
{
	struct blk_hold *h = front->hold;
	struct list *queue;
	int64_t now;

	if (!h || h->open || !throttle_counts(req->op))
		return false;
	queue = req->op == BLK_READ ? &h->reads : &h->writes;
	now = clock_now(&h->clock);
	req->due = limit_group_reserve(h->group, now, req);
	if (req->due <= now && list_empty(queue))
		return false;
	list_add_tail(queue, &req->link);
	serve(h);
	return true;
}

void blk_front_open_limits(struct blk_front *front, bool open)
{
	if (!front->hold)
		return;
	front->hold->open = open;
	if (open)
		loop_post(front->loop, &front->hold->release);
}

static int new_hold(struct blk_front *front, struct error *err)
{
	struct blk_hold *h = calloc(1, sizeof(*h));

	if (!h)
		return error_set(err, ENOMEM, "out of memory");
	h->front = front;
	list_init(&h->reads);
	list_init(&h->writes);
	clock_init_realtime(&h->clock);
	timer_init(&h->timer, &h->clock, serve, h);
	loop_task_init(&h->release, serve, h);
	front->hold = h;
	return 0;
}

struct clock_call {
	struct blk_front *front;
	struct error *err;
	int rc;
};

static void add_clock(void *ctx)
{
	struct clock_call *call = ctx;

	call->rc = loop_add_clock(call->front->loop, &call->front->hold->clock,
				  call->err);
}

int blk_front_serve_limits(struct blk_front *front, struct error *err)
{
	struct clock_call call = {.front = front, .err = err};

	if (front->hold)
		loop_call(front->loop, add_clock, &call);
	return call.rc;
}

static void del_clock(void *ctx)
{
	struct blk_front *front = ctx;

	timer_cancel(&front->hold->timer);
	loop_del_clock(front->loop, &front->hold->clock);
}

void blk_front_leave_limits(struct blk_front *front)
{
	if (!front->hold)
		return;
	loop_call(front->loop, del_clock, front);
	loop_unpost(front->loop, &front->hold->release);
}

int blk_front_limit(struct blk_fronts *all, struct blk_front *front,
		    const struct blk_limits *limits, const char *group,
		    struct error *err)
{
	struct limit_group *g = NULL;
	int rc = new_hold(front, err);

	if (rc == 0)
		g = limit_group_join(all, group ? group : front->id, err);
	if (!g) {
		free(front->hold);
		front->hold = NULL;
		return -ENOMEM;
	}
	if (blk_limits_any(limits)) /* the last that is said holds for all */
		limit_group_set(g, limits);
	front->hold->group = g;
	rc = blk_front_serve_limits(front, err);
	if (rc < 0)
		blk_front_drop_limits(front);
	return rc;
}

void blk_front_drop_limits(struct blk_front *front)
{
	if (!front->hold)
		return;
	blk_front_leave_limits(front);
	limit_group_leave(front->hold->group);
	free(front->hold);
	front->hold = NULL;
}

/* As nobody waits any more, the limits can go. */
static void forget_limits(struct blk_front *front)
{
	blk_drain(front);
	blk_front_drop_limits(front);
}

int blk_front_change_limits(struct blk_front *front,
			    const struct blk_limits *limits, const char *group,
			    struct error *err)
{
	const char *name = *front->id ? front->id : front->device;
	bool any = blk_limits_any(limits);

	if (front->hold &&
	    (!any || (group && strcmp(group, front->hold->group->name) != 0)))
		forget_limits(front);
	if (!any)
		return 0;
	if (!front->hold)
		return blk_front_limit(front->all, front, limits,
				       group ? group : name, err);
	limit_group_set(front->hold->group, limits);
	return 0;
}

struct shown {
	const char *text; /* info block's name for it */
	const char *key; /* query-block's */
	size_t offset; /* in struct blk_limits */
	bool always; /* in QMP */
};

#define AVG(i)	  offsetof(struct blk_limits, avg[i])
#define MAX(i)	  offsetof(struct blk_limits, max[i])
#define LENGTH(i) offsetof(struct blk_limits, length[i])

/* clang-format off */
static const struct shown shown[] = {
	{"bps", "bps", AVG(BLK_LIMIT_BPS_TOTAL), true},
	{"bps_rd", "bps_rd", AVG(BLK_LIMIT_BPS_READ), true},
	{"bps_wr", "bps_wr", AVG(BLK_LIMIT_BPS_WRITE), true},
	{"bps_max", "bps_max", MAX(BLK_LIMIT_BPS_TOTAL), false},
	{"bps_rd_max", "bps_rd_max", MAX(BLK_LIMIT_BPS_READ), false},
	{"bps_wr_max", "bps_wr_max", MAX(BLK_LIMIT_BPS_WRITE), false},
	{"iops", "iops", AVG(BLK_LIMIT_IOPS_TOTAL), true},
	{"iops_rd", "iops_rd", AVG(BLK_LIMIT_IOPS_READ), true},
	{"iops_wr", "iops_wr", AVG(BLK_LIMIT_IOPS_WRITE), true},
	{"iops_max", "iops_max", MAX(BLK_LIMIT_IOPS_TOTAL), false},
	{"iops_rd_max", "iops_rd_max", MAX(BLK_LIMIT_IOPS_READ), false},
	{"iops_wr_max", "iops_wr_max", MAX(BLK_LIMIT_IOPS_WRITE), false},
	{"iops_size", "iops_size", offsetof(struct blk_limits, iops_size), false},
	{NULL, "bps_max_length", LENGTH(BLK_LIMIT_BPS_TOTAL), false},
	{NULL, "bps_rd_max_length", LENGTH(BLK_LIMIT_BPS_READ), false},
	{NULL, "bps_wr_max_length", LENGTH(BLK_LIMIT_BPS_WRITE), false},
	{NULL, "iops_max_length", LENGTH(BLK_LIMIT_IOPS_TOTAL), false},
	{NULL, "iops_rd_max_length", LENGTH(BLK_LIMIT_IOPS_READ), false},
	{NULL, "iops_wr_max_length", LENGTH(BLK_LIMIT_IOPS_WRITE), false},
};
/* clang-format on */

#define SHOWN (sizeof(shown) / sizeof(*shown))

static uint64_t value_of(const struct blk_limits *l, const struct shown *s)
{
	uint64_t value = *(const uint64_t *)((const char *)l + s->offset);
	size_t i = (s->offset - LENGTH(0)) / sizeof(value);

	if (value || s->offset < LENGTH(0) || i >= BLK_LIMITS)
		return value;
	return l->max[i] ? 1 : 0; /* seconds, where nothing was said */
}

void blk_front_add_limits(const struct blk_front *front, json_t *medium)
{
	static const struct blk_limits none;
	const struct blk_limits *l =
		front && front->hold ? &front->hold->group->throttle.limits
				     : &none;
	const struct shown *s;

	for (s = shown; s < shown + SHOWN; s++)
		if (s->always || value_of(l, s))
			json_object_set_new(medium, s->key,
					    json_integer((
						    json_int_t)value_of(l, s)));
	if (front && front->hold)
		json_object_set_new(medium, "group",
				    json_string(front->hold->group->name));
}

void blk_front_show_limits(struct monitor_call *call, const json_t *medium)
{
	const struct shown *s;

	monitor_printf(call, "    I/O throttling:  ");
	for (s = shown; s < shown + SHOWN && s->text; s++)
		monitor_printf(call, " %s=%lld", s->text,
			       (long long)json_integer_value(
				       json_object_get(medium, s->key)));
	monitor_printf(call, " group=%s\n",
		       json_string_value(json_object_get(medium, "group")));
}
