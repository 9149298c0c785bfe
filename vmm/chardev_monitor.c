/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor commands about character devices.  QMP describes a new one by a
 * "backend" of the form of QEMU's QAPI schema (ChardevBackend), which is made
 * into what -chardev would be told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"

#define PTY "pty:"

static void query_chardev(struct monitor_call *call)
{
	json_t *list = json_array();
	struct chardev *chr;

	list_for_each (chr, &monitor_machine(call)->chardevs, struct chardev,
		       link)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b}", "label",
						chr->label, "filename",
						chr->filename, "frontend-open",
						chr->end != NULL));
	monitor_done(call, list);
}

static void show_chardev(struct monitor_call *call, const json_t *result)
{
	const json_t *e;
	size_t i;

	json_array_foreach(result, i, e)
	{
		monitor_printf(call, "%s: filename=%s\n",
			       json_string_value(json_object_get(e, "label")),
			       json_string_value(
				       json_object_get(e, "filename")));
	}
}

static void query_backends(struct monitor_call *call)
{
	json_t *list = json_array();
	const char *const *name;

	for (name = chardev_backend_names; *name; name++)
		json_array_append_new(list, json_pack("{s:s}", "name", *name));
	monitor_done(call, list);
}

/* The chardev that a command names; a failure is told. */
static struct chardev *find(struct monitor_call *call, const char *unknown)
{
	const char *id = monitor_arg_string(call, "id");
	struct chardev *chr = chardev_find(monitor_machine(call), id);

	if (!chr)
		monitor_fail(call, "GenericError", "Chardev '%s' %s", id,
			     unknown);
	return chr;
}

static void run_send_break(struct monitor_call *call)
{
	struct chardev *chr = find(call, "not found");

	if (!chr)
		return;
	chardev_event(chr, CHARDEV_BREAK);
	monitor_done(call, NULL);
}

static void run_remove(struct monitor_call *call)
{
	struct chardev *chr = find(call, "not found");
	struct error err = {0};

	if (chr)
		monitor_end(call, chardev_remove(chr, &err), &err);
}

static const char *opt_key(const char *key)
{
	static const char *const other[][2] = {
		{"out", "path"},
		{"str", "fd"},
	};
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(*other); i++)
		if (!strcmp(key, other[i][0]))
			return other[i][1];
	return key;
}

static int add_value(struct opt_list *opts, const char *key, const json_t *v,
		     struct error *err)
{
	char number[24];

	if (json_is_string(v))
		return opt_list_add(opts, opt_key(key), json_string_value(v),
				    err);
	if (json_is_boolean(v))
		return opt_list_add(opts, opt_key(key),
				    json_is_true(v) ? "on" : "off", err);
	if (!json_is_integer(v))
		return error_set(err, EINVAL, "Invalid parameter type for '%s'",
				 key);
	snprintf(number, sizeof(number), "%lld",
		 (long long)json_integer_value(v));
	return opt_list_add(opts, opt_key(key), number, err);
}

static int add_values(struct opt_list *opts, json_t *data, struct error *err)
{
	const char *key;
	json_t *v;
	int rc = 0;

	json_object_foreach(data, key, v)
	{
		if (rc == 0 && strcmp(key, "addr") != 0)
			rc = add_value(opts, key, v, err);
	}
	return rc;
}

/* A union of the schema, {"type": "x", "data": {}}, which is called where. */
static int split_union(json_t *o, const char *where, const char **type,
		       json_t **data, struct error *err)
{
	*type = json_string_value(json_object_get(o, "type"));
	*data = json_object_get(o, "data");
	if (!*type)
		return error_set(err, EINVAL, "Parameter '%s.type' is missing",
				 where);
	if (!*data)
		return error_set(err, EINVAL, "Parameter '%s.data' is missing",
				 where);
	if (!json_is_object(*data))
		return error_set(err, EINVAL,
				 "Invalid parameter type for '%s.data', "
				 "expected: object",
				 where);
	return 0;
}

