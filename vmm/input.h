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

struct input_ops {
	void (*key)(void *dev, unsigned code, bool down);
	/* Relative motion, wheel steps, buttons: bit 0 left, 1 right, 2 mid. */
	void (*mouse)(void *dev, int dx, int dy, int dz, unsigned buttons);
};

struct input {
	const struct input_ops *keyboard;
	void *keyboard_dev;
	const struct input_ops *pointer;
	void *pointer_dev;
};

void input_key(struct input *input, unsigned code, bool down);
void input_mouse(struct input *input, int dx, int dy, int dz, unsigned buttons);

/* The code of a key as the monitor names it ("ret", "ctrl", "a"), or -1. */
int input_key_code(const char *name);
/* The name of entry i of that table, NULL past its end (for completion). */
const char *input_key_name(unsigned i);

#endif
