/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread's side of the picture: the shadow, which is what clients have
 * been or will be told.  What the stage brings is compared with it, so that
 * pixels which were drawn again as they were are not sent; and when much
 * changed, it is looked whether lines moved up or down as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "net/vnc_impl.h"

enum {
	SCROLL_LINES = 32, /* less is not worth it */
	SCROLL_WIDTH = 128,
	SCROLL_SKIP_MAX = 32, /* pictures, after failures */
	SLOTS_PER_LINE = 2,
};

#define HASH_START UINT64_C(0x9e3779b97f4a7c15)
#define HASH_STEP  UINT64_C(0xff51afd7ed558ccd)

static bool fit(struct vnc *v, bool *resized)
{
	const struct vnc_stage *s = &v->stage;
	size_t lines = 2 * (size_t)s->height;

	*resized = v->width != s->width || v->height != s->height;
	if (!*resized)
		return true;
	vnc_frame_free(v);
	v->shadow = malloc((size_t)s->width * s->height * sizeof(*v->shadow));
	v->lines = malloc((lines + 1) * sizeof(*v->lines));
	if (!v->shadow || !v->lines ||
	    !vnc_tiles_init(&v->changed, s->width, s->height)) {
		vnc_frame_free(v);
		return false;
	}
	v->width = s->width;
	v->height = s->height;
	return true;
}

void vnc_frame_free(struct vnc *v)
{
	free(v->shadow);
	free(v->lines);
	vnc_tiles_free(&v->changed);
	v->shadow = NULL;
	v->lines = NULL;
	v->width = v->height = 0;
}

static bool copy_line(uint32_t *to, const uint32_t *from, unsigned n)
{
	size_t len = n * sizeof(*to);

	if (!memcmp(to, from, len))
		return false;
	memcpy(to, from, len);
	return true;
}

/* Line y of the tiles of a row that were drawn: memory is read in its order. */
static void compare_line(struct vnc *v, unsigned row, unsigned y)
{
	const struct vnc_tiles *t = &v->stage.dirty;
	unsigned col, x = 0, w;
	size_t at = (size_t)y * v->width;

	for (col = 0; col < t->cols; col++, x += VNC_TILE) {
		w = v->width - x < VNC_TILE ? v->width - x : VNC_TILE;
		if (vnc_tiles_has(t, col, row) &&
		    copy_line(v->shadow + at + x, v->stage.rgb + at + x, w))
			vnc_tiles_set(&v->changed, col, row);
	}
}

static void compare(struct vnc *v)
{
	unsigned row, y, end;

	for (row = 0; row < v->stage.dirty.rows; row++) {
		if (!vnc_tiles_any_of(&v->stage.dirty, row))
			continue;
		end = (row + 1) * VNC_TILE;
		end = end < v->height ? end : v->height;
		for (y = row * VNC_TILE; y < end; y++)
			compare_line(v, row, y);
	}
}

static uint64_t hash_line(const uint32_t *rgb, unsigned n)
{
	uint64_t a = HASH_START, b = ~HASH_START, pair;
	unsigned i;

	for (i = 0; i + 3 < n; i += 4) {
		memcpy(&pair, rgb + i, sizeof(pair));
		a = (a ^ pair) * HASH_STEP;
		memcpy(&pair, rgb + i + 2, sizeof(pair));
		b = (b ^ pair) * HASH_STEP;
	}
	for (; i < n; i++)
		a = (a ^ rgb[i]) * HASH_STEP;
	a ^= b * HASH_START;
	return a ^ a >> 29;
}

/* Where lines were before: a hash table of those that there was one of. */
struct places {
	uint16_t *line; /* 0: none, 1 + line */
	size_t mask;
	const uint64_t *hash;
};

enum { LINE_AGAIN = UINT16_MAX };

static uint16_t *find_place(const struct places *p, uint64_t hash)
{
	size_t at = hash & p->mask;

	while (p->line[at] && p->line[at] != LINE_AGAIN &&
	       p->hash[p->line[at] - 1] != hash)
		at = (at + 1) & p->mask;
	return &p->line[at];
}

static bool fill_places(struct places *p, const uint64_t *hash, unsigned n)
{
	size_t size = 64;
	unsigned i;
	uint16_t *line;

	while (size < (size_t)n * SLOTS_PER_LINE)
		size *= 2;
	*p = (struct places){.mask = size - 1, .hash = hash};
	p->line = calloc(size, sizeof(*p->line));
	for (i = 0; p->line && i < n; i++) {
		line = find_place(p, hash[i]);
		*line = *line ? LINE_AGAIN : (uint16_t)(i + 1);
	}
	return p->line != NULL;
}

/* The way that most lines went which were where they are now; 0: none. */
static int most_votes(const struct places *p, const uint64_t *now, unsigned n)
{
	uint16_t *votes = calloc(2 * (size_t)n, sizeof(*votes));
	unsigned i, best = 0, most = 0;
	uint16_t line;

	for (i = 0; votes && i < n; i++) {
		line = *find_place(p, now[i]);
		if (line && line != LINE_AGAIN && line - 1u != i)
			votes[line - 1u + n - i]++;
	}
	for (i = 0; votes && i < 2 * n; i++)
		if (votes[i] > most) {
			most = votes[i];
			best = i;
		}
	free(votes);
	return most * 8 >= n ? (int)best - (int)n : 0;
}

