/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EDID of a monitor that has any size.  VESA E-EDID 1.4, section 3: base
 * block; CEA-861-F, 7.5: video modes of televisions; DisplayID 1.3, 4.4.1: the
 * preferred mode when it is too large for the base block.
 *
 * Guests know a monitor by its names and numbers, so those are QEMU's: a guest
 * that moves keeps its settings.
 */
#include "hw/edid.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "vmm/endian.h"

/* Places in the base block. */
enum {
	AT_HEADER = 0,
	AT_VENDOR = 8,
	AT_PRODUCT = 10,
	AT_WEEK = 16,
	AT_YEAR = 17,
	AT_VERSION = 18,
	AT_INPUT = 20,
	AT_CENTIMETRES = 21,
	AT_GAMMA = 23,
	AT_FEATURES = 24,
	AT_CHROMATICITY = 25,
	AT_ESTABLISHED = 35,
	AT_STANDARD = 38,
	AT_DESCRIPTORS = 54,
	AT_EXTENSIONS = 126,
	AT_SUM = 127,
};

enum { CHROMATICITY = 10, STANDARD = 8, DESCRIPTOR = 18, NAME = 13 };

#define VENDOR	     (('R' - '@') << 10 | ('H' - '@') << 5 | ('T' - '@'))
#define PRODUCT	     0x1234
#define WEEK	     42
#define YEAR	     (2014 - 1990)
#define INPUT_8_BITS 0xa5 /* digital, 8 bits of a colour, DisplayPort */
#define GAMMA_2_2    120 /* hundredths, from 1.00 */
#define FEATURES     0x06 /* sRGB, preferred mode is the native one */
#define NOT_USED     0x01 /* both bytes of a standard timing */

/* Descriptors of the base block (3.10.3). */
#define DESCRIPTOR_TIMINGS 0xf7
#define DESCRIPTOR_NAME	   0xfc
#define DESCRIPTOR_RANGE   0xfd
#define DESCRIPTOR_NONE	   0x10
#define TIMINGS_VERSION	   0x0a
#define SYNC_SEPARATE	   0x18 /* digital, both polarities negative */

#define CTA_TAG		   0x02
#define CTA_REVISION	   3
#define CTA_VIDEO	   0x40 /* a block of codes; its length below */
#define CTA_DATA	   4
#define DISPLAYID_TAG	   0x70
#define DISPLAYID_1_3	   0x13
#define DISPLAYID_BYTES	   23
#define DISPLAYID_ALONE	   0x03 /* a monitor, and nothing else */
#define TIMING_TAG	   0x03
#define TIMING_BYTES	   20
#define TIMING_BEST	   0x88 /* preferred; no known shape */

#define WIDTH		   1280u
#define HEIGHT		   800u
#define REFRESH_MHZ	   75000u
#define DOTS_PER_MM_X1000  3937 /* 100 in an inch */
#define CLOCK_UNIT	   10000u /* hertz */
#define DETAILED_MAX	   4095u

/* sRGB (IEC 61966-2-1), as section 3.7 packs it. */
static const uint8_t srgb[CHROMATICITY] = {0xee, 0x91, 0xa3, 0x54, 0x4c,
					   0x99, 0x26, 0x0f, 0x50, 0x54};

/* 50 to 125 Hz, 30 to 160 kHz, as fast a clock as can be said; no formula. */
static const uint8_t range[NAME] = {50,	 125, 30,  160, 255, 0x01, '\n',
				    ' ', ' ', ' ', ' ', ' ', ' '};
static const uint8_t name[NAME] = "QEMU Monitor\n";

enum place { STANDARD_FIRST, ESTABLISHED, ESTABLISHED_3, TELEVISION };

/* Where it stands: a bit of a byte of its table, or a television's code. */
struct mode {
	uint16_t width, height;
	enum place place;
	uint8_t byte, value;
};

/*
 * Those of the third table of established timings take a standard timing if
 * one is left; the table is there for the others.
 */
static const struct mode modes[] = {
	{5120, 2160, TELEVISION, .value = 125},
	{4096, 2160, TELEVISION, .value = 101},
	{3840, 2160, TELEVISION, .value = 96},
	{2560, 1080, TELEVISION, .value = 89},
	{2048, 1152, .place = STANDARD_FIRST},
	{1920, 1080, .place = STANDARD_FIRST},
	{1920, 1080, TELEVISION, .value = 31},
	{1920, 1200, .place = STANDARD_FIRST},
	{1600, 1200, .place = STANDARD_FIRST},
	{1680, 1050, .place = STANDARD_FIRST},
	{1440, 900, .place = STANDARD_FIRST},
	{1280, 1024, .place = STANDARD_FIRST},
	{1280, 960, .place = STANDARD_FIRST},
	{1920, 1440, ESTABLISHED_3, 5, 0x20},
	{1856, 1392, ESTABLISHED_3, 4, 0x08},
	{1792, 1344, ESTABLISHED_3, 4, 0x20},
	{1400, 1050, ESTABLISHED_3, 2, 0x02},
	{1360, 768, ESTABLISHED_3, 2, 0x80},
	{1280, 768, ESTABLISHED_3, 1, 0x40},
	{1024, 768, ESTABLISHED, 1, 0x08},
	{800, 600, ESTABLISHED, 0, 0x01},
	{640, 480, ESTABLISHED, 0, 0x20},
	{3840, 2160, TELEVISION, .value = 97},
};

