/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions that must fail, and change nothing. */
#ifndef TESTS_UNIT_INSN_EXPECT_H
#define TESTS_UNIT_INSN_EXPECT_H

#include "tests/unit/insn_world.h"

#define EXC_UD 6
#define EXC_NM 7
#define EXC_SS 12
#define EXC_GP 13
#define EXC_PF 14
#define EXC_MF 16
#define EXC_AC 17

/*
 * Runs what must raise vector, with an error code unless error is negative:
 * registers, segments, extended state and memory (but accessed bits) stay.
 */
void insn_expect(struct world *w, const char *name, const uint8_t *code,
		 size_t len, unsigned vector, int error);
/* Likewise what is not known. */
void insn_expect_unknown(struct world *w, const char *name, const uint8_t *code,
			 size_t len);

#endif
