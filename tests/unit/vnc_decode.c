/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoders, from the specifications and not from the server's encoders. */
#include "tests/unit/vnc_decode.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/endian.h"

/* Without the note that check makes of each: there are millions. */
#define need(fact) \
	do { \
		if (!(fact)) \
			ck_abort_msg("not so: %s", #fact); \
	} while (0)

/* Bytes that are there already, from the socket or from zlib. */
struct bytes {
	const uint8_t *at, *end;
};

static const uint8_t *take(struct bytes *b, size_t n)
{
	const uint8_t *at = b->at;

	need(n <= (size_t)(b->end - at));
	b->at += n;
	return at;
}

static uint32_t value(const struct viewer_format *f, const uint8_t *p)
{
	if (f->bpp == 8)
		return *p;
	if (f->bpp == 16)
		return f->big ? load_be16(p) : load_le16(p);
	return f->big ? load_be32(p) : load_le32(p);
}

static unsigned size_of(const struct viewer *v)
{
	return v->format.bpp / 8u;
}

/* Of CPIXELs: 3 where that is enough, and which three they are. */
static unsigned size_short(const struct viewer *v, bool *high)
{
	const struct viewer_format *f = &v->format;
	uint64_t used = 0;
	unsigned i;

	*high = false;
	if (f->bpp != 32 || f->depth > 24)
		return size_of(v);
	for (i = 0; i < 3; i++)
		used |= (uint64_t)f->max[i] << f->shift[i];
	if (used < 1u << 24)
		return 3;
	*high = !(used & 255);
	return *high ? 3 : 4;
}

static uint32_t take_short(const struct viewer *v, struct bytes *b)
{
	bool high;
	unsigned n = size_short(v, &high);
	const uint8_t *p = take(b, n);
	uint32_t out;

	if (n != 3)
		return value(&v->format, p);
	out = v->format.big ? (uint32_t)(p[0] << 16 | p[1] << 8 | p[2])
			    : (uint32_t)(p[2] << 16 | p[1] << 8 | p[0]);
	return high ? out << 8 : out;
}

static bool is_packed(const struct viewer *v)
{
	const struct viewer_format *f = &v->format;

	return f->bpp == 32 && f->depth == 24 && f->max[0] == 255 &&
	       f->max[1] == 255 && f->max[2] == 255;
}

static uint32_t from_rgb(const struct viewer *v, unsigned r, unsigned g,
			 unsigned b)
{
	const struct viewer_format *f = &v->format;

	return r << f->shift[0] | g << f->shift[1] | b << f->shift[2];
}

static uint32_t take_tight(const struct viewer *v, struct bytes *b)
{
	const uint8_t *p;

	if (!is_packed(v))
		return value(&v->format, take(b, size_of(v)));
	p = take(b, 3);
	return from_rgb(v, p[0], p[1], p[2]);
}

static uint32_t *pixel_at(struct viewer *v, unsigned x, unsigned y)
{
	need(x < v->width);
	need(y < v->height);
	return &v->pixel[(size_t)y * v->width + x];
}

static void fill(struct viewer *v, unsigned x, unsigned y, unsigned w,
		 unsigned h, uint32_t pixel)
{
	unsigned i, j;

	for (j = 0; j < h; j++)
		for (i = 0; i < w; i++)
			*pixel_at(v, x + i, y + j) = pixel;
}

static void put_raw(struct viewer *v, const struct decode_rect *r,
		    struct bytes *b)
{
	unsigned x, y;

	for (y = 0; y < r->h; y++)
		for (x = 0; x < r->w; x++)
			*pixel_at(v, r->x + x, r->y + y) =
				value(&v->format, take(b, size_of(v)));
}

static struct bytes read_bytes(struct viewer *v, size_t n)
{
	uint8_t *data = malloc(n + 1);

	viewer_read(v, data, n);
	return (struct bytes){data, data + n};
}

/* Inflates len bytes that come into at most max. */
static struct bytes inflated(struct viewer *v, z_stream *z, size_t len,
			     size_t max)
{
	struct bytes in = read_bytes(v, len);
	uint8_t *data = malloc(max + 1);

	z->next_in = (Bytef *)(uintptr_t)in.at;
	z->avail_in = (uInt)len;
	z->next_out = data;
	z->avail_out = (uInt)max + 1;
	ck_assert_int_eq(inflate(z, Z_SYNC_FLUSH), Z_OK);
	need(z->avail_in == 0);
	need(z->avail_out >= 1);
	free((void *)(uintptr_t)in.at);
	return (struct bytes){data, data + max + 1 - z->avail_out};
}

static uint32_t read_u32(struct viewer *v)
{
	uint8_t b[4];

	viewer_read(v, b, sizeof(b));
	return load_be32(b);
}

static void decode_raw(struct viewer *v, const struct decode_rect *r)
{
	struct bytes b = read_bytes(v, (size_t)r->w * r->h * size_of(v));
	void *data = (void *)(uintptr_t)b.at;

	put_raw(v, r, &b);
	free(data);
}

static void decode_copy(struct viewer *v, const struct decode_rect *r)
{
	uint8_t from[4];
	uint32_t *copy = malloc((size_t)r->w * r->h * sizeof(*copy));
	unsigned x, y;

	v->copies++;
	viewer_read(v, from, sizeof(from));
	for (y = 0; y < r->h; y++)
		for (x = 0; x < r->w; x++)
			copy[y * r->w + x] = *pixel_at(v, load_be16(from) + x,
						       load_be16(from + 2) + y);
	for (y = 0; y < r->h; y++)
		for (x = 0; x < r->w; x++)
			*pixel_at(v, r->x + x, r->y + y) = copy[y * r->w + x];
	free(copy);
}

static uint32_t read_pixel(struct viewer *v)
{
	uint8_t p[4];

	viewer_read(v, p, size_of(v));
	return value(&v->format, p);
}

static void decode_hextile_tile(struct viewer *v, const struct decode_rect *t,
				uint32_t colour[2])
{
	uint8_t flags, n, at[2];
	uint32_t pixel;

	viewer_read(v, &flags, 1);
	if (flags & 1) {
		decode_raw(v, t);
		return;
	}
	if (flags & 2)
		colour[0] = read_pixel(v);
	if (flags & 4)
		colour[1] = read_pixel(v);
	fill(v, t->x, t->y, t->w, t->h, colour[0]);
	if (!(flags & 8))
		return;
	viewer_read(v, &n, 1);
	for (; n; n--) {
		pixel = flags & 16 ? read_pixel(v) : colour[1];
		viewer_read(v, at, 2);
		need((at[0] >> 4) + (at[1] >> 4) + 1u <= t->w);
		need((at[0] & 15) + (at[1] & 15) + 1u <= t->h);
		fill(v, t->x + (at[0] >> 4), t->y + (at[0] & 15),
		     (at[1] >> 4) + 1u, (at[1] & 15) + 1u, pixel);
	}
}

static void decode_hextile(struct viewer *v, const struct decode_rect *r)
{
	uint32_t colour[2] = {0xdead, 0xbeef};
	unsigned x, y;

	for (y = 0; y < r->h; y += 16)
		for (x = 0; x < r->w; x += 16) {
			struct decode_rect t = {r->x + x, r->y + y,
						r->w - x < 16 ? r->w - x : 16,
						r->h - y < 16 ? r->h - y : 16,
						0};

			decode_hextile_tile(v, &t, colour);
		}
}

static void decode_zlib(struct viewer *v, const struct decode_rect *r)
{
	size_t n = (size_t)r->w * r->h * size_of(v);
	struct bytes b = inflated(v, &v->zlib, read_u32(v), n);
	void *data = (void *)(uintptr_t)b.at;

	put_raw(v, r, &b);
	need(b.at == b.end);
	free(data);
}

static size_t run_length(struct bytes *b)
{
	size_t n = 1;
	uint8_t more;

	do {
		more = *take(b, 1);
		n += more;
	} while (more == 255);
	return n;
}

static void put_nth(struct viewer *v, const struct decode_rect *t, size_t i,
		    uint32_t pixel)
{
	need(i < (size_t)t->w * t->h);
	*pixel_at(v, t->x + (unsigned)(i % t->w), t->y + (unsigned)(i / t->w)) =
		pixel;
}

static void zrle_runs(struct viewer *v, const struct decode_rect *t,
		      struct bytes *b, const uint32_t *palette)
{
	size_t n = (size_t)t->w * t->h, i = 0, len;
	uint32_t pixel;
	uint8_t index;

	while (i < n) {
		if (palette) {
			index = *take(b, 1);
			pixel = palette[index & 127];
			len = index & 128 ? run_length(b) : 1;
		} else {
			pixel = take_short(v, b);
			len = run_length(b);
		}
		while (len--)
			put_nth(v, t, i++, pixel);
	}
}

static void zrle_packed(struct viewer *v, const struct decode_rect *t,
			struct bytes *b, const uint32_t *palette, unsigned n)
{
	unsigned bits = n <= 2 ? 1 : n <= 4 ? 2 : 4, x, y, index, left;
	uint8_t byte = 0;

	for (y = 0; y < t->h; y++)
		for (x = 0, left = 0; x < t->w; x++) {
			if (!left) {
				byte = *take(b, 1);
				left = 8;
			}
			left -= bits;
			index = byte >> left & ((1u << bits) - 1);
			need(index < n);
			*pixel_at(v, t->x + x, t->y + y) = palette[index];
		}
}

static void zrle_tile(struct viewer *v, const struct decode_rect *t,
		      struct bytes *b)
{
	unsigned type = *take(b, 1), n = type & 127, i;
	uint32_t palette[128];

	for (i = 0; i < n; i++)
		palette[i] = take_short(v, b);
	if (type == 0) {
		for (i = 0; i < t->w * t->h; i++)
			put_nth(v, t, i, take_short(v, b));
	} else if (type == 1) {
		fill(v, t->x, t->y, t->w, t->h, palette[0]);
	} else if (type <= 16) {
		zrle_packed(v, t, b, palette, n);
	} else {
		need(type == 128 || type >= 130);
		zrle_runs(v, t, b, type == 128 ? NULL : palette);
	}
}

static void decode_zrle(struct viewer *v, const struct decode_rect *r)
{
	size_t most = (size_t)r->w * r->h * 5 + 65536;
	struct bytes b = inflated(v, &v->zrle, read_u32(v), most);
	void *data = (void *)(uintptr_t)b.at;
	unsigned x, y;

	for (y = 0; y < r->h; y += 64)
		for (x = 0; x < r->w; x += 64) {
			struct decode_rect t = {r->x + x, r->y + y,
						r->w - x < 64 ? r->w - x : 64,
						r->h - y < 64 ? r->h - y : 64,
						0};

			zrle_tile(v, &t, &b);
		}
	need(b.at == b.end);
	free(data);
}

static size_t compact_length(struct viewer *v)
{
	uint8_t b[3] = {0};

	viewer_read(v, b, 1);
	if (b[0] & 128)
		viewer_read(v, b + 1, 1);
	if (b[0] & 128 && b[1] & 128)
		viewer_read(v, b + 2, 1);
	return (b[0] & 127u) | (b[1] & 127u) << 7 | (size_t)b[2] << 14;
}

static struct bytes tight_data(struct viewer *v, unsigned stream, size_t n)
{
	struct bytes b;

	if (n < 12)
		return read_bytes(v, n);
	b = inflated(v, &v->tight[stream], compact_length(v), n);
	need((size_t)(b.end - b.at) == n);
	return b;
}

static void tight_palette(struct viewer *v, const struct decode_rect *r,
			  unsigned stream)
{
	unsigned size = is_packed(v) ? 3 : size_of(v), n, i, x, y;
	size_t line;
	uint32_t palette[256];
	uint8_t count;
	struct bytes b;
	void *data;

	viewer_read(v, &count, 1);
	n = count + 1u;
	b = read_bytes(v, (size_t)n * size);
	data = (void *)(uintptr_t)b.at;
	for (i = 0; i < n; i++)
		palette[i] = take_tight(v, &b);
	free(data);
	line = n == 2 ? (r->w + 7) / 8 : r->w;
	b = tight_data(v, stream, line * r->h);
	data = (void *)(uintptr_t)b.at;
	for (y = 0; y < r->h; y++)
		for (x = 0; x < r->w; x++) {
			i = b.at[y * line + (n == 2 ? x / 8 : x)];
			i = n == 2 ? i >> (7 - x % 8) & 1 : i;
			need(i < n);
			*pixel_at(v, r->x + x, r->y + y) = palette[i];
		}
	free(data);
}

/* One component of the pixel at x, y of a rectangle that is decoded so far. */
static int part(const uint8_t *rgb, unsigned w, int x, int y, unsigned i)
{
	return x < 0 || y < 0 ? 0
			      : rgb[((unsigned)y * w + (unsigned)x) * 3 + i];
}

static void tight_gradient(struct viewer *v, const struct decode_rect *r,
			   unsigned stream)
{
	struct bytes b = tight_data(v, stream, (size_t)r->w * r->h * 3);
	uint8_t *rgb = malloc((size_t)r->w * r->h * 3);
	void *data = (void *)(uintptr_t)b.at;
	unsigned i, n = r->w * r->h;
	int guess, x, y;

	for (i = 0; i < n * 3; i++) {
		x = (int)(i / 3 % r->w);
		y = (int)(i / 3 / r->w);
		guess = part(rgb, r->w, x - 1, y, i % 3) +
			part(rgb, r->w, x, y - 1, i % 3) -
			part(rgb, r->w, x - 1, y - 1, i % 3);
		guess = guess < 0 ? 0 : guess > 255 ? 255 : guess;
		rgb[i] = (uint8_t)(guess + *take(&b, 1));
	}
	for (i = 0; i < n; i++)
		put_nth(v, r, i,
			from_rgb(v, rgb[3 * i], rgb[3 * i + 1],
				 rgb[3 * i + 2]));
	free(rgb);
	free(data);
}

static void tight_copy(struct viewer *v, const struct decode_rect *r,
		       unsigned stream)
{
	unsigned size = is_packed(v) ? 3 : size_of(v), i;
	struct bytes b = tight_data(v, stream, (size_t)r->w * r->h * size);
	void *data = (void *)(uintptr_t)b.at;

	for (i = 0; i < r->w * r->h; i++)
		put_nth(v, r, i, take_tight(v, &b));
	free(data);
}

static void decode_tight(struct viewer *v, const struct decode_rect *r)
{
	unsigned size = is_packed(v) ? 3 : size_of(v);
	uint8_t control, filter = 0;
	struct bytes b;
	void *data;

	need(r->w <= 2048);
	viewer_read(v, &control, 1);
	need((control & 15) == 0);
	if (control == 0x80) {
		b = read_bytes(v, size);
		data = (void *)(uintptr_t)b.at;
		fill(v, r->x, r->y, r->w, r->h, take_tight(v, &b));
		free(data);
		v->fills++;
		return;
	}
	need(control < 0x80);
	if (control & 0x40)
		viewer_read(v, &filter, 1);
	need(filter <= 2);
	v->filters[filter]++;
	if (filter == 1)
		tight_palette(v, r, control >> 4 & 3);
	else if (filter == 2)
		tight_gradient(v, r, control >> 4 & 3);
	else
		tight_copy(v, r, control >> 4 & 3);
}

void decode(struct viewer *v, const struct decode_rect *r)
{
	switch (r->encoding) {
	case 0:
		decode_raw(v, r);
		break;
	case 1:
		decode_copy(v, r);
		break;
	case 5:
		decode_hextile(v, r);
		break;
	case 6:
		decode_zlib(v, r);
		break;
	case 7:
		decode_tight(v, r);
		break;
	case 16:
		decode_zrle(v, r);
		break;
	default:
		ck_abort_msg("encoding %d", r->encoding);
	}
}
