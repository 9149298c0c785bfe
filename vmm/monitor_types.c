/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor commands about what kinds of things there are, and the things that
 * were made of them: types, their properties, and paths to devices.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/config.h"
#include "vmm/cpu_models.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"

#define MACHINE_SUFFIX "-machine"
#define CPU_SUFFIX     "-x86_64-cpu"

/* What a type is made from, and its properties; NULL: it has none. */
struct type {
	const char *name, *parent;
	const struct opt_desc *opts;
};

/* Models that are not in the table of models. */
static const char *const special_cpus[] = {"base", "host", "max"};

#define SPECIAL_CPUS (sizeof(special_cpus) / sizeof(*special_cpus))

static const char *const buses[] = {
	[DEVICE_SYSTEM] = "sys-bus-device", [DEVICE_ISA] = "isa-device",
	[DEVICE_PCI] = "pci-device",	    [DEVICE_IDE] = "ide-device",
	[DEVICE_FLOPPY] = "device",	    [DEVICE_SCSI] = "scsi-device",
};

/* fn returns true to end it. */
typedef bool type_fn(void *ctx, const struct type *type);

static bool each_device(type_fn *fn, void *ctx)
{
	const struct device_class *const *c;
	struct type t;

	for (c = device_classes; *c; c++) {
		t = (struct type){(*c)->name, buses[(*c)->bus], (*c)->opts};
		if (fn(ctx, &t))
			return true;
	}
	return false;
}

static bool each_object(type_fn *fn, void *ctx)
{
	const struct object_kind *k;
	struct type t;

	for (k = object_kinds; k->name; k++) {
		t = (struct type){k->name, "object", k->keys};
		if (fn(ctx, &t))
			return true;
	}
	return false;
}

static bool each_machine(type_fn *fn, void *ctx)
{
	const struct machine_name *m;
	char name[64];
	struct type t;

	for (m = machine_names; m->name; m++) {
		if (m->alias_of)
			continue;
		snprintf(name, sizeof(name), "%s" MACHINE_SUFFIX, m->name);
		t = (struct type){name, "machine", machine_opts};
		if (fn(ctx, &t))
			return true;
	}
	return false;
}

static bool show_cpu(type_fn *fn, void *ctx, const char *model)
{
	char name[64];
	struct type t = {name, "x86_64-cpu", NULL};

	snprintf(name, sizeof(name), "%s" CPU_SUFFIX, model);
	return fn(ctx, &t);
}

static bool each_cpu(type_fn *fn, void *ctx)
{
	const struct cpu_model *m;
	size_t i;

	for (i = 0; i < SPECIAL_CPUS; i++)
		if (show_cpu(fn, ctx, special_cpus[i]))
			return true;
	for (m = cpu_models; m->name; m++)
		if (show_cpu(fn, ctx, m->name))
			return true;
	return false;
}

static void each_type(type_fn *fn, void *ctx)
{
	if (!each_device(fn, ctx) && !each_object(fn, ctx) &&
	    !each_machine(fn, ctx))
		each_cpu(fn, ctx);
}

struct listing {
	json_t *list;
	const char *of; /* the type or its parent; NULL: any */
};

static bool add_type(void *ctx, const struct type *t)
{
	struct listing *l = ctx;

	if (!l->of || !strcmp(l->of, t->name) || !strcmp(l->of, t->parent))
		json_array_append_new(l->list,
				      json_pack("{s:s, s:s}", "name", t->name,
						"parent", t->parent));
	return false;
}

static void list_types(struct monitor_call *call)
{
	struct listing l = {json_array(),
			    monitor_arg_string(call, "implements")};

	/* What all things are, or all but machines and processors. */
	if (l.of && !strcmp(l.of, "object")) {
		l.of = NULL;
		each_type(add_type, &l);
	} else if (l.of && !strcmp(l.of, "device")) {
		l.of = NULL;
		each_device(add_type, &l);
		each_cpu(add_type, &l);
	} else {
		each_type(add_type, &l);
	}
	monitor_done(call, l.list);
}

static json_t *describe(const struct opt_desc *d)
{
	json_t *o = json_pack("{s:s, s:s}", "name", d->name, "type",
			      opt_type_name(d));

	if (d->help)
		json_object_set_new(o, "description", json_string(d->help));
	return o;
}

static json_t *describe_all(const struct opt_desc *d)
{
	json_t *list = json_array();

	for (; d && d->type != OPT_END; d++)
		if (!d->refused)
			json_array_append_new(list, describe(d));
	return list;
}

struct search {
	const char *name;
	json_t *found; /* its properties; NULL: there is no such type */
};

static bool find_type(void *ctx, const struct type *t)
{
	struct search *s = ctx;

	if (strcmp(s->name, t->name) != 0)
		return false;
	s->found = describe_all(t->opts);
	return true;
}

static void no_such_type(struct monitor_call *call, const char *class,
			 const char *name)
{
	monitor_fail(call, class, "Class '%s' not found", name);
}

static void list_type_properties(struct monitor_call *call)
{
	struct search s = {monitor_arg_string(call, "typename"), NULL};

	each_type(find_type, &s);
	if (s.found)
		monitor_done(call, s.found);
	else
		no_such_type(call, "DeviceNotFound", s.name);
}

static void list_device_properties(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "typename");
	const struct device_class *c = device_class_find(name);

	if (c)
		monitor_done(call, describe_all(c->opts));
	else
		no_such_type(call, "DeviceNotFound", name);
}

/* ---- paths ---- */

