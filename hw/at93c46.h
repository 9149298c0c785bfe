/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AT93C46: a serial EEPROM of 64 words on three wires (Microwire), as network
 * cards keep their address in.  Machine lock.
 */
#ifndef HW_AT93C46_H
#define HW_AT93C46_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/state.h"

#define AT93C46_WORDS 64u

struct at93c46 {
	uint16_t word[AT93C46_WORDS];
	bool cs, sk; /* as the wires are */
	bool out; /* DO; high while nothing drives it */
	bool writable; /* after EWEN */
	uint8_t phase; /* of the instruction */
	uint8_t address;
	uint8_t bits; /* shifted in this phase */
	uint16_t shift;
};

extern const struct state_field at93c46_fields[];

/* Chip select, clock and data in, as the guest has them now. */
void at93c46_set(struct at93c46 *ee, bool cs, bool sk, bool di);
/* The wires at rest; words stay. */
void at93c46_reset(struct at93c46 *ee);

#endif
