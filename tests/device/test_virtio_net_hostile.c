/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers that break the rules of a NIC on virtio: it says so, touches nothing
 * that is not the guest's, and works again after a reset.
 */
#include <string.h>

#include "tests/device/virtio_nic.h"
#include "vmm/endian.h"

#define V1	NIC_V1
#define PACKED	VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#define MRG	VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define CTRL	VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)
#define TABLES	VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define NOWHERE UINT64_C(0xfee00000) /* no RAM */
#define DATA	NIC_PACKETS
#define LEN	100

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

static const uint8_t frame[NET_PACKET + 1];
static const char *const packed[] = {"packed", "on", NULL};

static void put_at(gpa_t table, unsigned i, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t last)
{
	uint8_t raw[16];
	bool is_packed = nic.d.features & PACKED;

	store_le64(raw, addr);
	store_le32(raw + 8, len);
	store_le16(raw + 12, is_packed ? last : flags);
	store_le16(raw + 14, is_packed ? flags : last);
	ram_write(&nic.d, table + 16 * (gpa_t)i, raw, sizeof(raw));
}

static void put(unsigned queue, unsigned i, uint64_t addr, uint32_t len,
		uint16_t flags, uint16_t last)
{
	if (nic.d.features & PACKED)
		flags |= 1u << VRING_PACKED_DESC_F_AVAIL;
	put_at(driver_ring(&nic.q[queue], queue, VIRTQ_DESC), i, addr, len,
	       flags, last);
}

/* Makes count heads available, all of them head; packed rings need no more. */
static void offer(unsigned queue, uint16_t head, uint16_t count)
{
	gpa_t avail = driver_ring(&nic.q[queue], queue, VIRTQ_DRIVER);
	uint16_t i;

	if (nic.d.features & PACKED)
		return;
	for (i = 0; i < NIC_RING; i++)
		ram_write(&nic.d, avail + 4 + 2 * (gpa_t)i, &head, 2);
	ram_write(&nic.d, avail + 2, &count, 2);
}

static bool receive(size_t len)
{
	bool taken = net_wire_send(nic.wire, 0, frame, len, NULL);

	net_wire_flush(nic.wire, 0);
	nic_settle();
	return taken;
}

static void head_outside(unsigned queue)
{
	put(queue, 0, DATA, 64, queue ? 0 : WRITE, 0);
	offer(queue, NIC_RING, 1);
}

static void endless_chain(unsigned queue)
{
	unsigned i;

	for (i = 0; i < NIC_RING; i++)
		put(queue, i, DATA, 64, (queue ? 0 : WRITE) | NEXT,
		    (uint16_t)((i + 1) % NIC_RING));
	offer(queue, 0, 1);
}

static void chain_onto_itself(unsigned queue)
{
	put(queue, 0, DATA, 64, (queue ? 0 : WRITE) | NEXT, 0);
	offer(queue, 0, 1);
}

static void chain_outside(unsigned queue)
{
	put(queue, 0, DATA, 64, (queue ? 0 : WRITE) | NEXT, NIC_RING);
	offer(queue, 0, 1);
}

static void empty_descriptor(unsigned queue)
{
	put(queue, 0, DATA, 0, queue ? 0 : WRITE, 0);
	offer(queue, 0, 1);
}

static void nowhere(unsigned queue)
{
	put(queue, 0, NOWHERE, 2000, queue ? 0 : WRITE, 0);
	offer(queue, 0, 1);
}

static void end_of_memory(unsigned queue)
{
	put(queue, 0, HARNESS_RAM - 16, 2000, queue ? 0 : WRITE, 0);
	offer(queue, 0, 1);
}

static void around_the_end(unsigned queue)
{
	put(queue, 0, UINT64_MAX - 8, UINT32_MAX, queue ? 0 : WRITE, 0);
	offer(queue, 0, 1);
}

static void more_than_the_ring(unsigned queue)
{
	put(queue, 0, DATA, 64, queue ? 0 : WRITE, 0);
	offer(queue, 0, NIC_RING + 1);
}

static void table_nowhere(unsigned queue)
{
	put(queue, 0, NOWHERE, 64, TABLE, 0);
	offer(queue, 0, 1);
}

static void table_onto_itself(unsigned queue)
{
	put_at(DATA, 0, DATA, 64, TABLE, 0);
	put(queue, 0, DATA, 64, TABLE, 0);
	offer(queue, 0, 1);
}

static void odd_table(unsigned queue)
{
	put(queue, 0, DATA, 17, TABLE, 0);
	offer(queue, 0, 1);
}

