/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text modes: cells of a letter and its colours, in planes 0 and 1, with fonts
 * in plane 2.  IBM VGA XGA Technical Reference, 2.3, "Alphanumeric modes".
 *
 * What is shown in each cell is kept, so that only cells are drawn that differ.
 */
#include "hw/vga.h"

#include <stdlib.h>
#include <string.h>

#define ROW_LINES	      64 /* 32, each of them twice */
#define CELL_CURSOR	      0x10000u
#define CELL_HIDDEN	      0x20000u /* it blinks, and is off */
#define CELL_FIRST	      18 /* shift: lines of the cursor */
#define CELL_LAST	      23

#define COLOUR_BLINK	      0x80u
#define COLOUR_FONT	      0x08u
#define UNDERLINE_MASK_COLOUR 0x77u
#define UNDERLINE_COLOUR      0x01u
#define LINE_GRAPHICS_MASK    0xe0u
#define LINE_GRAPHICS	      0xc0u /* letters 0xc0 to 0xdf */
#define ALL_DOTS	      0x1ffu

/* A row of cells, or what is seen of it. */
struct row {
	unsigned y, lines, number;
	unsigned pan;
	uint32_t address;
	uint8_t line[ROW_LINES]; /* which of the letters' lines */
};

/* Goes from the row that begins at line y to the one after. */
static void read_row(const struct vga_view *view, struct vga_scan *scan,
		     struct row *row)
{
	bool end = false;

	row->pan = scan->below && view->pan_top ? 0 : view->pan;
	row->address = scan->address;
	for (row->lines = 0; !end && row->lines < ROW_LINES &&
			     row->y + row->lines < view->height;
	     row->lines++) {
		row->line[row->lines] = (uint8_t)scan->row_line;
		end = vga_scan_next(view, scan, row->y + row->lines);
	}
}

static uint32_t read_cell(const struct vga *vga,
			  const struct vga_cursor *cursor, uint32_t address)
{
	const struct vga_view *view = &vga->draw.view;
	const uint8_t *group =
		vga->vram->host +
		(size_t)vga_scan_group(view, address) * VGA_PLANES;
	uint32_t cell = group[PLANE_LETTER] | (uint32_t)group[PLANE_COLOUR]
						      << 8;

	if (cursor->shown && (address & UINT16_MAX) == cursor->at)
		cell |= CELL_CURSOR | (uint32_t)cursor->first << CELL_FIRST |
			(uint32_t)cursor->last << CELL_LAST;
	if (view->blink && (group[PLANE_COLOUR] & COLOUR_BLINK) &&
	    !cursor->text_shown)
		cell |= CELL_HIDDEN;
	return cell;
}

/* The dots of a line of a cell, leftmost in bit 8. */
static unsigned cell_dots(const struct vga_draw *d,
			  const struct vga_cursor *cursor, uint32_t cell,
			  uint8_t line)
{
	unsigned letter = cell & 0xff, colour = cell >> 8 & 0xff, dots;

	if ((cell & CELL_CURSOR) && line >= cursor->first &&
	    line <= cursor->last)
		return ALL_DOTS;
	if (cell & CELL_HIDDEN)
		return 0;
	if ((colour & UNDERLINE_MASK_COLOUR) == UNDERLINE_COLOUR &&
	    line == d->view.underline)
		return ALL_DOTS;
	dots = (unsigned)d->font[colour & COLOUR_FONT ? 0 : 1][letter][line]
	       << 1;
	if (d->view.line_graphics &&
	    (letter & LINE_GRAPHICS_MASK) == LINE_GRAPHICS)
		dots |= dots >> 1 & 1;
	return dots;
}

static void draw_cell_line(struct vga_draw *d, unsigned y, int left,
			   unsigned dots, const uint32_t colours[2])
{
	const struct vga_view *view = &d->view;
	uint32_t *line = d->pixels + (size_t)y * view->width;
	unsigned i, n = view->dots * view->repeat;

	for (i = 0; i < n; i++)
		if (left + (int)i >= 0 && left + (int)i < (int)view->width)
			line[left + (int)i] =
				colours[dots >> (8 - i / view->repeat) & 1];
}

static void draw_cell(struct vga_draw *d, const struct row *row,
		      const struct vga_cursor *cursor, int left, uint32_t cell)
{
	unsigned colour = cell >> 8 & 0xff, i;
	const uint32_t colours[2] = {
		d->view.palette[colour >> 4 & (d->view.blink ? 7 : 15)],
		d->view.palette[colour & 15],
	};

	for (i = 0; i < row->lines; i++)
		draw_cell_line(d, row->y + i, left,
			       cell_dots(d, cursor, cell, row->line[i]),
			       colours);
}

static void draw_row(struct vga *vga, const struct row *row,
		     const struct vga_cursor *cursor)
{
	struct vga_draw *d = &vga->draw;
	int width = (int)(d->view.dots * d->view.repeat), left, right;
	int first = (int)d->view.width, end = 0;
	/* One more, of which a panned picture shows the left part. */
	unsigned i, n = d->view.columns + 1;
	uint32_t *shown = d->cells + (size_t)row->number * n, cell;

	for (i = 0; i < n; i++) {
		cell = read_cell(vga, cursor, row->address + i);
		if (cell == shown[i])
			continue;
		shown[i] = cell;
		left = (int)i * width - (int)(row->pan * d->view.repeat);
		right = left + width;
		draw_cell(d, row, cursor, left, cell);
		first = left < first ? left : first;
		end = right > end ? right : end;
	}
	first = first < 0 ? 0 : first;
	end = end < (int)d->view.width ? end : (int)d->view.width;
	if (first < end)
		vga_draw_changed(vga, (unsigned)first, row->y, (unsigned)end,
				 row->y + row->lines);
}

/* Takes the fonts out of plane 2; true when they are others. */
static bool read_fonts(struct vga *vga)
{
	struct vga_draw *d = &vga->draw;
	bool differs = false;
	const uint8_t *plane;
	unsigned f, i;
	uint8_t *font;

	for (f = 0; f < VGA_FONTS; f++) {
		plane = vga->vram->host + (size_t)d->view.font[f] * VGA_PLANES +
			PLANE_FONT;
		font = d->font[f][0];
		for (i = 0; i < VGA_GLYPHS * VGA_GLYPH_ROOM; i++) {
			differs |= font[i] != plane[i * VGA_PLANES];
			font[i] = plane[i * VGA_PLANES];
		}
	}
	return differs;
}

/* There are no more rows than lines. */
static bool make_cells(struct vga_draw *d)
{
	size_t n = (size_t)d->view.height * (d->view.columns + 1);
	uint32_t *cells;

	if (n == d->ncells)
		return true;
	cells = realloc(d->cells, n * sizeof(*cells));
	if (!cells)
		return false;
	d->cells = cells;
	d->ncells = n;
	return true;
}

void vga_draw_text(struct vga *vga, const struct vga_cursor *cursor, bool all)
{
	struct vga_draw *d = &vga->draw;
	struct row row = {.y = 0};
	struct vga_scan scan;

	if (read_fonts(vga))
		all = true;
	if (!make_cells(d))
		return;
	if (all)
		memset(d->cells, 0xff, d->ncells * sizeof(*d->cells));
	vga_scan_first(&d->view, &scan);
	for (; row.y < d->view.height; row.y += row.lines, row.number++) {
		read_row(&d->view, &scan, &row);
		draw_row(vga, &row, cursor);
	}
}
