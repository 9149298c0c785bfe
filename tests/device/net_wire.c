/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of a NIC's cable, in the hands of a test. */
#include "tests/device/net_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool receive(void *ctx, const struct net_packet *packet)
{
	struct net_wire_end *end = ctx;
	struct net_wire *wire = end->wire;
	struct net_wire_packet *p = &wire->packet[wire->npackets];
	size_t at = 0;
	unsigned i;

	if (wire->full || wire->npackets == NET_WIRE_PACKETS) {
		wire->refused++;
		return false;
	}
	ck_assert_uint_le(packet->len, NET_PACKET);
	p->data = malloc(packet->len + 1);
	for (i = 0; i < packet->niov; i++) {
		ck_assert_uint_le(at + packet->iov[i].iov_len, packet->len);
		memcpy(p->data + at, packet->iov[i].iov_base,
		       packet->iov[i].iov_len);
		at += packet->iov[i].iov_len;
	}
	ck_assert_uint_eq(at, packet->len);
	p->len = at;
	p->hdr = packet->hdr;
	p->queue = end->queue;
	wire->npackets++;
	return true;
}

static void flush(void *ctx)
{
	struct net_wire_end *end = ctx;

	end->flushes++;
}

static void ready(void *ctx)
{
	struct net_wire_end *end = ctx;

	end->readies++;
}

static void link_changed(void *ctx, bool up)
{
	struct net_wire_end *end = ctx;

	end->wire->links++;
	end->wire->link_up = up;
}

static void unplug(void *ctx)
{
	struct net_wire_end *end = ctx;

	end->unplugs++;
}

static unsigned offloads(void *ctx)
{
	struct net_wire_end *end = ctx;

	return end->wire->offloads;
}

static void set_offloads(void *ctx, unsigned wants)
{
	struct net_wire_end *end = ctx;

	end->wants = wants;
}

static int move(void *ctx, struct loop *loop, struct error *err)
{
	struct net_wire_end *end = ctx;

	if (end->wire->stays)
		return error_set(err, ENOTSUP, "this wire stays");
	end->loop = loop;
	return 0;
}

static int enable(void *ctx, bool on)
{
	struct net_wire_end *end = ctx;

	end->enabled = on;
	return 0;
}

static const struct net_port_ops wire_ops = {
	.receive = receive,
	.flush = flush,
	.ready = ready,
	.link = link_changed,
	.unplug = unplug,
	.offloads = offloads,
	.set_offloads = set_offloads,
	.move = move,
	.enable = enable,
};

struct net_wire *net_wire_new(struct harness *h, const char *name,
			      unsigned queues)
{
	struct net_wire *wire = calloc(1, sizeof(*wire));
	unsigned i;

	wire->end = calloc(queues, sizeof(*wire->end));
	wire->client.port = calloc(queues, sizeof(*wire->client.port));
	wire->client.nports = queues;
	wire->client.kind = NET_TAP;
	wire->client.name = strdup(name);
	for (i = 0; i < queues; i++) {
		wire->end[i].wire = wire;
		wire->end[i].queue = i;
		wire->end[i].enabled = true;
		wire->client.port[i].ops = &wire_ops;
		wire->client.port[i].ctx = &wire->end[i];
	}
	ck_assert(net_client_add(&h->net, &wire->client, NULL) == 0);
	return wire;
}

void net_wire_free(struct net_wire *wire)
{
	net_client_del(&wire->client);
	net_wire_clear(wire);
	free(wire->client.port);
	free(wire->client.name);
	free(wire->end);
	free(wire);
}

bool net_wire_send(struct net_wire *wire, unsigned queue, const void *data,
		   size_t len, const struct virtio_net_hdr *hdr)
{
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct net_packet packet = {.iov = &iov, .niov = 1, .len = len};

	if (hdr)
		packet.hdr = *hdr;
	return net_port_send(&wire->client.port[queue], &packet);
}

void net_wire_flush(struct net_wire *wire, unsigned queue)
{
	net_port_flush(&wire->client.port[queue]);
}

void net_wire_drain(struct net_wire *wire)
{
	unsigned i;

	wire->full = false;
	for (i = 0; i < wire->client.nports; i++)
		net_port_ready(&wire->client.port[i]);
}

void net_wire_clear(struct net_wire *wire)
{
	while (wire->npackets)
		free(wire->packet[--wire->npackets].data);
}
