/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floppy controller over its ports, with disks in real files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/floppy_guest.h"

#define DISK_144 (2880u * BLK_SECTOR)
#define BUF	 0x10000u

static struct floppy_guest g;

static void start(void)
{
	floppy_start(&g);
	floppy_insert(&g, 0, DISK_144, false);
	floppy_reset(&g);
}

static void end(void)
{
	floppy_end(&g);
}

static uint8_t *ram(uint32_t at)
{
	return g.h.ram->host + at;
}

/* Fails unless the result is this; -1 stands for anything. */
static void check_result(const int *want, unsigned n)
{
	unsigned i;

	ck_assert_uint_eq(g.nresult, n);
	for (i = 0; i < n; i++)
		if (want[i] >= 0)
			ck_assert_msg(g.result[i] == want[i],
				      "byte %u is %02x, not %02x", i,
				      g.result[i], (unsigned)want[i]);
}

#define command(...) \
	floppy_command(&g, (const uint8_t[]){__VA_ARGS__}, \
		       sizeof((const uint8_t[]){__VA_ARGS__}))

#define expect(...) \
	check_result((const int[]){__VA_ARGS__}, \
		     sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void read_by_dma(uint32_t len, uint8_t cmd, uint8_t c, uint8_t h,
			uint8_t r, uint8_t eot)
{
	floppy_dma(&g, BUF, len, true);
	command(cmd, (uint8_t)(h << 2), c, h, r, 2, eot, 0x1b, 0xff);
}

START_TEST(a_reset_interrupts_and_is_sensed_four_times)
{
	unsigned i;

	outb(&g.h, FDC_DOR, 0);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0);
	outb(&g.h, FDC_DOR, 0x0c);
	ck_assert(g.h.level[FDC_IRQ]);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x80);
	for (i = 0; i < 4; i++) {
		command(0x08);
		expect(0xc0 + (int)i, 0);
		ck_assert(!g.h.level[FDC_IRQ]);
	}
	command(0x08);
	expect(0x80);
	outb(&g.h, FDC_MSR, 0x80); /* the same by the data rate register */
	ck_assert(g.h.level[FDC_IRQ]);
	command(0x08);
	expect(0xc0, 0);
}
END_TEST

START_TEST(registers_are_where_a_pc_has_them)
{
	ck_assert_uint_eq(inb(&g.h, 0x3f0), 0xff);
	ck_assert_uint_eq(inb(&g.h, 0x3f6), 0xff);
	outb(&g.h, FDC_DOR, 0x1d);
	ck_assert_uint_eq(inb(&g.h, FDC_DOR), 0x1d);
	ck_assert_uint_eq(inb(&g.h, 0x3f1), 0xc1);
	outb(&g.h, 0x3f3, 0xff);
	ck_assert_uint_eq(inb(&g.h, 0x3f3), 3);
	command(0x10);
	expect(0x90);
	command(0x18);
	expect(0x41);
}
END_TEST

START_TEST(commands_that_are_none_say_so)
{
	static const uint8_t none[] = {0x00, 0x01, 0x1f, 0x15, 0x0b,
				       0xff, 0xcd, 0x2f, 0x34, 0x88};
	unsigned i;

	for (i = 0; i < sizeof(none); i++) {
		command(none[i]);
		expect(0x80);
		ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x80);
	}
}
END_TEST

START_TEST(the_head_seeks_and_the_change_line_falls)
{
	outb(&g.h, FDC_DOR, 0x1c);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0x80);
	command(0x0f, 0, 5);
	ck_assert(g.h.level[FDC_IRQ]);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0);
	command(0x08);
	expect(0x20, 5);
	ck_assert(!g.h.level[FDC_IRQ]);
	command(0xcf, 0, 3);
	command(0x08);
	expect(0x20, 8);
	command(0x8f, 0, 200);
	command(0x08);
	expect(0x20, 0);
	command(0x0f, 0, 200); /* against the stop */
	command(0x08);
	expect(0x20, 79);
	command(0x04, 0);
	expect(0x28);
	command(0x07, 0);
	command(0x08);
	expect(0x20, 0);
	command(0x04, 4);
	expect(0x3c);
	command(0x04, 1); /* no drive, no disk */
	expect(0x79);
}
END_TEST