/* The longest run of lines that went by way, as pixels and not as hashes. */
static unsigned longest_run(const struct vnc *v, const struct vnc_rect *box,
			    int way, unsigned *first)
{
	const uint64_t *old = v->lines, *now = v->lines + box->h;
	unsigned y, from, run = 0, longest = 0;
	const uint32_t *a, *b;

	for (y = 0; y < box->h; y++) {
		from = y + (unsigned)way;
		if (from >= box->h || old[from] != now[y]) {
			run = 0;
			continue;
		}
		a = v->shadow + (size_t)(box->y + from) * v->width + box->x;
		b = v->stage.rgb + (size_t)(box->y + y) * v->width + box->x;
		run = memcmp(a, b, box->w * sizeof(*a)) ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			*first = y + 1 - run;
		}
	}
	return longest;
}

static void find_scroll(struct vnc *v, const struct vnc_rect *box,
			struct vnc_scroll *scroll)
{
	size_t at = (size_t)box->y * v->width + box->x;
	struct places places;
	unsigned i, first = 0, n;
	int way;

	for (i = 0; i < box->h; i++, at += v->width) {
		v->lines[i] = hash_line(v->shadow + at, box->w);
		v->lines[box->h + i] = hash_line(v->stage.rgb + at, box->w);
	}
	if (!fill_places(&places, v->lines, box->h))
		return;
	way = most_votes(&places, v->lines + box->h, box->h);
	free(places.line);
	n = way ? longest_run(v, box, way, &first) : 0;
	if (n < SCROLL_LINES)
		return;
	scroll->to = (struct vnc_rect){box->x, (uint16_t)(box->y + first),
				       box->w, (uint16_t)n};
	scroll->from_y = (uint16_t)((int)(box->y + first) + way);
}

static void move_lines(struct vnc *v, const struct vnc_scroll *scroll)
{
	const struct vnc_rect *to = &scroll->to;
	bool up = scroll->from_y > to->y;
	unsigned i, line;

	for (i = 0; i < to->h; i++) {
		line = up ? i : to->h - 1u - i;
		memcpy(v->shadow + (size_t)(to->y + line) * v->width + to->x,
		       v->shadow + (size_t)(scroll->from_y + line) * v->width +
			       to->x,
		       to->w * sizeof(*v->shadow));
	}
}

/* Pictures that do not scroll are looked at ever less. */
static void look_for_scroll(struct vnc *v, struct vnc_scroll *scroll)
{
	struct vnc_rect box = vnc_tiles_bounds(&v->stage.dirty);

	if (box.h < 2 * SCROLL_LINES || box.w < SCROLL_WIDTH)
		return;
	if (v->scroll_skip) {
		v->scroll_skip--;
		return;
	}
	find_scroll(v, &box, scroll);
	if (!scroll->to.h) {
		if (v->scroll_misses < SCROLL_SKIP_MAX)
			v->scroll_misses += v->scroll_misses + 1;
		v->scroll_skip = v->scroll_misses / 2;
		return;
	}
	v->scroll_misses = 0;
	move_lines(v, scroll);
	/* They were compared already. */
	vnc_tiles_unmark(&v->stage.dirty, &scroll->to);
}

bool vnc_frame_take(struct vnc *v, struct vnc_scroll *scroll, bool *resized)
{
	*scroll = (struct vnc_scroll){.from_y = 0};
	*resized = false;
	if (!v->stage.width || !fit(v, resized))
		return false;
	if (v->guest_leds != v->stage.leds)
		v->guest_leds = v->leds = v->stage.leds;
	vnc_tiles_clear(&v->changed);
	if (*resized) {
		memcpy(v->shadow, v->stage.rgb,
		       (size_t)v->width * v->height * sizeof(*v->shadow));
		vnc_tiles_fill(&v->changed);
	} else {
		look_for_scroll(v, scroll);
		compare(v);
	}
	vnc_tiles_clear(&v->stage.dirty);
	return true;
}

/* Without what is in the upper bytes; two at a time, to any address. */
static void copy_colours(uint8_t *to, const uint32_t *from, size_t n)
{
	const uint64_t mask = (uint64_t)VNC_RGB << 32 | VNC_RGB;
	uint64_t pair;
	uint32_t last;
	size_t i;

	for (i = 0; i + 1 < n; i += 2, to += sizeof(pair)) {
		memcpy(&pair, from + i, sizeof(pair));
		pair &= mask;
		memcpy(to, &pair, sizeof(pair));
	}
	if (i < n) {
		last = from[i] & VNC_RGB;
		memcpy(to, &last, sizeof(last));
	}
}

void vnc_frame_fetch(const struct vnc *v, const struct vnc_rect *r, void *to)
{
	size_t w = r->x < v->width ? v->width - r->x : 0, n;
	size_t len = r->w * sizeof(*v->shadow);
	uint8_t *out = to;
	unsigned y;

	w = w < r->w ? w : r->w;
	for (y = 0; y < r->h; y++, out += len) {
		n = r->y + y < v->height ? w : 0;
		if (n)
			copy_colours(out,
				     v->shadow + (size_t)(r->y + y) * v->width +
					     r->x,
				     n);
		memset(out + n * sizeof(*v->shadow), 0,
		       len - n * sizeof(*v->shadow));
	}
}
