/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC on virtio, by drivers old and new. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/pci_regs.h"
#include "tests/device/virtio_nic.h"
#include "tests/unit/monitor_client.h"
#include "vmm/endian.h"

#define PACKED VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#define EVENTS VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)
#define MRG    VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define ALL    (~PACKED)
#define OFFERS (NET_CSUM | NET_TSO4 | NET_TSO6 | NET_ECN | NET_UFO)
#define ROOM   1600
#define LEN    100

static const struct kind {
	const char *name;
	bool legacy;
	uint64_t features;
} kinds[] = {
	{"legacy", true, 0},
	{"legacy, mergeable", true, MRG},
	{"legacy, all", true, ALL},
	{"modern", false, NIC_V1},
	{"modern, mergeable", false, NIC_V1 | MRG},
	{"modern, all", false, ALL},
	{"packed", false, NIC_V1 | PACKED},
	{"packed, all", false, UINT64_MAX},
};

#define KINDS ((int)(sizeof(kinds) / sizeof(*kinds)))

static const char *const packed[] = {"packed", "on", NULL};

static uint8_t frame[NET_PACKET];

static void begin_kind(int i)
{
	nic_set_up(packed, 1, OFFERS);
	nic_begin(kinds[i].legacy, kinds[i].features);
}

static void begin(void)
{
	nic_set_up(NULL, 1, OFFERS);
	nic_begin(false, ALL);
}

/* A frame to the NIC's own address, with bytes that tell where they are. */
static const uint8_t *make_frame(size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 5 + i / 251);
	memcpy(frame, nic.net->nic.mac, NIC_MAC_LEN);
	store_be16(frame + 12, 0x0800);
	return frame;
}

/* A frame to the address in hex. */
static const uint8_t *frame_to(uint64_t mac)
{
	unsigned i;

	make_frame(LEN);
	for (i = 0; i < NIC_MAC_LEN; i++)
		frame[i] = (uint8_t)(mac >> 8 * (NIC_MAC_LEN - 1 - i));
	return frame;
}

static bool send_to_guest(size_t len, const struct virtio_net_hdr *hdr)
{
	bool taken = net_wire_send(nic.wire, 0, make_frame(len), len, hdr);

	net_wire_flush(nic.wire, 0);
	return taken;
}

static void expect_frame(size_t len)
{
	ck_assert_uint_eq(nic_take(0), nic.header + len);
	ck_assert(!memcmp(nic.data + nic.header, frame, len));
}

START_TEST(sends)
{
	uint16_t id;
	uint32_t len;

	begin_kind(_i);
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert_uint_eq(nic.wire->packet[0].len, LEN);
	ck_assert(!memcmp(nic.wire->packet[0].data, frame, LEN));
	ck_assert_uint_ge(nic.wire->end[0].flushes, 1);
	ck_assert(driver_used(&nic.q[1], 1, &id, &len, 0));
	ck_assert_uint_eq(len, 0);
	ck_assert(nic.h.level[NIC_IRQ]);
	nic_tear_down();
}
END_TEST

START_TEST(receives)
{
	begin_kind(_i);
	nic_offer(0, ROOM);
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert(send_to_guest(LEN, NULL));
	ck_assert(send_to_guest(1514, NULL));
	nic_settle();
	make_frame(LEN);
	expect_frame(LEN);
	make_frame(1514);
	expect_frame(1514);
	ck_assert_uint_eq(nic_take(0), 0);
	ck_assert(nic.h.level[NIC_IRQ]);
	nic_tear_down();
}
END_TEST

START_TEST(goes_round)
{
	unsigned i;

	begin_kind(_i);
	for (i = 0; i < 1000; i++) {
		size_t len = 60 + i % 1000;

		nic_offer(0, ROOM);
		nic_settle();
		ck_assert(send_to_guest(len, NULL));
		nic_send(1, frame, len, NULL);
		nic_settle();
		expect_frame(len);
		ck_assert_uint_eq(nic.wire->npackets, 1);
		ck_assert_uint_eq(nic.wire->packet[0].len, len);
		net_wire_clear(nic.wire);
		ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0},
				      &(uint32_t){0}, 0));
	}
	nic_tear_down();
}
END_TEST

START_TEST(counts_buffers)
{
	unsigned i;

	begin_kind(_i);
	for (i = 0; i < 8; i++)
		nic_offer(0, 1024);
	nic_settle();
	ck_assert(send_to_guest(5000, NULL));
	if (nic.d.features & MRG) {
		ck_assert_uint_eq(nic_take(0), nic.header + 5000);
		ck_assert_uint_eq(load_le16(nic.data + 10), 5);
		ck_assert(!memcmp(nic.data + nic.header, frame, 5000));
	} else {
		ck_assert_uint_eq(nic_take(0), 0);
	}
	/* Nothing of the rest was lost. */
	ck_assert(send_to_guest(LEN, NULL));
	expect_frame(LEN);
	if (nic.header == 12)
		ck_assert_uint_eq(load_le16(nic.data + 10), 1);
	nic_tear_down();
}
END_TEST

