/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP, the monitor for programs: JSON objects over a chardev.  QEMU's
 * documentation, QEMU Machine Protocol Specification.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"

#define NAME_SHOWN 120u /* of a client's words in an error */

static void send(struct monitor *mon, const json_t *message)
{
	size_t flags = JSON_ENSURE_ASCII | (mon->pretty ? JSON_INDENT(4) : 0);
	char *text = json_dumps(message, flags);

	if (!text)
		return;
	monitor_write(mon, text, strlen(text));
	monitor_write(mon, "\r\n", 2);
	free(text);
}

static void send_error(struct monitor *mon, json_t *id, const char *class,
		       const char *desc)
{
	json_t *error = json_object(), *reply = json_object();

	if (id)
		json_object_set(reply, "id", id);
	json_object_set_new(error, "class", json_string(class));
	json_object_set_new(error, "desc", monitor_json_text(desc));
	json_object_set_new(reply, "error", error);
	send(mon, reply);
	json_decref(reply);
}

static void qmp_reply(struct monitor *mon, struct monitor_call *call,
		      json_t *result, const char *class, const char *desc)
{
	json_t *reply;

	if (class) {
		send_error(mon, call->id, class, desc);
		return;
	}
	reply = json_object();
	json_object_set_new(reply, "return", result);
	if (call->id)
		json_object_set(reply, "id", call->id);
	send(mon, reply);
	json_decref(reply);
}

static void qmp_event(struct monitor *mon, const json_t *event)
{
	if (mon->negotiated)
		send(mon, event);
}

static void greet(struct monitor *mon)
{
	json_t *hello =
		json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:[]}}", "QMP",
			  "version", "qemu", "micro", 0, "minor", 2, "major", 7,
			  "package", "pcvm " PCVM_VERSION, "capabilities");

	mon->negotiated = false;
	send(mon, hello);
	json_decref(hello);
}

static void qmp_closed(struct monitor *mon)
{
	mon->negotiated = false;
	json_stream_reset(&mon->json);
}

/* How much of text to show: at most max bytes, and no half a character. */
static int shown(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return (int)n;
	for (n = max; n && (text[n] & 0xc0) == 0x80; n--)
		;
	return (int)n;
}

static const char *const type_names[] = {
	[MONITOR_ARG_STRING] = "string", [MONITOR_ARG_REST] = "string",
	[MONITOR_ARG_INT] = "integer",	 [MONITOR_ARG_SIZE] = "integer",
	[MONITOR_ARG_MIB] = "integer",	 [MONITOR_ARG_BOOL] = "boolean",
	[MONITOR_ARG_FLAG] = "boolean",	 [MONITOR_ARG_FORMAT] = "string",
	[MONITOR_ARG_JSON] = "array",	 [MONITOR_ARG_FLAG_WORD] = "string",
};

static bool type_fits(enum monitor_arg_type type, const json_t *v)
{
	switch (type) {
	case MONITOR_ARG_INT:
	case MONITOR_ARG_SIZE:
	case MONITOR_ARG_MIB:
		return json_is_integer(v);
	case MONITOR_ARG_BOOL:
	case MONITOR_ARG_FLAG:
		return json_is_boolean(v);
	case MONITOR_ARG_JSON:
		return json_is_array(v) || json_is_object(v);
	default:
		return json_is_string(v);
	}
}