static void short_buffer(unsigned queue)
{
	put(queue, 0, DATA, 9, queue ? 0 : WRITE, 0);
	offer(queue, 0, 1);
}

/* Nothing to write to where a packet is to go, nothing to read to send. */
static void wrong_way(unsigned queue)
{
	put(queue, 0, DATA, 2000, queue ? WRITE : 0, 0);
	offer(queue, 0, 1);
}

static void write_before_read(unsigned queue)
{
	put(queue, 0, DATA, 64, WRITE | NEXT, 1);
	put(queue, 1, DATA, 64, 0, 0);
	offer(queue, 0, 1);
}

static const struct {
	const char *name;
	void (*run)(unsigned queue);
	uint64_t features;
} deeds[] = {
	{"head outside", head_outside, V1},
	{"endless", endless_chain, V1},
	{"onto itself", chain_onto_itself, V1},
	{"chain outside", chain_outside, V1},
	{"empty", empty_descriptor, V1},
	{"nowhere", nowhere, V1},
	{"end of memory", end_of_memory, V1},
	{"around the end", around_the_end, V1},
	{"more than the ring", more_than_the_ring, V1},
	{"table nowhere", table_nowhere, V1 | TABLES},
	{"table onto itself", table_onto_itself, V1 | TABLES},
	{"odd table", odd_table, V1 | TABLES},
	{"table not agreed on", odd_table, V1},
	{"short", short_buffer, V1},
	{"wrong way", wrong_way, V1},
	{"write before read", write_before_read, V1},
	{"mergeable, short", short_buffer, V1 | MRG},
	{"mergeable, empty", empty_descriptor, V1 | MRG},
	{"packed, endless", endless_chain, V1 | PACKED},
	{"packed, empty", empty_descriptor, V1 | PACKED},
	{"packed, nowhere", nowhere, V1 | PACKED},
	{"packed, short", short_buffer, V1 | PACKED},
	{"packed, wrong way", wrong_way, V1 | PACKED},
	{"packed, odd table", odd_table, V1 | PACKED | TABLES},
};

#define DEEDS ((int)(sizeof(deeds) / sizeof(*deeds)))

/* After whatever was done to it. */
static void check_alive(void)
{
	uint16_t id;
	uint32_t len;

	nic_begin(false, V1 | MRG | CTRL);
	net_wire_clear(nic.wire);
	nic_send(1, frame, LEN, NULL);
	nic_offer(0, 2000);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &id, &len, 2));
	ck_assert_uint_eq(nic.wire->npackets, 1);
	ck_assert(receive(LEN));
	ck_assert_uint_eq(nic_take(0), nic.header + LEN);
}

/* 24 deeds to the queue that receives, and to the one that sends. */
START_TEST(breaks_a_rule)
{
	unsigned queue = _i >= DEEDS, i;
	const uint64_t features = deeds[_i % DEEDS].features;

	nic_set_up(packed, 1, 0);
	nic_begin(false, features);
	deeds[_i % DEEDS].run(queue);
	driver_kick(&nic.d, queue);
	nic_settle();
	for (i = 0; i < 3; i++)
		receive(LEN);
	ck_assert_msg(driver_status(&nic.d) & VIRTIO_CONFIG_S_NEEDS_RESET, "%s",
		      deeds[_i % DEEDS].name);
	ck_assert_uint_eq(nic.wire->npackets, 0);
	driver_kick(&nic.d, 0);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert(!receive(LEN));
	harness_roundtrip(&nic.net->vp.pci.dev);
	check_alive();
	nic_tear_down();
}
END_TEST

/* Of the same memory, again and again: it is sent as often. */
START_TEST(offers_one_buffer_many_times)
{
	nic_set_up(NULL, 1, 0);
	nic_begin(false, V1 | MRG);
	put(1, 0, DATA, LEN, 0, 0);
	offer(1, 0, NIC_RING);
	put(0, 0, DATA, 1000, WRITE, 0);
	offer(0, 0, NIC_RING);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, NIC_RING);
	ck_assert(receive(20000));
	check_alive();
	nic_tear_down();
}
END_TEST

/* The ring itself is what is received into. */
START_TEST(receives_into_the_ring)
{
	unsigned part;

	for (part = 0; part < 3; part++) {
		nic_set_up(packed, 1, 0);
		nic_begin(false, V1 | (_i ? PACKED : 0));
		put(0, 0, driver_ring(&nic.q[0], 0, part) & ~UINT64_C(15), 1200,
		    WRITE, 0);
		offer(0, 0, 1);
		driver_kick(&nic.d, 0);
		nic_settle();
		receive(LEN);
		receive(LEN);
		receive(LEN);
		check_alive();
		nic_tear_down();
	}
}
END_TEST