/* Where what is made next goes. */
struct writer {
	uint8_t *edid;
	uint8_t *descriptor, *timings, *standard;
	uint8_t codes[sizeof(modes) / sizeof(*modes)];
	uint8_t ncodes;
};

/* A mode in all detail. */
struct timing {
	uint32_t width, hblank, hfront, hsync;
	uint32_t height, vblank, vfront, vsync;
	uint32_t width_mm, height_mm;
	uint64_t clock; /* in CLOCK_UNIT */
};

static uint32_t percent(uint32_t of, uint32_t tenths)
{
	return of * tenths / 1000;
}

static void read_timing(const struct edid_monitor *m, struct timing *t)
{
	uint64_t refresh = m->refresh_mhz ? m->refresh_mhz : REFRESH_MHZ;

	t->width = m->width ? m->width : WIDTH;
	t->height = m->height ? m->height : HEIGHT;
	t->hblank = percent(t->width, 350);
	t->hfront = percent(t->width, 250);
	t->hsync = percent(t->width, 30);
	t->vblank = percent(t->height, 35);
	t->vfront = percent(t->height, 5);
	t->vsync = percent(t->height, 5);
	t->width_mm = t->width * 1000 / DOTS_PER_MM_X1000;
	t->height_mm = t->height * 1000 / DOTS_PER_MM_X1000;
	t->clock = refresh * (t->width + t->hblank) * (t->height + t->vblank) /
		   1000 / CLOCK_UNIT;
}

static bool too_large(const struct timing *t)
{
	return t->width > DETAILED_MAX || t->height > DETAILED_MAX ||
	       t->clock > UINT16_MAX;
}

static uint8_t low(uint32_t val)
{
	return (uint8_t)val;
}

/* Bits 8 to 11 of two values. */
static uint8_t highs(uint32_t a, uint32_t b)
{
	return (uint8_t)((a >> 8 & 15) << 4 | (b >> 8 & 15));
}

/* Section 3.10.2. */
static void put_detailed(struct writer *w, const struct timing *t)
{
	const uint8_t bytes[DESCRIPTOR] = {
		low((uint32_t)t->clock),
		low((uint32_t)t->clock >> 8),
		low(t->width),
		low(t->hblank),
		highs(t->width, t->hblank),
		low(t->height),
		low(t->vblank),
		highs(t->height, t->vblank),
		low(t->hfront),
		low(t->hsync),
		(uint8_t)((t->vfront & 15) << 4 | (t->vsync & 15)),
		(uint8_t)((t->hfront >> 8 & 3) << 6 | (t->hsync >> 8 & 3) << 4 |
			  (t->vfront >> 4 & 3) << 2 | (t->vsync >> 4 & 3)),
		low(t->width_mm),
		low(t->height_mm),
		highs(t->width_mm, t->height_mm),
		[DESCRIPTOR - 1] = SYNC_SEPARATE,
	};

	memcpy(w->descriptor, bytes, sizeof(bytes));
	w->descriptor += DESCRIPTOR;
}

/* Returns where its text goes. */
static uint8_t *put_descriptor(struct writer *w, uint8_t type)
{
	uint8_t *at = w->descriptor;

	at[3] = type;
	w->descriptor += DESCRIPTOR;
	return at + DESCRIPTOR - NAME;
}

/* Section 3.9: a width, and the shape. */
static bool put_standard(struct writer *w, const struct mode *mode)
{
	static const struct {
		unsigned x, y;
	} shapes[] = {{16, 10}, {4, 3}, {5, 4}, {16, 9}};
	unsigned i = 0;

	if (w->standard == w->edid + AT_STANDARD + 2 * STANDARD)
		return false;
	while (mode->width * shapes[i].y != mode->height * shapes[i].x)
		if (++i == sizeof(shapes) / sizeof(*shapes))
			return false;
	*w->standard++ = (uint8_t)(mode->width / 8 - 31);
	*w->standard++ = (uint8_t)(i << 6);
	return true;
}

