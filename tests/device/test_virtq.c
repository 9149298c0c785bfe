/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings that break the rules: the device says so, touches nothing that is not
 * the guest's, and works again after a reset.
 */
#include <stddef.h>
#include <string.h>

#include "tests/device/virtio_disk.h"
#include "vmm/endian.h"

#define HEADER	0x400000u
#define STATUS	0x401000u
#define DATA	0x500000u
#define NOWHERE UINT64_C(0xfee00000) /* no RAM */
#define WAIT	20 /* seconds */
#define QUEUE	64

#define V1	VIRTIO_BIT(VIRTIO_F_VERSION_1)
#define PACKED	VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#define TABLES	VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

static struct driver d;

static void put16(gpa_t gpa, uint16_t val)
{
	ram_write(&d, gpa, &val, sizeof(val));
}

/* A descriptor of either kind; of packed ones, last is the id. */
static void put_at(gpa_t table, unsigned i, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t last)
{
	uint8_t raw[16];
	bool packed = d.features & PACKED;

	store_le64(raw, addr);
	store_le32(raw + 8, len);
	store_le16(raw + 12, packed ? last : flags);
	store_le16(raw + 14, packed ? flags : last);
	ram_write(&d, table + 16 * (gpa_t)i, raw, sizeof(raw));
}

static void put(unsigned i, uint64_t addr, uint32_t len, uint16_t flags,
		uint16_t last)
{
	if (d.features & PACKED)
		flags |= 1u << VRING_PACKED_DESC_F_AVAIL;
	put_at(driver_ring(&d, 0, VIRTQ_DESC), i, addr, len, flags, last);
}

/* Makes the chain at head available; packed rings need no more. */
static void offer(uint16_t head)
{
	gpa_t avail = driver_ring(&d, 0, VIRTQ_DRIVER);

	if (d.features & PACKED)
		return;
	put16(avail + 4, head);
	put16(avail + 2, 1);
}

static void head_outside(void)
{
	put(0, HEADER, 16, 0, 0);
	offer(QUEUE);
}

static void too_much_available(void)
{
	put16(driver_ring(&d, 0, VIRTQ_DRIVER) + 2, QUEUE + 1);
}

static void chain_onto_itself(void)
{
	put(0, HEADER, 16, NEXT, 1);
	put(1, DATA, 16, NEXT, 1);
	offer(0);
}

static void chain_leads_outside(void)
{
	put(0, HEADER, 16, NEXT, QUEUE);
	offer(0);
}

/* All slots of the ring, and not the last has an end. */
static void chain_without_end(void)
{
	unsigned i;

	for (i = 0; i < QUEUE; i++)
		put(i, HEADER, 16, NEXT, (uint16_t)((i + 1) % QUEUE));
	offer(0);
}

static void empty_descriptor(void)
{
	put(0, HEADER, 0, 0, 0);
	offer(0);
}

static void no_memory(void)
{
	put(0, NOWHERE, 16, 0, 0);
	offer(0);
}

static void beyond_memory(void)
{
	put(0, HEADER, 16, NEXT, 1);
	put(1, HARNESS_RAM - 512, 1024, NEXT | WRITE, 2);
	put(2, STATUS, 1, WRITE, 0);
	offer(0);
}

static void around_the_end_of_space(void)
{
	put(0, UINT64_MAX - 3, 16, 0, 0);
	offer(0);
}

static void huge(void)
{
	put(0, HEADER, UINT32_MAX, 0, 0);
	offer(0);
}

static void read_after_write(void)
{
	put(0, STATUS, 1, NEXT | WRITE, 1);
	put(1, HEADER, 16, 0, 0);
	offer(0);
}

static void table_of_odd_size(void)
{
	put(0, DATA, 17, TABLE, 0);
	offer(0);
}

static void empty_table(void)
{
	put(0, DATA, 0, TABLE, 0);
	offer(0);
}

