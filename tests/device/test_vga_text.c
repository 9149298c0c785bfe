/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text modes as they are seen, dot by dot. */
#include <string.h>

#include "tests/device/vga_screen.h"

#define FRAME (NS_PER_SEC / 60)

static struct screen s;
static unsigned columns, dots, repeat, lines;

/* What the tests put into cells, for the picture that they compute. */
static uint8_t letters[2048], colours[2048];

/* Letters are not alike: each line is made of the letter and the line. */
static uint8_t glyph_line(unsigned font, unsigned letter, unsigned line)
{
	return (uint8_t)(letter * 7 + line * 37 + font * 101);
}

static void load_font(unsigned font)
{
	uint8_t glyph[32];
	unsigned letter, line;

	for (letter = 0; letter < 256; letter++) {
		for (line = 0; line < 32; line++)
			glyph[line] = glyph_line(font, letter, line);
		screen_glyph(&s, font, (uint8_t)letter, glyph, 32);
	}
}

static void put(unsigned cell, uint8_t letter, uint8_t colour)
{
	letters[cell] = letter;
	colours[cell] = colour;
	screen_cell(&s, cell, letter, colour);
}

static void start(const struct screen_mode *mode)
{
	unsigned i;

	screen_start(&s, "1");
	screen_set_mode(&s, mode);
	screen_set_ega_palette(&s);
	screen_set(&s, PORT_CRTC, CRTC_CURSOR_START, CURSOR_START_OFF);
	columns = mode->crtc[CRTC_HDISPLAY_END] + 1u;
	repeat = mode->seq[SEQ_CLOCK] & CLOCK_HALF ? 2 : 1;
	dots = 9;
	lines = 16;
	load_font(0);
	for (i = 0; i < 2048; i++)
		put(i, (uint8_t)(i * 3), (uint8_t)(i * 5 & 0x7f));
	screen_watch(&s);
}

static bool glyph_dot(unsigned font, unsigned letter, unsigned line,
		      unsigned dot)
{
	uint8_t bits = glyph_line(font, letter, line);

	if (dot == 8)
		return letter >= 0xc0 && letter < 0xe0 && (bits & 1);
	return bits >> (7 - dot) & 1;
}

static uint32_t plain(const struct screen *screen, unsigned x, unsigned y)
{
	unsigned cell = y / lines * columns + x / repeat / dots;
	bool dot = glyph_dot(0, letters[cell], y % lines, x / repeat % dots);

	return screen_ega[dot ? colours[cell] & 15 : colours[cell] >> 4];
}

START_TEST(test_80_columns)
{
	start(&screen_text);
	screen_expect(&s, 720, 400, plain);
	screen_stop(&s);
}
END_TEST

START_TEST(test_40_columns)
{
	start(&screen_text_40);
	screen_expect(&s, 720, 400, plain);
	screen_stop(&s);
}
END_TEST

START_TEST(test_8_dots)
{
	start(&screen_text);
	screen_set(&s, PORT_SEQ, SEQ_CLOCK, CLOCK_8_DOTS);
	dots = 8;
	screen_expect(&s, 640, 400, plain);
	screen_stop(&s);
}
END_TEST

START_TEST(test_50_rows)
{
	start(&screen_text);
	screen_set(&s, PORT_CRTC, CRTC_MAX_SCAN, 0x47);
	lines = 8;
	memset(letters + 2000, 0, 48);
	screen_refresh(&s);
	ck_assert_uint_eq(s.height, 400);
	ck_assert_uint_eq(screen_pixel(&s, 0, 8), plain(&s, 0, 8));
	screen_stop(&s);
}
END_TEST

/* Only what changed is drawn. */
START_TEST(test_one_cell)
{
	start(&screen_text);
	screen_refresh(&s);
	screen_refresh(&s);
	ck_assert_uint_eq(s.changed, 0);
	put(81, 'x', 0x1e);
	screen_expect(&s, 720, 400, plain);
	ck_assert_uint_eq(s.changed, 9 * 16);
	put(0, 'y', 0x2c);
	put(160 + 79, 'y', 0x2c);
	screen_expect(&s, 720, 400, plain);
	ck_assert_uint_eq(s.changed, 2 * 9 * 16);
	s.vga->pci.dev.machine->display.adapter->invalidate(s.vga);
	screen_expect(&s, 720, 400, plain);
	ck_assert_uint_eq(s.changed, 720 * 400);
	ck_assert_uint_eq(s.resized, 1);
	screen_stop(&s);
}
END_TEST

