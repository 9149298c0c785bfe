/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each finished instruction raises for its operand in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/insn_expect.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"
#include "vmm/page_walk.h"

#define CR0_AM	      0x40000u
#define CR4_SMAP      0x200000u
#define CR4_PKE	      0x400000u
#define FLAG_AC	      0x40000u
#define NOT_CANONICAL UINT64_C(0x0000800000000000)

/* The operand is at (%rdi) or, as the same bytes, at (%edi). */
struct memory_insn {
	const char *name;
	uint8_t code[8], len;
	uint16_t size; /* of the operand */
	bool write;
	uint8_t align; /* #EXC_GP when not a multiple, whatever EXC_AC says */
	bool wide; /* has a REX prefix */
	bool no_ac;
	bool supervisor;
};

#define B(...) \
	.code = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})

static const struct memory_insn memory_insns[] = {
	{.name = "popcnt", B(0xf3, 0x0f, 0xb8, 0x07), .size = 4},
	{.name = "lzcnt", B(0xf3, 0x0f, 0xbd, 0x07), .size = 4},
	{.name = "tzcnt", B(0xf3, 0x0f, 0xbc, 0x07), .size = 4},
	{.name = "popcnt 8",
	 B(0xf3, 0x48, 0x0f, 0xb8, 0x07),
	 .size = 8,
	 .wide = true},
	{.name = "movbe load", B(0x0f, 0x38, 0xf0, 0x07), .size = 4},
	{.name = "movbe store",
	 B(0x0f, 0x38, 0xf1, 0x07),
	 .size = 4,
	 .write = true},
	{.name = "crc32", B(0xf2, 0x0f, 0x38, 0xf1, 0x07), .size = 4},
	{.name = "andn", B(0xc4, 0xe2, 0x60, 0xf2, 0x0f), .size = 4},
	{.name = "bextr", B(0xc4, 0xe2, 0x78, 0xf7, 0x0f), .size = 4},
	{.name = "bzhi", B(0xc4, 0xe2, 0x78, 0xf5, 0x0f), .size = 4},
	{.name = "mulx", B(0xc4, 0xe2, 0x63, 0xf6, 0x0f), .size = 4},
	{.name = "pdep", B(0xc4, 0xe2, 0x63, 0xf5, 0x0f), .size = 4},
	{.name = "rorx", B(0xc4, 0xe3, 0x7b, 0xf0, 0x1f, 5), .size = 4},
	{.name = "sarx", B(0xc4, 0xe2, 0x7a, 0xf7, 0x0f), .size = 4},
	{.name = "blsr", B(0xc4, 0xe2, 0x60, 0xf3, 0x0f), .size = 4},
	{.name = "adcx", B(0x66, 0x0f, 0x38, 0xf6, 0x1f), .size = 4},
	{.name = "cmpxchg8b", B(0x0f, 0xc7, 0x0f), .size = 8, .write = true},
	{.name = "lock cmpxchg8b",
	 B(0xf0, 0x0f, 0xc7, 0x0f),
	 .size = 8,
	 .write = true},
	{.name = "lock cmpxchg16b",
	 B(0xf0, 0x48, 0x0f, 0xc7, 0x0f),
	 .size = 16,
	 .write = true,
	 .align = 16,
	 .wide = true},
	{.name = "clwb", B(0x66, 0x0f, 0xae, 0x37), .size = 1, .no_ac = true},
	{.name = "clflushopt",
	 B(0x66, 0x0f, 0xae, 0x3f),
	 .size = 1,
	 .no_ac = true},
	{.name = "ptwrite", B(0xf3, 0x0f, 0xae, 0x27), .size = 4},
	{.name = "fnstcw", B(0xd9, 0x3f), .size = 2, .write = true},
	{.name = "fnstsw", B(0xdd, 0x3f), .size = 2, .write = true},
	{.name = "fldcw", B(0xd9, 0x2f), .size = 2},
	{.name = "fnstenv", B(0xd9, 0x37), .size = 28, .write = true},
	{.name = "fldenv", B(0xd9, 0x27), .size = 28},
	{.name = "fadd single", B(0xd8, 0x07), .size = 4},
	{.name = "fld double", B(0xdd, 0x07), .size = 8},
	{.name = "fistp", B(0xdf, 0x3f), .size = 8, .write = true},
	{.name = "fst single", B(0xd9, 0x17), .size = 4, .write = true},
	{.name = "fnsave", B(0xdd, 0x37), .size = 108, .write = true},
	{.name = "frstor", B(0xdd, 0x27), .size = 108},
	{.name = "ldmxcsr", B(0x0f, 0xae, 0x17), .size = 4},
	{.name = "stmxcsr", B(0x0f, 0xae, 0x1f), .size = 4, .write = true},
	{.name = "vstmxcsr",
	 B(0xc5, 0xf8, 0xae, 0x1f),
	 .size = 4,
	 .write = true},
	{.name = "fxsave",
	 B(0x0f, 0xae, 0x07),
	 .size = 512,
	 .write = true,
	 .align = 16},
	{.name = "fxrstor", B(0x0f, 0xae, 0x0f), .size = 512, .align = 16},
	{.name = "xsave",
	 B(0x0f, 0xae, 0x27),
	 .size = 576,
	 .write = true,
	 .align = 64},
	{.name = "xsaveopt",
	 B(0x0f, 0xae, 0x37),
	 .size = 576,
	 .write = true,
	 .align = 64},
	{.name = "xsavec",
	 B(0x0f, 0xc7, 0x27),
	 .size = 576,
	 .write = true,
	 .align = 64},
	{.name = "xsaves",
	 B(0x0f, 0xc7, 0x2f),
	 .size = 576,
	 .write = true,
	 .align = 64,
	 .supervisor = true},
	{.name = "xrstor", B(0x0f, 0xae, 0x2f), .size = 576, .align = 64},
	{.name = "xrstors",
	 B(0x0f, 0xc7, 0x1f),
	 .size = 576,
	 .align = 64,
	 .supervisor = true},
	{.name = "invpcid",
	 B(0x66, 0x0f, 0x38, 0x82, 0x07),
	 .size = 16,
	 .no_ac = true,
	 .supervisor = true},
	{.name = "movups load", B(0x0f, 0x10, 0x07), .size = 16, .no_ac = true},
	{.name = "movups store",
	 B(0x0f, 0x11, 0x07),
	 .size = 16,
	 .write = true,
	 .no_ac = true},
	{.name = "paddq", B(0x66, 0x0f, 0xd4, 0x07), .size = 16, .align = 16},
	{.name = "pmovzxbd", B(0x66, 0x0f, 0x38, 0x31, 0x07), .size = 4},
	{.name = "movaps load", B(0x0f, 0x28, 0x07), .size = 16, .align = 16},
	{.name = "movaps store",
	 B(0x0f, 0x29, 0x07),
	 .size = 16,
	 .write = true,
	 .align = 16},
	{.name = "movdqa", B(0x66, 0x0f, 0x6f, 0x07), .size = 16, .align = 16},
	{.name = "movntdq",
	 B(0x66, 0x0f, 0xe7, 0x07),
	 .size = 16,
	 .write = true,
	 .align = 16},
	{.name = "movss load", B(0xf3, 0x0f, 0x10, 0x07), .size = 4},
	{.name = "movss store",
	 B(0xf3, 0x0f, 0x11, 0x07),
	 .size = 4,
	 .write = true},
	{.name = "movsd load", B(0xf2, 0x0f, 0x10, 0x07), .size = 8},
	{.name = "movd load", B(0x66, 0x0f, 0x6e, 0x07), .size = 4},
	{.name = "movd store",
	 B(0x66, 0x0f, 0x7e, 0x07),
	 .size = 4,
	 .write = true},
	{.name = "movq store",
	 B(0x66, 0x0f, 0xd6, 0x07),
	 .size = 8,
	 .write = true},
	{.name = "movq mmx", B(0x0f, 0x6f, 0x07), .size = 8},
	{.name = "movhps store", B(0x0f, 0x17, 0x07), .size = 8, .write = true},
	{.name = "movlps load", B(0x0f, 0x12, 0x07), .size = 8},
	{.name = "movnti", B(0x0f, 0xc3, 0x07), .size = 4, .write = true},
	{.name = "pxor", B(0x66, 0x0f, 0xef, 0x07), .size = 16, .align = 16},
	{.name = "vmovdqu load",
	 B(0xc5, 0xfe, 0x6f, 0x07),
	 .size = 32,
	 .no_ac = true},
	{.name = "vmovdqu store",
	 B(0xc5, 0xfe, 0x7f, 0x07),
	 .size = 32,
	 .write = true,
	 .no_ac = true},
	{.name = "vmovdqa", B(0xc5, 0xfd, 0x6f, 0x07), .size = 32, .align = 32},
	{.name = "vpxor", B(0xc5, 0xed, 0xef, 0x07), .size = 32, .no_ac = true},
};

