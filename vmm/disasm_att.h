/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What AT&T syntax calls an instruction; for vmm/disasm*.c. */
#ifndef VMM_DISASM_ATT_H
#define VMM_DISASM_ATT_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>

struct insn {
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	unsigned bits; /* of the code segment: 16, 32 or 64 */
};

/*
 * The mnemonic with its prefixes and suffix ("lock addl").  Sets *noperands
 * to how many of the operands it leaves to be written.
 */
void disasm_att_name(const struct insn *insn, char *name, size_t size,
		     unsigned *noperands);

/* Is it a move from a register to a segment register, named in full width? */
bool disasm_att_loads_segment(const struct insn *insn);

#endif
