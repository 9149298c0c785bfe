/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures in the frame buffer of a Bochs adapter, a step for each letter that
 * the serial line says, which comes back when it is done: text that scrolls by
 * a line, a window that moves over a pattern, noise.  "b" draws what is behind
 * the window; "." changes nothing; "q" ends it.
 */
#include "guest.h"

#define BOCHS	  0x11111234u
#define VBE_INDEX 0x1ce
#define VBE_DATA  0x1cf
#define ENABLED	  0x41 /* and linear */
#define BITS	  32
#define COM1	  0x3f8
#define LSR	  (COM1 + 5)
#define LSR_DATA  1

#define LETTER_W  8u
#define LETTER_H  16u
#define LETTERS	  96
#define GREY	  0xa8a8a8u
#define WINDOW_W  400u
#define WINDOW_H  300u
#define STEP_X	  8u
#define STEP_Y	  5u
#define BAR	  24u /* lines of the window's title */
#define BLUE	  0x204080u
#define WHITE	  0xf8f8f8u

enum { VBE_XRES = 1, VBE_YRES, VBE_BPP, VBE_ENABLE };

struct screen {
	uint32_t *pixels;
	unsigned w, h;
	unsigned x, y; /* of the window */
	uint64_t seed;
	uint8_t letter[LETTERS][LETTER_H];
};

static struct screen screen;

static void vbe(uint16_t reg, unsigned v)
{
	out16(VBE_INDEX, reg);
	out16(VBE_DATA, (uint16_t)v);
}

static void set_mode(struct screen *s, const struct load *l)
{
	const uint32_t ids[] = {BOCHS, BOCHS};
	int devfn = pci_find(ids, 0);

	if (devfn < 0)
		fail("there is no such display adapter");
	s->pixels = (uint32_t *)(uintptr_t)pci_place((unsigned)devfn, 0);
	s->w = (unsigned)l->width;
	s->h = (unsigned)l->height;
	vbe(VBE_ENABLE, 0);
	vbe(VBE_XRES, s->w);
	vbe(VBE_YRES, s->h);
	vbe(VBE_BPP, BITS);
	vbe(VBE_ENABLE, ENABLED);
}

/* Strokes at random, which are as dense as letters are. */
static void make_letters(struct screen *s)
{
	unsigned i, y;

	s->seed = 1;
	for (i = 1; i < LETTERS; i++)
		for (y = 3; y < LETTER_H - 3; y++)
			s->letter[i][y] =
				(uint8_t)(random_below(&s->seed, 256) &
					  random_below(&s->seed, 256) & 0xfe);
}

static void put_letter(struct screen *s, unsigned x, unsigned y, unsigned n)
{
	uint32_t *line = s->pixels + (size_t)y * s->w + x;
	unsigned i, j;

	for (j = 0; j < LETTER_H; j++, line += s->w)
		for (i = 0; i < LETTER_W; i++)
			line[i] = s->letter[n][j] >> (7 - i) & 1 ? GREY : 0;
}

/* Lines of any length; about every sixth letter is a blank. */
static void put_text(struct screen *s, unsigned y)
{
	unsigned columns = s->w / LETTER_W, i;
	unsigned len = (unsigned)random_below(&s->seed, columns);
	uint64_t n;

	for (i = 0; i < columns; i++) {
		n = random_below(&s->seed, LETTERS + LETTERS / 6);
		put_letter(s, i * LETTER_W, y,
			   i < len && n < LETTERS ? (unsigned)n : 0);
	}
}

static void scroll(struct screen *s)
{
	size_t rest = (size_t)s->w * (s->h - LETTER_H);

	memcpy(s->pixels, s->pixels + (size_t)s->w * LETTER_H, rest * 4);
	put_text(s, (s->h / LETTER_H - 1) * LETTER_H);
}

/* A gradient, as of a desktop. */
static uint32_t behind(const struct screen *s, unsigned x, unsigned y)
{
	return (0x40 + 0x80 * y / s->h) << 16 | (0x60 + 0x40 * x / s->w) << 8 |
	       0x90;
}

static uint32_t in_window(unsigned x, unsigned y)
{
	if (!x || !y || x == WINDOW_W - 1 || y == WINDOW_H - 1)
		return 0;
	if (y < BAR)
		return BLUE;
	return (y - BAR) % 20 > 12 && x % 40 < 30 && x * 7 % 11 < 4 ? 0 : WHITE;
}

static void draw_part(struct screen *s, unsigned left, unsigned top, unsigned w,
		      unsigned h)
{
	unsigned x, y;

	for (y = top; y < top + h; y++)
		for (x = left; x < left + w; x++)
			s->pixels[(size_t)y * s->w + x] =
				x - s->x < WINDOW_W && y - s->y < WINDOW_H
					? in_window(x - s->x, y - s->y)
					: behind(s, x, y);
}

static void move_window(struct screen *s)
{
	unsigned x = s->x, y = s->y;

	s->x = (x + STEP_X) % (s->w - WINDOW_W);
	s->y = (y + STEP_Y) % (s->h - WINDOW_H);
	draw_part(s, x, y, WINDOW_W, WINDOW_H);
	draw_part(s, s->x, s->y, WINDOW_W, WINDOW_H);
}

static void make_noise(struct screen *s)
{
	size_t i;

	for (i = 0; i < (size_t)s->w * s->h; i++)
		s->pixels[i] = (uint32_t)random_below(&s->seed, 1u << 24);
}

static void step(struct screen *s, uint8_t what)
{
	switch (what) {
	case 's':
		scroll(s);
		break;
	case 'b':
		draw_part(s, 0, 0, s->w, s->h);
		break;
	case 'w':
		move_window(s);
		break;
	case 'n':
		make_noise(s);
		break;
	default:
		break;
	}
}

void draw_run(const struct load *l)
{
	struct screen *s = &screen;
	char answer[2] = "";

	set_mode(s, l);
	make_letters(s);
	say("ready\n");
	while (answer[0] != 'q') {
		while (!(in8(LSR) & LSR_DATA))
			;
		answer[0] = (char)in8(COM1);
		step(s, (uint8_t)answer[0]);
		say(answer);
	}
}
