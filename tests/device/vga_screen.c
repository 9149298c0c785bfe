/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VGA, its modes, and somebody who looks at it. */
#include "tests/device/vga_screen.h"

#include <stdlib.h>
#include <string.h>

#include "hw/pci_regs.h"

#define TEXT_WINDOW 0xb8000u
#define EGA_ATTRIBUTES \
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, \
		0x3b, 0x3c, 0x3d, 0x3e, 0x3f
#define CGA_ATTRIBUTES \
	0x00, 0x13, 0x15, 0x17, 0x02, 0x04, 0x06, 0x07, 0x10, 0x11, 0x12, \
		0x13, 0x14, 0x15, 0x16, 0x17
#define PLAIN_ATTRIBUTES \
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, \
		0x0b, 0x0c, 0x0d, 0x0e, 0x0f

/* IBM VGA XGA Technical Reference, tables of the modes' registers. */
const struct screen_mode screen_text = {
	.misc = 0x67,
	.seq = {0x03, 0x00, 0x03, 0x00, 0x02},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
		 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
	.attr = {EGA_ATTRIBUTES, 0x0c, 0x00, 0x0f, 0x08, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff},
};

const struct screen_mode screen_text_40 = {
	.misc = 0x67,
	.seq = {0x03, 0x08, 0x03, 0x00, 0x02},
	.crtc = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00,
		 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
	.attr = {EGA_ATTRIBUTES, 0x0c, 0x00, 0x0f, 0x08, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff},
};

const struct screen_mode screen_mode_4 = {
	.misc = 0x63,
	.seq = {0x03, 0x09, 0x03, 0x00, 0x02},
	.crtc = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00,
		 0xc1, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff},
	.attr = {CGA_ATTRIBUTES, 0x01, 0x00, 0x03, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x0f, 0x00, 0xff},
};

const struct screen_mode screen_mode_6 = {
	.misc = 0x63,
	.seq = {0x03, 0x01, 0x01, 0x00, 0x06},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00,
		 0xc1, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xc2, 0xff},
	.attr = {0x00, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
		 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
		 0x17, 0x17, 0x01, 0x00, 0x01, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0d, 0x00, 0xff},
};

const struct screen_mode screen_mode_d = {
	.misc = 0x63,
	.seq = {0x03, 0x09, 0x0f, 0x00, 0x06},
	.crtc = {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00,
		 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xe3, 0xff},
	.attr = {EGA_ATTRIBUTES, 0x01, 0x00, 0x0f, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff},
};

const struct screen_mode screen_mode_10 = {
	.misc = 0xa3,
	.seq = {0x03, 0x01, 0x0f, 0x00, 0x06},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00,
		 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x83, 0x85,
		 0x5d, 0x28, 0x0f, 0x63, 0xba, 0xe3, 0xff},
	.attr = {EGA_ATTRIBUTES, 0x01, 0x00, 0x0f, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff},
};

const struct screen_mode screen_mode_12 = {
	.misc = 0xe3,
	.seq = {0x03, 0x01, 0x0f, 0x00, 0x06},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00,
		 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0x8c,
		 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff},
	.attr = {EGA_ATTRIBUTES, 0x01, 0x00, 0x0f, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff},
};

const struct screen_mode screen_mode_13 = {
	.misc = 0x63,
	.seq = {0x03, 0x01, 0x0f, 0x00, 0x0e},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00,
		 0x41, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
		 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff},
	.attr = {PLAIN_ATTRIBUTES, 0x41, 0x00, 0x0f, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff},
};

/* 320x240 in 256 colours, a pixel from each plane in turn. */
const struct screen_mode screen_mode_x = {
	.misc = 0xe3,
	.seq = {0x03, 0x01, 0x0f, 0x00, 0x06},
	.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0d, 0x3e, 0x00,
		 0x41, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0xac,
		 0xdf, 0x28, 0x00, 0xe7, 0x06, 0xe3, 0xff},
	.attr = {PLAIN_ATTRIBUTES, 0x41, 0x00, 0x0f, 0x00, 0x00},
	.gfx = {0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff},
};

const uint32_t screen_ega[16] = {
	0x000000, 0x0000a8, 0x00a800, 0x00a8a8, 0xa80000, 0xa800a8,
	0xa85700, 0xa8a8a8, 0x575757, 0x5757ff, 0x57ff57, 0x57ffff,
	0xff5757, 0xff57ff, 0xffff57, 0xffffff,
};

