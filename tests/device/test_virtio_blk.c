/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk on virtio, by drivers old and new, over a real file. */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/node.h"
#include "tests/device/slow_host.h"
#include "tests/device/virtio_disk.h"
#include "vmm/endian.h"

#define HEADER	 0x400000u
#define STATUS	 0x401000u
#define DATA	 0x500000u
#define WAIT	 20 /* seconds */
#define REQUESTS 400
#define SLOTS	 8
#define LIVE	 5
#define BATCH	 16 /* requests by one kick */

#define ALL	 (~(VIRTIO_BIT(VIRTIO_F_RING_PACKED)))

static struct driver d;

static void begin(bool legacy, uint64_t features)
{
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, legacy);
	ck_assert(driver_agree(&d, features));
	driver_queue(&d, 0, 64);
	driver_ready(&d);
}

static void put_header(uint32_t type, uint64_t sector)
{
	uint8_t header[16] = {0};

	store_le32(header, type);
	store_le64(header + 8, sector);
	ram_write(&d, HEADER, header, sizeof(header));
	ram_write(&d, STATUS, "\xee", 1);
}

static uint8_t finish(uint32_t *len)
{
	uint32_t written = 0;
	uint16_t id;
	uint8_t status;

	driver_kick(&d, 0);
	ck_assert_msg(driver_used(&d, 0, &id, &written, WAIT),
		      "no answer from the device");
	ram_read(&d, STATUS, &status, 1);
	if (len)
		*len = written;
	return status;
}

/* One request with the data in one piece; len may be 0. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t len,
		       bool to_driver, uint32_t *written)
{
	struct driver_piece piece[3] = {
		{HEADER, 16, false},
		{DATA, len, to_driver},
		{STATUS, 1, true},
	};

	put_header(type, sector);
	if (!len)
		piece[1] = piece[2];
	driver_add(&d, 0, piece, len ? 3 : 2, false);
	return finish(written);
}

static const struct kind {
	const char *name;
	bool legacy;
	uint64_t features;
	bool table;
} kinds[] = {
	{"legacy", true, 0, false},
	{"legacy, tables, event index", true, ALL, true},
	{"modern", false, VIRTIO_BIT(VIRTIO_F_VERSION_1), false},
	{"modern, tables, event index", false, ALL, true},
	{"packed", false,
	 VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_RING_PACKED),
	 false},
	{"packed, tables, event index", false, UINT64_MAX, true},
};

#define KINDS ((int)(sizeof(kinds) / sizeof(*kinds)))

static const char *const packed[] = {"packed", "on", NULL};

static void begin_kind(const struct kind *k)
{
	disk_set_up(packed, false);
	begin(k->legacy, k->features);
}

START_TEST(reads_and_writes)
{
	uint8_t buf[4096];
	uint32_t len;
	int fd;

	begin_kind(&kinds[_i]);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 8, 4096, true, &len),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 4097);
	ram_read(&d, DATA, buf, sizeof(buf));
	ck_assert_mem_eq(buf, disk.model + 4096, 4096);
	memset(buf, 0x5a, sizeof(buf));
	ram_write(&d, DATA, buf, sizeof(buf));
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 16, 4096, false, &len),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 1);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_FLUSH, 0, 0, false, NULL),
			  VIRTIO_BLK_S_OK);
	fd = open(disk.path, O_RDONLY);
	ck_assert(pread(fd, disk.model, 4096, 8192) == 4096);
	ck_assert_mem_eq(disk.model, buf, 4096);
	close(fd);
	disk_tear_down();
}
END_TEST

struct pending {
	bool busy, write;
	uint16_t id;
	uint32_t off, len, at; /* in the disk; at: in guest memory */
	uint8_t data[8192];
};

/* Pieces of odd sizes; data from at on. */
static unsigned cut(struct driver_piece *piece, uint32_t at, uint32_t len,
		    bool write)
{
	unsigned n = 0;
	uint32_t part;

	while (len) {
		part = (uint32_t)rand() % 3000 + 1;
		part = part < len && n < 5 ? part : len;
		piece[n++] = (struct driver_piece){at, part, write};
		at += part;
		len -= part;
	}
	return n;
}

