/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IRET.  Intel SDM volume 2, IRET; volume 3, 6.12, 6.14, 20.2.
 *
 * Not modelled: return to another task (NT).
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define FRAME_WORDS 5 /* IP, CS, flags, SP, SS */
#define V86_WORDS   9 /* and ES, DS, FS, GS */
#define FLAG_FIXED  UINT64_C(2) /* always set */
#define FLAGS_WIDTH 22 /* bits above are 0 */

enum { AT_IP, AT_CS, AT_FLAGS, AT_SP, AT_SS, AT_ES, AT_DS, AT_FS, AT_GS };

/* What is being returned to. */
struct target {
	uint64_t words[V86_WORDS];
	unsigned size, cpl; /* bytes of a word; the new privilege level */
	bool outer, loads_ss;
	struct stack stack; /* what it was read from */
	struct descriptor cs, ss;
};

static unsigned word_size(const struct insn *in)
{
	return in->i.operand_width / 8u;
}

/* Which flags a return at privilege cpl may change. */
static uint64_t writable_flags(const struct insn *in, unsigned cpl)
{
	uint64_t iopl = in->cpu->regs.rflags >> 12 & 3;
	uint64_t mask = FLAGS_STATUS | FLAG_TF | FLAG_DF | FLAG_NT;

	if (word_size(in) > 2)
		mask |= FLAG_RF | FLAG_AC | FLAG_ID;
	if (cpl <= iopl)
		mask |= FLAG_IF;
	if (cpl == 0) {
		mask |= FLAG_IOPL;
		if (word_size(in) > 2)
			mask |= FLAG_VIF | FLAG_VIP;
	}
	return mask;
}

static void set_flags(struct insn *in, uint64_t mask, uint64_t val)
{
	struct kvm_regs *r = &in->cpu->regs;

	r->rflags = (r->rflags & ~mask) | (val & mask) | FLAG_ONE;
}

/* Real mode, and virtual-8086 mode with IOPL 3. */
static enum insn_result return_real(struct insn *in, uint64_t mask)
{
	struct insn_cpu *cpu = in->cpu;
	struct stack stack;
	uint64_t words[3];

	stack_current(cpu, &stack);
	TRY(stack_pop(cpu, &stack, words, 3, word_size(in)));
	if (!desc_rip_good(cpu, &cpu->sregs.cs, words[AT_IP]))
		return insn_raise_error(cpu, EXC_GP, 0);
	stack_load(cpu, &stack);
	desc_real(&cpu->sregs.cs, (uint16_t)words[AT_CS]);
	cpu->regs.rip = words[AT_IP];
	set_flags(in, mask, words[AT_FLAGS]);
	return INSN_DONE;
}

/* IOPL below 3 with VME: the interrupt flag is the virtual one. */
static enum insn_result return_v86_virtual(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t old = cpu->regs.rflags, flags, mask;
	struct stack stack;
	uint64_t words[3];

	if (!(cpu->sregs.cr4 & CR4_VME) || word_size(in) != 2)
		return insn_raise_error(cpu, EXC_GP, 0);
	stack_current(cpu, &stack);
	TRY(stack_pop(cpu, &stack, words, 3, 2));
	flags = words[AT_FLAGS];
	if (((old & FLAG_VIP) && (flags & FLAG_IF)) || (flags & FLAG_TF))
		return insn_raise_error(cpu, EXC_GP, 0);
	mask = FLAGS_STATUS | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_VIF;
	if (flags & FLAG_IF)
		flags |= FLAG_VIF;
	TRY(return_real(in, 0));
	set_flags(in, mask, flags);
	return INSN_DONE;
}

static enum insn_result return_v86(struct insn *in)
{
	uint64_t mask = writable_flags(in, 3);

	if ((in->cpu->regs.rflags & FLAG_IOPL) != FLAG_IOPL)
		return return_v86_virtual(in);
	return return_real(in, mask);
}

