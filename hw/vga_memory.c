/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's window at 0xa0000: four planes behind read and write modes, odd
 * and even addresses, or chained.  The planes lie interleaved in VRAM: byte p
 * of each group of four belongs to plane p.
 */
#include "hw/vga.h"

#include <string.h>

#define KIB 1024u

struct window {
	uint32_t start, len; /* from 0xa0000 */
};

static const struct window windows[] = {{0, 128 * KIB},
					{0, 64 * KIB},
					{64 * KIB, 32 * KIB},
					{96 * KIB, 32 * KIB}};

/* The offset within the chosen window; false when it is outside. */
static bool locate(const struct vga *vga, uint64_t *off)
{
	const struct window *w = &windows[vga->gfx[GFX_MISC] >> 2 & 3];

	if (*off < w->start || *off - w->start >= w->len)
		return false;
	*off -= w->start;
	if (w->start == 0)
		*off += vbe_bank_offset(vga);
	return true;
}

static uint8_t *group(const struct vga *vga, uint64_t off)
{
	if ((off + 1) * VGA_PLANES > vga->vram->size)
		return NULL;
	return vga->vram->host + off * VGA_PLANES;
}

static uint8_t read_compare(const struct vga *vga)
{
	uint8_t differs = 0;
	unsigned p;

	for (p = 0; p < VGA_PLANES; p++)
		if (vga->gfx[GFX_DONT_CARE] >> p & 1)
			differs |= vga->latch[p] ^
				   (vga->gfx[GFX_COMPARE] >> p & 1 ? 0xff : 0);
	return (uint8_t)~differs;
}

static uint8_t read_byte(struct vga *vga, uint64_t off)
{
	uint8_t *g;

	if (!locate(vga, &off))
		return UINT8_MAX;
	if (vga->seq[SEQ_MEMORY] & MEMORY_CHAIN4)
		return off < vga->vram->size ? vga->vram->host[off] : UINT8_MAX;
	if (vga->gfx[GFX_MODE] & MODE_ODD_EVEN) {
		g = group(vga, off & ~UINT64_C(1));
		return g ? g[(vga->gfx[GFX_READ_MAP] & 2) | (off & 1)]
			 : UINT8_MAX;
	}
	g = group(vga, off);
	if (!g)
		return UINT8_MAX;
	memcpy(vga->latch, g, VGA_PLANES);
	if (vga->gfx[GFX_MODE] & MODE_READ_COMPARE)
		return read_compare(vga);
	return g[vga->gfx[GFX_READ_MAP] & 3];
}

static uint8_t rotate(const struct vga *vga, uint8_t val)
{
	unsigned n = vga->gfx[GFX_ROTATE] & 7;

	return (uint8_t)(val >> n | val << (8 - n));
}

static uint8_t combine(const struct vga *vga, uint8_t val, uint8_t latch,
		       uint8_t mask)
{
	switch (vga->gfx[GFX_ROTATE] >> 3 & 3) {
	case 1:
		val &= latch;
		break;
	case 2:
		val |= latch;
		break;
	case 3:
		val ^= latch;
		break;
	default:
		break;
	}
	return (uint8_t)((val & mask) | (latch & ~mask));
}

static uint8_t spread(uint8_t bits, unsigned plane)
{
	return bits >> plane & 1 ? 0xff : 0;
}

/* What write mode makes of val for one plane. */
static uint8_t plane_value(const struct vga *vga, unsigned p, uint8_t val)
{
	const uint8_t *gfx = vga->gfx;
	uint8_t mask = gfx[GFX_BIT_MASK], latch = vga->latch[p];

	switch (gfx[GFX_MODE] & 3) {
	case 0:
		val = gfx[GFX_ENABLE_SET_RESET] >> p & 1
			      ? spread(gfx[GFX_SET_RESET], p)
			      : rotate(vga, val);
		return combine(vga, val, latch, mask);
	case 1:
		return latch;
	case 2:
		return combine(vga, spread(val, p), latch, mask);
	default:
		mask &= rotate(vga, val);
		return combine(vga, spread(gfx[GFX_SET_RESET], p), latch, mask);
	}
}

static void write_group(struct vga *vga, uint8_t *g, uint8_t planes,
			uint8_t val)
{
	unsigned p;

	for (p = 0; p < VGA_PLANES; p++)
		if (planes >> p & 1)
			g[p] = plane_value(vga, p, val);
}

/* The group of bytes, or the byte, that was written; or NULL. */
static uint8_t *write_byte(struct vga *vga, uint64_t off, uint8_t val)
{
	uint8_t planes = vga->seq[SEQ_MAP_MASK] & 0x0f, *g;
	unsigned p;

	if (!locate(vga, &off))
		return NULL;
	if (vga->seq[SEQ_MEMORY] & MEMORY_CHAIN4) {
		if (!(planes >> (off & 3) & 1) || off >= vga->vram->size)
			return NULL;
		vga->vram->host[off] = val;
		return vga->vram->host + off;
	}
	if (!(vga->seq[SEQ_MEMORY] & MEMORY_SEQUENTIAL)) {
		g = group(vga, off & ~UINT64_C(1));
		p = (vga->gfx[GFX_READ_MAP] & 2) | (off & 1);
		if (g && (planes >> p & 1))
			g[p] = val;
		return g;
	}
	g = group(vga, off);
	if (g)
		write_group(vga, g, planes, val);
	return g;
}

static uint64_t window_read(void *dev, uint64_t off, unsigned size)
{
	return read_byte(dev, off);
}

static void window_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct vga *vga = dev;
	const uint8_t *at = write_byte(vga, off, (uint8_t)val);

	if (at)
		gmem_mark_dirty(vga->vram, (uint64_t)(at - vga->vram->host), 1);
}

const struct bus_ops vga_window_ops = {
	.read = window_read,
	.write = window_write,
	.max = 1,
};
