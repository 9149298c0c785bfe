/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info network, set_link, netdev_add and what else is done to networks. */
#include "net/net_monitor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/user.h"

/* The youngest first, as qemu prints them. */
static void print_hub(struct monitor_call *call, unsigned hub)
{
	struct net *net = monitor_net(call);
	struct net_client *c, *peer;
	struct list *e;

	monitor_printf(call, "hub %u\n", hub);
	for (e = net->clients.prev; e != &net->clients; e = e->prev) {
		c = container_of(e, struct net_client, link);
		if (c->kind != NET_HUB || c->hub != hub)
			continue;
		peer = c->port[0].peer ? c->port[0].peer->client : NULL;
		monitor_printf(call, " \\ %s", c->name);
		if (peer)
			monitor_printf(call, ": %s: %s", peer->name,
				       peer->info);
		monitor_printf(call, "\n");
	}
}

static void print_hubs(struct monitor_call *call)
{
	struct net *net = monitor_net(call);
	struct list *e, *younger;
	struct net_client *c, *other;
	bool seen;

	for (e = net->clients.prev; e != &net->clients; e = e->prev) {
		c = container_of(e, struct net_client, link);
		seen = c->kind != NET_HUB;
		for (younger = net->clients.prev; younger != e && !seen;
		     younger = younger->prev) {
			other = container_of(younger, struct net_client, link);
			seen = other->kind == NET_HUB && other->hub == c->hub;
		}
		if (!seen)
			print_hub(call, c->hub);
	}
}

static void info_network(struct monitor_call *call)
{
	struct net *net = monitor_net(call);
	struct net_client *c, *peer;

	print_hubs(call);
	list_for_each (c, &net->clients, struct net_client, link) {
		peer = c->port[0].peer ? c->port[0].peer->client : NULL;
		if (c->kind == NET_HUB || (peer && peer->kind == NET_HUB))
			continue;
		if (!peer || c->kind == NET_NIC)
			monitor_printf(call, "%s: %s\n", c->name, c->info);
		if (peer && c->kind == NET_NIC)
			monitor_printf(call, " \\ %s: %s\n", peer->name,
				       peer->info);
	}
	monitor_done(call, NULL);
}

static void set_link(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "name");
	struct net_client *c = net_client_find(monitor_net(call), name);

	if (!c) {
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     name);
		return;
	}
	net_set_link(c, monitor_arg_bool(call, "up", true));
	monitor_done(call, NULL);
}

static void netdev_add_text(struct monitor_call *call)
{
	struct error err = {0};
	struct opt_list list;
	int rc = opt_split(monitor_arg_string(call, "netdev"), "type", &list,
			   &err);

	if (rc == 0) {
		rc = net_add(monitor_net(call), &list, &err);
		opt_list_free(&list);
	}
	monitor_end(call, rc, &err);
}

/* Lists of texts are arrays of strings, or of {"str": TEXT}. */
static int add_value(struct opt_list *list, const char *key,
		     const json_t *value, struct error *err)
{
	char number[32];
	const json_t *item = value;
	size_t i;
	int rc = 0;

	if (json_is_array(value)) {
		for (i = 0; i < json_array_size(value) && rc == 0; i++) {
			item = json_array_get(value, i);
			if (json_is_object(item))
				item = json_object_get(item, "str");
			rc = json_is_string(item)
				     ? opt_list_add(list, key,
						    json_string_value(item),
						    err)
				     : error_set(err, EINVAL,
						 "%s: texts are expected", key);
		}
		return rc;
	}
	if (json_is_string(value))
		return opt_list_add(list, key, json_string_value(value), err);
	if (json_is_boolean(value))
		return opt_list_add(list, key,
				    json_is_true(value) ? "on" : "off", err);
	if (!json_is_integer(value))
		return error_set(err, EINVAL, "%s: a text is expected", key);
	snprintf(number, sizeof(number), "%lld",
		 (long long)json_integer_value(value));
	return opt_list_add(list, key, number, err);
}

static void netdev_add(struct monitor_call *call)
{
	json_t *args = (json_t *)(uintptr_t)monitor_args(call);
	struct opt_list list = {0};
	struct error err = {0};
	const char *key;
	json_t *value;
	int rc = 0;

	json_object_foreach(args, key, value) if (rc == 0) rc =
		add_value(&list, key, value, &err);
	if (rc == 0)
		rc = net_add(monitor_net(call), &list, &err);
	opt_list_free(&list);
	monitor_end(call, rc, &err);
}

