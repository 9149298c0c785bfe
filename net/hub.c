/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hubs: what is sent into one port comes out of all others.  A hub with two
 * ports is a cable, with all that the ends agree upon.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/netdev.h"
#include "vmm/log.h"

struct hub {
	struct list link; /* of struct net's */
	unsigned id;
	struct list ports;
	unsigned nports;
	bool offloads; /* its ends were told that it is a cable */
};

struct hub_port {
	struct net_client client;
	struct net_port port;
	struct hub *hub;
	struct list link;
};

struct hub_conf {
	int64_t hubid;
	char *netdev;
};

/* The other port of a hub with two; NULL: it has more, or less. */
static struct hub_port *other_end(const struct hub_port *p)
{
	struct hub_port *other;

	if (p->hub->nports != 2)
		return NULL;
	list_for_each (other, &p->hub->ports, struct hub_port, link)
		if (other != p)
			return other;
	return NULL;
}

/* Waits only where nobody at all has room: one that sleeps stops no other. */
static bool receive(void *ctx, const struct net_packet *packet)
{
	struct hub_port *p = ctx, *to;
	unsigned taken = 0;

	list_for_each (to, &p->hub->ports, struct hub_port, link)
		if (to != p)
			taken += net_port_send(&to->port, packet);
	return taken || p->hub->nports == 1;
}

static void flush(void *ctx)
{
	struct hub_port *p = ctx, *to;

	list_for_each (to, &p->hub->ports, struct hub_port, link)
		if (to != p)
			net_port_flush(&to->port);
}

static void ready(void *ctx)
{
	struct hub_port *p = ctx, *to;

	list_for_each (to, &p->hub->ports, struct hub_port, link)
		if (to != p)
			net_port_ready(&to->port);
}

static unsigned offloads(void *ctx)
{
	struct hub_port *p = ctx, *other = other_end(p);
	unsigned known = other ? net_port_offloads(&other->port) : 0;

	if (known)
		p->hub->offloads = true;
	return known;
}

static void set_offloads(void *ctx, unsigned wants)
{
	struct hub_port *other = other_end(ctx);

	if (other)
		net_port_set_offloads(&other->port, wants);
}

static int move(void *ctx, struct loop *loop, struct error *err)
{
	struct hub_port *p = ctx, *other = other_end(p);

	if (!other)
		return error_set(err, ENOTSUP, "hub %u stays in the main loop",
				 p->hub->id);
	return net_port_move(&other->port, loop, err);
}

/* A cable behind this one is pulled out: its threads are to know. */
static void unplug(void *ctx)
{
	struct hub_port *other = other_end(ctx);

	if (other)
		net_port_unplug(&other->port);
}

/* The links themselves are each end's own. */
static void link_changed(void *ctx, bool up)
{
	struct hub_port *other = other_end(ctx);

	if (other)
		net_port_link(&other->port);
}

static const struct net_port_ops hub_ops = {
	.receive = receive,
	.flush = flush,
	.ready = ready,
	.offloads = offloads,
	.set_offloads = set_offloads,
	.move = move,
	.unplug = unplug,
	.link = link_changed,
};

static void close_port(struct net_client *client)
{
	struct hub_port *p = container_of(client, struct hub_port, client), *to;

	list_del(&p->link);
	p->hub->nports--;
	list_for_each (to, &p->hub->ports, struct hub_port, link)
		net_port_link(&to->port);
	if (!p->hub->nports) {
		list_del(&p->hub->link);
		free(p->hub);
	}
	free(client->name);
	free(p);
}

static struct hub *find_hub(struct net *net, unsigned id)
{
	struct hub *hub;

	list_for_each (hub, &net->hubs, struct hub, link)
		if (hub->id == id)
			return hub;
	hub = calloc(1, sizeof(*hub));
	if (!hub)
		return NULL;
	hub->id = id;
	list_init(&hub->ports);
	list_add_tail(&net->hubs, &hub->link);
	return hub;
}

