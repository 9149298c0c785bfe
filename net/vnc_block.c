/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rectangles in blocks of a size: what hextile and ZRLE do with them. */
#include <string.h>

#include "net/vnc_encode.h"

void vnc_blocks_each(struct vnc_draw *d, unsigned size,
		     void (*put)(struct vnc_draw *d, const struct vnc_block *b,
				 void *ctx),
		     void *ctx)
{
	unsigned x, y;

	for (y = 0; y < d->h; y += size)
		for (x = 0; x < d->w; x += size) {
			struct vnc_block b = {
				.rgb = d->scratch->rgb + (size_t)y * d->w + x,
				.stride = d->w,
				.w = d->w - x < size ? d->w - x : size,
				.h = d->h - y < size ? d->h - y : size,
			};

			put(d, &b, ctx);
		}
}

bool vnc_block_is_solid(const struct vnc_block *b)
{
	size_t len = b->w * sizeof(*b->rgb);
	const uint32_t *line = b->rgb + (b->h - 1) * b->stride;

	if (line[b->w - 1] != b->rgb[0] ||
	    memcmp(b->rgb, b->rgb + 1, len - sizeof(*b->rgb)) != 0)
		return false;
	for (; line != b->rgb; line -= b->stride)
		if (memcmp(line, b->rgb, len) != 0)
			return false;
	return true;
}
