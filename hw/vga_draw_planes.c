/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics modes that are made of planes: 16 colours, a CGA's four and two,
 * 256 colours with bytes from each plane in turn.  IBM VGA XGA Technical
 * Reference, 2.3, "All points addressable modes" and 2.6, "Graphics mode
 * register".
 */
#include "hw/vga.h"

#include <string.h>

#define COLUMN_DOTS  8
#define CGA_BIT	     13 /* of addresses, stands for bit 0 of the row's line */
#define HERCULES_BIT 14 /* the same for bit 1 */

/* The colours of the dots of four bytes, one from each plane. */
static void planar_dots(const uint8_t *group, uint8_t *dots)
{
	unsigned i, bit;

	for (i = 0; i < COLUMN_DOTS; i++) {
		bit = COLUMN_DOTS - 1 - i;
		dots[i] = (uint8_t)((group[0] >> bit & 1) |
				    (group[1] >> bit & 1) << 1 |
				    (group[2] >> bit & 1) << 2 |
				    (group[3] >> bit & 1) << 3);
	}
}

/* Planes 0 and 1 have two bits a dot, 2 and 3 two more of the same dots. */
static void two_bit_dots(const uint8_t *group, uint8_t *dots)
{
	unsigned i, plane, shift;

	for (i = 0; i < COLUMN_DOTS; i++) {
		plane = i / 4;
		shift = 6 - i % 4 * 2;
		dots[i] = (uint8_t)((group[plane] >> shift & 3) |
				    (group[plane + 2] >> shift & 3) << 2);
	}
}

static void byte_dots(const uint8_t *group, uint8_t *dots)
{
	unsigned i;

	for (i = 0; i < COLUMN_DOTS; i++)
		dots[i] = group[i / 2];
}

static void (*const dots_of[])(const uint8_t *group, uint8_t *dots) = {
	[VGA_PLANAR] = planar_dots,
	[VGA_TWO_BITS] = two_bit_dots,
	[VGA_BYTES] = byte_dots,
};

static uint32_t replace_bit(uint32_t val, unsigned bit, unsigned by)
{
	return (val & ~(1u << bit)) | (by & 1) << bit;
}

static uint32_t group_at(const struct vga_view *view,
			 const struct vga_scan *scan, unsigned column)
{
	uint32_t group = vga_scan_group(view, scan->address + column);

	if (view->cga)
		group = replace_bit(group, CGA_BIT, scan->row_line);
	if (view->hercules)
		group = replace_bit(group, HERCULES_BIT, scan->row_line >> 1);
	return group;
}

static bool line_dirty(const struct vga_draw *d, const struct vga_scan *scan)
{
	const struct vga_view *view = &d->view;
	/* One more, of which a panned picture shows the left part. */
	unsigned n = view->columns, step = view->word ? 2 : 1;
	uint64_t first = group_at(view, scan, 0);
	uint64_t last = group_at(view, scan, n);

	if (last - first != (uint64_t)n * step) /* comes round somewhere */
		return vga_draw_dirty(d, 0,
				      ((uint64_t)view->mask + 1) * VGA_PLANES);
	return vga_draw_dirty(d, first * VGA_PLANES,
			      (last - first + 1) * VGA_PLANES);
}

/* The whole line, with what panning cuts off. */
static void draw_dots(const struct vga *vga, const struct vga_scan *scan,
		      uint32_t *out)
{
	const struct vga_view *view = &vga->draw.view;
	uint8_t dots[COLUMN_DOTS];
	unsigned column, i, n;

	for (column = 0; column <= view->columns; column++) {
		dots_of[view->kind](vga->vram->host + (size_t)group_at(view,
								       scan,
								       column) *
							      VGA_PLANES,
				    dots);
		for (i = 0; i < COLUMN_DOTS; i++)
			for (n = 0; n < view->repeat; n++)
				*out++ = view->palette[dots[i]];
	}
}

static void draw_line(struct vga *vga, const struct vga_scan *scan, unsigned y)
{
	struct vga_draw *d = &vga->draw;
	unsigned pan = scan->below && d->view.pan_top ? 0 : d->view.pan;

	draw_dots(vga, scan, d->line);
	memcpy(d->pixels + (size_t)y * d->view.width,
	       d->line + (size_t)pan * d->view.repeat,
	       d->view.width * sizeof(*d->pixels));
}

static bool same_line(const struct vga_view *view, const struct vga_scan *a,
		      const struct vga_scan *b)
{
	return a->address == b->address && a->below == b->below &&
	       (a->row_line == b->row_line || (!view->cga && !view->hercules));
}

static void copy_line_above(struct vga_draw *d, unsigned y)
{
	uint32_t *line = d->pixels + (size_t)y * d->view.width;

	memcpy(line, line - d->view.width, d->view.width * sizeof(*d->pixels));
}

void vga_draw_planes(struct vga *vga, bool all)
{
	struct vga_draw *d = &vga->draw;
	struct vga_scan scan, above = {.address = UINT32_MAX};
	unsigned y;

	vga_scan_first(&d->view, &scan);
	for (y = 0; y < d->view.height; y++) {
		if (all || line_dirty(d, &scan)) {
			if (same_line(&d->view, &scan, &above))
				copy_line_above(d, y);
			else
				draw_line(vga, &scan, y);
			vga_draw_changed(vga, 0, y, d->view.width, y + 1);
		}
		above = scan;
		vga_scan_next(&d->view, &scan, y);
	}
}
