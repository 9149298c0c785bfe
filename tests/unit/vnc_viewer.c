/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VNC viewer for tests. */
#include "tests/unit/vnc_viewer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/vnc_des.h"
#include "tests/unit/unit.h"
#include "tests/unit/vnc_decode.h"
#include "vmm/endian.h"

#define PATIENCE 5000 /* turns */

static const struct viewer_format first_format = {.bpp = 32,
						  .depth = 24,
						  .max = {255, 255, 255},
						  .shift = {16, 8, 0}};

/* False: the server closed. */
static bool try_read(struct viewer *v, uint8_t *to, size_t len)
{
	unsigned turns;
	ssize_t n;

	for (turns = 0; len && turns < PATIENCE; turns++) {
		n = recv(v->fd, to, len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			v->closed = true;
			return false;
		}
		if (n < 0) {
			vnc_bed_turn(v->bed);
			continue;
		}
		turns = 0;
		to += n;
		len -= (size_t)n;
		v->bytes += (size_t)n;
	}
	if (len)
		ck_abort_msg("the server says nothing");
	return true;
}

void viewer_read(struct viewer *v, void *data, size_t len)
{
	if (!try_read(v, data, len))
		ck_abort_msg("the server closed");
}

void viewer_send(struct viewer *v, const void *data, size_t len)
{
	unsigned turns;
	ssize_t n;

	for (turns = 0; len && turns < PATIENCE; turns++) {
		n = send(v->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN) {
			v->closed = true;
			return;
		}
		if (n < 0) {
			vnc_bed_turn(v->bed);
			continue;
		}
		turns = 0;
		data = (const uint8_t *)data + n;
		len -= (size_t)n;
	}
	if (len)
		ck_abort_msg("the server does not read");
}

static uint32_t read_u32(struct viewer *v)
{
	uint8_t b[4];

	viewer_read(v, b, sizeof(b));
	return load_be32(b);
}

void viewer_call(struct viewer *v, struct vnc_bed *bed)
{
	char hello[13] = "";
	unsigned i;

	memset(v, 0, sizeof(*v));
	v->bed = bed;
	v->format = first_format;
	v->leds = UINT32_MAX;
	inflateInit(&v->zlib);
	inflateInit(&v->zrle);
	for (i = 0; i < 4; i++)
		inflateInit(&v->tight[i]);
	v->fd = vnc_bed_call(bed);
	viewer_read(v, hello, 12);
	ck_assert_str_eq(hello, "RFB 003.008\n");
}

static void answer(struct viewer *v, const char *password)
{
	uint8_t challenge[16], key[8] = {0}, response[16];
	unsigned i, bit;

	viewer_read(v, challenge, sizeof(challenge));
	for (i = 0; i < 8 && password[i]; i++)
		for (bit = 0; bit < 8; bit++)
			key[i] |= (uint8_t)((password[i] >> bit & 1)
					    << (7 - bit));
	vnc_des_encrypt(key, challenge, response);
	vnc_des_encrypt(key, challenge + 8, response + 8);
	viewer_send(v, response, sizeof(response));
}

/* Of a failure there is a reason, and the end. */
static bool result(struct viewer *v, unsigned minor)
{
	char reason[256];
	uint32_t len;

	if (!read_u32(v))
		return true;
	if (minor >= 8) {
		len = read_u32(v);
		ck_assert_uint_lt(len, sizeof(reason));
		viewer_read(v, reason, len);
	}
	ck_assert(viewer_is_ended(v));
	return false;
}

bool viewer_login(struct viewer *v, unsigned minor, const char *password)
{
	uint8_t want = password ? 2 : 1, types[2];
	char hello[13];

	memcpy(hello, "RFB 003.00x\n", 13);
	hello[10] = (char)('0' + minor);
	viewer_send(v, hello, 12);
	if (minor == 3) {
		ck_assert_uint_eq(read_u32(v), want);
	} else {
		viewer_read(v, types, 2);
		ck_assert_uint_eq(types[0], 1);
		ck_assert_uint_eq(types[1], want);
		viewer_send(v, &want, 1);
	}
	if (password)
		answer(v, password);
	return !password && minor < 8 ? true : result(v, minor);
}

