/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the machines and processors that could be had. */
#include <stdio.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/config.h"
#include "vmm/cpu_models.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/vcpu.h"

#define RAM_ID "pc.ram" /* of the default memory backend, as qemu's */

static const char *alias_of(const char *name)
{
	const struct machine_name *m;

	for (m = machine_names; m->name; m++)
		if (m->alias_of && !strcmp(m->alias_of, name))
			return m->name;
	return NULL;
}

static json_t *describe_machine(const struct machine_name *m)
{
	const char *alias = alias_of(m->name);
	json_t *o = json_pack("{s:s, s:i, s:b, s:b, s:b, s:b}", "name", m->name,
			      "cpu-max", (int)m->cpus, "hotpluggable-cpus", 0,
			      "numa-mem-supported", 0, "deprecated", 0, "acpi",
			      m->is_pc);

	if (alias)
		json_object_set_new(o, "alias", json_string(alias));
	if (m->is_pc) {
		json_object_set_new(o, "is-default", json_true());
		json_object_set_new(o, "default-cpu-type",
				    json_string("qemu64-x86_64-cpu"));
		json_object_set_new(o, "default-ram-id", json_string(RAM_ID));
	}
	return o;
}

static void query_machines(struct monitor_call *call)
{
	json_t *list = json_array();
	const struct machine_name *m;

	for (m = machine_names; m->name; m++)
		if (!m->alias_of)
			json_array_append_new(list, describe_machine(m));
	monitor_done(call, list);
}

/* Those that are what the host is are not the same everywhere. */
static json_t *describe_cpu(const char *name, bool is_host, bool is_static)
{
	char type[80];

	snprintf(type, sizeof(type), "%s-x86_64-cpu", name);
	return json_pack("{s:s, s:s, s:b, s:b, s:b}", "name", name, "typename",
			 type, "static", is_static, "migration-safe", !is_host,
			 "deprecated", 0);
}

static void add_alias(json_t *list, const char *name, const char *model)
{
	json_t *o = describe_cpu(name, false, false);

	json_object_set_new(o, "alias-of", json_string(model));
	json_array_append_new(list, o);
}

/* A model by the name that it has without a version. */
static void add_family(json_t *list, const struct cpu_model *m)
{
	size_t n = strlen(m->name) - strlen("-v1");
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)n, m->name);
	add_alias(list, name, m->name);
}

static void query_cpu_definitions(struct monitor_call *call)
{
	json_t *list = json_array();
	const struct cpu_model *m;
	const struct cpu_alias *a;

	json_array_append_new(list, describe_cpu("base", false, true));
	json_array_append_new(list, describe_cpu("host", true, false));
	json_array_append_new(list, describe_cpu("max", true, false));
	for (a = cpu_aliases; a->name; a++)
		add_alias(list, a->name, a->model);
	for (m = cpu_models; m->name; m++) {
		if (!m->base)
			add_family(list, m);
		json_array_append_new(list,
				      describe_cpu(m->name, false, false));
	}
	monitor_done(call, list);
}

static void query_target(struct monitor_call *call)
{
	monitor_done(call, json_pack("{s:s}", "arch", "x86_64"));
}

/*
 * Machines do not migrate yet.  Programs ask for the events that would tell
 * of it before they start one.
 */
static void query_migrate_capabilities(struct monitor_call *call)
{
	bool events = monitor_machine(call)->migrate_events;

	monitor_done(call, json_pack("[{s:s, s:b}]", "capability", "events",
				     "state", events));
}

static void show_migrate_capabilities(struct monitor_call *call,
				      const json_t *result)
{
	const json_t *c;
	size_t i;

	json_array_foreach(result, i, c)
	{
		monitor_printf(call, "%s: %s\n",
			       json_string_value(
				       json_object_get(c, "capability")),
			       json_is_true(json_object_get(c, "state"))
				       ? "on"
				       : "off");
	}
}

static void set_migrate_capabilities(struct monitor_call *call)
{
	const json_t *list =
		json_object_get(monitor_args(call), "capabilities");
	const json_t *e, *state;
	const char *name;
	bool events = monitor_machine(call)->migrate_events;
	size_t i;

	json_array_foreach(list, i, e)
	{
		name = json_string_value(json_object_get(e, "capability"));
		state = json_object_get(e, "state");
		if (!name || !json_is_boolean(state)) {
			monitor_fail(call, "GenericError",
				     "Parameter 'capabilities' is a list of "
				     "capability and state");
			return;
		}
		if (strcmp(name, "events") != 0) {
			monitor_fail(call, "GenericError",
				     "Invalid parameter '%.80s'", name);
			return;
		}
		events = json_is_true(state);
	}
	monitor_machine(call)->migrate_events = events;
	monitor_done(call, NULL);
}

static const struct monitor_arg migrate_args[] = {
	{.name = "capabilities", .type = MONITOR_ARG_JSON},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd machines_monitor_cmds[] = {
	{.qmp = "query-machines", .run = query_machines},
	{.qmp = "query-cpu-definitions", .run = query_cpu_definitions},
	{.qmp = "query-target", .run = query_target},
	{.name = "info migrate_capabilities",
	 .qmp = "query-migrate-capabilities",
	 .help = "show what could be set for a migration",
	 .run = query_migrate_capabilities,
	 .show = show_migrate_capabilities},
	{.qmp = "migrate-set-capabilities",
	 .args = migrate_args,
	 .run = set_migrate_capabilities},
	{.run = NULL},
};