static void issue(const struct kind *k, struct pending *p, unsigned slot)
{
	uint32_t base = DATA + slot * 0x10000u, header = base + 0x8000;
	struct driver_piece piece[12];
	uint8_t raw[16] = {0};
	unsigned n = 0;

	p->busy = true;
	p->write = rand() % 2;
	p->len = ((uint32_t)rand() % 16 + 1) * BLK_SECTOR;
	p->at = base + (uint32_t)rand() % 512;
	store_le32(raw, p->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN);
	store_le64(raw + 8, p->off / BLK_SECTOR);
	ram_write(&d, header, raw, sizeof(raw));
	for (n = 0; n < p->len; n++)
		p->data[n] = (uint8_t)rand();
	if (p->write)
		ram_write(&d, p->at, p->data, p->len);
	piece[0] = (struct driver_piece){header, 7, false};
	piece[1] = (struct driver_piece){header + 7, 9, false};
	n = 2 + cut(piece + 2, p->at, p->len, !p->write);
	piece[n++] = (struct driver_piece){header + 32, 1, true};
	p->id = driver_add(&d, 0, piece, n, k->table);
	driver_kick(&d, 0);
}

static void check_done(struct pending *p, unsigned slot, uint32_t written)
{
	static uint8_t buf[sizeof(p->data)];
	uint8_t status;

	ram_read(&d, DATA + slot * 0x10000u + 0x8000 + 32, &status, 1);
	ck_assert_uint_eq(status, VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(written, p->write ? 1 : p->len + 1);
	if (p->write) {
		memcpy(disk.model + p->off, p->data, p->len);
	} else {
		ram_read(&d, p->at, buf, p->len);
		ck_assert_mem_eq(buf, disk.model + p->off, p->len);
	}
	p->busy = false;
}

static struct pending *find_pending(struct pending *p, uint16_t id)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (p[i].busy && p[i].id == id)
			return &p[i];
	ck_abort_msg("a buffer came back that was not given: %u", id);
	return NULL;
}

/* Each slot has a part of the disk to itself, so that any order will do. */
START_TEST(agrees_with_a_model)
{
	static struct pending pending[SLOTS];
	const struct kind *k = &kinds[_i % KINDS];
	unsigned i, slot, live = 0;
	struct pending *p;
	uint32_t len;
	uint16_t id;

	srand(77);
	begin_kind(k);
	if (_i >= KINDS)
		host_turn_round(disk.blk->front);
	memset(pending, 0, sizeof(pending));
	for (i = 0; i < REQUESTS || live;) {
		slot = (unsigned)rand() % SLOTS;
		p = &pending[slot];
		if (i < REQUESTS && !p->busy && live < LIVE) {
			p->off = slot * (DISK_SIZE / SLOTS) +
				 (uint32_t)rand() % 200 * BLK_SECTOR;
			issue(k, p, slot);
			live++;
			i++;
		} else if (driver_used(&d, 0, &id, &len,
				       live < LIVE ? 0 : WAIT)) {
			p = find_pending(pending, id);
			check_done(p, (unsigned)(p - pending), len);
			live--;
		}
	}
	disk_tear_down();
}
END_TEST

START_TEST(refuses_what_is_wrong)
{
	const struct {
		uint32_t type;
		uint64_t sector;
		uint32_t len;
		uint8_t status;
	} cases[] = {
		{VIRTIO_BLK_T_IN, DISK_SECTORS, 512, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 1024, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_IN, UINT64_MAX, 512, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_IN, UINT64_MAX / 512, 512, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_IN, 0, 100, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_IN, 0, 0, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_SCSI_CMD, 0, 512, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_SECURE_ERASE, 0, 512, VIRTIO_BLK_S_UNSUPP},
		{77, 0, 512, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 512, VIRTIO_BLK_S_OK},
	};
	unsigned i;

	begin_kind(&kinds[_i]);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(request(cases[i].type, cases[i].sector,
				      cases[i].len, true,
				      NULL) == cases[i].status,
			      "case %u", i);
	disk_tear_down();
}
END_TEST

START_TEST(is_read_only_when_its_image_is)
{
	disk_set_up(NULL, true);
	begin(false, ALL);
	ck_assert(d.features & VIRTIO_BIT(VIRTIO_BLK_F_RO));
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 0, 512, false, NULL),
			  VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			  VIRTIO_BLK_S_OK);
	disk_tear_down();
}
END_TEST

START_TEST(says_who_it_is)
{
	static const char *const serial[] = {"serial", "S-0123456789", NULL};
	char id[20] = "";
	uint32_t len;

	disk_set_up(serial, false);
	begin(false, ALL);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_GET_ID, 0, 20, true, &len),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 21);
	ram_read(&d, DATA, id, sizeof(id));
	ck_assert_str_eq(id, "S-0123456789");
	disk_tear_down();
}
END_TEST

static uint8_t clear(uint32_t type, uint64_t sector, uint32_t sectors,
		     uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range = {.sector = sector,
							.num_sectors = sectors,
							.flags = flags};

	ram_write(&d, DATA, &range, sizeof(range));
	return request(type, 0, sizeof(range), false, NULL);
}