START_TEST(waits_for_buffers)
{
	unsigned before;

	begin_kind(_i);
	ck_assert(!send_to_guest(LEN, NULL));
	nic_settle();
	before = nic.wire->end[0].readies;
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert_uint_gt(nic.wire->end[0].readies, before);
	ck_assert(send_to_guest(LEN, NULL));
	expect_frame(LEN);
	ck_assert(!send_to_guest(LEN, NULL));
	nic_tear_down();
}
END_TEST

/* One buffer is there, but a packet needs three. */
START_TEST(waits_for_enough_buffers)
{
	unsigned before;

	begin_kind(_i);
	if (!(nic.d.features & MRG)) {
		nic_tear_down();
		return;
	}
	nic_offer(0, 1024);
	nic_settle();
	ck_assert(!send_to_guest(2500, NULL));
	before = nic.wire->end[0].readies;
	nic_settle();
	ck_assert_uint_eq(nic.wire->end[0].readies, before);
	nic_offer(0, 1024);
	nic_settle();
	ck_assert_uint_eq(nic.wire->end[0].readies, before + 1);
	ck_assert(!send_to_guest(2500, NULL));
	nic_offer(0, 1024);
	nic_settle();
	ck_assert_uint_eq(nic.wire->end[0].readies, before + 2);
	ck_assert(send_to_guest(2500, NULL));
	expect_frame(2500);
	nic_tear_down();
}
END_TEST

START_TEST(waits_for_the_wire)
{
	unsigned i;

	begin_kind(_i);
	nic.wire->full = true;
	for (i = 0; i < 3; i++)
		nic_send(1, make_frame(60 + i), 60 + i, NULL);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 0);
	ck_assert_uint_eq(nic.wire->refused, 1);
	net_wire_drain(nic.wire);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 3);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(nic.wire->packet[i].len, 60 + i);
	nic_tear_down();
}
END_TEST

START_TEST(keeps_nothing_over_a_reset)
{
	begin_kind(_i);
	nic.wire->full = true;
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	driver_set_status(&nic.d, 0);
	net_wire_drain(nic.wire);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 0);
	ck_assert(!send_to_guest(LEN, NULL));
	ck_assert_uint_eq(nic.wire->end[0].wants, 0);
	nic_begin(kinds[_i].legacy, kinds[_i].features);
	nic_send(1, frame, LEN, NULL);
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert(send_to_guest(LEN, NULL));
	expect_frame(LEN);
	nic_tear_down();
}
END_TEST

START_TEST(stops_with_the_machine)
{
	begin_kind(_i);
	nic.wire->full = true;
	nic_offer(0, ROOM);
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	nic.h.m.state = RUN_STATE_PAUSED;
	machine_notify(&nic.h.m, EVENT_STOP);
	ck_assert(!send_to_guest(LEN, NULL));
	net_wire_drain(nic.wire);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 0);
	harness_roundtrip(&nic.net->vp.pci.dev);
	nic.h.m.state = RUN_STATE_RUNNING;
	machine_notify(&nic.h.m, EVENT_RESUME);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert(!memcmp(nic.wire->packet[0].data, make_frame(LEN), LEN));
	ck_assert(send_to_guest(LEN, NULL));
	expect_frame(LEN);
	nic_tear_down();
}
END_TEST

START_TEST(offers_what_the_wire_has)
{
	static const unsigned needs[][2] = {
		{VIRTIO_NET_F_CSUM, NET_CSUM},
		{VIRTIO_NET_F_GUEST_CSUM, NET_CSUM},
		{VIRTIO_NET_F_HOST_TSO4, NET_TSO4},
		{VIRTIO_NET_F_HOST_TSO6, NET_TSO6},
		{VIRTIO_NET_F_HOST_ECN, NET_ECN},
		{VIRTIO_NET_F_HOST_UFO, NET_UFO},
		{VIRTIO_NET_F_GUEST_TSO4, NET_TSO4},
		{VIRTIO_NET_F_GUEST_TSO6, NET_TSO6},
		{VIRTIO_NET_F_GUEST_ECN, NET_ECN},
		{VIRTIO_NET_F_GUEST_UFO, NET_UFO},
	};
	unsigned has, i;

	for (has = 0; has <= OFFERS; has += OFFERS) {
		nic_set_up(NULL, 1, has);
		nic_begin(false, ALL);
		for (i = 0; i < sizeof(needs) / sizeof(*needs); i++)
			ck_assert_uint_eq(nic.d.features >> needs[i][0] & 1,
					  (has & needs[i][1]) != 0);
		ck_assert_uint_eq(nic.wire->end[0].wants, has);
		nic_tear_down();
	}
}
END_TEST

