/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixel formats.  A client that wants a colour map gets one of 256 colours: 3
 * bits of red, 3 of green, 2 of blue.
 */
#include "net/vnc_pixel.h"

#include <string.h>

#include "vmm/endian.h"

/* PIXEL_FORMAT, RFC 6143, 7.4: where its fields are. */
enum {
	AT_BPP = 0,
	AT_DEPTH = 1,
	AT_BIG_ENDIAN = 2,
	AT_TRUE_COLOUR = 3,
	AT_MAX = 4, /* three of 16 bits */
	AT_SHIFT = 10, /* three bytes */
};

enum { COLOURS = 3, BITS_MAX = 32 };

const struct vnc_format vnc_format_default = {
	.bpp = 32,
	.depth = 24,
	.max = {255, 255, 255},
	.shift = {16, 8, 0},
};

static const struct vnc_format format_mapped = {
	.bpp = 8,
	.depth = 8,
	.mapped = true,
	.max = {7, 7, 3},
	.shift = {5, 2, 0},
};

void vnc_format_write(const struct vnc_format *f, uint8_t wire[VNC_FORMAT_SIZE])
{
	unsigned i;

	memset(wire, 0, VNC_FORMAT_SIZE);
	wire[AT_BPP] = f->bpp;
	wire[AT_DEPTH] = f->depth;
	wire[AT_BIG_ENDIAN] = f->big_endian;
	wire[AT_TRUE_COLOUR] = !f->mapped;
	for (i = 0; i < COLOURS; i++) {
		store_be16(wire + AT_MAX + 2 * i, f->max[i]);
		wire[AT_SHIFT + i] = f->shift[i];
	}
}

static bool makes_sense(const struct vnc_format *f)
{
	unsigned i;

	if ((f->bpp != 8 && f->bpp != 16 && f->bpp != 32) || !f->depth ||
	    f->depth > f->bpp)
		return false;
	for (i = 0; i < COLOURS; i++)
		if (f->shift[i] >= f->bpp ||
		    (uint64_t)f->max[i] << f->shift[i] >> f->bpp)
			return false;
	return true;
}

bool vnc_format_read(struct vnc_format *f, const uint8_t wire[VNC_FORMAT_SIZE])
{
	unsigned i;

	if (!wire[AT_TRUE_COLOUR]) {
		*f = format_mapped;
		return wire[AT_BPP] == format_mapped.bpp;
	}
	*f = (struct vnc_format){
		.bpp = wire[AT_BPP],
		.depth = wire[AT_DEPTH],
		.big_endian = wire[AT_BIG_ENDIAN] != 0,
	};
	for (i = 0; i < COLOURS; i++) {
		f->max[i] = load_be16(wire + AT_MAX + 2 * i);
		f->shift[i] = wire[AT_SHIFT + i];
	}
	return makes_sense(f);
}

static uint32_t in_order(const struct vnc_format *f, uint32_t value)
{
	if (!f->big_endian)
		return value;
	return f->bpp == 32   ? __builtin_bswap32(value)
	       : f->bpp == 16 ? __builtin_bswap16((uint16_t)value)
			      : value;
}

/* RFC 6143, 7.7.5: pixels of 32 bits that have an empty byte go without. */
static void find_short(struct vnc_pixels *p)
{
	const struct vnc_format *f = &p->format;
	uint32_t used = 0;
	unsigned i;
	bool low, high;

	p->short_bytes = p->bytes;
	p->short_skip = 0;
	if (f->bpp != 32 || f->depth > 24)
		return;
	for (i = 0; i < COLOURS; i++)
		used |= (uint32_t)f->max[i] << f->shift[i];
	low = !(used >> 24);
	high = !(used & UINT8_MAX);
	if (!low && !high)
		return;
	p->short_bytes = 3;
	p->short_skip = low ? f->big_endian : !f->big_endian;
}

void vnc_pixels_init(struct vnc_pixels *p, const struct vnc_format *f)
{
	unsigned i, c;
	uint32_t level;

	p->format = *f;
	p->bytes = f->bpp / 8;
	p->packed = f->bpp == 32 && f->depth == 24 && f->max[0] == 255 &&
		    f->max[1] == 255 && f->max[2] == 255;
	p->native = p->packed && !f->big_endian && f->shift[0] == 16 &&
		    f->shift[1] == 8 && f->shift[2] == 0;
	for (i = 0; i < COLOURS; i++)
		for (c = 0; c < 256; c++) {
			level = c * (f->max[i] + 1u) >> 8;
			p->part[i][c] = in_order(f, level << f->shift[i]);
		}
	find_short(p);
}

uint8_t *vnc_pixels_put(const struct vnc_pixels *p, uint8_t *out,
			const uint32_t *rgb, size_t n)
{
	size_t i;
	uint32_t pixel;

	if (p->native) {
		memcpy(out, rgb, n * sizeof(*rgb));
		return out + n * sizeof(*rgb);
	}
	for (i = 0; i < n; i++, out += p->bytes) {
		pixel = vnc_pixel(p, rgb[i]);
		if (p->bytes == 4)
			memcpy(out, &pixel, 4);
		else if (p->bytes == 2)
			memcpy(out, &pixel, 2);
		else
			*out = (uint8_t)pixel;
	}
	return out;
}

/* Low three bytes of each. */
static uint8_t *put_three(uint8_t *out, const uint32_t *rgb, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, out += 3) {
		out[0] = (uint8_t)rgb[i];
		out[1] = (uint8_t)(rgb[i] >> 8);
		out[2] = (uint8_t)(rgb[i] >> 16);
	}
	return out;
}

uint8_t *vnc_pixels_put_short(const struct vnc_pixels *p, uint8_t *out,
			      const uint32_t *rgb, size_t n)
{
	size_t i;
	uint32_t pixel;

	if (p->native)
		return put_three(out, rgb, n);
	if (p->short_bytes == p->bytes)
		return vnc_pixels_put(p, out, rgb, n);
	for (i = 0; i < n; i++) {
		pixel = vnc_pixel(p, rgb[i]) >> 8 * p->short_skip;
		out = put_three(out, &pixel, 1);
	}
	return out;
}

uint8_t *vnc_pixels_put_tight(const struct vnc_pixels *p, uint8_t *out,
			      const uint32_t *rgb, size_t n)
{
	size_t i;

	if (!p->packed)
		return vnc_pixels_put(p, out, rgb, n);
	for (i = 0; i < n; i++, out += 3) {
		out[0] = (uint8_t)(rgb[i] >> 16);
		out[1] = (uint8_t)(rgb[i] >> 8);
		out[2] = (uint8_t)rgb[i];
	}
	return out;
}
