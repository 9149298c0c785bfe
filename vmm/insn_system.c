/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions for operating systems: flags, translations, bases of segments;
 * random numbers; and what does nothing here but fault.  Intel SDM volume 2.
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define CR4_FSGSBASE	   (UINT64_C(1) << 16)
#define MSR_KERNEL_GS_BASE UINT32_C(0xc0000102)
#define MSR_TSC_AUX	   UINT32_C(0xc0000103)
#define PCID_MASK	   UINT64_C(0xfff)

/* INVPCID's types. */
enum { INVPCID_ADDRESS, INVPCID_SINGLE, INVPCID_ALL_GLOBAL, INVPCID_ALL };

enum insn_result insn_ud(struct insn *in)
{
	return insn_raise(in->cpu, EXC_UD);
}

/* CLAC and STAC; arg: what AC becomes. */
enum insn_result insn_set_ac(struct insn *in)
{
	struct kvm_regs *r = &in->cpu->regs;

	if (cpu_cpl(in->cpu) || cpu_v86(in->cpu))
		return insn_raise(in->cpu, EXC_UD);
	r->rflags = in->arg ? r->rflags | FLAG_AC : r->rflags & ~FLAG_AC;
	return INSN_DONE;
}

static enum insn_result check_invpcid(struct insn_cpu *cpu, uint64_t type,
				      const uint8_t *desc)
{
	uint64_t pcid = load_le64(desc), address = load_le64(desc + 8);
	bool bad = type > INVPCID_ALL || (pcid & ~PCID_MASK);

	if (type <= INVPCID_SINGLE && pcid && !(cpu->sregs.cr4 & CR4_PCIDE))
		bad = true;
	if (type == INVPCID_ADDRESS && !mem_canonical(cpu, address))
		bad = true;
	return bad ? insn_raise_error(cpu, EXC_GP, 0) : INSN_DONE;
}

/* More is forgotten than was asked for, which is always allowed. */
enum insn_result insn_invpcid(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint8_t desc[16];
	uint64_t type;

	if (cpu_cpl(cpu))
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(insn_get(in, 0, &type));
	TRY(insn_mem(in, &in->op[1], desc, sizeof(desc), MEM_READ | MEM_NO_AC));
	TRY(check_invpcid(cpu, type, desc));
	return cpu->ops->flush_tlb(cpu->ctx) ? INSN_DONE : INSN_UNKNOWN;
}

/* RDRAND and RDSEED always have a number. */
enum insn_result insn_random(struct insn *in)
{
	uint64_t v = in->cpu->ops->random(in->cpu->ctx);

	in->cpu->regs.rflags &= ~FLAGS_STATUS;
	in->cpu->regs.rflags |= FLAG_CF;
	return insn_set(in, 0, v);
}

enum insn_result insn_rdpid(struct insn *in)
{
	uint64_t v;

	if (!in->cpu->ops->read_msr(in->cpu->ctx, MSR_TSC_AUX, &v))
		return INSN_UNKNOWN;
	return insn_set(in, 0, v);
}

enum insn_result insn_swapgs(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t kernel;

	if (cpu_cpl(cpu))
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!cpu->ops->read_msr(cpu->ctx, MSR_KERNEL_GS_BASE, &kernel) ||
	    !cpu->ops->write_msr(cpu->ctx, MSR_KERNEL_GS_BASE,
				 cpu->sregs.gs.base))
		return INSN_UNKNOWN;
	cpu->sregs.gs.base = kernel;
	return INSN_DONE;
}

static enum insn_result check_fsgsbase(struct insn *in)
{
	if (!cpu_64bit(in->cpu) || !(in->cpu->sregs.cr4 & CR4_FSGSBASE))
		return insn_raise(in->cpu, EXC_UD);
	return INSN_DONE;
}

/* RDFSBASE and RDGSBASE; arg: the segment. */
enum insn_result insn_read_base(struct insn *in)
{
	TRY(check_fsgsbase(in));
	return insn_set(in, 0, cpu_segment(in->cpu, in->arg)->base);
}

enum insn_result insn_write_base(struct insn *in)
{
	uint64_t base;

	TRY(check_fsgsbase(in));
	TRY(insn_get(in, 0, &base));
	if (!mem_canonical(in->cpu, base))
		return insn_raise_error(in->cpu, EXC_GP, 0);
	cpu_segment(in->cpu, in->arg)->base = base;
	return INSN_DONE;
}

enum insn_result insn_nop(struct insn *in)
{
	(void)in;
	return INSN_DONE;
}

/* CLWB, CLFLUSHOPT: what the cache does is the host's, faults are ours. */
enum insn_result insn_nop_line(struct insn *in)
{
	struct mem_place place;
	uint64_t linear;

	TRY(insn_address(in, &in->op[0], 1, MEM_READ, &linear));
	return mem_translate(in->cpu, linear, 1, cpu_cpl(in->cpu), MEM_READ,
			     &place);
}

/* PTWRITE, with nothing that would trace. */
enum insn_result insn_ptwrite(struct insn *in)
{
	uint64_t v;

	return insn_get(in, 0, &v);
}
