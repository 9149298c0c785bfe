/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info block, query-block. */
#include "block/block_monitor.h"

#include "block/driver.h"

static json_t *describe(const struct blk_front *f)
{
	json_t *o = json_pack("{s:s, s:b, s:b, s:s, s:s}", "device", f->id,
			      "locked", f->locked, "removable", f->removable,
			      "qdev", f->device, "type", "unknown");

	if (f->removable)
		json_object_set_new(o, "tray_open", json_boolean(f->tray_open));
	if (f->node)
		json_object_set_new(
			o, "inserted",
			json_pack("{s:s, s:s, s:b, s:{s:s, s:s, s:I}}", "file",
				  f->node->filename, "drv",
				  f->node->driver->name, "ro",
				  f->node->readonly, "image", "filename",
				  f->node->filename, "format",
				  f->node->driver->name, "virtual-size",
				  (json_int_t)f->node->size));
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

static void show_one(struct monitor_call *call, const json_t *e)
{
	const json_t *in = json_object_get(e, "inserted");

	if (in)
		monitor_printf(call, "%s: %s (%s%s)\n", text(e, "device"),
			       text(in, "file"), text(in, "drv"),
			       flag(in, "ro") ? ", read-only" : "");
	else
		monitor_printf(call, "%s: [not inserted]\n", text(e, "device"));
	monitor_printf(call, "    Attached to:      %s\n", text(e, "qdev"));
	if (flag(e, "removable"))
		monitor_printf(call,
			       "    Removable device: %slocked, tray %s\n",
			       flag(e, "locked") ? "" : "not ",
			       flag(e, "tray_open") ? "open" : "closed");
	if (in)
		monitor_printf(call, "    Cache mode:       writeback\n");
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
