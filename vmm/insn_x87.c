/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of the x87 unit, done by the host's own: the instruction is
 * written anew, with its memory operand at RDI, onto insn_host.c's page, and
 * called there with the guest's registers loaded.  An exception that is not
 * masked stays in the state, for the guest's next instruction to raise (Intel
 * SDM volume 1, 8.6); ours never sees it, as it ends with FNINIT.
 *
 * Not modelled: MMX arithmetic.
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define OPCODE_FIRST 0xd8u
#define OPCODE_LAST  0xdfu
#define MOD_SHIFT    6
#define REG_SHIFT    3
#define RM_RDI	     7u
#define RET	     0xc3u
#define OPERAND_MAX  10u /* bytes */
#define FSW_IE	     (1u << 0)
#define FSW_OE	     (1u << 3)
#define FSW_UE	     (1u << 4)
/* Not masked, these leave the destination as it was. */
#define KEEPS_MEMORY (FSW_IE | FSW_OE | FSW_UE)
#define FOP_HIGH     8 /* the low bits of the opcode's first byte */
#define FOP_FIRST    7u

/* What the code works on; the assembler below knows the places. */
struct unit {
	uint8_t mem[16]; /* where RDI points */
	uint64_t flags, host_flags;
	uint32_t host_mxcsr;
	uint8_t state[XSTATE_LEGACY_SIZE] __attribute__((aligned(16)));
};

_Static_assert(offsetof(struct unit, flags) == 16, "16");
_Static_assert(offsetof(struct unit, host_flags) == 24, "24");
_Static_assert(offsetof(struct unit, host_mxcsr) == 32, "32");
_Static_assert(offsetof(struct unit, state) == 48, "48");

static const ZydisDecodedOperand *memory(const struct insn *in)
{
	unsigned n;

	for (n = 0; n < in->i.operand_count; n++)
		if (in->op[n].type == ZYDIS_OPERAND_TYPE_MEMORY)
			return &in->op[n];
	return NULL;
}

static bool is_known(const struct insn *in)
{
	const ZydisDecodedOperand *mem = memory(in);

	return in->i.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	       in->i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       in->i.opcode >= OPCODE_FIRST && in->i.opcode <= OPCODE_LAST &&
	       !insn_has_lock(in) && (!mem || mem->size <= OPERAND_MAX * 8u);
}

static void assemble(const struct insn *in, uint8_t *p)
{
	uint8_t reg = in->i.raw.modrm.reg, rm = in->i.raw.modrm.rm;
	uint8_t mod = in->i.raw.modrm.mod;

	if (memory(in)) {
		mod = 0;
		rm = RM_RDI;
	}
	*p++ = in->i.opcode;
	*p++ = (uint8_t)(mod << MOD_SHIFT | reg << REG_SHIFT | rm);
	*p = RET;
}

/* FXSAVE and FNINIT raise nothing that is pending. */
static void call(const void *code, struct unit *u)
{
	__asm__ volatile("sub $128, %%rsp\n\t"
			 "stmxcsr 32(%%rdi)\n\t"
			 "fxrstor64 48(%%rdi)\n\t"
			 "pushfq\n\t"
			 "popq 24(%%rdi)\n\t"
			 "pushq 16(%%rdi)\n\t"
			 "popfq\n\t"
			 "call *%%rsi\n\t"
			 "pushfq\n\t"
			 "popq 16(%%rdi)\n\t"
			 "fxsave64 48(%%rdi)\n\t"
			 "fninit\n\t"
			 "ldmxcsr 32(%%rdi)\n\t"
			 "pushq 24(%%rdi)\n\t"
			 "popfq\n\t"
			 "add $128, %%rsp"
			 :
			 : "D"(u), "S"(code)
			 : "memory", "cc", "st", "st(1)", "st(2)", "st(3)",
			   "st(4)", "st(5)", "st(6)", "st(7)", "xmm0", "xmm1",
			   "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
			   "xmm14", "xmm15");
}

/* What is pending is raised now: the processor derives it from the masks. */
static enum insn_result load(struct insn *in, struct unit *u)
{
	struct insn_cpu *cpu = in->cpu;
	const ZydisDecodedOperand *mem = memory(in);

	TRY(fpu_check(cpu, FPU_X87));
	fpu_set_fcw(cpu, load_le16(cpu->xsave + XSTATE_FCW));
	TRY(fpu_check_pending(cpu));
	memcpy(u->state, cpu->xsave, XSTATE_MXCSR);
	memcpy(u->state + XSTATE_ST, cpu->xsave + XSTATE_ST,
	       XSTATE_XMM - XSTATE_ST);
	store_le32(u->state + XSTATE_MXCSR, MXCSR_INIT);
	u->flags = FLAG_ONE | FLAG_IF | (in->flags & FLAGS_STATUS);
	if (!mem || !(mem->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		return INSN_DONE;
	return insn_mem(in, mem, u->mem, mem->size / 8u, MEM_READ);
}

/* Where the guest's own code and operand are, not the host's. */
static enum insn_result set_pointers(struct insn *in, struct unit *u,
				     uint64_t rip)
{
	const ZydisDecodedOperand *mem = memory(in);
	uint64_t linear = 0;

	if (mem)
		TRY(insn_address(in, mem, mem->size / 8u, MEM_READ, &linear));
	store_le16(u->state + XSTATE_FOP,
		   (uint16_t)((in->i.opcode & FOP_FIRST) << FOP_HIGH |
			      in->i.raw.modrm.mod << MOD_SHIFT |
			      in->i.raw.modrm.reg << REG_SHIFT |
			      in->i.raw.modrm.rm));
	store_le64(u->state + XSTATE_FIP, rip);
	store_le64(u->state + XSTATE_FDP, linear);
	return INSN_DONE;
}

static enum insn_result store(struct insn *in, const struct unit *u)
{
	const ZydisDecodedOperand *mem = memory(in);
	struct insn_cpu *cpu = in->cpu;
	uint16_t fsw = load_le16(u->state + XSTATE_FSW);
	uint16_t masks = load_le16(u->state + XSTATE_FCW);

	if (mem && (mem->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
	    !(fsw & ~masks & KEEPS_MEMORY))
		TRY(insn_mem(in, mem, (void *)(uintptr_t)u->mem, mem->size / 8u,
			     MEM_WRITE));
	memcpy(cpu->xsave, u->state, XSTATE_MXCSR);
	memcpy(cpu->xsave + XSTATE_ST, u->state + XSTATE_ST,
	       XSTATE_XMM - XSTATE_ST);
	xstate_touch(cpu, XBIT(XSTATE_X87));
	cpu->regs.rflags =
		(cpu->regs.rflags & ~FLAGS_STATUS) | (u->flags & FLAGS_STATUS);
	return INSN_DONE;
}

enum insn_result insn_x87_on_host(struct insn *in)
{
	uint64_t rip = in->next - in->i.length;
	struct unit u = {.flags = 0};

	if (!is_known(in) || !insn_host_page(&in->cpu->host_code))
		return INSN_UNKNOWN;
	TRY(load(in, &u));
	assemble(in, in->cpu->host_code.write);
	call(in->cpu->host_code.run, &u);
	TRY(set_pointers(in, &u, rip));
	return store(in, &u);
}