static void put_mode(struct writer *w, const struct mode *mode)
{
	switch (mode->place) {
	case ESTABLISHED:
		w->edid[AT_ESTABLISHED + mode->byte] |= mode->value;
		break;
	case TELEVISION:
		w->codes[w->ncodes++] = mode->value;
		break;
	case STANDARD_FIRST:
		put_standard(w, mode);
		break;
	case ESTABLISHED_3:
		if (!put_standard(w, mode))
			w->timings[1 + mode->byte] |= mode->value;
		break;
	}
}

static void put_modes(struct writer *w, const struct edid_monitor *m)
{
	size_t i;

	memset(w->standard, NOT_USED, 2 * STANDARD);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if ((!m->width_max || modes[i].width <= m->width_max) &&
		    (!m->height_max || modes[i].height <= m->height_max))
			put_mode(w, &modes[i]);
}

static void put_identity(uint8_t *edid, const struct timing *t)
{
	uint32_t width = t->width_mm / 10, height = t->height_mm / 10;

	memset(edid + AT_HEADER + 1, 0xff, 6);
	store_be16(edid + AT_VENDOR, VENDOR);
	store_le16(edid + AT_PRODUCT, PRODUCT);
	edid[AT_WEEK] = WEEK;
	edid[AT_YEAR] = YEAR;
	edid[AT_VERSION] = 1;
	edid[AT_VERSION + 1] = 4;
	edid[AT_INPUT] = INPUT_8_BITS;
	edid[AT_CENTIMETRES] = (uint8_t)(width < 255 ? width : 255);
	edid[AT_CENTIMETRES + 1] = (uint8_t)(height < 255 ? height : 255);
	edid[AT_GAMMA] = GAMMA_2_2;
	edid[AT_FEATURES] = FEATURES;
	memcpy(edid + AT_CHROMATICITY, srgb, sizeof(srgb));
}

static void put_sum(uint8_t *block, size_t len)
{
	uint8_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum -= block[i];
	block[len] = sum;
}

/* CEA-861-F, 7.5: codes, and no more modes. */
static void put_television(uint8_t *block, const struct writer *w)
{
	uint8_t *at = block + CTA_DATA, *end = block + AT_SUM - DESCRIPTOR;

	block[0] = CTA_TAG;
	block[1] = CTA_REVISION;
	block[2] = (uint8_t)(CTA_DATA + 1 + w->ncodes);
	*at++ = (uint8_t)(CTA_VIDEO | w->ncodes);
	memcpy(at, w->codes, w->ncodes);
	for (at += w->ncodes; at <= end; at += DESCRIPTOR)
		at[3] = DESCRIPTOR_NONE;
	put_sum(block, AT_SUM);
}

/* Values are one less than what they say. */
static void put_large(uint8_t *block, const struct timing *t)
{
	const uint32_t values[] = {t->width,  t->hblank, t->hfront, t->hsync,
				   t->height, t->vblank, t->vfront, t->vsync};
	const uint8_t head[] = {DISPLAYID_TAG,
				DISPLAYID_1_3,
				DISPLAYID_BYTES,
				DISPLAYID_ALONE,
				0,
				TIMING_TAG,
				0,
				TIMING_BYTES};
	uint32_t clock = (uint32_t)t->clock - 1;
	uint8_t *at = block + sizeof(head);
	size_t i;

	memcpy(block, head, sizeof(head));
	store_le16(at, (uint16_t)clock);
	at[2] = (uint8_t)(clock >> 16);
	at[3] = TIMING_BEST;
	at += 4;
	for (i = 0; i < sizeof(values) / sizeof(*values); i++, at += 2)
		store_le16(at, (uint16_t)(values[i] ? values[i] - 1 : 0));
	/* Its own sum leaves the tag of the block out. */
	put_sum(block + 1, (size_t)(at - block) - 1);
	put_sum(block, AT_SUM);
}

void edid_make(uint8_t edid[EDID_SIZE], const struct edid_monitor *monitor)
{
	struct writer w = {
		.edid = edid,
		.descriptor = edid + AT_DESCRIPTORS,
		.standard = edid + AT_STANDARD,
	};
	struct timing t;
	bool large;

	memset(edid, 0, EDID_SIZE);
	read_timing(monitor, &t);
	large = too_large(&t);
	put_identity(edid, &t);
	if (!large)
		put_detailed(&w, &t);
	w.timings = put_descriptor(&w, DESCRIPTOR_TIMINGS);
	*w.timings = TIMINGS_VERSION;
	memcpy(put_descriptor(&w, DESCRIPTOR_RANGE), range, NAME);
	memcpy(put_descriptor(&w, DESCRIPTOR_NAME), name, NAME);
	if (large)
		put_descriptor(&w, DESCRIPTOR_NONE);
	put_modes(&w, monitor);
	edid[AT_EXTENSIONS] = large ? 2 : 1;
	put_sum(edid, AT_SUM);
	put_television(edid + EDID_BLOCK, &w);
	if (large)
		put_large(edid + 2 * (size_t)EDID_BLOCK, &t);
}
