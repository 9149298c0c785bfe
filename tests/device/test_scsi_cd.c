/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SCSI CD-ROM drive's commands, as a guest gives them. */
#include <string.h>

#include "tests/device/scsi_guest.h"

#define NO_MEDIUM    0x023a00
#define BAD_OPCODE   0x052000
#define BAD_LBA	     0x052100
#define BAD_FIELD    0x052400
#define WRONG_MEDIUM 0x053000
#define PREVENTED    0x055302
#define CHANGED	     0x062800
#define REMOVED	     0x063a00

static struct scsi_unit *begin(bool medium)
{
	struct scsi_unit *u;

	guest_set_up(NULL);
	u = guest_add(&scsi_cd_class, 0, 0, NULL, medium);
	guest_begin(false, UINT64_MAX & ~VIRTIO_BIT(VIRTIO_F_RING_PACKED));
	u->attention = SENSE_NONE;
	return u;
}

START_TEST(says_what_it_is)
{
	begin(true);
	guest_expect_data("12 00 00 00 24 00", 36,
			  "05 80 05 12 1f 00 00 12 51 45 4d 55 20 20 20 20 51 "
			  "45 4d 55 20 43 44 2d 52 4f 4d 20 20 20 20 20 32 2e "
			  "35 2b");
	guest_expect_data("12 01 00 00 ff 00", 255, "05 00 00 02 00 83");
	guest_expect_data("12 01 83 00 ff 00", 255,
			  "05 83 00 06 02 00 00 02 64 30");
	guest_expect("12 01 b0 00 ff 00", 255, BAD_FIELD);
	guest_expect_data("25 00 00 00 00 00 00 00 00 00", 8,
			  "00 00 03 ff 00 00 08 00");
	guest_tear_down();
}
END_TEST

START_TEST(has_mode_pages)
{
	begin(true);
	guest_expect_data("1a 00 01 00 ff 00", 255,
			  "0f 00 00 00 01 0a 80 20 00 00 00 00 00 00 00 00");
	guest_expect_data("1a 00 0e 00 ff 00", 255,
			  "13 00 00 00 0e 0e 00 00 00 00 00 00 00 00 00 00 00 "
			  "00 00 00");
	guest_expect_data("5a 00 2a 00 00 00 00 00 ff 00", 255,
			  "00 1c 00 00 00 00 00 00 2a 14 3b 00 7f ff 2d 00 22 "
			  "60 00 02 08 00 0b 00 00 00 0b 00 0b 00");
	guest_expect("5a 00 3f 00 00 00 00 00 ff 00", 255, 0);
	ck_assert_uint_eq(load_be16(guest.data), 0x4c);
	guest_expect("1a 00 04 00 ff 00", 255, BAD_FIELD);
	guest_expect("1e 00 00 00 01 00", 0, 0);
	guest_expect("5a 00 2a 00 00 00 00 00 ff 00", 255, 0);
	ck_assert_uint_eq(guest.data[8 + 6], 0x2f);
	guest_tear_down();
}
END_TEST

static void check_read(const char *cdb, uint64_t lba, size_t len)
{
	size_t i;

	guest_expect(cdb, len, 0);
	for (i = 0; i < len; i++)
		ck_assert_uint_eq(guest.data[i], guest_byte(lba * 2048 + i));
}

START_TEST(reads_by_every_command)
{
	begin(true);
	check_read("08 00 00 01 02 00", 1, 4096);
	check_read("28 00 00 00 03 ff 00 00 01 00", 1023, 2048);
	check_read("a8 00 00 00 00 03 00 00 00 02 00 00", 3, 4096);
	check_read("88 00 00 00 00 00 00 00 00 05 00 00 00 03 00 00", 5, 6144);
	check_read("be 00 00 00 00 07 00 00 02 10 00 00", 7, 4096);
	guest_expect("be 00 00 00 00 07 00 00 01 00 00 00", 0, 0);
	guest_expect("be 00 00 00 00 07 00 00 01 f8 00 00", 2352, BAD_FIELD);
	ck_assert_uint_eq(
		guest_ask("be 00 00 00 00 07 00 00 02 10 00 00", 2048).response,
		VIRTIO_SCSI_S_OVERRUN);
	ck_assert_uint_eq(
		guest_ask("be 00 00 00 00 07 ff ff ff 10 00 00", 2048).response,
		VIRTIO_SCSI_S_OVERRUN);
	guest_expect("28 00 00 00 04 00 00 00 01 00", 2048, BAD_LBA);
	guest_expect("be 00 00 00 04 00 00 00 01 10 00 00", 2048, BAD_LBA);
	ck_assert_uint_eq(guest_tell("2a 00 00 00 00 00 00 00 01 00",
				     guest.data, 2048)
				  .sense,
			  BAD_OPCODE);
	guest_tear_down();
}
END_TEST

