/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INT n, INT3, INTO and INT1: software interrupts through the IVT or the IDT,
 * with their privilege and stack rules.  Intel SDM volume 2, INT n; volume 3,
 * 6.12 and 6.14; 20.1.4 (real mode), 20.3 (virtual-8086 mode).  And those of
 * the hardware, as far as the finisher delivers any.
 *
 * Not modelled: task gates.
 */
#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define IVT_ENTRY 4u
#define GATE_IDT  2u /* in an error code: the IDT is meant */

enum gate_type {
	GATE_TASK = 5,
	GATE_INT16 = 6,
	GATE_TRAP16 = 7,
	GATE_INT32 = 14,
	GATE_TRAP32 = 15,
};

#define TSS_IS_32BIT	  8u /* of the type */
#define TSS32_ESP0	  4u
#define TSS16_SP0	  2u
#define TSS64_IST1	  36u
#define TSS_IOMAP	  102u
#define REDIRECTION_BYTES 32u
#define STACK_ALIGN	  16u

struct gate {
	uint64_t offset;
	uint16_t selector;
	unsigned type, dpl, ist;
	bool present, system;
	uint32_t error; /* code of what is wrong with the gate */
};

static uint64_t pushed_flags(const struct insn *in)
{
	return in->cpu->regs.rflags;
}

/* The handler of real mode's table at base. */
static enum insn_result enter_real(struct insn *in, uint64_t base,
				   uint8_t vector, uint64_t flags)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t words[3] = {flags, cpu->sregs.cs.selector, in->next};
	struct stack stack;
	uint8_t raw[IVT_ENTRY];

	TRY(mem_access(cpu, (uint32_t)(base + vector * IVT_ENTRY), raw,
		       sizeof(raw), MEM_READ));
	if (!desc_rip_good(cpu, &cpu->sregs.cs, load_le16(raw)))
		return insn_raise_error(cpu, EXC_GP, 0);
	stack_current(cpu, &stack);
	TRY(stack_push(cpu, &stack, words, 3, 2));
	stack_load(cpu, &stack);
	desc_real(&cpu->sregs.cs, load_le16(raw + 2));
	cpu->regs.rip = load_le16(raw);
	return INSN_DONE;
}

static enum insn_result real_interrupt(struct insn *in, uint8_t vector)
{
	struct insn_cpu *cpu = in->cpu;
	uint32_t last = vector * IVT_ENTRY + IVT_ENTRY - 1;

	if (last > cpu->sregs.idt.limit)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(enter_real(in, cpu->sregs.idt.base, vector, pushed_flags(in)));
	cpu->regs.rflags &= ~(FLAG_IF | FLAG_TF | FLAG_AC);
	return INSN_DONE;
}

/* Does the task's bitmap send the vector to virtual-8086 mode's own table? */
static enum insn_result redirected(struct insn_cpu *cpu, uint8_t vector,
				   bool *yes)
{
	const struct kvm_segment *tr = &cpu->sregs.tr;
	uint8_t raw[2], byte;
	uint32_t at;

	*yes = false;
	if (!(cpu->sregs.cr4 & CR4_VME))
		return INSN_DONE;
	if (tr->limit < TSS_IOMAP + 1)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(mem_table(cpu, tr->base + TSS_IOMAP, raw, sizeof(raw), false));
	at = load_le16(raw) - REDIRECTION_BYTES + vector / 8u;
	if (load_le16(raw) < REDIRECTION_BYTES || at > tr->limit)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(mem_table(cpu, tr->base + at, &byte, 1, false));
	*yes = !(byte >> vector % 8 & 1);
	return INSN_DONE;
}

/* Virtual-8086 mode's own handler; IF is virtual when IOPL is less than 3. */
static enum insn_result v86_interrupt(struct insn *in, uint8_t vector)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t flags = pushed_flags(in), gone = FLAG_TF | FLAG_IF;

	if ((flags & FLAG_IOPL) != FLAG_IOPL) {
		flags &= ~FLAG_IF;
		if (flags & FLAG_VIF)
			flags |= FLAG_IF;
		flags |= FLAG_IOPL;
		gone = FLAG_TF | FLAG_VIF;
	}
	TRY(enter_real(in, 0, vector, flags));
	cpu->regs.rflags &= ~gone;
	return INSN_DONE;
}

