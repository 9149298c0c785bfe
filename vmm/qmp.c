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

#define MESSAGE_MAX (1u << 20)
#define DEPTH_MAX   512

static void send(struct monitor *mon, const json_t *message)
{
	size_t flags = mon->pretty ? JSON_INDENT(4) : 0;
	char *text = json_dumps(message, flags);

	if (!text)
		return;
	monitor_write(mon, text, strlen(text));
	monitor_write(mon, "\r\n", 2);
	free(text);
}

static void send_error(struct monitor *mon, const json_t *id, const char *class,
		       const char *desc)
{
	json_t *reply = json_object();

	if (id)
		json_object_set(reply, "id", (json_t *)id);
	json_object_set_new(reply, "error",
			    json_pack("{s:s, s:s}", "class", class, "desc",
				      desc));
	send(mon, reply);
	json_decref(reply);
}

static void qmp_reply(struct monitor *mon, struct monitor_call *call,
		      json_t *result, const char *class, const char *desc)
{
	json_t *reply;

	/* A call without an id has null for it, so that it is no human's. */
	const json_t *id = json_is_null(call->id) ? NULL : call->id;

	if (class) {
		send_error(mon, id, class, desc);
		return;
	}
	reply = json_object();
	json_object_set_new(reply, "return", result);
	if (id)
		json_object_set(reply, "id", (json_t *)id);
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
	mon->in.len = 0;
}

static const char *const type_names[] = {
	[MONITOR_ARG_STRING] = "string", [MONITOR_ARG_REST] = "string",
	[MONITOR_ARG_INT] = "integer",	 [MONITOR_ARG_SIZE] = "integer",
	[MONITOR_ARG_BOOL] = "boolean",	 [MONITOR_ARG_FLAG] = "boolean",
	[MONITOR_ARG_FORMAT] = "string", [MONITOR_ARG_JSON] = "array",
};

static bool type_fits(enum monitor_arg_type type, const json_t *v)
{
	switch (type) {
	case MONITOR_ARG_INT:
	case MONITOR_ARG_SIZE:
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
		if (!a) {
			snprintf(buf, size, "Parameter '%s' is unexpected",
				 key);
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
	if (!cmd || (mon->negotiated && negotiating)) {
		snprintf(buf, sizeof(buf),
			 cmd ? "Capabilities negotiation is already complete, "
			       "command ignored"
			     : "The command %.100s has not been found",
			 name);
		send_error(mon, id, "CommandNotFound", buf);
		return;
	}
	wrong = check_args(cmd, args, buf, sizeof(buf));
	if (wrong) {
		send_error(mon, id, "GenericError", wrong);
		return;
	}
	if (negotiating)
		mon->negotiated = true;
	id = id ? json_incref(id) : json_null();
	monitor_start(mon->m, mon, cmd, json_incref(args), id, 0, NULL);
	json_decref(id);
}

static void handle(struct monitor *mon, json_t *message)
{
	json_t *id = json_object_get(message, "id"), *v;
	const char *name = NULL, *key;
	json_t *args = NULL, *none;

	if (!json_is_object(message)) {
		send_error(mon, NULL, "GenericError",
			   "QMP input must be a JSON object");
		return;
	}
	json_object_foreach(message, key, v)
	{
		char buf[200];

		if (!strcmp(key, "execute") && json_is_string(v)) {
			name = json_string_value(v);
		} else if (!strcmp(key, "arguments") && json_is_object(v)) {
			args = v;
		} else if (strcmp(key, "id") != 0) {
			snprintf(buf, sizeof(buf),
				 !strcmp(key, "execute") ||
						 !strcmp(key, "arguments")
					 ? "QMP input member '%.80s' has the "
					   "wrong type"
					 : "QMP input member '%.80s' is "
					   "unexpected",
				 key);
			send_error(mon, id, "GenericError", buf);
			return;
		}
	}
	if (!name) {
		send_error(mon, id, "GenericError",
			   "QMP input lacks member 'execute'");
		return;
	}
	none = args ? NULL : json_object();
	execute(mon, name, args ? args : none, id);
	json_decref(none);
}

/*
 * How long the first value in buf is: 0, more is to come; -1, it is not one.
 * Only its nesting is looked at; the parser proper does the rest.
 */
static ssize_t message_length(const char *buf, size_t len)
{
	bool in_string = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = buf[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return -1;
		} else if (c == '}' || c == ']') {
			if (--depth <= 0)
				return depth < 0 ? -1 : (ssize_t)i + 1;
		} else if (c == '"') {
			in_string = true;
		} else if (!depth && c != ' ' && c != '\t' && c != '\r' &&
			   c != '\n') {
			return -1;
		}
		if (!depth && c == '"')
			return -1;
	}
	return 0;
}

static void consume(struct monitor *mon, size_t n)
{
	mon->in.len -= n;
	memmove(mon->in.buf, mon->in.buf + n, mon->in.len);
}

/* After an error the next line is looked at afresh. */
static void resync(struct monitor *mon)
{
	const char *nl = memchr(mon->in.buf, '\n', mon->in.len);

	send_error(mon, NULL, "GenericError",
		   "JSON parse error, invalid input");
	consume(mon, nl ? (size_t)(nl - mon->in.buf) + 1 : mon->in.len);
}

static void qmp_input(struct monitor *mon, const uint8_t *buf, size_t len)
{
	json_t *message;
	ssize_t n;

	text_append(&mon->in, (const char *)buf, len);
	while (mon->in.len && !mon->busy) {
		n = message_length(mon->in.buf, mon->in.len);
		if (n == 0 && mon->in.len <= MESSAGE_MAX)
			return;
		if (n <= 0) {
			resync(mon);
			continue;
		}
		message = json_loadb(mon->in.buf, (size_t)n, 0, NULL);
		consume(mon, (size_t)n);
		if (message)
			handle(mon, message);
		else
			send_error(mon, NULL, "GenericError",
				   "JSON parse error, invalid input");
		json_decref(message);
	}
}

const struct monitor_ops qmp_ops = {
	.input = qmp_input,
	.opened = greet,
	.closed = qmp_closed,
	.reply = qmp_reply,
	.event = qmp_event,
};
