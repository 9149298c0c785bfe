/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests against TCG share: random choices, and comparing. */
#ifndef TESTS_UNIT_INSN_TCG_CASE_H
#define TESTS_UNIT_INSN_TCG_CASE_H

#include "tests/unit/insn_tcg.h"
#include "tests/unit/insn_world.h"

uint64_t tcg_pick(struct world *w, const uint64_t *from, size_t n);
bool tcg_chance(struct world *w, unsigned percent);

#define PICK(w, ...) \
	tcg_pick(w, (const uint64_t[]){__VA_ARGS__}, \
		 sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* The instruction, and UD2 after it. */
void tcg_put_code(struct tcg_case *c, const void *code, size_t len);

#define CODE(c, ...) \
	tcg_put_code(c, (const uint8_t[]){__VA_ARGS__}, \
		     sizeof((const uint8_t[]){__VA_ARGS__}))

/* As the guest would have captured what the finisher left. */
void tcg_capture(struct world *w, enum insn_result rc, struct tcg_result *r);
bool tcg_same(struct tcg_result *ours, struct tcg_result *theirs,
	      size_t *field);
/* Fails with the field that differs. */
void tcg_differ(const struct tcg_case *c, size_t n,
		const struct tcg_result *ours, const struct tcg_result *theirs,
		size_t field) __attribute__((noreturn));

#endif
