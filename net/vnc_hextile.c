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

static bool same_line(const struct vnc_block *t, unsigned y)
{
	const uint32_t *line = t->rgb + y * t->stride;

	return y && !memcmp(line, line - t->stride, t->w * sizeof(*line));
}

static void count_line(const uint32_t *line, unsigned w, struct colours *c,
		       unsigned counts[2])
{
	unsigned x;

	counts[0] = counts[1] = 0;
	for (x = 0; x < w; x++)
		if (line[x] == c->back) {
			counts[0]++;
		} else if (c->n == 1 || line[x] == c->fore) {
			c->fore = line[x];
			c->n = c->n == 1 ? 2 : c->n;
			counts[1]++;
		} else {
			c->n = 3;
		}
}

/* Looks no further than the line that has the third. */
static struct colours find_colours(const struct vnc_block *t)
{
	struct colours c = {.n = 1, .back = t->rgb[0]};
	unsigned y, counts[2], back = 0, fore = 0;
	uint32_t rgb;

	for (y = 0; y < t->h && c.n < 3; y++) {
		if (!same_line(t, y))
			count_line(t->rgb + y * t->stride, t->w, &c, counts);
		back += counts[0];
		fore += counts[1];
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
static void grow(const struct vnc_block *t, uint16_t done[TILE], unsigned x,
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

/* Costs of the lines so far that leave no hope for those to come. */
static size_t limit(size_t raw, unsigned lines, unsigned of)
{
	return raw * lines / of + raw / 16;
}

/* A bit for each pixel that is not background. */
static unsigned not_back(const uint32_t *line, unsigned w, uint32_t back)
{
	unsigned x, bits = 0;

	for (x = 0; x < w; x++)
		bits |= (unsigned)(line[x] != back) << x;
	return bits;
}

static void find_on_line(const struct vnc_draw *d, const struct vnc_block *t,
			 bool coloured, struct subrects *s, uint16_t done[TILE],
			 unsigned y, unsigned bits)
{
	unsigned x, w, h, todo;

	while ((todo = bits & ~(unsigned)done[y]) && s->n < SUBRECTS_MAX) {
		x = (unsigned)__builtin_ctz(todo);
		grow(t, done, x, y, &w, &h);
		add_subrect(d, s, coloured, t->rgb[y * t->stride + x], x, y, w,
			    h);
	}
}

/* False: raw pixels would be less. */
static bool find_subrects(const struct vnc_draw *d, const struct vnc_block *t,
			  const struct colours *c, struct subrects *s)
{
	size_t raw = (size_t)t->w * t->h * d->pixels->bytes;
	uint16_t done[TILE] = {0};
	unsigned y, bits = 0;

	s->n = 0;
	s->len = 0;
	for (y = 0; y < t->h && s->len <= limit(raw, y, t->h); y++) {
		if (!same_line(t, y))
			bits = not_back(t->rgb + y * t->stride, t->w, c->back);
		find_on_line(d, t, c->n > 2, s, done, y, bits);
		if (bits & ~(unsigned)done[y])
			return false;
	}
	return y == t->h && s->len + 2 < raw;
}

static void put_raw(struct vnc_draw *d, const struct vnc_block *t)
{
	uint8_t *out = vnc_buf_room(d->out,
				    1 + (size_t)t->w * t->h * d->pixels->bytes);
	uint8_t *begin = out;
	unsigned y;

	if (!out)
		return;
	*out++ = RAW;
	for (y = 0; y < t->h; y++)
		out = vnc_pixels_put(d->pixels, out, t->rgb + y * t->stride,
				     t->w);
	d->out->len += (size_t)(out - begin);
}

static void put_pixel(struct vnc_draw *d, uint32_t rgb)
{
	uint8_t bytes[sizeof(uint32_t)];

	vnc_pixels_put(d->pixels, bytes, &rgb, 1);
	vnc_buf_add(d->out, bytes, d->pixels->bytes);
}

static void put_solid(struct vnc_draw *d, uint32_t rgb, struct memory *m)
{
	bool same = m->has_back && m->back == rgb;

	vnc_buf_u8(d->out, same ? 0 : BACKGROUND);
	if (!same)
		put_pixel(d, rgb);
	m->has_back = true;
	m->back = rgb;
}

static void put_tile(struct vnc_draw *d, const struct vnc_block *t, void *ctx)
{
	struct memory *m = ctx;
	struct subrects s;
	struct colours c;
	unsigned flags = 0;

	if (vnc_block_is_solid(t)) {
		put_solid(d, t->rgb[0], m);
		return;
	}
	c = find_colours(t);
	if (!find_subrects(d, t, &c, &s)) {
		put_raw(d, t);
		m->has_back = m->has_fore = false;
		return;
	}
	if (!m->has_back || m->back != c.back)
		flags |= BACKGROUND;
	if (c.n == 2 && (!m->has_fore || m->fore != c.fore))
		flags |= FOREGROUND;
	flags |= SUBRECTS;
	if (c.n > 2)
		flags |= COLOURED;
	vnc_buf_u8(d->out, flags);
	if (flags & BACKGROUND)
		put_pixel(d, c.back);
	if (flags & FOREGROUND)
		put_pixel(d, c.fore);
	vnc_buf_u8(d->out, s.n);
	vnc_buf_add(d->out, s.bytes, s.len);
	m->has_back = true;
	m->back = c.back;
	/* Colours of their own leave no foreground that is worth a thought. */
	m->has_fore = c.n == 2;
	m->fore = c.fore;
}

void vnc_encode_hextile(struct vnc_draw *d)
{
	struct memory m = {.has_back = false};

	vnc_blocks_each(d, TILE, put_tile, &m);
}
