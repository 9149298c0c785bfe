/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions as text, in AT&T form: source before destination, sizes in the
 * mnemonic, numbers above nine in hexadecimal.
 */
#include "vmm/disasm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vmm/disasm_att.h"

#define MNEMONIC_WIDTH 8
#define NAME_MAX_LEN   64
#define DECIMAL_MAX    9

/* Intel SDM volume 2, 2.1.1. */
#define PREFIX_ES 0x26
#define PREFIX_CS 0x2e
#define PREFIX_SS 0x36
#define PREFIX_DS 0x3e
#define PREFIX_FS 0x64
#define PREFIX_GS 0x65
#define ESCAPE_DC 0xdc /* x87: the result goes to st(i) */

struct out {
	char *buf;
	size_t len, size;
};

static void put(struct out *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->buf + o->len, o->size - o->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->len += (size_t)n;
	if (o->len >= o->size)
		o->len = o->size - 1;
}

static void put_number(struct out *o, uint64_t v)
{
	put(o, v > DECIMAL_MAX ? "0x%" PRIx64 : "%" PRIu64, v);
}

static void put_signed(struct out *o, int64_t v)
{
	if (v < 0)
		put(o, "-");
	put_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static uint64_t low_bits(uint64_t v, unsigned bits)
{
	return bits >= 64 ? v : v & ((UINT64_C(1) << bits) - 1);
}

static void put_register(struct out *o, ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_ST0 && reg <= ZYDIS_REGISTER_ST7)
		put(o, "%%st(%d)", reg - ZYDIS_REGISTER_ST0);
	else
		put(o, "%%%s", ZydisRegisterGetString(reg));
}

static bool is_logic(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_AND || m == ZYDIS_MNEMONIC_OR ||
	       m == ZYDIS_MNEMONIC_XOR;
}

/*
 * An immediate that the processor extends is shown with its sign, but for
 * masks.
 */
static void put_immediate(struct out *o, const struct insn *insn,
			  const ZydisDecodedOperand *op)
{
	unsigned width = insn->in.operand_width;
	unsigned size = insn->in.raw.imm[0].size; /* 0: it is implied */
	bool extended = op->imm.is_signed && size && size < width;

	put(o, "$");
	if (size == 64)
		put(o, "0x%" PRIx64, op->imm.value.u);
	else if (extended && !is_logic(insn->in.mnemonic))
		put_signed(o, op->imm.value.s);
	else
		put_number(o, low_bits(op->imm.value.u,
				       extended || !size ? width : size));
}

/* Where a relative jump goes, as wide as the instruction pointer is. */
static void put_target(struct out *o, const struct insn *insn,
		       const ZydisDecodedOperand *op, uint64_t addr)
{
	uint64_t to = addr + insn->in.length + op->imm.value.u;

	put_number(o, low_bits(to,
			       insn->bits == 64 ? 64 : insn->in.operand_width));
}

/* The override in front of the instruction, even one without effect. */
static const char *segment_override(const struct insn *insn)
{
	const char *name = NULL;
	unsigned i;

	for (i = 0; i < insn->in.raw.prefix_count; i++)
		switch (insn->in.raw.prefixes[i].value) {
		case PREFIX_ES:
			name = "es";
			break;
		case PREFIX_CS:
			name = "cs";
			break;
		case PREFIX_SS:
			name = "ss";
			break;
		case PREFIX_DS:
			name = "ds";
			break;
		case PREFIX_FS:
			name = "fs";
			break;
		case PREFIX_GS:
			name = "gs";
			break;
		default:
			break;
		}
	return name;
}

/* The destination of a string instruction, always at ES:DI. */
static bool is_string_destination(const struct insn *insn,
				  const ZydisDecodedOperand *op)
{
	return op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
	       op->mem.segment == ZYDIS_REGISTER_ES &&
	       (op->mem.base == ZYDIS_REGISTER_DI ||
		op->mem.base == ZYDIS_REGISTER_EDI ||
		op->mem.base == ZYDIS_REGISTER_RDI);
}

static void put_segment(struct out *o, const struct insn *insn,
			const ZydisDecodedOperand *op)
{
	const char *name = segment_override(insn);

	if (is_string_destination(insn, op))
		name = insn->bits == 64 ? NULL : "es";
	if (name && !(insn->in.attributes & ZYDIS_ATTRIB_HAS_NOTRACK))
		put(o, "%%%s:", name);
}

static void put_memory(struct out *o, const struct insn *insn,
		       const ZydisDecodedOperand *op)
{
	const ZydisDecodedOperandMem *mem = &op->mem;
	bool based = mem->base != ZYDIS_REGISTER_NONE;
	bool indexed = mem->index != ZYDIS_REGISTER_NONE;
	int64_t disp = mem->disp.has_displacement ? mem->disp.value : 0;

	put_segment(o, insn, op);
	if (!based && !indexed) {
		put_number(o, low_bits((uint64_t)disp, insn->in.address_width));
		return;
	}
	if (disp)
		put_signed(o, disp);
	put(o, "(");
	if (based)
		put_register(o, mem->base);
	if (indexed) {
		put(o, ", ");
		put_register(o, mem->index);
		if (mem->scale > 1)
			put(o, ", %u", mem->scale);
	}
	put(o, ")");
}