START_TEST(seeks_of_two_drives_are_sensed_apart)
{
	floppy_insert(&g, 1, DISK_144, false);
	command(0x0f, 1, 7);
	command(0x0f, 0, 4);
	command(0x08);
	expect(0x20, 4);
	ck_assert(g.h.level[FDC_IRQ]);
	command(0x08);
	expect(0x21, 7);
	ck_assert(!g.h.level[FDC_IRQ]);
	command(0x08);
	expect(0x80);
}
END_TEST

START_TEST(what_is_programmed_can_be_read_back)
{
	command(0x03, 0xdf, 0x02);
	command(0x13, 0, 0x5a, 0x11);
	command(0x12, 0x87);
	command(0x0e);
	expect(0, 0, 0, 0, 0xdf, 2, 0, 7, 0x5a, 0x11);
	command(0x94);
	expect(0x10);
	outb(&g.h, FDC_MSR, 0x80); /* what is locked outlives it */
	command(0x0e);
	expect(0, 0, 0, 0, 0xdf, 2, 0, 0x84, 0x5a, 0x11);
	command(0x14);
	expect(0);
	outb(&g.h, FDC_MSR, 0x80);
	command(0x0e);
	expect(0, 0, 0, 0, 0xdf, 2, 0, 4, 0x70, 0);
	command(0x17, 3);
	expect(3);
	command(0x33, 0);
	ck_assert_uint_eq(g.nresult, 0);
}
END_TEST

START_TEST(save_gives_what_restore_takes)
{
	uint8_t cmd[17] = {0x4e};

	command(0x0f, 0, 9);
	command(0x03, 0xaf, 0x04);
	command(0x13, 0, 0x57, 0x22);
	command(0x2e);
	expect(0, 0, 9, 0, 0, 0, 0xaf, 4, 0, 0, 0x57, 0x22, 0, 0, 0, 0);
	memcpy(cmd + 1, g.result, 16);
	floppy_reset(&g);
	floppy_command(&g, cmd, sizeof(cmd));
	ck_assert_uint_eq(g.nresult, 0);
	command(0x0e);
	expect(9, 0, 0, 0, 0xaf, 4, 0, 0, 0x57, 0x22);
}
END_TEST

START_TEST(drive_specifications_end_where_they_say)
{
	command(0x8e, 0x11, 0x80);
	expect(0, 0, 0, 0);
	command(0x8e, 0x11, 0x22, 0xc0);
	ck_assert_uint_eq(g.nresult, 0);
	command(0x8e, 1, 2, 3, 4, 5);
	expect(0x80);
}
END_TEST

START_TEST(read_id_finds_one_sector_after_the_other)
{
	command(0x0f, 0, 3);
	floppy_send(&g, (const uint8_t[]){0x4a, 4}, 2);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x10);
	harness_advance(&g.h, NS_PER_SEC);
	floppy_take_result(&g);
	expect(4, 0, 0, 3, 1, 1, 2);
	floppy_send(&g, (const uint8_t[]){0x4a, 0}, 2);
	harness_roundtrip(&g.fdc->dev);
	harness_advance(&g.h, NS_PER_SEC);
	floppy_take_result(&g);
	expect(0, 0, 0, 3, 0, 2, 2);
	outb(&g.h, FDC_DIR, 2); /* another data rate */
	floppy_send(&g, (const uint8_t[]){0x4a, 0}, 2);
	harness_advance(&g.h, NS_PER_SEC);
	floppy_take_result(&g);
	expect(0x40, 1, 0, 3, 0, 0, 2);
	floppy_send(&g, (const uint8_t[]){0x4a, 1}, 2); /* no drive */
	harness_advance(&g.h, NS_PER_SEC);
	floppy_take_result(&g);
	expect(0x41, 1, 0, 0, 0, 0, 2);
}
END_TEST