static const struct monitor_arg *find_arg(const struct monitor_cmd *cmd,
					  const char *name)
{
	const struct monitor_arg *a = cmd->args;

	for (; a && a->type != MONITOR_ARG_END; a++)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

/* NULL, or what is wrong in buf. */
static const char *check_args(const struct monitor_cmd *cmd, json_t *args,
			      char *buf, size_t size)
{
	const struct monitor_arg *a;
	const char *key;
	json_t *v;

	json_object_foreach(args, key, v)
	{
		a = find_arg(cmd, key);
		if (!a && cmd->any_args)
			continue;
		if (!a) {
			snprintf(buf, size, "Parameter '%.*s' is unexpected",
				 shown(key, NAME_SHOWN), key);
			return buf;
		}
		if (!type_fits(a->type, v)) {
			snprintf(buf, size,
				 "Invalid parameter type for '%s', expected: "
				 "%s",
				 key, type_names[a->type]);
			return buf;
		}
	}
	for (a = cmd->args; a && a->type != MONITOR_ARG_END; a++)
		if (!a->optional && !json_object_get(args, a->name)) {
			snprintf(buf, size, "Parameter '%s' is missing",
				 a->name);
			return buf;
		}
	return NULL;
}

/* NULL, or what is wrong with the wish for capabilities: there are none. */
static const char *check_capabilities(json_t *args, char *buf, size_t size)
{
	json_t *list = json_object_get(args, "enable");
	const char *name = json_string_value(json_array_get(list, 0));

	if (!list || (json_is_array(list) && !json_array_size(list)))
		return NULL;
	if (!name)
		return "Parameter 'enable' is not a list of capabilities";
	snprintf(buf, size, "Capability '%.*s' is not available",
		 shown(name, NAME_SHOWN), name);
	return buf;
}

static void execute(struct monitor *mon, const char *name, json_t *args,
		    json_t *id)
{
	const struct monitor_cmd *cmd = monitor_find_qmp(name);
	bool negotiating = !strcmp(name, "qmp_capabilities");
	const char *wrong;
	char buf[200];

	if (!mon->negotiated && !negotiating) {
		send_error(mon, id, "CommandNotFound",
			   "Expecting capabilities negotiation with "
			   "'qmp_capabilities'");
		return;
	}
	if (mon->negotiated && negotiating) {
		send_error(mon, id, "CommandNotFound",
			   "Capabilities negotiation is already complete, "
			   "command ignored");
		return;
	}
	if (!cmd) {
		snprintf(buf, sizeof(buf),
			 "The command %.*s has not been found",
			 shown(name, NAME_SHOWN), name);
		send_error(mon, id, "CommandNotFound", buf);
		return;
	}
	wrong = check_args(cmd, args, buf, sizeof(buf));
	if (!wrong && negotiating)
		wrong = check_capabilities(args, buf, sizeof(buf));
	if (wrong) {
		send_error(mon, id, "GenericError", wrong);
		return;
	}
	if (negotiating)
		mon->negotiated = true;
	monitor_start(mon->m, mon, cmd, json_incref(args), id, 0, NULL);
}

/* Picks execute and arguments; false, with what is wrong in buf. */
static bool pick(json_t *message, const char **name, json_t **args, char *buf,
		 size_t size)
{
	const char *key, *wrong;
	json_t *v;

	json_object_foreach(message, key, v)
	{
		wrong = NULL;
		if (!strcmp(key, "execute")) {
			*name = json_string_value(v);
			wrong = *name ? NULL : "must be a string";
		} else if (!strcmp(key, "arguments")) {
			*args = v;
			wrong = json_is_object(v) ? NULL : "must be an object";
		} else if (strcmp(key, "id") != 0) {
			wrong = "is unexpected";
		}
		if (wrong) {
			snprintf(buf, size, "QMP input member '%.*s' %s",
				 shown(key, NAME_SHOWN), key, wrong);
			return false;
		}
	}
	snprintf(buf, size, "QMP input lacks member 'execute'");
	return *name != NULL;
}

static void handle(struct monitor *mon, json_t *message)
{
	json_t *id = json_object_get(message, "id"), *args = NULL, *none;
	const char *name = NULL;
	char wrong[200];

	if (!json_is_object(message)) {
		send_error(mon, NULL, "GenericError",
			   "QMP input must be a JSON object");
		return;
	}
	if (!pick(message, &name, &args, wrong, sizeof(wrong))) {
		send_error(mon, id, "GenericError", wrong);
		return;
	}
	none = args ? NULL : json_object();
	execute(mon, name, args ? args : none, id);
	json_decref(none);
}

static size_t qmp_input(struct monitor *mon, const char *buf, size_t len)
{
	json_t *message;
	size_t used;

	switch (json_stream_take(&mon->json, buf, len, &used, &message)) {
	case JSON_VALUE:
		handle(mon, message);
		json_decref(message);
		break;
	case JSON_ERROR:
		send_error(mon, NULL, "GenericError", mon->json.error);
		break;
	default:
		break;
	}
	return used;
}

const struct monitor_ops qmp_ops = {
	.input = qmp_input,
	.opened = greet,
	.closed = qmp_closed,
	.reply = qmp_reply,
	.event = qmp_event,
};
