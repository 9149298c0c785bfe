/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter "throttle": the limits of a group for all that use a node.
 *
 * What waits is in two queues, by time, as with front ends (front_limits.c).
 * Nothing is held while somebody waits for the node to be drained, nor before
 * a thread has the graph: timers run in its loop alone.
 */
#include "block/throttle_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "block/limit_group.h"
#include "vmm/timer.h"

struct filter {
	struct blk_node *node;
	struct limit_group *group;
	struct clock *clock;
	struct timer timer;
	struct list reads, writes; /* by their times */
	unsigned open; /* how many want nothing to be held */
};

static struct blk_req *first(const struct list *queue)
{
	return list_empty(queue)
		       ? NULL
		       : container_of(queue->next, struct blk_req, link);
}

static void start_due(struct filter *f, struct list *queue, int64_t now)
{
	struct blk_req *req;

	while ((req = first(queue)) && (f->open || req->due <= now)) {
		list_del(&req->link);
		blk_pass(f->node->child[BLK_FILE], req);
	}
}

static void serve(void *ctx)
{
	struct filter *f = ctx;
	int64_t now = clock_now(f->clock), next = INT64_MAX;
	const struct blk_req *req;

	start_due(f, &f->reads, now);
	start_due(f, &f->writes, now);
	req = first(&f->reads);
	next = req ? req->due : next;
	req = first(&f->writes);
	next = req && req->due < next ? req->due : next;
	if (next < INT64_MAX)
		timer_set(&f->timer, next);
}

static void submit(struct blk_node *node, struct blk_req *req)
{
	struct filter *f = node->state;
	struct list *queue = req->op == BLK_READ ? &f->reads : &f->writes;
	int64_t now;

	if (f->open || !blk_ctx_loop(node->ctx) || !throttle_counts(req->op)) {
		blk_pass(node->child[BLK_FILE], req);
		return;
	}
	now = clock_now(f->clock);
	req->due = limit_group_reserve(f->group, now, req);
	if (req->due <= now && list_empty(queue)) {
		blk_pass(node->child[BLK_FILE], req);
		return;
	}
	list_add_tail(queue, &req->link);
	serve(f);
}

static void open_up(struct blk_node *node, bool open)
{
	struct filter *f = node->state;

	f->open += open ? 1u : -1u;
	if (open)
		serve(f);
}

static int join(struct filter *f, const char *name, struct error *err)
{
	struct blk_fronts *all = blk_ctx_machine(f->node->ctx);

	if (!name)
		return error_set(err, EINVAL,
				 "Parameter 'throttle-group' is missing");
	if (!all || !limit_group_find(all, name))
		return error_set(err, ENOENT,
				 "Throttle group '%s' does not exist; -object "
				 "throttle-group,id=%s,... makes it",
				 name, name);
	f->group = limit_group_join(all, name, err);
	return f->group ? 0 : -ENOMEM;
}

/* As info block shows it: what would open the same again. */
static void set_name(struct blk_node *node, const char *group)
{
	json_t *o = json_pack("{s:s, s:s, s:o}", "throttle-group", group,
			      "driver", "throttle", "file",
			      blk_node_options(node->child[BLK_FILE]));
	char *text = o ? json_dumps(o, 0) : NULL, *name;

	if (text && asprintf(&name, "json:%s", text) >= 0) {
		free(node->filename);
		node->filename = name;
	}
	free(text);
	json_decref(o);
}

static int open_filter(struct blk_node *node, json_t *options,
		       struct error *err)
{
	struct filter *f = node->state;
	char *name = blk_take_string(options, "throttle-group");
	int rc;

	f->node = node;
	rc = join(f, name, err);
	if (rc == 0)
		set_name(node, name);
	free(name);
	if (rc < 0)
		return rc;
	list_init(&f->reads);
	list_init(&f->writes);
	f->clock = blk_ctx_clock(node->ctx);
	timer_init(&f->timer, f->clock, serve, f);
	node->size = node->child[BLK_FILE]->size;
	return 0;
}

static void close_filter(struct blk_node *node)
{
	struct filter *f = node->state;

	timer_cancel(&f->timer);
	limit_group_leave(f->group);
}

static const char *const options[] = {"throttle-group", NULL};

const struct blk_driver blk_throttle = {
	.name = "throttle",
	.filter = true,
	.state_size = sizeof(struct filter),
	.options = options,
	.open = open_filter,
	.close = close_filter,
	.submit = submit,
	.open_up = open_up,
	.status = blk_filter_status,
	.truncate = blk_filter_truncate,
};
