/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encodings of rectangles (RFC 6143, 7.7; Tight and zlib as the community's
 * RFB specification has them).  No thread of its own: whoever owns the client.
 */
#ifndef NET_VNC_ENCODE_H
#define NET_VNC_ENCODE_H

#include <zlib.h>

#include "net/vnc_buf.h"
#include "net/vnc_palette.h"
#include "net/vnc_pixel.h"

/* What rectangles are cut to. */
#define VNC_AREA_MAX  65536
#define VNC_WIDTH_MAX 2048

enum {
	VNC_ENC_RAW = 0,
	VNC_ENC_COPYRECT = 1,
	VNC_ENC_HEXTILE = 5,
	VNC_ENC_ZLIB = 6,
	VNC_ENC_TIGHT = 7,
	VNC_ENC_ZRLE = 16,
};

enum { VNC_TIGHT_STREAMS = 4 };

/* Compression that goes on from rectangle to rectangle; a client's. */
struct vnc_stream {
	z_stream z;
	bool open;
	int level, strategy;
	unsigned dense; /* pieces to come of which none is expected to shrink */
};

struct vnc_streams {
	struct vnc_stream zlib, zrle, tight[VNC_TIGHT_STREAMS];
	int level; /* zlib's */
};

/* Memory for one rectangle at a time; of the thread. */
struct vnc_scratch {
	uint32_t rgb[VNC_AREA_MAX];
	uint8_t bytes[VNC_AREA_MAX * 5];
	uint8_t index[VNC_AREA_MAX];
	struct vnc_palette palette;
};

/* A rectangle to be encoded: its pixels are in scratch->rgb, line by line. */
struct vnc_draw {
	const struct vnc_pixels *pixels;
	struct vnc_scratch *scratch;
	struct vnc_streams *streams;
	struct vnc_buf *out;
	unsigned w, h;
};

/* Part of a rectangle: lines of w pixels, stride apart. */
struct vnc_block {
	const uint32_t *rgb;
	size_t stride;
	unsigned w, h;
};

/* Puts each, of at most size by size pixels, line after line of them. */
void vnc_blocks_each(struct vnc_draw *d, unsigned size,
		     void (*put)(struct vnc_draw *d, const struct vnc_block *b,
				 void *ctx),
		     void *ctx);
/* All pixels have the same colour. */
bool vnc_block_is_solid(const struct vnc_block *b);

/* Each adds what comes after the rectangle's header. */
void vnc_encode_raw(struct vnc_draw *d);
void vnc_encode_hextile(struct vnc_draw *d);
void vnc_encode_zlib(struct vnc_draw *d);
void vnc_encode_tight(struct vnc_draw *d);
void vnc_encode_zrle(struct vnc_draw *d);

/* Compresses data into out; returns how many bytes that made. */
size_t vnc_stream_add(struct vnc_stream *stream, struct vnc_buf *out, int level,
		      int strategy, const void *data, size_t len);
void vnc_streams_free(struct vnc_streams *streams);

#endif
