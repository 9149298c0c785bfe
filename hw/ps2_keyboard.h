/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PS/2 keyboard: the device at the other end of the i8042's cable. */
#ifndef HW_PS2_KEYBOARD_H
#define HW_PS2_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/state.h"

#define PS2_QUEUE 32
#define PS2_KEYS  144 /* codes of set 3 there may be */

struct ps2_keyboard {
	uint8_t queue[PS2_QUEUE]; /* bytes on their way to the host */
	uint8_t head, count;
	uint8_t command; /* that waits for its argument, or 0 */
	uint8_t set; /* scan code set, 1 to 3 */
	uint8_t leds, typematic, last;
	bool scanning;
	bool ctrl, alt; /* held: some keys send other codes then */
	uint8_t breaks[PS2_KEYS / 8]; /* set 3: which keys tell their release */
	/* Told when the queue gets its first byte. */
	void (*ready)(void *ctx);
	void *ctx;
};

void ps2_keyboard_reset(struct ps2_keyboard *kbd);
/* The host sends a byte. */
void ps2_keyboard_write(struct ps2_keyboard *kbd, uint8_t val);
bool ps2_keyboard_pending(const struct ps2_keyboard *kbd);
/* Takes the next byte; repeats the last one when there is none. */
uint8_t ps2_keyboard_read(struct ps2_keyboard *kbd);
/* A key by its Linux input event code. */
void ps2_keyboard_key(struct ps2_keyboard *kbd, unsigned code, bool down);
/* What the controller makes of a set 2 code when it translates. */
uint8_t ps2_translate(uint8_t set2);

extern const struct state_field ps2_keyboard_fields[];

#endif
