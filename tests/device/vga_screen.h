/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VGA and somebody who looks at it.  The viewer keeps a picture of its own,
 * brought up to date only where it is told that something changed.
 */
#ifndef TESTS_DEVICE_VGA_SCREEN_H
#define TESTS_DEVICE_VGA_SCREEN_H

#include "hw/vga.h"
#include "tests/device/harness.h"

#define SCREEN_WINDOW 0xa0000u
#define SCREEN_BAR0   0x20000000u /* above the harness's RAM */
#define SCREEN_BAR2   0x30000000u

enum {
	PORT_SEQ = 0x3c4,
	PORT_GFX = 0x3ce,
	PORT_CRTC = 0x3d4,
	PORT_ATTR = 0x3c0,
	PORT_MISC = 0x3c2,
	PORT_DAC_MASK = 0x3c6,
	PORT_DAC_WRITE = 0x3c8,
	PORT_DAC_DATA = 0x3c9,
	PORT_STATUS = 0x3da,
	PORT_VBE_INDEX = 0x1ce,
	PORT_VBE_DATA = 0x1cf
};

struct screen {
	struct harness h;
	struct pci_bus bus;
	struct vga *vga;
	struct display_viewer viewer;
	unsigned width, height;
	uint32_t *pixels;
	unsigned resized; /* how often */
	unsigned changed; /* pixels that were told to have changed */
};

/* A mode, as a table of the BIOS has it. */
struct screen_mode {
	uint8_t misc, seq[5], crtc[VGA_CRTC_REGS], attr[VGA_ATTR_REGS];
	uint8_t gfx[VGA_GFX_REGS];
};

extern const struct screen_mode screen_text, screen_text_40, screen_mode_4,
	screen_mode_6, screen_mode_d, screen_mode_10, screen_mode_12,
	screen_mode_13, screen_mode_x;

void screen_start(struct screen *s, const char *vgamem_mb);
void screen_stop(struct screen *s);
/* The viewer comes, and goes. */
void screen_watch(struct screen *s);
void screen_unwatch(struct screen *s);
/* Refreshes; the viewer's picture must be as the surface is. */
void screen_refresh(struct screen *s);
uint32_t screen_pixel(const struct screen *s, unsigned x, unsigned y);
/* Fails the test at the first pixel that is not as want says. */
void screen_expect(struct screen *s, unsigned width, unsigned height,
		   uint32_t (*want)(const struct screen *s, unsigned x,
				    unsigned y));

void screen_set_mode(struct screen *s, const struct screen_mode *mode);
void screen_set(struct screen *s, uint16_t port, uint8_t index, uint8_t val);
void screen_attr(struct screen *s, uint8_t index, uint8_t val);
void screen_dac(struct screen *s, uint8_t index, uint32_t rgb6);
void screen_vbe(struct screen *s, uint16_t index, uint16_t val);
/* Width, height, bits per pixel; then enabled by flags. */
void screen_set_vbe(struct screen *s, uint16_t width, uint16_t height,
		    uint16_t bpp, uint16_t flags);
/* A byte at 0xa0000 and on; into VRAM as BAR 0 has it. */
void screen_poke(struct screen *s, uint32_t off, uint8_t val);
void screen_write(struct screen *s, uint32_t off, const void *buf, size_t len);
/* Letter and colour of a cell, at 0xb8000. */
void screen_cell(struct screen *s, unsigned cell, uint8_t letter,
		 uint8_t colour);
/* A letter's lines in plane 2, as programs load a font. */
void screen_glyph(struct screen *s, unsigned font, uint8_t letter,
		  const uint8_t *lines, unsigned n);

/* The first 16 colours as a VGA BIOS has them, and as they are seen. */
void screen_set_ega_palette(struct screen *s);
extern const uint32_t screen_ega[16];

#endif
