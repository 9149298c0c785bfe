/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear modes: a pixel after the other, in one to four bytes.  With four the
 * picture is video memory itself, as long as it does not go beyond its end.
 */
#include "hw/vga.h"

#include <string.h>

#include "vmm/endian.h"

static uint32_t from_5(unsigned val)
{
	val &= 0x1f;
	return val << 3 | val >> 2;
}

static uint32_t from_6(unsigned val)
{
	val &= 0x3f;
	return val << 2 | val >> 4;
}

static void line_8(const struct vga_view *view, const uint8_t *in,
		   uint32_t *out)
{
	unsigned x;

	for (x = 0; x < view->width; x++)
		out[x] = view->palette[in[x]];
}

static void line_15(const struct vga_view *view, const uint8_t *in,
		    uint32_t *out)
{
	unsigned x, val;

	for (x = 0; x < view->width; x++) {
		val = load_le16(in + 2 * x);
		out[x] = from_5(val >> 10) << 16 | from_5(val >> 5) << 8 |
			 from_5(val);
	}
}

static void line_16(const struct vga_view *view, const uint8_t *in,
		    uint32_t *out)
{
	unsigned x, val;

	for (x = 0; x < view->width; x++) {
		val = load_le16(in + 2 * x);
		out[x] = from_5(val >> 11) << 16 | from_6(val >> 5) << 8 |
			 from_5(val);
	}
}

static void line_24(const struct vga_view *view, const uint8_t *in,
		    uint32_t *out)
{
	unsigned x;

	for (x = 0; x < view->width; x++, in += 3)
		out[x] = (uint32_t)in[2] << 16 | (uint32_t)in[1] << 8 | in[0];
}

static void line_32(const struct vga_view *view, const uint8_t *in,
		    uint32_t *out)
{
	unsigned x;

	for (x = 0; x < view->width; x++)
		out[x] = load_le32(in + 4 * x) & 0xffffff;
}

struct linear {
	unsigned bytes; /* of a pixel */
	void (*line)(const struct vga_view *view, const uint8_t *in,
		     uint32_t *out);
};

static const struct linear kinds[] = {
	[VGA_LINEAR_8] = {1, line_8},	[VGA_LINEAR_15] = {2, line_15},
	[VGA_LINEAR_16] = {2, line_16}, [VGA_LINEAR_24] = {3, line_24},
	[VGA_LINEAR_32] = {4, line_32},
};

bool vga_view_direct(const struct vga *vga, const struct vga_view *view)
{
	const unsigned bytes = sizeof(uint32_t);

	return view->kind == VGA_LINEAR_32 && view->start % bytes == 0 &&
	       view->start + view->pitch * (view->height - 1) +
			       (uint64_t)view->width * bytes <=
		       vga->vram->size;
}

/* The line's bytes in one piece, put together if they come round. */
static const uint8_t *line_bytes(struct vga *vga, uint64_t off, size_t len)
{
	uint8_t *whole = (uint8_t *)vga->draw.line;
	size_t room = vga->vram->size - off;

	if (len <= room)
		return vga->vram->host + off;
	memcpy(whole, vga->vram->host + off, room);
	memcpy(whole + room, vga->vram->host, len - room);
	return whole;
}

static bool line_dirty(const struct vga *vga, uint64_t off, size_t len)
{
	size_t room = vga->vram->size - off;

	if (len <= room)
		return vga_draw_dirty(&vga->draw, off, len);
	return vga_draw_dirty(&vga->draw, off, room) ||
	       vga_draw_dirty(&vga->draw, 0, len - room);
}

void vga_draw_linear(struct vga *vga, bool all)
{
	struct vga_draw *d = &vga->draw;
	const struct vga_view *view = &d->view;
	const struct linear *kind = &kinds[view->kind];
	size_t len = (size_t)view->width * kind->bytes;
	bool direct = vga_view_direct(vga, view);
	uint64_t off;
	unsigned y;

	for (y = 0; y < view->height; y++) {
		off = (view->start + y * view->pitch) & (vga->vram->size - 1);
		if (!all && !line_dirty(vga, off, len))
			continue;
		if (!direct)
			kind->line(view, line_bytes(vga, off, len),
				   d->pixels + (size_t)y * view->width);
		vga_draw_changed(vga, 0, y, view->width, y + 1);
	}
}
