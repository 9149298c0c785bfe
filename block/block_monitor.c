/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info block, query-block, query-named-block-nodes. */
#include "block/block_monitor.h"

#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"
#include "block/size_text.h"

static const char *const detects[] = {
	[BLK_DETECT_OFF] = "off",
	[BLK_DETECT_ON] = "on",
	[BLK_DETECT_UNMAP] = "unmap",
};

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new_nocheck(o, key, value);
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		set(o, key, json_string_nocheck(text));
}

static void set_size(json_t *o, const char *key, uint64_t n)
{
	set(o, key, json_integer((json_int_t)n));
}

/* What the image says of itself, and those below it. */
static json_t *describe_image(struct blk_node *node, bool flat)
{
	struct blk_node *below = node->child[BLK_BACKING];

	json_t *o = json_object();
	struct blk_info info;

	blk_get_info(node, &info);
	set_text(o, "filename", node->filename);
	set_text(o, "format", info.format);
	/* In whole sectors, whatever the file has. */
	set_size(o, "virtual-size",
		 (info.virtual_size + BLK_SECTOR - 1) / BLK_SECTOR *
			 BLK_SECTOR);
	if (info.actual_size >= 0)
		set_size(o, "actual-size", (uint64_t)info.actual_size);
	if (info.cluster_size)
		set_size(o, "cluster-size", info.cluster_size);
	set(o, "dirty-flag", json_boolean(info.dirty));
	set_text(o, "backing-filename", info.backing_file);
	set_text(o, "full-backing-filename", info.full_backing_file);
	set_text(o, "backing-filename-format", info.backing_format);
	if (info.specific)
		set(o, "format-specific",
		    json_pack("{s:s, s:O}", "type", info.format, "data",
			      info.specific));
	if (node->driver->filter)
		below = node->child[BLK_FILE];
	if (below && !flat)
		set(o, "backing-image", describe_image(below, false));
	blk_info_free(&info);
	return o;
}

static unsigned depth(const struct blk_node *node)
{
	unsigned n = 0;

	while ((node = node->child[node->driver->filter ? BLK_FILE
							: BLK_BACKING]))
		n++;
	return n;
}

/* f is NULL for a node alone. */
static json_t *describe_node(const struct blk_front *f, struct blk_node *image,
			     bool flat)
{
	struct blk_node *below = image->child[BLK_BACKING];
	json_t *o = json_object();

	set_text(o, "file", image->filename);
	set_text(o, "node-name", image->name);
	set_text(o, "drv", image->driver->name);
	set(o, "ro", json_boolean(image->readonly));
	set(o, "encrypted", json_false());
	set_size(o, "backing_file_depth", flat ? 0 : depth(image));
	set_text(o, "backing_file", below ? below->filename : NULL);
	set_text(o, "detect_zeroes", detects[image->detect]);
	set_size(o, "write_threshold", 0);
	set(o, "cache",
	    json_pack("{s:b, s:b, s:b}", "writeback", !f || !f->writethrough,
		      "direct", !!(image->flags & BLK_O_DIRECT), "no-flush",
		      !!(image->flags & BLK_O_NO_FLUSH)));
	set(o, "image", describe_image(image, flat));
	blk_front_add_limits(f, o);
	return o;
}

static json_t *describe_medium(const struct blk_front *f, struct blk_node *node)
{
	return describe_node(f, node->implicit ? blk_node_image(node) : node,
			     false);
}

struct look {
	const struct blk_front *front;
	json_t *medium;
};

static void look_at_medium(struct blk_node *node, void *ctx)
{
	struct look *look = ctx;

	look->medium = describe_medium(look->front, node);
}

static json_t *describe(struct blk_front *f)
{
	struct look look = {.front = f};
	json_t *o = json_pack("{s:s, s:b, s:b, s:s}", "device", f->id, "locked",
			      f->locked, "removable", f->removable, "type",
			      "unknown");

	if (*f->device)
		set_text(o, "qdev", f->device);
	if (*f->device && blk_front_has_status(f))
		set_text(o, "io-status",
			 !f->failed		? "ok"
			 : f->failed == -ENOSPC ? "nospace"
						: "failed");
	if (*f->device && f->removable)
		set(o, "tray_open", json_boolean(f->tray_open));
	blk_front_look(f, look_at_medium, &look);
	if (look.medium)
		set(o, "inserted", look.medium);
	return o;
}

static json_t *all_drives(const struct blk_fronts *all)
{
	json_t *list = json_array();
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link)
		json_array_append_new(list, describe(f));
	return list;
}

static void query_block(struct monitor_call *call)
{
	monitor_done(call, all_drives(monitor_fronts(call)));
}

struct nodes {
	struct blk_ctx *ctx;
	bool flat;
	json_t *list;
};