START_TEST(sends_too_much_or_nothing)
{
	uint16_t id;
	uint32_t len;

	nic_set_up(NULL, 1, NET_CSUM);
	nic_begin(false, V1 | VIRTIO_BIT(VIRTIO_NET_F_CSUM));
	put(1, 0, DATA, nic.header, 0, 0);
	offer(1, 0, 1);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &id, &len, 0));
	put(1, 0, DATA, NET_PACKET + 13, 0, 0);
	offer(1, 0, 2);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &id, &len, 0));
	ck_assert_uint_eq(nic.wire->npackets, 0);
	put(1, 0, DATA, NET_PACKET + 12, 0, 0);
	offer(1, 0, 3);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert(driver_used(&nic.q[1], 1, &id, &len, 0));
	ck_assert_uint_eq(nic.wire->npackets, 1);
	nic_tear_down();
}
END_TEST

/* More pieces than there are descriptors, by a table. */
START_TEST(sends_in_many_pieces)
{
	unsigned n = _i ? VIRTQ_SIZE_MAX : VIRTQ_SIZE_MAX + 1, i;

	nic_set_up(NULL, 1, 0);
	nic_begin(false, V1 | TABLES);
	for (i = 0; i < n; i++)
		put_at(DATA, i, DATA, 13, i + 1 < n ? NEXT : 0,
		       (uint16_t)(i + 1));
	put(1, 0, DATA, n * 16, TABLE, 0);
	offer(1, 0, 1);
	driver_kick(&nic.d, 1);
	nic_settle();
	ck_assert_uint_eq(nic.wire->npackets, _i ? 1 : 0);
	if (_i)
		ck_assert_uint_eq(nic.wire->packet[0].len, n * 13 - 12);
	check_alive();
	nic_tear_down();
}
END_TEST

/* A packet too long for the whole ring is not waited for for ever. */
START_TEST(has_little_room)
{
	unsigned i;

	nic_set_up(NULL, 1, 0);
	nic_begin(false, V1 | (_i ? MRG : 0));
	for (i = 0; i < NIC_RING; i++)
		nic_offer(0, 100);
	nic_settle();
	ck_assert(receive(64 * 100));
	ck_assert_uint_eq(nic_take(0), 0);
	ck_assert(receive(50));
	ck_assert_uint_eq(nic_take(0), nic.header + 50);
	nic_tear_down();
}
END_TEST

START_TEST(resets_with_packets_under_way)
{
	unsigned i;

	nic_set_up((const char *const[]){"mq", "on", NULL}, 2, 0);
	nic.wire->stays = _i;
	for (i = 0; i < 60; i++) {
		nic_begin(false, V1 | MRG);
		nic.wire->full = i & 1;
		nic_send(1, frame, LEN, NULL);
		nic_send(1, frame, LEN, NULL);
		nic_offer(0, 2000);
		if (i & 2)
			nic_settle();
		if (i % 3 == 0)
			nic.net->vp.pci.dev.class->reset(&nic.net->vp.pci.dev);
		else
			driver_set_status(&nic.d, 0);
		driver_kick(&nic.d, 0);
		driver_kick(&nic.d, 1);
		net_wire_clear(nic.wire);
		nic.wire->full = false;
	}
	nic.wire->stays = true;
	check_alive();
	nic_tear_down();
}
END_TEST

static void control(const struct driver_piece *piece, unsigned n)
{
	driver_add(&nic.q[2], 2, piece, n, false);
	driver_kick(&nic.d, 2);
	nic_settle();
}