/* From the highest privilege level to virtual-8086 mode. */
static enum insn_result enter_v86(struct insn *in, struct target *t)
{
	struct insn_cpu *cpu = in->cpu;
	struct kvm_sregs *s = &cpu->sregs;
	uint64_t mask = writable_flags(in, 0) | FLAG_VM;

	stack_current(cpu, &t->stack);
	TRY(stack_pop(cpu, &t->stack, t->words, V86_WORDS, 4));
	if (t->words[AT_IP] > UINT16_MAX)
		return insn_raise_error(cpu, EXC_GP, 0);
	s->cs = desc_v86((uint16_t)t->words[AT_CS]);
	s->ss = desc_v86((uint16_t)t->words[AT_SS]);
	s->es = desc_v86((uint16_t)t->words[AT_ES]);
	s->ds = desc_v86((uint16_t)t->words[AT_DS]);
	s->fs = desc_v86((uint16_t)t->words[AT_FS]);
	s->gs = desc_v86((uint16_t)t->words[AT_GS]);
	cpu->regs.rip = (uint16_t)t->words[AT_IP];
	cpu->regs.rsp = (uint32_t)t->words[AT_SP];
	set_flags(in, mask, t->words[AT_FLAGS]);
	return INSN_DONE;
}

static enum insn_result check_cs(struct insn_cpu *cpu, struct target *t)
{
	uint16_t selector = (uint16_t)t->words[AT_CS];
	uint32_t error = selector & SELECTOR_INDEX;
	unsigned rpl = selector & SELECTOR_RPL;
	const struct kvm_segment *seg = &t->cs.seg;
	bool good;

	if (!error)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(desc_read(cpu, selector, EXC_GP, &t->cs));
	good = desc_is_code(&t->cs) && rpl >= cpu_cpl(cpu);
	good &= desc_conforming(&t->cs) ? seg->dpl <= rpl : seg->dpl == rpl;
	if (cpu_long_mode(cpu) && seg->l && seg->db)
		good = false;
	if (!good)
		return insn_raise_error(cpu, EXC_GP, error);
	if (!seg->present)
		return insn_raise_error(cpu, EXC_NP, error);
	t->cpl = rpl;
	t->outer = rpl > cpu_cpl(cpu);
	return INSN_DONE;
}

/* 64-bit code below privilege level 3 may do without a stack segment. */
static bool may_be_null(const struct insn_cpu *cpu, const struct target *t,
			uint16_t selector)
{
	return cpu_64bit(cpu) && t->cs.seg.l && t->cpl != 3 &&
	       (selector & SELECTOR_RPL) == t->cpl;
}

static enum insn_result check_ss(struct insn_cpu *cpu, struct target *t)
{
	uint16_t selector = (uint16_t)t->words[AT_SS];
	uint32_t error = selector & SELECTOR_INDEX;

	if (!error) {
		if (!may_be_null(cpu, t, selector))
			return insn_raise_error(cpu, EXC_GP, 0);
		t->ss = (struct descriptor){.seg = desc_null(selector, t->cpl)};
		return INSN_DONE;
	}
	TRY(desc_read(cpu, selector, EXC_GP, &t->ss));
	if ((selector & SELECTOR_RPL) != t->cpl || !desc_writable(&t->ss) ||
	    t->ss.seg.dpl != t->cpl)
		return insn_raise_error(cpu, EXC_GP, error);
	if (!t->ss.seg.present)
		return insn_raise_error(cpu, EXC_SS, error);
	return INSN_DONE;
}

/* Data segments that the outer level may not have. */
static void drop_data(struct insn_cpu *cpu, unsigned cpl)
{
	static const unsigned numbers[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	struct kvm_segment *seg;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		seg = cpu_segment(cpu, numbers[i]);
		if (seg->unusable || seg->dpl >= cpl)
			continue;
		if ((seg->type & 8) && (seg->type & 4))
			continue;
		*seg = desc_null(0, 0);
	}
}

