/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Updates of the picture (RFC 6143, 7.6.1): one at a time for each client, in
 * rectangles that are encoded as the client takes them.  What changes
 * meanwhile is for the next.
 */
#include <stdlib.h>

#include "net/vnc_impl.h"

#define OUT_HIGH (256u << 10) /* bytes that may wait for a client */

enum { MSG_UPDATE = 0, MSG_COLOURS = 1 };
enum { COLOURS = 256 };

/* Pseudo-encodings. */
#define ENC_DESKTOP_SIZE     (-223)
#define ENC_POINTER_TYPE     (-257)
#define ENC_KEYS_EXT	     (-258)
#define ENC_LED_STATE	     (-261)
#define ENC_DESKTOP_NAME     (-307)
#define ENC_DESKTOP_SIZE_EXT (-308)

enum { REASON_SERVER = 0 };
enum { SCREENS = 1, RELATIVE = 0 };

static void put_head(struct vnc_client *c, unsigned x, unsigned y, unsigned w,
		     unsigned h, int32_t encoding)
{
	vnc_buf_u16(&c->out, x);
	vnc_buf_u16(&c->out, y);
	vnc_buf_u16(&c->out, w);
	vnc_buf_u16(&c->out, h);
	vnc_buf_u32(&c->out, (uint32_t)encoding);
}

static void put_size(struct vnc_client *c)
{
	put_head(c, 0, 0, c->width, c->height, ENC_DESKTOP_SIZE);
}

/* One screen, which is the whole desktop. */
static void put_size_ext(struct vnc_client *c)
{
	put_head(c, c->resize_reason, c->resize_status, c->width, c->height,
		 ENC_DESKTOP_SIZE_EXT);
	vnc_buf_u32(&c->out, SCREENS << 24);
	vnc_buf_u32(&c->out, 0);
	vnc_buf_u32(&c->out, 0);
	vnc_buf_u16(&c->out, c->width);
	vnc_buf_u16(&c->out, c->height);
	vnc_buf_u32(&c->out, 0);
	c->resize_reason = REASON_SERVER;
	c->resize_status = 0;
}

static void put_keys_ext(struct vnc_client *c)
{
	put_head(c, 0, 0, c->width, c->height, ENC_KEYS_EXT);
}

static void put_pointer_type(struct vnc_client *c)
{
	put_head(c, RELATIVE, 0, c->width, c->height, ENC_POINTER_TYPE);
}

static void put_leds(struct vnc_client *c)
{
	c->leds = c->v->guest_leds;
	put_head(c, 0, 0, 1, 1, ENC_LED_STATE);
	vnc_buf_u8(&c->out, c->leds);
}

static void put_name(struct vnc_client *c)
{
	char name[VNC_NAME_MAX];
	size_t len = vnc_desktop_name(c->v, name);

	put_head(c, 0, 0, 0, 0, ENC_DESKTOP_NAME);
	vnc_buf_u32(&c->out, (uint32_t)len);
	vnc_buf_add(&c->out, name, len);
}

static const struct tell {
	unsigned feature;
	void (*put)(struct vnc_client *c);
} tells[] = {
	{VNC_RESIZES_EXT, put_size_ext},      {VNC_RESIZES, put_size},
	{VNC_KEYS_EXT, put_keys_ext},	      {VNC_LEDS, put_leds},
	{VNC_POINTER_TYPE, put_pointer_type}, {VNC_NAME, put_name},
};

enum { TELLS = sizeof(tells) / sizeof(*tells) };

/* The features whose rectangles are to be sent. */
static unsigned untold(const struct vnc_client *c)
{
	unsigned features = c->features & ~c->told;

	if (c->features & VNC_LEDS && c->leds != c->v->guest_leds)
		features |= VNC_LEDS;
	if (features & VNC_RESIZES_EXT)
		features &= ~(unsigned)VNC_RESIZES;
	return features;
}

static unsigned put_tells(struct vnc_client *c)
{
	unsigned features = untold(c), i, n = 0;

	for (i = 0; i < TELLS; i++)
		if (features & tells[i].feature) {
			tells[i].put(c);
			n++;
		}
	c->told |= c->features;
	return n;
}

