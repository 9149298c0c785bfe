/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VNC server and a viewer of ours: every encoding in every pixel format,
 * versions, passwords, keys and pointers, several viewers, slow ones.
 */
#include <linux/input-event-codes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/vnc_viewer.h"

enum { RAW, COPYRECT, HEXTILE = 5, ZLIB, TIGHT, ZRLE = 16 };
enum { SIZE = -223, POINTER = -257, KEYS = -258, LEDS = -261, NAME = -307 };
enum { SIZE_EXT = -308, LEVEL_9 = -247 };

static struct vnc_bed bed;
static struct viewer v;
static uint64_t seed = 1;

static unsigned any(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* Something of each kind: plain, two colours, few, many, smooth. */
static void draw(unsigned kind)
{
	unsigned x = any(bed.width - 200), y = any(bed.height - 150), i, j;
	unsigned w = 1 + any(200), h = 1 + any(150);
	uint32_t a = any(1 << 24), b = any(1 << 24), *at;

	for (j = 0; j < h; j++)
		for (i = 0; i < w; i++) {
			at = &bed.rgb[(size_t)(y + j) * bed.width + x + i];
			*at = kind == 0	  ? a
			      : kind == 1 ? (any(2) ? a : b)
			      : kind == 2 ? a + any(9) * 0x1234
			      : kind == 3 ? any(1 << 24)
			      : kind == 4 ? (i & 255) << 16 | (j & 255) << 8 |
						    ((i + j) & 255)
			      : kind == 5 ? a + i / 7 % 100 * 0x10305
					  : a + i / 40 % 2 * 0xff00ff00;
		}
	vnc_bed_drew(&bed, x, y, w, h);
}

static void draw_noise(void)
{
	unsigned i;

	for (i = 0; i < bed.width * bed.height; i++)
		bed.rgb[i] = any(1 << 24);
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
}

static const struct viewer_format formats[] = {
	{32, 24, false, false, {255, 255, 255}, {16, 8, 0}},
	{32, 24, true, false, {255, 255, 255}, {16, 8, 0}},
	{32, 24, false, false, {255, 255, 255}, {0, 8, 16}},
	{32, 24, false, false, {255, 255, 255}, {24, 16, 8}},
	{32, 24, true, false, {255, 255, 255}, {24, 16, 8}},
	{32, 32, false, false, {1023, 1023, 1023}, {22, 11, 1}},
	{32, 18, true, false, {63, 63, 63}, {12, 6, 0}},
	{16, 16, false, false, {31, 63, 31}, {11, 5, 0}},
	{16, 16, true, false, {31, 63, 31}, {11, 5, 0}},
	{16, 15, false, false, {31, 31, 31}, {0, 5, 10}},
	{8, 8, false, false, {7, 7, 3}, {0, 3, 6}},
	{8, 6, false, false, {3, 3, 3}, {4, 2, 0}},
	{8, 8, false, true, {7, 7, 3}, {5, 2, 0}},
};

enum { FORMATS = sizeof(formats) / sizeof(*formats) };

static void see_all_formats(int32_t encoding)
{
	int32_t list[] = {encoding};
	unsigned f, kind;

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_encodings(&v, 1, list);
	for (f = 0; f < FORMATS; f++) {
		viewer_format(&v, &formats[f]);
		viewer_request(&v, false);
		viewer_update(&v);
		for (kind = 0; kind < 7; kind++) {
			draw(kind);
			draw(any(7));
			viewer_sync(&v);
		}
	}
	viewer_close(&v);
	vnc_bed_stop(&bed);
}

START_TEST(test_raw)
{
	see_all_formats(RAW);
}
END_TEST

START_TEST(test_hextile)
{
	see_all_formats(HEXTILE);
}
END_TEST

START_TEST(test_zlib)
{
	see_all_formats(ZLIB);
}
END_TEST

START_TEST(test_tight)
{
	see_all_formats(TIGHT);
}
END_TEST

START_TEST(test_zrle)
{
	see_all_formats(ZRLE);
}
END_TEST

START_TEST(test_tight_uses_its_filters)
{
	static const int32_t list[] = {LEVEL_9, TIGHT};
	unsigned i;

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_encodings(&v, 2, list);
	viewer_sync(&v);
	for (i = 0; i < 40; i++) {
		draw(i % 7);
		viewer_sync(&v);
	}
	for (i = 0; i < bed.width * bed.height; i++)
		bed.rgb[i] = i % 640 / 3 << 16 | i / 640 / 2 << 8 | i % 251;
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
	viewer_sync(&v);
	ck_assert_uint_gt(v.fills, 0);
	ck_assert_uint_gt(v.filters[0], 0);
	ck_assert_uint_gt(v.filters[1], 0);
	ck_assert_uint_gt(v.filters[2], 0);
	viewer_close(&v);
	vnc_bed_stop(&bed);
}
END_TEST

/* Odd sizes leave narrow tiles at the edges. */
/* What does not shrink is stored, and what comes after it is not. */
START_TEST(test_noise_and_then_text)
{
	static const int32_t encodings[] = {ZRLE, TIGHT, ZLIB};
	unsigned e, i;

	vnc_bed_start(&bed, "");
	for (e = 0; e < 3; e++) {
		viewer_open(&v, &bed);
		viewer_encodings(&v, 1, &encodings[e]);
		for (i = 0; i < 12; i++) {
			draw_noise();
			viewer_sync(&v);
		}
		vnc_bed_fill(&bed, 0, 0, bed.width, bed.height, 0x123456);
		vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
		viewer_sync(&v);
		ck_assert_uint_lt(v.bytes, 20000);
		viewer_close(&v);
	}
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_sizes)
{
	static const int32_t encodings[] = {RAW, HEXTILE, ZLIB, TIGHT, ZRLE};
	static const unsigned sizes[][2] = {{1, 1},	{17, 3},   {65, 129},
					    {720, 400}, {801, 17}, {2200, 300}};
	int32_t list[2] = {SIZE};
	unsigned e, s;

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	for (e = 0; e < 5; e++) {
		list[1] = encodings[e];
		viewer_encodings(&v, 2, list);
		for (s = 0; s < 6; s++) {
			vnc_bed_resize(&bed, sizes[s][0], sizes[s][1]);
			vnc_bed_fill(&bed, 0, 0, bed.width, 1, any(1 << 24));
			viewer_sync(&v);
			ck_assert_uint_eq(v.width, sizes[s][0]);
		}
	}
	viewer_close(&v);
	vnc_bed_stop(&bed);
}
END_TEST

/* Of a size that it knows already a viewer is not told. */
START_TEST(test_the_first_update_is_a_picture)
{
	static const int32_t list[] = {SIZE, NAME, RAW};

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_encodings(&v, 2, list);
	vnc_bed_fill(&bed, 0, 0, 100, 100, 0x345678);
	viewer_request(&v, false);
	viewer_update(&v);
	ck_assert_uint_eq(v.resizes, 0);
	ck_assert_uint_eq(v.pixel[50 * 640 + 50], 0x345678);
	viewer_close(&v);
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_sizes_for_others)
{
	static const int32_t ext[] = {SIZE_EXT, RAW};
	uint8_t wish[24] = {251, 0, 2, 0, 2, 0, 1, 0};

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	/* One that cannot change its size sees what fits. */
	viewer_sync(&v);
	vnc_bed_resize(&bed, 800, 600);
	vnc_bed_fill(&bed, 10, 10, 100, 100, 0x123456);
	viewer_request(&v, true);
	viewer_update(&v);
	ck_assert_uint_eq(v.width, 640);
	ck_assert_uint_eq(v.pixel[640 * 50 + 50], 0x123456);
	vnc_bed_resize(&bed, 320, 200);
	vnc_bed_fill(&bed, 0, 0, 320, 200, 0xabcdef);
	viewer_request(&v, true);
	viewer_update(&v);
	ck_assert_uint_eq(v.pixel[640 * 50 + 50], 0xabcdef);
	/* Wishes of clients are refused. */
	viewer_encodings(&v, 2, ext);
	viewer_sync(&v);
	ck_assert_uint_eq(v.width, 320);
	viewer_send(&v, wish, sizeof(wish));
	viewer_request(&v, true);
	viewer_update(&v);
	ck_assert_uint_eq(v.rects, 1);
	viewer_close(&v);
	vnc_bed_stop(&bed);
}
END_TEST

static void scroll(unsigned by)
{
	size_t line = bed.width;
	unsigned i;

	memmove(bed.rgb, bed.rgb + by * line,
		(bed.height - by) * line * sizeof(*bed.rgb));
	for (i = 0; i < by * line; i++)
		bed.rgb[(bed.height - by) * line + i] = any(4) * 0x555555;
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
}

START_TEST(test_scrolling_is_copied)
{
	static const int32_t with[] = {COPYRECT, RAW}, without[] = {RAW};
	static const unsigned by[] = {16, 5, 23, 1};
	struct viewer other;
	unsigned i;

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_open(&other, &bed);
	viewer_encodings(&v, 2, with);
	viewer_encodings(&other, 1, without);
	for (i = 0; i < bed.width * bed.height; i++)
		bed.rgb[i] = any(4) * 0x555555;
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
	viewer_sync(&v);
	viewer_sync(&other);
	for (i = 0; i < 12; i++) {
		scroll(by[i % 4]);
		viewer_sync(&v);
		ck_assert_uint_eq(v.copies, 1);
		ck_assert_uint_lt(v.bytes, 640 * 40 * 4);
		if (i % 3 == 0)
			viewer_sync(&other);
		ck_assert_uint_eq(other.copies, 0);
	}
	viewer_close(&v);
	viewer_close(&other);
	vnc_bed_stop(&bed);
}
END_TEST

/* Drawn again as it was: nothing is sent.  And nothing is drawn for nobody. */
START_TEST(test_nothing_new_costs_nothing)
{
	unsigned before;

	vnc_bed_start(&bed, "");
	before = bed.refreshes;
	for (unsigned i = 0; i < 100; i++)
		vnc_bed_turn(&bed);
	ck_assert_uint_eq(bed.refreshes, before);
	viewer_open(&v, &bed);
	viewer_sync(&v);
	viewer_request(&v, true);
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
	viewer_hears_nothing(&v);
	vnc_bed_fill(&bed, 5, 5, 1, 1, 0xff);
	vnc_bed_drew(&bed, 0, 0, bed.width, bed.height);
	viewer_update(&v);
	ck_assert_uint_eq(v.rects, 1);
	ck_assert_uint_eq(v.bytes, 4 + 12 + 16 * 16 * 4);
	/* A viewer that asks for nothing. */
	vnc_bed_turn(&bed);
	before = bed.refreshes;
	for (unsigned i = 0; i < 100; i++)
		vnc_bed_turn(&bed);
	ck_assert_uint_eq(bed.refreshes, before);
	viewer_close(&v);
	for (unsigned i = 0; i < 100; i++)
		vnc_bed_turn(&bed);
	ck_assert(bed.display.viewers.next == &bed.display.viewers);
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_versions)
{
	static const unsigned minors[] = {3, 7, 8};
	unsigned i;

	vnc_bed_start(&bed, "");
	for (i = 0; i < 3; i++) {
		viewer_call(&v, &bed);
		ck_assert(viewer_login(&v, minors[i], NULL));
		viewer_init(&v, true);
		ck_assert_str_eq(v.name, "pcvm (test)");
		viewer_sync(&v);
		viewer_close(&v);
	}
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_name_and_leds)
{
	static const int32_t list[] = {NAME, LEDS, RAW};

	vnc_bed_start(&bed, "");
	bed.leds = 2;
	viewer_open(&v, &bed);
	memset(v.name, 0, sizeof(v.name));
	viewer_encodings(&v, 3, list);
	viewer_sync(&v);
	ck_assert_str_eq(v.name, "pcvm (test)");
	ck_assert_uint_eq(v.leds, 2);
	bed.leds = 5;
	viewer_request(&v, true);
	viewer_update(&v);
	ck_assert_uint_eq(v.leds, 5);
	viewer_close(&v);
	vnc_bed_stop(&bed);
}
END_TEST

static void hears(const char *keys)
{
	unsigned i;

	for (i = 0; i < 1000 && bed.nkeys < strlen(keys); i++)
		vnc_bed_turn(&bed);
	ck_assert_str_eq(bed.keys, keys);
	bed.nkeys = 0;
	bed.keys[0] = 0;
}

START_TEST(test_keys)
{
	static const int32_t list[] = {KEYS, RAW};

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_key(&v, 'a', true);
	viewer_key(&v, 'a', false);
	viewer_key(&v, 0xffe1, true);
	viewer_key(&v, '|', true);
	viewer_key(&v, '|', false);
	viewer_key(&v, 0xffe1, false);
	viewer_key(&v, 0xffc9, true);
	hears("+30 -30 +42 +43 -43 -42 +88 ");
	viewer_key(&v, 0xffc9, false);
	viewer_key(&v, 0x12345678, true);
	/* A capital without Shift: Caps Lock is pressed before it, once. */
	viewer_key(&v, 'Q', true);
	viewer_key(&v, 'Q', false);
	viewer_key(&v, 'W', true);
	hears("-88 +58 -58 +16 -16 +17 ");
	viewer_key(&v, 'W', false);
	viewer_encodings(&v, 2, list);
	viewer_sync(&v);
	ck_assert(v.keys_ext);
	viewer_key_ext(&v, 'z', 0x15, true);
	viewer_key_ext(&v, 'z', 0x15, false);
	viewer_key_ext(&v, 0, 0x9d, true);
	viewer_key_ext(&v, 0, 0xd3, true);
	hears("-17 +21 -21 +97 +111 ");
	/* Keys that are held are let go when it leaves. */
	viewer_close(&v);
	hears("-97 -111 ");
	vnc_bed_stop(&bed);
}
END_TEST

static void settle(void)
{
	unsigned i;

	for (i = 0; i < 50; i++)
		vnc_bed_turn(&bed);
}

START_TEST(test_pointer)
{
	static const int32_t list[] = {POINTER, RAW};

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_pointer(&v, 0, 100, 100);
	viewer_pointer(&v, 1, 110, 95);
	settle();
	ck_assert_int_eq(bed.x, 10);
	ck_assert_int_eq(bed.y, -5);
	ck_assert_uint_eq(bed.buttons, 1);
	viewer_pointer(&v, 4, 110, 95);
	viewer_pointer(&v, 4 | 16, 110, 95);
	viewer_pointer(&v, 4, 110, 95);
	settle();
	ck_assert_uint_eq(bed.buttons, 2);
	ck_assert_int_eq(bed.z, 1);
	viewer_encodings(&v, 2, list);
	viewer_sync(&v);
	ck_assert(v.relative);
	viewer_pointer(&v, 2, 0x7fff + 3, 0x7fff - 4);
	viewer_pointer(&v, 2, 0x7fff + 3, 0x7fff - 4);
	settle();
	ck_assert_int_eq(bed.x, 16);
	ck_assert_int_eq(bed.y, -13);
	ck_assert_uint_eq(bed.buttons, 4);
	viewer_close(&v);
	settle();
	ck_assert_uint_eq(bed.buttons, 0);
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_sharing)
{
	struct viewer other;

	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	viewer_open(&other, &bed);
	viewer_sync(&v);
	viewer_sync(&other);
	viewer_close(&other);
	/* Who wants to be alone is. */
	viewer_call(&other, &bed);
	ck_assert(viewer_login(&other, 8, NULL));
	viewer_init(&other, false);
	ck_assert(viewer_is_ended(&v));
	viewer_close(&v);
	viewer_call(&v, &bed);
	ck_assert(viewer_login(&v, 8, NULL));
	viewer_send(&v, "\1", 1);
	ck_assert(viewer_is_ended(&v));
	viewer_sync(&other);
	viewer_close(&v);
	viewer_close(&other);
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_sharing_otherwise)
{
	struct viewer other;

	vnc_bed_start(&bed, ",share=force-shared");
	viewer_call(&v, &bed);
	ck_assert(viewer_login(&v, 8, NULL));
	viewer_send(&v, "\0", 1);
	ck_assert(viewer_is_ended(&v));
	viewer_close(&v);
	vnc_bed_stop(&bed);
	vnc_bed_start(&bed, ",share=ignore");
	viewer_open(&v, &bed);
	viewer_call(&other, &bed);
	ck_assert(viewer_login(&other, 8, NULL));
	viewer_init(&other, false);
	viewer_sync(&v);
	viewer_sync(&other);
	viewer_close(&v);
	viewer_close(&other);
	vnc_bed_stop(&bed);
}
END_TEST

/* Nobody set one yet: none is right. */
START_TEST(test_no_password_is_right)
{
	static const unsigned minors[] = {3, 7, 8};
	unsigned i;

	vnc_bed_start(&bed, ",password=on");
	for (i = 0; i < 3; i++) {
		viewer_call(&v, &bed);
		ck_assert(!viewer_login(&v, minors[i], ""));
		viewer_close(&v);
	}
	vnc_bed_stop(&bed);
}
END_TEST

/* A viewer that does not read neither stalls others nor takes memory. */
START_TEST(test_a_viewer_that_does_not_read)
{
	struct viewer slow;
	unsigned i;

	vnc_bed_start(&bed, "");
	vnc_bed_resize(&bed, 1920, 1080);
	viewer_open(&slow, &bed);
	viewer_open(&v, &bed);
	for (i = 0; i < 100; i++)
		viewer_request(&slow, false);
	for (i = 0; i < 5; i++) {
		draw(3);
		viewer_sync(&v);
	}
	/* It wakes up, and sees the newest. */
	viewer_update(&slow);
	viewer_sync(&slow);
	viewer_close(&v);
	viewer_close(&slow);
	vnc_bed_stop(&bed);
}
END_TEST

UNIT_MAIN("vnc", test_raw, test_hextile, test_zlib, test_tight, test_zrle,
	  test_tight_uses_its_filters, test_noise_and_then_text, test_sizes,
	  test_the_first_update_is_a_picture, test_sizes_for_others,
	  test_scrolling_is_copied, test_nothing_new_costs_nothing,
	  test_versions, test_name_and_leds, test_keys, test_pointer,
	  test_sharing, test_sharing_otherwise, test_no_password_is_right,
	  test_a_viewer_that_does_not_read)