START_TEST(sectors_are_read_by_dma)
{
	read_by_dma(512, 0xe6, 0, 0, 1, 18);
	expect(0, 0, 0, 0, 0, 2, 2);
	floppy_check(&g, ram(BUF), 0, 1);
	read_by_dma(3 * 512, 0xe6, 3, 0, 17, 18); /* on to the other side */
	expect(0x24, 0, 0, 3, 1, 2, 2);
	floppy_check(&g, ram(BUF), 3 * 36 + 16, 3);
	read_by_dma(1024, 0x66, 3, 0, 17, 18); /* one side alone */
	expect(0x20, 0, 0, 4, 0, 1, 2);
	read_by_dma(4096, 0x66, 3, 1, 1, 2); /* up to EOT, without a count */
	expect(-1, 0, 0, 4, 1, 1, 2);
	floppy_check(&g, ram(BUF), 3 * 36 + 18, 2);
	read_by_dma(512, 0xe6, 3, 1, 18, 18);
	expect(0x20, 0, 0, 4, 0, 1, 2);
	read_by_dma(100, 0xe6, 3, 0, 1, 18); /* the rest of it is skipped */
	expect(0, 0, 0, 3, 0, 2, 2);
	read_by_dma(36 * 512, 0xe6, 79, 0, 1, 18);
	expect(0x20, 0, 0, 80, 0, 1, 2);
	floppy_check(&g, ram(BUF), 79 * 36, 36);
}
END_TEST

START_TEST(a_masked_channel_makes_a_read_wait)
{
	outb(&g.h, 0x0a, 6);
	command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
	ck_assert_uint_eq(g.nresult, 0);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x10);
	harness_roundtrip(&g.fdc->dev);
	machine_notify(&g.h.m, EVENT_RESUME);
	floppy_dma(&g, BUF, 1024, true);
	floppy_take_result(&g);
	expect(0, 0, 0, 0, 0, 3, 2);
	floppy_check(&g, ram(BUF), 0, 2);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	read_by_dma(512, 0xe6, 3, 0, 19, 18);
	expect(0x60, 4, 0, 3, 0, 19, 2);
	read_by_dma(512, 0xe6, 3, 0, 0, 18);
	expect(0x40, 4, 0, 3, 0, 0, 2);
	read_by_dma(512, 0xe6, 80, 0, 1, 18);
	expect(0x40, 4, 0, 80, 0, 1, 2);
	read_by_dma(512, 0xe6, 3, 2, 1, 18);
	expect(0x44, 4, 0, 3, 2, 1, 2);
	command(0xe6, 0, 3, 0, 1, 3, 18, 0x1b, 0xff); /* sectors of 1024 */
	expect(0x40, 4, 0, 3, 0, 1, 2);
	command(0xe6, 1, 3, 0, 1, 2, 18, 0x1b, 0xff); /* no drive */
	expect(0x41, 1, 0, 3, 0, 1, 2);
	read_by_dma(20 * 512, 0x66, 3, 0, 1, 40); /* runs off the track */
	expect(0x40, 4, 0, 3, 0, 19, 2);
	floppy_check(&g, ram(BUF), 3 * 36, 18);
	outb(&g.h, FDC_DIR, 1);
	read_by_dma(512, 0xe6, 3, 0, 1, 18);
	expect(0x40, 1, 0, 3, 0, 1, 2);
	command(0xcc, 0, 3, 0, 1, 2, 18, 0x1b, 0xff); /* deleted data */
	expect(0x60, 0, 0, 3, 0, 1, 2);
}
END_TEST

START_TEST(without_implied_seeks_the_cylinder_must_fit)
{
	command(0x13, 0, 0x0a, 0);
	read_by_dma(512, 0xe6, 7, 0, 1, 18);
	expect(0x40, 4, 0x10, 7, 0, 1, 2);
	command(0x0f, 0, 7);
	command(0x08);
	read_by_dma(512, 0xe6, 7, 0, 1, 18);
	expect(0, 0, 0, 7, 0, 2, 2);
	floppy_check(&g, ram(BUF), 7 * 36, 1);
}
END_TEST