static const struct virtio_net_hdr tso = {
	.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
	.hdr_len = 54,
	.gso_size = 1448,
	.csum_start = 34,
	.csum_offset = 16,
};

START_TEST(passes_offloads_on)
{
	unsigned i;

	begin();
	for (i = 0; i < 64; i++)
		nic_offer(0, 2048);
	nic_settle();
	nic_send(1, make_frame(60000), 60000, &tso);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert_uint_eq(nic.wire->packet[0].len, 60000);
	ck_assert(!memcmp(&nic.wire->packet[0].hdr, &tso, sizeof(tso)));
	ck_assert(send_to_guest(60000, &tso));
	expect_frame(60000);
	ck_assert(!memcmp(nic.data, &tso, sizeof(tso)));
	nic_tear_down();
}
END_TEST

/* What was not agreed on goes nowhere, and hurts nobody. */
START_TEST(refuses_offloads_not_agreed_on)
{
	struct virtio_net_hdr hdr = tso;

	nic_set_up(NULL, 1, OFFERS);
	nic_begin(false, NIC_V1 | VIRTIO_BIT(VIRTIO_NET_F_CSUM) |
				 VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM));
	nic_send(1, make_frame(LEN), LEN, &tso);
	hdr.gso_type = 0xff;
	nic_send(1, frame, LEN, &hdr);
	hdr.gso_type = 0;
	hdr.csum_start = LEN;
	nic_send(1, frame, LEN, &hdr);
	hdr.csum_start = 0xffff;
	hdr.csum_offset = 0xffff;
	nic_send(1, frame, LEN, &hdr);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 0);
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert(send_to_guest(LEN, &tso));
	ck_assert_uint_eq(nic_take(0), 0);
	nic_send(1, frame, LEN, NULL);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	nic_tear_down();
}
END_TEST

START_TEST(clears_flags_nobody_agreed_on)
{
	static const struct virtio_net_hdr valid = {
		.flags = VIRTIO_NET_HDR_F_DATA_VALID};

	nic_set_up(NULL, 1, OFFERS);
	nic_begin(false, NIC_V1);
	nic_offer(0, ROOM);
	nic_send(1, make_frame(LEN), LEN, &tso);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert_uint_eq(nic.wire->packet[0].hdr.flags, 0);
	ck_assert_uint_eq(nic.wire->packet[0].hdr.gso_type, 0);
	ck_assert(send_to_guest(LEN, &valid));
	expect_frame(LEN);
	ck_assert_uint_eq(nic.data[0], 0);
	nic_tear_down();
}
END_TEST

START_TEST(switches_offloads)
{
	uint8_t raw[8];

	begin();
	ck_assert_uint_eq(nic.wire->end[0].wants, OFFERS);
	store_le64(raw, VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM));
	ck_assert_int_eq(nic_control(5, 0, raw, 8), 0);
	ck_assert_uint_eq(nic.wire->end[0].wants, NET_CSUM);
	store_le64(raw, VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |
				VIRTIO_BIT(VIRTIO_NET_F_MAC));
	ck_assert_int_eq(nic_control(5, 0, raw, 8), 1);
	store_le64(raw, 0);
	ck_assert_int_eq(nic_control(5, 0, raw, 8), 0);
	ck_assert_uint_eq(nic.wire->end[0].wants, 0);
	harness_roundtrip(&nic.net->vp.pci.dev);
	ck_assert_uint_eq(nic.wire->end[0].wants, 0);
	nic_begin(false, ALL);
	ck_assert_uint_eq(nic.wire->end[0].wants, OFFERS);
	nic_tear_down();
}
END_TEST

/* Did the guest get a frame to this address? */
static bool arrives(uint64_t mac)
{
	bool there;

	ck_assert(net_wire_send(nic.wire, 0, frame_to(mac), LEN, NULL));
	there = nic_take(0) != 0;
	if (there) {
		nic_offer(0, ROOM);
		nic_settle();
	}
	return there;
}

static int set_mode(uint8_t mode, uint8_t on)
{
	return nic_control(VIRTIO_NET_CTRL_RX, mode, &on, 1);
}

#define OWN    UINT64_C(0x525400123456)
#define OTHER  UINT64_C(0x525400999999)
#define GROUP  UINT64_C(0x01005e000001)
#define GROUP2 UINT64_C(0x01005e000002)
#define EVERY  UINT64_C(0xffffffffffff)

static void begin_filter(void)
{
	begin();
	nic_offer(0, ROOM);
	nic_settle();
}

