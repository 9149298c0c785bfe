/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor and its memory for tests of the instruction finisher: 2 MiB of
 * RAM, page tables in it, no KVM.
 */
#ifndef TESTS_UNIT_INSN_WORLD_H
#define TESTS_UNIT_INSN_WORLD_H

#include "vmm/insn.h"

#define WORLD_RAM   (2u << 20)
#define WORLD_XSAVE 16384u
/* Where things are. */
#define WORLD_PML4     0x1000u
#define WORLD_PDPT     0x2000u
#define WORLD_PD       0x3000u
#define WORLD_PT       0x4000u /* maps the RAM page by page */
#define WORLD_GDT      0x5000u
#define WORLD_IDT      0x6000u
#define WORLD_TSS      0x7000u
#define WORLD_LDT      0x8000u
#define WORLD_CODE     0x10000u
#define WORLD_DATA     0x20000u
#define WORLD_STACK    0x40000u /* the top; 0x30000 and up are its pages */
#define WORLD_MMIO     UINT64_C(0x100000000) /* no memory; at WORLD_MMIO_GVA */
#define WORLD_MMIO_GVA 0x1ff000u

/* Selectors in the GDT. */
enum {
	SEL_CODE64 = 0x08,
	SEL_DATA0 = 0x10,
	SEL_CODE64_3 = 0x18 | 3,
	SEL_DATA3 = 0x20 | 3,
	SEL_CODE32 = 0x28,
	SEL_CODE32_3 = 0x30 | 3,
	SEL_ABSENT = 0x38,
	SEL_TSS = 0x40,
	SEL_CODE16 = 0x50,
	SEL_DATA16 = 0x58,
	SEL_CONFORMING = 0x60,
	SEL_CALL_GATE = 0x68,
	SEL_ABSENT_DATA = 0x70,
	SEL_LAST = 0x78,
};

enum world_mode { WORLD_REAL, WORLD_16, WORLD_32, WORLD_COMPAT, WORLD_64 };

struct world {
	struct gmem gmem;
	struct ram_block *ram;
	struct gmem_map map;
	struct xstate_layout layout;
	struct insn_cpu cpu;
	uint8_t *xsave; /* what load_xsave hands out */
	uint8_t *xsave_buf;
	uint64_t xcr0;
	uint8_t mmio[64];
	unsigned mmio_reads, mmio_writes, flushes;
	uint64_t tsc_aux, kernel_gs, xss, star, lstar, syscall_mask;
	uint64_t random;
};

void world_init(struct world *w, enum world_mode mode, unsigned cpl);
void world_fini(struct world *w);
/* Puts code where RIP is and finishes it. */
enum insn_result world_run(struct world *w, const void *code, size_t len);
uint64_t *world_pte(struct world *w, uint64_t gva);
uint64_t world_descriptor(uint32_t base, uint32_t limit, unsigned access,
			  unsigned flags);
void world_set_descriptor(struct world *w, unsigned selector, uint64_t raw);
uint64_t world_random(struct world *w);

#endif