START_TEST(clears_ranges)
{
	static const uint8_t zeros[8192];
	uint8_t buf[8192];
	int fd;

	disk_set_up(NULL, false);
	begin(false, ALL);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_WRITE_ZEROES, 8, 16, 0),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_DISCARD, 32, 16, 0),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_DISCARD, 32, 16, 1),
			  VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_WRITE_ZEROES, 8, 16, 2),
			  VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_DISCARD, DISK_SECTORS - 1, 2, 0),
			  VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(clear(VIRTIO_BLK_T_WRITE_ZEROES, 0, 0, 0),
			  VIRTIO_BLK_S_IOERR);
	fd = open(disk.path, O_RDONLY);
	ck_assert(pread(fd, buf, 8192, 4096) == 8192);
	ck_assert_mem_eq(buf, zeros, 8192);
	ck_assert(pread(fd, buf, 512, 4096 + 8192) == 512);
	ck_assert_mem_eq(buf, disk.model + 4096 + 8192, 512);
	close(fd);
	disk_tear_down();
}
END_TEST

#define CONFIG(field) offsetof(struct virtio_blk_config, field)

START_TEST(describes_itself)
{
	static const char *const properties[] = {"num-queues",
						 "4",
						 "queue-size",
						 "128",
						 "physical_block_size",
						 "4096",
						 "serial",
						 "x",
						 NULL};

	disk_set_up(properties, false);
	begin(_i, ALL);
	ck_assert_uint_eq(driver_config(&d, CONFIG(capacity), 4), DISK_SECTORS);
	ck_assert_uint_eq(driver_config(&d, CONFIG(seg_max), 4), 126);
	ck_assert_uint_eq(driver_config(&d, CONFIG(blk_size), 4), 512);
	ck_assert_uint_eq(driver_config(&d, CONFIG(physical_block_exp), 1), 3);
	ck_assert_uint_eq(driver_config(&d, CONFIG(num_queues), 2), 4);
	ck_assert_uint_eq(driver_config(&d, CONFIG(wce), 1), 1);
	driver_set_config(&d, CONFIG(wce), 0, 1);
	ck_assert(disk.blk->front->writethrough);
	driver_set_status(&d, 0);
	ck_assert(!disk.blk->front->writethrough);
	disk_tear_down();
}
END_TEST

/* The PCI device's number, and drivers that it works with. */
static void expect_kind(const struct device_class *class, unsigned number,
			bool legacy)
{
	disk_set_up_as(class, NULL, false);
	ck_assert_uint_eq(pci_config_read(&disk.bus, DISK_DEVFN, 2, 2), number);
	begin(legacy, ALL);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 8, 512, true, NULL),
			  VIRTIO_BLK_S_OK);
	disk_tear_down();
}

START_TEST(is_for_the_drivers_that_its_name_says)
{
	struct error err = {0};
	struct device *dev;

	expect_kind(&virtio_blk_pci_class, 0x1001, true);
	expect_kind(&virtio_blk_pci_transitional_class, 0x1001, true);
	expect_kind(&virtio_blk_pci_transitional_class, 0x1001, false);
	expect_kind(&virtio_blk_pci_non_transitional_class, 0x1042, false);
	disk_set_up(NULL, false);
	dev = harness_new(&disk.h, &virtio_blk_pci_transitional_class);
	ck_assert_int_lt(device_set(dev, "disable-legacy", "on", &err), 0);
	device_free(dev);
	disk_tear_down();
}
END_TEST

static int grow(struct blk_node *node, void *ctx)
{
	return blk_truncate(node, 2 * DISK_SIZE, BLK_PREALLOC_OFF, ctx);
}

START_TEST(tells_of_a_new_size)
{
	unsigned isr = _i ? VIRTIO_PCI_ISR : VIRTIO_PCI_ISR_AT;
	struct error err = {0};

	disk_set_up(NULL, false);
	begin(_i, ALL);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, DISK_SECTORS, BLK_SECTOR,
				  true, NULL),
			  VIRTIO_BLK_S_IOERR);
	driver_get(&d, isr, 1);
	ck_assert_int_eq(blk_front_call(disk.blk->front, grow, &err), 0);
	blk_fronts_resized(&disk.fronts);
	ck_assert_uint_eq(driver_get(&d, isr, 1), 3);
	ck_assert_uint_eq(driver_config(&d, CONFIG(capacity), 4),
			  2 * DISK_SECTORS);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, DISK_SECTORS, BLK_SECTOR,
				  true, NULL),
			  VIRTIO_BLK_S_OK);
	driver_get(&d, isr, 1);
	blk_fronts_resized(&disk.fronts);
	ck_assert_uint_eq(driver_get(&d, isr, 1), 0);
	disk_tear_down();
}
END_TEST