START_TEST(filters_by_mode)
{
	begin_filter();
	ck_assert(arrives(OTHER) && arrives(GROUP) && arrives(EVERY));
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert(arrives(OWN) && arrives(EVERY));
	ck_assert(!arrives(OTHER) && !arrives(GROUP));
	ck_assert_int_eq(set_mode(1, 1), 0);
	ck_assert(arrives(GROUP) && !arrives(OTHER));
	ck_assert_int_eq(set_mode(2, 1), 0);
	ck_assert(arrives(OTHER));
	ck_assert_int_eq(set_mode(3, 1), 0);
	ck_assert(!arrives(GROUP) && arrives(EVERY));
	ck_assert_int_eq(set_mode(4, 1), 0);
	ck_assert(!arrives(OWN) && !arrives(OTHER));
	ck_assert_int_eq(set_mode(5, 1), 0);
	ck_assert(!arrives(EVERY));
	ck_assert_int_eq(set_mode(6, 1), 1);
	ck_assert_int_eq(nic_control(0, 0, NULL, 0), 1);
	ck_assert_int_eq(set_mode(0, 1), 0);
	ck_assert(arrives(OTHER));
	harness_roundtrip(&nic.net->vp.pci.dev);
	nic_tear_down();
}
END_TEST

static size_t put_macs(uint8_t *to, uint64_t first, unsigned n)
{
	unsigned i, k;

	store_le32(to, n);
	for (i = 0; i < n; i++)
		for (k = 0; k < NIC_MAC_LEN; k++)
			to[4 + i * NIC_MAC_LEN + k] =
				(uint8_t)((first + i) >>
					  8 * (NIC_MAC_LEN - 1 - k));
	return 4 + n * NIC_MAC_LEN;
}

static int set_table(unsigned nuni, unsigned nmulti, size_t more)
{
	static uint8_t raw[4096];
	size_t n = put_macs(raw, OTHER, nuni);

	n += put_macs(raw + n, GROUP, nmulti);
	return nic_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
			   raw, n + more);
}

START_TEST(filters_by_table)
{
	begin_filter();
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert_int_eq(set_table(1, 1, 0), 0);
	ck_assert(arrives(OTHER) && arrives(GROUP) && arrives(OWN));
	ck_assert(!arrives(OTHER + 1) && !arrives(GROUP2));
	ck_assert_int_eq(set_table(40, 24, 0), 0);
	ck_assert(arrives(OTHER + 39) && !arrives(OTHER + 40));
	ck_assert(arrives(GROUP + 23) && !arrives(GROUP + 24));
	/* More than there is room for: all of that kind. */
	ck_assert_int_eq(set_table(40, 25, 0), 0);
	ck_assert(arrives(GROUP + 100) && !arrives(OTHER + 40));
	ck_assert_int_eq(set_table(65, 2, 0), 0);
	ck_assert(arrives(OTHER + 1000) && arrives(GROUP + 1));
	ck_assert(!arrives(GROUP + 2));
	ck_assert_int_eq(set_table(0, 0, 0), 0);
	ck_assert(!arrives(OTHER) && !arrives(GROUP) && arrives(OWN));
	harness_roundtrip(&nic.net->vp.pci.dev);
	nic_tear_down();
}
END_TEST

START_TEST(refuses_odd_tables)
{
	uint8_t raw[16];

	begin_filter();
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert_int_eq(set_table(1, 1, 0), 0);
	ck_assert_int_eq(set_table(2, 2, 1), 1);
	store_le32(raw, UINT32_MAX);
	store_le32(raw + 4, 0);
	ck_assert_int_eq(nic_control(1, 0, raw, 8), 1);
	store_le32(raw, 0x2aaaaaab); /* times six it is little, in 32 bits */
	ck_assert_int_eq(nic_control(1, 0, raw, 16), 1);
	ck_assert_int_eq(nic_control(1, 0, raw, 3), 1);
	ck_assert_int_eq(nic_control(1, 0, NULL, 0), 1);
	ck_assert_int_eq(nic_control(1, 2, raw, 16), 1);
	/* What was there is there still. */
	ck_assert(arrives(OTHER) && !arrives(OTHER + 1));
	nic_tear_down();
}
END_TEST

static int set_vlan(uint8_t command, uint16_t id)
{
	uint8_t raw[2];

	store_le16(raw, id);
	return nic_control(VIRTIO_NET_CTRL_VLAN, command, raw, 2);
}

static const char *ask_filter(struct client *c)
{
	return client_ask(c, "{\"execute\": \"query-rx-filter\"}");
}

static bool told(struct client *c)
{
	return strstr(client_hear(c), "\"NIC_RX_FILTER_CHANGED\"");
}

