/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -blockdev: nodes that the user names, for each other and for devices.
 *
 * A graph has one thread, so nodes that name each other are opened in one
 * context where that can be known beforehand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "vmm/list.h"

/* One -blockdev. */
struct given {
	const char *text; /* as typed */
	json_t *options;
	json_t *names, *refs; /* arrays: nodes that it makes, and names */
	size_t group; /* the same for all that hang together */
	struct blk_ctx *ctx;
};

/* The machine's reference to a node of its user. */
struct blk_named {
	struct list link;
	struct blk_node *node;
};

/* The part of a key behind its last dot. */
static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

static void scan(struct given *g, const json_t *options)
{
	const char *key, *part;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)options, key, v)
	{
		part = last_part(key);
		if (json_is_object(v))
			scan(g, v);
		else if (json_is_string(v) && !strcmp(part, "node-name"))
			json_array_append(g->names, v);
		else if (json_is_string(v) &&
			 (!strcmp(part, "file") || !strcmp(part, "backing") ||
			  !strcmp(part, "data-file")))
			json_array_append(g->refs, v);
	}
}

static json_t *parse_keys(const char *text, struct error *err)
{
	struct opt_list list;
	json_t *o;

	if (opt_split(text, NULL, &list, err) < 0)
		return NULL;
	o = blk_options_of_list(&list);
	opt_list_free(&list);
	return o;
}

static json_t *parse_json(const char *text, struct error *err)
{
	json_error_t bad;
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &bad);

	if (json_is_object(o))
		return o;
	json_decref(o);
	error_set(err, EINVAL, "JSON: %s (at letter %d)",
		  o ? "an object is expected" : bad.text, bad.position);
	return NULL;
}

/* Takes options over. */
static int look_at(struct given *g, json_t *options, struct error *err)
{
	g->names = json_array();
	g->refs = json_array();
	g->options = options;
	if (!options)
		return -EINVAL;
	scan(g, g->options);
	if (!json_object_get(g->options, "driver"))
		return error_set(err, EINVAL, "Parameter 'driver' is missing");
	if (!json_object_get(g->options, "node-name"))
		return error_set(err, EINVAL,
				 "'node-name' must be specified for the root "
				 "node");
	return 0;
}

static int parse(struct given *g, const char *text, struct error *err)
{
	g->text = text;
	return look_at(g,
		       *text == '{' ? parse_json(text, err)
				    : parse_keys(text, err),
		       err);
}

static void forget(struct given *g)
{
	json_decref(g->options);
	json_decref(g->names);
	json_decref(g->refs);
	blk_ctx_unref(g->ctx);
}

static bool makes(const struct given *g, const char *name)
{
	const json_t *v;
	size_t i;

	json_array_foreach(g->names, i, v)
	{
		if (!strcmp(json_string_value(v), name))
			return true;
	}
	return false;
}

static void join(struct given *all, size_t n, size_t a, size_t b)
{
	size_t from = all[a].group, to = all[b].group, i;

	for (i = 0; i < n; i++)
		if (all[i].group == from)
			all[i].group = to;
}

static void group(struct given *all, size_t n)
{
	const json_t *v;
	size_t i, k, r;

	for (i = 0; i < n; i++)
		all[i].group = i;
	for (i = 0; i < n; i++)
		json_array_foreach(all[i].refs, r, v)
		{
			for (k = 0; k < i; k++)
				if (makes(&all[k], json_string_value(v)))
					join(all, n, i, k);
		}
}

/* Where the first is that refs names, rather one at work; or a new one. */
static struct blk_ctx *choose_ctx(struct blk_fronts *fronts, const json_t *refs,
				  struct error *err)
{
	struct blk_node *node, *best = NULL;
	const json_t *v;
	size_t i;

	json_array_foreach(refs, i, v)
	{
		node = blk_graph_find(fronts, json_string_value(v));
		if (node && (!best || (blk_ctx_loop(node->ctx) &&
				       !blk_ctx_loop(best->ctx))))
			best = node;
	}
	return best ? blk_ctx_ref(best->ctx) : blk_ctx_new_in(fronts, err);
}

/* The context of the group, which the first of it makes. */
static struct blk_ctx *context(struct blk_fronts *fronts, struct given *all,
			       size_t i, struct error *err)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (all[k].group == all[i].group)
			return blk_ctx_ref(all[k].ctx);
	return choose_ctx(fronts, all[i].refs, err);
}

struct blk_node *blk_graph_find(const struct blk_fronts *fronts,
				const char *name)
{
	struct list *first = fronts->ctxs.next;

	if (first == &fronts->ctxs)
		return NULL;
	return blk_node_find(blk_ctx_of(first), name);
}

