/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SCSI disk's commands, as a guest gives them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/scsi_guest.h"

#define BLOCKS	    (SCSI_IMAGE / 512)
#define NO_MEDIUM   0x023a00
#define LIST_LENGTH 0x051a00
#define BAD_OPCODE  0x052000
#define BAD_LBA	    0x052100
#define BAD_FIELD   0x052400
#define BAD_PARAM   0x052600
#define NOT_SAVED   0x053900
#define PREVENTED   0x055302
#define RESET	    0x062900
#define CAPACITY    0x062a09
#define PROTECTED   0x072700

static struct scsi_unit *begin(const char *const *properties)
{
	struct scsi_unit *u;

	guest_set_up(NULL);
	u = guest_add(&scsi_hd_class, 0, 0, properties, true);
	guest_begin(false, UINT64_MAX & ~VIRTIO_BIT(VIRTIO_F_RING_PACKED));
	u->attention = SENSE_NONE;
	return u;
}

START_TEST(tells_of_its_reset_once)
{
	struct scsi_unit *u = begin(NULL);

	scsi_unit_reset(u);
	guest_expect("12 00 00 00 24 00", 36, 0);
	guest_expect("a0 00 00 00 00 00 00 00 00 10 00 00", 16, 0);
	guest_expect("00 00 00 00 00 00", 0, RESET);
	guest_expect("00 00 00 00 00 00", 0, 0);
	scsi_unit_reset(u);
	guest_expect_data("03 00 00 00 12 00", 18,
			  "70 00 06 00 00 00 00 0a 00 00 00 00 29 00 00 00 00 "
			  "00");
	guest_expect_data("03 01 00 00 08 00", 8, "72 00 00 00 00 00 00 00");
	guest_tear_down();
}
END_TEST

/* As qemu's disk answers, but that no zeros follow. */
START_TEST(says_what_it_is)
{
	begin(NULL);
	guest_expect_data("12 00 00 00 ff 00", 255,
			  "00 00 05 12 1f 00 00 12 51 45 4d 55 20 20 20 20 51 "
			  "45 4d 55 20 48 41 52 44 44 49 53 4b 20 20 20 32 2e "
			  "35 2b");
	guest_expect_data("12 00 00 00 05 00", 5, "00 00 05 12 1f");
	guest_expect_data("12 01 00 00 ff 00", 255,
			  "00 00 00 05 00 83 b0 b1 "
			  "b2");
	guest_expect_data("12 01 83 00 ff 00", 255,
			  "00 83 00 06 02 00 00 02 64 30");
	guest_expect_data("12 01 b0 00 ff 00", 255,
			  "00 b0 00 3c 01 00 00 00 00 3f ff ff 00 00 00 00 00 "
			  "00 00 00 00 20 00 00 00 00 00 ff 00 00 00 08 00 00 "
			  "00 00 00 00 00 00 00 3f ff ff 00 00 00 00 00 00 00 "
			  "00 00 00 00 00 00 00 00 00 00 00 00 00");
	guest_expect_data("12 01 b2 00 ff 00", 255, "00 b2 00 04 00 e0 02 00");
	guest_expect("12 01 80 00 ff 00", 255, BAD_FIELD);
	guest_expect("12 01 c0 00 ff 00", 255, BAD_FIELD);
	guest_expect("12 00 80 00 ff 00", 255, BAD_FIELD);
	guest_tear_down();
}
END_TEST