static void unpack_gate(struct gate *gate, const uint8_t raw[16], bool wide)
{
	gate->offset = load_le16(raw) | (uint32_t)load_le16(raw + 6) << 16;
	gate->selector = load_le16(raw + 2);
	gate->type = raw[5] & 15;
	gate->system = !(raw[5] >> 4 & 1);
	gate->dpl = raw[5] >> 5 & 3;
	gate->present = raw[5] >> 7;
	if (wide) {
		gate->offset |= (uint64_t)load_le32(raw + 8) << 32;
		gate->ist = raw[4] & 7;
	} else if (gate->type == GATE_INT16 || gate->type == GATE_TRAP16) {
		gate->offset = (uint16_t)gate->offset;
	}
}

static bool type_good(const struct gate *gate, bool wide)
{
	if (!gate->system)
		return false;
	switch (gate->type) {
	case GATE_INT32:
	case GATE_TRAP32:
		return true;
	case GATE_TASK:
	case GATE_INT16:
	case GATE_TRAP16:
		return !wide;
	default:
		return false;
	}
}

static enum insn_result read_gate(struct insn_cpu *cpu, uint8_t vector,
				  struct gate *gate)
{
	bool wide = cpu_long_mode(cpu);
	uint32_t size = wide ? 16 : 8;
	uint8_t raw[16] = {0};

	*gate = (struct gate){.error = vector * 8u + GATE_IDT};
	if (vector * size + size - 1 > cpu->sregs.idt.limit)
		return insn_raise_error(cpu, EXC_GP, gate->error);
	TRY(mem_table(cpu, cpu->sregs.idt.base + vector * size, raw, size,
		      false));
	unpack_gate(gate, raw, wide);
	if (!type_good(gate, wide) || gate->dpl < cpu_cpl(cpu))
		return insn_raise_error(cpu, EXC_GP, gate->error);
	if (!gate->present)
		return insn_raise_error(cpu, EXC_NP, gate->error);
	return INSN_DONE;
}

static enum insn_result read_code(struct insn_cpu *cpu, uint16_t selector,
				  struct descriptor *cs)
{
	uint32_t error = selector & SELECTOR_INDEX;

	if (!error)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(desc_read(cpu, selector, EXC_GP, cs));
	if (!desc_is_code(cs) || cs->seg.dpl > cpu_cpl(cpu))
		return insn_raise_error(cpu, EXC_GP, error);
	if (!cs->seg.present)
		return insn_raise_error(cpu, EXC_NP, error);
	if (cpu_long_mode(cpu) && (!cs->seg.l || cs->seg.db))
		return insn_raise_error(cpu, EXC_GP, error);
	return INSN_DONE;
}

static enum insn_result tss_read(struct insn_cpu *cpu, uint32_t off, void *buf,
				 uint32_t len)
{
	const struct kvm_segment *tr = &cpu->sregs.tr;

	if (off + len - 1 > tr->limit)
		return insn_raise_error(cpu, EXC_TS,
					tr->selector & SELECTOR_INDEX);
	return mem_table(cpu, tr->base + off, buf, len, false);
}

/* The stack of privilege level cpl, as the TSS has it. */
static enum insn_result tss_stack(struct insn_cpu *cpu, unsigned cpl,
				  uint16_t *ss, uint64_t *sp)
{
	uint8_t raw[8];

	if (cpu->sregs.tr.type & TSS_IS_32BIT) {
		TRY(tss_read(cpu, TSS32_ESP0 + 8 * cpl, raw, 6));
		*sp = load_le32(raw);
		*ss = load_le16(raw + 4);
	} else {
		TRY(tss_read(cpu, TSS16_SP0 + 4 * cpl, raw, 4));
		*sp = load_le16(raw);
		*ss = load_le16(raw + 2);
	}
	return INSN_DONE;
}

