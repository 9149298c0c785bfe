/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitors: their chardevs, commands in progress, events. */
#include "vmm/monitor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/config.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/readline.h"

#define INPUT_MAX 4096u

void text_append(struct text *t, const char *buf, size_t len)
{
	size_t size = t->size ? t->size : 256;
	char *grown;

	while (size < t->len + len + 1)
		size *= 2;
	if (size != t->size) {
		grown = realloc(t->buf, size);
		if (!grown)
			return;
		t->buf = grown;
		t->size = size;
	}
	memcpy(t->buf + t->len, buf, len);
	t->len += len;
	t->buf[t->len] = 0;
}

static void text_vprintf(struct text *t, const char *fmt, va_list ap)
{
	char *line;
	int n = vasprintf(&line, fmt, ap);

	if (n < 0)
		return;
	text_append(t, line, (size_t)n);
	free(line);
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(t, fmt, ap);
	va_end(ap);
}

void text_free(struct text *t)
{
	free(t->buf);
	*t = (struct text){0};
}

struct machine *monitor_machine(struct monitor_call *call)
{
	return call->m;
}

struct blk_fronts *monitor_fronts(struct monitor_call *call)
{
	return call->m->fronts;
}

struct net *monitor_net(struct monitor_call *call)
{
	return call->m->net;
}

struct vnc *monitor_vnc(struct monitor_call *call)
{
	return call->m->vnc;
}

const json_t *monitor_args(struct monitor_call *call)
{
	return call->args;
}

const char *monitor_arg_string(struct monitor_call *call, const char *name)
{
	return json_string_value(json_object_get(call->args, name));
}

long long monitor_arg_int(struct monitor_call *call, const char *name,
			  long long dflt)
{
	const json_t *v = json_object_get(call->args, name);

	return json_is_integer(v) ? json_integer_value(v) : dflt;
}

bool monitor_arg_bool(struct monitor_call *call, const char *name, bool dflt)
{
	const json_t *v = json_object_get(call->args, name);

	return json_is_boolean(v) ? json_is_true(v) : dflt;
}

int monitor_take_fd(struct monitor_call *call)
{
	while (call->outer)
		call = call->outer;
	return call->mon ? chardev_take_fd(&call->mon->end) : -1;
}

unsigned monitor_cpu(const struct monitor_call *call)
{
	return call->cpu;
}

void monitor_set_cpu(struct monitor_call *call, unsigned n)
{
	if (call->mon)
		call->mon->cpu = n;
}

void monitor_printf(struct monitor_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(&call->text, fmt, ap);
	va_end(ap);
}

void monitor_write(struct monitor *mon, const char *buf, size_t len)
{
	chardev_write_all(&mon->end, buf, len);
}

static void call_free(struct monitor_call *call)
{
	json_decref(call->args);
	json_decref(call->id);
	text_free(&call->text);
	free(call);
}

json_t *monitor_json_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy, *c;

	if (string)
		return string;
	copy = strdup(text);
	for (c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	string = json_string(copy ? copy : "");
	free(copy);
	return string;
}

json_t *monitor_json_lines(const struct text *text)
{
	struct text out = {0};
	json_t *string;
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (text->buf[i] == '\n')
			text_append(&out, "\r", 1);
		text_append(&out, &text->buf[i], 1);
	}
	string = monitor_json_text(out.buf ? out.buf : "");
	text_free(&out);
	return string;
}

static void take_waiting(struct monitor *mon);

static void finish(struct monitor_call *call, json_t *result, const char *class,
		   const char *desc)
{
	struct monitor *mon = call->mon;

	if (call->outer) {
		if (class)
			text_printf(&call->text, "Error: %s\n", desc);
		monitor_done(call->outer, monitor_json_lines(&call->text));
		json_decref(result);
	} else if (mon) {
		if (mon->busy == call)
			mon->busy = NULL;
		mon->ops->reply(mon, call, result, class, desc);
		take_waiting(mon);
		chardev_accept_input(&mon->end);
	} else {
		json_decref(result);
	}
	call_free(call);
}

void monitor_done(struct monitor_call *call, json_t *result)
{
	if (!result)
		result = json_object();
	if (call->cmd->show && call->human)
		call->cmd->show(call, result);
	finish(call, result, NULL, NULL);
}

