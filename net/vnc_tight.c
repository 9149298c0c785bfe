/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Tight encoding, as the community's RFB specification has it, without
 * JPEG: solid colours, palettes, pixels as they are, and for smooth pictures
 * at high levels of compression the differences from what the neighbours let
 * expect (the gradient filter).
 */
#include <stdlib.h>
#include <string.h>

#include "net/vnc_encode.h"

/* Compression control: the stream's number is in bits 4 and 5. */
enum { FILL = 0x80, EXPLICIT_FILTER = 0x40, STREAM_SHIFT = 4 };
enum { FILTER_COPY = 0, FILTER_PALETTE = 1, FILTER_GRADIENT = 2 };
enum { STREAM_FULL, STREAM_MONO, STREAM_INDEXED, STREAM_GRADIENT };

enum {
	COMPRESS_MIN = 12, /* less goes as it is */
	LENGTH_MAX = 3, /* bytes of a compact length */
	GRADIENT_LEVEL = 6, /* of compression, from which on it is worth it */
	SMOOTH_STEP = 8, /* of a colour, from pixel to pixel */
	SMOOTH_SAMPLES = 1024,
};

static void put_pixels(struct vnc_draw *d, const uint32_t *rgb, size_t n)
{
	uint8_t *out = vnc_buf_room(d->out, n * sizeof(*rgb));

	if (out)
		d->out->len +=
			(size_t)(vnc_pixels_put_tight(d->pixels, out, rgb, n) -
				 out);
}

/* Seven bits to a byte, the last of three has eight. */
static size_t write_length(uint8_t out[LENGTH_MAX], size_t len)
{
	out[0] = len & 0x7f;
	if (len < 1u << 7)
		return 1;
	out[0] |= 0x80;
	out[1] = len >> 7 & 0x7f;
	if (len < 1u << 14)
		return 2;
	out[1] |= 0x80;
	out[2] = (uint8_t)(len >> 14);
	return LENGTH_MAX;
}

/* The length goes before what compression makes, and is known after it. */
static void put_data(struct vnc_draw *d, unsigned stream, int strategy,
		     size_t len)
{
	struct vnc_buf *out = d->out;
	uint8_t bytes[LENGTH_MAX];
	size_t at, made, n;

	if (len < COMPRESS_MIN) {
		vnc_buf_add(out, d->scratch->bytes, len);
		return;
	}
	vnc_buf_add(out, (uint8_t[LENGTH_MAX]){0}, LENGTH_MAX);
	at = out->len;
	made = vnc_stream_add(&d->streams->tight[stream], out,
			      d->streams->level, strategy, d->scratch->bytes,
			      len);
	if (out->failed)
		return;
	n = write_length(bytes, made);
	memmove(out->data + at - LENGTH_MAX + n, out->data + at, made);
	memcpy(out->data + at - LENGTH_MAX, bytes, n);
	out->len -= LENGTH_MAX - n;
}

static void put_filter(struct vnc_draw *d, unsigned stream, unsigned filter)
{
	vnc_buf_u8(d->out,
		   stream << STREAM_SHIFT | (filter ? EXPLICIT_FILTER : 0));
	if (filter)
		vnc_buf_u8(d->out, filter);
}

/* Lines of bits, the first at the left; the second colour is 1. */
static size_t pack_mono(struct vnc_draw *d)
{
	const uint8_t *index = d->scratch->index;
	uint8_t *out = d->scratch->bytes, byte;
	unsigned x, y, i, n;

	for (y = 0; y < d->h; y++)
		for (x = 0; x < d->w; x += 8) {
			n = d->w - x < 8 ? d->w - x : 8;
			for (i = 0, byte = 0; i < n; i++)
				byte |= (uint8_t)(*index++ << (7 - i));
			*out++ = byte;
		}
	return (size_t)(out - d->scratch->bytes);
}