/* A cable in use cannot become a hub: its ends would have to agree anew. */
static int check_hub(const struct hub *hub, struct error *err)
{
	const struct hub_port *p;
	bool moved = false;

	list_for_each (p, &hub->ports, struct hub_port, link)
		moved |= p->port.moved;
	if (!moved && (hub->nports != 2 || !hub->offloads))
		return 0;
	return error_set(err, EBUSY,
			 "hub %u is in use with two ports, which can become "
			 "no more",
			 hub->id);
}

/* netdev=: what is at the port from the start. */
static int find_other(struct net *net, const char *netdev,
		      struct net_client **other, struct error *err)
{
	*other = netdev ? net_client_find(net, netdev) : NULL;
	if (netdev && (!*other || (*other)->kind == NET_NIC))
		return error_set(err, ENOENT,
				 "netdev=%s: there is no -netdev of this id",
				 netdev);
	if (netdev && (*other)->port[0].peer)
		return error_set(err, EBUSY, "netdev=%s is in use", netdev);
	return 0;
}

static struct hub_port *new_port(struct hub *hub, const char *id)
{
	struct hub_port *p = calloc(1, sizeof(*p));

	if (!p || !(p->client.name = strdup(id))) {
		free(p);
		return NULL;
	}
	p->hub = hub;
	p->port.ops = &hub_ops;
	p->port.ctx = p;
	p->client.kind = NET_HUB;
	p->client.port = &p->port;
	p->client.nports = 1;
	p->client.hub = hub->id;
	p->client.close = close_port;
	list_add_tail(&hub->ports, &p->link);
	hub->nports++;
	return p;
}

static int hub_open(struct net *net, const char *id, const void *conf_,
		    struct error *err)
{
	const struct hub_conf *conf = conf_;
	struct net_client *other;
	struct hub_port *p;
	struct hub *hub;
	int rc = find_other(net, conf->netdev, &other, err);

	if (rc < 0)
		return rc;
	if (conf->hubid < 0)
		return error_set(err, EINVAL, "hubid= is missing");
	hub = find_hub(net, (unsigned)conf->hubid);
	if (!hub)
		return error_set(err, ENOMEM, "out of memory");
	rc = check_hub(hub, err);
	if (rc < 0)
		return rc;
	p = new_port(hub, id);
	if (!p) {
		if (!hub->nports) {
			list_del(&hub->link);
			free(hub);
		}
		return error_set(err, ENOMEM, "out of memory");
	}
	rc = net_client_add(net, &p->client, err);
	if (rc < 0)
		close_port(&p->client);
	else if (other)
		net_connect(&p->client, other);
	return rc;
}

void net_hub_check(struct net *net)
{
	struct hub_port *p;
	unsigned nics, others;
	struct hub *hub;

	list_for_each (hub, &net->hubs, struct hub, link) {
		nics = others = 0;
		list_for_each (p, &hub->ports, struct hub_port, link) {
			if (!p->port.peer)
				continue;
			if (p->port.peer->client->kind == NET_NIC)
				nics++;
			else
				others++;
		}
		if (nics && !others)
			log_warn("hub %u is not connected to the host's "
				 "network",
				 hub->id);
		else if (others && !nics)
			log_warn("hub %u has no NIC", hub->id);
	}
}

#define HUB_KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct hub_conf, field)

const struct opt_desc net_hubport_opts[] = {
	{HUB_KEY("hubid", OPT_I64, hubid), .min = (uint64_t)-1,
	 .max = INT32_MAX, .dflt = "-1", .help = "which hub"},
	{HUB_KEY("netdev", OPT_STRING, netdev),
	 .help = "id of the -netdev at this port; else a NIC can be"},
	{.type = OPT_END},
};

const struct net_driver net_hubport = {
	.name = "hubport",
	.keys = net_hubport_opts,
	.conf_size = sizeof(struct hub_conf),
	.open = hub_open,
};
