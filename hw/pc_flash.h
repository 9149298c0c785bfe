/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flash of a PC, in place of firmware from a file. */
#ifndef HW_PC_FLASH_H
#define HW_PC_FLASH_H

#include "hw/pc_board.h"

/*
 * Makes what -drive if=pflash and -machine pflash0=, pflash1= name, from 4 GiB
 * downwards.  *firmware is what the first one has, or NULL without any.
 */
int pc_flash_build(struct pc *pc, struct ram_block **firmware,
		   struct error *err);

#endif