START_TEST(says_what_its_user_calls_it)
{
	static const char *const properties[] = {"serial",
						 "ABC",
						 "wwn",
						 "0x5000c500a1b2c3d4",
						 "port_wwn",
						 "0x5000c500a1b2c3d5",
						 "removable",
						 "on",
						 "vendor",
						 "V",
						 "product",
						 "P",
						 "ver",
						 "9",
						 "rotation_rate",
						 "7200",
						 "device_id",
						 "DEVID",
						 "physical_block_size",
						 "4096",
						 "dpofua",
						 "on",
						 NULL};

	begin(properties);
	guest_expect_data("12 00 00 00 24 00", 36,
			  "00 80 05 12 1f 00 00 12 56 20 20 20 20 20 20 20 50 "
			  "20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 39 20 "
			  "20 20");
	guest_expect_data("12 01 00 00 ff 00", 255,
			  "00 00 00 06 00 80 83 b0 b1 b2");
	guest_expect_data("12 01 80 00 ff 00", 255, "00 80 00 03 41 42 43");
	guest_expect_data("12 01 83 00 ff 00", 255,
			  "00 83 00 21 02 00 00 05 44 45 56 49 44 01 03 00 08 "
			  "50 00 c5 00 a1 b2 c3 d4 61 93 00 08 50 00 c5 00 a1 "
			  "b2 c3 d5");
	guest_expect("12 01 b1 00 ff 00", 255, 0);
	ck_assert_uint_eq(load_be16(guest.data + 4), 7200);
	guest_expect("9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00", 32, 0);
	ck_assert_uint_eq(guest.data[13], 3);
	guest_expect("1a 08 08 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[2], 0x10);
	guest_tear_down();
}
END_TEST

START_TEST(tells_its_size)
{
	begin(NULL);
	guest_expect_data("25 00 00 00 00 00 00 00 00 00", 8,
			  "00 00 0f ff 00 00 02 00");
	guest_expect("25 00 00 00 00 01 00 00 00 00", 8, BAD_FIELD);
	guest_expect_data("9e 10 00 00 00 00 00 00 00 00 00 00 00 10 00 00", 16,
			  "00 00 00 00 00 00 0f ff 00 00 02 00 00 00 80 00");
	guest_expect("9e 12 00 00 00 00 00 00 00 00 00 00 00 20 00 00", 32,
		     BAD_FIELD);
	guest_tear_down();
}
END_TEST

START_TEST(has_mode_pages)
{
	begin(NULL);
	guest_expect_data("1a 00 01 00 ff 00", 255,
			  "17 00 00 08 00 00 10 00 00 00 02 00 01 0a 80 00 00 "
			  "00 00 00 00 00 00 00");
	guest_expect_data("1a 08 04 00 ff 00", 255,
			  "1b 00 00 00 04 16 00 00 04 10 00 00 04 00 00 04 00 "
			  "c8 ff ff ff 00 00 00 15 18 00 00");
	guest_expect_data("1a 08 05 00 ff 00", 255,
			  "23 00 00 00 05 1e 13 88 10 3f 02 00 00 04 00 04 00 "
			  "04 00 01 01 00 01 01 01 00 00 00 00 00 00 00 15 18 "
			  "00 00");
	guest_expect_data("5a 08 08 00 00 00 00 00 ff 00", 255,
			  "00 1a 00 00 00 00 00 00 08 12 04 00 00 00 00 00 00 "
			  "00 00 00 00 00 00 00 00 00 00 00");
	guest_expect("1a 00 3f 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[0], 99);
	guest_expect("1a 00 7f 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[12 + 12 + 24 + 32 + 2], 4);
	guest_expect("1a 00 00 00 ff 00", 255, BAD_FIELD);
	guest_expect("1a 00 2a 00 ff 00", 255, BAD_FIELD);
	guest_expect("1a 00 c8 00 ff 00", 255, NOT_SAVED);
	guest_tear_down();
}
END_TEST

static unsigned select_mode(const char *cdb, const void *list, size_t len)
{
	struct answer a = guest_tell(cdb, list, len);

	ck_assert_uint_eq(a.response, VIRTIO_SCSI_S_OK);
	return a.sense;
}

START_TEST(the_write_cache_can_be_chosen)
{
	struct scsi_unit *u = begin(NULL);
	uint8_t list[64] = {[4] = 0x08, [5] = 0x12};

	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24), 0);
	ck_assert(u->front->writethrough);
	guest_expect("1a 08 08 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[6], 0);
	list[6] = 4;
	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24), 0);
	ck_assert(!u->front->writethrough);
	list[6] = 0;
	u->dev.class->reset(&u->dev);
	u->attention = SENSE_NONE;
	ck_assert_uint_eq(select_mode("15 00 00 00 18 00", list, 24),
			  BAD_FIELD);
	ck_assert_uint_eq(select_mode("15 11 00 00 18 00", list, 24),
			  BAD_FIELD);
	ck_assert_uint_eq(select_mode("15 10 00 00 0e 00", list, 14),
			  LIST_LENGTH);
	ck_assert_uint_eq(select_mode("15 10 00 00 03 00", list, 3),
			  LIST_LENGTH);
	ck_assert_uint_eq(select_mode("15 10 00 00 05 00", list, 5),
			  LIST_LENGTH);
	ck_assert_uint_eq(
		guest_tell("55 10 00 00 00 00 00 ff ff 00", list, 24).response,
		VIRTIO_SCSI_S_OVERRUN);
	list[3] = 7;
	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24),
			  BAD_PARAM);
	list[3] = 0;
	list[7] = 1;
	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24),
			  BAD_PARAM);
	list[7] = 0;
	list[4] = 0x48;
	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24),
			  BAD_PARAM);
	list[4] = 3;
	ck_assert_uint_eq(select_mode("15 10 00 00 18 00", list, 24),
			  BAD_PARAM);
	ck_assert(!u->front->writethrough);
	guest_tear_down();
}
END_TEST

