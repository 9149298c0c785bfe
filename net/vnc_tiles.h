/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tiles of a picture, 16 by 16 pixels each, are of note: a bitmap. */
#ifndef NET_VNC_TILES_H
#define NET_VNC_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VNC_TILE 16

struct vnc_rect {
	uint16_t x, y, w, h;
};

struct vnc_tiles {
	unsigned width, height; /* of the picture, in pixels */
	unsigned cols, rows;
	size_t words; /* of a row */
	uint64_t *bits;
};

/* None is of note.  False: out of memory, and it is empty. */
bool vnc_tiles_init(struct vnc_tiles *t, unsigned width, unsigned height);
void vnc_tiles_free(struct vnc_tiles *t);
void vnc_tiles_clear(struct vnc_tiles *t);
void vnc_tiles_fill(struct vnc_tiles *t);
bool vnc_tiles_any(const struct vnc_tiles *t);
bool vnc_tiles_any_of(const struct vnc_tiles *t, unsigned row);
size_t vnc_tiles_count(const struct vnc_tiles *t);
/* Those that the rectangle touches; what is outside does not count. */
void vnc_tiles_mark(struct vnc_tiles *t, unsigned x, unsigned y, unsigned w,
		    unsigned h);
/* Those that are wholly in the rectangle are no longer of note. */
void vnc_tiles_unmark(struct vnc_tiles *t, const struct vnc_rect *r);
bool vnc_tiles_touch(const struct vnc_tiles *t, const struct vnc_rect *r);
/* Of the same size: adds those of from. */
void vnc_tiles_merge(struct vnc_tiles *t, const struct vnc_tiles *from);

static inline bool vnc_tiles_has(const struct vnc_tiles *t, unsigned col,
				 unsigned row)
{
	return t->bits[row * t->words + col / 64] >> col % 64 & 1;
}

static inline void vnc_tiles_set(struct vnc_tiles *t, unsigned col,
				 unsigned row)
{
	t->bits[row * t->words + col / 64] |= UINT64_C(1) << col % 64;
}

/* The smallest rectangle that has them all; empty if there are none. */
struct vnc_rect vnc_tiles_bounds(const struct vnc_tiles *t);
/*
 * Takes a rectangle of at most area pixels and width out of the set, the
 * first from the top.  False: there is none.  *row is where to look first: 0
 * to begin with.
 */
bool vnc_tiles_take(struct vnc_tiles *t, unsigned *row, unsigned area,
		    unsigned width, struct vnc_rect *r);

#endif
