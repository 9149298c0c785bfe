/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves of vector registers, and their bitwise logic.  Intel SDM volume 2.
 *
 * Not modelled: EVEX with a mask or a broadcast.
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define XMM_SIZE     16u
#define VECTOR_MAX   64u
#define HALF	     8u
#define MMX_EXPONENT 0xffffu
#define FTW_EMPTY    0u
#define ST_SIZE	     16u

static bool is_vector(const ZydisDecodedOperand *op)
{
	ZydisRegisterClass class;

	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return false;
	class = ZydisRegisterGetClass(op->reg.value);
	return class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM ||
	       class == ZYDIS_REGCLASS_ZMM;
}

static bool is_mmx(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_MMX;
}

/* The source; EVEX has its mask between it and the destination. */
static unsigned last(const struct insn *in)
{
	return in->i.operand_count_visible - 1u;
}

static bool is_memory(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static unsigned number(const ZydisDecodedOperand *op)
{
	return (unsigned)ZydisRegisterGetId(op->reg.value);
}

/* Registers that legacy encodings write keep what lies above 128 bits. */
static bool zeroes(const struct insn *in)
{
	return in->i.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY;
}

static bool masked(const struct insn *in)
{
	return in->i.avx.mask.reg != ZYDIS_REGISTER_NONE &&
	       in->i.avx.mask.reg != ZYDIS_REGISTER_K0;
}

static enum insn_result check(struct insn *in)
{
	switch (in->i.encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
		if (is_mmx(&in->op[0]) || is_mmx(&in->op[last(in)]))
			return fpu_check_mmx(in->cpu);
		return fpu_check(in->cpu, FPU_SSE);
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		return fpu_check(in->cpu, FPU_AVX);
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		if (masked(in) || in->i.avx.broadcast.mode)
			return INSN_UNKNOWN;
		return fpu_check(in->cpu, FPU_AVX512);
	default:
		return INSN_UNKNOWN;
	}
}

static uint8_t *mmx(struct insn *in, const ZydisDecodedOperand *op)
{
	return in->cpu->xsave + XSTATE_ST + (size_t)number(op) * ST_SIZE;
}

/* The low size bytes of an operand of any kind. */
static enum insn_result get(struct insn *in, unsigned n, uint8_t *buf,
			    size_t size, unsigned flags)
{
	const ZydisDecodedOperand *op = &in->op[n];
	uint8_t raw[VECTOR_MAX];
	uint64_t v;

	if (is_memory(op))
		return insn_mem(in, op, buf, size, flags);
	if (is_vector(op)) {
		xstate_get_vector(in->cpu, number(op), raw, sizeof(raw));
		memcpy(buf, raw, size);
		return INSN_DONE;
	}
	if (size > sizeof(v))
		return INSN_UNKNOWN;
	if (is_mmx(op)) {
		memcpy(buf, mmx(in, op), size);
		return INSN_DONE;
	}
	TRY(insn_get(in, n, &v));
	store_le64(raw, v);
	memcpy(buf, raw, size);
	return INSN_DONE;
}

/* Sets an operand; a register gets zeros above size. */
static enum insn_result set(struct insn *in, unsigned n, const uint8_t *buf,
			    size_t size, unsigned flags)
{
	const ZydisDecodedOperand *op = &in->op[n];
	uint8_t raw[VECTOR_MAX] = {0};

	memcpy(raw, buf, size);
	if (is_memory(op))
		return insn_mem(in, op, raw, size, flags | MEM_WRITE);
	if (is_vector(op)) {
		xstate_set_vector(in->cpu, number(op), raw,
				  size < XMM_SIZE ? XMM_SIZE : size,
				  zeroes(in));
		return INSN_DONE;
	}
	if (is_mmx(op)) {
		memcpy(mmx(in, op), raw, HALF);
		store_le16(mmx(in, op) + HALF, MMX_EXPONENT);
		return INSN_DONE;
	}
	return insn_set(in, n, load_le64(raw));
}

/* Memory operands of 16 bytes and more have no alignment checks. */
static unsigned flags_for(size_t size)
{
	return size >= XMM_SIZE ? MEM_NO_AC : 0;
}

/* Whole registers; arg: memory operands must be aligned. */
enum insn_result insn_move_vector(struct insn *in)
{
	size_t size = in->op[0].size / 8u;
	uint8_t buf[VECTOR_MAX];
	unsigned flags = in->arg ? MEM_ALIGNED : flags_for(size);

	if (size > sizeof(buf))
		return INSN_UNKNOWN;
	TRY(check(in));
	TRY(get(in, last(in), buf, size, flags));
	return set(in, 0, buf, size, flags);
}

/*
 * MOVSS, MOVSD: between registers the low part alone is moved, with what VEX
 * takes from a third register above it.
 */
enum insn_result insn_move_scalar(struct insn *in)
{
	unsigned source = last(in);
	size_t size = in->arg;
	uint8_t low[HALF], buf[XMM_SIZE];

	/* The string instruction has the same name. */
	if (is_memory(&in->op[0]) && is_memory(&in->op[1]))
		return INSN_UNKNOWN;
	TRY(check(in));
	TRY(get(in, source, low, size, 0));
	if (is_memory(&in->op[0]) || is_memory(&in->op[source]))
		return set(in, 0, low, size, 0);
	TRY(get(in, source - 1, buf, sizeof(buf), 0));
	memcpy(buf, low, size);
	return set(in, 0, buf, sizeof(buf), 0);
}

/* MOVD, MOVQ: any two kinds of operands; arg: bytes. */
enum insn_result insn_move_low(struct insn *in)
{
	uint8_t buf[HALF];

	TRY(check(in));
	TRY(get(in, last(in), buf, in->arg, 0));
	return set(in, 0, buf, in->arg, 0);
}

/* MOVLPS, MOVHPS and the like; arg: which half. */
enum insn_result insn_move_half(struct insn *in)
{
	unsigned source = last(in);
	uint8_t half[HALF], buf[XMM_SIZE];
	size_t at = in->arg ? HALF : 0;

	TRY(check(in));
	if (is_memory(&in->op[0])) {
		TRY(get(in, source, buf, sizeof(buf), 0));
		return set(in, 0, buf + at, HALF, 0);
	}
	TRY(get(in, source, half, HALF, 0));
	TRY(get(in, source - 1, buf, sizeof(buf), 0));
	memcpy(buf + at, half, HALF);
	return set(in, 0, buf, sizeof(buf), 0);
}

/* MOVHLPS and MOVLHPS; arg: the half that is written, from the other one. */
enum insn_result insn_move_across(struct insn *in)
{
	unsigned source = last(in);
	uint8_t from[XMM_SIZE], buf[XMM_SIZE];
	size_t at = in->arg ? HALF : 0;

	TRY(check(in));
	TRY(get(in, source, from, sizeof(from), 0));
	TRY(get(in, source - 1, buf, sizeof(buf), 0));
	memcpy(buf + at, from + (HALF - at), HALF);
	return set(in, 0, buf, sizeof(buf), 0);
}

/* MOVNTI. */
enum insn_result insn_copy(struct insn *in)
{
	uint64_t v;

	TRY(insn_get(in, 1, &v));
	return insn_set(in, 0, v);
}

static uint8_t combine(enum insn_logic how, uint8_t a, uint8_t b)
{
	switch (how) {
	case INSN_AND:
		return a & b;
	case INSN_ANDN:
		return (uint8_t)~a & b;
	case INSN_OR:
		return a | b;
	default:
		return a ^ b;
	}
}

/* PXOR, ANDPS and the like; arg: how. */
enum insn_result insn_logic(struct insn *in)
{
	unsigned source = last(in);
	size_t size = in->op[0].size / 8u, i;
	uint8_t a[VECTOR_MAX], b[VECTOR_MAX];
	unsigned flags = 0;

	if (size > sizeof(a))
		return INSN_UNKNOWN;
	if (size >= XMM_SIZE)
		flags = zeroes(in) ? MEM_NO_AC : MEM_ALIGNED;
	TRY(check(in));
	TRY(get(in, source, b, size, flags));
	TRY(get(in, source - 1, a, size, 0));
	for (i = 0; i < size; i++)
		a[i] = combine(in->arg, a[i], b[i]);
	return set(in, 0, a, size, 0);
}

/* VZEROUPPER and VZEROALL; arg: all. */
enum insn_result insn_vzero(struct insn *in)
{
	unsigned count = cpu_64bit(in->cpu) ? 16 : 8, i;
	uint8_t buf[XMM_SIZE] = {0};

	TRY(fpu_check(in->cpu, FPU_AVX));
	for (i = 0; i < count; i++) {
		if (!in->arg)
			xstate_get_vector(in->cpu, i, buf, sizeof(buf));
		xstate_set_vector(in->cpu, i, buf, sizeof(buf), true);
	}
	return INSN_DONE;
}

enum insn_result insn_emms(struct insn *in)
{
	TRY(fpu_check_mmx(in->cpu));
	in->cpu->xsave[XSTATE_FTW] = FTW_EMPTY;
	return INSN_DONE;
}
