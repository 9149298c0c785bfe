/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor commands that describe the monitor's commands and the options of
 * the command line, from the tables that both are made of.  QEMU's
 * documentation, "Client JSON Protocol introspection".
 */
#include <stdio.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/monitor_calls.h"

/* ---- query-qmp-schema ---- */

/* Types that values are of; their names are also those of the JSON types. */
static const char *const builtins[][2] = {
	{"str", "string"},
	{"int", "int"},
	{"bool", "boolean"},
	{"any", "value"},
};

static const char *const arg_types[] = {
	[MONITOR_ARG_STRING] = "str", [MONITOR_ARG_REST] = "str",
	[MONITOR_ARG_INT] = "int",    [MONITOR_ARG_SIZE] = "int",
	[MONITOR_ARG_MIB] = "int",    [MONITOR_ARG_BOOL] = "bool",
	[MONITOR_ARG_FLAG] = "bool",  [MONITOR_ARG_FORMAT] = "str",
	[MONITOR_ARG_JSON] = "any",
};

static json_t *describe_args(const struct monitor_arg *a)
{
	json_t *members = json_array(), *m;

	for (; a && a->type != MONITOR_ARG_END; a++) {
		m = json_pack("{s:s, s:s}", "name", a->name, "type",
			      arg_types[a->type]);
		if (a->optional || a->type == MONITOR_ARG_FLAG)
			json_object_set_new(m, "default", json_null());
		json_array_append_new(members, m);
	}
	return members;
}

static void describe_command(json_t *list, const struct monitor_cmd *cmd)
{
	char args[80];

	snprintf(args, sizeof(args), "%s-arg", cmd->qmp);
	json_array_append_new(list,
			      json_pack("{s:s, s:s, s:s, s:s}", "name",
					cmd->qmp, "meta-type", "command",
					"arg-type", args, "ret-type", "any"));
	json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", args,
					      "meta-type", "object", "members",
					      describe_args(cmd->args)));
}

static void query_schema(struct monitor_call *call)
{
	json_t *list = json_array();
	const struct monitor_cmd *cmd;
	size_t i;

	for (i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s}", "name",
						builtins[i][0], "meta-type",
						"builtin", "json-type",
						builtins[i][1]));
	for (i = 0; monitor_tables[i]; i++)
		for (cmd = monitor_tables[i]; cmd->run; cmd++)
			if (cmd->qmp)
				describe_command(list, cmd);
	monitor_done(call, list);
}

/* ---- query-command-line-options ---- */

/* The four kinds of value that QMP tells apart. */
static const char *value_kind(enum opt_type type)
{
	switch (type) {
	case OPT_BOOL:
		return "boolean";
	case OPT_U8:
	case OPT_U16:
	case OPT_U32:
	case OPT_U64:
	case OPT_I64:
		return "number";
	case OPT_SIZE:
	case OPT_SIZE_MIB:
		return "size";
	default:
		return "string";
	}
}

static json_t *describe_keys(const struct opt_desc *d)
{
	json_t *list = json_array(), *key;

	for (; d && d->type != OPT_END; d++) {
		if (d->refused)
			continue;
		key = json_pack("{s:s, s:s}", "name", d->name, "type",
				value_kind(d->type));
		if (d->help)
			json_object_set_new(key, "help", json_string(d->help));
		if (d->dflt)
			json_object_set_new(key, "default",
					    json_string(d->dflt));
		json_array_append_new(list, key);
	}
	return list;
}

static void query_options(struct monitor_call *call)
{
	const char *wanted = monitor_arg_string(call, "option");
	json_t *list = json_array();
	const struct cmdline_opt *o;

	for (o = cmdline_opts; o->name; o++)
		if (o->arg && (!wanted || !strcmp(wanted, o->name)))
			json_array_append_new(
				list, json_pack("{s:s, s:o}", "option", o->name,
						"parameters",
						describe_keys(o->keys)));
	if (wanted && !json_array_size(list)) {
		json_decref(list);
		monitor_fail(call, "GenericError", "invalid option name: %s",
			     wanted);
		return;
	}
	monitor_done(call, list);
}

static const struct monitor_arg option_args[] = {
	MONITOR_OPTIONAL_WORD("option", "its name, without a dash"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd schema_monitor_cmds[] = {
	{.qmp = "query-qmp-schema", .run = query_schema},
	{.qmp = "query-command-line-options",
	 .args = option_args,
	 .run = query_options},
	{.run = NULL},
};