static enum insn_result inner_stack(struct insn_cpu *cpu, unsigned cpl,
				    struct stack *stack, struct descriptor *ss)
{
	uint16_t selector;
	uint32_t error;
	uint64_t sp;

	TRY(tss_stack(cpu, cpl, &selector, &sp));
	error = selector & SELECTOR_INDEX;
	if (!error)
		return insn_raise_error(cpu, EXC_TS, 0);
	TRY(desc_read(cpu, selector, EXC_TS, ss));
	if ((selector & SELECTOR_RPL) != cpl || ss->seg.dpl != cpl ||
	    !desc_writable(ss))
		return insn_raise_error(cpu, EXC_TS, error);
	if (!ss->seg.present)
		return insn_raise_error(cpu, EXC_SS, error);
	*stack = (struct stack){.ss = ss->seg,
				.sp = sp,
				.cpl = cpl,
				.error = error};
	return INSN_DONE;
}

static enum insn_result wide_stack(struct insn_cpu *cpu,
				   const struct gate *gate, unsigned cpl,
				   struct stack *stack)
{
	bool inner = cpl < cpu_cpl(cpu);
	uint8_t raw[8];

	stack_current(cpu, stack);
	stack->wide = true;
	stack->cpl = cpl;
	if (gate->ist)
		TRY(tss_read(cpu, TSS64_IST1 + 8 * (gate->ist - 1), raw, 8));
	else if (inner)
		TRY(tss_read(cpu, TSS32_ESP0 + 8 * cpl, raw, 8));
	if (gate->ist || inner)
		stack->sp = load_le64(raw);
	if (!mem_canonical(cpu, stack->sp))
		return insn_raise_error(cpu, EXC_SS, 0);
	stack->sp &= ~(uint64_t)(STACK_ALIGN - 1);
	if (inner)
		stack->ss = desc_null((uint16_t)cpl, cpl);
	return INSN_DONE;
}

static void finish_entry(struct insn_cpu *cpu, const struct gate *gate,
			 struct descriptor *cs, unsigned cpl)
{
	uint64_t gone = FLAG_TF | FLAG_NT | FLAG_VM | FLAG_RF;

	if (gate->type == GATE_INT16 || gate->type == GATE_INT32)
		gone |= FLAG_IF;
	cs->seg.selector = (uint16_t)((cs->selector & ~SELECTOR_RPL) | cpl);
	cpu->sregs.cs = cs->seg;
	cpu->regs.rflags &= ~gone;
	cpu->regs.rip = gate->offset;
}

static enum insn_result enter_wide(struct insn *in, const struct gate *gate,
				   struct descriptor *cs, unsigned cpl)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t words[5] = {cpu->sregs.ss.selector, cpu->regs.rsp,
			     pushed_flags(in), cpu->sregs.cs.selector,
			     in->next};
	struct stack stack;

	TRY(wide_stack(cpu, gate, cpl, &stack));
	if (!mem_canonical(cpu, gate->offset))
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(stack_push(cpu, &stack, words, 5, 8));
	TRY(desc_mark(cpu, cs));
	stack_load(cpu, &stack);
	finish_entry(cpu, gate, cs, cpl);
	return INSN_DONE;
}

static unsigned v86_words(const struct insn_cpu *cpu, uint64_t *words)
{
	const struct kvm_sregs *s = &cpu->sregs;

	words[0] = s->gs.selector;
	words[1] = s->fs.selector;
	words[2] = s->ds.selector;
	words[3] = s->es.selector;
	return 4;
}

static void clear_data(struct insn_cpu *cpu)
{
	struct kvm_sregs *s = &cpu->sregs;

	s->ds = s->es = s->fs = s->gs = desc_null(0, 0);
}

static enum insn_result enter_legacy(struct insn *in, const struct gate *gate,
				     struct descriptor *cs, unsigned cpl)
{
	struct insn_cpu *cpu = in->cpu;
	bool v86 = cpu_v86(cpu), inner = cpl < cpu_cpl(cpu);
	unsigned size = gate->type & TSS_IS_32BIT ? 4 : 2, n = 0;
	struct descriptor ss;
	struct stack stack;
	uint64_t words[9];

