/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer arithmetic on XMM registers, done by the host's own processor: the
 * instruction is written anew, with its memory operand at RDI and its general
 * register in RAX, onto a page of its own, and called there.  What goes onto
 * it is made of the decoded parts of instructions of a few sets alone, which
 * raise no exceptions but those of their memory operand (Intel SDM volume 2,
 * 2.4: types 4, 5 and 7), change no flags, and read and write nothing else.
 *
 * Not modelled: MMX registers, VEX and EVEX, what sets flags.
 */
#include <cpuid.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/insn_impl.h"

#define XMM_SIZE  16u
#define XMM_COUNT 16u
#define CODE_SIZE 4096u
#define REX	  0x40u
#define REX_W	  8u
#define REX_R	  4u
#define REX_B	  1u
#define ESCAPE	  0x0fu
#define ESCAPE_38 0x38u
#define ESCAPE_3A 0x3au
#define MOD_SHIFT 6
#define REG_SHIFT 3
#define MOD_REG	  3u
#define RM_RDI	  7u
#define RET	  0xc3u
#define IMM8	  8u /* bits */
#define CPUID_SHA (1u << 29) /* leaf 7, EBX */

/* What the code works on; the assembler below knows the places. */
struct vectors {
	uint8_t mem[XMM_SIZE]; /* where RDI points */
	uint8_t xmm[XMM_COUNT][XMM_SIZE];
	uint64_t rax;
};

static bool host_has_sha(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & CPUID_SHA);
}

static bool host_has(ZydisISASet set)
{
	switch (set) {
	case ZYDIS_ISA_SET_SSE:
	case ZYDIS_ISA_SET_SSE2:
		return true;
	case ZYDIS_ISA_SET_SSE3:
		return __builtin_cpu_supports("sse3");
	case ZYDIS_ISA_SET_SSSE3:
		return __builtin_cpu_supports("ssse3");
	case ZYDIS_ISA_SET_SSE4:
		return __builtin_cpu_supports("sse4.1");
	case ZYDIS_ISA_SET_SSE42:
		return __builtin_cpu_supports("sse4.2");
	case ZYDIS_ISA_SET_AES:
		return __builtin_cpu_supports("aes");
	case ZYDIS_ISA_SET_PCLMULQDQ:
		return __builtin_cpu_supports("pclmul");
	case ZYDIS_ISA_SET_SHA:
		return host_has_sha();
	default:
		return false;
	}
}

