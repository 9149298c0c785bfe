/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers, and operands as the decoder tells them. */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

static const size_t gpr_offset[] = {
	offsetof(struct kvm_regs, rax), offsetof(struct kvm_regs, rcx),
	offsetof(struct kvm_regs, rdx), offsetof(struct kvm_regs, rbx),
	offsetof(struct kvm_regs, rsp), offsetof(struct kvm_regs, rbp),
	offsetof(struct kvm_regs, rsi), offsetof(struct kvm_regs, rdi),
	offsetof(struct kvm_regs, r8),	offsetof(struct kvm_regs, r9),
	offsetof(struct kvm_regs, r10), offsetof(struct kvm_regs, r11),
	offsetof(struct kvm_regs, r12), offsetof(struct kvm_regs, r13),
	offsetof(struct kvm_regs, r14), offsetof(struct kvm_regs, r15),
};

static const size_t segment_offset[] = {
	[SEG_ES] = offsetof(struct kvm_sregs, es),
	[SEG_CS] = offsetof(struct kvm_sregs, cs),
	[SEG_SS] = offsetof(struct kvm_sregs, ss),
	[SEG_DS] = offsetof(struct kvm_sregs, ds),
	[SEG_FS] = offsetof(struct kvm_sregs, fs),
	[SEG_GS] = offsetof(struct kvm_sregs, gs),
};

uint64_t *cpu_gpr(struct insn_cpu *cpu, unsigned n)
{
	return (uint64_t *)((char *)&cpu->regs + gpr_offset[n & 15]);
}

struct kvm_segment *cpu_segment(struct insn_cpu *cpu, unsigned n)
{
	return (struct kvm_segment *)((char *)&cpu->sregs + segment_offset[n]);
}

/* AH, CH, DH and BH have the numbers 4 to 7 among the byte registers. */
static bool is_high_byte(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
}

static unsigned byte_number(ZydisRegister reg)
{
	if (is_high_byte(reg))
		return (unsigned)(reg - ZYDIS_REGISTER_AH);
	if (reg < ZYDIS_REGISTER_AH)
		return (unsigned)(reg - ZYDIS_REGISTER_AL);
	return (unsigned)(reg - ZYDIS_REGISTER_SPL) + GPR_SP;
}

uint64_t insn_get_reg(struct insn *in, ZydisRegister reg)
{
	unsigned n;

	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
		n = byte_number(reg);
		return (uint8_t)(*cpu_gpr(in->cpu, n) >>
				 (is_high_byte(reg) ? 8 : 0));
	case ZYDIS_REGCLASS_GPR16:
		return (uint16_t)*cpu_gpr(in->cpu,
					  (unsigned)ZydisRegisterGetId(reg));
	case ZYDIS_REGCLASS_GPR32:
		return (uint32_t)*cpu_gpr(in->cpu,
					  (unsigned)ZydisRegisterGetId(reg));
	case ZYDIS_REGCLASS_GPR64:
		return *cpu_gpr(in->cpu, (unsigned)ZydisRegisterGetId(reg));
	default:
		return 0;
	}
}

void insn_set_reg(struct insn *in, ZydisRegister reg, uint64_t val)
{
	bool byte = ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_GPR8;
	unsigned shift = byte && is_high_byte(reg) ? 8 : 0;
	uint64_t *r =
		cpu_gpr(in->cpu, byte ? byte_number(reg)
				      : (unsigned)ZydisRegisterGetId(reg));

	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
		*r = (*r & ~(UINT64_C(0xff) << shift)) | (val & 0xff) << shift;
		break;
	case ZYDIS_REGCLASS_GPR16:
		*r = (*r & ~UINT64_C(0xffff)) | (uint16_t)val;
		break;
	case ZYDIS_REGCLASS_GPR32:
		*r = (uint32_t)val;
		break;
	default:
		*r = val;
	}
}

static uint64_t base_value(struct insn *in, ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_NONE:
		return 0;
	case ZYDIS_REGISTER_RIP:
	case ZYDIS_REGISTER_EIP:
		return in->next;
	default:
		return insn_get_reg(in, reg);
	}
}

static uint64_t effective(struct insn *in, const ZydisDecodedOperandMem *m)
{
	uint64_t off = base_value(in, m->base);

	if (m->index != ZYDIS_REGISTER_NONE)
		off += insn_get_reg(in, m->index) * m->scale;
	if (m->disp.has_displacement)
		off += (uint64_t)m->disp.value;
	switch (in->i.address_width) {
	case 16:
		return (uint16_t)off;
	case 32:
		return (uint32_t)off;
	default:
		return off;
	}
}

static unsigned segment_number(ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_ES:
		return SEG_ES;
	case ZYDIS_REGISTER_CS:
		return SEG_CS;
	case ZYDIS_REGISTER_SS:
		return SEG_SS;
	case ZYDIS_REGISTER_FS:
		return SEG_FS;
	case ZYDIS_REGISTER_GS:
		return SEG_GS;
	default:
		return SEG_DS;
	}
}

enum insn_result insn_address(struct insn *in, const ZydisDecodedOperand *op,
			      size_t len, unsigned flags, uint64_t *linear)
{
	return mem_linear(in->cpu, segment_number(op->mem.segment),
			  effective(in, &op->mem), len, flags, linear);
}

enum insn_result insn_mem(struct insn *in, const ZydisDecodedOperand *op,
			  void *buf, size_t len, unsigned flags)
{
	uint64_t linear;

	TRY(insn_address(in, op, len, flags, &linear));
	return mem_access(in->cpu, linear, buf, len, flags);
}

enum insn_result insn_get(struct insn *in, unsigned n, uint64_t *val)
{
	const ZydisDecodedOperand *op = &in->op[n];
	uint8_t raw[8] = {0};

	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		*val = insn_get_reg(in, op->reg.value);
		return INSN_DONE;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		*val = op->imm.value.u;
		return INSN_DONE;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		if (op->size > 64)
			return INSN_UNKNOWN;
		TRY(insn_mem(in, op, raw, op->size / 8, MEM_READ));
		*val = load_le64(raw);
		return INSN_DONE;
	default:
		return INSN_UNKNOWN;
	}
}

enum insn_result insn_set(struct insn *in, unsigned n, uint64_t val)
{
	const ZydisDecodedOperand *op = &in->op[n];
	uint8_t raw[8];

	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		insn_set_reg(in, op->reg.value, val);
		return INSN_DONE;
	}
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->size > 64)
		return INSN_UNKNOWN;
	store_le64(raw, val);
	return insn_mem(in, op, raw, op->size / 8, MEM_WRITE);
}

bool insn_has_lock(const struct insn *in)
{
	return in->i.attributes & ZYDIS_ATTRIB_HAS_LOCK;
}