static bool add_rect(struct vnc_client *c, const struct vnc_rect *r)
{
	unsigned size = c->rects_size * 2 + 16;
	struct vnc_rect *grown;

	if (c->nrects == c->rects_size) {
		grown = realloc(c->rects, size * sizeof(*grown));
		if (!grown)
			return false;
		c->rects = grown;
		c->rects_size = size;
	}
	c->rects[c->nrects++] = *r;
	return true;
}

/* A client that cannot be told the new size sees as much as fits. */
static bool clip(const struct vnc_client *c, struct vnc_rect *r)
{
	if (r->x >= c->width || r->y >= c->height)
		return false;
	if (r->w > c->width - r->x)
		r->w = (uint16_t)(c->width - r->x);
	if (r->h > c->height - r->y)
		r->h = (uint16_t)(c->height - r->y);
	return true;
}

static bool collect(struct vnc_client *c)
{
	struct vnc_rect r;
	unsigned row = 0;

	c->nrects = c->next_rect = 0;
	while (vnc_tiles_take(&c->dirty, &row, VNC_AREA_MAX, VNC_WIDTH_MAX, &r))
		if (clip(c, &r) && !add_rect(c, &r))
			return false;
	return true;
}

static void put_scroll(struct vnc_client *c)
{
	const struct vnc_rect *to = &c->scroll.to;

	put_head(c, to->x, to->y, to->w, to->h, VNC_ENC_COPYRECT);
	vnc_buf_u16(&c->out, to->x);
	vnc_buf_u16(&c->out, c->scroll.from_y);
	c->scroll = (struct vnc_scroll){.from_y = 0};
}

/* A client without true colours gets a map of all that we have. */
static void put_colours(struct vnc_client *c)
{
	const struct vnc_format *f = &c->pixels.format;
	unsigned i, part, level;

	vnc_buf_u16(&c->out, MSG_COLOURS << 8);
	vnc_buf_u16(&c->out, 0);
	vnc_buf_u16(&c->out, COLOURS);
	for (i = 0; i < COLOURS; i++)
		for (part = 0; part < 3; part++) {
			level = i >> f->shift[part] & f->max[part];
			vnc_buf_u16(&c->out, level * UINT16_MAX / f->max[part]);
		}
}

static void reformat(struct vnc_client *c)
{
	vnc_pixels_init(&c->pixels, &c->next_format);
	c->reformat = false;
	if (c->pixels.format.mapped)
		put_colours(c);
}

/* The size changes what the rectangles after it mean: it goes alone. */
static bool tells_size(const struct vnc_client *c)
{
	return untold(c) & (VNC_RESIZES | VNC_RESIZES_EXT);
}

static void begin(struct vnc_client *c)
{
	size_t at = c->out.len;
	unsigned n;
	bool size = tells_size(c);

	if (c->reformat) {
		reformat(c);
		at = c->out.len;
	}

	vnc_buf_u16(&c->out, MSG_UPDATE);
	vnc_buf_u16(&c->out, 0);
	n = put_tells(c);
	if (!size) {
		if (c->scroll.to.h) {
			put_scroll(c);
			n++;
		}
		if (!collect(c)) {
			vnc_client_end(c);
			return;
		}
		n += c->nrects;
	}
	c->wants = false;
	if (c->out.failed)
		return;
	c->out.data[at + 2] = (uint8_t)(n >> 8);
	c->out.data[at + 3] = (uint8_t)n;
}

/* Pixels are what the screen has: no detour. */
static void put_shadow(struct vnc_client *c, const struct vnc_rect *r)
{
	size_t len = (size_t)r->w * r->h * c->pixels.bytes;
	uint8_t *out = vnc_buf_room(&c->out, len);

	if (!out)
		return;
	vnc_frame_fetch(c->v, r, out);
	c->out.len += len;
}