/* Header and status are missing, or in strange pieces. */
START_TEST(commands_without_shape)
{
	static const struct driver_piece pieces[][2] = {
		{{.addr = DATA, .len = 1}, {.addr = DATA, 1, .write = true}},
		{{.addr = DATA, .len = 2}, {.addr = DATA + 2, .len = 100}},
		{{.addr = DATA, .len = 9, .write = true},
		 {.addr = DATA, .len = 9, .write = true}},
	};

	nic_set_up(NULL, 1, 0);
	nic_begin(false, V1 | CTRL);
	control(pieces[_i], 2);
	ck_assert(driver_status(&nic.d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	check_alive();
	nic_tear_down();
}
END_TEST

/* Each byte of a command is a piece of its own. */
START_TEST(commands_in_crumbs)
{
	static const uint8_t command[] = {1, 1, 0x52, 1, 2, 3, 4, 5};
	struct driver_piece piece[sizeof(command) + 1];
	uint8_t status = 9;
	unsigned i;

	nic_set_up(NULL, 1, 0);
	nic_begin(false, V1 | CTRL | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	ram_write(&nic.d, DATA, command, sizeof(command));
	for (i = 0; i < sizeof(command); i++)
		piece[i] = (struct driver_piece){.addr = DATA + i, .len = 1};
	piece[i] = (struct driver_piece){.addr = DATA + 100,
					 .len = 1,
					 .write = true};
	control(piece, i + 1);
	ram_read(&nic.d, DATA + 100, &status, 1);
	ck_assert_uint_eq(status, 0);
	ck_assert_uint_eq(driver_config(&nic.d, 5, 1), 5);
	nic_tear_down();
}
END_TEST

/* All classes and commands there may be, with some data. */
START_TEST(all_commands)
{
	uint8_t data[64];
	unsigned class, command, len;

	nic_set_up((const char *const[]){"mq", "on", NULL}, 2, NET_CSUM);
	nic_begin(false, ~PACKED);
	memset(data, 0xff, sizeof(data));
	for (class = 0; class < 10; class ++)
		for (command = 0; command < 10; command++)
			for (len = 0; len < 16; len += 5)
				ck_assert_int_ge(nic_control((uint8_t) class,
							     (uint8_t)command,
							     data, len),
						 0);
	check_alive();
	nic_tear_down();
}
END_TEST

/* Queues that are not there, or were left out. */
START_TEST(leaves_queues_out)
{
	unsigned i;

	nic_set_up((const char *const[]){"mq", "on", NULL}, 2, 0);
	driver_find(&nic.d, &nic.h, &nic.bus, NIC_DEVFN, false);
	driver_agree(&nic.d, V1 | MRG | CTRL | VIRTIO_BIT(VIRTIO_NET_F_MQ));
	for (i = 0; i < NIC_QUEUES; i++)
		nic.q[i] = nic.d;
	nic.header = 12;
	if (_i & 1)
		driver_queue(&nic.q[1], 1, NIC_RING);
	if (_i & 2)
		driver_queue(&nic.q[4], 4, NIC_RING);
	driver_ready(&nic.d);
	for (i = 0; i < 20; i++)
		driver_kick(&nic.d, i);
	if (_i & 2)
		ck_assert_int_eq(nic_control(4, 0, "\2", 2), 0);
	nic_settle();
	ck_assert(!receive(LEN));
	if (_i & 1) {
		nic_send(1, frame, LEN, NULL);
		nic_settle();
		ck_assert_uint_eq(nic.wire->npackets, 1);
	}
	check_alive();
	nic_tear_down();
}
END_TEST

/* The driver is ready twice, changes its mind, or never agreed. */
START_TEST(changes_its_mind)
{
	nic_set_up(packed, 1, 0);
	nic_agree(false, V1 | MRG);
	driver_ready(&nic.d);
	driver_ready(&nic.d);
	driver_set(&nic.d, 0x0c, 0, 4);
	driver_set(&nic.d, 0x08, 1, 4);
	driver_set(&nic.d, 0x0c, 0xffffffff, 4);
	nic_settle();
	nic_send(1, frame, LEN, NULL);
	nic_offer(0, 2000);
	nic_settle();
	receive(LEN);
	driver_set_status(&nic.d, 0);
	driver_set_status(&nic.d, VIRTIO_CONFIG_S_DRIVER_OK);
	driver_kick(&nic.d, 0);
	nic_settle();
	check_alive();
	nic_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtio-net, hostile");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, breaks_a_rule, 0, 2 * DEEDS);
	tcase_add_test(tc, offers_one_buffer_many_times);
	tcase_add_loop_test(tc, receives_into_the_ring, 0, 2);
	tcase_add_test(tc, sends_too_much_or_nothing);
	tcase_add_loop_test(tc, sends_in_many_pieces, 0, 2);
	tcase_add_loop_test(tc, has_little_room, 0, 2);
	tcase_add_loop_test(tc, resets_with_packets_under_way, 0, 2);
	tcase_add_loop_test(tc, commands_without_shape, 0, 3);
	tcase_add_test(tc, commands_in_crumbs);
	tcase_add_test(tc, all_commands);
	tcase_add_loop_test(tc, leaves_queues_out, 0, 4);
	tcase_add_test(tc, changes_its_mind);
	return unit_run_case("virtio_net_hostile", tc);
}
