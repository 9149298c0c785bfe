/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text, in AT&T form. */
#ifndef VMM_DISASM_H
#define VMM_DISASM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the instruction at code (len bytes of it are there) for a code
 * segment of bits 16, 32 or 64, and returns its length; 0 when it is none or
 * does not end within len.
 */
size_t disasm(const uint8_t *code, size_t len, unsigned bits, uint64_t addr,
	      char *text, size_t size);

#endif
