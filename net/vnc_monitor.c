/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What monitors show of the VNC server, and its passwords. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/vnc_impl.h"
#include "vmm/monitor.h"

const char *vnc_auth_name(const struct vnc_server *server)
{
	return server->conf.password ? "vnc" : "none";
}

json_t *vnc_end_json(const struct vnc_end *end)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "host", end->host, "service",
			 end->service, "family", end->family, "websocket", 0);
}

static json_t *clients_json(struct vnc *v, const struct vnc_server *server)
{
	const struct vnc_client *c;
	json_t *list = json_array();

	pthread_mutex_lock(&v->lock);
	list_for_each (c, &v->clients, struct vnc_client, link)
		if (c->server == server && !c->gone)
			json_array_append_new(list, vnc_end_json(&c->end));
	pthread_mutex_unlock(&v->lock);
	return list;
}

static struct vnc_server *first_server(struct vnc *v)
{
	return v && !list_empty(&v->servers)
		       ? container_of(v->servers.next, struct vnc_server, link)
		       : NULL;
}

static void query_vnc(struct monitor_call *call)
{
	struct vnc *v = monitor_vnc(call);
	const struct vnc_server *s = first_server(v);
	json_t *r;

	if (!s || !s->sockets.n) {
		monitor_done(call, json_pack("{s:b}", "enabled", 0));
		return;
	}
	r = vnc_end_json(&s->socket[0].end);
	json_object_del(r, "websocket");
	json_object_set_new(r, "enabled", json_true());
	json_object_set_new(r, "auth", json_string(vnc_auth_name(s)));
	json_object_set_new(r, "clients", clients_json(v, s));
	monitor_done(call, r);
}

static json_t *server_json(struct vnc *v, const struct vnc_server *s)
{
	json_t *list = json_array(), *place;
	unsigned i;

	for (i = 0; i < s->sockets.n; i++) {
		place = vnc_end_json(&s->socket[i].end);
		json_object_set_new(place, "auth",
				    json_string(vnc_auth_name(s)));
		json_array_append_new(list, place);
	}
	return json_pack("{s:s, s:o, s:o, s:s}", "id", s->conf.id, "server",
			 list, "clients", clients_json(v, s), "auth",
			 vnc_auth_name(s));
}