/* Once, until somebody asks what it is. */
START_TEST(tells_of_its_filter)
{
	struct client c;
	const char *text;

	begin_filter();
	client_start(&c, true);
	client_ask(&c, "{\"execute\": \"qmp_capabilities\"}");
	c.m.net = nic.h.m.net;
	nic.h.m.monitors = c.m.monitors;
	ck_assert_ptr_nonnull(strstr(ask_filter(&c), "\"promiscuous\": true"));
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert(told(&c));
	ck_assert_int_eq(set_mode(1, 1), 0);
	ck_assert_int_eq(set_vlan(VIRTIO_NET_CTRL_VLAN_ADD, 7), 0);
	ck_assert(!told(&c));
	text = ask_filter(&c);
	ck_assert_ptr_nonnull(strstr(text, "\"promiscuous\": false"));
	ck_assert_ptr_nonnull(strstr(text, "\"multicast\": \"all\""));
	ck_assert_ptr_nonnull(strstr(text, "\"vlan-table\": [7]"));
	ck_assert_int_eq(set_mode(1, 1), 0);
	ck_assert_int_eq(set_table(1, 2, 0), 0);
	ck_assert(told(&c));
	ck_assert_ptr_nonnull(strstr(ask_filter(&c), "\"unicast-table\": [\""));
	nic.h.m.monitors = NULL;
	c.m.net = NULL;
	client_stop(&c);
	nic_tear_down();
}
END_TEST

static bool vlan_arrives(uint16_t id)
{
	bool there;

	make_frame(LEN);
	store_be16(frame + 12, 0x8100);
	store_be16(frame + 14, id);
	ck_assert(net_wire_send(nic.wire, 0, frame, LEN, NULL));
	there = nic_take(0) != 0;
	if (there) {
		nic_offer(0, ROOM);
		nic_settle();
	}
	return there;
}

START_TEST(filters_vlans)
{
	begin_filter();
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert(!vlan_arrives(7));
	ck_assert_int_eq(set_vlan(0, 7), 0);
	ck_assert_int_eq(set_vlan(0, 4095), 0);
	ck_assert(vlan_arrives(7) && vlan_arrives(4095) && !vlan_arrives(8));
	ck_assert(vlan_arrives(0xe007)); /* priority counts not */
	ck_assert_int_eq(set_vlan(1, 7), 0);
	ck_assert(!vlan_arrives(7));
	ck_assert_int_eq(set_vlan(0, 4096), 1);
	ck_assert_int_eq(set_vlan(2, 1), 1);
	harness_roundtrip(&nic.net->vp.pci.dev);
	ck_assert(vlan_arrives(4095));
	nic_tear_down();
	/* Who cannot filter them gets all. */
	nic_set_up(NULL, 1, 0);
	nic_begin(false, ALL & ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN));
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert(vlan_arrives(7));
	ck_assert_int_eq(set_vlan(0, 7), 1);
	nic_tear_down();
}
END_TEST

#define CONFIG(field) offsetof(struct virtio_net_config, field)

START_TEST(has_an_address)
{
	static const uint8_t other[] = {0x52, 0x54, 0, 0x99, 0x99, 0x99};
	unsigned i;

	begin_filter();
	for (i = 0; i < NIC_MAC_LEN; i++)
		ck_assert_uint_eq(driver_config(&nic.d, i, 1),
				  nic.net->nic.mac[i]);
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert_int_eq(nic_control(1, 1, other, 5), 1);
	ck_assert_int_eq(nic_control(1, 1, other, 6), 0);
	ck_assert_uint_eq(driver_config(&nic.d, 3, 1), 0x99);
	ck_assert(strstr(nic.net->nic.client.info, "52:54:00:99:99:99"));
	ck_assert(arrives(OTHER) && !arrives(OWN));
	harness_roundtrip(&nic.net->vp.pci.dev);
	ck_assert(arrives(OTHER));
	driver_set_config(&nic.d, 0, 0x11, 1); /* not by a modern driver */
	ck_assert_uint_eq(driver_config(&nic.d, 0, 1), 0x52);
	nic_begin(false, ALL);
	ck_assert_uint_eq(driver_config(&nic.d, 3, 1), 0x12);
	ck_assert(strstr(nic.net->nic.client.info, "52:54:00:12:34:56"));
	nic_tear_down();
}
END_TEST

START_TEST(old_drivers_write_the_address)
{
	nic_set_up(NULL, 1, 0);
	nic_begin(true, VIRTIO_BIT(VIRTIO_NET_F_MAC));
	driver_set_config(&nic.d, 0, 0x02, 1);
	driver_set_config(&nic.d, 5, 0x77, 1);
	ck_assert_uint_eq(driver_config(&nic.d, 0, 1), 0x02);
	ck_assert_uint_eq(driver_config(&nic.d, 5, 1), 0x77);
	ck_assert(strstr(nic.net->nic.client.info, "02:54:00:12:34:77"));
	nic_tear_down();
}
END_TEST