static int add_address(struct opt_list *opts, json_t *data, struct error *err)
{
	static const char *const types[] = {"inet", "unix", "fd"};
	const char *type;
	json_t *addr;
	size_t i;
	int rc = split_union(json_object_get(data, "addr"), "backend.data.addr",
			     &type, &addr, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return add_values(opts, addr, err);
	return error_set(err, EINVAL,
			 "Parameter 'type' does not accept value '%s'", type);
}

/* Servers are the default here, and nobody waits for their clients. */
static int add_socket(struct opt_list *opts, json_t *data, struct error *err)
{
	int rc = add_address(opts, data, err);

	if (json_is_true(json_object_get(data, "wait")))
		return error_set(err, EINVAL,
				 "with \"wait\": true the machine would stop "
				 "until a client comes");
	if (rc == 0 && !json_object_get(data, "server"))
		rc = opt_list_add(opts, "server", "on", err);
	if (rc == 0 && !json_is_false(json_object_get(data, "server")))
		rc = opt_list_add(opts, "wait", "off", err);
	return rc;
}

static bool is_backend(const char *type)
{
	const char *const *name = chardev_backend_names;

	while (*name && strcmp(type, *name) != 0)
		name++;
	return *name != NULL;
}

static int add_backend(struct opt_list *opts, json_t *backend,
		       struct error *err)
{
	const char *type;
	json_t *data;
	int rc = split_union(backend, "backend", &type, &data, err);

	if (rc < 0)
		return rc;
	if (!is_backend(type))
		return error_set(err, EINVAL,
				 "Parameter 'type' does not accept value '%s'",
				 type);
	if (!strcmp(type, "file") && !json_object_get(data, "out"))
		return error_set(err, EINVAL,
				 "Parameter 'backend.data.out' is missing");
	rc = add_values(opts, data, err);
	if (rc == 0 && !strcmp(type, "socket"))
		rc = add_socket(opts, data, err);
	/* The last of a name counts. */
	return rc < 0 ? rc : opt_list_add(opts, "backend", type, err);
}

/*
 * What a command says of a new one, in JSON or as -chardev does; opts is the
 * caller's even after an error.
 */
static int read_opts(struct monitor_call *call, struct opt_list *opts,
		     struct error *err)
{
	const char *id = monitor_arg_string(call, "id");
	const char *text = monitor_arg_string(call, "args");
	json_t *backend = json_object_get(monitor_args(call), "backend");
	int rc;

	rc = text ? opt_split(text, "backend", opts, err)
		  : add_backend(opts, backend, err);
	if (rc == 0 && id)
		rc = opt_list_add(opts, "id", id, err);
	return rc;
}

static void done(struct monitor_call *call, const struct chardev *chr)
{
	bool pty = !strncmp(chr->filename, PTY, strlen(PTY));

	monitor_done(call, pty ? json_pack("{s:s}", "pty",
					   chr->filename + strlen(PTY))
			       : NULL);
}

static void run_add(struct monitor_call *call)
{
	struct chardev *chr = NULL;
	struct opt_list opts = {0};
	struct error err = {0};

	if (read_opts(call, &opts, &err) == 0)
		chr = chardev_create_opts(monitor_machine(call), &opts, &err);
	opt_list_free(&opts);
	if (chr)
		done(call, chr);
	else
		monitor_fail(call, "GenericError", "%s", err.msg);
}

/* Under the name of one, which has another then; NULL, and all as before. */
static struct chardev *make_instead(struct chardev *old,
				    const struct opt_list *opts,
				    struct error *err)
{
	char *label = old->label;
	struct chardev *chr;

	old->label = strdup("");
	chr = old->label ? chardev_create_opts(old->m, opts, err) : NULL;
	if (chr) {
		free(label);
	} else {
		free(old->label);
		old->label = label;
	}
	return chr;
}

static void run_change(struct monitor_call *call)
{
	struct chardev *old = find(call, "does not exist"), *chr = NULL;
	struct opt_list opts = {0};
	struct error err = {0};

	if (!old)
		return;
	if (chardev_is_mux(old))
		error_set(&err, ENOTSUP,
			  "Mux device hotswap not supported yet");
	else if (old->end && old->end->user->stays)
		error_set(&err, EBUSY,
			  "Chardev user does not support chardev hotswap");
	else if (read_opts(call, &opts, &err) == 0)
		chr = make_instead(old, &opts, &err);
	opt_list_free(&opts);
	if (!chr) {
		monitor_fail(call, "GenericError", "%s", err.msg);
		return;
	}
	chardev_move_user(old, chr);
	chardev_remove(old, NULL);
	done(call, chr);
}

#define ID \
	{ \
		.name = "id", .type = MONITOR_ARG_STRING, \
		.help = "which chardev" \
	}
#define BACKEND \
	{ \
		.name = "backend", .type = MONITOR_ARG_JSON, \
		.help = "its type and data" \
	}
#define TEXT \
	{ \
		.name = "args", .type = MONITOR_ARG_REST, \
		.help = "as -chardev has them" \
	}

static const struct monitor_arg id_args[] = {ID, {.type = MONITOR_ARG_END}};
static const struct monitor_arg json_args[] = {
	ID,
	BACKEND,
	{.type = MONITOR_ARG_END},
};
static const struct monitor_arg add_args[] = {TEXT, {.type = MONITOR_ARG_END}};
static const struct monitor_arg change_args[] = {
	ID,
	TEXT,
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd chardev_monitor_cmds[] = {
	{.name = "chardev-add",
	 .help = "make a character device as -chardev does",
	 .args = add_args,
	 .run = run_add},
	{.qmp = "chardev-add", .args = json_args, .run = run_add},
	{.name = "chardev-change",
	 .help = "put another character device behind the same name",
	 .args = change_args,
	 .run = run_change},
	{.qmp = "chardev-change", .args = json_args, .run = run_change},
	{.name = "chardev-remove",
	 .qmp = "chardev-remove",
	 .help = "end a character device that nobody uses",
	 .args = id_args,
	 .run = run_remove},
	{.name = "chardev-send-break",
	 .qmp = "chardev-send-break",
	 .help = "send a break to whoever uses a character device",
	 .args = id_args,
	 .run = run_send_break},
	{.name = "info chardev",
	 .qmp = "query-chardev",
	 .help = "show the character devices",
	 .run = query_chardev,
	 .show = show_chardev},
	{.qmp = "query-chardev-backends", .run = query_backends},
	{.run = NULL},
};
