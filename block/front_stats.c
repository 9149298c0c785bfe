/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What front ends have done so far: info blockstats, query-blockstats. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "block/driver.h"
#include "block/front.h"
#include "vmm/timer.h"

enum { READS, WRITES, FLUSHES, UNMAPS };

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

void blk_stats_begin(struct blk_req *req)
{
	req->began = now();
}

static const unsigned kinds[] = {
	[BLK_READ] = READS,	     [BLK_WRITE] = WRITES,
	[BLK_WRITE_ZEROES] = WRITES, [BLK_FLUSH] = FLUSHES,
	[BLK_DISCARD] = UNMAPS,
};

void blk_stats_merged(struct blk_front *front, enum blk_op op, unsigned n)
{
	pthread_mutex_lock(&front->lock);
	front->stats.merged[kinds[op]] += n;
	pthread_mutex_unlock(&front->lock);
}

void blk_stats_end(struct blk_front *front, const struct blk_req *req)
{
	unsigned kind = kinds[req->op];
	struct blk_stats *s = &front->stats;

	s->last = now();
	s->ns[kind] += (uint64_t)(s->last - req->began);
	if (req->rc < 0) {
		s->failed[kind]++;
		return;
	}
	s->ops[kind]++;
	if (kind != FLUSHES)
		s->bytes[kind] += req->len;
}

static void set(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *describe_stats(const struct blk_stats *s, uint64_t highest,
			      bool accounts)
{
	json_t *o = json_object();

	set(o, "rd_bytes", s->bytes[READS]);
	set(o, "wr_bytes", s->bytes[WRITES]);
	set(o, "unmap_bytes", s->bytes[UNMAPS]);
	set(o, "rd_operations", s->ops[READS]);
	set(o, "wr_operations", s->ops[WRITES]);
	set(o, "flush_operations", s->ops[FLUSHES]);
	set(o, "unmap_operations", s->ops[UNMAPS]);
	set(o, "rd_total_time_ns", s->ns[READS]);
	set(o, "wr_total_time_ns", s->ns[WRITES]);
	set(o, "flush_total_time_ns", s->ns[FLUSHES]);
	set(o, "unmap_total_time_ns", s->ns[UNMAPS]);
	set(o, "failed_rd_operations", s->failed[READS]);
	set(o, "failed_wr_operations", s->failed[WRITES]);
	set(o, "failed_flush_operations", s->failed[FLUSHES]);
	set(o, "failed_unmap_operations", s->failed[UNMAPS]);
	/* Devices refuse these themselves. */
	set(o, "invalid_rd_operations", 0);
	set(o, "invalid_wr_operations", 0);
	set(o, "invalid_flush_operations", 0);
	set(o, "invalid_unmap_operations", 0);
	set(o, "rd_merged", s->merged[READS]);
	set(o, "wr_merged", s->merged[WRITES]);
	set(o, "unmap_merged", s->merged[UNMAPS]);
	set(o, "wr_highest_offset", highest);
	if (s->last)
		set(o, "idle_time_ns", (uint64_t)(now() - s->last));
	json_object_set_new(o, "account_invalid", json_boolean(accounts));
	json_object_set_new(o, "account_failed", json_boolean(accounts));
	json_object_set_new(o, "timed_stats", json_array());
	return o;
}

/* Requests are counted where devices make them: nodes have none. */
static json_t *describe_node(const struct blk_node *node, bool deep)
{
	static const struct blk_stats none;
	const struct blk_node *file = node->child[BLK_FILE];
	const struct blk_node *below =
		node->driver->filter ? file : node->child[BLK_BACKING];
	json_t *o = json_object();

	json_object_set_new(o, "node-name", json_string(node->name));
	json_object_set_new(o, "stats",
			    describe_stats(&none, node->highest, false));
	if (file)
		json_object_set_new(o, "parent", describe_node(file, deep));
	if (below && deep)
		json_object_set_new(o, "backing", describe_node(below, deep));
	return o;
}

struct look {
	struct blk_front *front;
	struct blk_ctx *ctx;
	json_t *out;
};

static void look_at_front(struct blk_node *node, void *ctx)
{
	struct look *look = ctx;
	struct blk_node *image = node->implicit ? blk_node_image(node) : node;

	json_decref(look->out);
	look->out = describe_node(image, true);
	json_object_set_new(look->out, "stats",
			    describe_stats(&look->front->stats, image->highest,
					   true));
}

static json_t *describe_front(struct blk_front *f)
{
	struct look look = {.front = f, .out = json_object()};

	json_object_set_new(look.out, "stats",
			    describe_stats(&f->stats, 0, true));
	blk_front_look(f, look_at_front, &look);
	json_object_set_new(look.out, "device", json_string(f->id));
	if (*f->device)
		json_object_set_new(look.out, "qdev", json_string(f->device));
	return look.out;
}

static void look_at_nodes(void *arg)
{
	const struct blk_node *node;
	struct look *look = arg;

	list_for_each (node, blk_ctx_nodes(look->ctx), struct blk_node, link)
		json_array_append_new(look->out, describe_node(node, false));
}

static json_t *all_nodes(struct blk_fronts *all)
{
	struct look look = {.out = json_array()};
	struct list *e;

	for (e = all->ctxs.next; e != &all->ctxs; e = e->next) {
		look.ctx = blk_ctx_of(e);
		blk_ctx_call(look.ctx, look_at_nodes, &look);
	}
	return look.out;
}

void blk_query_stats(struct monitor_call *call)
{
	struct blk_fronts *all = monitor_fronts(call);
	struct blk_front *f;
	json_t *list;

	if (monitor_arg_bool(call, "query-nodes", false)) {
		monitor_done(call, all_nodes(all));
		return;
	}
	list = json_array();
	list_for_each (f, &all->list, struct blk_front, link)
		if (*f->id || *f->device)
			json_array_append_new(list, describe_front(f));
	monitor_done(call, list);
}

void blk_show_stats(struct monitor_call *call, const json_t *result)
{
	static const char *const keys[] = {
		"rd_bytes",	    "wr_bytes",
		"rd_operations",    "wr_operations",
		"flush_operations", "wr_total_time_ns",
		"rd_total_time_ns", "flush_total_time_ns",
		"rd_merged",	    "wr_merged",
		"idle_time_ns",
	};
	const json_t *e, *stats;
	size_t i, k;

	json_array_foreach(result, i, e)
	{
		stats = json_object_get(e, "stats");
		monitor_printf(call, "%s:",
			       json_string_value(json_object_get(e, "device")));
		for (k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			monitor_printf(call, " %s=%lld", keys[k],
				       (long long)json_integer_value(
					       json_object_get(stats,
							       keys[k])));
		monitor_printf(call, "\n");
	}
}