static void check_read(const char *cdb, uint64_t lba, size_t len)
{
	size_t i;

	guest_expect(cdb, len, 0);
	ck_assert_uint_eq(guest.last.resid, 0);
	ck_assert_uint_eq(guest.last.used, 108 + len);
	for (i = 0; i < len; i++)
		ck_assert_uint_eq(guest.data[i], guest_byte(lba * 512 + i));
}

START_TEST(reads_by_every_command)
{
	begin(NULL);
	check_read("08 00 00 01 01 00", 1, 512);
	check_read("08 00 00 02 00 00", 2, 131072);
	check_read("28 00 00 00 0f ff 00 00 01 00", 4095, 512);
	check_read("28 18 00 00 00 08 00 00 10 00", 8, 8192);
	check_read("a8 00 00 00 00 03 00 00 00 02 00 00", 3, 1024);
	check_read("88 00 00 00 00 00 00 00 00 05 00 00 00 03 00 00", 5, 1536);
	guest_expect("28 00 00 00 10 00 00 00 00 00", 0, 0);
	guest_expect("28 00 00 00 10 01 00 00 00 00", 0, BAD_LBA);
	guest_expect("28 00 00 00 0f ff 00 00 02 00", 1024, BAD_LBA);
	guest_expect("28 00 ff ff ff ff 00 00 01 00", 512, BAD_LBA);
	guest_expect("88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00", 512,
		     BAD_LBA);
	guest_expect("28 20 00 00 00 00 00 00 01 00", 512, BAD_FIELD);
	guest_tear_down();
}
END_TEST

static void check_written(uint64_t lba, size_t len, uint8_t byte)
{
	uint8_t *got = malloc(len);
	size_t i;
	int fd = open(guest.path[0], O_RDONLY);

	ck_assert(pread(fd, got, len, (off_t)lba * 512) == (ssize_t)len);
	for (i = 0; i < len; i++)
		ck_assert_uint_eq(got[i], byte);
	close(fd);
	free(got);
}

static unsigned write_bytes(const char *cdb, uint8_t byte, size_t len)
{
	static uint8_t buf[65536];
	struct answer a;

	memset(buf, byte, len);
	a = guest_tell(cdb, buf, len);
	ck_assert_uint_eq(a.response, VIRTIO_SCSI_S_OK);
	return a.sense;
}