static void encode(struct vnc_client *c, const struct vnc_rect *r)
{
	struct vnc_draw d = {
		.pixels = &c->pixels,
		.scratch = c->v->scratch,
		.streams = &c->streams,
		.out = &c->out,
		.w = r->w,
		.h = r->h,
	};

	put_head(c, r->x, r->y, r->w, r->h, c->encoding);
	if (c->encoding == VNC_ENC_RAW && c->pixels.native) {
		put_shadow(c, r);
		return;
	}
	vnc_frame_fetch(c->v, r, d.scratch->rgb);
	switch (c->encoding) {
	case VNC_ENC_HEXTILE:
		vnc_encode_hextile(&d);
		break;
	case VNC_ENC_ZLIB:
		vnc_encode_zlib(&d);
		break;
	case VNC_ENC_TIGHT:
		vnc_encode_tight(&d);
		break;
	case VNC_ENC_ZRLE:
		vnc_encode_zrle(&d);
		break;
	default:
		vnc_encode_raw(&d);
	}
}

void vnc_update_format(struct vnc_client *c, const struct vnc_format *format)
{
	c->next_format = *format;
	c->reformat = true;
	if (!vnc_update_is_under_way(c))
		reformat(c);
}

bool vnc_update_is_under_way(const struct vnc_client *c)
{
	return c->next_rect < c->nrects;
}

static bool has_something(const struct vnc_client *c)
{
	return untold(c) || c->scroll.to.h || vnc_tiles_any(&c->dirty);
}

bool vnc_update_waits(const struct vnc_client *c)
{
	return c->state == VNC_FIRST_FRAME ||
	       (c->state == VNC_NORMAL && c->wants &&
		(c->stale || !has_something(c)));
}

void vnc_update(struct vnc_client *c)
{
	if (c->state != VNC_NORMAL || c->gone)
		return;
	if (!vnc_update_is_under_way(c)) {
		if (!c->wants || c->stale || c->out.len || !has_something(c))
			return;
		begin(c);
		if (c->gone)
			return;
	}
	while (vnc_update_is_under_way(c) && c->out.len < OUT_HIGH)
		encode(c, &c->rects[c->next_rect++]);
	if (c->out.failed)
		vnc_client_end(c);
}

/* May the client move what scrolled by itself? */
static bool can_scroll(const struct vnc_client *c,
		       const struct vnc_scroll *scroll)
{
	struct vnc_rect from = scroll->to;

	from.y = scroll->from_y;
	return c->features & VNC_COPIES && c->wants &&
	       !vnc_update_is_under_way(c) && !c->out.len &&
	       !vnc_tiles_touch(&c->dirty, &from) &&
	       scroll->to.x + scroll->to.w <= c->width &&
	       scroll->to.y + scroll->to.h <= c->height &&
	       from.y + from.h <= (int)c->height && !c->scroll.to.h &&
	       !tells_size(c);
}

void vnc_update_features(struct vnc_client *c)
{
	const struct vnc *v = c->v;

	if (c->features & (VNC_RESIZES | VNC_RESIZES_EXT) &&
	    (c->width != v->width || c->height != v->height))
		vnc_update_resize(c);
}

void vnc_update_resize(struct vnc_client *c)
{
	struct vnc *v = c->v;

	vnc_tiles_free(&c->dirty);
	c->scroll = (struct vnc_scroll){.from_y = 0};
	if (!vnc_tiles_init(&c->dirty, v->width, v->height)) {
		vnc_client_end(c);
		return;
	}
	vnc_tiles_fill(&c->dirty);
	if (c->features & (VNC_RESIZES | VNC_RESIZES_EXT) || !c->width) {
		c->width = v->width;
		c->height = v->height;
	}
	c->told &= ~(unsigned)(VNC_RESIZES | VNC_RESIZES_EXT);
}

void vnc_update_frame(struct vnc_client *c, const struct vnc_scroll *scroll,
		      bool resized)
{
	struct vnc *v = c->v;

	if (c->state == VNC_FIRST_FRAME) {
		vnc_handshake_finish(c);
		vnc_client_resume(c);
		return;
	}
	if (c->state != VNC_NORMAL)
		return;
	c->stale = false;
	if (resized || c->dirty.width != v->width ||
	    c->dirty.height != v->height) {
		vnc_update_resize(c);
	} else {
		if (scroll->to.h && can_scroll(c, scroll))
			c->scroll = *scroll;
		else if (scroll->to.h)
			vnc_tiles_mark(&c->dirty, scroll->to.x, scroll->to.y,
				       scroll->to.w, scroll->to.h);
		vnc_tiles_merge(&c->dirty, &v->changed);
	}
	vnc_client_flush(c);
}
