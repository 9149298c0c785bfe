/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The colours of a part of a picture, while they are few. */
#ifndef NET_VNC_PALETTE_H
#define NET_VNC_PALETTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VNC_COLOURS_MAX = 256, VNC_COLOUR_SLOTS = 1024 };

struct vnc_palette {
	unsigned n;
	uint32_t colour[VNC_COLOURS_MAX];
	uint16_t slot[VNC_COLOUR_SLOTS]; /* 0: free, or 1 + index */
};

/*
 * Finds the colours of w by h pixels, stride apart, and notes for each pixel
 * which one it is.  False: there are more than max.
 */
bool vnc_palette_find(struct vnc_palette *p, const uint32_t *rgb, size_t stride,
		      unsigned w, unsigned h, unsigned max, uint8_t *index);

#endif