START_TEST(writes_by_every_command)
{
	begin(NULL);
	ck_assert_uint_eq(write_bytes("0a 00 00 01 01 00", 1, 512), 0);
	check_written(1, 512, 1);
	ck_assert_uint_eq(write_bytes("2a 08 00 00 00 02 00 00 02 00", 2, 1024),
			  0);
	check_written(2, 1024, 2);
	ck_assert_uint_eq(write_bytes("aa 00 00 00 00 04 00 00 00 01 00 00", 3,
				      512),
			  0);
	check_written(4, 512, 3);
	ck_assert_uint_eq(
		write_bytes("8a 00 00 00 00 00 00 00 00 05 00 00 00 01 00 00",
			    4, 512),
		0);
	check_written(5, 512, 4);
	ck_assert_uint_eq(write_bytes("2e 00 00 00 00 06 00 00 01 00", 5, 512),
			  0);
	check_written(6, 512, 5);
	ck_assert_uint_eq(write_bytes("2a 00 00 00 10 00 00 00 01 00", 6, 512),
			  BAD_LBA);
	ck_assert_uint_eq(write_bytes("2a 20 00 00 00 01 00 00 01 00", 6, 512),
			  BAD_FIELD);
	ck_assert_uint_eq(guest.last.resid, 0);
	guest_expect("35 00 00 00 00 00 00 00 00 00", 0, 0);
	guest_expect("91 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(writes_blocks_alike)
{
	begin(NULL);
	ck_assert_uint_eq(write_bytes("41 00 00 00 00 14 00 04 00 00", 'q',
				      512),
			  0);
	check_written(20, 512 * 1024, 'q');
	ck_assert_uint_eq(write_bytes("41 08 00 00 00 14 00 00 04 00", 0, 512),
			  0);
	check_written(20, 2048, 0);
	check_written(24, 512, 'q');
	ck_assert_uint_eq(
		write_bytes("93 00 00 00 00 00 00 00 00 20 00 00 00 04 00 00",
			    'r', 512),
		0);
	check_written(32, 2048, 'r');
	guest_expect("93 01 00 00 00 00 00 00 00 20 00 00 00 02 00 00", 0, 0);
	check_written(32, 1024, 0);
	check_written(34, 1024, 'r');
	ck_assert_uint_eq(write_bytes("41 00 00 00 00 14 00 00 00 00", 1, 512),
			  BAD_FIELD);
	ck_assert_uint_eq(write_bytes("41 02 00 00 00 14 00 00 01 00", 1, 512),
			  BAD_FIELD);
	ck_assert_uint_eq(write_bytes("41 04 00 00 00 14 00 00 01 00", 1, 512),
			  BAD_FIELD);
	ck_assert_uint_eq(write_bytes("41 10 00 00 00 14 00 00 01 00", 1, 512),
			  BAD_FIELD);
	ck_assert_uint_eq(write_bytes("41 00 00 00 0f ff 00 00 02 00", 1, 512),
			  BAD_LBA);
	guest_tear_down();
}
END_TEST

static unsigned unmap(const char *cdb, unsigned data_len, unsigned list_len,
		      const uint64_t *ranges, unsigned n)
{
	uint8_t list[8 + 16 * 8] = {0};
	unsigned i;

	store_be16(list, (uint16_t)data_len);
	store_be16(list + 2, (uint16_t)list_len);
	for (i = 0; i < n; i++) {
		store_be64(list + 8 + 16 * (size_t)i, ranges[2 * i]);
		store_be32(list + 16 + 16 * (size_t)i,
			   (uint32_t)ranges[2 * i + 1]);
	}
	return select_mode(cdb, list, 8 + 16 * (size_t)n);
}

START_TEST(gives_blocks_back)
{
	static const uint64_t good[] = {64, 16, 0, 0, 96, 8};
	static const uint64_t behind[] = {BLOCKS - 1, 2};
	static const uint64_t far_off[] = {UINT64_MAX, 2};

	begin(NULL);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 38 00", 54, 48, good,
				3),
			  0);
	check_written(64, 16 * 512, 0);
	check_written(96, 8 * 512, 0);
	guest_expect("42 00 00 00 00 00 00 00 00 00", 0, 0);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 18 00", 22, 16, behind,
				1),
			  BAD_LBA);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 18 00", 22, 16,
				far_off, 1),
			  BAD_LBA);
	ck_assert_uint_eq(unmap("42 01 00 00 00 00 00 00 18 00", 22, 16, good,
				1),
			  BAD_FIELD);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 18 00", 100, 100, good,
				1),
			  LIST_LENGTH);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 18 00", 22, 15, good,
				1),
			  LIST_LENGTH);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 18 00", 6, 0, good, 1),
			  0);
	ck_assert_uint_eq(unmap("42 00 00 00 00 00 00 00 04 00", 22, 16, good,
				1),
			  LIST_LENGTH);
	guest_tear_down();
}
END_TEST

