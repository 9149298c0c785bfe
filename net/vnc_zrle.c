/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ZRLE encoding (RFC 6143, 7.7.6): tiles of 64 by 64 pixels, each solid,
 * raw, in runs, or by a palette, all of them through zlib.
 */
#include <string.h>

#include "net/vnc_encode.h"
#include "vmm/endian.h"

enum { TILE = 64, PACKED_MAX = 16, PALETTE_MAX = 127 };

/* Subencodings. */
enum { RAW = 0, SOLID = 1, PLAIN_RLE = 128, PALETTE_RLE = 128 };

/* What a tile is made of, and what that comes to in each subencoding. */
struct counts {
	size_t runs; /* of any length */
	size_t single; /* of them, of one pixel */
	size_t extra; /* bytes for the lengths of the others */
	size_t raw, plain, palette_rle, packed;
};

/* The pixels as they come, without gaps. */
static void gather(const struct vnc_block *t, uint32_t *rgb)
{
	unsigned y;

	for (y = 0; y < t->h; y++, rgb += t->w)
		memcpy(rgb, t->rgb + y * t->stride, t->w * sizeof(*rgb));
}

static size_t run_length(const uint32_t *rgb, size_t i, size_t n)
{
	uint64_t want = (uint64_t)rgb[i] << 32 | rgb[i], pair;
	size_t j = i + 1;

	for (; j + 1 < n; j += 2) {
		memcpy(&pair, rgb + j, sizeof(pair));
		if (pair != want)
			break;
	}
	while (j < n && rgb[j] == rgb[i])
		j++;
	return j - i;
}

static unsigned packed_bits(unsigned colours)
{
	return colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
}

static void count(const struct vnc_draw *d, const uint32_t *rgb, unsigned w,
		  unsigned h, unsigned colours, struct counts *c)
{
	size_t n = (size_t)w * h, i, len, pixel = d->pixels->short_bytes;

	*c = (struct counts){.raw = n * pixel};
	for (i = 0; i < n; i += len) {
		len = run_length(rgb, i, n);
		c->runs++;
		c->single += len == 1;
		c->extra += len == 1 ? 0 : (len - 1) / UINT8_MAX + 1;
	}
	c->plain = c->runs * pixel + c->extra + c->single;
	c->palette_rle = c->packed = SIZE_MAX;
	if (!colours)
		return;
	c->palette_rle = colours * pixel + c->runs + c->extra;
	if (colours <= PACKED_MAX)
		c->packed = colours * pixel +
			    ((size_t)w * packed_bits(colours) + 7) / 8 * h;
}

static uint8_t *put_length(uint8_t *out, size_t len)
{
	for (len--; len >= UINT8_MAX; len -= UINT8_MAX)
		*out++ = UINT8_MAX;
	*out++ = (uint8_t)len;
	return out;
}

static uint8_t *put_palette(const struct vnc_draw *d, uint8_t *out,
			    unsigned type)
{
	const struct vnc_palette *p = &d->scratch->palette;

	*out++ = (uint8_t)type;
	return vnc_pixels_put_short(d->pixels, out, p->colour, p->n);
}

static uint8_t *put_packed(const struct vnc_draw *d, uint8_t *out, unsigned w,
			   unsigned h)
{
	const uint8_t *index = d->scratch->index;
	unsigned bits = packed_bits(d->scratch->palette.n), x, y, at;

	out = put_palette(d, out, d->scratch->palette.n);
	for (y = 0; y < h; y++) {
		for (x = 0, at = 0; x < w; x++) {
			if (!at)
				*out = 0;
			*out |= (uint8_t)(*index++ << (8 - bits - at));
			at = (at + bits) % 8;
			out += !at;
		}
		out += at != 0;
	}
	return out;
}

static uint8_t *put_palette_rle(const struct vnc_draw *d, uint8_t *out,
				const uint32_t *rgb, size_t n)
{
	const uint8_t *index = d->scratch->index;
	size_t i, len;

	out = put_palette(d, out, PALETTE_RLE + d->scratch->palette.n);
	for (i = 0; i < n; i += len) {
		len = run_length(rgb, i, n);
		*out++ = (uint8_t)(index[i] | (len > 1 ? PALETTE_RLE : 0));
		if (len > 1)
			out = put_length(out, len);
	}
	return out;
}

static uint8_t *put_plain_rle(const struct vnc_draw *d, uint8_t *out,
			      const uint32_t *rgb, size_t n)
{
	size_t i, len;

	*out++ = PLAIN_RLE;
	for (i = 0; i < n; i += len) {
		len = run_length(rgb, i, n);
		out = vnc_pixels_put_short(d->pixels, out, rgb + i, 1);
		out = put_length(out, len);
	}
	return out;
}

static size_t least(const struct counts *c)
{
	size_t best = c->raw;

	best = c->plain < best ? c->plain : best;
	best = c->palette_rle < best ? c->palette_rle : best;
	return c->packed < best ? c->packed : best;
}

static uint8_t *put_solid(const struct vnc_draw *d, uint8_t *out, uint32_t rgb)
{
	*out++ = SOLID;
	return vnc_pixels_put_short(d->pixels, out, &rgb, 1);
}

static uint8_t *put_mixed(const struct vnc_draw *d, uint8_t *out,
			  const struct vnc_block *t)
{
	struct vnc_palette *p = &d->scratch->palette;
	uint32_t rgb[TILE * TILE];
	size_t n = (size_t)t->w * t->h;
	struct counts c;
	bool few = vnc_palette_find(p, t->rgb, t->stride, t->w, t->h,
				    PALETTE_MAX, d->scratch->index);

	gather(t, rgb);
	count(d, rgb, t->w, t->h, few ? p->n : 0, &c);
	if (least(&c) == c.packed)
		return put_packed(d, out, t->w, t->h);
	if (least(&c) == c.palette_rle)
		return put_palette_rle(d, out, rgb, n);
	if (least(&c) == c.plain && c.plain < c.raw)
		return put_plain_rle(d, out, rgb, n);
	*out++ = RAW;
	return vnc_pixels_put_short(d->pixels, out, rgb, n);
}

static void put_tile(struct vnc_draw *d, const struct vnc_block *t, void *ctx)
{
	uint8_t **out = ctx;

	*out = vnc_block_is_solid(t) ? put_solid(d, *out, t->rgb[0])
				     : put_mixed(d, *out, t);
}

void vnc_encode_zrle(struct vnc_draw *d)
{
	size_t at = d->out->len, made;
	uint8_t *end = d->scratch->bytes;

	vnc_blocks_each(d, TILE, put_tile, &end);
	vnc_buf_u32(d->out, 0);
	made = vnc_stream_add(&d->streams->zrle, d->out, d->streams->level,
			      Z_DEFAULT_STRATEGY, d->scratch->bytes,
			      (size_t)(end - d->scratch->bytes));
	if (!d->out->failed)
		store_be32(d->out->data + at, (uint32_t)made);
}