/* The register as wide as the instruction's operands. */
static ZydisRegister full_width(const struct insn *insn, ZydisRegister reg)
{
	ZydisRegisterClass class =
		insn->in.operand_width == 64   ? ZYDIS_REGCLASS_GPR64
		: insn->in.operand_width == 32 ? ZYDIS_REGCLASS_GPR32
					       : ZYDIS_REGCLASS_GPR16;

	return ZydisRegisterEncode(class, (ZyanU8)ZydisRegisterGetId(reg));
}

static void put_operand(struct out *o, const struct insn *insn, unsigned i,
			uint64_t addr)
{
	const ZydisDecodedOperand *op = &insn->op[i];

	if (insn->in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE &&
	    (op->type == ZYDIS_OPERAND_TYPE_REGISTER ||
	     op->type == ZYDIS_OPERAND_TYPE_MEMORY))
		put(o, "*");
	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		put_register(o, i == 1 && disasm_att_loads_segment(insn)
					? full_width(insn, op->reg.value)
					: op->reg.value);
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		put_memory(o, insn, op);
		break;
	case ZYDIS_OPERAND_TYPE_POINTER:
		put(o, "$0x%x:$0x%x", op->ptr.segment, op->ptr.offset);
		break;
	default:
		if (op->imm.is_relative)
			put_target(o, insn, op, addr);
		else
			put_immediate(o, insn, op);
	}
}

static bool is_string(const struct insn *insn)
{
	return insn->in.meta.category == ZYDIS_CATEGORY_STRINGOP ||
	       insn->in.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static bool is_st0(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       op->reg.value == ZYDIS_REGISTER_ST0;
}

/* Arithmetic that ends in st(0), or pops it, does not name it. */
static void drop_st0(const struct insn *insn, unsigned *first, unsigned *n)
{
	if (*n != 2 || insn->in.meta.category != ZYDIS_CATEGORY_X87_ALU ||
	    insn->in.opcode == ESCAPE_DC)
		return;
	if (is_st0(&insn->op[0]))
		*first = 1;
	*n = 1;
}

/* These have their operands in Intel's order. */
static bool is_unreversed(const struct insn *insn)
{
	return insn->in.mnemonic == ZYDIS_MNEMONIC_ENTER ||
	       (insn->in.mnemonic == ZYDIS_MNEMONIC_XCHG &&
		!(insn->in.attributes & ZYDIS_ATTRIB_HAS_MODRM));
}

static void put_operands(struct out *o, const struct insn *insn, unsigned n,
			 uint64_t addr)
{
	unsigned first = 0, i;

	if (is_string(insn))
		n = 2;
	drop_st0(insn, &first, &n);
	for (i = 0; i < n; i++) {
		put(o, "%s", i ? ", " : "");
		put_operand(o, insn,
			    is_unreversed(insn) ? i : first + n - 1 - i, addr);
	}
}

static void decoder_init(ZydisDecoder *d, unsigned bits)
{
	switch (bits) {
	case 64:
		ZydisDecoderInit(d, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
		break;
	case 32:
		ZydisDecoderInit(d, ZYDIS_MACHINE_MODE_LEGACY_32,
				 ZYDIS_STACK_WIDTH_32);
		break;
	default:
		ZydisDecoderInit(d, ZYDIS_MACHINE_MODE_LEGACY_16,
				 ZYDIS_STACK_WIDTH_16);
	}
}

/* A byte that begins no instruction. */
static size_t put_byte(struct out *o, uint8_t byte)
{
	put(o, "%-*s 0x%02x", MNEMONIC_WIDTH, ".byte", byte);
	return 1;
}

size_t disasm(const uint8_t *code, size_t len, unsigned bits, uint64_t addr,
	      char *text, size_t size)
{
	struct out o = {.buf = text, .size = size};
	struct insn insn = {.bits = bits};
	char name[NAME_MAX_LEN];
	ZydisDecoder decoder;
	ZyanStatus status;
	unsigned n;

	decoder_init(&decoder, bits);
	status = ZydisDecoderDecodeFull(&decoder, code, len, &insn.in, insn.op);
	if (status == ZYDIS_STATUS_NO_MORE_DATA)
		return 0;
	if (!ZYAN_SUCCESS(status))
		return put_byte(&o, code[0]);
	n = insn.in.operand_count_visible;
	disasm_att_name(&insn, name, sizeof(name), &n);
	put(&o, "%-*s ", MNEMONIC_WIDTH, name);
	put_operands(&o, &insn, n, addr);
	return insn.in.length;
}
