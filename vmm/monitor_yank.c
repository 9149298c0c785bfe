/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yank: ends connections whose other ends do not answer.  It may overtake
 * commands that wait for just that.
 */
#include <string.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"

static void query_yank(struct monitor_call *call)
{
	json_t *list = json_array();
	struct chardev *chr;

	list_for_each (chr, &monitor_machine(call)->chardevs, struct chardev,
		       link)
		if (chr->ops->yank)
			json_array_append_new(list,
					      json_pack("{s:s, s:s}", "type",
							"chardev", "id",
							chr->label));
	monitor_done(call, list);
}

/* False: the call has ended. */
static bool check(struct monitor_call *call, const json_t *instance,
		  struct chardev **chr)
{
	static const char *const types[] = {"block-node", "chardev",
					    "migration"};
	const char *type = json_string_value(json_object_get(instance, "type"));
	const char *id = json_string_value(json_object_get(instance, "id"));
	size_t i = 0;

	while (type && i < 3 && strcmp(type, types[i]) != 0)
		i++;
	if (!type || (!strcmp(type, "chardev") && !id)) {
		monitor_fail(call, "GenericError", "Parameter '%s' is missing",
			     type ? "id" : "type");
		return false;
	}
	if (i == 3) {
		monitor_fail(call, "GenericError",
			     "Parameter 'type' does not accept value '%.100s'",
			     type);
		return false;
	}
	*chr = strcmp(type, "chardev") == 0
		       ? chardev_find(monitor_machine(call), id)
		       : NULL;
	if (*chr && (*chr)->ops->yank)
		return true;
	monitor_fail(call, "DeviceNotFound", "Instance not found");
	return false;
}

/* All of them, or none. */
static void yank(struct monitor_call *call)
{
	const json_t *list = json_object_get(monitor_args(call), "instances");
	const json_t *instance;
	struct chardev *chr;
	size_t i;

	if (!json_is_array(list)) {
		monitor_fail(call, "GenericError",
			     "Invalid parameter type for 'instances', "
			     "expected: array");
		return;
	}
	json_array_foreach(list, i, instance)
	{
		if (!check(call, instance, &chr))
			return;
	}
	json_array_foreach(list, i, instance)
	{
		chr = chardev_find(monitor_machine(call),
				   json_string_value(
					   json_object_get(instance, "id")));
		chr->ops->yank(chr);
	}
	monitor_done(call, NULL);
}

static const struct monitor_arg yank_args[] = {
	{.name = "instances",
	 .type = MONITOR_ARG_JSON,
	 .help = "those of query-yank whose connections are to end"},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd yank_monitor_cmds[] = {
	{.qmp = "query-yank",
	 .help = "show what yank can end",
	 .run = query_yank,
	 .oob = true},
	{.qmp = "yank",
	 .help = "end connections that hang",
	 .args = yank_args,
	 .run = yank,
	 .oob = true},
	{.run = NULL},
};