START_TEST(test_other_font)
{
	uint8_t glyph[16];
	unsigned i;

	start(&screen_text);
	screen_refresh(&s);
	for (i = 0; i < 16; i++)
		glyph[i] = (uint8_t)~glyph_line(0, 'A', i);
	put(5, 'A', 0x0f);
	screen_glyph(&s, 0, 'A', glyph, 16);
	screen_refresh(&s);
	for (i = 0; i < 16 * 8; i++)
		ck_assert_uint_ne(screen_pixel(&s, 45 + i % 8, i / 8),
				  plain(&s, 45 + i % 8, i / 8));
	screen_stop(&s);
}
END_TEST

/* Bit 3 of the colour chooses one of two fonts. */
static uint32_t two_fonts(const struct screen *screen, unsigned x, unsigned y)
{
	unsigned cell = y / 16 * 80 + x / 9;
	bool dot = glyph_dot(colours[cell] & 8 ? 5 : 2, letters[cell], y % 16,
			     x % 9);

	return screen_ega[dot ? colours[cell] & 15 : colours[cell] >> 4];
}

START_TEST(test_two_fonts)
{
	start(&screen_text);
	load_font(2);
	load_font(5);
	/* Font 5 (bits 5, 3, 2: 110) is at 40 KiB, font 2 (4, 1, 0: 001) at
	 * 16 KiB. */
	screen_set(&s, PORT_SEQ, SEQ_FONTS, 0x29);
	screen_expect(&s, 720, 400, two_fonts);
	screen_stop(&s);
}
END_TEST

START_TEST(test_cursor)
{
	start(&screen_text);
	put(82, ' ', 0x07);
	screen_set(&s, PORT_CRTC, CRTC_CURSOR_LOW, 82);
	screen_refresh(&s);
	screen_set(&s, PORT_CRTC, CRTC_CURSOR_START, 13);
	screen_refresh(&s);
	ck_assert_uint_eq(s.changed, 9 * 16);
	ck_assert_uint_eq(screen_pixel(&s, 18, 29), screen_ega[7]);
	ck_assert_uint_eq(screen_pixel(&s, 26, 30), screen_ega[7]);
	ck_assert_uint_eq(screen_pixel(&s, 18, 28), plain(&s, 18, 28));
	ck_assert_uint_eq(screen_pixel(&s, 26, 31), plain(&s, 26, 31));
	/* Eight frames later it is off. */
	harness_advance(&s.h, 8 * FRAME + 1000);
	screen_expect(&s, 720, 400, plain);
	ck_assert_uint_eq(s.changed, 9 * 16);
	harness_advance(&s.h, 8 * FRAME);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 18, 29), screen_ega[7]);
	/* Skewed, it is further to the right. */
	screen_set(&s, PORT_CRTC, CRTC_CURSOR_END, 0x2e);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 18, 29), plain(&s, 18, 29));
	ck_assert_uint_eq(screen_pixel(&s, 27, 29),
			  screen_ega[colours[83] & 15]);
	/* One that ends before it begins is none. */
	screen_set(&s, PORT_CRTC, CRTC_CURSOR_END, 12);
	screen_expect(&s, 720, 400, plain);
	screen_stop(&s);
}
END_TEST

static uint32_t blink_off(const struct screen *screen, unsigned x, unsigned y)
{
	unsigned cell = y / 16 * 80 + x / 9;

	return colours[cell] & 0x80 ? screen_ega[colours[cell] >> 4 & 7]
				    : plain(screen, x, y);
}

static uint32_t blink_on(const struct screen *screen, unsigned x, unsigned y)
{
	unsigned cell = y / 16 * 80 + x / 9;
	bool dot = glyph_dot(0, letters[cell], y % 16, x % 9);

	return screen_ega[dot ? colours[cell] & 15 : colours[cell] >> 4 & 7];
}

START_TEST(test_blink_or_intensity)
{
	start(&screen_text);
	put(3, 'A', 0x9e);
	put(4, 'B', 0xf2);
	screen_expect(&s, 720, 400, blink_on);
	harness_advance(&s.h, 16 * FRAME + 1000);
	screen_expect(&s, 720, 400, blink_off);
	ck_assert_uint_eq(s.changed, 2 * 9 * 16);
	screen_attr(&s, ATTR_MODE, 0x04);
	screen_expect(&s, 720, 400, plain);
	screen_stop(&s);
}
END_TEST

START_TEST(test_underline)
{
	unsigned x;

	start(&screen_text);
	screen_set(&s, PORT_CRTC, CRTC_UNDERLINE, 12);
	put(0, 'A', 0x01);
	put(1, 'A', 0x02);
	screen_refresh(&s);
	for (x = 0; x < 9; x++)
		ck_assert_uint_eq(screen_pixel(&s, x, 12), screen_ega[1]);
	for (x = 9; x < 18; x++)
		ck_assert_uint_eq(screen_pixel(&s, x, 12), plain(&s, x, 12));
	screen_stop(&s);
}
END_TEST