START_TEST(sectors_are_written_by_dma)
{
	uint8_t disk[3 * 512];

	memset(ram(BUF), 0x5a, 1100);
	floppy_dma(&g, BUF, 1100, false);
	command(0xc5, 0, 2, 0, 18, 2, 18, 0x1b, 0xff);
	expect(0x24, 0, 0, 2, 1, 3, 2);
	floppy_peek(&g, 0, disk, 2 * 36 + 17, 3);
	ck_assert(disk[0] == 0x5a && disk[1099] == 0x5a);
	ck_assert(disk[1100] == 0 && disk[1535] == 0); /* is filled up */
	floppy_insert(&g, 1, DISK_144, true);
	floppy_dma(&g, BUF, 512, false);
	command(0xc5, 1, 0, 0, 1, 2, 18, 0x1b, 0xff);
	expect(0x41, 2, 0, 0, 0, 1, 2);
	command(0x04, 1);
	expect(0x79);
	command(0xc9, 0, 2, 0, 1, 2, 18, 0x1b, 0xff); /* deleted data */
	expect(0x60, 0, 0, 2, 0, 1, 2);
}
END_TEST

START_TEST(bytes_go_by_hand_without_dma)
{
	uint8_t buf[1024], disk[512];
	unsigned i;

	command(0x03, 0xdf, 0x03);
	floppy_send(&g, (const uint8_t[]){0x46, 0, 1, 0, 3, 2, 4, 0x1b, 0xff},
		    9);
	floppy_wait(&g);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0xf0);
	ck_assert(g.h.level[FDC_IRQ]);
	for (i = 0; i < sizeof(buf); i++) {
		if (i == 600)
			harness_roundtrip(&g.fdc->dev);
		buf[i] = inb(&g.h, FDC_FIFO);
	}
	floppy_take_result(&g);
	expect(0x20, 0, 0, 2, 0, 1, 2);
	floppy_check(&g, buf, 36 + 2, 2);
	floppy_send(&g, (const uint8_t[]){0x45, 0, 1, 0, 3, 2, 3, 0x1b, 0xff},
		    9);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0xb0);
	for (i = 0; i < 512; i++)
		outb(&g.h, FDC_FIFO, (uint8_t)(i * 3));
	floppy_take_result(&g);
	expect(0x20, 0, 0, 2, 0, 1, 2);
	floppy_peek(&g, 0, disk, 36 + 2, 1);
	for (i = 0; i < 512; i++)
		ck_assert_uint_eq(disk[i], (uint8_t)(i * 3));
}
END_TEST

START_TEST(tracks_are_read_from_the_index_on)
{
	floppy_dma(&g, BUF, 18 * 512, true);
	command(0x42, 0, 3, 0, 5, 2, 18, 0x1b, 0xff);
	expect(0x20, 0, 0, 4, 0, 1, 2);
	floppy_check(&g, ram(BUF), 3 * 36, 18);
	floppy_dma(&g, BUF, 2 * 512, true);
	command(0x42, 0, 3, 0, 30, 2, 18, 0x1b, 0xff);
	expect(0x40, 4, 0, 3, 0, 3, 2);
}
END_TEST

START_TEST(tracks_are_formatted)
{
	uint8_t disk[18 * 512];
	unsigned i;

	command(0x0f, 0, 6);
	command(0x08);
	for (i = 0; i < 18; i++)
		memcpy(ram(BUF + 4 * i),
		       (const uint8_t[]){6, 1, (uint8_t)(18 - i), 2}, 4);
	floppy_dma(&g, BUF, 18 * 4, false);
	command(0x4d, 4, 2, 18, 0x54, 0xf6);
	expect(4, 0, 0, 6, 1, -1, 2);
	floppy_peek(&g, 0, disk, 6 * 36 + 18, 18);
	for (i = 0; i < sizeof(disk); i++)
		ck_assert_uint_eq(disk[i], 0xf6);
	memcpy(ram(BUF), (const uint8_t[]){6, 1, 19, 2}, 4);
	floppy_dma(&g, BUF, 18 * 4, false);
	command(0x4d, 4, 2, 18, 0x54, 0xf6);
	expect(0x44, 4, 0, 6, 1, 19, 2);
	floppy_check_disk(&g, 0, 6 * 36, 18);
	command(0x4d, 4, 3, 18, 0x54, 0xf6); /* sectors of 1024 */
	expect(0x44, 4, 0, 6, 1, 1, 2);
}
END_TEST

