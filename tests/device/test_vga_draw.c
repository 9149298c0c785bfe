/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graphics modes as they are seen, dot by dot. */
#include <stdlib.h>
#include <string.h>

#include "tests/device/vga_screen.h"
#include "vmm/endian.h"

#define VRAM (1u << 20)
#define CGA  0x18000u /* 0xb8000, from 0xa0000 */

static struct screen s;

/* What programs wrote: the pictures that are expected are made of it. */
static uint8_t image[640 * 480 * 4];
static unsigned image_width;

static uint8_t noise(unsigned i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

/* Six bits to eight, as the adapter's pictures have them. */
static uint32_t widen(unsigned val)
{
	return val * 4 + val % 2 * 3;
}

static uint32_t colour_256(unsigned i)
{
	return widen(i / 4) << 16 | widen(63 - i / 4) << 8 | widen(i % 64);
}

static void set_256_palette(void)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		screen_dac(&s, (uint8_t)i,
			   i / 4 << 16 | (63 - i / 4) << 8 | i % 64);
}

static void start(const struct screen_mode *mode)
{
	screen_start(&s, "1");
	screen_set_mode(&s, mode);
	screen_set_ega_palette(&s);
	screen_watch(&s);
}

static void make_image(unsigned width, unsigned height, unsigned colours)
{
	unsigned i;

	image_width = width;
	for (i = 0; i < width * height; i++)
		image[i] = noise(i) % colours;
}

/* Each pixel of the image is so many dots wide and high. */
static unsigned scale_x, scale_y;

static uint8_t image_at(unsigned x, unsigned y)
{
	return image[y / scale_y * image_width + x / scale_x];
}

static uint32_t ega(const struct screen *screen, unsigned x, unsigned y)
{
	return screen_ega[image_at(x, y)];
}

static uint32_t vga_256(const struct screen *screen, unsigned x, unsigned y)
{
	return colour_256(image_at(x, y));
}

/* Through the map mask, a plane after the other. */
static void write_planar(unsigned width, unsigned height)
{
	unsigned plane, i, bit;
	uint8_t byte;

	for (plane = 0; plane < 4; plane++) {
		screen_set(&s, PORT_SEQ, SEQ_MAP_MASK, (uint8_t)(1 << plane));
		for (i = 0; i < width * height / 8; i++) {
			for (byte = 0, bit = 0; bit < 8; bit++)
				byte |= (uint8_t)((image[i * 8 + bit] >> plane &
						   1)
						  << (7 - bit));
			screen_poke(&s, i, byte);
		}
	}
	screen_set(&s, PORT_SEQ, SEQ_MAP_MASK, 0x0f);
}

static void check_planar(const struct screen_mode *mode, unsigned width,
			 unsigned height, unsigned scale, unsigned lines)
{
	start(mode);
	make_image(width, height, 16);
	write_planar(width, height);
	scale_x = scale;
	scale_y = lines;
	screen_expect(&s, width * scale, height * lines, ega);
	screen_stop(&s);
}

START_TEST(test_16_colours)
{
	check_planar(&screen_mode_d, 320, 200, 2, 2);
	check_planar(&screen_mode_10, 640, 350, 1, 1);
	check_planar(&screen_mode_12, 640, 480, 1, 1);
}
END_TEST

static const uint32_t cga_colours[] = {0x000000, 0x57ffff, 0xff57ff, 0xffffff};

static uint32_t cga_4(const struct screen *screen, unsigned x, unsigned y)
{
	return cga_colours[image_at(x, y)];
}

/* For modes of 200 lines a BIOS has bright colours from 0x10 on. */
static void set_cga_palette(void)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		screen_dac(&s, (uint8_t)(0x10 + i),
			   0x151515 + (i >> 2 & 1) * 0x2a0000 +
				   (i >> 1 & 1) * 0x2a00 + (i & 1) * 0x2a);
}

/* Odd lines lie 8 KiB behind even ones. */
static void write_cga(unsigned per_byte, unsigned bits)
{
	unsigned x, y, i;
	uint8_t byte;

	for (y = 0; y < 200; y++)
		for (x = 0; x < 80; x++) {
			for (byte = 0, i = 0; i < per_byte; i++)
				byte = (uint8_t)(byte << bits |
						 image[y * 80 * per_byte +
						       x * per_byte + i]);
			screen_poke(&s, CGA + (y & 1) * 0x2000 + y / 2 * 80 + x,
				    byte);
		}
}

