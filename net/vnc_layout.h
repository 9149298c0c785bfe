/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on the keys of other keyboards than those of the USA (-k). */
#ifndef NET_VNC_LAYOUT_H
#define NET_VNC_LAYOUT_H

#include <stdint.h>

struct vnc_layout;

struct vnc_symbol {
	uint32_t keysym;
	uint16_t code; /* of linux/input-event-codes.h */
};

/* 0: no key has it. */
unsigned vnc_layout_key(const struct vnc_layout *layout, uint32_t keysym);

#endif
