/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks: several words are checked first and then moved, so that a fault
 * changes nothing.  Intel SDM volume 1, 6.2; volume 3, 6.15 (#SS).
 */
#include "vmm/endian.h"
#include "vmm/insn_impl.h"

void stack_current(const struct insn_cpu *cpu, struct stack *s)
{
	*s = (struct stack){
		.ss = cpu->sregs.ss,
		.sp = cpu->regs.rsp,
		.wide = cpu_64bit(cpu),
		.cpl = cpu_cpl(cpu),
	};
}

static uint64_t wrap(const struct stack *s, uint64_t sp)
{
	if (s->wide)
		return sp;
	return s->ss.db ? (uint32_t)sp : (uint16_t)sp;
}

static enum insn_result place_word(struct insn_cpu *cpu, const struct stack *s,
				   uint64_t sp, unsigned size, unsigned flags,
				   struct mem_place *place)
{
	uint64_t linear = sp;
	bool good;

	if (s->wide) {
		good = mem_canonical(cpu, sp) &&
		       mem_canonical(cpu, sp + size - 1);
	} else {
		good = mem_within(&s->ss, sp, size);
		linear = (uint32_t)(s->ss.base + sp);
	}
	if (!good)
		return insn_raise_error(cpu, EXC_SS, s->error);
	return mem_translate(cpu, linear, size, s->cpl, flags, place);
}

enum insn_result stack_push(struct insn_cpu *cpu, struct stack *s,
			    const uint64_t *words, unsigned n, unsigned size)
{
	struct mem_place place[STACK_WORDS];
	uint64_t sp = s->sp;
	uint8_t raw[8];
	unsigned i;

	for (i = 0; i < n; i++) {
		sp = wrap(s, sp - size);
		TRY(place_word(cpu, s, sp, size, MEM_WRITE, &place[i]));
	}
	for (i = 0; i < n; i++) {
		store_le64(raw, words[i]);
		TRY(mem_move(cpu, &place[i], raw, true));
	}
	s->sp = sp;
	return INSN_DONE;
}

enum insn_result stack_pop(struct insn_cpu *cpu, struct stack *s,
			   uint64_t *words, unsigned n, unsigned size)
{
	struct mem_place place[STACK_WORDS];
	uint64_t sp = wrap(s, s->sp);
	unsigned i;

	for (i = 0; i < n; i++) {
		TRY(place_word(cpu, s, sp, size, MEM_READ, &place[i]));
		sp = wrap(s, sp + size);
	}
	for (i = 0; i < n; i++) {
		uint8_t raw[8] = {0};

		TRY(mem_move(cpu, &place[i], raw, false));
		words[i] = load_le64(raw);
	}
	s->sp = sp;
	return INSN_DONE;
}

/* A 16-bit stack has the lower half of the register only. */
void stack_load(struct insn_cpu *cpu, const struct stack *s)
{
	cpu->sregs.ss = s->ss;
	if (s->wide)
		cpu->regs.rsp = s->sp;
	else if (s->ss.db)
		cpu->regs.rsp = (uint32_t)s->sp;
	else
		cpu->regs.rsp =
			(cpu->regs.rsp & ~UINT64_C(0xffff)) | (uint16_t)s->sp;
}
