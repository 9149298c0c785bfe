/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pixel formats of VNC clients (RFC 6143, 7.4), and how the screen's
 * pixels, 0x00RRGGBB, become theirs.
 */
#ifndef NET_VNC_PIXEL_H
#define NET_VNC_PIXEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VNC_FORMAT_SIZE 16 /* on the wire */
#define VNC_RGB		0xffffffu

struct vnc_format {
	uint8_t bpp, depth;
	bool big_endian;
	bool mapped; /* by a colour map, which is ours then */
	uint16_t max[3]; /* red, green, blue */
	uint8_t shift[3];
};

struct vnc_pixels {
	struct vnc_format format;
	unsigned bytes; /* of a pixel */
	unsigned short_bytes; /* of a CPIXEL (ZRLE) */
	unsigned short_skip; /* bytes of a pixel before those */
	bool packed; /* Tight sends red, green, blue, a byte each */
	bool native; /* as the screen has them */
	uint32_t part[3][256]; /* in the client's byte order */
};

/* What clients get who ask for nothing else. */
extern const struct vnc_format vnc_format_default;

void vnc_format_write(const struct vnc_format *f,
		      uint8_t wire[VNC_FORMAT_SIZE]);
/* False: it makes no sense. */
bool vnc_format_read(struct vnc_format *f, const uint8_t wire[VNC_FORMAT_SIZE]);
void vnc_pixels_init(struct vnc_pixels *p, const struct vnc_format *f);

/* A pixel whose bytes, from the lowest, are those on the wire. */
static inline uint32_t vnc_pixel(const struct vnc_pixels *p, uint32_t rgb)
{
	return p->part[0][rgb >> 16 & 255] | p->part[1][rgb >> 8 & 255] |
	       p->part[2][rgb & 255];
}

/* n pixels; returns where the next goes. */
uint8_t *vnc_pixels_put(const struct vnc_pixels *p, uint8_t *out,
			const uint32_t *rgb, size_t n);
/* The same as CPIXELs of ZRLE, and as TPIXELs of Tight. */
uint8_t *vnc_pixels_put_short(const struct vnc_pixels *p, uint8_t *out,
			      const uint32_t *rgb, size_t n);
uint8_t *vnc_pixels_put_tight(const struct vnc_pixels *p, uint8_t *out,
			      const uint32_t *rgb, size_t n);

#endif
