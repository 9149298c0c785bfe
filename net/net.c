/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cables between clients, and the list of these. */
#include "net/net.h"

#include <errno.h>
#include <string.h>

bool net_port_is_up(const struct net_port *port)
{
	return port->peer && !port->client->link_down &&
	       !port->peer->client->link_down;
}

bool net_port_send(struct net_port *port, const struct net_packet *packet)
{
	struct net_port *to = port->peer;

	if (!net_port_is_up(port))
		return true;
	if (to->client->kind == NET_NIC && to->client->net->paused)
		return false;
	return to->ops->receive(to->ctx, packet);
}

void net_port_flush(struct net_port *port)
{
	struct net_port *to = port->peer;

	if (to && to->ops->flush)
		to->ops->flush(to->ctx);
}

void net_port_ready(struct net_port *port)
{
	struct net_port *to = port->peer;

	if (to && to->ops->ready)
		to->ops->ready(to->ctx);
}

unsigned net_port_offloads(const struct net_port *port)
{
	const struct net_port *to = port->peer;

	return to && to->ops->offloads ? to->ops->offloads(to->ctx) : 0;
}

void net_port_set_offloads(struct net_port *port, unsigned offloads)
{
	struct net_port *to = port->peer;

	if (to && to->ops->set_offloads)
		to->ops->set_offloads(to->ctx, offloads);
}

int net_port_move(struct net_port *port, struct loop *loop, struct error *err)
{
	struct net_port *to = port->peer;
	int rc;

	if (!to)
		return 0;
	if (!to->ops->move)
		return error_set(err, ENOTSUP,
				 "network '%s' stays in the main loop",
				 to->client->name);
	rc = to->ops->move(to->ctx, loop, err);
	if (rc == 0)
		port->moved = to->moved = loop != to->client->net->loop;
	return rc;
}

int net_port_enable(struct net_port *port, bool on)
{
	struct net_port *to = port->peer;

	return to && to->ops->enable ? to->ops->enable(to->ctx, on) : 0;
}

void net_init(struct net *net, struct loop *loop, struct clock *clock)
{
	list_init(&net->clients);
	list_init(&net->hubs);
	net->loop = loop;
	net->clock = clock;
	net->paused = false;
}

void net_pause(struct net *net)
{
	net->paused = true;
}

/* A NIC with an I/O thread begins anew there, by itself. */
void net_resume(struct net *net)
{
	struct net_client *client;
	unsigned i;

	net->paused = false;
	list_for_each (client, &net->clients, struct net_client, link)
		for (i = 0; client->kind == NET_NIC && i < client->nports; i++)
			if (!client->port[i].moved)
				net_port_ready(&client->port[i]);
}

void net_fini(struct net *net)
{
	struct net_client *client;

	while (!list_empty(&net->clients)) {
		client = container_of(net->clients.prev, struct net_client,
				      link);
		net_client_del(client);
		if (client->close)
			client->close(client);
	}
}

int net_client_add(struct net *net, struct net_client *client,
		   struct error *err)
{
	unsigned i;

	if (net_client_find(net, client->name))
		return error_set(err, EEXIST, "there is a '%s' already",
				 client->name);
	for (i = 0; i < client->nports; i++)
		client->port[i].client = client;
	client->net = net;
	list_add_tail(&net->clients, &client->link);
	return 0;
}

void net_client_del(struct net_client *client)
{
	net_disconnect(client);
	list_del(&client->link);
}

struct net_client *net_client_find(struct net *net, const char *name)
{
	struct net_client *client;

	list_for_each (client, &net->clients, struct net_client, link)
		if (!strcmp(client->name, name))
			return client;
	return NULL;
}

static void tell_link(struct net_port *port)
{
	if (port->ops->link)
		port->ops->link(port->ctx, net_port_is_up(port));
}

void net_connect(struct net_client *a, struct net_client *b)
{
	unsigned i;

	for (i = 0; i < a->nports && i < b->nports; i++) {
		a->port[i].peer = &b->port[i];
		b->port[i].peer = &a->port[i];
	}
}

static void tell_unplug(struct net_port *port)
{
	if (port->ops->unplug)
		port->ops->unplug(port->ctx);
}

void net_port_link(struct net_port *port)
{
	if (port->peer)
		tell_link(port->peer);
}

void net_port_unplug(struct net_port *port)
{
	if (port->peer)
		tell_unplug(port->peer);
}

void net_disconnect(struct net_client *client)
{
	struct net_port *port, *peer;

	for (port = client->port; port < client->port + client->nports;
	     port++) {
		peer = port->peer;
		if (!peer)
			continue;
		tell_unplug(port);
		tell_unplug(peer);
		port->peer = peer->peer = NULL;
		tell_link(peer);
	}
}

void net_set_link(struct net_client *client, bool up)
{
	struct net_port *port;

	client->link_down = !up;
	for (port = client->port; port < client->port + client->nports;
	     port++) {
		tell_link(port);
		if (port->peer)
			tell_link(port->peer);
	}
}

int net_attach_nic(struct net *net, struct net_client *nic, const char *netdev,
		   struct error *err)
{
	struct net_client *to = net ? net_client_find(net, netdev) : NULL;

	if (!to || to->kind == NET_NIC)
		return error_set(err, ENOENT,
				 "netdev=%s: there is no -netdev of this id",
				 netdev);
	if (to->port[0].peer)
		return error_set(err, EBUSY, "netdev=%s: '%s' is at it already",
				 netdev, to->port[0].peer->client->name);
	net_connect(nic, to);
	return 0;
}
