/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info block, query-block. */
#include "block/block_monitor.h"

#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"

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
static json_t *describe_image(struct blk_node *node)
{
	json_t *o = json_object();
	struct blk_info info;

	blk_get_info(node, &info);
	set_text(o, "filename", node->filename);
	set_text(o, "format", info.format);
	set_size(o, "virtual-size", info.virtual_size);
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
	if (node->child[BLK_BACKING])
		set(o, "backing-image",
		    describe_image(node->child[BLK_BACKING]));
	blk_info_free(&info);
	return o;
}

static unsigned depth(const struct blk_node *node)
{
	unsigned n = 0;

	while ((node = node->child[BLK_BACKING]))
		n++;
	return n;
}

static json_t *describe_medium(const struct blk_front *f, struct blk_node *node)
{
	struct blk_node *image = node->implicit ? blk_node_image(node) : node;
	struct blk_node *below = image->child[BLK_BACKING];
	json_t *o = json_object();

	set_text(o, "file", image->filename);
	set_text(o, "node-name", image->name);
	set_text(o, "drv", image->driver->name);
	set(o, "ro", json_boolean(image->readonly));
	set(o, "encrypted", json_false());
	set_size(o, "backing_file_depth", depth(image));
	set_text(o, "backing_file", below ? below->filename : NULL);
	set_text(o, "detect_zeroes", detects[image->detect]);
	set_size(o, "write_threshold", 0);
	set(o, "cache",
	    json_pack("{s:b, s:b, s:b}", "writeback", !f->writethrough,
		      "direct", !!(image->flags & BLK_O_DIRECT), "no-flush",
		      !!(image->flags & BLK_O_NO_FLUSH)));
	set(o, "image", describe_image(image));
	blk_front_add_limits(f, o);
	return o;
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

static void query_block(struct monitor_call *call)
{
	const struct blk_fronts *fronts = monitor_fronts(call);
	json_t *list = json_array();
	struct blk_front *f;

	list_for_each (f, &fronts->list, struct blk_front, link)
		json_array_append_new(list, describe(f));
	monitor_done(call, list);
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

static void show_block(struct monitor_call *call, const json_t *result)
{
	const json_t *e;
	size_t i;

	json_array_foreach(result, i, e)
	{
		if (i)
			monitor_printf(call, "\n");
		show_one(call, e);
	}
}

const struct monitor_cmd block_monitor_cmds[] = {
	{.name = "info block",
	 .qmp = "query-block",
	 .help = "show the block devices",
	 .run = query_block,
	 .show = show_block},
	{.run = NULL},
};
