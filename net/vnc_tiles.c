/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of tiles. */
#include "net/vnc_tiles.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

bool vnc_tiles_init(struct vnc_tiles *t, unsigned width, unsigned height)
{
	*t = (struct vnc_tiles){
		.width = width,
		.height = height,
		.cols = (width + VNC_TILE - 1) / VNC_TILE,
		.rows = (height + VNC_TILE - 1) / VNC_TILE,
	};
	t->words = (t->cols + WORD - 1) / WORD;
	t->bits = calloc(t->words * t->rows + 1, sizeof(*t->bits));
	if (!t->bits)
		*t = (struct vnc_tiles){0};
	return t->bits != NULL;
}

void vnc_tiles_free(struct vnc_tiles *t)
{
	free(t->bits);
	*t = (struct vnc_tiles){0};
}

void vnc_tiles_clear(struct vnc_tiles *t)
{
	if (t->bits)
		memset(t->bits, 0, t->words * t->rows * sizeof(*t->bits));
}

void vnc_tiles_fill(struct vnc_tiles *t)
{
	vnc_tiles_mark(t, 0, 0, t->width, t->height);
}

bool vnc_tiles_any_of(const struct vnc_tiles *t, unsigned row)
{
	const uint64_t *bits = t->bits + row * t->words;
	size_t i;

	for (i = 0; i < t->words; i++)
		if (bits[i])
			return true;
	return false;
}

bool vnc_tiles_any(const struct vnc_tiles *t)
{
	unsigned row;

	for (row = 0; row < t->rows; row++)
		if (vnc_tiles_any_of(t, row))
			return true;
	return false;
}

size_t vnc_tiles_count(const struct vnc_tiles *t)
{
	size_t i, n = t->words * t->rows, count = 0;

	for (i = 0; i < n; i++)
		count += (size_t)__builtin_popcountll(t->bits[i]);
	return count;
}

/* Bits of word w for columns from first to last. */
static uint64_t mask(size_t w, unsigned first, unsigned last)
{
	uint64_t bits = UINT64_MAX;

	if (first > w * WORD)
		bits &= UINT64_MAX << first % WORD;
	if (last < w * WORD + WORD - 1)
		bits &= UINT64_MAX >> (WORD - 1 - last % WORD);
	return bits;
}

static void mark_row(struct vnc_tiles *t, unsigned row, unsigned first,
		     unsigned last)
{
	size_t w;

	for (w = first / WORD; w <= last / WORD; w++)
		t->bits[row * t->words + w] |= mask(w, first, last);
}

static void unmark_row(struct vnc_tiles *t, unsigned row, unsigned first,
		       unsigned last)
{
	size_t w;

	for (w = first / WORD; w <= last / WORD; w++)
		t->bits[row * t->words + w] &= ~mask(w, first, last);
}

static bool row_touches(const struct vnc_tiles *t, unsigned row, unsigned first,
			unsigned last)
{
	size_t w;

	for (w = first / WORD; w <= last / WORD; w++)
		if (t->bits[row * t->words + w] & mask(w, first, last))
			return true;
	return false;
}

static bool row_is_full(const struct vnc_tiles *t, unsigned row, unsigned first,
			unsigned last)
{
	size_t w;

	for (w = first / WORD; w <= last / WORD; w++)
		if (~t->bits[row * t->words + w] & mask(w, first, last))
			return false;
	return true;
}

/* The part of a line from at that is inside, in tiles; false: none. */
static bool clip(unsigned at, unsigned len, unsigned size, unsigned *first,
		 unsigned *last)
{
	if (at >= size || !len)
		return false;
	if (len > size - at)
		len = size - at;
	*first = at / VNC_TILE;
	*last = (at + len - 1) / VNC_TILE;
	return true;
}

void vnc_tiles_mark(struct vnc_tiles *t, unsigned x, unsigned y, unsigned w,
		    unsigned h)
{
	unsigned left, right, top, bottom;

	if (!clip(x, w, t->width, &left, &right) ||
	    !clip(y, h, t->height, &top, &bottom))
		return;
	for (; top <= bottom; top++)
		mark_row(t, top, left, right);
}