static void on_resized(void *ctx, const struct display_surface *surface)
{
	struct screen *s = ctx;
	unsigned y;

	ck_assert_uint_le(surface->width, DISPLAY_WIDTH_MAX);
	ck_assert_uint_le(surface->height, DISPLAY_HEIGHT_MAX);
	s->resized++;
	s->width = surface->width;
	s->height = surface->height;
	free(s->pixels);
	s->pixels = calloc((size_t)s->width * s->height + 1, 4);
	for (y = 0; y < s->height; y++)
		memcpy(s->pixels + (size_t)y * s->width,
		       surface->pixels + y * surface->stride, s->width * 4);
}

static void on_changed(void *ctx, unsigned x, unsigned y, unsigned width,
		       unsigned height)
{
	struct screen *s = ctx;
	const struct display_surface *surface = &s->h.m.display.surface;

	ck_assert_uint_le((uint64_t)x + width, s->width);
	ck_assert_uint_le((uint64_t)y + height, s->height);
	s->changed += width * height;
	for (; height--; y++)
		memcpy(s->pixels + (size_t)y * s->width + x,
		       surface->pixels + y * surface->stride + x * 4,
		       (size_t)width * 4);
}

static const struct display_viewer_ops viewer_ops = {
	.resized = on_resized,
	.changed = on_changed,
};

