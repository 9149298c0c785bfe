/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and pointers on their way from displays and the monitor to the
 * emulated keyboard and mouse.  Machine lock.
 *
 * A key is named by its number in linux/input-event-codes.h (KEY_A, ...).
 */
#ifndef VMM_INPUT_H
#define VMM_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum input_button {
	INPUT_LEFT,
	INPUT_RIGHT,
	INPUT_MIDDLE,
	INPUT_BACK,
	INPUT_FORWARD
};

struct input_ops {
	void (*key)(void *dev, unsigned code, bool down);
	/* What shines: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.  Or NULL. */
	unsigned (*leds)(void *dev);
	/*
	 * Relative motion (y down, dz: steps of the wheel towards the user),
	 * a bit for each button that is pressed.
	 */
	void (*mouse)(void *dev, int dx, int dy, int dz, unsigned buttons);
};

struct input {
	const struct input_ops *keyboard;
	void *keyboard_dev;
	const struct input_ops *pointer;
	void *pointer_dev;
	unsigned buttons; /* as they were last */
};

void input_key(struct input *input, unsigned code, bool down);
unsigned input_leds(const struct input *input);
void input_mouse(struct input *input, int dx, int dy, int dz, unsigned buttons);

/* The code of a key as the monitor names it ("ret", "ctrl", "a"), or -1. */
int input_key_code(const char *name);
/* The same by the number that monitors take for a key, or -1. */
int input_key_number(long long number);
/* The name of entry i of that table, NULL past its end (for completion). */
const char *input_key_name(unsigned i);

#endif