START_TEST(test_mode_4)
{
	start(&screen_mode_4);
	set_cga_palette();
	make_image(320, 200, 4);
	write_cga(4, 2);
	scale_x = scale_y = 2;
	screen_expect(&s, 640, 400, cga_4);
	screen_stop(&s);
}
END_TEST

static uint32_t cga_2(const struct screen *screen, unsigned x, unsigned y)
{
	return image_at(x, y) ? 0xffffff : 0;
}

START_TEST(test_mode_6)
{
	start(&screen_mode_6);
	set_cga_palette();
	make_image(640, 200, 2);
	write_cga(8, 1);
	scale_x = 1;
	scale_y = 2;
	screen_expect(&s, 640, 400, cga_2);
	screen_stop(&s);
}
END_TEST

static void start_13(void)
{
	unsigned i;

	start(&screen_mode_13);
	set_256_palette();
	make_image(320, 200, 256);
	for (i = 0; i < 320 * 200; i++)
		screen_poke(&s, i, image[i]);
	scale_x = scale_y = 2;
}

START_TEST(test_mode_13)
{
	start_13();
	screen_expect(&s, 640, 400, vga_256);
	screen_stop(&s);
}
END_TEST

static void write_mode_x(unsigned width, unsigned height)
{
	unsigned plane, i;

	for (plane = 0; plane < 4; plane++) {
		screen_set(&s, PORT_SEQ, SEQ_MAP_MASK, (uint8_t)(1 << plane));
		for (i = 0; i < width * height / 4; i++)
			screen_poke(&s, i, image[i * 4 + plane]);
	}
	screen_set(&s, PORT_SEQ, SEQ_MAP_MASK, 0x0f);
}

static void start_x(void)
{
	start(&screen_mode_x);
	set_256_palette();
	make_image(320, 480, 256); /* two pages */
	write_mode_x(320, 480);
	scale_x = scale_y = 2;
}

START_TEST(test_mode_x)
{
	start_x();
	screen_expect(&s, 640, 480, vga_256);
	screen_stop(&s);
}
END_TEST

/* The second page, panned, above; the first page below line 300. */
static unsigned pan_below;

static uint32_t split(const struct screen *screen, unsigned x, unsigned y)
{
	if (y > 300)
		return vga_256(screen, x + pan_below, y - 301);
	return vga_256(screen, x + 6, y + 480);
}

START_TEST(test_split_screen_and_panning)
{
	start_x();
	screen_set(&s, PORT_CRTC, CRTC_START_HIGH, (80 * 240) >> 8);
	screen_set(&s, PORT_CRTC, CRTC_START_LOW, (80 * 240) & 0xff);
	screen_set(&s, PORT_CRTC, CRTC_VSYNC_END, 0);
	screen_set(&s, PORT_CRTC, CRTC_LINE_COMPARE, 300 & 0xff);
	screen_set(&s, PORT_CRTC, CRTC_OVERFLOW, 0x3e);
	screen_set(&s, PORT_CRTC, CRTC_MAX_SCAN, 0x01);
	screen_attr(&s, ATTR_PANNING, 6);
	screen_attr(&s, ATTR_MODE, 0x61);
	pan_below = 0;
	screen_refresh(&s);
	/* What comes in on the right is the next line's. */
	ck_assert_uint_eq(screen_pixel(&s, 639, 0),
			  colour_256(image[320 * 241 + 2]));
	ck_assert_uint_eq(screen_pixel(&s, 600, 300), split(&s, 600, 300));
	ck_assert_uint_eq(screen_pixel(&s, 0, 301), split(&s, 0, 301));
	ck_assert_uint_eq(screen_pixel(&s, 639, 479), split(&s, 639, 479));
	screen_attr(&s, ATTR_MODE, 0x41);
	pan_below = 6;
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 301), split(&s, 0, 301));
	ck_assert_uint_eq(screen_pixel(&s, 0, 300), split(&s, 0, 300));
	screen_stop(&s);
}
END_TEST

