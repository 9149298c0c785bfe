/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYSCALL and SYSRET of 64-bit code, as Intel has them.  Intel SDM volume 2.
 */
#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define SELECTOR_RPL3 3u
#define TYPE_CODE     11 /* execute, read, accessed */
#define TYPE_DATA     3 /* read, write, accessed */
/* What SYSRET takes from R11: all but RF and VM. */
#define SYSRET_FLAGS   UINT64_C(0x3c7fd7)
#define STAR_KERNEL    32 /* bits from which the selectors are */
#define STAR_USER      48
#define SYSCALL_LENGTH 2u

static struct kvm_segment code(uint64_t selector, uint8_t dpl, bool wide)
{
	return (struct kvm_segment){
		.selector = (uint16_t)selector,
		.limit = UINT32_MAX,
		.type = TYPE_CODE,
		.present = 1,
		.dpl = dpl,
		.db = !wide,
		.s = 1,
		.l = wide,
		.g = 1,
	};
}

static struct kvm_segment stack(uint64_t selector, uint8_t dpl)
{
	struct kvm_segment ss = code(selector, dpl, false);

	ss.type = TYPE_DATA;
	return ss;
}

static bool read_msr(struct insn_cpu *cpu, uint32_t index, uint64_t *val)
{
	return cpu->ops->read_msr(cpu->ctx, index, val);
}

enum insn_result insn_syscall(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	struct kvm_regs *r = &cpu->regs;
	uint64_t star, target, mask;

	if (!cpu_64bit(cpu) || !(cpu->sregs.efer & EFER_SCE))
		return insn_raise(cpu, EXC_UD);
	if (!read_msr(cpu, MSR_STAR, &star) ||
	    !read_msr(cpu, MSR_LSTAR, &target) ||
	    !read_msr(cpu, MSR_SYSCALL_MASK, &mask))
		return INSN_UNKNOWN;
	r->rcx = in->next;
	r->r11 = r->rflags; /* RF is 0 already */
	r->rip = target;
	r->rflags = (r->rflags & ~mask) | FLAG_ONE;
	star = star >> STAR_KERNEL & (UINT16_MAX & ~SELECTOR_RPL3);
	cpu->sregs.cs = code(star, 0, true);
	cpu->sregs.ss = stack(star + 8, 0);
	in->no_step = true;
	return INSN_DONE;
}

enum insn_result insn_sysret(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	struct kvm_regs *r = &cpu->regs;
	bool wide = in->i.operand_width == 64;
	uint64_t star;

	if (!cpu_64bit(cpu) || !(cpu->sregs.efer & EFER_SCE))
		return insn_raise(cpu, EXC_UD);
	if (cpu_cpl(cpu) || (wide && !mem_canonical(cpu, r->rcx)))
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!read_msr(cpu, MSR_STAR, &star))
		return INSN_UNKNOWN;
	star = star >> STAR_USER;
	r->rip = wide ? r->rcx : (uint32_t)r->rcx;
	r->rflags = (r->r11 & SYSRET_FLAGS) | FLAG_ONE;
	cpu->sregs.cs = code((star + (wide ? 16 : 0)) | SELECTOR_RPL3, 3, wide);
	cpu->sregs.ss = stack((star + 8) | SELECTOR_RPL3, 3);
	in->no_step = true;
	return INSN_DONE;
}

/* What the delivery of a page fault pushed. */
struct frame {
	uint64_t error, rip, cs, rflags, rsp, ss;
};

static bool read_frame(struct insn_cpu *cpu, struct frame *f)
{
	uint8_t raw[sizeof(*f)];

	if (mem_table(cpu, cpu->regs.rsp, raw, sizeof(raw), false) != INSN_DONE)
		return false;
	*f = (struct frame){
		.error = load_le64(raw),
		.rip = load_le64(raw + 8),
		.cs = load_le64(raw + 16),
		.rflags = load_le64(raw + 24),
		.rsp = load_le64(raw + 32),
		.ss = load_le64(raw + 40),
	};
	return true;
}

/*
 * Code that jumps there has its own flags still: those that the mask clears,
 * the interrupt flag first of all, tell it from a SYSCALL.
 */
static bool fetched_entry(struct insn_cpu *cpu, const struct frame *f)
{
	uint64_t lstar, mask;

	return (f->cs & SELECTOR_RPL3) == SELECTOR_RPL3 &&
	       (f->error & PF_USER) && f->rip == cpu->sregs.cr2 &&
	       read_msr(cpu, MSR_LSTAR, &lstar) && f->rip == lstar &&
	       read_msr(cpu, MSR_SYSCALL_MASK, &mask) && (mask & FLAG_IF) &&
	       !(f->rflags & mask & ~FLAG_RF);
}

static bool is_syscall(struct insn_cpu *cpu)
{
	uint8_t bytes[INSN_LENGTH_MAX];
	size_t len = 0;

	/* What cannot be read beyond it does not matter. */
	(void)mem_fetch(cpu, bytes, &len);
	return len >= SYSCALL_LENGTH && bytes[0] == 0x0f && bytes[1] == 0x05;
}

enum insn_result insn_finish_syscall(struct insn_cpu *cpu)
{
	static const uint8_t bytes[SYSCALL_LENGTH] = {0x0f, 0x05};
	struct kvm_sregs sregs = cpu->sregs;
	struct kvm_regs regs = cpu->regs;
	struct frame f;

	cpu->fault = (struct insn_fault){0};
	cpu->sregs_changed = cpu->xsave_changed = cpu->single_step = false;
	cpu->kind = 0;
	if (!read_frame(cpu, &f) || !fetched_entry(cpu, &f)) {
		cpu->fault = (struct insn_fault){0};
		return INSN_UNKNOWN;
	}
	cpu->regs.rip = regs.rcx - SYSCALL_LENGTH;
	cpu->regs.rsp = f.rsp;
	cpu->regs.rflags = regs.r11 & SYSRET_FLAGS & ~FLAG_TF;
	cpu->sregs.cs = code(f.cs, 3, true);
	cpu->sregs.ss = stack(f.ss, 3);
	if (is_syscall(cpu) &&
	    insn_finish(cpu, bytes, sizeof(bytes)) == INSN_DONE) {
		cpu->sregs_changed = true;
		return INSN_DONE;
	}
	cpu->regs = regs;
	cpu->sregs = sregs;
	cpu->fault = (struct insn_fault){0};
	cpu->sregs_changed = false;
	return INSN_UNKNOWN;
}
