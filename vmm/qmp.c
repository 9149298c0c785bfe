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
#define QUEUE_MAX  8 /* commands that wait where others may overtake them */
#define OOB	   "oob"

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

/* At a mux there is no telling whose turn it is. */
static bool can_overtake(const struct monitor *mon)
{
	return !chardev_is_shared(&mon->end);
}

static void greet(struct monitor *mon)
{
	json_t *capabilities = json_array(), *hello;

	if (can_overtake(mon))
		json_array_append_new(capabilities, json_string(OOB));
	hello = json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:o}}", "QMP",
			  "version", "qemu", "micro", 0, "minor", 2, "major", 7,
			  "package", "pcvm " PCVM_VERSION, "capabilities",
			  capabilities);
	mon->negotiated = mon->oob = false;
	send(mon, hello);
	json_decref(hello);
}

static void qmp_closed(struct monitor *mon)
{
	mon->negotiated = mon->oob = false;
	json_stream_reset(&mon->json);
	json_decref(mon->queue);
	mon->queue = NULL;
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

/* What is wrong with wish n for a capability is put into buf. */
static bool check_capability(const struct monitor *mon, const json_t *wish,
			     size_t n, char *buf, size_t size)
{
	const char *name = json_string_value(wish);

	if (!name)
		snprintf(buf, size,
			 "Invalid parameter type for 'enable[%zu]', expected: "
			 "string",
			 n);
	else if (strcmp(name, OOB) != 0)
		snprintf(buf, size,
			 "Parameter 'enable' does not accept value '%.*s'",
			 shown(name, NAME_SHOWN), name);
	else if (!can_overtake(mon))
		snprintf(buf, size, "Capability '%s' is not available", OOB);
	else
		return true;
	return false;
}

/* NULL, or what is wrong. */
static const char *check_capabilities(const struct monitor *mon, json_t *args,
				      char *buf, size_t size)
{
	json_t *list = json_object_get(args, "enable"), *wish;
	size_t i;

	if (list && !json_is_array(list))
		return "Invalid parameter type for 'enable', expected: array";
	json_array_foreach(list, i, wish)
	{
		if (!check_capability(mon, wish, i, buf, size))
			return buf;
	}
	return NULL;
}

/* What a client sent; borrowed from the message. */
struct request {
	const char *name;
	json_t *args, *id;
	bool oob;
};

static void negotiate(struct monitor *mon, const struct request *r,
		      const struct monitor_cmd *cmd)
{
	const char *wrong;
	char buf[200];

	wrong = check_args(cmd, r->args, buf, sizeof(buf));
	if (!wrong)
		wrong = check_capabilities(mon, r->args, buf, sizeof(buf));
	if (wrong) {
		send_error(mon, r->id, "GenericError", wrong);
		return;
	}
	mon->negotiated = true;
	/* There is no other. */
	mon->oob = json_array_size(json_object_get(r->args, "enable"));
	monitor_start(mon->m, mon, cmd, json_incref(r->args), r->id, 0, NULL);
}

static void run(struct monitor *mon, const struct request *r,
		const struct monitor_cmd *cmd)
{
	const char *wrong;
	char buf[200];

	if (r->oob && !cmd->oob) {
		snprintf(buf, sizeof(buf),
			 "The command %.*s does not support OOB",
			 shown(r->name, NAME_SHOWN), r->name);
		send_error(mon, r->id, "GenericError", buf);
		return;
	}
	wrong = check_args(cmd, r->args, buf, sizeof(buf));
	if (wrong)
		send_error(mon, r->id, "GenericError", wrong);
	else
		monitor_start(mon->m, mon, cmd, json_incref(r->args), r->id, 0,
			      NULL);
}

static void execute(struct monitor *mon, const struct request *r)
{
	const struct monitor_cmd *cmd = monitor_find_qmp(r->name);
	bool negotiating = !strcmp(r->name, "qmp_capabilities");
	char buf[200];

	if (!mon->negotiated && !negotiating) {
		send_error(mon, r->id, "CommandNotFound",
			   "Expecting capabilities negotiation with "
			   "'qmp_capabilities'");
	} else if (mon->negotiated && negotiating && !r->oob) {
		send_error(mon, r->id, "CommandNotFound",
			   "Capabilities negotiation is already complete, "
			   "command ignored");
	} else if (!cmd) {
		snprintf(buf, sizeof(buf),
			 "The command %.*s has not been found",
			 shown(r->name, NAME_SHOWN), r->name);
		send_error(mon, r->id, "CommandNotFound", buf);
	} else if (mon->negotiated) {
		run(mon, r, cmd);
	} else {
		negotiate(mon, r, cmd);
	}
}

/* NULL, or what is wrong with a member of a request, which *key names. */
static const char *take_member(const struct monitor *mon, struct request *r,
			       const char **key, json_t *v)
{
	bool oob = mon->oob && !strcmp(*key, "exec-oob");

	if (!strcmp(*key, "execute") || oob) {
		*key = r->name ? "execute" : *key;
		if (r->name)
			return "clashes with 'exec-oob'";
		r->name = json_string_value(v);
		r->oob = oob;
		return r->name ? NULL : "must be a string";
	}
	if (!strcmp(*key, "arguments")) {
		r->args = v;
		return json_is_object(v) ? NULL : "must be an object";
	}
	return strcmp(*key, "id") != 0 ? "is unexpected" : NULL;
}

/* False, with what is wrong in buf. */
static bool pick(const struct monitor *mon, json_t *message, struct request *r,
		 char *buf, size_t size)
{
	const char *key, *named, *wrong;
	json_t *v;

	json_object_foreach(message, key, v)
	{
		named = key;
		wrong = take_member(mon, r, &named, v);
		if (!wrong)
			continue;
		snprintf(buf, size, "QMP input member '%.*s' %s",
			 shown(named, NAME_SHOWN), named, wrong);
		return false;
	}
	snprintf(buf, size, "QMP input lacks member 'execute'");
	return r->name != NULL;
}

static bool may_wait(const struct monitor *mon)
{
	return mon->oob && json_array_size(mon->queue) < QUEUE_MAX;
}

/* One that has to wait comes here again. */
static void handle(struct monitor *mon, json_t *message)
{
	struct request r = {.id = json_object_get(message, "id")};
	json_t *none;
	char wrong[200];

	if (!json_is_object(message)) {
		send_error(mon, NULL, "GenericError",
			   "QMP input must be a JSON object");
		return;
	}
	if (!pick(mon, message, &r, wrong, sizeof(wrong))) {
		send_error(mon, r.id, "GenericError", wrong);
		return;
	}
	if (mon->busy && !r.oob) {
		if (!mon->queue)
			mon->queue = json_array();
		json_array_append(mon->queue, message);
		return;
	}
	none = r.args ? NULL : json_object();
	if (!r.args)
		r.args = none;
	execute(mon, &r);
	json_decref(none);
}

static bool qmp_resume(struct monitor *mon)
{
	json_t *message = json_incref(json_array_get(mon->queue, 0));

	if (!message)
		return false;
	json_array_remove(mon->queue, 0);
	handle(mon, message);
	json_decref(message);
	return true;
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
	.resume = qmp_resume,
	.may_wait = may_wait,
	.opened = greet,
	.closed = qmp_closed,
	.reply = qmp_reply,
	.event = qmp_event,
};