/* Addresses come round after 64 KiB of each plane. */
START_TEST(test_wraparound)
{
	start_x();
	screen_set(&s, PORT_CRTC, CRTC_START_HIGH, 0xff);
	screen_set(&s, PORT_CRTC, CRTC_START_LOW, 0xb0);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), colour_256(0));
	ck_assert_uint_eq(screen_pixel(&s, 0, 2), colour_256(image[0]));
	ck_assert_uint_eq(screen_pixel(&s, 639, 3), colour_256(image[319]));
	screen_refresh(&s);
	ck_assert_uint_eq(s.changed, 0);
	screen_poke(&s, 0, 0x55);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 2), colour_256(0x55));
	screen_stop(&s);
}
END_TEST

START_TEST(test_only_what_was_written_is_drawn)
{
	start_13();
	screen_refresh(&s);
	screen_refresh(&s);
	ck_assert_uint_eq(s.changed, 0);
	image[100 * 320] = 0x12; /* in the page of lines 90 to 102 */
	screen_poke(&s, 100 * 320, 0x12);
	screen_expect(&s, 640, 400, vga_256);
	ck_assert_uint_ge(s.changed, 640 * 2);
	ck_assert_uint_le(s.changed, 640 * 30);
	/* Through BAR 0, as DMA and the processor do. */
	image[5] = image[6] = 0x7f;
	screen_write(&s, 5, image + 5, 2);
	screen_expect(&s, 640, 400, vga_256);
	ck_assert_uint_le(s.changed, 640 * 30);
	/* Nobody looks: nothing is kept, all is new afterwards. */
	screen_unwatch(&s);
	ck_assert(!gmem_watched(s.vga->vram));
	image[9] = 0x01;
	screen_poke(&s, 9, 0x01);
	screen_watch(&s);
	ck_assert(gmem_watched(s.vga->vram));
	screen_expect(&s, 640, 400, vga_256);
	screen_stop(&s);
}
END_TEST

START_TEST(test_colours)
{
	start(&screen_mode_12);
	screen_poke(&s, 0, 0x80); /* colour 15 */
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0xffffff);
	ck_assert_uint_eq(screen_pixel(&s, 1, 0), 0);
	/* The palette of the attribute controller. */
	screen_attr(&s, 15, 0x04);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0xa80000);
	/* Planes that are not shown. */
	screen_attr(&s, ATTR_PLANES, 0x02);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0x00a800);
	/* Colour select gives the upper bits; then bits 4 and 5 too. */
	screen_attr(&s, ATTR_PLANES, 0x0f);
	screen_dac(&s, 0x44, 0x010203);
	screen_attr(&s, ATTR_COLOUR_SELECT, 0x04);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0x07080f);
	screen_dac(&s, 0xb4, 0x3f0000);
	screen_attr(&s, 15, 0x24);
	screen_attr(&s, ATTR_COLOUR_SELECT, 0x0b);
	screen_attr(&s, ATTR_MODE, 0x81);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0xff0000);
	/* The DAC's mask. */
	screen_dac(&s, 0x34, 0x003f00);
	outb(&s.h, PORT_DAC_MASK, 0x7f);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0x00ff00);
	screen_stop(&s);
}
END_TEST

/* Linear modes: VRAM is full of noise. */

static unsigned vbe_bytes, vbe_pitch, vbe_start;

/* The upper bits come again where there are none. */
static uint32_t fill(uint32_t val, unsigned bits)
{
	val &= (1u << bits) - 1;
	return val << (8 - bits) | val >> (2 * bits - 8);
}

static uint32_t vbe_colour(uint32_t val, unsigned bits)
{
	switch (bits) {
	case 8:
		return colour_256(val & 0xff);
	case 15:
		return fill(val >> 10, 5) << 16 | fill(val >> 5, 5) << 8 |
		       fill(val, 5);
	case 16:
		return fill(val >> 11, 5) << 16 | fill(val >> 5, 6) << 8 |
		       fill(val, 5);
	default:
		return val & 0xffffff;
	}
}

