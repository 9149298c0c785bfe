/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VGA's registers say about its picture.  IBM VGA XGA Technical
 * Reference, sections 2.3 (modes) and 2.6 (registers).
 *
 * Not modelled: the border and its colour, blanking before the display's end,
 * the skew of the display, vertical counting by two.
 */
#include "hw/vga.h"

#include <string.h>

#define GROUPS	       0x10000u /* that a VGA addresses */
#define COLUMN_DOTS    8u
#define COLOURS	       16u
#define CURSOR_FRAMES  16u /* 8 shown, 8 not */
#define BLINK_FRAMES   32u
#define FRAME_NS       (NS_PER_SEC / 60)
#define FONT_SIZE      0x2000u
#define DEFAULT_WIDTH  640
#define DEFAULT_HEIGHT 480

static unsigned at_most(unsigned val, unsigned max)
{
	return val < max ? val : max;
}

/* Six bits become eight by repeating the last one. */
static uint32_t widen(uint8_t val)
{
	val &= 0x3f;
	return (uint32_t)(val << 2 | (val & 1) * 3);
}

static uint32_t dac_colour(const struct vga *vga, unsigned i)
{
	const uint8_t *c = vga->dac[i & vga->dac_mask];

	if (vbe_8bit_dac(vga))
		return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
	return widen(c[0]) << 16 | widen(c[1]) << 8 | widen(c[2]);
}

/* Section 2.6, "Attribute controller": colours go through its palette. */
static unsigned attr_colour(const struct vga *vga, unsigned i)
{
	unsigned val = vga->attr[i & vga->attr[ATTR_PLANES] & (COLOURS - 1)];
	unsigned select = vga->attr[ATTR_COLOUR_SELECT];

	if (vga->attr[ATTR_MODE] & ATTR_MODE_SELECT_5)
		return (select & 0x0f) << 4 | (val & 0x0f);
	return (select & 0x0c) << 4 | (val & 0x3f);
}

static void read_palette(const struct vga *vga, struct vga_view *v)
{
	unsigned i;

	if (v->kind == VGA_BYTES || v->kind == VGA_LINEAR_8)
		for (i = 0; i < VGA_PALETTE; i++)
			v->palette[i] = dac_colour(vga, i);
	else if (v->kind == VGA_TEXT || v->kind == VGA_PLANAR ||
		 v->kind == VGA_TWO_BITS)
		for (i = 0; i < COLOURS; i++)
			v->palette[i] = dac_colour(vga, attr_colour(vga, i));
}

/* A font's bits of the register are not next to each other. */
static uint32_t font_offset(unsigned low, unsigned high)
{
	return (low * 2 + high) * FONT_SIZE;
}

static void read_text(const struct vga *vga, struct vga_view *v)
{
	uint8_t fonts = vga->seq[SEQ_FONTS];

	v->dots = vga->seq[SEQ_CLOCK] & CLOCK_8_DOTS ? 8 : 9;
	v->font[0] = font_offset(fonts >> 2 & 3, fonts >> 5 & 1);
	v->font[1] = font_offset(fonts & 3, fonts >> 4 & 1);
	v->underline = vga->crtc[CRTC_UNDERLINE] & UNDERLINE_MASK;
	v->blink = vga->attr[ATTR_MODE] & ATTR_MODE_BLINK;
	v->line_graphics = vga->attr[ATTR_MODE] & ATTR_MODE_9TH_DOT;
}

static void read_pan(const struct vga *vga, struct vga_view *v)
{
	unsigned pan = vga->attr[ATTR_PANNING] & PANNING_MASK;

	/* With nine dots, eight mean none. */
	v->pan = v->dots == 9 ? (pan + 1) % 9 : pan % 8;
	if (v->kind == VGA_BYTES)
		v->pan &= ~1u;
	v->pan_top = vga->attr[ATTR_MODE] & ATTR_MODE_PAN_TOP;
}