	stack_current(cpu, &stack);
	if (inner)
		TRY(inner_stack(cpu, cpl, &stack, &ss));
	if (v86)
		n = v86_words(cpu, words);
	if (inner) {
		words[n++] = cpu->sregs.ss.selector;
		words[n++] = cpu->regs.rsp;
	}
	words[n++] = pushed_flags(in);
	words[n++] = cpu->sregs.cs.selector;
	words[n++] = in->next;
	if (!desc_rip_good(cpu, &cs->seg, gate->offset))
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(stack_push(cpu, &stack, words, n, size));
	TRY(desc_mark(cpu, cs));
	if (inner) {
		TRY(desc_mark(cpu, &ss));
		stack.ss = ss.seg;
	}
	stack_load(cpu, &stack);
	if (v86)
		clear_data(cpu);
	finish_entry(cpu, gate, cs, cpl);
	return INSN_DONE;
}

static enum insn_result gate_interrupt(struct insn *in, uint8_t vector)
{
	struct insn_cpu *cpu = in->cpu;
	unsigned cpl = cpu_cpl(cpu);
	struct descriptor cs = {0};
	struct gate gate;

	TRY(read_gate(cpu, vector, &gate));
	if (gate.type == GATE_TASK)
		return INSN_UNKNOWN;
	TRY(read_code(cpu, gate.selector, &cs));
	if (!desc_conforming(&cs))
		cpl = cs.seg.dpl;
	/* Virtual-8086 mode is left for the highest privilege only. */
	if (cpu_v86(cpu) && cpl != 0)
		return insn_raise_error(cpu, EXC_GP,
					gate.selector & SELECTOR_INDEX);
	if (cpu_long_mode(cpu))
		return enter_wide(in, &gate, &cs, cpl);
	return enter_legacy(in, &gate, &cs, cpl);
}

static enum insn_result interrupt(struct insn *in, uint8_t vector, bool int_n)
{
	struct insn_cpu *cpu = in->cpu;
	bool own;

	in->no_step = true;
	if (cpu->sregs.cr4 & CR4_CET)
		return INSN_UNKNOWN;
	if (!cpu_protected(cpu))
		return real_interrupt(in, vector);
	if (cpu_v86(cpu) && int_n) {
		TRY(redirected(cpu, vector, &own));
		if (own)
			return v86_interrupt(in, vector);
		if ((cpu->regs.rflags & FLAG_IOPL) != FLAG_IOPL)
			return insn_raise_error(cpu, EXC_GP, 0);
	}
	return gate_interrupt(in, vector);
}

enum insn_result insn_int(struct insn *in)
{
	return interrupt(in, (uint8_t)in->op[0].imm.value.u, true);
}

enum insn_result insn_int3(struct insn *in)
{
	return interrupt(in, EXC_BP, false);
}

enum insn_result insn_into(struct insn *in)
{
	if (!(in->flags & FLAG_OF))
		return INSN_DONE;
	return interrupt(in, EXC_OF, false);
}

/* Hardware's own #DB: no gate's privilege is looked at, DR6 stays. */
enum insn_result insn_int1(struct insn *in)
{
	in->no_step = true;
	insn_trap(in->cpu, EXC_DB);
	return INSN_DONE;
}

enum insn_result insn_deliver(struct insn_cpu *cpu, uint8_t vector)
{
	struct insn in = {.cpu = cpu, .next = cpu->regs.rip};
	struct kvm_regs regs = cpu->regs;
	struct kvm_sregs sregs = cpu->sregs;
	enum insn_result rc = gate_interrupt(&in, vector);

	cpu->sregs_changed = rc == INSN_DONE;
	cpu->xsave_changed = cpu->single_step = false;
	if (rc == INSN_DONE)
		return rc;
	cpu->regs = regs;
	cpu->sregs = sregs;
	return rc;
}