static uint32_t linear(const struct screen *screen, unsigned x, unsigned y)
{
	uint32_t off = (vbe_start + y * vbe_pitch + x * vbe_bytes), val = 0;
	unsigned i;

	for (i = 0; i < vbe_bytes; i++)
		val |= (uint32_t)noise((off + i) % VRAM) << 8 * i;
	return vbe_colour(val, s.vga->vbe[VBE_BPP]);
}

static void fill_vram(void)
{
	uint8_t *all = malloc(VRAM);
	unsigned i;

	for (i = 0; i < VRAM; i++)
		all[i] = noise(i);
	screen_write(&s, 0, all, VRAM);
	free(all);
}

static void start_vbe(uint16_t width, uint16_t height, uint16_t bpp)
{
	screen_start(&s, "1");
	screen_set_vbe(&s, width, height, bpp, 0);
	set_256_palette();
	fill_vram();
	screen_watch(&s);
	vbe_bytes = (bpp + 7) / 8;
	vbe_pitch = width * vbe_bytes;
	vbe_start = 0;
}

START_TEST(test_linear_modes)
{
	static const uint16_t bpps[] = {8, 15, 16, 24, 32};
	size_t i;

	for (i = 0; i < sizeof(bpps) / sizeof(*bpps); i++) {
		start_vbe(512, 384, bpps[i]);
		screen_expect(&s, 512, 384, linear);
		screen_stop(&s);
	}
}
END_TEST

START_TEST(test_virtual_width_and_offsets)
{
	static const uint16_t bpps[] = {8, 16, 24, 32};
	size_t i;

	for (i = 0; i < sizeof(bpps) / sizeof(*bpps); i++) {
		start_vbe(320, 200, bpps[i]);
		screen_vbe(&s, VBE_VIRT_WIDTH, 640);
		screen_vbe(&s, VBE_X_OFFSET, 33);
		screen_vbe(&s, VBE_Y_OFFSET, 50);
		vbe_pitch = 640 * vbe_bytes;
		vbe_start = 50 * vbe_pitch + 33 * vbe_bytes;
		screen_expect(&s, 320, 200, linear);
		screen_refresh(&s);
		ck_assert_uint_eq(s.changed, 0);
		/* Beyond the end of video memory it begins anew. */
		screen_vbe(&s, VBE_Y_OFFSET, (uint16_t)(VRAM / vbe_pitch - 10));
		vbe_start =
			(VRAM / vbe_pitch - 10) * vbe_pitch + 33 * vbe_bytes;
		screen_expect(&s, 320, 200, linear);
		screen_stop(&s);
	}
}
END_TEST

START_TEST(test_video_memory_is_the_picture)
{
	const struct display_surface *surface = &s.h.m.display.surface;
	static const uint8_t pixel[] = {1, 2, 3, 4};

	start_vbe(512, 256, 32);
	screen_refresh(&s);
	ck_assert_ptr_eq(surface->pixels, s.vga->vram->host);
	ck_assert_uint_eq(surface->stride, 2048);
	screen_write(&s, 2048 * 100 + 8, pixel, 4);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 2, 100), 0x030201);
	ck_assert_uint_eq(s.changed, 512 * 2); /* a page */
	/* Flipping pages is another surface. */
	s.resized = 0;
	screen_vbe(&s, VBE_Y_OFFSET, 256);
	screen_refresh(&s);
	ck_assert_uint_eq(s.resized, 1);
	ck_assert_ptr_eq(surface->pixels, s.vga->vram->host + 512 * 1024);
	screen_stop(&s);
}
END_TEST

START_TEST(test_8_bit_dac)
{
	start_vbe(64, 64, 8);
	screen_write(&s, 0, "\x07", 1);
	screen_vbe(&s, VBE_ENABLE, VBE_ENABLED | VBE_8BIT_DAC);
	screen_dac(&s, 7, 0xfedcba);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 0), 0xfedcba);
	screen_stop(&s);
}
END_TEST