#define MEMORY_INSNS (int)(sizeof(memory_insns) / sizeof(*memory_insns))

static void expect_insn(struct world *w, const struct memory_insn *in,
			unsigned vector, int error)
{
	insn_expect(w, in->name, in->code, in->len, vector, error);
}

static void expect_pf(struct world *w, const struct memory_insn *in, int error,
		      uint64_t address)
{
	expect_insn(w, in, EXC_PF, error);
	ck_assert_msg(w->cpu.fault.address == address, "%s: at %#lx, not %#lx",
		      in->name, (long)w->cpu.fault.address, (long)address);
}

static unsigned cpl_of(const struct memory_insn *in)
{
	return in->supervisor ? 0 : 3;
}

static int code_of(const struct memory_insn *in, int bits)
{
	return bits | (in->write ? 2 : 0) | (in->supervisor ? 0 : 4);
}

static void start(struct world *w, const struct memory_insn *in,
		  enum world_mode mode)
{
	world_init(w, mode, cpl_of(in));
	w->cpu.regs.rax = 1; /* x87 alone, for areas; a type for INVPCID */
	w->cpu.regs.rbx = 0x0101;
}

START_TEST(page_not_present)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	start(&w, in, WORLD_64);
	*world_pte(&w, WORLD_DATA) = 0;
	expect_pf(&w, in, code_of(in, 0), WORLD_DATA);
	world_fini(&w);
}
END_TEST