static void netdev_del(struct monitor_call *call)
{
	const char *id = monitor_arg_string(call, "id");
	struct error err = {0};
	int rc = net_remove(monitor_net(call), id, &err);

	if (rc == -ENOENT)
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     id);
	else
		monitor_end(call, rc, &err);
}

static void info_usernet(struct monitor_call *call)
{
	struct net *net = monitor_net(call);
	struct net_client *c, *peer;
	char *text;

	list_for_each (c, &net->clients, struct net_client, link) {
		if (c->kind != NET_USER)
			continue;
		peer = c->port[0].peer ? c->port[0].peer->client : NULL;
		if (peer && peer->kind == NET_HUB)
			monitor_printf(call, "Hub %u (%s):\n", peer->hub,
				       c->name);
		else
			monitor_printf(call, "Hub -1 (%s):\n", c->name);
		text = net_user_info(c);
		monitor_printf(call, "%s", text ? text : "");
		free(text);
	}
	monitor_done(call, NULL);
}

/* The one that is named, or the first; *forward is the last argument. */
static struct net_client *find_user(struct monitor_call *call,
				    const char **forward)
{
	struct net *net = monitor_net(call);
	const char *name = monitor_arg_string(call, "netdev");
	struct net_client *c;

	*forward = monitor_arg_string(call, "forward");
	if (!*forward) {
		*forward = name;
		name = NULL;
	}
	list_for_each (c, &net->clients, struct net_client, link)
		if (c->kind == NET_USER && (!name || !strcmp(c->name, name)))
			return c;
	monitor_fail(call, "DeviceNotFound",
		     name ? "there is no user network '%s'"
			  : "there is no user network",
		     name);
	return NULL;
}

static void hostfwd_add(struct monitor_call *call)
{
	const char *forward;
	struct net_client *c = find_user(call, &forward);
	struct error err = {0};

	if (c)
		monitor_end(call, net_user_add_hostfwd(c, forward, &err), &err);
}

static void hostfwd_remove(struct monitor_call *call)
{
	const char *forward;
	struct net_client *c = find_user(call, &forward);
	struct error err = {0};
	int rc;

	if (!c)
		return;
	rc = net_user_remove_hostfwd(c, forward, &err);
	if (rc == 0)
		monitor_printf(call, "host forwarding rule for %s removed\n",
			       forward);
	monitor_end(call, rc, &err);
}

static const struct monitor_arg link_args[] = {
	MONITOR_WORD("name", "a NIC or a -netdev"),
	{.name = "up", .type = MONITOR_ARG_BOOL, .help = "on or off"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg add_text_args[] = {
	{.name = "netdev",
	 .type = MONITOR_ARG_REST,
	 .help = "TYPE,id=ID[,KEY=VALUE]..., as with -netdev"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg add_args[] = {
	MONITOR_WORD("type", "bridge, hubport, tap or user"),
	MONITOR_WORD("id", "a name for it"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg del_args[] = {
	MONITOR_WORD("id", "of the -netdev"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg hostfwd_args[] = {
	MONITOR_WORD("netdev", "the user network; the first if left out"),
	MONITOR_OPTIONAL_WORD("forward", "[tcp|udp]:[HOST-ADDRESS]:PORT"
					 "-[GUEST-ADDRESS]:PORT"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg hostfwd_remove_args[] = {
	MONITOR_WORD("netdev", "the user network; the first if left out"),
	MONITOR_OPTIONAL_WORD("forward", "[tcp|udp]:[HOST-ADDRESS]:PORT"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd net_monitor_cmds[] = {
	{.name = "hostfwd_add",
	 .help = "forward a port of the host's to the guest",
	 .args = hostfwd_args,
	 .run = hostfwd_add},
	{.name = "hostfwd_remove",
	 .help = "forward a port of the host's no longer",
	 .args = hostfwd_remove_args,
	 .run = hostfwd_remove},
	{.name = "info network",
	 .help = "NICs, and what they are connected to",
	 .run = info_network},
	{.name = "info usernet",
	 .help = "connections of user networks",
	 .run = info_usernet},
	{.name = "netdev_add",
	 .help = "add a way out for a NIC",
	 .args = add_text_args,
	 .run = netdev_add_text},
	{.qmp = "netdev_add",
	 .help = "add a way out for a NIC",
	 .args = add_args,
	 .any_args = true,
	 .run = netdev_add},
	{.name = "netdev_del",
	 .qmp = "netdev_del",
	 .help = "remove a way out",
	 .args = del_args,
	 .run = netdev_del},
	{.name = "set_link",
	 .qmp = "set_link",
	 .help = "plug or unplug the cable of a NIC or a -netdev",
	 .args = link_args,
	 .run = set_link},
	{.run = NULL},
};