START_TEST(verify_reads_without_the_guest)
{
	command(0xd6, 0, 3, 0, 5, 2, 18, 0x1b, 0xff);
	expect(0x20, 0, 0, 4, 0, 1, 2);
	command(0xd6, 0x80, 3, 0, 17, 2, 18, 0x1b, 4);
	expect(0x04, 0, 0, 3, 1, 3, 2);
	command(0x56, 0, 3, 0, 5, 2, 40, 0x1b, 0xff);
	expect(0x40, 4, 0, 3, 0, 19, 2);
}
END_TEST

/* The guest's sector beside those from sector 5 on. */
static void scan(uint8_t op, uint8_t fill, uint8_t step)
{
	memset(ram(BUF), fill, 4 * 512);
	floppy_dma(&g, BUF, 4 * 512, false);
	command(op, 0, 1, 0, 5, 2, 8, 0x1b, step);
}

START_TEST(scans_compare)
{
	uint8_t disk[512];
	unsigned i;

	for (i = 0; i < 4; i++) { /* sectors of 10, 20, 30, 40 */
		memset(disk, (int)(10 + 10 * i), sizeof(disk));
		floppy_poke(&g, 0, disk, 36 + 4 + i);
	}
	scan(0x51, 10, 1);
	expect(0x20, 0, 8, 1, 0, 5, 2);
	scan(0x51, 30, 1);
	expect(0, 0, 8, 1, 0, 7, 2);
	scan(0x51, 30, 2); /* each other sector */
	expect(0, 0, 8, 1, 0, 7, 2);
	scan(0x51, 20, 2);
	expect(0x60 & 0x20, 0, 4, 2, 0, 1, 2);
	scan(0x51, 35, 1);
	expect(0x20, 0, 4, 2, 0, 1, 2);
	scan(0x59, 5, 1); /* low or equal: none */
	expect(0x20, 0, 4, 2, 0, 1, 2);
	scan(0x59, 15, 1);
	expect(0, 0, 0, 1, 0, 5, 2);
	scan(0x5d, 35, 1); /* high or equal */
	expect(0, 0, 0, 1, 0, 8, 2);
	scan(0x51, 0xff, 1); /* what is not compared */
	expect(0, 0, 8, 1, 0, 5, 2);
}
END_TEST

START_TEST(another_medium_is_noticed)
{
	floppy_command(&g, (const uint8_t[]){0x0f, 0, 5}, 3);
	outb(&g.h, FDC_DOR, 0x1c);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0);
	floppy_change(&g, 0, 1440 * BLK_SECTOR);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0x80);
	read_by_dma(512, 0xe6, 4, 1, 9, 9);
	expect(0x64, 1, 0, 4, 1, 9, 2); /* its data rate is another */
	outb(&g.h, FDC_DIR, 2);
	read_by_dma(512, 0xe6, 4, 1, 9, 9);
	expect(0x20, 0, 0, 5, 0, 1, 2);
	floppy_check(&g, ram(BUF), 4 * 18 + 17, 1);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0);
	floppy_change(&g, 0, 0); /* taken out */
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0x80);
	read_by_dma(512, 0xe6, 4, 1, 9, 9);
	expect(0x44, 1, 0, 4, 1, 9, 2);
	command(0x0f, 0, 7);
	ck_assert_uint_eq(inb(&g.h, FDC_DIR), 0x80); /* stays so */
}
END_TEST

START_TEST(a_medium_taken_out_ends_a_transfer)
{
	outb(&g.h, 0x0a, 6);
	command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
	floppy_change(&g, 0, 0);
	floppy_dma(&g, BUF, 36 * 512, true);
	floppy_take_result(&g);
	ck_assert_uint_eq(g.result[0], 0x44);
	ck_assert_uint_eq(g.result[1], 1);
}
END_TEST

START_TEST(images_of_odd_sizes_end_in_zeros)
{
	unsigned i;

	floppy_change(&g, 0, 100 * BLK_SECTOR + 7);
	/* as the first format of the drive */
	read_by_dma(4 * 512, 0xe6, 2, 1, 10, 18);
	expect(0x24, 0, 0, 2, 1, 14, 2);
	floppy_check(&g, ram(BUF), 99, 1);
	for (i = 512 + 7; i < 4 * 512; i++)
		ck_assert_uint_eq(ram(BUF)[i], 0);
	floppy_dma(&g, BUF, 512, false);
	command(0xc5, 4, 2, 1, 12, 2, 18, 0x1b, 0xff);
	expect(0x44, 4, 0, 2, 1, 12, 2);
}
END_TEST

