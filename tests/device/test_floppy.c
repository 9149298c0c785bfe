/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats by size, drives by format, their properties, errors of the host. */
#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/file.h"
#include "tests/device/floppy_guest.h"

#define BUF   0x10000u
#define TURNS 2000

static struct floppy_guest g;
static int host_error;
static uint64_t bad_sector; /* the only one that fails, if it is not 0 */

static const struct size {
	uint32_t sectors; /* of the image */
	enum floppy_type type;
	uint8_t per_track, tracks, heads, rate;
} sizes[] = {
	{320, FLOPPY_120, 8, 40, 1, 2},	  {360, FLOPPY_120, 9, 40, 1, 1},
	{640, FLOPPY_120, 8, 40, 2, 2},	  {720, FLOPPY_120, 9, 40, 2, 1},
	{820, FLOPPY_120, 10, 41, 2, 1},  {840, FLOPPY_120, 10, 42, 2, 1},
	{1440, FLOPPY_144, 9, 80, 2, 2},  {1600, FLOPPY_144, 10, 80, 2, 2},
	{1640, FLOPPY_144, 10, 82, 2, 2}, {1660, FLOPPY_144, 10, 83, 2, 2},
	{1760, FLOPPY_120, 11, 80, 2, 2}, {2080, FLOPPY_144, 13, 80, 2, 2},
	{2240, FLOPPY_144, 14, 80, 2, 2}, {2400, FLOPPY_120, 15, 80, 2, 0},
	{2880, FLOPPY_144, 18, 80, 2, 0}, {2952, FLOPPY_120, 18, 82, 2, 0},
	{2988, FLOPPY_120, 18, 83, 2, 0}, {3200, FLOPPY_144, 20, 80, 2, 0},
	{3360, FLOPPY_144, 21, 80, 2, 0}, {3444, FLOPPY_144, 21, 82, 2, 0},
	{3486, FLOPPY_144, 21, 83, 2, 0}, {3520, FLOPPY_144, 22, 80, 2, 0},
	{3680, FLOPPY_144, 23, 80, 2, 0}, {3840, FLOPPY_144, 24, 80, 2, 0},
	{5760, FLOPPY_288, 36, 80, 2, 3}, {6240, FLOPPY_288, 39, 80, 2, 3},
	{6400, FLOPPY_288, 40, 80, 2, 3}, {7040, FLOPPY_288, 44, 80, 2, 3},
	{7680, FLOPPY_288, 48, 80, 2, 3}, {1, FLOPPY_288, 36, 80, 2, 3},
	{800, FLOPPY_288, 36, 80, 2, 3},  {2879, FLOPPY_288, 36, 80, 2, 3},
	{2881, FLOPPY_288, 36, 80, 2, 3}, {10000, FLOPPY_288, 36, 80, 2, 3},
};

static void read_sector(uint8_t c, uint8_t h, uint8_t r)
{
	const uint8_t cmd[] = {0x46, (uint8_t)(h << 2), c, h, r, 2, r, 0x1b,
			       0xff};

	floppy_dma(&g, BUF, BLK_SECTOR, true);
	floppy_command(&g, cmd, sizeof(cmd));
}

static bool is_read(uint8_t c, uint8_t h, uint8_t r)
{
	read_sector(c, h, r);
	ck_assert_uint_eq(g.nresult, 7);
	return !(g.result[0] & ST0_ABNORMAL);
}

static void check_geometry(const struct size *s)
{
	uint8_t c = (uint8_t)(s->tracks - 1), h = (uint8_t)(s->heads - 1);
	unsigned rate;

	for (rate = 0; rate < 4; rate++) {
		outb(&g.h, FDC_DIR, (uint8_t)rate);
		ck_assert(is_read(0, 0, 1) == (rate == s->rate));
	}
	outb(&g.h, FDC_DIR, s->rate);
	ck_assert(is_read(c, h, s->per_track));
	if ((uint32_t)s->per_track * s->tracks * s->heads == s->sectors)
		floppy_check(&g, g.h.ram->host + BUF, s->sectors - 1, 1);
	ck_assert(!is_read(0, 0, (uint8_t)(s->per_track + 1)));
	ck_assert(!is_read(s->tracks, 0, 1));
	ck_assert(!is_read(0, s->heads, 1));
}

