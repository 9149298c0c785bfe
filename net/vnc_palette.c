/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of colours, with open addressing. */
#include "net/vnc_palette.h"

#include <string.h>

#define SPREAD 0x9e3779b1u /* the golden ratio's fraction, times 2^32 */
enum { SLOT_BITS = 10 };

/* The colour's index, or max when there is no room for it. */
static unsigned look_up(struct vnc_palette *p, uint32_t rgb, unsigned max)
{
	unsigned at = rgb * SPREAD >> (32 - SLOT_BITS);

	while (p->slot[at]) {
		if (p->colour[p->slot[at] - 1] == rgb)
			return p->slot[at] - 1u;
		at = (at + 1) % VNC_COLOUR_SLOTS;
	}
	if (p->n == max)
		return max;
	p->colour[p->n] = rgb;
	p->slot[at] = (uint16_t)++p->n;
	return p->n - 1;
}

bool vnc_palette_find(struct vnc_palette *p, const uint32_t *rgb, size_t stride,
		      unsigned w, unsigned h, unsigned max, uint8_t *index)
{
	uint32_t last = ~rgb[0];
	unsigned x, y, i = 0;

	p->n = 0;
	memset(p->slot, 0, sizeof(p->slot));
	for (y = 0; y < h; y++, rgb += stride, index += w) {
		if (y && !memcmp(rgb, rgb - stride, w * sizeof(*rgb))) {
			memcpy(index, index - w, w);
			continue;
		}
		for (x = 0; x < w; x++) {
			if (rgb[x] != last) {
				last = rgb[x];
				i = look_up(p, last, max);
				if (i == max)
					return false;
			}
			index[x] = (uint8_t)i;
		}
	}
	return true;
}