static void resize(struct viewer *v, unsigned width, unsigned height)
{
	free(v->pixel);
	v->width = width;
	v->height = height;
	v->pixel = calloc((size_t)width * height + 1, sizeof(*v->pixel));
}

void viewer_init(struct viewer *v, bool shared)
{
	static const uint8_t want[16] = {32, 24,  0,  1, 0, 255, 0, 255,
					 0,  255, 16, 8, 0, 0,	 0, 0};
	uint8_t init[24], flag = shared;

	viewer_send(v, &flag, 1);
	viewer_read(v, init, sizeof(init));
	resize(v, load_be16(init), load_be16(init + 2));
	ck_assert_mem_eq(init + 4, want, sizeof(want));
	ck_assert_uint_lt(load_be32(init + 20), sizeof(v->name));
	viewer_read(v, v->name, load_be32(init + 20));
}

void viewer_open(struct viewer *v, struct vnc_bed *bed)
{
	viewer_call(v, bed);
	ck_assert(viewer_login(v, 8, NULL));
	viewer_init(v, true);
}

void viewer_close(struct viewer *v)
{
	unsigned i;

	close(v->fd);
	free(v->pixel);
	inflateEnd(&v->zlib);
	inflateEnd(&v->zrle);
	for (i = 0; i < 4; i++)
		inflateEnd(&v->tight[i]);
}

static void read_colours(struct viewer *v)
{
	uint8_t head[6], colour[6];
	unsigned i;

	viewer_read(v, head, sizeof(head));
	ck_assert_uint_eq(head[0], 1);
	ck_assert_uint_eq(load_be16(head + 2), 0);
	ck_assert_uint_eq(load_be16(head + 4), 256);
	for (i = 0; i < 256; i++) {
		viewer_read(v, colour, sizeof(colour));
		ck_assert_uint_eq(load_be16(colour), (i >> 5) * 65535 / 7);
		ck_assert_uint_eq(load_be16(colour + 2),
				  (i >> 2 & 7) * 65535 / 7);
		ck_assert_uint_eq(load_be16(colour + 4), (i & 3) * 65535 / 3);
	}
}

void viewer_format(struct viewer *v, const struct viewer_format *f)
{
	uint8_t msg[20] = {0, 0, 0, 0, f->bpp, f->depth, f->big, !f->mapped};
	unsigned i;

	for (i = 0; i < 3; i++) {
		store_be16(msg + 8 + 2 * i, f->max[i]);
		msg[14 + i] = f->shift[i];
	}
	v->format = *f;
	viewer_send(v, msg, sizeof(msg));
	if (f->mapped)
		read_colours(v);
}

void viewer_encodings(struct viewer *v, unsigned n, const int32_t *list)
{
	uint8_t msg[4] = {2, 0, (uint8_t)(n >> 8), (uint8_t)n}, e[4];
	unsigned i;

	viewer_send(v, msg, sizeof(msg));
	for (i = 0; i < n; i++) {
		store_be32(e, (uint32_t)list[i]);
		viewer_send(v, e, sizeof(e));
	}
}

void viewer_request(struct viewer *v, bool incremental)
{
	uint8_t msg[10] = {3, incremental};

	store_be16(msg + 6, (uint16_t)v->width);
	store_be16(msg + 8, (uint16_t)v->height);
	viewer_send(v, msg, sizeof(msg));
}