struct opening {
	struct blk_ctx *ctx;
	const struct blk_open *how;
	struct error *err;
	struct blk_node *node;
};

static void open_in_thread(void *arg)
{
	struct opening *o = arg;

	o->node = blk_open_layers(o->ctx, o->how, o->err);
}

static struct blk_node *open_in(struct blk_ctx *ctx, const struct blk_open *how,
				struct error *err)
{
	struct opening o = {.ctx = ctx, .how = how, .err = err};

	blk_ctx_call(ctx, open_in_thread, &o);
	return o.node;
}

struct blk_node *blk_open_drive(struct blk_fronts *all,
				const struct blk_open *how, struct error *err)
{
	struct given g = {.names = json_array(), .refs = json_array()};
	struct blk_node *node = NULL;

	if (how->options)
		scan(&g, how->options);
	g.ctx = choose_ctx(all, g.refs, err);
	if (g.ctx)
		node = open_in(g.ctx, how, err);
	blk_ctx_unref(g.ctx); /* the nodes have it now */
	json_decref(g.names);
	json_decref(g.refs);
	return node;
}

static struct blk_named *find_named(const struct blk_fronts *fronts,
				    const char *name)
{
	struct blk_named *named;

	list_for_each (named, &fronts->named, struct blk_named, link)
		if (!strcmp(named->node->name, name))
			return named;
	return NULL;
}

struct blk_node *blk_named_find(const struct blk_fronts *fronts,
				const char *name)
{
	struct blk_named *named = find_named(fronts, name);

	return named ? named->node : NULL;
}

static int open_given(struct blk_fronts *fronts, struct given *g,
		      struct error *err)
{
	struct blk_open how = {.options = g->options, .flags = BLK_O_RDWR};
	struct blk_named *named = calloc(1, sizeof(*named));

	if (!named)
		return error_set(err, ENOMEM, "out of memory");
	named->node = open_in(g->ctx, &how, err);
	if (!named->node) {
		free(named);
		return -EINVAL;
	}
	list_add_tail(&fronts->named, &named->link);
	return 0;
}

int blk_named_open(struct blk_fronts *fronts, char *const *texts, size_t n,
		   struct error *err)
{
	struct given *all = calloc(n + 1, sizeof(*all));
	size_t i;
	int rc = all ? 0 : error_set(err, ENOMEM, "out of memory");

	for (i = 0; i < n && rc == 0; i++) {
		rc = parse(&all[i], texts[i], err);
		if (rc < 0)
			error_prefix(err, "-blockdev %s", texts[i]);
	}
	if (rc == 0)
		group(all, n);
	for (i = 0; i < n && rc == 0; i++) {
		all[i].ctx = context(fronts, all, i, err);
		rc = all[i].ctx ? open_given(fronts, &all[i], err) : -ENOMEM;
		if (rc < 0)
			error_prefix(err, "-blockdev %s", texts[i]);
	}
	for (i = 0; all && i < n; i++)
		forget(&all[i]);
	free(all);
	return rc;
}

int blk_named_add(struct blk_fronts *fronts, const json_t *options,
		  struct error *err)
{
	const json_t *file = json_object_get(options, "filename");
	struct given g = {.text = NULL};
	int rc = look_at(&g, json_deep_copy(options), err);

	if (rc == 0)
		g.ctx = choose_ctx(fronts, g.refs, err);
	if (rc == 0)
		rc = g.ctx ? open_given(fronts, &g, err) : -ENOMEM;
	if (rc < 0 && json_is_string(file))
		error_prefix(err, "'%s'", json_string_value(file));
	forget(&g);
	return rc;
}

int blk_named_del(struct blk_fronts *fronts, const char *name,
		  struct error *err)
{
	struct blk_named *named = find_named(fronts, name);

	if (!named)
		return error_set(err, ENOENT,
				 blk_graph_find(fronts, name)
					 ? "Node %s is not owned by the monitor"
					 : "Failed to find node with "
					   "node-name='%s'",
				 name);
	if (named->node->refs > 1)
		return error_set(err, EBUSY, "Node %s is in use", name);
	list_del(&named->link);
	blk_node_release(named->node);
	free(named);
	return 0;
}

void blk_named_close(struct blk_fronts *fronts)
{
	struct blk_named *named;

	/* The last first: it may be the parent of others. */
	while (!list_empty(&fronts->named)) {
		named = container_of(fronts->named.prev, struct blk_named,
				     link);
		list_del(&named->link);
		blk_node_unref(named->node);
		free(named);
	}
}