void monitor_fail(struct monitor_call *call, const char *class, const char *fmt,
		  ...)
{
	char desc[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(desc, sizeof(desc), fmt, ap);
	va_end(ap);
	finish(call, NULL, class, desc);
}

void monitor_end(struct monitor_call *call, int rc, const struct error *err)
{
	if (rc < 0)
		monitor_fail(call, "GenericError", "%s", err->msg);
	else
		monitor_done(call, NULL);
}

void monitor_start(struct machine *m, struct monitor *mon,
		   const struct monitor_cmd *cmd, json_t *args, json_t *id,
		   unsigned cpu, struct monitor_call *outer)
{
	struct monitor_call *call = calloc(1, sizeof(*call));

	if (!call) {
		json_decref(args);
		return;
	}
	*call = (struct monitor_call){.m = m,
				      .mon = outer ? NULL : mon,
				      .cmd = cmd,
				      .args = args ? args : json_object(),
				      .id = id ? json_incref(id) : NULL,
				      .human = outer || !mon ||
					       mon->ops == &hmp_ops,
				      .cpu = cpu,
				      .outer = outer};
	if (!outer && mon && !mon->busy)
		mon->busy = call;
	cmd->run(call);
}

static const struct monitor_cmd *find(const char *name, bool qmp)
{
	const struct monitor_cmd *c;
	size_t i;

	for (i = 0; monitor_tables[i]; i++)
		for (c = monitor_tables[i]; c->run; c++) {
			const char *have = qmp ? c->qmp : c->name;

			if (have && !strcmp(have, name))
				return c;
			if (!qmp && c->alias && !strcmp(c->alias, name))
				return c;
		}
	return NULL;
}

const struct monitor_cmd *monitor_find_hmp(const char *name)
{
	return find(name, false);
}

const struct monitor_cmd *monitor_find_qmp(const char *name)
{
	return find(name, true);
}

static bool can_take(const struct monitor *mon)
{
	return !mon->busy || mon->answer ||
	       (mon->ops->may_wait && mon->ops->may_wait(mon));
}

/* Who does not read the replies has to wait with the next command. */
static size_t can_read(void *ctx)
{
	const struct monitor *mon = ctx;

	return !can_take(mon) || chardev_is_stalled(&mon->end) ? 0 : INPUT_MAX;
}

/* One command after the other; the rest waits for one that takes its time. */
static void take_waiting(struct monitor *mon)
{
	size_t at = 0;

	if (mon->reading)
		return;
	mon->reading = true;
	do {
		while (!mon->busy && mon->ops->resume && mon->ops->resume(mon))
			;
		if (at < mon->in.len && can_take(mon))
			at += mon->ops->input(mon, mon->in.buf + at,
					      mon->in.len - at);
	} while (at < mon->in.len && can_take(mon));
	mon->reading = false;
	if (at < mon->in.len)
		memmove(mon->in.buf, mon->in.buf + at, mon->in.len - at);
	mon->in.len -= at < mon->in.len ? at : mon->in.len;
}

static void take_input(void *ctx, const uint8_t *buf, size_t len)
{
	struct monitor *mon = ctx;

	text_append(&mon->in, (const char *)buf, len);
	take_waiting(mon);
}

static void on_writable(void *ctx)
{
	chardev_accept_input(&((struct monitor *)ctx)->end);
}

static void forget_call(struct monitor *mon)
{
	struct monitor_call *call = mon->busy;
	bool asked = mon->answer;

	mon->answer = NULL;
	mon->busy = NULL;
	if (!call)
		return;
	call->mon = NULL;
	if (asked)
		monitor_fail(call, "GenericError", "no answer");
}

static void on_event(void *ctx, enum chardev_event event)
{
	struct monitor *mon = ctx;

	switch (event) {
	case CHARDEV_OPENED:
		mon->greeted = false;
		if (!chardev_is_shared(&mon->end))
			mon->ops->opened(mon);
		break;
	case CHARDEV_MUX_IN:
		mon->ops->opened(mon);
		break;
	case CHARDEV_CLOSED:
		forget_call(mon);
		mon->in.len = 0;
		mon->ops->closed(mon);
		break;
	default:
		break;
	}
}

static const struct chardev_user user = {
	.can_read = can_read,
	.read = take_input,
	.event = on_event,
	.writable = on_writable,
	.stays = true,
};

static int add(struct machine *m, struct chardev *chr, bool control,
	       bool pretty, struct error *err)
{
	struct monitor *mon = calloc(1, sizeof(*mon));
	int rc;

	if (!mon)
		return error_set(err, ENOMEM, "out of memory");
	mon->m = m;
	mon->ops = control ? &qmp_ops : &hmp_ops;
	mon->pretty = pretty;
	list_add_tail(&m->monitors->list, &mon->link);
	if (!control)
		mon->readline = readline_new(mon);
	rc = chardev_attach(&mon->end, chr, &user, mon, err);
	return rc;
}

static int open_specs(struct machine *m, const struct str_list *list,
		      const char *label, bool control, bool pretty,
		      struct error *err)
{
	struct chardev *chr;
	char name[40];
	unsigned i;

	for (i = 0; i < list->n; i++) {
		if (!strcmp(list->str[i], "none"))
			continue;
		snprintf(name, sizeof(name), "%s%u", label, i);
		chr = chardev_open(m, name, list->str[i], err);
		if (!chr || add(m, chr, control, pretty, err) < 0)
			return error_prefix(err, "-%s %s",
					    control ? "qmp" : "monitor",
					    list->str[i]);
	}
	return 0;
}

static int open_mon(struct machine *m, const struct mon_conf *conf,
		    struct error *err)
{
	struct chardev *chr = chardev_find(m, conf->chardev);

	if (!chr)
		return error_set(err, ENOENT,
				 "-mon %s: chardev \"%s\" not found",
				 conf->chardev, conf->chardev);
	return add(m, chr, conf->mode, conf->pretty, err);
}

/* "mon:" chardevs get a monitor each, after their serial port. */
static int open_mux(struct machine *m, const struct str_list *list,
		    const char *label, struct error *err)
{
	char name[40];
	unsigned i;
	int rc = 0;

	for (i = 0; i < list->n && rc == 0; i++) {
		if (strncmp(list->str[i], "mon:", 4) != 0)
			continue;
		snprintf(name, sizeof(name), "%s%u", label, i);
		rc = add(m, chardev_find(m, name), false, false, err);
	}
	return rc;
}

int monitors_open(struct machine *m, struct error *err)
{
	const struct config *c = m->config;
	unsigned i;
	int rc = 0;

	m->monitors = calloc(1, sizeof(*m->monitors));
	if (!m->monitors)
		return error_set(err, ENOMEM, "out of memory");
	list_init(&m->monitors->list);
	for (i = 0; i < c->nmons && rc == 0; i++)
		rc = open_mon(m, &c->mons[i], err);
	if (rc == 0)
		rc = open_mux(m, &c->serials, "serial", err);
	if (rc == 0)
		rc = open_specs(m, &c->monitors, "compat_monitor", false, false,
				err);
	if (rc == 0)
		rc = open_specs(m, &c->qmps, "compat_qmp", true, false, err);
	if (rc == 0)
		rc = open_specs(m, &c->qmps_pretty, "compat_qmpp", true, true,
				err);
	return rc;
}

void monitors_close(struct machine *m)
{
	struct monitor *mon, *tmp;

	if (!m->monitors)
		return;
	list_for_each_safe (mon, tmp, &m->monitors->list, struct monitor,
			    link) {
		forget_call(mon);
		chardev_detach(&mon->end);
		readline_free(mon->readline);
		json_stream_free(&mon->json);
		json_decref(mon->queue);
		text_free(&mon->in);
		free(mon);
	}
	free(m->monitors);
	m->monitors = NULL;
}

void monitor_event(struct machine *m, const char *name, json_t *data)
{
	struct monitor *mon;
	struct timespec now;
	json_t *event;

	if (!m->monitors) {
		json_decref(data);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	event = json_pack("{s:{s:I, s:I}, s:s}", "timestamp", "seconds",
			  (json_int_t)now.tv_sec, "microseconds",
			  (json_int_t)now.tv_nsec / 1000, "event", name);
	if (data)
		json_object_set_new(event, "data", data);
	list_for_each (mon, &m->monitors->list, struct monitor, link)
		if (mon->ops->event)
			mon->ops->event(mon, event);
	json_decref(event);
}