START_TEST(tells_of_tracks)
{
	begin(true);
	guest_expect_data("43 00 00 00 00 00 00 00 ff 00", 255,
			  "00 12 01 01 00 14 01 00 00 00 00 00 00 14 aa 00 00 "
			  "00 04 00");
	guest_expect_data("43 02 00 00 00 00 01 00 ff 00", 255,
			  "00 12 01 01 00 14 01 00 00 00 02 00 00 14 aa 00 00 "
			  "00 0f 31");
	guest_expect_data("43 00 00 00 00 00 aa 00 ff 00", 255,
			  "00 0a 01 01 00 14 aa 00 00 00 04 00");
	guest_expect_data("43 00 01 00 00 00 00 00 ff 00", 255,
			  "00 0a 01 01 00 14 01 00 00 00 00 00");
	guest_expect("43 00 02 00 00 00 00 00 ff 00", 255, 0);
	ck_assert_uint_eq(load_be16(guest.data), 0x2e);
	guest_expect_data("43 00 00 00 00 00 00 00 04 00", 4, "00 12 01 01");
	guest_expect("43 00 00 00 00 00 02 00 ff 00", 255, BAD_FIELD);
	guest_expect("43 00 03 00 00 00 00 00 ff 00", 255, BAD_FIELD);
	guest_tear_down();
}
END_TEST

#define FEATURES \
	"00 00 03 08 00 10 00 00 00 08 01 00 00 01 0b 08 00 00 00 01 01 00 " \
	"00 00 00 03 0b 04 39 00 00 00"

START_TEST(tells_of_features)
{
	begin(true);
	guest_expect_data("46 00 00 00 00 00 00 00 ff 00", 255,
			  "00 00 00 24 00 00 00 08 " FEATURES);
	guest_expect_data("46 01 00 00 00 00 00 00 ff 00", 255,
			  "00 00 00 24 00 00 00 08 " FEATURES);
	guest_expect_data("46 02 00 03 00 00 00 00 ff 00", 255,
			  "00 00 00 0c 00 00 00 08 00 03 0b 04 39 00 00 00");
	guest_expect_data("46 02 00 55 00 00 00 00 ff 00", 255,
			  "00 00 00 04 00 00 00 08");
	guest_expect_data("46 00 00 00 00 00 00 00 08 00", 8,
			  "00 00 00 24 00 00 00 08");
	guest_expect("46 03 00 00 00 00 00 00 ff 00", 255, BAD_FIELD);
	guest_expect_data("51 00 00 00 00 00 00 00 08 00", 8,
			  "00 20 0e 01 01 01 01 20");
	guest_expect_data("bd 00 00 00 00 00 00 00 00 ff 00 00", 255,
			  "00 00 00 00 00 01 00 00");
	guest_expect("ad 00 00 00 00 00 00 00 00 ff 00 00", 255, WRONG_MEDIUM);
	guest_expect("ad 00 00 00 00 00 00 ff 00 ff 00 00", 255, 0);
	guest_expect("52 00 00 00 00 00 00 00 40 00", 64, BAD_OPCODE);
	guest_tear_down();
}
END_TEST

/* What is no longer a CD's size is a DVD. */
START_TEST(a_large_medium_is_a_dvd)
{
	struct scsi_unit *u = begin(true);

	u->mmc.sectors = 0x80000;
	guest_expect("46 00 00 00 00 00 00 00 08 00", 8, 0);
	ck_assert_uint_eq(guest.data[7], 0x10);
	guest_expect("ad 00 00 00 00 00 00 00 08 04 00 00", 2052, 0);
	ck_assert_uint_eq(load_be16(guest.data), 2050);
	ck_assert_uint_eq(load_be32(guest.data + 8), 0x30000);
	ck_assert_uint_eq(load_be32(guest.data + 12), 0x30000 + 0x7ffff);
	guest_expect_data("ad 00 00 00 00 00 00 01 00 ff 00 00", 255,
			  "00 06 00 00 00 00 00 00");
	guest_expect("ad 00 00 00 00 00 00 02 00 ff 00 00", 255, BAD_FIELD);
	guest_expect("ad 00 00 00 00 00 01 00 00 ff 00 00", 255, BAD_FIELD);
	guest_tear_down();
}
END_TEST

