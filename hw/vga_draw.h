/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VGA shows, as a picture.  vga_view.c reads the registers into a view:
 * all that the picture depends on but for video memory and the cursor.  As
 * long as the view stays the same, only what changed in video memory is drawn
 * (vga_draw.c), by the mode's own file: text, planes, or linear.
 *
 * No register value leads outside video memory: addresses come round at its
 * end, as on the adapter, and pictures end at DISPLAY_WIDTH_MAX and
 * DISPLAY_HEIGHT_MAX.  Machine lock.
 */
#ifndef HW_VGA_DRAW_H
#define HW_VGA_DRAW_H

#include "hw/vga_regs.h"
#include "vmm/display.h"
#include "vmm/gmem.h"

struct vga;

/* The widest line, and a column for panning. */
#define VGA_LINE_ROOM (DISPLAY_WIDTH_MAX + 16)

enum vga_picture {
	VGA_BLANK,
	VGA_TEXT,
	VGA_PLANAR, /* a bit in each plane */
	VGA_TWO_BITS, /* as a CGA's four colours */
	VGA_BYTES, /* 256 colours, two dots wide */
	VGA_LINEAR_8,
	VGA_LINEAR_15,
	VGA_LINEAR_16,
	VGA_LINEAR_24,
	VGA_LINEAR_32,
};

/* Compared as memory: zero what is not used. */
struct vga_view {
	enum vga_picture kind;
	unsigned width, height; /* of the picture */
	uint64_t start; /* linear: a byte; else as the CRTC counts */
	uint64_t pitch; /* from row to row, the same */
	/* The others are not for linear modes. */
	uint32_t mask; /* of addresses, in groups of four bytes */
	unsigned columns; /* characters, or groups of eight dots */
	unsigned dots; /* of a column */
	unsigned repeat; /* how often each is shown */
	unsigned pan; /* dots that are cut off on the left */
	unsigned row_first, row_last; /* scan lines of a row of characters */
	unsigned line_compare; /* the last line above the split */
	unsigned underline; /* its line in a row */
	bool double_scan, word, wrap_15, cga, hercules;
	bool pan_top; /* only what is above the split is panned */
	bool blink, line_graphics;
	uint32_t font[VGA_FONTS]; /* offsets in plane 2 */
	uint32_t palette[VGA_PALETTE];
};

struct vga_cursor {
	bool shown, text_shown; /* now, as they blink */
	uint16_t at; /* as the CRTC counts */
	uint8_t first, last; /* lines of the row */
};

struct vga_draw {
	struct vga_view view; /* as it was drawn last */
	struct vga_cursor cursor;
	bool stale; /* all is to be drawn */
	bool resized; /* which says that all is new */
	uint32_t *pixels; /* the picture, unless it is video memory */
	size_t size; /* bytes at pixels */
	struct gmem_watch watch; /* of video memory, while somebody looks */
	uint32_t *cells; /* what is shown of text */
	size_t ncells;
	uint32_t line[VGA_LINE_ROOM]; /* one being drawn */
	uint8_t font[VGA_FONTS][VGA_GLYPHS][VGA_GLYPH_ROOM];
	struct display_surface surface;
	/* What was drawn and not yet told, one rectangle. */
	unsigned left, top, right, bottom;
};

extern const struct display_adapter_ops vga_display_ops;

void vga_draw_init(struct vga *vga);
void vga_draw_fini(struct vga *vga);

void vga_view_read(const struct vga *vga, struct vga_view *view);
void vga_cursor_read(const struct vga *vga, const struct vga_view *view,
		     struct vga_cursor *cursor);

/* The CRTC on its way down the screen. */
struct vga_scan {
	uint32_t address; /* of the row */
	unsigned row_line; /* scan line within it */
	bool again; /* double scan: the line comes once more */
	bool below; /* the split */
};

void vga_scan_first(const struct vga_view *view, struct vga_scan *scan);
/* From line y to the next; true when a row of characters ended. */
bool vga_scan_next(const struct vga_view *view, struct vga_scan *scan,
		   unsigned y);
/* The group of four bytes that the CRTC's address means. */
uint32_t vga_scan_group(const struct vga_view *view, uint32_t address);

/* True: part of these bytes of video memory was written, or may have been. */
bool vga_draw_dirty(const struct vga_draw *d, uint64_t off, size_t len);
/* Tells about a changed part, together with those that it touches. */
void vga_draw_changed(struct vga *vga, unsigned left, unsigned top,
		      unsigned right, unsigned bottom);

/* Draws what differs from what was drawn before, or all. */
void vga_draw_text(struct vga *vga, const struct vga_cursor *cursor, bool all);
void vga_draw_planes(struct vga *vga, bool all);
void vga_draw_linear(struct vga *vga, bool all);
/* The picture is video memory as it is. */
bool vga_view_direct(const struct vga *vga, const struct vga_view *view);

#endif