/* Where a vCPU is; query-cpus-fast says it too. */
static bool is_vcpu(const struct machine *m, const char *path)
{
	char name[64];
	unsigned i;

	for (i = 0; i < m->nvcpus; i++) {
		monitor_vcpu_path(name, sizeof(name), i);
		if (!strcmp(name, path))
			return true;
	}
	return false;
}

static struct device *device_at(struct machine *m, const char *path)
{
	struct device *dev;

	list_for_each (dev, &m->devices, struct device, link)
		if (!strcmp(dev->path, path))
			return dev;
	return NULL;
}

/* The last part of path, when it is right under folder; or NULL. */
static const char *child_name(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strncmp(path, folder, n) != 0 || path[n] != '/' ||
	    strchr(path + n + 1, '/'))
		return NULL;
	return path + n + 1;
}

static json_t *child(const char *name, const char *kind)
{
	return json_pack("{s:s, s:s+}", "name", name, "type", "child<", kind);
}

static json_t *list_children(struct machine *m, const char *folder)
{
	json_t *list = json_array(), *entry;
	const struct device *dev;
	const char *name;
	char kind[80];

	list_for_each (dev, &m->devices, struct device, link) {
		name = child_name(dev->path, folder);
		if (!name)
			continue;
		snprintf(kind, sizeof(kind), "%s>", dev->class->name);
		entry = child(name, kind);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *list_folders(void)
{
	return json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "name",
			 "peripheral", "type", "child<container>", "name",
			 "peripheral-anon", "type", "child<container>", "name",
			 "unattached", "type", "child<container>");
}

static bool is_folder(const char *path)
{
	return !strcmp(path, "/machine/peripheral") ||
	       !strcmp(path, "/machine/peripheral-anon") ||
	       !strcmp(path, "/machine/unattached");
}

static void list_path(struct monitor_call *call)
{
	const char *path = monitor_arg_string(call, "path");
	struct machine *m = monitor_machine(call);
	const struct device *dev = device_at(m, path);
	json_t *list, *more;

	if (dev) {
		monitor_done(call, describe_all(dev->class->opts));
	} else if (is_vcpu(m, path)) {
		monitor_done(call, json_pack("[{s:s, s:s}]", "name", "type",
					     "type", "string"));
	} else if (is_folder(path)) {
		monitor_done(call, list_children(m, path));
	} else if (!strcmp(path, "/machine")) {
		list = list_folders();
		more = list_children(m, path);
		json_array_extend(list, more);
		json_decref(more);
		monitor_done(call, list);
	} else {
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     path);
	}
}

static json_t *number_value(const struct opt_desc *d, const void *field)
{
	switch (d->type) {
	case OPT_U8:
		return json_integer(*(const uint8_t *)field);
	case OPT_U16:
		return json_integer(*(const uint16_t *)field);
	case OPT_U32:
		return json_integer(*(const uint32_t *)field);
	case OPT_U64:
	case OPT_I64:
	case OPT_SIZE:
	case OPT_SIZE_MIB:
		return json_integer(*(const json_int_t *)field);
	default:
		return NULL;
	}
}

/* NULL for what has no plain value. */
static json_t *property_value(const struct opt_desc *d, const void *field)
{
	static const char *const onoffauto[] = {"off", "on", "auto"};
	const char *text;
	char place[16];
	int devfn;

	switch (d->type) {
	case OPT_BOOL:
		return json_boolean(*(const bool *)field);
	case OPT_ONOFFAUTO:
		return json_string(onoffauto[*(const int *)field % 3]);
	case OPT_STRING:
		text = *(const char *const *)field;
		return monitor_json_text(text ? text : "");
	case OPT_ENUM:
		return json_string(d->choices[*(const int *)field]);
	case OPT_DEVFN:
		devfn = *(const int *)field;
		snprintf(place, sizeof(place), "%02x.%x", devfn >> 3 & 31,
			 devfn & 7);
		return json_string(place);
	default:
		return number_value(d, field);
	}
}

static void get_property(struct monitor_call *call)
{
	const char *path = monitor_arg_string(call, "path");
	const char *name = monitor_arg_string(call, "property");
	const struct device *dev = device_at(monitor_machine(call), path);
	const struct opt_desc *d;
	json_t *value = NULL;

	if (!dev) {
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     path);
		return;
	}
	d = dev->class->opts ? opt_find(dev->class->opts, name) : NULL;
	if (!strcmp(name, "type"))
		value = json_string(dev->class->name);
	else if (d && !d->refused)
		value = property_value(d, (const char *)dev + d->offset);
	if (value)
		monitor_done(call, value);
	else
		monitor_fail(call, "GenericError", "Property '%s.%s' not found",
			     dev->class->name, name);
}

static const struct monitor_arg types_args[] = {
	MONITOR_OPTIONAL_WORD("implements", "a type that they are"),
	{.name = "abstract", .type = MONITOR_ARG_BOOL, .optional = true},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg typename_args[] = {
	MONITOR_WORD("typename", "a type"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg path_args[] = {
	MONITOR_WORD("path", "of a device, as in /machine/peripheral/ID"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg get_args[] = {
	MONITOR_WORD("path", "of a device, as in /machine/peripheral/ID"),
	MONITOR_WORD("property", "its name"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd types_monitor_cmds[] = {
	{.qmp = "qom-list-types", .args = types_args, .run = list_types},
	{.qmp = "qom-list-properties",
	 .args = typename_args,
	 .run = list_type_properties},
	{.qmp = "device-list-properties",
	 .args = typename_args,
	 .run = list_device_properties},
	{.qmp = "qom-list", .args = path_args, .run = list_path},
	{.qmp = "qom-get", .args = get_args, .run = get_property},
	{.run = NULL},
};
