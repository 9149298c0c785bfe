/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PS/2 mouse with a wheel: the device at the i8042's second port. */
#ifndef HW_PS2_MOUSE_H
#define HW_PS2_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/state.h"

#define PS2_MOUSE_QUEUE 16

struct ps2_mouse {
	uint8_t queue[PS2_MOUSE_QUEUE]; /* bytes on their way to the host */
	uint8_t head, count, last;
	uint8_t command; /* that waits for its argument, or 0 */
	uint8_t id; /* 0: two axes, 3: a wheel, 4: five buttons too */
	uint8_t rates[2]; /* the last ones set but one, and before */
	uint8_t rate, resolution;
	bool reporting, remote, wrap, doubled;
	/* Not told yet. */
	int32_t dx, dy, dz;
	uint8_t buttons, told_buttons;
	/* Told when motion gave something to read. */
	void (*ready)(void *ctx);
	void *ctx;
};

void ps2_mouse_reset(struct ps2_mouse *mouse);
/* The host sends a byte. */
void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t val);
bool ps2_mouse_pending(const struct ps2_mouse *mouse);
/* Takes the next byte; repeats the last one when there is none. */
uint8_t ps2_mouse_read(struct ps2_mouse *mouse);
/* Motion and buttons as struct input_ops has them. */
void ps2_mouse_move(struct ps2_mouse *mouse, int dx, int dy, int dz,
		    unsigned buttons);

extern const struct state_field ps2_mouse_fields[];

#endif