static void put_indexed(struct vnc_draw *d)
{
	const struct vnc_palette *p = &d->scratch->palette;
	unsigned stream = p->n == 2 ? STREAM_MONO : STREAM_INDEXED;
	size_t len = (size_t)d->w * d->h;

	put_filter(d, stream, FILTER_PALETTE);
	vnc_buf_u8(d->out, p->n - 1);
	put_pixels(d, p->colour, p->n);
	if (p->n == 2)
		len = pack_mono(d);
	else
		memcpy(d->scratch->bytes, d->scratch->index, len);
	put_data(d, stream, Z_DEFAULT_STRATEGY, len);
}

static unsigned step(uint32_t a, uint32_t b)
{
	unsigned i, most = 0, diff;

	for (i = 0; i < 24; i += 8) {
		diff = (unsigned)abs((int)(a >> i & 255) - (int)(b >> i & 255));
		most = diff > most ? diff : most;
	}
	return most;
}

/* Do most pixels of a sample differ from the next, but little? */
static bool is_smooth(const struct vnc_draw *d)
{
	const uint32_t *rgb = d->scratch->rgb;
	size_t n = (size_t)d->w * d->h - 1, i, stride, near = 0, seen = 0;

	stride = n / SMOOTH_SAMPLES + 1;
	for (i = 0; i < n; i += stride, seen++)
		near += rgb[i] != rgb[i + 1] &&
			step(rgb[i], rgb[i + 1]) < SMOOTH_STEP;
	return near * 2 > seen;
}

/* left + up - the one before both, but not outside 0 to 255. */
static int predict(const struct vnc_draw *d, unsigned x, unsigned y,
		   unsigned shift)
{
	const uint32_t *at = d->scratch->rgb + (size_t)y * d->w + x;
	int left = x ? (int)(at[-1] >> shift & 255) : 0;
	int up = y ? (int)(at[-(ptrdiff_t)d->w] >> shift & 255) : 0;
	int both = x && y ? (int)(at[-(ptrdiff_t)d->w - 1] >> shift & 255) : 0;
	int guess = left + up - both;

	return guess < 0 ? 0 : guess > 255 ? 255 : guess;
}

static void put_gradient(struct vnc_draw *d)
{
	uint8_t *out = d->scratch->bytes;
	const uint32_t *rgb = d->scratch->rgb;
	unsigned x, y;
	int shift;

	put_filter(d, STREAM_GRADIENT, FILTER_GRADIENT);
	for (y = 0; y < d->h; y++)
		for (x = 0; x < d->w; x++, rgb++)
			for (shift = 16; shift >= 0; shift -= 8)
				*out++ = (uint8_t)((int)(*rgb >> shift & 255) -
						   predict(d, x, y,
							   (unsigned)shift));
	put_data(d, STREAM_GRADIENT, Z_FILTERED,
		 (size_t)(out - d->scratch->bytes));
}

static void put_full(struct vnc_draw *d)
{
	uint8_t *end =
		vnc_pixels_put_tight(d->pixels, d->scratch->bytes,
				     d->scratch->rgb, (size_t)d->w * d->h);

	put_filter(d, STREAM_FULL, FILTER_COPY);
	put_data(d, STREAM_FULL, Z_DEFAULT_STRATEGY,
		 (size_t)(end - d->scratch->bytes));
}

void vnc_encode_tight(struct vnc_draw *d)
{
	struct vnc_scratch *s = d->scratch;
	bool few = vnc_palette_find(&s->palette, s->rgb, d->w, d->w, d->h,
				    VNC_COLOURS_MAX, s->index);

	if (few && s->palette.n == 1) {
		vnc_buf_u8(d->out, FILL);
		put_pixels(d, s->palette.colour, 1);
	} else if (few && (s->palette.n == 2 || d->pixels->bytes > 1)) {
		put_indexed(d);
	} else if (d->pixels->packed && d->streams->level >= GRADIENT_LEVEL &&
		   is_smooth(d)) {
		put_gradient(d);
	} else {
		put_full(d);
	}
}