/* A driver that does not know flushes has its writes on the disk when done. */
START_TEST(writes_through_for_who_cannot_flush)
{
	disk_set_up(NULL, false);
	begin(_i, ALL & ~(VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) |
			  VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE)));
	ck_assert(disk.blk->front->writethrough);
	disk_tear_down();
}
END_TEST

START_TEST(survives_resets_with_requests_in_flight)
{
	struct driver_piece piece[3] = {{HEADER, 16, false},
					{DATA, 4096, true},
					{STATUS, 1, true}};
	unsigned i, k;

	disk_set_up(packed, false);
	for (i = 0; i < 60; i++) {
		begin(kinds[i % KINDS].legacy, kinds[i % KINDS].features);
		put_header(VIRTIO_BLK_T_IN, i);
		for (k = 0; k < 10; k++) {
			driver_add(&d, 0, piece, 3, kinds[i % KINDS].table);
			driver_kick(&d, 0);
		}
		driver_set_status(&d, 0);
		ck_assert_uint_eq(driver_status(&d), 0);
	}
	begin(false, ALL);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			  VIRTIO_BLK_S_OK);
	disk_tear_down();
}
END_TEST

/* What was offered while it stood still is served when it goes on. */
START_TEST(stands_still_with_the_machine)
{
	struct driver_piece piece[3] = {{HEADER, 16, false},
					{DATA, 512, true},
					{STATUS, 1, true}};
	uint32_t len;
	uint16_t id;

	begin_kind(&kinds[_i]);
	machine_notify(&disk.h.m, EVENT_STOP);
	put_header(VIRTIO_BLK_T_IN, 1);
	driver_add(&d, 0, piece, 3, false);
	driver_kick(&d, 0);
	ck_assert(!driver_used(&d, 0, &id, &len, 0));
	machine_notify(&disk.h.m, EVENT_RESUME);
	ck_assert(driver_used(&d, 0, &id, &len, WAIT));
	disk_tear_down();
}
END_TEST

static _Atomic unsigned interrupts;

static void count_interrupt(struct virtio *v, uint16_t vector)
{
	(void)v;
	(void)vector;
	interrupts++;
}

START_TEST(tells_of_all_that_it_did_together)
{
	static const struct driver_piece piece[3] = {{HEADER, 16, false},
						     {DATA, 20, true},
						     {STATUS, 1, true}};
	unsigned i, waited;
	uint32_t len;
	uint16_t id;

	begin_kind(&kinds[_i]);
	disk.blk->vp.virtio.interrupt = count_interrupt;
	put_header(VIRTIO_BLK_T_GET_ID, 0);
	for (i = 0; i < BATCH; i++)
		driver_add(&d, 0, piece, 3, false);
	driver_kick(&d, 0);
	for (i = 0; i < BATCH; i++)
		ck_assert(driver_used(&d, 0, &id, &len, WAIT));
	for (waited = 0; !interrupts && waited < WAIT * 1000; waited++)
		usleep(1000);
	ck_assert_uint_ge(interrupts, 1);
	ck_assert_uint_lt(interrupts, BATCH / 2);
	disk_tear_down();
}
END_TEST

START_TEST(keeps_its_state)
{
	begin_kind(&kinds[_i]);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 8, 512, true, NULL),
			  VIRTIO_BLK_S_OK);
	machine_notify(&disk.h.m, EVENT_STOP);
	harness_roundtrip(&disk.blk->vp.pci.dev);
	machine_notify(&disk.h.m, EVENT_RESUME);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 8, 512, true, NULL),
			  VIRTIO_BLK_S_OK);
	disk_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtio-blk");

	tcase_add_loop_test(tc, reads_and_writes, 0, KINDS);
	tcase_add_loop_test(tc, agrees_with_a_model, 0, 2 * KINDS);
	tcase_add_loop_test(tc, refuses_what_is_wrong, 0, KINDS);
	tcase_add_test(tc, is_read_only_when_its_image_is);
	tcase_add_test(tc, says_who_it_is);
	tcase_add_test(tc, clears_ranges);
	tcase_add_loop_test(tc, describes_itself, 0, 2);
	tcase_add_test(tc, is_for_the_drivers_that_its_name_says);
	tcase_add_loop_test(tc, tells_of_a_new_size, 0, 2);
	tcase_add_loop_test(tc, writes_through_for_who_cannot_flush, 0, 2);
	tcase_add_test(tc, survives_resets_with_requests_in_flight);
	tcase_add_loop_test(tc, stands_still_with_the_machine, 0, KINDS);
	tcase_add_loop_test(tc, tells_of_all_that_it_did_together, 0, KINDS);
	tcase_add_loop_test(tc, keeps_its_state, 0, KINDS);
	return unit_run_case("virtio-blk", tc);
}
