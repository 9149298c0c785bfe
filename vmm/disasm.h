/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text, in AT&T form. */
#ifndef VMM_DISASM_H
#define VMM_DISASM_H

#include <stddef.h>
#include <stdint.h>

/* Room enough for any instruction. */
#define DISASM_TEXT 128

/*
 * Writes the instruction at code (len bytes of it are there) for a code
 * segment of bits 16, 32 or 64, and returns its length; 0 when it does not end
 * within len.  What is no instruction is shown as ".byte", with length 1.
 * addr is where it lies as far as its jumps are concerned.
 */
size_t disasm(const uint8_t *code, size_t len, unsigned bits, uint64_t addr,
	      char *text, size_t size);

#endif