static void query_servers(struct monitor_call *call)
{
	struct vnc *v = monitor_vnc(call);
	const struct vnc_server *s;
	json_t *list = json_array();

	if (v)
		list_for_each (s, &v->servers, struct vnc_server, link)
			json_array_append_new(list, server_json(v, s));
	monitor_done(call, list);
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void show_end(struct monitor_call *call, const char *what,
		     const json_t *end)
{
	monitor_printf(call, "  %s: %s:%s (%s)\n", what, text(end, "host"),
		       text(end, "service"), text(end, "family"));
}

static void show_servers(struct monitor_call *call, const json_t *list)
{
	const json_t *server, *end;
	size_t i, j;

	if (!json_array_size(list))
		monitor_printf(call, "None\n");
	json_array_foreach(list, i, server)
	{
		monitor_printf(call, "%s:\n", text(server, "id"));
		json_array_foreach(json_object_get(server, "server"), j, end)
		{
			show_end(call, "Server", end);
			monitor_printf(call, "    Auth: %s (Sub: none)\n",
				       text(end, "auth"));
		}
		json_array_foreach(json_object_get(server, "clients"), j, end)
		{
			show_end(call, "Client", end);
			monitor_printf(call, "    x509_dname: none\n"
					     "    sasl_username: none\n");
		}
		if (!json_array_size(json_object_get(server, "server")))
			monitor_printf(call, "  Auth: %s (Sub: none)\n",
				       text(server, "auth"));
	}
}

/* The server that "display" names, or the first that has passwords. */
static struct vnc_server *chosen(struct monitor_call *call)
{
	struct vnc *v = monitor_vnc(call);
	const char *id = monitor_arg_string(call, "display");
	struct vnc_server *s;

	if (!v)
		return NULL;
	list_for_each (s, &v->servers, struct vnc_server, link)
		if (id ? !strcmp(s->conf.id, id) : s->conf.password)
			return s;
	return id ? NULL : first_server(v);
}

/* NULL, and the call has ended: there is no server, or no password for it. */
static struct vnc_server *with_password(struct monitor_call *call)
{
	struct vnc_server *s = chosen(call);

	if (s && s->conf.password)
		return s;
	monitor_fail(call, "GenericError", "Could not set password: %s",
		     s ? "the VNC server was started without password=on"
		       : "there is no such VNC server");
	return NULL;
}

static void set(struct vnc_server *s, const char *password)
{
	pthread_mutex_lock(&s->v->lock);
	memset(s->password, 0, sizeof(s->password));
	strncpy(s->password, password, VNC_PASSWORD_MAX);
	s->has_password = password[0] != 0;
	pthread_mutex_unlock(&s->v->lock);
}

static void change_to(struct monitor_call *call, const char *password)
{
	struct vnc_server *s = with_password(call);

	if (!s)
		return;
	set(s, password);
	monitor_done(call, NULL);
}

static void change_password(struct monitor_call *call)
{
	change_to(call, monitor_arg_string(call, "password"));
}

static bool is_vnc(struct monitor_call *call)
{
	const char *protocol = monitor_arg_string(call, "protocol");

	if (!strcmp(protocol, "vnc"))
		return true;
	if (!strcmp(protocol, "spice"))
		monitor_fail(call, "DeviceNotActive", "SPICE is not in use");
	else
		monitor_fail(call, "GenericError",
			     "'%s' is not there; the protocol is vnc",
			     protocol);
	return false;
}

static bool has_clients(struct vnc_server *s)
{
	json_t *clients = clients_json(s->v, s);
	bool any = json_array_size(clients) > 0;

	json_decref(clients);
	return any;
}

static void kick(struct vnc_server *s)
{
	pthread_mutex_lock(&s->v->lock);
	s->kick = true;
	pthread_mutex_unlock(&s->v->lock);
	loop_post(s->v->loop, &s->v->kick_task);
}

static void set_password(struct monitor_call *call)
{
	const char *how = monitor_arg_string(call, "connected");
	struct vnc_server *s;

	how = how ? how : "keep";
	if (!is_vnc(call))
		return;
	if (strcmp(how, "keep") && strcmp(how, "fail") &&
	    strcmp(how, "disconnect")) {
		monitor_fail(call, "GenericError",
			     "connected is keep, fail or disconnect");
		return;
	}
	s = with_password(call);
	if (!s)
		return;
	if (!strcmp(how, "fail") && has_clients(s)) {
		monitor_fail(call, "GenericError",
			     "Could not set password: somebody is connected");
		return;
	}
	set(s, monitor_arg_string(call, "password"));
	if (!strcmp(how, "disconnect"))
		kick(s);
	monitor_done(call, NULL);
}

/* now, never, +SECONDS, or seconds since 1970. */
static int parse_time(const char *word, int64_t *when)
{
	uint64_t n;

	if (!strcmp(word, "never")) {
		*when = INT64_MAX;
		return 0;
	}
	*when = time(NULL);
	if (!strcmp(word, "now"))
		return 0;
	if (opt_parse_u64(word + (word[0] == '+'), &n, NULL) < 0 ||
	    n > INT64_MAX / 2)
		return -EINVAL;
	*when = (int64_t)n + (word[0] == '+' ? *when : 0);
	return 0;
}

static void expire_password(struct monitor_call *call)
{
	struct vnc_server *s;
	int64_t when;

	if (!is_vnc(call))
		return;
	if (parse_time(monitor_arg_string(call, "time"), &when) < 0) {
		monitor_fail(call, "GenericError",
			     "the time is now, never, +SECONDS, or seconds "
			     "since 1970");
		return;
	}
	/* One that has no password takes the time, too: it means nothing. */
	s = chosen(call);
	if (!s) {
		monitor_fail(call, "GenericError",
			     "Could not set password expire time: there is no "
			     "such VNC server");
		return;
	}
	pthread_mutex_lock(&s->v->lock);
	s->expires = when;
	pthread_mutex_unlock(&s->v->lock);
	monitor_done(call, NULL);
}

static const struct monitor_arg password_args[] = {
	MONITOR_WORD("password", "up to 8 letters count"),
	{.type = MONITOR_ARG_END},
};

#define DISPLAY_ARG \
	{ \
		.name = "display", .type = MONITOR_ARG_FLAG_WORD, \
		.optional = true, .flag = 'd', \
		.help = "the id of a -vnc [the first]" \
	}

static const struct monitor_arg set_args[] = {
	MONITOR_WORD("protocol", "vnc"),
	MONITOR_WORD("password", "up to 8 letters count"),
	DISPLAY_ARG,
	MONITOR_OPTIONAL_WORD("connected",
			      "who is there: keep, disconnect; or fail"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg expire_args[] = {
	MONITOR_WORD("protocol", "vnc"),
	MONITOR_WORD("time", "now, never, +SECONDS, or seconds since 1970"),
	DISPLAY_ARG,
	{.type = MONITOR_ARG_END},
};

static void change_hmp(struct monitor_call *call)
{
	const char *what = monitor_arg_string(call, "what");

	if (strcmp(what, "password") != 0)
		monitor_fail(call, "GenericError",
			     "Expected 'password' after 'vnc'");
	else if (monitor_arg_string(call, "password"))
		change_password(call);
	else if (!monitor_ask_secret(call, "Password: ", change_to))
		monitor_fail(call, "GenericError",
			     "say the new password after 'password'");
}

static const struct monitor_arg change_args[] = {
	MONITOR_WORD("what", "password"),
	MONITOR_OPTIONAL_WORD("password", "up to 8 letters count"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd vnc_monitor_cmds[] = {
	{.name = "change vnc",
	 .help = "set the password of the VNC server",
	 .args = change_args,
	 .run = change_hmp},
	{.name = "info vnc",
	 .qmp = "query-vnc-servers",
	 .help = "where VNC viewers can connect, and who is there",
	 .run = query_servers,
	 .show = show_servers},
	{.qmp = "query-vnc",
	 .help = "the first VNC server, and who is there",
	 .run = query_vnc},
	{.name = "set_password",
	 .qmp = "set_password",
	 .help = "set the password of the VNC server",
	 .args = set_args,
	 .run = set_password},
	{.name = "expire_password",
	 .qmp = "expire_password",
	 .help = "say until when the VNC password is good",
	 .args = expire_args,
	 .run = expire_password},
	{.qmp = "change-vnc-password",
	 .help = "set the password of the VNC server",
	 .args = password_args,
	 .run = change_password},
	{.run = NULL},
};