/* The lower part of the screen begins at address 0, whatever is above. */
static uint32_t split(const struct screen *screen, unsigned x, unsigned y)
{
	bool dot;

	if (y >= 201)
		return plain(screen, x, y - 201);
	x += 3; /* panned */
	y += 4 + 10 * 16; /* begins in the middle of row 10 */
	dot = glyph_dot(0, letters[y / 16 * 80 + x / 9], y % 16, x % 9);
	return screen_ega[dot ? colours[y / 16 * 80 + x / 9] & 15
			      : colours[y / 16 * 80 + x / 9] >> 4];
}

START_TEST(test_split_and_panned)
{
	start(&screen_text);
	screen_set(&s, PORT_CRTC, CRTC_START_HIGH, 800 >> 8);
	screen_set(&s, PORT_CRTC, CRTC_START_LOW, 800 & 0xff);
	screen_set(&s, PORT_CRTC, CRTC_PRESET_ROW, 4);
	screen_set(&s, PORT_CRTC, CRTC_LINE_COMPARE, 200);
	screen_set(&s, PORT_CRTC, CRTC_VSYNC_END, 0);
	screen_set(&s, PORT_CRTC, CRTC_OVERFLOW, 0x0f);
	screen_set(&s, PORT_CRTC, CRTC_MAX_SCAN, 0x0f);
	screen_attr(&s, ATTR_PANNING, 2);
	screen_attr(&s, ATTR_MODE, 0x2c);
	screen_expect(&s, 720, 400, split);
	screen_stop(&s);
}
END_TEST

static uint32_t black(const struct screen *screen, unsigned x, unsigned y)
{
	return 0;
}

START_TEST(test_blank)
{
	start(&screen_text);
	screen_refresh(&s);
	screen_set(&s, PORT_SEQ, SEQ_CLOCK, CLOCK_SCREEN_OFF);
	screen_expect(&s, 720, 400, black);
	screen_refresh(&s);
	ck_assert_uint_eq(s.changed, 0);
	screen_set(&s, PORT_SEQ, SEQ_CLOCK, 0);
	screen_expect(&s, 720, 400, plain);
	/* The palette is the processor's. */
	inb(&s.h, PORT_STATUS);
	outb(&s.h, PORT_ATTR, 0);
	screen_expect(&s, 720, 400, black);
	outb(&s.h, PORT_ATTR, 0);
	outb(&s.h, PORT_ATTR, ATTR_PAS);
	screen_expect(&s, 720, 400, plain);
	ck_assert_uint_eq(s.resized, 1);
	screen_stop(&s);
}
END_TEST

START_TEST(test_hostile_rows)
{
	unsigned i;

	start(&screen_text);
	for (i = 0; i < 256; i++) {
		screen_set(&s, PORT_CRTC, CRTC_MAX_SCAN, (uint8_t)(i * 11));
		screen_set(&s, PORT_CRTC, CRTC_PRESET_ROW, (uint8_t)(i * 7));
		screen_set(&s, PORT_CRTC, CRTC_OFFSET, (uint8_t)i);
		screen_set(&s, PORT_CRTC, CRTC_MODE, (uint8_t)(i * 5));
		screen_set(&s, PORT_CRTC, CRTC_START_HIGH, (uint8_t)~i);
		screen_set(&s, PORT_CRTC, CRTC_HDISPLAY_END, (uint8_t)(i * 13));
		screen_set(&s, PORT_CRTC, CRTC_VDISPLAY_END, (uint8_t)(i * 3));
		screen_set(&s, PORT_SEQ, SEQ_CLOCK, (uint8_t)i & 0x1f);
		screen_set(&s, PORT_SEQ, SEQ_FONTS, (uint8_t)i);
		screen_attr(&s, ATTR_PANNING, (uint8_t)i);
		screen_refresh(&s);
	}
	screen_stop(&s);
}
END_TEST

/* Before anything is set there is a black picture of a usual size. */
START_TEST(test_after_power_on)
{
	screen_start(&s, "1");
	screen_watch(&s);
	screen_expect(&s, 640, 480, black);
	screen_stop(&s);
}
END_TEST

HARNESS_MAIN("vga text", test_80_columns, test_40_columns, test_8_dots,
	     test_50_rows, test_one_cell, test_other_font, test_two_fonts,
	     test_cursor, test_blink_or_intensity, test_underline,
	     test_split_and_panned, test_blank, test_hostile_rows,
	     test_after_power_on)
