/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text mode 3 without a VGA BIOS: 80 columns, 25 lines of 9x16 letters.
 * Register values: IBM VGA XGA Technical Reference, 2.6, mode 3+.
 *
 * The letters are those of the adapter's BIOS, in which they are found by the
 * shape of one of them; without it the guest has to load its own.
 */
#include "hw/vga.h"

#include <string.h>

#define MISC_TEXT    0x67 /* colour, RAM, 28 MHz, 400 lines */
#define PALETTE_ON   0x20 /* the attribute controller's index bit */
#define EGA_COLOURS  64
#define EGA_LEVEL    0x15 /* a third of the way to full */
#define COLUMNS	     80
#define LINES	     25
#define BLANK	     0x20
#define LIGHT_GREY   0x07
#define LETTER_LINES 16

static const uint8_t seq[] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t gfx[] = {0x00, 0x00, 0x00, 0x00, 0x00,
			      0x10, 0x0e, 0x00, 0xff};
static const uint8_t attr[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
			       0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
			       0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};
static const uint8_t crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf,
			       0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00,
			       0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f,
			       0x96, 0xb9, 0xa3, 0xff};

/* The usual shape of the letter A, which the font is found by. */
static const uint8_t letter_a[LETTER_LINES] = {
	0x00, 0x00, 0x10, 0x38, 0x6c, 0xc6, 0xc6, 0xfe,
	0xc6, 0xc6, 0xc6, 0xc6, 0x00, 0x00, 0x00, 0x00,
};

/* A colour is two bits each of red, green and blue, the upper ones first. */
static uint8_t level(unsigned colour, unsigned bit)
{
	return (uint8_t)(EGA_LEVEL *
			 ((colour >> bit & 1) * 2 + (colour >> (bit + 3) & 1)));
}

static void set_palette(struct vga *vga)
{
	unsigned i;

	for (i = 0; i < EGA_COLOURS; i++) {
		vga->dac[i][0] = level(i, 2);
		vga->dac[i][1] = level(i, 1);
		vga->dac[i][2] = level(i, 0);
	}
}

static const uint8_t *find_font(const struct vga *vga)
{
	const struct ram_block *rom = vga->pci.rom;
	const uint8_t *a;

	if (!rom)
		return NULL;
	a = memmem(rom->host, rom->size, letter_a, sizeof(letter_a));
	if (!a || (size_t)(a - rom->host) < 'A' * LETTER_LINES ||
	    (size_t)(rom->host + rom->size - a) <
		    (VGA_GLYPHS - 'A') * LETTER_LINES)
		return NULL;
	return a - 'A' * LETTER_LINES;
}

static void load_font(struct vga *vga, const uint8_t *font)
{
	uint8_t *plane = vga->vram->host + PLANE_FONT;
	unsigned letter, line;

	for (letter = 0; letter < VGA_GLYPHS; letter++)
		for (line = 0; line < LETTER_LINES; line++)
			plane[VGA_PLANES * (letter * VGA_GLYPH_ROOM + line)] =
				font[letter * LETTER_LINES + line];
}

static void clear_screen(struct vga *vga)
{
	uint8_t *cell = vga->vram->host;
	unsigned i;

	/* Letters and colours are at even and odd addresses. */
	for (i = 0; i < COLUMNS * LINES; i++, cell += 2 * VGA_PLANES) {
		cell[PLANE_LETTER] = BLANK;
		cell[PLANE_COLOUR] = LIGHT_GREY;
	}
}

void vga_set_text_mode(struct vga *vga)
{
	const uint8_t *font = find_font(vga);

	vga->misc = MISC_TEXT;
	memcpy(vga->seq, seq, sizeof(seq));
	memcpy(vga->gfx, gfx, sizeof(gfx));
	memcpy(vga->crtc, crtc, sizeof(crtc));
	memcpy(vga->attr, attr, sizeof(attr));
	vga->attr_index = PALETTE_ON;
	set_palette(vga);
	if (font)
		load_font(vga, font);
	clear_screen(vga);
	vga->draw.stale = true;
}
