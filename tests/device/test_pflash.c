/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flash as OVMF and Linux drive it, hostile command sequences, its image. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/pflash.h"
#include "tests/device/harness.h"

#define BASE  UINT64_C(0xfff00000)
#define SIZE  65536u
#define ARRAY 0xffu

static struct harness h;
static struct blk_fronts fronts;
static struct pflash *flash;
static char path[32];

static void make_image(void)
{
	uint8_t data[SIZE];
	unsigned i;
	int fd;

	for (i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	snprintf(path, sizeof(path), "/tmp/pcvm-flash-XXXXXX");
	fd = mkstemp(path);
	ck_assert(write(fd, data, SIZE) == SIZE);
	close(fd);
}

static int try_start(bool readonly, struct error *err)
{
	struct blk_open how = {.filename = path,
			       .format = "raw",
			       .flags = readonly ? 0 : BLK_O_RDWR};
	struct blk_node *node;

	harness_init(&h, 0);
	h.m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&fronts);
	node = blk_open_alone(&how, err);
	ck_assert_msg(node != NULL, "%s", err->msg);
	flash = (struct pflash *)harness_new(&h, &pflash_class);
	flash->front = blk_front_new(&fronts, "pflash0", node, false, err);
	flash->base = BASE;
	return device_start(&flash->dev, err);
}

static void start(bool readonly)
{
	struct error err = {0};

	ck_assert_msg(try_start(readonly, &err) == 0, "%s", err.msg);
}

static void end(void)
{
	if (flash->dev.live)
		flash->dev.class->quiesce(&flash->dev);
	loop_turn(h.m.loop, 0);
	while (!list_empty(&h.m.devices))
		device_free(
			container_of(h.m.devices.prev, struct device, link));
	blk_fronts_fini(&fronts);
	loop_free(h.m.loop);
	machine_fini(&h.m);
}

static void put(uint32_t off, uint8_t val)
{
	bus_access(&h.m.mem, NULL, BASE + off, &val, 1, true);
}

/* As a vCPU reads: memory where it shows, else the device. */
static uint8_t get(uint32_t off)
{
	uint8_t val;

	if (!gmem_read(&h.m.gmem, BASE + off, &val, 1))
		bus_access(&h.m.mem, NULL, BASE + off, &val, 1, false);
	return val;
}

static uint8_t in_file(uint32_t off)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t val = 0;

	ck_assert(fd >= 0 && pread(fd, &val, 1, off) == 1);
	close(fd);
	return val;
}

static uint8_t original(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 256);
}

START_TEST(is_read_as_memory)
{
	make_image();
	start(_i);
	ck_assert_uint_eq(get(0), original(0));
	ck_assert_uint_eq(get(SIZE - 1), original(SIZE - 1));
	end();
	unlink(path);
}
END_TEST

/* What OVMF does to find out whether there is flash. */
START_TEST(is_found)
{
	make_image();
	start(_i);
	put(5, 0x50);
	ck_assert_uint_eq(get(5), original(5));
	put(5, 0x70);
	ck_assert_uint_eq(get(5), 0);
	put(5, ARRAY);
	ck_assert_uint_eq(get(5), original(5));
	put(0, 0x98);
	ck_assert_uint_eq(get(0x10), 'Q');
	ck_assert_uint_eq(get(0x11), 'R');
	ck_assert_uint_eq(get(0x12), 'Y');
	ck_assert_uint_eq(get(0x13), 1);
	ck_assert_uint_eq(get(0x27), 16);
	ck_assert_uint_eq(get(0x2d), SIZE / 4096 - 1);
	ck_assert_uint_eq(get(0x2f) << 8, 4096);
	put(0, ARRAY);
	end();
	unlink(path);
}
END_TEST

START_TEST(programs_and_erases)
{
	unsigned i;

	make_image();
	start(false);
	put(0x1234, 0x10);
	put(0x1234, 0xa5);
	ck_assert_uint_eq(get(0) & 0x80, 0x80);
	put(0, ARRAY);
	ck_assert_uint_eq(get(0x1234), 0xa5);
	put(0x3003, 0x20);
	put(0x3003, 0xd0);
	ck_assert_uint_eq(get(0), 0x80);
	put(0, ARRAY);
	for (i = 0x2fff; i <= 0x4000; i++)
		ck_assert_uint_eq(get(i), i < 0x3000 || i > 0x3fff ? original(i)
								   : 0xff);
	put(0x2010, 0xe8);
	ck_assert_uint_eq(get(0x2010) & 0x80, 0x80);
	put(0x2010, 15);
	for (i = 0; i < 16; i++)
		put(0x2010 + i, (uint8_t)(0x30 + i));
	put(0x2010, 0xd0);
	ck_assert_uint_eq(get(0), 0x80);
	put(0, ARRAY);
	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(get(0x2010 + i), 0x30 + i);
	end();
	ck_assert_uint_eq(in_file(0x1234), 0xa5);
	ck_assert_uint_eq(in_file(0x3000), 0xff);
	ck_assert_uint_eq(in_file(0x3fff), 0xff);
	ck_assert_uint_eq(in_file(0x4000), original(0x4000));
	ck_assert_uint_eq(in_file(0x201f), 0x3f);
	/* And it is there again. */
	start(false);
	ck_assert_uint_eq(get(0x1234), 0xa5);
	end();
	unlink(path);
}
END_TEST