#define EVENTS "4a 01 00 00 10 00 00 00 08 00"

START_TEST(the_guest_opens_and_closes_its_tray)
{
	struct scsi_unit *u = begin(true);

	guest_expect_data(EVENTS, 8, "00 06 04 10 00 02 00 00");
	guest_expect("4a 00 00 00 10 00 00 00 08 00", 8, BAD_FIELD);
	guest_expect_data("4a 01 00 00 04 00 00 00 08 00", 8, "00 02 80 10");
	guest_expect("1e 00 00 00 01 00", 0, 0);
	guest_expect("1b 00 00 00 02 00", 0, PREVENTED);
	ck_assert(!u->front->tray_open);
	guest_expect("1e 00 00 00 00 00", 0, 0);
	guest_expect("1b 00 00 00 02 00", 0, 0);
	ck_assert(u->front->tray_open);
	guest_expect("00 00 00 00 00 00", 0, NO_MEDIUM);
	guest_expect("28 00 00 00 00 00 00 00 01 00", 2048, NO_MEDIUM);
	guest_expect_data(EVENTS, 8, "00 06 04 10 00 01 00 00");
	guest_expect("1b 00 00 00 03 00", 0, 0);
	guest_expect("00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(the_user_takes_the_medium_out)
{
	struct scsi_unit *u = begin(true);
	struct machine *m = &guest.h.m;
	struct error err = {0};

	guest_expect("1e 00 00 00 01 00", 0, 0);
	ck_assert_int_lt(blk_media_open_tray(m, u->front, false, &err), 0);
	guest_expect_data(EVENTS, 8, "00 06 04 10 01 02 00 00");
	guest_expect_data(EVENTS, 8, "00 06 04 10 00 02 00 00");
	ck_assert_int_eq(blk_media_open_tray(m, u->front, true, &err), 0);
	ck_assert_int_eq(blk_media_remove(u->front, &err), 0);
	guest_expect("00 00 00 00 00 00", 0, REMOVED);
	guest_expect("00 00 00 00 00 00", 0, NO_MEDIUM);
	guest_expect_data(EVENTS, 8, "00 06 04 10 01 01 00 00");
	guest_expect_data(EVENTS, 8, "00 06 04 10 03 01 00 00");
	guest_expect_data("46 00 00 00 00 00 00 00 08 00", 8,
			  "00 00 00 24 00 00 00 00");
	guest_tear_down();
}
END_TEST

static struct blk_node *another(void)
{
	struct blk_open how = {.format = "raw", .filename = guest.path[0]};
	struct blk_node *node = blk_open_alone(&how, NULL);

	ck_assert(node != NULL);
	return node;
}

START_TEST(the_user_puts_a_medium_in)
{
	struct scsi_unit *u = begin(false);
	struct machine *m = &guest.h.m;
	struct error err = {0};

	/* Another unit's image serves as the medium. */
	guest_add(&scsi_cd_class, 1, 0, NULL, true);
	guest.id = 0;
	guest_expect("00 00 00 00 00 00", 0, NO_MEDIUM);
	guest_expect("25 00 00 00 00 00 00 00 00 00", 8, NO_MEDIUM);
	ck_assert_int_eq(blk_media_change(m, u->front, another(), false, &err),
			 0);
	guest_expect("00 00 00 00 00 00", 0, CHANGED);
	guest_expect("00 00 00 00 00 00", 0, 0);
	guest_expect_data(EVENTS, 8, "00 06 04 10 02 02 00 00");
	check_read("28 00 00 00 00 09 00 00 01 00", 9, 2048);
	guest_tear_down();
}
END_TEST

START_TEST(keeps_its_state)
{
	struct scsi_unit *u = begin(true);

	guest_expect("1b 00 00 00 02 00", 0, 0);
	u->mmc.media_changed = true;
	machine_notify(&guest.h.m, EVENT_STOP);
	harness_roundtrip(&u->dev);
	machine_notify(&guest.h.m, EVENT_RESUME);
	ck_assert(u->front->tray_open);
	guest_expect_data(EVENTS, 8, "00 06 04 10 03 01 00 00");
	guest_tear_down();
}
END_TEST

HARNESS_MAIN("scsi cd", says_what_it_is, has_mode_pages, reads_by_every_command,
	     tells_of_tracks, tells_of_features, a_large_medium_is_a_dvd,
	     the_guest_opens_and_closes_its_tray, the_user_takes_the_medium_out,
	     the_user_puts_a_medium_in, keeps_its_state)