/* Parents come before their children, as they were opened after them. */
static void describe_nodes(void *arg)
{
	struct nodes *n = arg;
	struct list *nodes = blk_ctx_nodes(n->ctx), *e;

	for (e = nodes->prev; e != nodes; e = e->prev)
		json_array_append_new(
			n->list,
			describe_node(NULL,
				      container_of(e, struct blk_node, link),
				      n->flat));
}

static json_t *all_nodes(struct blk_fronts *all, bool flat)
{
	struct nodes n = {.flat = flat, .list = json_array()};
	struct list *e;

	for (e = all->ctxs.prev; e != &all->ctxs; e = e->prev) {
		n.ctx = blk_ctx_of(e);
		blk_ctx_call(n.ctx, describe_nodes, &n);
	}
	return n.list;
}

static void query_nodes(struct monitor_call *call)
{
	bool flat = monitor_arg_bool(call, "flat", false);

	monitor_done(call, all_nodes(monitor_fronts(call), flat));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static bool flag(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* Without a name of its own it is called by what it holds, or what has it. */
static void show_title(struct monitor_call *call, const json_t *e)
{
	const json_t *in = json_object_get(e, "inserted");
	const char *name = text(e, "device"), *node = text(in, "node-name");

	if (*name && *node)
		monitor_printf(call, "%s (%s)", name, node);
	else
		monitor_printf(call, "%s",
			       *name   ? name
			       : *node ? node
				       : text(e, "qdev"));
	if (in)
		monitor_printf(call, ": %s (%s%s)\n", text(in, "file"),
			       text(in, "drv"),
			       flag(in, "ro") ? ", read-only" : "");
	else
		monitor_printf(call, ": [not inserted]\n");
}

static void show_cache(struct monitor_call *call, const json_t *in)
{
	const json_t *cache = json_object_get(in, "cache");

	monitor_printf(call, "    Cache mode:       %s%s%s\n",
		       flag(cache, "writeback") ? "writeback" : "writethrough",
		       flag(cache, "direct") ? ", direct" : "",
		       flag(cache, "no-flush") ? ", ignore flushes" : "");
}

static void show_medium(struct monitor_call *call, const json_t *in)
{
	const char *detect = text(in, "detect_zeroes");

	show_cache(call, in);
	if (json_object_get(in, "backing_file"))
		monitor_printf(call,
			       "    Backing file:     %s (chain depth: %lld)\n",
			       text(in, "backing_file"),
			       number(in, "backing_file_depth"));
	if (strcmp(detect, "off") != 0)
		monitor_printf(call, "    Detect zeroes:    %s\n", detect);
	if (json_object_get(in, "group"))
		blk_front_show_limits(call, in);
}

static void show_one(struct monitor_call *call, const json_t *e)
{
	const json_t *in = json_object_get(e, "inserted");
	const char *status = text(e, "io-status");

	show_title(call, e);
	if (*text(e, "qdev"))
		monitor_printf(call, "    Attached to:      %s\n",
			       text(e, "qdev"));
	if (*status && strcmp(status, "ok") != 0)
		monitor_printf(call, "    I/O status:       %s\n", status);
	if (flag(e, "removable"))
		monitor_printf(call,
			       "    Removable device: %slocked, tray %s\n",
			       flag(e, "locked") ? "" : "not ",
			       flag(e, "tray_open") ? "open" : "closed");
	if (in)
		show_medium(call, in);
}

static void show_size(struct monitor_call *call, const char *what,
		      json_int_t bytes)
{
	char text[BLK_SIZE_TEXT];

	blk_size_text((uint64_t)bytes, text);
	monitor_printf(call, "%s: %s", what, text);
}

static void show_specific(struct monitor_call *call, const json_t *data)
{
	const char *key, *c;
	json_t *v;

	monitor_printf(call, "Format specific information:\n");
	json_object_foreach((json_t *)(uintptr_t)data, key, v)
	{
		monitor_printf(call, "    ");
		for (c = key; *c; c++)
			monitor_printf(call, "%c", *c == '-' ? ' ' : *c);
		if (json_is_string(v))
			monitor_printf(call, ": %s\n", json_string_value(v));
		else if (json_is_boolean(v))
			monitor_printf(call, ": %s\n",
				       json_is_true(v) ? "true" : "false");
		else
			monitor_printf(call, ": %lld\n", json_integer_value(v));
	}
}

static void show_backing(struct monitor_call *call, const json_t *image)
{
	const char *file = text(image, "backing-filename");
	const char *full = text(image, "full-backing-filename");

	if (!*file)
		return;
	monitor_printf(call, "backing file: %s", file);
	if (*full && strcmp(file, full) != 0)
		monitor_printf(call, " (actual path: %s)", full);
	monitor_printf(call, "\n");
	if (*text(image, "backing-filename-format"))
		monitor_printf(call, "backing file format: %s\n",
			       text(image, "backing-filename-format"));
}

static void show_image(struct monitor_call *call, const json_t *image)
{
	const json_t *data =
		json_object_get(json_object_get(image, "format-specific"),
				"data");

	monitor_printf(call, "image: %s\nfile format: %s\n",
		       text(image, "filename"), text(image, "format"));
	show_size(call, "virtual size", number(image, "virtual-size"));
	monitor_printf(call, " (%lld bytes)\n", number(image, "virtual-size"));
	if (json_object_get(image, "actual-size"))
		show_size(call, "disk size", number(image, "actual-size"));
	else
		monitor_printf(call, "disk size: unavailable");
	monitor_printf(call, "\n");
	if (number(image, "cluster-size"))
		monitor_printf(call, "cluster_size: %lld\n",
			       number(image, "cluster-size"));
	if (flag(image, "dirty-flag"))
		monitor_printf(call, "cleanly shut down: no\n");
	show_backing(call, image);
	if (data)
		show_specific(call, data);
}

static void show_images(struct monitor_call *call, const json_t *in)
{
	const json_t *image = json_object_get(in, "image");

	if (image)
		monitor_printf(call, "\nImages:\n");
	for (; image; image = json_object_get(image, "backing-image"))
		show_image(call, image);
}

/* Each after an empty line; nodes as if a drive without a name had them. */
static void show_list(struct monitor_call *call, const json_t *list,
		      const char *name, bool verbose)
{
	bool nodes = !json_object_get(json_array_get(list, 0), "device");
	const char *have;
	const json_t *e;
	json_t *drive;
	size_t i;

	json_array_foreach(list, i, e)
	{
		have = text(e, nodes ? "node-name" : "device");
		if (name && strcmp(name, have) != 0)
			continue;
		drive = nodes ? json_pack("{s:O}", "inserted", e)
			      : json_incref((json_t *)(uintptr_t)e);
		if (i)
			monitor_printf(call, "\n");
		show_one(call, drive);
		if (verbose)
			show_images(call, json_object_get(drive, "inserted"));
		json_decref(drive);
	}
}

static void info_block(struct monitor_call *call)
{
	struct blk_fronts *all = monitor_fronts(call);
	const char *name = monitor_arg_string(call, "device");
	bool verbose = monitor_arg_bool(call, "verbose", false);
	json_t *list = NULL;

	if (!monitor_arg_bool(call, "nodes", false)) {
		list = all_drives(all);
		show_list(call, list, name, verbose);
	}
	if (monitor_arg_bool(call, "nodes", false) ||
	    (name && !blk_front_find(all, name))) {
		json_decref(list);
		list = all_nodes(all, false);
		show_list(call, list, name, verbose);
	}
	json_decref(list);
	monitor_done(call, NULL);
}

static const struct monitor_arg block_args[] = {
	{.name = "nodes",
	 .type = MONITOR_ARG_FLAG,
	 .flag = 'n',
	 .help = "nodes of the block graph"},
	{.name = "verbose",
	 .type = MONITOR_ARG_FLAG,
	 .flag = 'v',
	 .help = "what the images say of themselves"},
	{.name = "device",
	 .type = MONITOR_ARG_STRING,
	 .optional = true,
	 .help = "this one alone"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg stats_args[] = {
	{.name = "query-nodes",
	 .type = MONITOR_ARG_BOOL,
	 .optional = true,
	 .help = "all nodes in place of the devices"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg node_args[] = {
	{.name = "flat",
	 .type = MONITOR_ARG_BOOL,
	 .optional = true,
	 .help = "without those below"},
	{.type = MONITOR_ARG_END},
};

/* No command leaves work behind that goes on after its answer. */
static void query_jobs(struct monitor_call *call)
{
	monitor_done(call, json_array());
}

static void show_jobs(struct monitor_call *call, const json_t *result)
{
	if (!json_array_size(result))
		monitor_printf(call, "No active jobs\n");
}

const struct monitor_cmd block_monitor_cmds[] = {
	{.name = "info block",
	 .help = "show the block devices",
	 .args = block_args,
	 .run = info_block},
	{.qmp = "query-block", .help = "the block devices", .run = query_block},
	{.name = "info blockstats",
	 .help = "show what the block devices have done",
	 .run = blk_query_stats,
	 .show = blk_show_stats},
	{.qmp = "query-blockstats",
	 .help = "what the block devices have done",
	 .args = stats_args,
	 .run = blk_query_stats},
	{.qmp = "query-named-block-nodes",
	 .help = "the nodes of the block graph",
	 .args = node_args,
	 .run = query_nodes},
	{.qmp = "query-jobs", .run = query_jobs},
	{.name = "info block-jobs",
	 .qmp = "query-block-jobs",
	 .help = "show the jobs that work on block devices",
	 .run = query_jobs,
	 .show = show_jobs},
	{.run = NULL},
};