static void table_nowhere(void)
{
	put(0, NOWHERE, 32, TABLE, 0);
	offer(0);
}

static void table_in_a_table(void)
{
	put_at(DATA, 0, DATA, 32, TABLE, 0);
	put(0, DATA, 32, TABLE, 0);
	offer(0);
}

static void table_and_chain(void)
{
	put_at(DATA, 0, HEADER, 16, 0, 0);
	put(0, DATA, 16, TABLE | NEXT, 1);
	put(1, STATUS, 1, WRITE, 0);
	offer(0);
}

static void table_chained_for_ever(void)
{
	put_at(DATA, 0, HEADER, 16, NEXT, 0);
	put(0, DATA, 32, TABLE, 0);
	offer(0);
}

static void too_many_pieces(void)
{
	unsigned i, n = 2000;

	for (i = 0; i < n; i++)
		put_at(DATA, i, HEADER, 16, i + 1 < n ? NEXT : 0,
		       (uint16_t)(i + 1));
	put(0, DATA, 16 * n, TABLE, 0);
	offer(0);
}

static void no_status(void)
{
	put(0, HEADER, 16, 0, 0);
	offer(0);
}

static void no_header(void)
{
	put(0, STATUS, 1, WRITE, 0);
	offer(0);
}

static const struct bad {
	void (*make)(void);
	uint64_t features;
} bad[] = {
	{head_outside, V1},
	{too_much_available, V1},
	{chain_onto_itself, V1},
	{chain_leads_outside, V1},
	{chain_without_end, V1},
	{empty_descriptor, V1},
	{no_memory, V1},
	{beyond_memory, V1},
	{around_the_end_of_space, V1},
	{huge, V1},
	{read_after_write, V1},
	{table_of_odd_size, V1 | TABLES},
	{empty_table, V1 | TABLES},
	{table_nowhere, V1 | TABLES},
	{table_in_a_table, V1 | TABLES},
	{table_and_chain, V1 | TABLES},
	{table_chained_for_ever, V1 | TABLES},
	{too_many_pieces, V1 | TABLES},
	{table_of_odd_size, V1},
	{no_status, V1},
	{no_header, V1},
	{chain_without_end, V1 | PACKED},
	{empty_descriptor, V1 | PACKED},
	{no_memory, V1 | PACKED},
	{beyond_memory, V1 | PACKED},
	{around_the_end_of_space, V1 | PACKED},
	{huge, V1 | PACKED},
	{read_after_write, V1 | PACKED},
	{table_of_odd_size, V1 | PACKED | TABLES},
	{empty_table, V1 | PACKED | TABLES},
	{table_nowhere, V1 | PACKED | TABLES},
	{table_in_a_table, V1 | PACKED | TABLES},
	{too_many_pieces, V1 | PACKED | TABLES},
	{no_status, V1 | PACKED},
	{no_header, V1 | PACKED},
};

#define BADS ((int)(sizeof(bad) / sizeof(*bad)))

static void begin(uint64_t features)
{
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, false);
	ck_assert(driver_agree(&d, features));
	driver_queue(&d, 0, QUEUE);
}