/* The second page of an operand that crosses into it. */
START_TEST(second_page_not_present)
{
	const struct memory_insn *in = &memory_insns[_i];
	uint64_t next = WORLD_DATA + 4096;
	unsigned before = in->align ? in->align : in->size / 2u;
	struct world w;

	if (in->size <= (in->align ? in->align : 1))
		return;
	start(&w, in, WORLD_64);
	*world_pte(&w, next) = 0;
	w.cpu.regs.rdi = next - before;
	expect_pf(&w, in, code_of(in, 0), next);
	world_fini(&w);
}
END_TEST

START_TEST(first_page_of_two_not_present)
{
	const struct memory_insn *in = &memory_insns[_i];
	unsigned before = in->align ? in->align : in->size / 2u;
	struct world w;

	if (in->size <= (in->align ? in->align : 1))
		return;
	start(&w, in, WORLD_64);
	*world_pte(&w, WORLD_DATA) = 0;
	w.cpu.regs.rdi = WORLD_DATA + 4096 - before;
	expect_pf(&w, in, code_of(in, 0), w.cpu.regs.rdi);
	world_fini(&w);
}
END_TEST

START_TEST(page_not_writable)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	if (!in->write)
		return;
	start(&w, in, WORLD_64);
	*world_pte(&w, WORLD_DATA) &= ~PTE_WRITE;
	expect_pf(&w, in, code_of(in, 1), WORLD_DATA);
	world_fini(&w);
}
END_TEST

START_TEST(page_of_the_supervisor)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	if (in->supervisor)
		return;
	start(&w, in, WORLD_64);
	*world_pte(&w, WORLD_DATA) &= ~PTE_USER;
	expect_pf(&w, in, code_of(in, 1), WORLD_DATA);
	world_fini(&w);
}
END_TEST

START_TEST(reserved_bit)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	start(&w, in, WORLD_64);
	store_le64(w.ram->host + WORLD_PD,
		   load_le64(w.ram->host + WORLD_PD) | PTE_LARGE | 1 << 13);
	/* The code lies in the same large page: hand it in. */
	memcpy(w.ram->host + WORLD_CODE, in->code, in->len);
	ck_assert_int_eq(insn_finish(&w.cpu, in->code, in->len), INSN_FAULT);
	ck_assert_uint_eq(w.cpu.fault.vector, EXC_PF);
	ck_assert_int_eq(w.cpu.fault.error, code_of(in, 9));
	world_fini(&w);
}
END_TEST