START_TEST(the_size_of_the_image_says_its_format)
{
	const struct size *s = &sizes[_i];

	floppy_start(&g);
	floppy_insert(&g, 0, (uint64_t)s->sectors * BLK_SECTOR, true);
	ck_assert_uint_eq(i82078_drive_type(g.fdc, 0), s->type);
	floppy_reset(&g);
	check_geometry(s);
	floppy_end(&g);
}
END_TEST

/* A drive with properties, whether it starts, and what it is then. */
static int start_drive(const char *const *props, uint64_t bytes)
{
	struct error err = {0};

	floppy_start(&g);
	g.floppy[0] = (struct floppy *)harness_new(&g.h, &floppy_class);
	g.floppy[0]->fdc = g.fdc;
	g.floppy[0]->unit = -1;
	harness_set(&g.floppy[0]->dev, props);
	if (device_start(&g.floppy[0]->dev, &err) < 0)
		return -1;
	if (bytes)
		floppy_change(&g, 0, bytes);
	floppy_reset(&g);
	return (int)i82078_drive_type(g.fdc, 0);
}

#define drive_with(bytes, ...) \
	start_drive((const char *const[]){__VA_ARGS__, NULL}, bytes)

START_TEST(drive_type_goes_before_the_medium)
{
	static const struct {
		const char *type;
		int cmos;
		struct size size;
	} rows[] = {
		{"auto", FLOPPY_288, {2880, 0, 18, 80, 2, 0}},
		{"144", FLOPPY_144, {2880, 0, 18, 80, 2, 0}},
		{"144", FLOPPY_144, {720, 0, 9, 80, 1, 2}},
		{"144", FLOPPY_144, {100, 0, 18, 80, 2, 0}},
		{"288", FLOPPY_288, {1440, 0, 9, 80, 2, 2}},
		{"120", FLOPPY_120, {2880, 0, 18, 80, 2, 0}},
		{"120", FLOPPY_120, {1440, 0, 9, 80, 2, 2}},
		{"120", FLOPPY_120, {100, 0, 15, 80, 2, 0}},
	};
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_int_eq(drive_with(rows[i].size.sectors * BLK_SECTOR,
					    "drive-type", rows[i].type),
				 rows[i].cmos);
		check_geometry(&rows[i].size);
		floppy_end(&g);
	}
	ck_assert_int_eq(drive_with(1440 * BLK_SECTOR, "drive-type", "none"),
			 FLOPPY_NONE);
	ck_assert(!is_read(0, 0, 1));
	floppy_end(&g);
}
END_TEST

START_TEST(units_and_buses_that_are_not_there_are_refused)
{
	ck_assert_int_eq(drive_with(0, "unit", "1"), FLOPPY_NONE);
	ck_assert_uint_eq(i82078_drive_type(g.fdc, 1), FLOPPY_288);
	floppy_end(&g);
	ck_assert_int_eq(drive_with(0, "bus", "floppy-bus.0"), FLOPPY_288);
	floppy_end(&g);
	ck_assert_int_eq(drive_with(0, "bus", "ide.0"), -1);
	floppy_end(&g);
	ck_assert_int_eq(drive_with(0, "drive", "nope"), -1);
	floppy_end(&g);
}
END_TEST

static void submit_or_fail(struct blk_node *node, struct blk_req *req)
{
	if (host_error &&
	    (!bad_sector || (req->off <= bad_sector * BLK_SECTOR &&
			     req->off + blk_iov_len(req->iov, req->niov) >
				     bad_sector * BLK_SECTOR)))
		blk_ctx_complete(node->ctx, req, host_error);
	else
		blk_file.submit(node, req);
}

static struct blk_front *start_failing(enum blk_action action)
{
	static struct blk_driver failing;
	struct blk_front *f;

	floppy_start(&g);
	floppy_insert(&g, 0, 2880 * BLK_SECTOR, false);
	floppy_reset(&g);
	failing = blk_file;
	failing.submit = submit_or_fail;
	f = g.floppy[0]->blk;
	f->node->child[BLK_FILE]->driver = &failing;
	f->werror = f->rerror = action;
	host_error = -EIO;
	bad_sector = 0;
	g.h.m.state = RUN_STATE_RUNNING;
	return f;
}

