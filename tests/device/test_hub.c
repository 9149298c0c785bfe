/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hubs, with a test's hands at the end of each port. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/device/net_wire.h"
#include "vmm/opt.h"

enum { ENDS = 3 };

static struct harness h;
static struct net_wire *wire[ENDS];

static int add(const char *text, struct error *err)
{
	struct opt_list list;
	int rc;

	ck_assert(opt_split(text, "type", &list, err) == 0);
	rc = net_add(&h.net, &list, err);
	opt_list_free(&list);
	return rc;
}

static void add_port(unsigned n)
{
	struct error err = {0};
	char name[16], text[64];

	snprintf(name, sizeof(name), "n%u", n);
	wire[n] = net_wire_new(&h, name, 1);
	snprintf(text, sizeof(text), "hubport,id=p%u,hubid=7,netdev=n%u", n, n);
	ck_assert_msg(add(text, &err) == 0, "%s", err.msg);
}

static void make_hub(unsigned ends)
{
	unsigned n;

	harness_init(&h, 0);
	for (n = 0; n < ends; n++)
		add_port(n);
}

static void end_hub(unsigned ends)
{
	while (ends)
		net_wire_free(wire[--ends]);
	harness_fini(&h);
}

START_TEST(a_hub_with_two_ports_is_a_cable)
{
	const struct virtio_net_hdr hdr = {.gso_type =
						   VIRTIO_NET_HDR_GSO_TCPV4};
	struct loop *loop = loop_new(NULL, NULL);
	struct net_port *port;
	struct error err = {0};

	make_hub(2);
	port = &wire[0]->client.port[0];
	wire[1]->offloads = NET_CSUM | NET_TSO4;
	ck_assert_uint_eq(net_port_offloads(port), NET_CSUM | NET_TSO4);
	net_port_set_offloads(port, NET_CSUM);
	ck_assert_uint_eq(wire[1]->end[0].wants, NET_CSUM);
	ck_assert(net_wire_send(wire[0], 0, "abc", 3, &hdr));
	net_wire_flush(wire[0], 0);
	ck_assert_uint_eq(wire[1]->npackets, 1);
	ck_assert_uint_eq(wire[1]->packet[0].hdr.gso_type,
			  VIRTIO_NET_HDR_GSO_TCPV4);
	ck_assert_uint_eq(wire[1]->end[0].flushes, 1);
	ck_assert_uint_eq(wire[0]->npackets, 0);
	wire[1]->full = true;
	ck_assert(!net_wire_send(wire[0], 0, "abc", 3, NULL));
	net_wire_drain(wire[1]);
	ck_assert_uint_eq(wire[0]->end[0].readies, 1);
	ck_assert(net_port_move(port, loop, &err) == 0);
	ck_assert_ptr_eq(wire[1]->end[0].loop, loop);
	/* Its ends have agreed, and are elsewhere: it stays as it is. */
	ck_assert_int_eq(add("hubport,id=p9,hubid=7", &err), -EBUSY);
	ck_assert(net_port_move(port, NULL, &err) == 0);
	/* Who has a thread is to know when the far end is pulled out. */
	wire[0]->links = 0;
	net_disconnect(&wire[1]->client);
	ck_assert_uint_eq(wire[0]->end[0].unplugs, 1);
	ck_assert_uint_eq(wire[0]->links, 1);
	ck_assert(wire[0]->link_up);
	end_hub(2);
	loop_free(loop);
}
END_TEST

START_TEST(a_hub_floods)
{
	struct error err = {0};

	make_hub(3);
	wire[1]->offloads = NET_CSUM;
	ck_assert_uint_eq(net_port_offloads(&wire[0]->client.port[0]), 0);
	ck_assert_int_eq(net_port_move(&wire[0]->client.port[0], h.m.loop,
				       &err),
			 -ENOTSUP);
	ck_assert(net_wire_send(wire[0], 0, "abc", 3, NULL));
	ck_assert_uint_eq(wire[0]->npackets, 0);
	ck_assert_uint_eq(wire[1]->npackets, 1);
	ck_assert_uint_eq(wire[2]->npackets, 1);
	end_hub(3);
}
END_TEST

START_TEST(one_that_sleeps_stops_no_other)
{
	make_hub(3);
	wire[1]->full = true;
	ck_assert(net_wire_send(wire[0], 0, "abc", 3, NULL));
	ck_assert_uint_eq(wire[2]->npackets, 1);
	wire[2]->full = true;
	ck_assert(!net_wire_send(wire[0], 0, "abc", 3, NULL));
	net_wire_drain(wire[2]);
	ck_assert_uint_eq(wire[0]->end[0].readies, 1);
	ck_assert(net_wire_send(wire[0], 0, "abc", 3, NULL));
	ck_assert_uint_eq(wire[2]->npackets, 2);
	end_hub(3);
}
END_TEST

START_TEST(ports_come_and_go)
{
	struct error err = {0};

	make_hub(2);
	ck_assert_int_eq(add("hubport,id=p1,hubid=7", &err), -EEXIST);
	ck_assert_int_eq(add("hubport,id=p9", &err), -EINVAL);
	ck_assert_int_eq(add("hubport,id=p9,hubid=7,netdev=n1", &err), -EBUSY);
	ck_assert_int_eq(add("hubport,id=p9,hubid=7,netdev=zz", &err), -ENOENT);
	ck_assert(net_remove(&h.net, "p0", &err) == 0);
	ck_assert_int_eq(net_remove(&h.net, "p0", &err), -ENOENT);
	/* Alone at the hub, and with no cable: what is sent is gone. */
	ck_assert(net_wire_send(wire[1], 0, "abc", 3, NULL));
	ck_assert(net_wire_send(wire[0], 0, "abc", 3, NULL));
	ck_assert_uint_eq(wire[0]->npackets + wire[1]->npackets, 0);
	ck_assert(add("hubport,id=p0,hubid=7,netdev=n0", &err) == 0);
	ck_assert(net_wire_send(wire[1], 0, "abc", 3, NULL));
	ck_assert_uint_eq(wire[0]->npackets, 1);
	end_hub(2);
}
END_TEST

HARNESS_MAIN("hub", a_hub_with_two_ports_is_a_cable, a_hub_floods,
	     one_that_sleeps_stops_no_other, ports_come_and_go)
