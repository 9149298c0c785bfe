/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where RAM and firmware are in a PC's address space. */
#ifndef HW_PC_MEMORY_H
#define HW_PC_MEMORY_H

#include "vmm/gmem.h"

struct config;
struct machine;

struct pc_memory {
	struct ram_block *ram, *bios;
	struct gmem_map low, high, top;
	uint64_t below_4g, above_4g; /* bytes of RAM */
};

/* Allocates RAM, loads the firmware and shows both to the guest. */
int pc_memory_build(struct pc_memory *mem, struct machine *m,
		    struct error *err);

#endif
