/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where RAM and firmware are in a PC's address space. */
#ifndef HW_PC_MEMORY_H
#define HW_PC_MEMORY_H

#include "vmm/gmem.h"
#include "vmm/numa.h"

struct config;
struct machine;

struct pc_memory {
	struct ram_block *ram; /* that lies at 0; there may be more */
	struct ram_block *bios;
	/* Of RAM, in pieces: one per block, and one that 4 GiB divides. */
	struct gmem_map maps[NUMA_NODES_MAX + 1], top;
	unsigned nmaps;
	uint64_t below_4g, above_4g; /* bytes of RAM */
	bool zeroed; /* it was all zeros at the start */
};

/*
 * Allocates RAM and shows it to the guest, and loads the firmware; not if it
 * is in flash, which the guest sees already.
 */
int pc_memory_build(struct pc_memory *mem, struct machine *m,
		    struct ram_block *flash, struct error *err);

#endif