START_TEST(saves_before_it_ends)
{
	unsigned tries = 1000;

	make_image();
	start(false);
	put(7, 0x40);
	put(7, 1);
	while (in_file(7) != 1 && tries--)
		loop_turn(h.m.loop, 10);
	ck_assert_uint_eq(in_file(7), 1);
	put(9, 0x40);
	put(9, 2);
	machine_notify(&h.m, EVENT_STOP);
	ck_assert_uint_eq(in_file(9), 2);
	end();
	unlink(path);
}
END_TEST

START_TEST(is_read_only_when_its_image_is)
{
	make_image();
	start(true);
	put(0x10, 0x10);
	put(0x10, 0xa5);
	ck_assert_uint_eq(get(0), 0x90);
	put(0x10, 0x20);
	put(0x10, 0xd0);
	ck_assert_uint_eq(get(0), 0xb0);
	put(0, 0xe8);
	put(0, 0);
	put(0, 1);
	put(0, 0xd0);
	ck_assert_uint_eq(get(0) & 0x10, 0x10);
	put(0, ARRAY);
	ck_assert_uint_eq(get(0x10), original(0x10));
	ck_assert_uint_eq(get(0), original(0));
	end();
	ck_assert_uint_eq(in_file(0x10), original(0x10));
	unlink(path);
}
END_TEST

START_TEST(ends_what_is_not_confirmed)
{
	make_image();
	start(false);
	put(0, 0x20);
	put(0, 0x12);
	ck_assert_uint_eq(get(0), 0xb0);
	put(0, 0x50);
	put(0x7f0, 0xe8);
	put(0x7f0, 31);
	put(0x7ff, 1);
	put(0x800, 1); /* in the next piece */
	ck_assert_uint_eq(get(0), 0xb0);
	put(0, 0x50);
	put(0, 0xe8);
	put(0, 0);
	put(0, 1);
	put(0, ARRAY); /* in place of the confirmation */
	ck_assert_uint_eq(get(0), 0xb0);
	flash->dev.class->reset(&flash->dev);
	ck_assert_uint_eq(get(0), original(0));
	ck_assert_uint_eq(get(0x7ff), original(0x7ff));
	end();
	unlink(path);
}
END_TEST

/* Random accesses, also wide ones at the end: nothing but the flash changes. */
START_TEST(anything_at_all)
{
	uint64_t seed = 77 + (uint64_t)_i, data;
	unsigned i, size;

	make_image();
	start(false);
	for (i = 0; i < 20000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		size = 1u << (seed >> 60 & 3);
		data = seed >> 13;
		if (seed >> 40 & 1) /* as often a command */
			data = (const uint8_t[]){0x10, 0x20, 0x40, 0x50,
						 0x60, 0x70, 0x90, 0x98,
						 0xd0, 0xe8, 0xff}[data % 11];
		bus_access(&h.m.mem, NULL, BASE + ((seed >> 33) % SIZE & -size),
			   &data, size, seed >> 41 & 3);
	}
	harness_roundtrip(&flash->dev);
	end();
	unlink(path);
}
END_TEST

START_TEST(refuses_odd_sizes)
{
	struct error err = {0};

	make_image();
	ck_assert_int_eq(truncate(path, _i ? 4096 + 512 : 0), 0);
	ck_assert_int_lt(try_start(true, &err), 0);
	ck_assert_msg(strstr(err.msg, "multiple of 4 KiB") != NULL, "%s",
		      err.msg);
	end();
	unlink(path);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pflash");

	tcase_add_loop_test(tc, is_read_as_memory, 0, 2);
	tcase_add_loop_test(tc, is_found, 0, 2);
	tcase_add_test(tc, programs_and_erases);
	tcase_add_test(tc, saves_before_it_ends);
	tcase_add_test(tc, is_read_only_when_its_image_is);
	tcase_add_test(tc, ends_what_is_not_confirmed);
	tcase_add_loop_test(tc, anything_at_all, 0, 8);
	tcase_add_loop_test(tc, refuses_odd_sizes, 0, 2);
	return unit_run_case("pflash", tc);
}
