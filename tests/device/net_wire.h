/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of a NIC's cable, in the hands of a test: it keeps what the
 * NIC sends, and sends what the test wants.
 */
#ifndef TESTS_DEVICE_NET_WIRE_H
#define TESTS_DEVICE_NET_WIRE_H

#include "tests/device/harness.h"

#define NET_WIRE_PACKETS 4096

struct net_wire_packet {
	uint8_t *data;
	size_t len;
	struct virtio_net_hdr hdr;
	unsigned queue;
};

struct net_wire;

struct net_wire_end {
	struct net_wire *wire;
	unsigned queue;
	unsigned flushes, readies, unplugs; /* calls of the NIC */
	unsigned wants; /* what set_offloads said last */
	struct loop *loop; /* what move said last */
	bool enabled; /* what enable said last; true at the start */
};

struct net_wire {
	struct net_client client;
	struct net_wire_end *end; /* one for each queue */
	struct net_wire_packet packet[NET_WIRE_PACKETS]; /* oldest first */
	unsigned npackets;
	bool full; /* set by the test: takes no packets */
	bool stays; /* set by the test: in the main loop */
	unsigned refused; /* packets that came meanwhile */
	unsigned offloads; /* set by the test: what it offers */
	unsigned links; /* changes that it was told */
	bool link_up; /* as told last */
};

/* A -netdev of the harness, called name; its first queue is 0. */
struct net_wire *net_wire_new(struct harness *h, const char *name,
			      unsigned queues);
/* Before harness_fini. */
void net_wire_free(struct net_wire *wire);

/* To the NIC; false when it has no room.  hdr may be NULL. */
bool net_wire_send(struct net_wire *wire, unsigned queue, const void *data,
		   size_t len, const struct virtio_net_hdr *hdr);
/* Ends a batch of these. */
void net_wire_flush(struct net_wire *wire, unsigned queue);
/* Has room again, and tells the NIC so. */
void net_wire_drain(struct net_wire *wire);
/* Forgets the packets that came. */
void net_wire_clear(struct net_wire *wire);

#endif