void screen_start(struct screen *s, const char *vgamem_mb)
{
	const char *const properties[] = {"vgamem_mb", vgamem_mb, NULL};
	struct device *dev;

	memset(s, 0, sizeof(*s));
	harness_init(&s->h, 0);
	pci_bus_init(&s->bus, &s->h.m, "pci.0");
	dev = harness_new(&s->h, &vga_class);
	s->vga = (struct vga *)dev;
	s->vga->pci.bus = &s->bus;
	harness_set(dev, properties);
	harness_start(dev);
	dev->class->reset(dev);
	pci_config_write(&s->bus, 0, PCI_BASE_ADDRESS_0, SCREEN_BAR0, 4);
	pci_config_write(&s->bus, 0, PCI_BASE_ADDRESS_2, SCREEN_BAR2, 4);
	pci_config_write(&s->bus, 0, PCI_COMMAND,
			 PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
}

void screen_stop(struct screen *s)
{
	screen_unwatch(s);
	harness_fini(&s->h);
	free(s->pixels);
}

void screen_watch(struct screen *s)
{
	display_add_viewer(&s->h.m.display, &s->viewer, &viewer_ops, s);
}

void screen_unwatch(struct screen *s)
{
	if (s->viewer.ops)
		display_del_viewer(&s->h.m.display, &s->viewer);
	s->viewer.ops = NULL;
}

uint32_t screen_pixel(const struct screen *s, unsigned x, unsigned y)
{
	return s->pixels[(size_t)y * s->width + x] & 0xffffff;
}

static uint32_t surface_pixel(const struct screen *s, unsigned x, unsigned y)
{
	const struct display_surface *surface = &s->h.m.display.surface;
	uint32_t pixel;

	memcpy(&pixel, surface->pixels + y * surface->stride + x * 4, 4);
	return pixel & 0xffffff;
}

void screen_refresh(struct screen *s)
{
	unsigned x, y;

	s->changed = 0;
	display_refresh(&s->h.m.display);
	for (y = 0; y < s->height; y++)
		for (x = 0; x < s->width; x++)
			if (screen_pixel(s, x, y) != surface_pixel(s, x, y))
				ck_abort_msg("(%u, %u) changed, untold", x, y);
}

void screen_expect(struct screen *s, unsigned width, unsigned height,
		   uint32_t (*want)(const struct screen *s, unsigned x,
				    unsigned y))
{
	unsigned x, y;

	screen_refresh(s);
	ck_assert_uint_eq(s->width, width);
	ck_assert_uint_eq(s->height, height);
	for (y = 0; y < height; y++)
		for (x = 0; x < width; x++)
			if (screen_pixel(s, x, y) != want(s, x, y))
				ck_abort_msg("(%u, %u) is %06x, not %06x", x, y,
					     screen_pixel(s, x, y),
					     want(s, x, y));
}

void screen_set(struct screen *s, uint16_t port, uint8_t index, uint8_t val)
{
	outw(&s->h, port, (uint16_t)(val << 8 | index));
}

void screen_attr(struct screen *s, uint8_t index, uint8_t val)
{
	inb(&s->h, PORT_STATUS);
	outb(&s->h, PORT_ATTR, index | ATTR_PAS);
	outb(&s->h, PORT_ATTR, val);
}

void screen_dac(struct screen *s, uint8_t index, uint32_t rgb6)
{
	outb(&s->h, PORT_DAC_WRITE, index);
	outb(&s->h, PORT_DAC_DATA, (uint8_t)(rgb6 >> 16));
	outb(&s->h, PORT_DAC_DATA, (uint8_t)(rgb6 >> 8));
	outb(&s->h, PORT_DAC_DATA, (uint8_t)rgb6);
}

void screen_set_ega_palette(struct screen *s)
{
	unsigned i;

	for (i = 0; i < 64; i++)
		screen_dac(s, (uint8_t)i,
			   (i >> 2 & 1) * 0x2a0000 + (i >> 5 & 1) * 0x150000 +
				   (i >> 1 & 1) * 0x2a00 +
				   (i >> 4 & 1) * 0x1500 + (i & 1) * 0x2a +
				   (i >> 3 & 1) * 0x15);
}

void screen_set_mode(struct screen *s, const struct screen_mode *mode)
{
	unsigned i;

	outb(&s->h, PORT_MISC, mode->misc);
	for (i = 0; i < sizeof(mode->seq); i++)
		screen_set(s, PORT_SEQ, (uint8_t)i, mode->seq[i]);
	screen_set(s, PORT_CRTC, CRTC_VSYNC_END, 0);
	for (i = 0; i < VGA_CRTC_REGS; i++)
		screen_set(s, PORT_CRTC, (uint8_t)i, mode->crtc[i]);
	for (i = 0; i < VGA_GFX_REGS; i++)
		screen_set(s, PORT_GFX, (uint8_t)i, mode->gfx[i]);
	for (i = 0; i < VGA_ATTR_REGS; i++)
		screen_attr(s, (uint8_t)i, mode->attr[i]);
}

void screen_vbe(struct screen *s, uint16_t index, uint16_t val)
{
	outw(&s->h, PORT_VBE_INDEX, index);
	outw(&s->h, PORT_VBE_DATA, val);
}

void screen_set_vbe(struct screen *s, uint16_t width, uint16_t height,
		    uint16_t bpp, uint16_t flags)
{
	screen_vbe(s, VBE_ENABLE, 0);
	screen_vbe(s, VBE_XRES, width);
	screen_vbe(s, VBE_YRES, height);
	screen_vbe(s, VBE_BPP, bpp);
	screen_vbe(s, VBE_ENABLE, VBE_ENABLED | flags);
	inb(&s->h, PORT_STATUS);
	outb(&s->h, PORT_MISC, 0x67);
	inb(&s->h, PORT_STATUS);
	outb(&s->h, PORT_ATTR, ATTR_PAS);
}

void screen_poke(struct screen *s, uint32_t off, uint8_t val)
{
	mmio_write(&s->h, SCREEN_WINDOW + off, val, 1);
}

void screen_write(struct screen *s, uint32_t off, const void *buf, size_t len)
{
	ck_assert(gmem_write(&s->h.m.gmem, SCREEN_BAR0 + off, buf, len));
}

void screen_cell(struct screen *s, unsigned cell, uint8_t letter,
		 uint8_t colour)
{
	mmio_write(&s->h, TEXT_WINDOW + 2 * cell,
		   (uint64_t)(colour << 8 | letter), 2);
}

void screen_glyph(struct screen *s, unsigned font, uint8_t letter,
		  const uint8_t *lines, unsigned n)
{
	struct vga *vga = s->vga;
	uint8_t seq2 = vga->seq[SEQ_MAP_MASK], seq4 = vga->seq[SEQ_MEMORY];
	uint8_t gfx5 = vga->gfx[GFX_MODE], gfx6 = vga->gfx[GFX_MISC];
	unsigned i;

	screen_set(s, PORT_SEQ, SEQ_MAP_MASK, 1 << PLANE_FONT);
	screen_set(s, PORT_SEQ, SEQ_MEMORY, 0x06);
	screen_set(s, PORT_GFX, GFX_MODE, 0);
	screen_set(s, PORT_GFX, GFX_MISC, 0x04);
	for (i = 0; i < n; i++)
		screen_poke(s, font * 0x2000 + letter * VGA_GLYPH_ROOM + i,
			    lines[i]);
	screen_set(s, PORT_SEQ, SEQ_MAP_MASK, seq2);
	screen_set(s, PORT_SEQ, SEQ_MEMORY, seq4);
	screen_set(s, PORT_GFX, GFX_MODE, gfx5);
	screen_set(s, PORT_GFX, GFX_MISC, gfx6);
}