START_TEST(a_reset_forgets_what_is_in_flight)
{
	unsigned i;

	for (i = 0; i < 20; i++) {
		floppy_dma(&g, BUF, 512, true);
		floppy_send(&g,
			    (const uint8_t[]){0xe6, 0, 1, 0, 1, 2, 18, 0x1b,
					      0xff},
			    9);
		if (i % 2)
			loop_turn(g.h.m.loop, 1);
		outb(&g.h, FDC_DOR, 0x08);
		outb(&g.h, FDC_DOR, 0x0c);
		floppy_settle(&g);
		ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x80);
		command(0x08);
		expect(0xc0, 0);
		read_by_dma(512, 0xe6, 0, 0, 2, 18);
		expect(0, 0, 0, 0, 0, 3, 2);
	}
}
END_TEST

START_TEST(any_bytes_do_no_harm)
{
	unsigned i, n;

	srand(1);
	for (n = 0; n < 300; n++) {
		for (i = 0; i < 40; i++) {
			outb(&g.h, (uint16_t)(0x3f1 + rand() % 7),
			     (uint8_t)rand());
			outb(&g.h, FDC_FIFO, (uint8_t)rand());
			inb(&g.h, (uint16_t)(0x3f1 + rand() % 7));
		}
		if (n % 10 == 0)
			harness_roundtrip(&g.fdc->dev);
		if (n % 3 == 0)
			floppy_dma(&g, (uint32_t)rand() % 0xff0000,
				   1 + (uint32_t)rand() % 65535, rand() % 2);
		harness_advance(&g.h, NS_PER_SEC);
		floppy_settle(&g);
	}
	/* and it still works */
	floppy_change(&g, 0, DISK_144);
	floppy_reset(&g);
	outb(&g.h, FDC_DIR, 0);
	command(0x03, 0xdf, 2);
	command(0x13, 0, 0x60, 0);
	read_by_dma(512, 0xe6, 1, 0, 1, 18);
	expect(0x20, 0, 0, 1, 0, 2, 2);
	floppy_check(&g, ram(BUF), 36, 1);
}
END_TEST

/* CVE-2015-3456: commands whose parameters had no end. */
START_TEST(no_command_fills_more_than_the_fifo)
{
	static const uint8_t commands[] = {0x0a, 0x8e, 0x4e, 0x06, 0x33};
	unsigned i, n;

	for (i = 0; i < sizeof(commands); i++) {
		outb(&g.h, FDC_FIFO, commands[i]);
		for (n = 0; n < 70000; n++)
			outb(&g.h, FDC_FIFO, 0x01);
		floppy_reset(&g);
		command(0x10);
		expect(0x90);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_reset_interrupts_and_is_sensed_four_times,
		registers_are_where_a_pc_has_them,
		commands_that_are_none_say_so,
		the_head_seeks_and_the_change_line_falls,
		seeks_of_two_drives_are_sensed_apart,
		what_is_programmed_can_be_read_back,
		save_gives_what_restore_takes,
		drive_specifications_end_where_they_say,
		read_id_finds_one_sector_after_the_other,
		sectors_are_read_by_dma,
		a_masked_channel_makes_a_read_wait,
		what_is_not_there_is_not_found,
		without_implied_seeks_the_cylinder_must_fit,
		sectors_are_written_by_dma,
		bytes_go_by_hand_without_dma,
		tracks_are_read_from_the_index_on,
		tracks_are_formatted,
		verify_reads_without_the_guest,
		scans_compare,
		another_medium_is_noticed,
		a_medium_taken_out_ends_a_transfer,
		images_of_odd_sizes_end_in_zeros,
		a_reset_forgets_what_is_in_flight,
		any_bytes_do_no_harm,
		no_command_fills_more_than_the_fifo,
	};
	TCase *tc = tcase_create("i82078");
	size_t i;

	tcase_add_checked_fixture(tc, start, end);
	tcase_set_timeout(tc, 60);
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
	return unit_run_case("i82078", tc);
}
