/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Hextile encoding (RFC 6143, 7.7.4): tiles of 16 by 16 pixels, each raw,
 * or a background with rectangles on it.
 */
#include <string.h>

#include "net/vnc_encode.h"

enum {
	RAW = 1,
	BACKGROUND = 2,
	FOREGROUND = 4,
	SUBRECTS = 8,
	COLOURED = 16,
};

enum { TILE = 16, TILE_AREA = TILE * TILE, SUBRECTS_MAX = 255 };

/* What the client remembers from tile to tile. */
struct memory {
	bool has_back, has_fore;
	uint32_t back, fore;
};

struct tile {
	const uint32_t *rgb;
	size_t stride;
	unsigned w, h;
};

/* Subrectangles of a tile, as they are sent. */
struct subrects {
	unsigned n;
	size_t len;
	uint8_t bytes[TILE_AREA * (sizeof(uint32_t) + 2)];
};

/* The commonest colour of the first three, and the other of two. */
struct colours {
	unsigned n; /* 3: three or more */
	uint32_t back, fore;
};

static struct colours find_colours(const struct tile *t)
{
	struct colours c = {.n = 1, .back = t->rgb[0]};
	unsigned x, y, back = 0, fore = 0;
	uint32_t rgb;

	for (y = 0; y < t->h; y++)
		for (x = 0; x < t->w; x++) {
			rgb = t->rgb[y * t->stride + x];
			if (rgb == c.back) {
				back++;
			} else if (c.n == 1 || rgb == c.fore) {
				c.fore = rgb;
				c.n = c.n == 1 ? 2 : c.n;
				fore++;
			} else {
				c.n = 3;
			}
		}
	if (fore > back) {
		rgb = c.back;
		c.back = c.fore;
		c.fore = rgb;
	}
	return c;
}

static void add_subrect(const struct vnc_draw *d, struct subrects *s,
			bool coloured, uint32_t rgb, unsigned x, unsigned y,
			unsigned w, unsigned h)
{
	uint8_t *out = s->bytes + s->len;

	if (coloured)
		out = vnc_pixels_put(d->pixels, out, &rgb, 1);
	*out++ = (uint8_t)(x << 4 | y);
	*out++ = (uint8_t)((w - 1) << 4 | (h - 1));
	s->len = (size_t)(out - s->bytes);
	s->n++;
}

/* How far right and down the colour at x, y goes; notes what is done. */
static void grow(const struct tile *t, uint16_t done[TILE], unsigned x,
		 unsigned y, unsigned *w, unsigned *h)
{
	uint32_t rgb = t->rgb[y * t->stride + x];
	unsigned ex, ey, i;

	for (ex = x + 1; ex < t->w; ex++)
		if (t->rgb[y * t->stride + ex] != rgb || done[y] >> ex & 1)
			break;
	for (ey = y + 1; ey < t->h; ey++) {
		for (i = x; i < ex; i++)
			if (t->rgb[ey * t->stride + i] != rgb)
				break;
		if (i < ex)
			break;
	}
	*w = ex - x;
	*h = ey - y;
	for (i = y; i < ey; i++)
		done[i] |= (uint16_t)(((1u << *w) - 1) << x);
}

/* False: raw pixels would be less. */
static bool find_subrects(const struct vnc_draw *d, const struct tile *t,
			  const struct colours *c, struct subrects *s)
{
	size_t raw = (size_t)t->w * t->h * d->pixels->bytes;
	uint16_t done[TILE] = {0};
	unsigned x, y, w, h;

	s->n = 0;
	s->len = 0;
	for (y = 0; y < t->h; y++)
		for (x = 0; x < t->w; x++) {
			if (t->rgb[y * t->stride + x] == c->back ||
			    done[y] >> x & 1)
				continue;
			if (s->n == SUBRECTS_MAX || s->len >= raw)
				return false;
			grow(t, done, x, y, &w, &h);
			add_subrect(d, s, c->n > 2, t->rgb[y * t->stride + x],
				    x, y, w, h);
		}
	return s->len + 2 < raw;
}

static void put_raw(struct vnc_draw *d, const struct tile *t)
{
	uint8_t row[TILE * sizeof(uint32_t)];
	unsigned y;

	vnc_buf_u8(d->out, RAW);
	for (y = 0; y < t->h; y++) {
		vnc_pixels_put(d->pixels, row, t->rgb + y * t->stride, t->w);
		vnc_buf_add(d->out, row, (size_t)t->w * d->pixels->bytes);
	}
}

static void put_pixel(struct vnc_draw *d, uint32_t rgb)
{
	uint8_t bytes[sizeof(uint32_t)];

	vnc_pixels_put(d->pixels, bytes, &rgb, 1);
	vnc_buf_add(d->out, bytes, d->pixels->bytes);
}

static void put_tile(struct vnc_draw *d, const struct tile *t, struct memory *m)
{
	struct colours c = find_colours(t);
	struct subrects s;
	unsigned flags = 0;

	if (!find_subrects(d, t, &c, &s)) {
		put_raw(d, t);
		m->has_back = m->has_fore = false;
		return;
	}
	if (!m->has_back || m->back != c.back)
		flags |= BACKGROUND;
	if (c.n == 2 && (!m->has_fore || m->fore != c.fore))
		flags |= FOREGROUND;
	if (c.n > 1)
		flags |= SUBRECTS;
	if (c.n > 2)
		flags |= COLOURED;
	vnc_buf_u8(d->out, flags);
	if (flags & BACKGROUND)
		put_pixel(d, c.back);
	if (flags & FOREGROUND)
		put_pixel(d, c.fore);
	if (flags & SUBRECTS) {
		vnc_buf_u8(d->out, s.n);
		vnc_buf_add(d->out, s.bytes, s.len);
	}
	m->has_back = true;
	m->back = c.back;
	/* Colours of their own leave no foreground that is worth a thought. */
	m->has_fore = c.n == 2 || (m->has_fore && c.n == 1);
	m->fore = c.n == 2 ? c.fore : m->fore;
}

void vnc_encode_hextile(struct vnc_draw *d)
{
	struct memory m = {.has_back = false};
	unsigned x, y;

	for (y = 0; y < d->h; y += TILE)
		for (x = 0; x < d->w; x += TILE) {
			struct tile t = {
				.rgb = d->scratch->rgb + (size_t)y * d->w + x,
				.stride = d->w,
				.w = d->w - x < TILE ? d->w - x : TILE,
				.h = d->h - y < TILE ? d->h - y : TILE,
			};

			put_tile(d, &t, &m);
		}
}