static bool is_memory(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static bool is_xmm(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_XMM;
}

static bool is_general(const ZydisDecodedOperand *op)
{
	ZydisRegisterClass class;

	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return false;
	class = ZydisRegisterGetClass(op->reg.value);
	return class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

/* Registers, memory and numbers that the encoding shows, and XMM0. */
static bool has_known_operands(const struct insn *in)
{
	unsigned n, others = 0;

	for (n = 0; n < in->i.operand_count; n++) {
		const ZydisDecodedOperand *op = &in->op[n];

		if (is_xmm(op))
			continue;
		if (op->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
			return false;
		if (is_memory(op) && op->size > XMM_SIZE * 8)
			return false;
		if (is_memory(op) || is_general(op))
			others++;
		else if (op->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
			return false;
	}
	return others <= 1;
}

static bool changes_flags(const struct insn *in)
{
	const ZydisAccessedFlags *f = in->i.cpu_flags;

	return f && (f->modified | f->set_0 | f->set_1 | f->undefined);
}

static bool is_known(const struct insn *in)
{
	ZydisExceptionClass class = in->i.meta.exception_class;

	return in->i.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	       (class == ZYDIS_EXCEPTION_CLASS_SSE4 ||
		class == ZYDIS_EXCEPTION_CLASS_SSE5 ||
		class == ZYDIS_EXCEPTION_CLASS_SSE7) &&
	       (in->i.attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
	       !insn_has_lock(in) && !changes_flags(in) &&
	       has_known_operands(in) && host_has(in->i.meta.isa_set);
}

static const ZydisDecodedOperand *find(const struct insn *in,
				       bool (*is)(const ZydisDecodedOperand *))
{
	unsigned n;

	for (n = 0; n < in->i.operand_count; n++)
		if (is(&in->op[n]))
			return &in->op[n];
	return NULL;
}

/* The prefix that belongs to the opcode; those of sizes and segments go. */
static uint8_t *put_prefix(const struct insn *in, uint8_t *p)
{
	unsigned n;

	for (n = 0; n < in->i.raw.prefix_count; n++)
		if (in->i.raw.prefixes[n].type == ZYDIS_PREFIX_TYPE_MANDATORY)
			*p++ = in->i.raw.prefixes[n].value;
	return p;
}

static uint8_t *put_opcode(const struct insn *in, uint8_t *p)
{
	*p++ = ESCAPE;
	if (in->i.opcode_map == ZYDIS_OPCODE_MAP_0F38)
		*p++ = ESCAPE_38;
	else if (in->i.opcode_map == ZYDIS_OPCODE_MAP_0F3A)
		*p++ = ESCAPE_3A;
	else if (in->i.opcode_map != ZYDIS_OPCODE_MAP_0F)
		return NULL;
	*p++ = in->i.opcode;
	return p;
}

/* NULL: it has parts that are not known here. */
static uint8_t *assemble(const struct insn *in, uint8_t *p)
{
	const ZydisDecodedOperand *general = find(in, is_general);
	uint8_t reg = in->i.raw.modrm.reg, rm = in->i.raw.modrm.rm;
	uint8_t rex = in->i.raw.rex.W ? REX | REX_W : REX;
	bool memory = find(in, is_memory) != NULL;

	rex |= in->i.raw.rex.R ? REX_R : 0;
	rex |= in->i.raw.rex.B && !memory ? REX_B : 0;
	if (memory)
		rm = RM_RDI;
	if (general && general->encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG) {
		reg = 0;
		rex &= (uint8_t)~REX_R;
	} else if (general) {
		rm = 0;
		rex &= (uint8_t)~REX_B;
	}
	p = put_prefix(in, p);
	*p++ = rex;
	p = put_opcode(in, p);
	if (!p || in->i.raw.imm[1].size ||
	    (in->i.raw.imm[0].size && in->i.raw.imm[0].size != IMM8))
		return NULL;
	*p++ = (uint8_t)((memory ? 0 : MOD_REG << MOD_SHIFT) |
			 reg << REG_SHIFT | rm);
	if (in->i.raw.imm[0].size)
		*p++ = (uint8_t)in->i.raw.imm[0].value.u;
	*p++ = RET;
	return p;
}

/* A page that is written at one place and executed at another. */
bool insn_host_page(struct insn_host_code *code)
{
	int fd;

	if (code->run)
		return true;
	fd = memfd_create("pcvm-insn", MFD_CLOEXEC);
	if (fd < 0)
		return false;
	if (ftruncate(fd, CODE_SIZE) == 0) {
		code->write = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0);
		code->run = mmap(NULL, CODE_SIZE, PROT_READ | PROT_EXEC,
				 MAP_SHARED, fd, 0);
	}
	close(fd);
	if (code->write == MAP_FAILED)
		code->write = NULL;
	if (code->run == MAP_FAILED)
		code->run = NULL;
	if (code->write && code->run)
		return true;
	insn_host_fini(code);
	return false;
}

void insn_host_fini(struct insn_host_code *code)
{
	if (code->write)
		munmap(code->write, CODE_SIZE);
	if (code->run)
		munmap(code->run, CODE_SIZE);
	*code = (struct insn_host_code){0};
}

#define EACH_XMM(op) \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) \
		op(11) op(12) op(13) op(14) op(15)
#define LOAD(n)	 "movdqu 16+16*" #n "(%%rdi), %%xmm" #n "\n\t"
#define STORE(n) "movdqu %%xmm" #n ", 16+16*" #n "(%%rdi)\n\t"

/* Past the red zone of whoever has this inlined. */
static void call(const void *code, struct vectors *v)
{
	__asm__ volatile("sub $128, %%rsp\n\t" EACH_XMM(
				 LOAD) "mov 272(%%rdi), %%rax\n\t"
				       "call *%%rsi\n\t"
				       "mov %%rax, 272(%%rdi)\n\t" EACH_XMM(
					       STORE) "add $128, %%rsp"
			 :
			 : "D"(v), "S"(code)
			 : "rax", "memory", "cc", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15");
}

static enum insn_result load(struct insn *in, struct vectors *v)
{
	const ZydisDecodedOperand *general = find(in, is_general);
	const ZydisDecodedOperand *mem = find(in, is_memory);
	unsigned n, flags = 0;

	for (n = 0; n < XMM_COUNT; n++)
		xstate_get_vector(in->cpu, n, v->xmm[n], XMM_SIZE);
	if (general)
		v->rax = insn_get_reg(in, general->reg.value);
	if (!mem || !(mem->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		return INSN_DONE;
	if (mem->size == XMM_SIZE * 8)
		flags = MEM_ALIGNED | MEM_NO_AC;
	return insn_mem(in, mem, v->mem, mem->size / 8u, flags);
}

static enum insn_result store(struct insn *in, struct vectors *v)
{
	const ZydisDecodedOperand *op = &in->op[0];

	if (is_memory(op))
		return insn_mem(in, op, v->mem, op->size / 8u, MEM_WRITE);
	if (is_general(op))
		insn_set_reg(in, op->reg.value, v->rax);
	else if (is_xmm(op))
		xstate_set_vector(in->cpu,
				  (unsigned)ZydisRegisterGetId(op->reg.value),
				  v->xmm[ZydisRegisterGetId(op->reg.value)],
				  XMM_SIZE, false);
	return INSN_DONE;
}

enum insn_result insn_on_host(struct insn *in)
{
	struct insn_host_code *code = &in->cpu->host_code;
	struct vectors v = {.rax = 0};

	if (in->i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
		return insn_x87_on_host(in);
	if (!is_known(in) || !insn_host_page(code))
		return INSN_UNKNOWN;
	TRY(fpu_check(in->cpu, FPU_SSE));
	TRY(load(in, &v));
	if (!assemble(in, code->write))
		return INSN_UNKNOWN;
	call(code->run, &v);
	return store(in, &v);
}