START_TEST(answers_what_does_little)
{
	static const char *const fine[] = {
		"04 00 00 00 00 00",
		"16 00 00 00 00 00",
		"17 00 00 00 00 00",
		"56 00 00 00 00 00 00 00 00 00",
		"57 00 00 00 00 00 00 00 00 00",
		"2b 00 00 00 00 05 00 00 00 00",
		"2f 00 00 00 00 05 00 00 01 00",
		"8f 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00",
		"1b 00 00 00 00 00",
		"1b 00 00 00 01 00",
		"1b 00 00 00 12 00",
		"1e 00 00 00 01 00",
		"1b 00 00 00 02 00"};
	static const struct {
		const char *cdb;
		unsigned sense;
	} wrong[] = {
		{"01 00 00 00 00 00", BAD_OPCODE},
		{"7f 00 00 00 00 00", BAD_OPCODE},
		{"ff 00 00 00 00 00", BAD_OPCODE},
		{"16 01 00 00 00 00", BAD_FIELD},
		{"2b 00 00 00 10 00 00 00 00 00", BAD_LBA},
		{"2f 02 00 00 00 05 00 00 01 00", BAD_FIELD},
		{"2f 00 00 00 10 00 00 00 01 00", BAD_LBA},
	};
	size_t i;

	begin(NULL);
	for (i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		guest_expect(fine[i], 0, 0);
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		guest_expect(wrong[i].cdb, 0, wrong[i].sense);
	guest_expect_data("03 00 00 00 12 00", 18,
			  "70 00 05 00 00 00 00 0a 00 00 00 00 21 00 00 00 00 "
			  "00");
	guest_expect("00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(a_removable_one_can_be_taken_out)
{
	static const char *const properties[] = {"removable", "on", NULL};
	struct scsi_unit *u = begin(properties);

	guest_expect("1e 00 00 00 01 00", 0, 0);
	ck_assert(u->front->locked);
	guest_expect("1b 00 00 00 02 00", 0, PREVENTED);
	guest_expect("1e 00 00 00 00 00", 0, 0);
	guest_expect("1b 00 00 00 02 00", 0, 0);
	ck_assert(u->front->tray_open);
	guest_expect("00 00 00 00 00 00", 0, NO_MEDIUM);
	guest_expect("28 00 00 00 00 00 00 00 01 00", 512, NO_MEDIUM);
	guest_expect("25 00 00 00 00 00 00 00 00 00", 8, NO_MEDIUM);
	guest_expect("1b 00 00 00 03 00", 0, 0);
	guest_expect("00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(a_new_size_is_told)
{
	struct scsi_unit *u = begin(NULL);

	ck_assert(truncate(guest.path[0], SCSI_IMAGE) == 0);
	u->front->media->resized(u->front->media_ctx);
	guest_expect("00 00 00 00 00 00", 0, CAPACITY);
	guest_expect("00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(what_cannot_be_written_says_so)
{
	struct scsi_unit *u = begin(NULL);

	u->readonly = true;
	ck_assert_uint_eq(write_bytes("2a 00 00 00 00 01 00 00 01 00", 6, 512),
			  PROTECTED);
	ck_assert_uint_eq(write_bytes("41 00 00 00 00 01 00 00 01 00", 6, 512),
			  PROTECTED);
	ck_assert_uint_eq(write_bytes("42 00 00 00 00 00 00 00 18 00", 0, 24),
			  PROTECTED);
	guest_expect("1a 08 08 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[2], 0x80);
	guest_tear_down();
}
END_TEST

START_TEST(blocks_may_be_larger)
{
	static const char *const properties[] = {"logical_block_size", "4096",
						 NULL};

	begin(properties);
	guest_expect_data("25 00 00 00 00 00 00 00 00 00", 8,
			  "00 00 01 ff 00 00 10 00");
	check_read("28 00 00 00 00 01 00 00 02 00", 8, 8192);
	ck_assert_uint_eq(write_bytes("41 00 00 00 00 02 00 00 14 00", 'q',
				      4096),
			  0);
	check_written(16, 0x14 * 4096, 'q');
	guest_tear_down();
}
END_TEST

START_TEST(keeps_its_state)
{
	static const char *const properties[] = {"removable", "on", NULL};
	struct scsi_unit *u = begin(properties);

	guest_expect("1e 00 00 00 01 00", 0, 0);
	guest_expect("01 00 00 00 00 00", 0, BAD_OPCODE);
	u->attention = SENSE_CAPACITY_CHANGED;
	machine_notify(&guest.h.m, EVENT_STOP);
	harness_roundtrip(&u->dev);
	machine_notify(&guest.h.m, EVENT_RESUME);
	ck_assert(u->front->locked);
	guest_expect("00 00 00 00 00 00", 0, CAPACITY);
	guest_tear_down();
}
END_TEST

HARNESS_MAIN("scsi disk", tells_of_its_reset_once, says_what_it_is,
	     says_what_its_user_calls_it, tells_its_size, has_mode_pages,
	     the_write_cache_can_be_chosen, reads_by_every_command,
	     writes_by_every_command, writes_blocks_alike, gives_blocks_back,
	     answers_what_does_little, a_removable_one_can_be_taken_out,
	     a_new_size_is_told, what_cannot_be_written_says_so,
	     blocks_may_be_larger, keeps_its_state)
