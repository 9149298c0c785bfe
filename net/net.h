/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network: packets between the guest's NICs and what leaves the machine.
 *
 * A client is a thing with a name: a NIC, a tap, the user network, a place on
 * a hub.  It has one port for each of its queues.  Two ports are the ends of a
 * cable; a packet that is sent into one end comes out of the other, whole.
 *
 * Both ends of a cable belong to one loop: the main loop, with the machine
 * lock, until net_port_move says otherwise.  What a loop owns is called by its
 * thread only.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/error.h"
#include "vmm/list.h"

struct clock;
struct loop;
struct net_client;
struct opt_list;
struct net_port;
struct runner;

#define NET_QUEUES 128 /* ports of a client, at most */
#define NET_PACKET 65562 /* bytes, at most: of a segment still to be cut */

/* What may be left to do at a packet, as struct virtio_net_hdr says it. */
enum net_offload {
	NET_CSUM = 1,
	NET_TSO4 = 2,
	NET_TSO6 = 4,
	NET_ECN = 8,
	NET_UFO = 16,
};

/* An Ethernet frame without its check sequence; lives while it is sent. */
struct net_packet {
	const struct iovec *iov;
	unsigned niov;
	size_t len; /* bytes, of all iov */
	struct virtio_net_hdr hdr; /* zero: nothing is left to do */
};

struct net_port_ops {
	/*
	 * A packet for this end.  False: no room.  Who sent keeps the packet
	 * or drops it, and waits for net_port_ready before it sends another.
	 */
	bool (*receive)(void *ctx, const struct net_packet *packet);
	/* The last one for now was sent; may be NULL. */
	void (*flush)(void *ctx);
	/* The other end has room again; may be NULL. */
	void (*ready)(void *ctx);
	/* The cable's link went up or down, at either end; may be NULL.  The
	 * main loop's thread, with the machine lock, even when moved. */
	void (*link)(void *ctx, bool up);
	/* The cable is about to be pulled out: to the main loop with both
	 * ends.  Machine lock; may be NULL. */
	void (*unplug)(void *ctx);
	/* The offloads that packets to this end may ask for; NULL: none. */
	unsigned (*offloads)(void *ctx);
	/* The other end wants packets with no more left to do than this. */
	void (*set_offloads)(void *ctx, unsigned offloads);
	/*
	 * Belongs to another loop from now on; called by the thread of the one
	 * it leaves, at rest.  NULL: stays in the main loop.
	 */
	int (*move)(void *ctx, struct loop *loop, struct error *err);
	/*
	 * A queue of many is used, or is not: at the start only the first is.
	 * NULL: always used.
	 */
	int (*enable)(void *ctx, bool on);
};

struct net_port {
	const struct net_port_ops *ops;
	void *ctx;
	struct net_client *client;
	struct net_port *peer; /* NULL: the cable has no other end */
	bool moved; /* out of the main loop */
};

enum net_kind { NET_NIC, NET_TAP, NET_USER, NET_HUB };

struct net_client {
	struct list link; /* of struct net's */
	struct net *net; /* that it is in */
	char *name; /* the -netdev's id; "virtio-net-pci.0" */
	enum net_kind kind;
	unsigned hub; /* NET_HUB: its number */
	struct net_port *port;
	unsigned nports;
	_Atomic bool link_down; /* by set_link, at this end */
	char info[512]; /* for `info network`: what is after its name */
	void (*close)(struct net_client *client); /* frees what it is part of */
};

/* What a machine has of it. */
struct net {
	struct list clients; /* struct net_client, in the order of birth */
	struct list hubs;
	struct loop *loop; /* the main loop; NULL in device tests */
	struct clock *clock; /* the virtual one */
	struct runner *runner; /* NULL: taps are made here */
	_Atomic bool paused; /* nothing goes to NICs */
};

/* ---- ports ---- */

/* May packets be sent now?  False with the link down at either end. */
bool net_port_is_up(const struct net_port *port);
/*
 * Sends a packet to the other end.  False: it has no room, see receive.  A
 * packet on a cable with no other end, or a link that is down, is dropped.
 */
bool net_port_send(struct net_port *port, const struct net_packet *packet);
void net_port_flush(struct net_port *port);
/* This end has room again. */
void net_port_ready(struct net_port *port);
/* What packets that are sent may leave to be done, and the same for those
 * that come. */
unsigned net_port_offloads(const struct net_port *port);
void net_port_set_offloads(struct net_port *port, unsigned offloads);
/*
 * Moves the other end of a NIC's cable.  -ENOTSUP: it stays in the main loop,
 * and so must the NIC's queue.
 */
int net_port_move(struct net_port *port, struct loop *loop, struct error *err);
/* For what passes cables on: calls the other end's link, with what it is, and
 * its unplug. */
void net_port_link(struct net_port *port);
void net_port_unplug(struct net_port *port);
/* Uses queue port of the other end, or does not (multiqueue). */
int net_port_enable(struct net_port *port, bool on);

/* ---- clients.  Machine lock. ---- */

void net_init(struct net *net, struct loop *loop, struct clock *clock);
/*
 * The machine is stopped: its NICs have no room, for as long as it is, as
 * nothing must change in its memory.
 */
void net_pause(struct net *net);
void net_resume(struct net *net);
/* Closes what is not a NIC; those must have gone. */
void net_fini(struct net *net);

/* Makes itself known by client->name, which must be new. */
int net_client_add(struct net *net, struct net_client *client,
		   struct error *err);
/* Leaves the list and the other end of its cable. */
void net_client_del(struct net_client *client);
struct net_client *net_client_find(struct net *net, const char *name);
/* Joins each port of a with that of b, as far as both have any. */
void net_connect(struct net_client *a, struct net_client *b);
void net_disconnect(struct net_client *client);
/* set_link: tells both ends. */
void net_set_link(struct net_client *client, bool up);

/* Makes a -netdev; list has its "type", its "id", and the keys of the type. */
int net_add(struct net *net, const struct opt_list *list, struct error *err);
/* Ends it; a NIC that was at it has no cable any more. */
int net_remove(struct net *net, const char *id, struct error *err);
/* Warns of cables that lead nowhere, once all are there. */
void net_check(struct net *net);

/*
 * A NIC's end: connects it with the -netdev called netdev.
 * -EBUSY when that has a NIC already.
 */
int net_attach_nic(struct net *net, struct net_client *nic, const char *netdev,
		   struct error *err);

#endif
