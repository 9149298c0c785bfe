/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cables, links and addresses, with a NIC that does nothing by itself. */
#include <errno.h>
#include <string.h>

#include "hw/nic.h"
#include "tests/device/net_wire.h"

/* A NIC as the network sees it. */
struct card {
	struct device dev;
	struct nic_props props;
	struct nic nic;
	unsigned received, readies, links;
	bool full, up;
};

static struct harness h;

static bool receive(void *ctx, const struct net_packet *packet)
{
	struct card *card = ctx;

	if (card->full)
		return false;
	card->received++;
	return true;
}

static void ready(void *ctx)
{
	struct card *card = ctx;

	card->readies++;
}

static void link_changed(void *ctx, bool up)
{
	struct card *card = ctx;

	card->links++;
	card->up = up;
}

static const struct net_port_ops card_ops = {
	.receive = receive,
	.ready = ready,
	.link = link_changed,
};

static int card_init(struct device *dev, struct error *err)
{
	struct card *card = (struct card *)dev;
	void *ctx = card;

	return nic_init(&card->nic, dev, &card->props, "card", &card_ops, &ctx,
			1, err);
}

static void card_fini(struct device *dev)
{
	nic_fini(&((struct card *)dev)->nic);
}

static const struct opt_desc card_opts[] = {
	NIC_OPTS(struct card),
	{.type = OPT_END},
};

static const struct device_class card_class = {
	.name = "card",
	.size = sizeof(struct card),
	.opts = card_opts,
	.state = &stateless,
	.init = card_init,
	.fini = card_fini,
};

static struct card *make_card(const char *id, const char *mac,
			      const char *netdev, struct error *err)
{
	struct device *dev =
		device_new(&h.m, &card_class, id, "card", NULL, err);

	if (mac)
		ck_assert(device_set(dev, "mac", mac, err) == 0);
	if (netdev)
		ck_assert(device_set(dev, "netdev", netdev, err) == 0);
	if (device_start(dev, err) < 0) {
		device_free(dev);
		return NULL;
	}
	return (struct card *)dev;
}

static struct card *good_card(const char *id, const char *mac,
			      const char *netdev)
{
	struct error err = {0};
	struct card *card = make_card(id, mac, netdev, &err);

	ck_assert_msg(card != NULL, "%s", err.msg);
	return card;
}

static bool send_from(struct card *card)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct iovec iov = {frame, sizeof(frame)};
	struct net_packet packet = {.iov = &iov,
				    .niov = 1,
				    .len = sizeof(frame)};

	return net_port_send(&card->nic.client.port[0], &packet);
}

START_TEST(default_addresses_count_up_around_those_given)
{
	struct card *card[4];

	harness_init(&h, 0);
	card[0] = good_card(NULL, NULL, NULL);
	card[1] = good_card(NULL, "52:54:00:12:34:57", NULL);
	card[2] = good_card(NULL, NULL, NULL);
	card[3] = good_card("mine", "02:00:00:00:00:01", NULL);
	ck_assert_uint_eq(card[0]->nic.mac[5], 0x56);
	ck_assert_uint_eq(card[2]->nic.mac[5], 0x58);
	ck_assert_str_eq(card[0]->nic.client.name, "card.0");
	ck_assert_str_eq(card[2]->nic.client.name, "card.2");
	ck_assert_str_eq(card[3]->nic.client.name, "mine");
	ck_assert_str_eq(card[3]->nic.client.info,
			 "index=0,type=nic,model=card,"
			 "macaddr=02:00:00:00:00:01");
	harness_fini(&h);
}
END_TEST

START_TEST(addresses_that_no_nic_can_have_are_refused)
{
	static const char *const bad[] = {"01:00:5e:00:00:01", "52:54:00",
					  "ff:ff:ff:ff:ff:ff", "",
					  "52:54:00:12:34:5g"};
	size_t i;

	harness_init(&h, 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = {0};

		ck_assert_msg(!make_card(NULL, bad[i], NULL, &err), "%s",
			      bad[i]);
		ck_assert_int_eq(err.code, EINVAL);
	}
	ck_assert(list_empty(&h.net.clients));
	harness_fini(&h);
}
END_TEST