START_TEST(tells_of_the_link)
{
	unsigned edges;

	begin();
	nic_offer(0, ROOM);
	nic_settle();
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 1);
	driver_get(&nic.d, VIRTIO_PCI_ISR_AT, 1);
	edges = nic.h.edges[NIC_IRQ];
	net_set_link(&nic.wire->client, false);
	nic_settle();
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 0);
	ck_assert_uint_eq(nic.h.edges[NIC_IRQ], edges + 1);
	ck_assert_uint_eq(driver_get(&nic.d, VIRTIO_PCI_ISR_AT, 1) & 2, 2);
	/* What is sent meanwhile is lost, and given back. */
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 0);
	ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0}, &(uint32_t){0}, 0));
	net_set_link(&nic.wire->client, true);
	net_set_link(&nic.net->nic.client, false);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 0);
	net_set_link(&nic.net->nic.client, true);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 1);
	nic_tear_down();
}
END_TEST

/* A packet that waits for the wire is not waited for without one. */
START_TEST(goes_on_when_the_link_goes)
{
	begin();
	nic.wire->full = true;
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	net_set_link(&nic.wire->client, false);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0}, &(uint32_t){0}, 0));
	ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0}, &(uint32_t){0}, 0));
	nic_tear_down();
}
END_TEST

START_TEST(goes_on_without_a_cable)
{
	begin();
	nic.wire->full = true;
	nic_send(1, make_frame(LEN), LEN, NULL);
	nic_settle();
	net_disconnect(&nic.wire->client);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0}, &(uint32_t){0}, 0));
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 0);
	nic_tear_down();
}
END_TEST

START_TEST(announces_itself)
{
	begin();
	ck_assert_int_eq(nic_control(3, 0, NULL, 0), 1);
	nic.h.m.state = RUN_STATE_PAUSED;
	machine_notify(&nic.h.m, EVENT_STOP);
	harness_roundtrip(&nic.net->vp.pci.dev);
	nic.h.m.state = RUN_STATE_RUNNING;
	driver_get(&nic.d, VIRTIO_PCI_ISR_AT, 1);
	machine_notify(&nic.h.m, EVENT_RESUME);
	nic_settle();
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 3);
	ck_assert_uint_eq(driver_get(&nic.d, VIRTIO_PCI_ISR_AT, 1) & 2, 2);
	ck_assert_int_eq(nic_control(3, 0, NULL, 0), 0);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(status), 2), 1);
	nic_tear_down();
}
END_TEST

START_TEST(shows_its_properties)
{
	static const char *const properties[] = {
		"host_mtu",  "9000", "speed",	      "10000",	 "duplex",
		"full",	     "csum", "off",	      "ctrl_rx", "off",
		"mrg_rxbuf", "off",  "rx_queue_size", "1024",	 NULL};

	nic_set_up(properties, 1, OFFERS);
	nic_begin(false, ALL);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(mtu), 2), 9000);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(speed), 4), 10000);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(duplex), 1), 1);
	ck_assert(nic.d.features & VIRTIO_BIT(VIRTIO_NET_F_MTU));
	ck_assert(nic.d.features & VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX));
	ck_assert(!(nic.d.features & VIRTIO_BIT(VIRTIO_NET_F_CSUM)));
	ck_assert(!(nic.d.features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX)));
	ck_assert(!(nic.d.features & MRG));
	ck_assert_uint_eq(nic.net->vp.virtio.queue[0].size_max, 1024);
	ck_assert_uint_eq(nic.net->vp.virtio.queue[1].size_max, 256);
	ck_assert_int_eq(set_mode(0, 0), 1);
	nic_tear_down();
}
END_TEST

static const char *const bad[][3] = {
	{"rx_queue_size", "100", "power of two"},
	{"tx_queue_size", "2048", "power of two"},
	{"duplex", "triple", "half"},
	{"host_mtu", "20", "at least"},
	{"netdev", "nowhere", "nowhere"},
	{"mac", "01:02:03:04:05:06", "multicast"},
};

START_TEST(refuses_bad_properties)
{
	struct error err = {0};
	struct device *dev;

	nic_set_up(NULL, 1, 0);
	dev = harness_new(&nic.h, &virtio_net_pci_class);
	((struct pci_device *)dev)->bus = &nic.bus;
	ck_assert(device_set(dev, bad[_i][0], bad[_i][1], &err) == 0);
	ck_assert_int_lt(device_start(dev, &err), 0);
	ck_assert_msg(strstr(err.msg, bad[_i][2]), "%s", err.msg);
	device_free(dev);
	nic_tear_down();
}
END_TEST

static const char *const mq[] = {"mq", "on", "packed", "on", NULL};

static int set_pairs(uint16_t n)
{
	uint8_t raw[2];

	store_le16(raw, n);
	return nic_control(VIRTIO_NET_CTRL_MQ, 0, raw, 2);
}