/* Tiles that end not after end, which is in a picture of this size. */
static unsigned whole(unsigned end, unsigned size)
{
	return end >= size ? (size + VNC_TILE - 1) / VNC_TILE : end / VNC_TILE;
}

void vnc_tiles_unmark(struct vnc_tiles *t, const struct vnc_rect *r)
{
	unsigned left = (r->x + VNC_TILE - 1u) / VNC_TILE;
	unsigned right = whole(r->x + r->w, t->width), col;
	unsigned row = (r->y + VNC_TILE - 1u) / VNC_TILE;
	unsigned bottom = whole(r->y + r->h, t->height);

	for (; row < bottom; row++)
		for (col = left; col < right; col++)
			t->bits[row * t->words + col / 64] &=
				~(UINT64_C(1) << col % 64);
}

bool vnc_tiles_touch(const struct vnc_tiles *t, const struct vnc_rect *r)
{
	unsigned left, right, top, bottom;

	if (!clip(r->x, r->w, t->width, &left, &right) ||
	    !clip(r->y, r->h, t->height, &top, &bottom))
		return false;
	for (; top <= bottom; top++)
		if (row_touches(t, top, left, right))
			return true;
	return false;
}

void vnc_tiles_merge(struct vnc_tiles *t, const struct vnc_tiles *from)
{
	size_t i, n = t->words * t->rows;

	for (i = 0; i < n; i++)
		t->bits[i] |= from->bits[i];
}

/* The first column from col on that has a tile in this row; cols: none. */
static unsigned next_col(const struct vnc_tiles *t, unsigned row, unsigned col)
{
	uint64_t word;

	while (col < t->cols) {
		word = t->bits[row * t->words + col / WORD] >> col % WORD;
		if (word)
			return col + (unsigned)__builtin_ctzll(word);
		col = (col / WORD + 1) * WORD;
	}
	return t->cols;
}

static struct vnc_rect to_pixels(const struct vnc_tiles *t, unsigned left,
				 unsigned top, unsigned right, unsigned bottom)
{
	unsigned x = left * VNC_TILE, y = top * VNC_TILE;
	unsigned ex = right * VNC_TILE, ey = bottom * VNC_TILE;

	ex = ex < t->width ? ex : t->width;
	ey = ey < t->height ? ey : t->height;
	return (struct vnc_rect){(uint16_t)x, (uint16_t)y, (uint16_t)(ex - x),
				 (uint16_t)(ey - y)};
}

struct vnc_rect vnc_tiles_bounds(const struct vnc_tiles *t)
{
	unsigned left = t->cols, right = 0, top = t->rows, bottom = 0;
	unsigned row, col;

	for (row = 0; row < t->rows; row++) {
		col = next_col(t, row, 0);
		if (col >= t->cols)
			continue;
		left = col < left ? col : left;
		top = row < top ? row : top;
		bottom = row + 1;
		for (; col < t->cols; col = next_col(t, row, col + 1))
			right = col + 1 > right ? col + 1 : right;
	}
	if (!bottom)
		return (struct vnc_rect){0};
	return to_pixels(t, left, top, right, bottom);
}

bool vnc_tiles_take(struct vnc_tiles *t, unsigned *row, unsigned area,
		    unsigned width, struct vnc_rect *r)
{
	unsigned most = width / VNC_TILE, left, right, bottom, rows;

	while (*row < t->rows && next_col(t, *row, 0) >= t->cols)
		++*row;
	if (*row >= t->rows)
		return false;
	left = next_col(t, *row, 0);
	for (right = left + 1; right < t->cols && right - left < most; right++)
		if (!vnc_tiles_has(t, right, *row))
			break;
	rows = area / (VNC_TILE * VNC_TILE) / (right - left);
	unmark_row(t, *row, left, right - 1);
	for (bottom = *row + 1; bottom < t->rows && bottom - *row < rows;
	     bottom++) {
		if (!row_is_full(t, bottom, left, right - 1))
			break;
		unmark_row(t, bottom, left, right - 1);
	}
	*r = to_pixels(t, left, *row, right, bottom);
	return true;
}
