/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw pixels, and raw pixels through zlib: the simple encodings. */
#include <string.h>

#include "net/vnc_encode.h"
#include "vmm/endian.h"

enum {
	FLUSH_ROOM = 64, /* what a flush may add to deflateBound */
	STORED_SHARE =
		1024, /* and less than a byte in so many, stored blocks */
	DENSE_LEAST = 4096, /* bytes of a piece that is judged */
	DENSE_PIECES = 15, /* that are not tried after one did not shrink */
	DENSE_SAMPLES = 1024,
	DENSE_MOST = 24, /* of them have the commonest value, if it is noise */
};

static bool open_stream(struct vnc_stream *s, int level, int strategy)
{
	if (!s->open) {
		s->z = (z_stream){0};
		s->open = deflateInit2(&s->z, level, Z_DEFLATED, MAX_WBITS,
				       MAX_MEM_LEVEL - 1, strategy) == Z_OK;
		s->level = level;
		s->strategy = strategy;
	}
	return s->open;
}

/* Needs room: what came before may have to be ended. */
static void set_level(struct vnc_stream *s, int level, int strategy)
{
	if (s->level == level && s->strategy == strategy)
		return;
	deflateParams(&s->z, level, strategy);
	s->level = level;
	s->strategy = strategy;
}

/* No value is much more frequent than the others. */
static bool is_dense(const uint8_t *data, size_t len)
{
	uint16_t seen[UINT8_MAX + 1] = {0};
	size_t i;

	if (len < DENSE_LEAST)
		return false;
	for (i = 0; i < DENSE_SAMPLES; i++)
		if (++seen[data[i * (len / DENSE_SAMPLES)]] > DENSE_MOST)
			return false;
	return true;
}

/*
 * Noise and films do not shrink, and cost most: after one piece that did not,
 * those that look like it are stored, until it is time to try again.
 */
static int choose_level(struct vnc_stream *s, int level, const uint8_t *data,
			size_t len)
{
	if (!s->dense || !is_dense(data, len))
		return level;
	s->dense--;
	return Z_NO_COMPRESSION;
}

static void judge(struct vnc_stream *s, size_t len, size_t made)
{
	if (s->level != Z_NO_COMPRESSION && len >= DENSE_LEAST)
		s->dense = made > len - len / 32 ? DENSE_PIECES : 0;
}

size_t vnc_stream_add(struct vnc_stream *s, struct vnc_buf *out, int level,
		      int strategy, const void *data, size_t len)
{
	size_t room, made;

	if (!open_stream(s, level, strategy)) {
		out->failed = true;
		return 0;
	}
	level = choose_level(s, level, data, len);
	room = deflateBound(&s->z, len) + len / STORED_SHARE + FLUSH_ROOM;
	s->z.next_out = vnc_buf_room(out, room);
	if (!s->z.next_out)
		return 0;
	s->z.avail_out = (uInt)room;
	s->z.next_in = (Bytef *)(uintptr_t)data;
	s->z.avail_in = 0;
	set_level(s, level, strategy);
	s->z.avail_in = (uInt)len;
	if (deflate(&s->z, Z_SYNC_FLUSH) != Z_OK || s->z.avail_in ||
	    !s->z.avail_out) {
		out->failed = true;
		return 0;
	}
	made = room - s->z.avail_out;
	out->len += made;
	judge(s, len, made);
	return made;
}

static void close_stream(struct vnc_stream *s)
{
	if (s->open)
		deflateEnd(&s->z);
	s->open = false;
}

void vnc_streams_free(struct vnc_streams *streams)
{
	unsigned i;

	close_stream(&streams->zlib);
	close_stream(&streams->zrle);
	for (i = 0; i < VNC_TIGHT_STREAMS; i++)
		close_stream(&streams->tight[i]);
}

void vnc_encode_raw(struct vnc_draw *d)
{
	size_t n = (size_t)d->w * d->h;
	uint8_t *out = vnc_buf_room(d->out, n * d->pixels->bytes);

	if (!out)
		return;
	vnc_pixels_put(d->pixels, out, d->scratch->rgb, n);
	d->out->len += n * d->pixels->bytes;
}

void vnc_encode_zlib(struct vnc_draw *d)
{
	size_t n = (size_t)d->w * d->h, made, at = d->out->len;

	vnc_pixels_put(d->pixels, d->scratch->bytes, d->scratch->rgb, n);
	vnc_buf_u32(d->out, 0);
	made = vnc_stream_add(&d->streams->zlib, d->out, d->streams->level,
			      Z_DEFAULT_STRATEGY, d->scratch->bytes,
			      n * d->pixels->bytes);
	if (!d->out->failed)
		store_be32(d->out->data + at, (uint32_t)made);
}