START_TEST(has_many_queues)
{
	unsigned i;

	nic_set_up(mq, 4, OFFERS);
	nic_begin(false, _i ? UINT64_MAX : ALL);
	ck_assert_uint_eq(driver_config(&nic.d, CONFIG(max_virtqueue_pairs), 2),
			  4);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(nic.wire->end[i].enabled, i == 0);
	ck_assert_int_eq(set_pairs(0), 1);
	ck_assert_int_eq(set_pairs(5), 1);
	ck_assert_int_eq(set_pairs(3), 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(nic.wire->end[i].enabled, i < 3);
	for (i = 0; i < 4; i++) {
		nic_offer(2 * i, ROOM);
		nic_send(2 * i + 1, make_frame(LEN + i), LEN + i, NULL);
	}
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, 3);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(nic.wire->packet[i].len,
				  LEN + nic.wire->packet[i].queue);
	for (i = 0; i < 4; i++) {
		bool taken =
			net_wire_send(nic.wire, i, make_frame(LEN), LEN, NULL);

		ck_assert_int_eq(taken, i < 3);
		ck_assert_int_eq(nic_take(2 * i) != 0, i < 3);
	}
	harness_roundtrip(&nic.net->vp.pci.dev);
	ck_assert(nic.wire->end[2].enabled && !nic.wire->end[3].enabled);
	ck_assert_int_eq(set_pairs(1), 0);
	ck_assert(!nic.wire->end[1].enabled && !nic.wire->end[2].enabled);
	ck_assert(!net_wire_send(nic.wire, 1, frame, LEN, NULL));
	nic_tear_down();
}
END_TEST

/* 5.1.2: then the control queue is the third. */
START_TEST(has_one_pair_for_old_drivers)
{
	unsigned i;

	nic_set_up(_i ? mq : NULL, 4, OFFERS);
	nic_begin(false, ALL & ~VIRTIO_BIT(VIRTIO_NET_F_MQ));
	ck_assert_int_eq(set_mode(0, 0), 0);
	ck_assert_int_eq(set_pairs(1), 1);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(nic.wire->end[i].enabled, i == 0);
	nic_tear_down();
}
END_TEST

/* The wire's end has a thread: so has the pair, and both come back. */
START_TEST(moves_to_a_thread)
{
	unsigned i;

	nic_set_up(mq, 2, OFFERS);
	nic.wire->stays = false;
	nic_begin(false, ALL);
	ck_assert(nic.wire->end[0].loop && !nic.wire->end[1].loop);
	ck_assert(nic.wire->end[0].loop != nic.h.m.loop);
	for (i = 0; i < 20; i++) {
		nic_send(1, make_frame(LEN), LEN, NULL);
		ck_assert(driver_used(&nic.q[1], 1, &(uint16_t){0},
				      &(uint32_t){0}, 5));
		ck_assert_int_eq(set_pairs(1 + (uint16_t)(i % 2)), 0);
	}
	ck_assert(nic.wire->end[1].loop != nic.h.m.loop);
	ck_assert_int_eq(set_mode(0, 0), 0);
	driver_set_status(&nic.d, 0);
	ck_assert(nic.wire->end[0].loop == nic.h.m.loop);
	ck_assert(nic.wire->end[1].loop == nic.h.m.loop);
	ck_assert_uint_eq(nic.wire->npackets, 20);
	nic_begin(false, ALL);
	nic_send(1, frame, LEN, NULL);
	nic.h.m.state = RUN_STATE_PAUSED;
	machine_notify(&nic.h.m, EVENT_STOP);
	ck_assert(nic.wire->end[0].loop == nic.h.m.loop);
	nic.h.m.state = RUN_STATE_RUNNING;
	machine_notify(&nic.h.m, EVENT_RESUME);
	ck_assert(nic.wire->end[0].loop != nic.h.m.loop);
	net_disconnect(&nic.wire->client);
	ck_assert(nic.wire->end[0].loop == nic.h.m.loop);
	nic_tear_down();
}
END_TEST

START_TEST(suppresses_interrupts)
{
	unsigned edges, i;

	nic_set_up(NULL, 1, 0);
	nic_begin(false, NIC_V1);
	for (i = 0; i < 8; i++)
		nic_offer(0, ROOM);
	nic_settle();
	driver_get(&nic.d, VIRTIO_PCI_ISR_AT, 1);
	edges = nic.h.edges[NIC_IRQ];
	for (i = 0; i < 8; i++)
		ck_assert(
			net_wire_send(nic.wire, 0, make_frame(LEN), LEN, NULL));
	nic_settle();
	ck_assert_uint_eq(nic.h.edges[NIC_IRQ], edges + 1);
	nic_tear_down();
}
END_TEST