/* The window shows a bank after the other. */
START_TEST(test_banks)
{
	start_vbe(640, 400, 8);
	screen_vbe(&s, VBE_BANK, 1);
	screen_set(&s, PORT_SEQ, SEQ_MAP_MASK, 0x0f);
	screen_set(&s, PORT_SEQ, SEQ_MEMORY, 0x0e);
	screen_set(&s, PORT_GFX, GFX_MISC, 0x05);
	screen_poke(&s, 0x1234, 0x99);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0x11234 % 640, 0x11234 / 640),
			  colour_256(0x99));
	screen_stop(&s);
}
END_TEST

START_TEST(test_16_colours_by_vbe)
{
	start(&screen_mode_12);
	screen_set_vbe(&s, 800, 600, 4, 0);
	screen_poke(&s, 100 * 599 + 3, 0x40);
	screen_refresh(&s);
	ck_assert_uint_eq(s.width, 800);
	ck_assert_uint_eq(s.height, 600);
	ck_assert_uint_eq(screen_pixel(&s, 25, 599), 0xffffff);
	ck_assert_uint_eq(screen_pixel(&s, 24, 599), 0);
	screen_vbe(&s, VBE_X_OFFSET, 25);
	screen_refresh(&s);
	ck_assert_uint_eq(screen_pixel(&s, 0, 599), 0xffffff);
	screen_stop(&s);
}
END_TEST

START_TEST(test_pictures_are_not_too_large)
{
	screen_start(&s, "256");
	screen_watch(&s);
	screen_set_vbe(&s, 16000, 12000, 8, VBE_NO_CLEAR);
	screen_refresh(&s);
	ck_assert_uint_eq(s.width, DISPLAY_WIDTH_MAX);
	ck_assert_uint_eq(s.height, DISPLAY_HEIGHT_MAX);
	screen_set_vbe(&s, 8, 1, 32, VBE_NO_CLEAR);
	screen_refresh(&s);
	ck_assert_uint_eq(s.width, 8);
	ck_assert_uint_eq(s.height, 1);
	screen_stop(&s);
}
END_TEST

static void hostile_registers(unsigned seed)
{
	unsigned i;

	for (i = 0; i < VGA_CRTC_REGS; i++)
		screen_set(&s, PORT_CRTC, (uint8_t)i, noise(seed + i));
	screen_set(&s, PORT_CRTC, CRTC_VSYNC_END, 0);
	screen_set(&s, PORT_SEQ, SEQ_CLOCK, noise(seed + 40) & 0x1f);
	screen_set(&s, PORT_GFX, GFX_MODE, noise(seed + 41));
	screen_set(&s, PORT_GFX, GFX_MISC, noise(seed + 42) | 1);
	screen_attr(&s, ATTR_PANNING, noise(seed + 43));
	screen_attr(&s, ATTR_MODE, noise(seed + 44));
}

START_TEST(test_hostile_registers)
{
	unsigned i;

	start(&screen_mode_12);
	for (i = 0; i < 60; i++) {
		hostile_registers(i * 50);
		screen_refresh(&s);
		screen_poke(&s, noise(i), noise(i + 1));
		screen_refresh(&s);
	}
	for (i = 0; i < 60; i++) {
		screen_set_vbe(&s, (uint16_t)(noise(i) * 9),
			       (uint16_t)(noise(i + 1) * 4),
			       (uint16_t[]){4, 8, 15, 16, 24, 32}[i % 6],
			       VBE_NO_CLEAR);
		screen_vbe(&s, VBE_VIRT_WIDTH, (uint16_t)(noise(i) * 257));
		screen_vbe(&s, VBE_X_OFFSET, (uint16_t)(noise(i + 2) * 257));
		screen_vbe(&s, VBE_Y_OFFSET, (uint16_t)(noise(i + 3) * 257));
		screen_refresh(&s);
	}
	screen_stop(&s);
}
END_TEST

HARNESS_MAIN("vga draw", test_16_colours, test_mode_4, test_mode_6,
	     test_mode_13, test_mode_x, test_split_screen_and_panning,
	     test_wraparound, test_only_what_was_written_is_drawn, test_colours,
	     test_linear_modes, test_virtual_width_and_offsets,
	     test_video_memory_is_the_picture, test_8_bit_dac, test_banks,
	     test_16_colours_by_vbe, test_pictures_are_not_too_large,
	     test_hostile_registers)
