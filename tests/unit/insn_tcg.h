/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs cases of one instruction each under qemu's TCG.
 *
 * A small guest puts each case in place, enters it by IRET, and writes to the
 * debug console what the processor was like when the next exception came.
 * What goes right ends at a UD2: so the exception is #UD there, or what the
 * instruction raised.
 */
#ifndef TESTS_UNIT_INSN_TCG_H
#define TESTS_UNIT_INSN_TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the guest has things; linear is physical. */
#define TCG_DRIVER	 0x8000u
#define TCG_LANDING	 0x9f00u /* the UD2 */
#define TCG_LANDING_HIGH 0x19f00u /* beyond what 16 bits reach */
#define TCG_CODE	 0xa000u
#define TCG_GDT		 0x20000u
#define TCG_IDT		 0x21000u
#define TCG_TSS		 0x22000u
#define TCG_STACK	 0x25f00u /* TCG_WINDOW bytes of it are compared */
#define TCG_INNER	 0x28f00u /* likewise, where inner stacks are */
#define TCG_CAPTURE	 0x1e000u /* the stack of the handlers that capture */
#define TCG_WINDOW	 256u
#define TCG_GDT_SIZE	 128u
#define TCG_TSS_SIZE	 112u
#define TCG_TSS_SEL	 0x70u
#define TCG_MEMORY	 0x100000u /* cases lie above */
/* Pages that are absent, or that may not be written. */
#define TCG_ABSENT1   0x23000u
#define TCG_ABSENT2   0x26000u
#define TCG_ABSENT3   0x29000u
#define TCG_READ_ONLY 0x1a000u

struct tcg_case {
	uint64_t gpr[16];
	uint64_t rip, cs, rflags, ss, ds, es, fs, gs;
	uint64_t idt_limit, vector, frame_at, unused[5];
	uint8_t gdt[TCG_GDT_SIZE];
	uint8_t tss[TCG_TSS_SIZE];
	uint8_t gate[16]; /* of vector */
	uint8_t code[16];
	uint8_t frame[64]; /* put at frame_at */
	uint8_t pad[432];
};

struct tcg_result {
	uint64_t vector, error, rip, cs, rflags, rsp, ss, cr2;
	uint64_t gpr[16];
	uint64_t ds, es, fs, gs, unused[4];
	uint8_t gdt[TCG_GDT_SIZE];
	uint8_t stack[TCG_WINDOW], inner[TCG_WINDOW];
	uint8_t pad[128];
};

/* The guest's memory up to TCG_MEMORY. */
void tcg_long_memory(uint8_t *ram);
bool tcg_available(void);
/* Returns how many it ran. */
size_t tcg_run(const uint8_t *ram, const struct tcg_case *cases, size_t n,
	       struct tcg_result *results);
/* Likewise for 32-bit mode; unpack makes a result of its raw form. */
void tcg32_memory(uint8_t *ram);
void tcg32_place(uint8_t *ram, const struct tcg_case *c);
void tcg32_unpack(struct tcg_result *r);
/* What the guest does with a case before it enters it. */
void tcg_place(uint8_t *ram, const struct tcg_case *c);

#endif