static void read_lines(const uint8_t *crtc, struct vga_view *v)
{
	unsigned overflow = crtc[CRTC_OVERFLOW], rows = crtc[CRTC_MAX_SCAN];

	v->height = crtc[CRTC_VDISPLAY_END] +
		    (overflow & OVERFLOW_VDISPLAY_8 ? 0x100 : 0) +
		    (overflow & OVERFLOW_VDISPLAY_9 ? 0x200 : 0) + 1u;
	v->line_compare = crtc[CRTC_LINE_COMPARE] +
			  (overflow & OVERFLOW_LINE_COMPARE ? 0x100 : 0) +
			  (rows & MAX_SCAN_LINE_COMPARE ? 0x200 : 0);
	v->double_scan = rows & MAX_SCAN_DOUBLE;
	v->row_last = rows & MAX_SCAN_MASK;
	v->row_first = crtc[CRTC_PRESET_ROW] & PRESET_ROW_MASK;
}

static void read_addresses(const uint8_t *crtc, struct vga_view *v)
{
	uint8_t mode = crtc[CRTC_MODE];

	v->mask = GROUPS - 1;
	v->start = (unsigned)crtc[CRTC_START_HIGH] << 8 | crtc[CRTC_START_LOW];
	v->start += crtc[CRTC_PRESET_ROW] >> PRESET_PAN_SHIFT & 3;
	v->pitch = crtc[CRTC_OFFSET] * 2u;
	/* Chained planes lie in order: doublewords are as bytes. */
	v->word = !(mode & CRTC_MODE_BYTE) &&
		  !(crtc[CRTC_UNDERLINE] & UNDERLINE_DWORD);
	v->wrap_15 = mode & CRTC_MODE_WRAP_15;
	if (v->kind != VGA_TEXT) {
		v->cga = !(mode & CRTC_MODE_NO_CGA);
		v->hercules = !(mode & CRTC_MODE_NO_HERCULES);
	}
}

static enum vga_picture kind_of(const struct vga *vga)
{
	if (!(vga->gfx[GFX_MISC] & GFX_MISC_GRAPHICS))
		return VGA_TEXT;
	if (vga->gfx[GFX_MODE] & MODE_SHIFT_256)
		return VGA_BYTES;
	return vga->gfx[GFX_MODE] & MODE_SHIFT_2BIT ? VGA_TWO_BITS : VGA_PLANAR;
}

static void read_vga(const struct vga *vga, struct vga_view *v)
{
	v->kind = kind_of(vga);
	v->columns = vga->crtc[CRTC_HDISPLAY_END] + 1u;
	v->dots = COLUMN_DOTS;
	if (v->kind == VGA_TEXT)
		read_text(vga, v);
	v->repeat = vga->seq[SEQ_CLOCK] & CLOCK_HALF ? 2 : 1;
	v->width = v->columns * v->dots * v->repeat;
	read_lines(vga->crtc, v);
	read_addresses(vga->crtc, v);
	read_pan(vga, v);
}

/* Planes behind the registers for linear modes: as long as there is memory. */
static void read_planar_vbe(const struct vga *vga, struct vga_view *v)
{
	v->kind = VGA_PLANAR;
	v->mask = (uint32_t)(vga->vram->size / VGA_PLANES - 1);
	v->columns = v->width / COLUMN_DOTS;
	v->dots = COLUMN_DOTS;
	v->repeat = 1;
	v->pan = v->start % COLUMN_DOTS;
	v->start /= COLUMN_DOTS;
	v->pitch /= COLUMN_DOTS;
	v->line_compare = UINT32_MAX;
}