START_TEST(a_cable_carries_packets_both_ways)
{
	struct net_wire *wire;
	struct card *card;

	harness_init(&h, 0);
	wire = net_wire_new(&h, "n0", 2);
	card = good_card(NULL, NULL, "n0");
	ck_assert(send_from(card));
	ck_assert_uint_eq(wire->npackets, 1);
	ck_assert_uint_eq(wire->packet[0].len, 60);
	ck_assert(net_wire_send(wire, 0, "abc", 3, NULL));
	ck_assert_uint_eq(card->received, 1);
	card->full = true;
	ck_assert(!net_wire_send(wire, 0, "abc", 3, NULL));
	net_port_ready(&card->nic.client.port[0]);
	ck_assert_uint_eq(wire->end[0].readies, 1);
	wire->full = true;
	ck_assert(!send_from(card));
	net_wire_drain(wire);
	ck_assert_uint_eq(card->readies, 1);
	/* A queue that the NIC has not leads nowhere. */
	ck_assert(net_wire_send(wire, 1, "abc", 3, NULL));
	net_wire_free(wire);
	ck_assert(send_from(card));
	harness_fini(&h);
}
END_TEST

START_TEST(a_link_that_is_down_drops_packets_at_either_end)
{
	struct net_wire *wire;
	struct card *card;

	harness_init(&h, 0);
	wire = net_wire_new(&h, "n0", 1);
	card = good_card("nic", NULL, "n0");
	card->full = true;
	net_set_link(net_client_find(&h.net, "nic"), false);
	ck_assert_uint_eq(card->links, 1);
	ck_assert(!card->up);
	ck_assert(!wire->link_up);
	ck_assert(net_wire_send(wire, 0, "abc", 3, NULL));
	ck_assert(send_from(card));
	ck_assert_uint_eq(wire->npackets, 0);
	net_set_link(net_client_find(&h.net, "n0"), false);
	net_set_link(net_client_find(&h.net, "nic"), true);
	ck_assert(!card->up);
	net_set_link(net_client_find(&h.net, "n0"), true);
	ck_assert(card->up);
	ck_assert(wire->link_up);
	ck_assert(!net_wire_send(wire, 0, "abc", 3, NULL));
	net_wire_free(wire);
	ck_assert(!card->up);
	harness_fini(&h);
}
END_TEST

START_TEST(a_machine_that_is_stopped_has_no_room)
{
	struct net_wire *wire;
	struct card *card;

	harness_init(&h, 0);
	wire = net_wire_new(&h, "n0", 1);
	card = good_card(NULL, NULL, "n0");
	net_pause(&h.net);
	ck_assert(!net_wire_send(wire, 0, "abc", 3, NULL));
	ck_assert_uint_eq(card->received, 0);
	ck_assert(send_from(card));
	net_resume(&h.net);
	ck_assert_uint_eq(wire->end[0].readies, 1);
	ck_assert(net_wire_send(wire, 0, "abc", 3, NULL));
	ck_assert_uint_eq(card->received, 1);
	net_wire_free(wire);
	harness_fini(&h);
}
END_TEST

START_TEST(a_netdev_has_one_nic)
{
	struct error err = {0};
	struct net_wire *wire;

	harness_init(&h, 0);
	wire = net_wire_new(&h, "n0", 1);
	ck_assert(!make_card(NULL, NULL, "n1", &err));
	ck_assert_str_eq(err.msg, "netdev=n1: there is no -netdev of this id");
	good_card("first", NULL, "n0");
	ck_assert(!make_card(NULL, NULL, "n0", &err));
	ck_assert_int_eq(err.code, EBUSY);
	ck_assert_str_eq(err.msg, "netdev=n0: 'first' is at it already");
	ck_assert(!make_card(NULL, NULL, "first", &err));
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert(!make_card("n0", NULL, NULL, &err));
	ck_assert_int_eq(err.code, EEXIST);
	net_wire_free(wire);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("nic", default_addresses_count_up_around_those_given,
	     addresses_that_no_nic_can_have_are_refused,
	     a_cable_carries_packets_both_ways,
	     a_link_that_is_down_drops_packets_at_either_end,
	     a_machine_that_is_stopped_has_no_room, a_netdev_has_one_nic)