START_TEST(users_page_under_smap)
{
	struct memory_insn in = memory_insns[_i];
	struct world w;

	in.supervisor = true;
	start(&w, &in, WORLD_64);
	w.cpu.sregs.cr4 |= CR4_SMAP;
	expect_pf(&w, &in, code_of(&in, 1), WORLD_DATA);
	w.cpu.regs.rflags |= FLAG_AC;
	*world_pte(&w, WORLD_DATA) = 0;
	expect_pf(&w, &in, code_of(&in, 0), WORLD_DATA);
	world_fini(&w);
}
END_TEST

static void set_pkru(struct world *w, uint32_t pkru)
{
	w->layout.part[9].offset = 8192;
	w->layout.part[9].size = 8;
	w->layout.supported |= 1u << 9;
	store_le32(w->xsave + 8192, pkru);
	store_le64(w->xsave + 512, 1u << 9);
}

START_TEST(protection_key)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	start(&w, in, WORLD_64);
	w.cpu.sregs.cr4 |= CR4_PKE;
	*world_pte(&w, WORLD_DATA) |= UINT64_C(5) << 59;
	set_pkru(&w, 1u << 10);
	expect_pf(&w, in, code_of(in, 0x21), WORLD_DATA);
	world_fini(&w);
}
END_TEST

START_TEST(not_canonical)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	start(&w, in, WORLD_64);
	w.cpu.regs.rdi = NOT_CANONICAL;
	expect_insn(&w, in, EXC_GP, 0);
	/* The last byte alone. */
	if (in->size > 1 && !in->align) {
		w.cpu.regs.rdi = NOT_CANONICAL - 1;
		expect_insn(&w, in, EXC_GP, 0);
	}
	world_fini(&w);
}
END_TEST

START_TEST(beyond_the_limit)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	if (in->wide)
		return;
	start(&w, in, WORLD_32);
	w.cpu.sregs.ds.limit = WORLD_DATA + in->size - 2;
	expect_insn(&w, in, EXC_GP, 0);
	/* EXC_SS: override */
	w.cpu.sregs.ss.limit = w.cpu.sregs.ds.limit;
	{
		uint8_t code[9] = {0x36};

		memcpy(code + 1, in->code, in->len);
		insn_expect(&w, in->name, code, in->len + 1u, EXC_SS, 0);
	}
	world_fini(&w);
}
END_TEST

START_TEST(segment_does_not_allow_it)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	if (in->wide)
		return;
	start(&w, in, WORLD_32);
	w.cpu.sregs.ds.unusable = 1;
	expect_insn(&w, in, EXC_GP, 0);
	w.cpu.sregs.ds.unusable = 0;
	w.cpu.sregs.ds.type = in->write ? 1 : 9; /* read or execute only */
	expect_insn(&w, in, EXC_GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(real_mode_has_no_error_code)
{
	const struct memory_insn *in = &memory_insns[_i];
	uint8_t code[9] = {0x67}; /* 32-bit addresses: (%edi) */
	struct world w;

	if (in->wide || in->code[0] == 0xc4 || in->code[0] == 0xc5)
		return;
	start(&w, in, WORLD_REAL);
	w.cpu.regs.rdi = 0x10000;
	memcpy(code + 1, in->code, in->len);
	insn_expect(&w, in->name, code, in->len + 1u, EXC_GP, -1);
	world_fini(&w);
}
END_TEST

START_TEST(misaligned)
{
	const struct memory_insn *in = &memory_insns[_i];
	struct world w;

	start(&w, in, WORLD_64);
	w.cpu.regs.rdi |= 1;
	if (in->align) {
		expect_insn(&w, in, EXC_GP, 0);
	} else if (in->size > 1 && !in->no_ac) {
		w.cpu.sregs.cr0 |= CR0_AM;
		w.cpu.regs.rflags |= FLAG_AC;
		expect_insn(&w, in, EXC_AC, 0);
	}
	world_fini(&w);
}
END_TEST

static const TTest *const *const loops[] = {
	&page_not_present,
	&second_page_not_present,
	&first_page_of_two_not_present,
	&page_not_writable,
	&page_of_the_supervisor,
	&reserved_bit,
	&users_page_under_smap,
	&protection_key,
	&not_canonical,
	&beyond_the_limit,
	&segment_does_not_allow_it,
	&real_mode_has_no_error_code,
	&misaligned,
};

int main(void)
{
	TCase *tc = tcase_create("insn_fault");
	size_t i;

	for (i = 0; i < sizeof(loops) / sizeof(*loops); i++)
		tcase_add_loop_test(tc, *loops[i], 0, MEMORY_INSNS);
	return unit_run_case("insn_fault", tc);
}