static void read_vbe(const struct vga *vga, struct vga_view *v)
{
	const uint16_t *r = vga->vbe;
	unsigned bytes = (r[VBE_BPP] + 7u) / 8;

	v->width = at_most(r[VBE_XRES], DISPLAY_WIDTH_MAX);
	v->height = at_most(r[VBE_YRES], DISPLAY_HEIGHT_MAX);
	v->pitch = r[VBE_VIRT_WIDTH];
	v->start = r[VBE_Y_OFFSET] * v->pitch + r[VBE_X_OFFSET];
	if (r[VBE_BPP] <= 4) {
		read_planar_vbe(vga, v);
		return;
	}
	v->pitch *= bytes;
	v->start *= bytes;
	switch (r[VBE_BPP]) {
	case 8:
		v->kind = VGA_LINEAR_8;
		break;
	case 15:
		v->kind = VGA_LINEAR_15;
		break;
	case 16:
		v->kind = VGA_LINEAR_16;
		break;
	case 24:
		v->kind = VGA_LINEAR_24;
		break;
	default:
		v->kind = VGA_LINEAR_32;
	}
}

/* A blank picture has the size of the one before. */
static void read_blank(const struct vga *vga, struct vga_view *v)
{
	const struct display_surface *s = &vga->draw.surface;

	memset(v, 0, sizeof(*v));
	v->kind = VGA_BLANK;
	v->width = s->pixels ? s->width : DEFAULT_WIDTH;
	v->height = s->pixels ? s->height : DEFAULT_HEIGHT;
}

static bool is_blank(const struct vga *vga)
{
	if (!(vga->attr_index & ATTR_PAS))
		return true;
	return !vbe_enabled(vga) && (vga->seq[SEQ_CLOCK] & CLOCK_SCREEN_OFF);
}

void vga_view_read(const struct vga *vga, struct vga_view *view)
{
	memset(view, 0, sizeof(*view));
	if (vbe_enabled(vga))
		read_vbe(vga, view);
	else
		read_vga(vga, view);
	if (is_blank(vga) || !view->width || !view->height)
		read_blank(vga, view);
	read_palette(vga, view);
}

void vga_cursor_read(const struct vga *vga, const struct vga_view *view,
		     struct vga_cursor *cursor)
{
	uint64_t frame =
		(uint64_t)clock_now(&vga->pci.dev.machine->virt) / FRAME_NS;
	const uint8_t *crtc = vga->crtc;

	memset(cursor, 0, sizeof(*cursor));
	cursor->text_shown = frame % BLINK_FRAMES < BLINK_FRAMES / 2;
	cursor->shown = frame % CURSOR_FRAMES < CURSOR_FRAMES / 2 &&
			!(crtc[CRTC_CURSOR_START] & CURSOR_START_OFF);
	cursor->at = (uint16_t)((unsigned)crtc[CRTC_CURSOR_HIGH] << 8 |
				crtc[CRTC_CURSOR_LOW]) +
		     (crtc[CRTC_CURSOR_END] >> CURSOR_END_SKEW_SHIFT & 3);
	cursor->first = crtc[CRTC_CURSOR_START] & CURSOR_LINE_MASK;
	cursor->last = crtc[CRTC_CURSOR_END] & CURSOR_LINE_MASK;
	if (cursor->first > cursor->last)
		cursor->shown = false;
}

void vga_scan_first(const struct vga_view *view, struct vga_scan *scan)
{
	*scan = (struct vga_scan){
		.address = (uint32_t)(view->start & view->mask),
		.row_line = view->row_first,
	};
}

bool vga_scan_next(const struct vga_view *view, struct vga_scan *scan,
		   unsigned y)
{
	if (y == view->line_compare) {
		*scan = (struct vga_scan){.below = true};
		return true;
	}
	scan->again = view->double_scan && !scan->again;
	if (scan->again)
		return false;
	if (scan->row_line != view->row_last) {
		scan->row_line = (scan->row_line + 1) & MAX_SCAN_MASK;
		return false;
	}
	scan->row_line = 0;
	scan->address = (uint32_t)(scan->address + view->pitch) & view->mask;
	return true;
}

uint32_t vga_scan_group(const struct vga_view *view, uint32_t address)
{
	if (!view->word)
		return address & view->mask;
	return (address << 1 | (address >> (view->wrap_15 ? 15 : 13) & 1)) &
	       view->mask;
}