static void load_stack(struct insn_cpu *cpu, struct target *t)
{
	struct stack *s = &t->stack;

	if (t->loads_ss) {
		s->ss = t->ss.seg;
		s->sp = t->words[AT_SP];
		s->wide = cpu_long_mode(cpu) && t->cs.seg.l;
	}
	stack_load(cpu, s);
}

/* Could an interrupt have pushed this, that came in code of this segment? */
static bool is_frame(const struct insn_cpu *cpu, const uint64_t *words)
{
	const uint64_t flags = words[AT_FLAGS];

	return (uint16_t)words[AT_CS] == cpu->sregs.cs.selector &&
	       (flags & FLAG_IF) && (flags & FLAG_FIXED) &&
	       !(flags >> FLAGS_WIDTH) &&
	       desc_rip_good(cpu, &cpu->sregs.cs, words[AT_IP]);
}

/* See flat_frames.  A frame that was found is not there for another IRET. */
static void find_flat_frame(struct insn_cpu *cpu, struct target *t)
{
	static const uint64_t zeros[3];
	uint64_t words[3];
	struct stack s;

	stack_current(cpu, &s);
	s.ss.base = 0;
	if (stack_pop(cpu, &s, words, 3, t->size) == INSN_DONE &&
	    is_frame(cpu, words) &&
	    stack_push(cpu, &s, zeros, 3, t->size) == INSN_DONE)
		memcpy(t->words, words, sizeof(words));
	cpu->fault = (struct insn_fault){0};
}

/* Reads the frame: three words, and the stack's two when it changes. */
static enum insn_result read_frame(struct insn *in, struct target *t)
{
	struct insn_cpu *cpu = in->cpu;
	struct stack *s = &t->stack;

	t->size = word_size(in);
	t->loads_ss = cpu_64bit(cpu);
	stack_current(cpu, s);
	TRY(stack_pop(cpu, s, t->words, t->loads_ss ? FRAME_WORDS : 3,
		      t->size));
	if (cpu->flat_frames && !cpu_long_mode(cpu) && s->ss.base)
		find_flat_frame(cpu, t);
	return INSN_DONE;
}

static enum insn_result return_protected(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t mask = writable_flags(in, cpu_cpl(cpu));
	struct target t = {0};

	TRY(read_frame(in, &t));
	if (!cpu_long_mode(cpu) && t.size == 4 && cpu_cpl(cpu) == 0 &&
	    (t.words[AT_FLAGS] & FLAG_VM))
		return enter_v86(in, &t);
	TRY(check_cs(cpu, &t));
	if (t.outer && !t.loads_ss) {
		t.loads_ss = true;
		TRY(stack_pop(cpu, &t.stack, t.words + AT_SP, 2, t.size));
	}
	if (t.loads_ss)
		TRY(check_ss(cpu, &t));
	if (!desc_rip_good(cpu, &t.cs.seg, t.words[AT_IP]))
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(desc_mark(cpu, &t.cs));
	if (t.loads_ss)
		TRY(desc_mark(cpu, &t.ss));
	load_stack(cpu, &t);
	cpu->sregs.cs = t.cs.seg;
	cpu->regs.rip = t.words[AT_IP];
	set_flags(in, mask, t.words[AT_FLAGS]);
	if (t.outer)
		drop_data(cpu, t.cpl);
	return INSN_DONE;
}

enum insn_result insn_iret(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;

	cpu->nmi_masked = false;
	if (!cpu_protected(cpu))
		return return_real(in, writable_flags(in, 0));
	if (cpu_v86(cpu))
		return return_v86(in);
	if (cpu->sregs.cr4 & CR4_CET)
		return INSN_UNKNOWN;
	if (cpu->regs.rflags & FLAG_NT)
		return cpu_long_mode(cpu) ? insn_raise_error(cpu, EXC_GP, 0)
					  : INSN_UNKNOWN;
	return return_protected(in);
}