static void wait_stopped(void)
{
	unsigned i;

	for (i = 0; i < TURNS && machine_running(&g.h.m); i++)
		loop_turn(g.h.m.loop, 10);
	ck_assert_int_eq(g.h.m.state, RUN_STATE_IO_ERROR);
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x10);
}

static void write_sectors(uint8_t r, uint8_t n)
{
	const uint8_t cmd[] = {0x45, 0, 0, 0, r, 2, 18, 0x1b, 0xff};

	memset(g.h.ram->host + BUF, 0x77, n * BLK_SECTOR);
	floppy_dma(&g, BUF, n * BLK_SECTOR, false);
	floppy_send(&g, cmd, sizeof(cmd));
}

START_TEST(errors_are_reported)
{
	static const uint8_t read[] = {0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff};

	start_failing(BLK_REPORT);
	write_sectors(3, 2);
	floppy_take_result(&g);
	ck_assert_mem_eq(g.result, "\x40\x20\x20\0\0\3\2", 7);
	bad_sector = 4; /* what is before it comes over */
	floppy_dma(&g, BUF, 18 * BLK_SECTOR, true);
	floppy_command(&g, read, sizeof(read));
	ck_assert_mem_eq(g.result, "\x40\x20\x20\0\0\5\2", 7);
	floppy_check(&g, g.h.ram->host + BUF, 0, 4);
	floppy_end(&g);
}
END_TEST

START_TEST(an_error_stops_the_machine_and_cont_tries_again)
{
	struct blk_front *f = start_failing(BLK_STOP);
	uint8_t disk[2 * BLK_SECTOR];

	write_sectors(3, 2);
	wait_stopped();
	ck_assert_int_eq(f->failed, -EIO);
	harness_roundtrip(&g.fdc->dev);
	ck_assert_int_eq(machine_cont(&g.h.m, NULL), 0);
	ck_assert_int_eq(f->failed, 0);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&g.h.m, NULL), 0);
	floppy_take_result(&g);
	ck_assert_mem_eq(g.result, "\0\0\0\0\0\5\2", 7);
	floppy_peek(&g, 0, disk, 2, 2);
	ck_assert(disk[0] == 0x77 && disk[sizeof(disk) - 1] == 0x77);
	host_error = -EIO;
	floppy_dma(&g, BUF, BLK_SECTOR, true);
	floppy_send(&g, (const uint8_t[]){0x46, 0, 0, 0, 9, 2, 18, 0x1b, 0xff},
		    9);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&g.h.m, NULL), 0);
	floppy_take_result(&g);
	floppy_check(&g, g.h.ram->host + BUF, 8, 1);
	floppy_end(&g);
}
END_TEST

START_TEST(a_reset_forgets_what_failed)
{
	struct blk_front *f = start_failing(BLK_STOP);

	write_sectors(3, 1);
	wait_stopped();
	device_reset_all(&g.h.m);
	ck_assert_int_eq(f->failed, 0);
	ck_assert_int_eq(machine_cont(&g.h.m, NULL), 0);
	floppy_settle(&g);
	ck_assert(machine_running(&g.h.m));
	ck_assert_uint_eq(inb(&g.h, FDC_MSR), 0x80);
	floppy_end(&g);
}
END_TEST

START_TEST(errors_can_be_ignored)
{
	start_failing(BLK_IGNORE);
	write_sectors(3, 1);
	floppy_take_result(&g);
	ck_assert_mem_eq(g.result, "\0\0\0\0\0\4\2", 7);
	read_sector(0, 0, 1);
	ck_assert(!(g.result[0] & ST0_ABNORMAL));
	ck_assert_uint_eq(g.h.ram->host[BUF + 5], 0);
	floppy_end(&g);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("floppy");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_size_of_the_image_says_its_format, 0,
			    sizeof(sizes) / sizeof(*sizes));
	tcase_add_test(tc, drive_type_goes_before_the_medium);
	tcase_add_test(tc, units_and_buses_that_are_not_there_are_refused);
	tcase_add_test(tc, errors_are_reported);
	tcase_add_test(tc, an_error_stops_the_machine_and_cont_tries_again);
	tcase_add_test(tc, a_reset_forgets_what_failed);
	tcase_add_test(tc, errors_can_be_ignored);
	return unit_run_case("floppy", tc);
}