START_TEST(can_boot)
{
	char path[128];

	nic_set_up((const char *const[]){"bootindex", "3", NULL}, 1, 0);
	ck_assert_int_eq(nic.net->vp.pci.dev.class->boot_path(
				 &nic.net->vp.pci.dev, path, sizeof(path)),
			 3);
	ck_assert_str_eq(path, "/pci@i0cf8/ethernet@3/ethernet-phy@0");
	nic_tear_down();
}
END_TEST

/* Its name says which drivers it is for. */
START_TEST(has_a_name_for_its_drivers)
{
	static const struct device_class *const classes[] = {
		&virtio_net_pci_transitional_class,
		&virtio_net_pci_non_transitional_class};
	static const uint32_t id[] = {0x10001af4, 0x10411af4};
	struct device *dev;

	nic_set_up(NULL, 1, 0);
	dev = harness_new(&nic.h, classes[_i]);
	((struct pci_device *)dev)->bus = &nic.bus;
	((struct pci_device *)dev)->devfn = PCI_DEVFN(4, 0);
	harness_start(dev);
	ck_assert_uint_eq(pci_config_read(&nic.bus, PCI_DEVFN(4, 0), 0, 4),
			  id[_i]);
	ck_assert_int_lt(device_set(dev, "disable-legacy", "on",
				    &(struct error){0}),
			 0);
	nic_tear_down();
}
END_TEST

/* The firmware runs it if it is for this device, and its sum is 0. */
START_TEST(makes_the_rom_its_own)
{
	char path[] = "/tmp/pcvm-rom-XXXXXX";
	uint8_t rom[1024] = {0x55, 0xaa, 2}, sum = 0;
	int fd = mkstemp(path);
	unsigned i;

	store_le16(rom + 0x18, 0x1c);
	memcpy(rom + 0x1c, "PCIR\xf4\x1a\x41\x10", 8);
	for (i = 0; i < sizeof(rom); i++)
		sum += rom[i];
	rom[6] = (uint8_t)-sum;
	ck_assert(write(fd, rom, sizeof(rom)) == sizeof(rom));
	close(fd);
	nic_set_up((const char *const[]){"romfile", path, NULL}, 1, 0);
	memcpy(rom, nic.net->vp.pci.rom->host, sizeof(rom));
	ck_assert_uint_eq(load_le32(rom + 0x20), 0x10001af4);
	for (i = 0, sum = 0; i < sizeof(rom); i++)
		sum += rom[i];
	ck_assert_uint_eq(sum, 0);
	unlink(path);
	nic_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtio-net");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, sends, 0, KINDS);
	tcase_add_loop_test(tc, receives, 0, KINDS);
	tcase_add_loop_test(tc, goes_round, 0, KINDS);
	tcase_add_loop_test(tc, counts_buffers, 0, KINDS);
	tcase_add_loop_test(tc, waits_for_buffers, 0, KINDS);
	tcase_add_loop_test(tc, waits_for_enough_buffers, 0, KINDS);
	tcase_add_loop_test(tc, waits_for_the_wire, 0, KINDS);
	tcase_add_loop_test(tc, keeps_nothing_over_a_reset, 0, KINDS);
	tcase_add_loop_test(tc, stops_with_the_machine, 0, KINDS);
	tcase_add_test(tc, offers_what_the_wire_has);
	tcase_add_test(tc, passes_offloads_on);
	tcase_add_test(tc, refuses_offloads_not_agreed_on);
	tcase_add_test(tc, clears_flags_nobody_agreed_on);
	tcase_add_test(tc, switches_offloads);
	tcase_add_test(tc, filters_by_mode);
	tcase_add_test(tc, filters_by_table);
	tcase_add_test(tc, refuses_odd_tables);
	tcase_add_test(tc, tells_of_its_filter);
	tcase_add_test(tc, filters_vlans);
	tcase_add_test(tc, has_an_address);
	tcase_add_test(tc, old_drivers_write_the_address);
	tcase_add_test(tc, tells_of_the_link);
	tcase_add_test(tc, goes_on_when_the_link_goes);
	tcase_add_test(tc, goes_on_without_a_cable);
	tcase_add_test(tc, announces_itself);
	tcase_add_test(tc, shows_its_properties);
	tcase_add_loop_test(tc, refuses_bad_properties, 0,
			    sizeof(bad) / sizeof(*bad));
	tcase_add_loop_test(tc, has_many_queues, 0, 2);
	tcase_add_loop_test(tc, has_one_pair_for_old_drivers, 0, 2);
	tcase_add_test(tc, moves_to_a_thread);
	tcase_add_test(tc, suppresses_interrupts);
	tcase_add_test(tc, can_boot);
	tcase_add_test(tc, makes_the_rom_its_own);
	tcase_add_loop_test(tc, has_a_name_for_its_drivers, 0, 2);
	return unit_run_case("virtio_net", tc);
}