static bool needs_reset(void)
{
	unsigned i;

	for (i = 0; i < WAIT * 100; i++) {
		if (driver_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			return true;
		loop_turn(disk.h.m.loop, 10);
	}
	return false;
}

static void check_it_works(uint64_t features)
{
	const struct driver_piece piece[] = {{HEADER, 16, false},
					     {DATA, 512, true},
					     {STATUS, 1, true}};
	static const uint8_t zeros[16];
	uint8_t buf[512];
	uint32_t len;
	uint16_t id;

	begin(features);
	driver_ready(&d);
	ram_write(&d, HEADER, zeros, sizeof(zeros));
	driver_add(&d, 0, piece, 3, false);
	driver_kick(&d, 0);
	ck_assert(driver_used(&d, 0, &id, &len, WAIT));
	ck_assert_uint_eq(len, 513);
	ram_read(&d, DATA, buf, sizeof(buf));
	ck_assert_mem_eq(buf, disk.model, sizeof(buf));
}

static const char *const packed[] = {"packed", "on", NULL};

START_TEST(breaks_and_mends)
{
	const struct bad *b = &bad[_i];

	disk_set_up(packed, false);
	begin(b->features);
	driver_ready(&d);
	b->make();
	driver_kick(&d, 0);
	ck_assert_msg(needs_reset(), "case %d: not found out", _i);
	check_it_works(b->features);
	disk_tear_down();
}
END_TEST

#define COMMON(field) offsetof(struct virtio_pci_common_cfg, field)

static const struct place {
	uint64_t features;
	uint16_t size;
	gpa_t desc, driver, device;
} places[] = {
	{V1, QUEUE, NOWHERE, 0x101000, 0x102000},
	{V1, QUEUE, 0x100000, NOWHERE, 0x102000},
	{V1, QUEUE, 0x100000, 0x101000, NOWHERE},
	{V1, QUEUE, HARNESS_RAM - 1008, 0x101000, 0x102000},
	{V1, QUEUE, 0x100000, HARNESS_RAM - 128, 0x102000},
	{V1, QUEUE, 0x100000, 0x101000, HARNESS_RAM - 512},
	{V1, QUEUE, 0x100008, 0x101000, 0x102000},
	{V1, QUEUE, 0x100000, 0x101001, 0x102000},
	{V1, QUEUE, 0x100000, 0x101000, 0x102002},
	{V1, QUEUE, UINT64_MAX - 15, 0x101000, 0x102000},
	{V1, 63, 0x100000, 0x101000, 0x102000},
	{V1 | PACKED, QUEUE, NOWHERE, 0x101000, 0x102000},
	{V1 | PACKED, QUEUE, 0x100000, 0x101002, 0x102000},
	{V1 | PACKED, QUEUE, 0x100000, 0x101000, HARNESS_RAM - 2},
};

#define PLACES ((int)(sizeof(places) / sizeof(*places)))

static void set64(unsigned off, uint64_t val)
{
	driver_set(&d, off, (uint32_t)val, 4);
	driver_set(&d, off + 4, val >> 32, 4);
}

START_TEST(refuses_bad_places)
{
	const struct place *p = &places[_i];

	disk_set_up(packed, false);
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, false);
	ck_assert(driver_agree(&d, p->features));
	driver_set(&d, COMMON(queue_size), p->size, 2);
	set64(COMMON(queue_desc_lo), p->desc);
	set64(COMMON(queue_avail_lo), p->driver);
	set64(COMMON(queue_used_lo), p->device);
	driver_set(&d, COMMON(queue_enable), 1, 2);
	driver_ready(&d);
	ck_assert_msg(needs_reset(), "case %d: not found out", _i);
	check_it_works(V1);
	disk_tear_down();
}
END_TEST

/* The last bytes of RAM are as good as any. */
START_TEST(works_at_the_end_of_memory)
{
	disk_set_up(NULL, false);
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, false);
	ck_assert(driver_agree(&d, V1));
	driver_set(&d, COMMON(queue_size), QUEUE, 2);
	set64(COMMON(queue_desc_lo), 0x100000);
	set64(COMMON(queue_avail_lo), 0x101000);
	set64(COMMON(queue_used_lo), HARNESS_RAM - (8 + 8 * QUEUE));
	driver_set(&d, COMMON(queue_enable), 1, 2);
	driver_ready(&d);
	ck_assert_uint_eq(driver_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
	disk_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtq");

	tcase_add_loop_test(tc, breaks_and_mends, 0, BADS);
	tcase_add_loop_test(tc, refuses_bad_places, 0, PLACES);
	tcase_add_test(tc, works_at_the_end_of_memory);
	return unit_run_case("virtq", tc);
}