static void read_pseudo(struct viewer *v, const struct decode_rect *r)
{
	uint8_t more[20];

	switch (r->encoding) {
	case -223:
		resize(v, r->w, r->h);
		v->resizes++;
		break;
	case -257:
		v->relative = r->x == 0;
		break;
	case -258:
		v->keys_ext = true;
		break;
	case -261:
		viewer_read(v, more, 1);
		v->leds = more[0];
		break;
	case -307:
		viewer_read(v, more, 4);
		ck_assert_uint_lt(load_be32(more), sizeof(v->name));
		memset(v->name, 0, sizeof(v->name));
		viewer_read(v, v->name, load_be32(more));
		break;
	case -308:
		viewer_read(v, more, 20);
		ck_assert_uint_eq(more[0], 1);
		ck_assert_uint_eq(load_be16(more + 12), r->w);
		ck_assert_uint_eq(load_be16(more + 14), r->h);
		if (r->x == 1) {
			ck_assert_uint_eq(r->y, 1);
			break;
		}
		resize(v, r->w, r->h);
		v->resizes++;
		break;
	default:
		ck_abort_msg("encoding %d", r->encoding);
	}
}

void viewer_update(struct viewer *v)
{
	uint8_t head[4], b[12];
	struct decode_rect r;
	unsigned i;

	v->bytes = v->copies = v->resizes = 0;
	viewer_read(v, head, sizeof(head));
	ck_assert_uint_eq(head[0], 0);
	v->rects = load_be16(head + 2);
	for (i = 0; i < v->rects; i++) {
		viewer_read(v, b, sizeof(b));
		r = (struct decode_rect){load_be16(b), load_be16(b + 2),
					 load_be16(b + 4), load_be16(b + 6),
					 (int32_t)load_be32(b + 8)};
		if (r.encoding < 0) {
			read_pseudo(v, &r);
			continue;
		}
		ck_assert_uint_le(r.x + r.w, v->width);
		ck_assert_uint_le(r.y + r.h, v->height);
		decode(v, &r);
	}
	v->total += v->bytes;
}

static uint32_t expected(const struct viewer_format *f, uint32_t rgb)
{
	uint32_t out = 0, level;
	unsigned i;

	for (i = 0; i < 3; i++) {
		level = (rgb >> (16 - 8 * i) & 255) * (f->max[i] + 1u) >> 8;
		out |= level << f->shift[i];
	}
	return out;
}

static bool sees(const struct viewer *v)
{
	const struct vnc_bed *bed = v->bed;
	size_t i, n = (size_t)v->width * v->height;

	if (v->width != bed->width || v->height != bed->height)
		return false;
	for (i = 0; i < n; i++)
		if (v->pixel[i] != expected(&v->format, bed->rgb[i]))
			return false;
	return true;
}

void viewer_sync(struct viewer *v)
{
	unsigned i;

	for (i = 0; i < 20 && (i == 0 || !sees(v)); i++) {
		viewer_request(v, true);
		viewer_update(v);
	}
	ck_assert(sees(v));
}

void viewer_hears_nothing(struct viewer *v)
{
	uint8_t byte;
	unsigned i;

	for (i = 0; i < 50; i++) {
		vnc_bed_turn(v->bed);
		ck_assert_int_eq(recv(v->fd, &byte, 1, 0), -1);
		ck_assert_int_eq(errno, EAGAIN);
	}
}

bool viewer_is_ended(struct viewer *v)
{
	uint8_t junk[4096];
	unsigned i;
	ssize_t n;

	for (i = 0; i < PATIENCE && !v->closed; i++) {
		n = recv(v->fd, junk, sizeof(junk), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			v->closed = true;
		else if (n < 0)
			vnc_bed_turn(v->bed);
	}
	return v->closed;
}

void viewer_key(struct viewer *v, uint32_t keysym, bool down)
{
	uint8_t msg[8] = {4, down};

	store_be32(msg + 4, keysym);
	viewer_send(v, msg, sizeof(msg));
}

void viewer_key_ext(struct viewer *v, uint32_t keysym, uint32_t code, bool down)
{
	uint8_t msg[12] = {255, 0, 0, down};

	store_be32(msg + 4, keysym);
	store_be32(msg + 8, code);
	viewer_send(v, msg, sizeof(msg));
}

void viewer_pointer(struct viewer *v, unsigned buttons, unsigned x, unsigned y)
{
	uint8_t msg[6] = {5, (uint8_t)buttons};

	store_be16(msg + 2, (uint16_t)x);
	store_be16(msg + 4, (uint16_t)y);
	viewer_send(v, msg, sizeof(msg));
}
