/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VNC server for tests: a screen that they draw on, keys and pointers that
 * are noted, and a main loop which runs while a viewer waits.
 */
#ifndef TESTS_UNIT_VNC_BED_H
#define TESTS_UNIT_VNC_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/display.h"
#include "vmm/input.h"
#include "vmm/loop.h"

struct vnc_bed {
	struct loop *loop;
	struct clock clock; /* by hand */
	struct display display;
	struct input input;
	struct vnc *vnc;
	char dir[64], path[100];
	/* The screen. */
	uint32_t *rgb;
	unsigned width, height;
	bool resized;
	unsigned left, top, right, bottom; /* drawn since the last refresh */
	unsigned refreshes;
	unsigned leds;
	/* What came in. */
	char keys[2048]; /* "+30 -30 " */
	size_t nkeys;
	int x, y, z;
	unsigned buttons;
};

/* options are added to "unix:PATH"; "" for none. */
void vnc_bed_start(struct vnc_bed *bed, const char *options);
void vnc_bed_stop(struct vnc_bed *bed);
/* Runs the main loop once, and lets time pass. */
void vnc_bed_turn(struct vnc_bed *bed);
void vnc_bed_resize(struct vnc_bed *bed, unsigned width, unsigned height);
/* Tells that this part was drawn. */
void vnc_bed_drew(struct vnc_bed *bed, unsigned x, unsigned y, unsigned w,
		  unsigned h);
void vnc_bed_fill(struct vnc_bed *bed, unsigned x, unsigned y, unsigned w,
		  unsigned h, uint32_t rgb);
/* Connects; the socket does not block. */
int vnc_bed_call(struct vnc_bed *bed);

#endif
