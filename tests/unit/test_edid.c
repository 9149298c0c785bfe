/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor says, read as a driver reads it. */
#include <stdbool.h>
#include <string.h>

#include "hw/edid.h"
#include "tests/unit/unit.h"

static uint8_t edid[EDID_SIZE];

static void make(const struct edid_monitor *m)
{
	unsigned block, i;
	uint8_t sum;

	edid_make(edid, m);
	ck_assert_mem_eq(edid, "\0\xff\xff\xff\xff\xff\xff\0", 8);
	for (block = 0; block < 3; block++) {
		sum = 0;
		for (i = 0; i < EDID_BLOCK; i++)
			sum += edid[block * EDID_BLOCK + i];
		ck_assert_uint_eq(sum, 0);
	}
}

/* Of a detailed timing. */
static unsigned width_of(const uint8_t *d)
{
	return d[2] | (d[4] >> 4) << 8;
}

static unsigned height_of(const uint8_t *d)
{
	return d[5] | (d[7] >> 4) << 8;
}

static unsigned clock_of(const uint8_t *d)
{
	return d[0] | d[1] << 8;
}

static bool has_standard(unsigned width, unsigned shape)
{
	unsigned i;

	for (i = 38; i < 54; i += 2)
		if (edid[i] == width / 8 - 31 && edid[i + 1] >> 6 == shape)
			return true;
	return false;
}

START_TEST(test_usual_monitor)
{
	/* qemu 7.2's first block: guests know it again. */
	static const uint8_t want[EDID_BLOCK] = {
		0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x49, 0x14,
		0x34, 0x12, 0x00, 0x00, 0x00, 0x00, 0x2a, 0x18, 0x01, 0x04,
		0xa5, 0x20, 0x14, 0x78, 0x06, 0xee, 0x91, 0xa3, 0x54, 0x4c,
		0x99, 0x26, 0x0f, 0x50, 0x54, 0x21, 0x08, 0x00, 0xe1, 0xc0,
		0xd1, 0xc0, 0xd1, 0x00, 0xa9, 0x40, 0xb3, 0x00, 0x95, 0x00,
		0x81, 0x80, 0x81, 0x40, 0xea, 0x29, 0x00, 0xc0, 0x51, 0x20,
		0x1c, 0x30, 0x40, 0x26, 0x44, 0x40, 0x45, 0xcb, 0x10, 0x00,
		0x00, 0x18, 0x00, 0x00, 0x00, 0xf7, 0x00, 0x0a, 0x00, 0x40,
		0x82, 0x00, 0x28, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0xfd, 0x00, 0x32, 0x7d, 0x1e, 0xa0, 0xff,
		0x01, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x00, 0x00,
		0x00, 0xfc, 0x00, 0x51, 0x45, 0x4d, 0x55, 0x20, 0x4d, 0x6f,
		0x6e, 0x69, 0x74, 0x6f, 0x72, 0x0a, 0x01, 0x3a,
	};
	static const uint8_t codes[] = {0x02, 0x03, 0x0b, 0x00, 0x46, 0x7d,
					0x65, 0x60, 0x59, 0x1f, 0x61};

	make(&(struct edid_monitor){0});
	ck_assert_mem_eq(edid, want, sizeof(want));
	ck_assert_mem_eq(edid + EDID_BLOCK, codes, sizeof(codes));
	ck_assert_uint_eq(edid[2 * EDID_BLOCK], 0);
}
END_TEST

START_TEST(test_preferred_size)
{
	const uint8_t *d = edid + 54;

	make(&(struct edid_monitor){.width = 1024, .height = 768});
	ck_assert_uint_eq(width_of(d), 1024);
	ck_assert_uint_eq(height_of(d), 768);
	ck_assert_uint_eq(clock_of(d), 8229);
	ck_assert_uint_eq(edid[126], 1);
	make(&(struct edid_monitor){.width = 800});
	ck_assert_uint_eq(width_of(d), 800);
	ck_assert_uint_eq(height_of(d), 800);
	make(&(struct edid_monitor){.refresh_mhz = 60000});
	ck_assert_uint_eq(clock_of(d), 0x2188);
	make(&(struct edid_monitor){.width = 1, .height = 1});
	ck_assert_uint_eq(width_of(d), 1);
}
END_TEST

START_TEST(test_largest_modes)
{
	make(&(struct edid_monitor){.width_max = 1280, .height_max = 1024});
	ck_assert(has_standard(1280, 2) && has_standard(1280, 1));
	ck_assert(!has_standard(1440, 0) && !has_standard(1920, 3));
	ck_assert_uint_eq(edid[35], 0x21);
	ck_assert_uint_eq(edid[36], 0x08);
	ck_assert_uint_eq(edid[EDID_BLOCK + 4], 0x40);
	make(&(struct edid_monitor){.width_max = 640, .height_max = 480});
	ck_assert_uint_eq(edid[35], 0x20);
	ck_assert_uint_eq(edid[36], 0);
	ck_assert(edid[38] == 1 && edid[39] == 1);
	make(&(struct edid_monitor){.height_max = 1080});
	ck_assert(has_standard(1920, 3) && !has_standard(1600, 1));
	ck_assert_mem_eq(edid + EDID_BLOCK + 4, "\x42\x59\x1f", 3);
}
END_TEST

/* Too large for the base block: in an extension of its own. */
START_TEST(test_large_monitors)
{
	static const uint8_t timing[] = {0x70, 0x13, 0x17, 0x03, 0x00, 0x03,
					 0x00, 0x14, 0x95, 0xc4, 0x01, 0x88,
					 0xff, 0x13, 0xff, 0x06, 0xff, 0x04,
					 0x98, 0x00, 0x6f, 0x08, 0x4a, 0x00,
					 0x09, 0x00, 0x09, 0x00};
	const uint8_t *large = edid + 2 * (size_t)EDID_BLOCK;
	uint8_t sum = 0;
	unsigned i;

	make(&(struct edid_monitor){.width = 5120, .height = 2160});
	ck_assert_uint_eq(edid[126], 2);
	ck_assert_mem_eq(large, timing, sizeof(timing));
	for (i = 1; i < sizeof(timing) + 1; i++)
		sum += large[i];
	ck_assert_uint_eq(sum, 0);
	/* No timing in the base block, which begins with one otherwise. */
	for (i = 54; i < 126; i += 18)
		ck_assert(edid[i] == 0 && edid[i + 1] == 0);
	make(&(struct edid_monitor){.width = 3840, .height = 2160});
	ck_assert_uint_eq(edid[126], 2);
	make(&(struct edid_monitor){.width = EDID_WIDTH_MAX,
				    .height = EDID_HEIGHT_MAX,
				    .refresh_mhz = EDID_REFRESH_MAX});
	ck_assert_uint_eq(edid[21], 255);
}
END_TEST

UNIT_MAIN("edid", test_usual_monitor, test_preferred_size, test_largest_modes,
	  test_large_monitors)
