/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What finished instructions refuse: units that are switched off, privilege,
 * values; code that cannot be read; and what comes with any instruction.
 */
#include <string.h>

#include "tests/unit/insn_expect.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"
#include "vmm/page_walk.h"

#define CR0_MP	      0x2u
#define CR0_EM	      0x4u
#define CR0_TS	      0x8u
#define CR4_OSFXSR    0x200u
#define CR4_XSAVE     0x40000u
#define FLAG_TF	      0x100u
#define NOT_CANONICAL UINT64_C(0x0000800000000000)

#define B(...) \
	.code = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})

/* What an instruction's unit must be switched on for. */
struct unit_insn {
	const char *name;
	uint8_t code[8], len;
	unsigned em, ts; /* exceptions for CR0.EM and CR0.TS; 0: none */
	bool osfxsr, osxsave; /* #EXC_UD without them */
};

static const struct unit_insn unit_insns[] = {
	{.name = "fninit", B(0xdb, 0xe3), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fnclex", B(0xdb, 0xe2), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fnstcw", B(0xd9, 0x3f), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fnstsw", B(0xdf, 0xe0), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fldcw", B(0xd9, 0x2f), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fld1", B(0xd9, 0xe8), .em = EXC_NM, .ts = EXC_NM},
	{.name = "emms", B(0x0f, 0x77), .em = EXC_UD, .ts = EXC_NM},
	{.name = "movq mmx", B(0x0f, 0x6f, 0x07), .em = EXC_UD, .ts = EXC_NM},
	{.name = "fxsave", B(0x0f, 0xae, 0x07), .em = EXC_NM, .ts = EXC_NM},
	{.name = "fxrstor", B(0x0f, 0xae, 0x0f), .em = EXC_NM, .ts = EXC_NM},
	{.name = "ldmxcsr",
	 B(0x0f, 0xae, 0x17),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "stmxcsr",
	 B(0x0f, 0xae, 0x1f),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "movaps",
	 B(0x0f, 0x28, 0x07),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "movd",
	 B(0x66, 0x0f, 0x6e, 0xc0),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "movss",
	 B(0xf3, 0x0f, 0x10, 0x07),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "pxor",
	 B(0x66, 0x0f, 0xef, 0xc0),
	 .em = EXC_UD,
	 .ts = EXC_NM,
	 .osfxsr = true},
	{.name = "vmovdqu",
	 B(0xc5, 0xfe, 0x6f, 0x07),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "vstmxcsr",
	 B(0xc5, 0xf8, 0xae, 0x1f),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "vzeroupper",
	 B(0xc5, 0xf8, 0x77),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xsave",
	 B(0x0f, 0xae, 0x27),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xsaveopt",
	 B(0x0f, 0xae, 0x37),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xsavec",
	 B(0x0f, 0xc7, 0x27),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xsaves",
	 B(0x0f, 0xc7, 0x2f),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xrstor",
	 B(0x0f, 0xae, 0x2f),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xrstors",
	 B(0x0f, 0xc7, 0x1f),
	 .em = 0,
	 .ts = EXC_NM,
	 .osxsave = true},
	{.name = "xgetbv",
	 B(0x0f, 0x01, 0xd0),
	 .em = 0,
	 .ts = 0,
	 .osxsave = true},
	{.name = "xsetbv",
	 B(0x0f, 0x01, 0xd1),
	 .em = 0,
	 .ts = 0,
	 .osxsave = true},
};

static void check_unit(const struct unit_insn *in)
{
	struct world w;

	world_init(&w, WORLD_64, 0);
	if (in->em) {
		w.cpu.sregs.cr0 |= CR0_EM;
		insn_expect(&w, in->name, in->code, in->len, in->em, -1);
		w.cpu.sregs.cr0 &= ~(uint64_t)CR0_EM;
	}
	if (in->osfxsr) {
		w.cpu.sregs.cr4 &= ~(uint64_t)CR4_OSFXSR;
		insn_expect(&w, in->name, in->code, in->len, EXC_UD, -1);
		w.cpu.sregs.cr4 |= CR4_OSFXSR;
	}
	if (in->osxsave) {
		w.cpu.sregs.cr4 &= ~(uint64_t)CR4_XSAVE;
		insn_expect(&w, in->name, in->code, in->len, EXC_UD, -1);
		w.cpu.sregs.cr4 |= CR4_XSAVE;
	}
	if (in->ts) {
		w.cpu.sregs.cr0 |= CR0_TS;
		insn_expect(&w, in->name, in->code, in->len, in->ts, -1);
	}
	world_fini(&w);
}

START_TEST(unit_is_off)
{
	size_t i;

	for (i = 0; i < sizeof(unit_insns) / sizeof(*unit_insns); i++)
		check_unit(&unit_insns[i]);
}
END_TEST

START_TEST(avx_needs_xcr0)
{
	static const uint8_t vmovdqu[] = {0xc5, 0xfe, 0x6f, 0x07};
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.xcr0 = 3;
	insn_expect(&w, "vmovdqu", vmovdqu, 4, EXC_UD, -1);
	world_fini(&w);
}
END_TEST

START_TEST(fwait_waits)
{
	static const uint8_t fwait[] = {0x9b}, fldcw[] = {0xd9, 0x2f};
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.cpu.sregs.cr0 |= CR0_TS;
	ck_assert_int_eq(world_run(&w, fwait, 1), INSN_DONE);
	w.cpu.sregs.cr0 |= CR0_MP;
	insn_expect(&w, "fwait", fwait, 1, EXC_NM, -1);
	w.cpu.sregs.cr0 &= ~(uint64_t)CR0_TS;
	store_le64(w.xsave + 512, 1);
	store_le16(w.xsave, 0x37e);
	store_le16(w.xsave + 2, 0x8081);
	insn_expect(&w, "fwait", fwait, 1, EXC_MF, -1);
	insn_expect(&w, "fldcw", fldcw, 2, EXC_MF, -1);
	world_fini(&w);
}
END_TEST

/* What the guest does not mask is the guest's, not ours. */
START_TEST(x87_exceptions_wait_for_the_next)
{
	static const uint8_t fld1[] = {0xd9, 0xe8}, fldz[] = {0xd9, 0xee};
	static const uint8_t fdivp[] = {0xde, 0xf9}, fistp[] = {0xdf, 0x3f};
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.cpu.regs.rdi = WORLD_DATA;
	ck_assert_int_eq(world_run(&w, fld1, 2), INSN_DONE);
	ck_assert_int_eq(world_run(&w, fldz, 2), INSN_DONE);
	store_le16(w.xsave, 0x340);
	/* Divided by zero. */
	ck_assert_int_eq(world_run(&w, fdivp, 2), INSN_DONE);
	ck_assert_uint_eq(load_le16(w.xsave + 2) & 0x80ff, 0x8084);
	insn_expect(&w, "fld1", fld1, 2, EXC_MF, -1);
	/* As XRSTOR may leave it: an exception without its summary. */
	store_le16(w.xsave + 2, 0x0001);
	insn_expect(&w, "fld1", fld1, 2, EXC_MF, -1);
	/* An empty register is stored nowhere. */
	store_le16(w.xsave + 2, 0);
	w.xsave[4] = 0;
	memset(w.ram->host + WORLD_DATA, 0x5a, 8);
	ck_assert_int_eq(world_run(&w, fistp, 2), INSN_DONE);
	ck_assert_uint_eq(load_le16(w.xsave + 2) & 0x80c1, 0x80c1);
	ck_assert_uint_eq(load_le64(w.ram->host + WORLD_DATA),
			  UINT64_C(0x5a5a5a5a5a5a5a5a));
	world_fini(&w);
}
END_TEST

START_TEST(only_for_the_supervisor)
{
	static const struct {
		uint8_t code[5], len, vector;
	} rows[] = {
		{{0x0f, 0x01, 0xca}, 3, EXC_UD}, /* clac */
		{{0x0f, 0x01, 0xcb}, 3, EXC_UD}, /* stac */
		{{0x0f, 0x01, 0xd1}, 3, EXC_GP}, /* xsetbv */
		{{0x0f, 0x01, 0xf8}, 3, EXC_GP}, /* swapgs */
		{{0x0f, 0xc7, 0x2f}, 3, EXC_GP}, /* xsaves */
		{{0x0f, 0xc7, 0x1f}, 3, EXC_GP}, /* xrstors */
		{{0x66, 0x0f, 0x38, 0x82, 0x07}, 5, EXC_GP}, /* invpcid */
	};
	struct world w;
	size_t i;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rax = 1;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		insn_expect(&w, "supervisor's", rows[i].code, rows[i].len,
			    rows[i].vector, rows[i].vector == EXC_GP ? 0 : -1);
	world_fini(&w);
}
END_TEST

START_TEST(values_that_are_refused)
{
	static const uint8_t ldmxcsr[] = {0x0f, 0xae, 0x17},
			     fxrstor[] = {0x0f, 0xae, 0x0f},
			     xsetbv[] = {0x0f, 0x01, 0xd1},
			     xgetbv[] = {0x0f, 0x01, 0xd0},
			     wrfsbase[] = {0xf3, 0x48, 0x0f, 0xae, 0xd0};
	static const uint64_t xcr0[] = {
		0, 2, 6, 5, 0x27, 0x67, UINT64_C(1) << 62};
	struct world w;
	size_t i;

	world_init(&w, WORLD_64, 0);
	store_le32(w.ram->host + WORLD_DATA, 0x10000);
	insn_expect(&w, "ldmxcsr", ldmxcsr, 3, EXC_GP, 0);
	store_le32(w.ram->host + WORLD_DATA + 24, 0x10000);
	insn_expect(&w, "fxrstor", fxrstor, 3, EXC_GP, 0);
	for (i = 0; i < sizeof(xcr0) / sizeof(*xcr0); i++) {
		w.cpu.regs.rax = xcr0[i];
		w.cpu.regs.rdx = xcr0[i] >> 32;
		insn_expect(&w, "xsetbv", xsetbv, 3, EXC_GP, 0);
	}
	w.cpu.regs.rax = 7;
	w.cpu.regs.rdx = 0;
	w.cpu.regs.rcx = 1;
	insn_expect(&w, "xsetbv", xsetbv, 3, EXC_GP, 0);
	w.cpu.regs.rcx = 2;
	insn_expect(&w, "xgetbv", xgetbv, 3, EXC_GP, 0);
	insn_expect(&w, "wrfsbase", wrfsbase, 5, EXC_UD, -1);
	w.cpu.sregs.cr4 |= 0x10000;
	w.cpu.regs.rax = NOT_CANONICAL;
	insn_expect(&w, "wrfsbase", wrfsbase, 5, EXC_GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(headers_that_xrstor_refuses)
{
	static const uint8_t xrstor[] = {0x0f, 0xae, 0x2f},
			     xrstors[] = {0x0f, 0xc7, 0x1f};
	static const struct {
		uint64_t bv, comp, rest;
	} rows[] = {
		{UINT64_C(1) << 40, 0, 0}, /* not in XCR0 */
		{3, 1, 0}, /* standard form, and XCOMP_BV */
		{3, 0, 1},
		{2, UINT64_C(1) << 63 | 1, 0}, /* not in XCOMP_BV */
		{1, UINT64_C(1) << 63 | UINT64_C(1) << 40, 0},
		{1, UINT64_C(1) << 63 | 1, 1},
	};
	uint8_t *header;
	struct world w;
	size_t i;

	world_init(&w, WORLD_64, 0);
	w.cpu.regs.rax = 3;
	header = w.ram->host + WORLD_DATA + 512;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		store_le64(header, rows[i].bv);
		store_le64(header + 8, rows[i].comp);
		store_le64(header + 16, rows[i].rest);
		insn_expect(&w, "xrstor", xrstor, 3, EXC_GP, 0);
	}
	/* XRSTORS takes the compacted form alone. */
	memset(header, 0, 64);
	insn_expect(&w, "xrstors", xrstors, 3, EXC_GP, 0);
	/* A bad MXCSR. */
	store_le64(header, 2);
	store_le32(w.ram->host + WORLD_DATA + 24, 0x10000);
	insn_expect(&w, "xrstor", xrstor, 3, EXC_GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(descriptors_that_invpcid_refuses)
{
	static const uint8_t invpcid[] = {0x66, 0x0f, 0x38, 0x82, 0x07};
	uint8_t *desc;
	struct world w;

	world_init(&w, WORLD_64, 0);
	desc = w.ram->host + WORLD_DATA;
	w.cpu.regs.rax = 4;
	insn_expect(&w, "type", invpcid, 5, EXC_GP, 0);
	w.cpu.regs.rax = 2;
	store_le64(desc, 0x1000);
	insn_expect(&w, "reserved", invpcid, 5, EXC_GP, 0);
	w.cpu.regs.rax = 1;
	store_le64(desc, 1);
	insn_expect(&w, "no PCIDE", invpcid, 5, EXC_GP, 0);
	w.cpu.regs.rax = 0;
	store_le64(desc, 0);
	store_le64(desc + 8, NOT_CANONICAL);
	insn_expect(&w, "address", invpcid, 5, EXC_GP, 0);
	store_le64(desc + 8, 0);
	ck_assert_int_eq(world_run(&w, invpcid, 5), INSN_DONE);
	ck_assert_uint_eq(w.flushes, 1);
	world_fini(&w);
}
END_TEST

START_TEST(undefined)
{
	static const uint8_t ud2[] = {0x0f, 0x0b}, lock[] = {0xf0, 0x0f, 0xb8},
			     reserved[] = {0x0f, 0xa6, 0xff}, into[] = {0xce};
	struct world w;

	world_init(&w, WORLD_64, 3);
	insn_expect(&w, "ud2", ud2, 2, EXC_UD, -1);
	insn_expect(&w, "lock", lock, 3, EXC_UD, -1);
	insn_expect(&w, "reserved", reserved, 3, EXC_UD, -1);
	insn_expect(&w, "into", into, 1, EXC_UD, -1);
	world_fini(&w);
}
END_TEST

/* The code itself cannot be read. */
START_TEST(code_is_not_there)
{
	static const uint8_t popcnt[] = {0xf3, 0x0f, 0xb8, 0x07};
	struct world w;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rip = WORLD_CODE + 4094;
	memcpy(w.ram->host + w.cpu.regs.rip, popcnt, 4);
	*world_pte(&w, WORLD_CODE + 4096) |= PTE_NO_EXECUTE;
	ck_assert_int_eq(insn_finish(&w.cpu, NULL, 0), INSN_FAULT);
	ck_assert_uint_eq(w.cpu.fault.vector, EXC_PF);
	ck_assert_uint_eq(w.cpu.fault.error, 0x15);
	ck_assert_uint_eq(w.cpu.fault.address, WORLD_CODE + 4096);
	/* Two bytes are known: the rest is read. */
	ck_assert_int_eq(insn_finish(&w.cpu, popcnt, 2), INSN_FAULT);
	ck_assert_uint_eq(w.cpu.fault.address, WORLD_CODE + 4096);
	/* All are known. */
	ck_assert_int_eq(insn_finish(&w.cpu, popcnt, 4), INSN_DONE);
	world_fini(&w);
}
END_TEST

START_TEST(too_long)
{
	uint8_t code[16];
	struct world w;

	memset(code, 0x66, sizeof(code));
	world_init(&w, WORLD_64, 3);
	insn_expect(&w, "16 prefixes", code, sizeof(code), EXC_GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(single_stepping)
{
	static const uint8_t popcnt[] = {0xf3, 0x0f, 0xb8, 0xc3};
	struct world w;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rflags |= FLAG_TF;
	w.cpu.regs.rbx = 3;
	ck_assert_int_eq(world_run(&w, popcnt, 4), INSN_DONE);
	ck_assert(w.cpu.fault.trap && w.cpu.single_step);
	ck_assert_uint_eq(w.cpu.fault.vector, 1);
	ck_assert_uint_eq(w.cpu.regs.rax, 2);
	ck_assert_uint_eq(w.cpu.regs.rip, WORLD_CODE + 4);
	world_fini(&w);
}
END_TEST

START_TEST(int1_traps)
{
	static const uint8_t int1[] = {0xf1};
	struct world w;

	world_init(&w, WORLD_64, 3);
	ck_assert_int_eq(world_run(&w, int1, 1), INSN_DONE);
	ck_assert(w.cpu.fault.trap && !w.cpu.single_step);
	ck_assert_uint_eq(w.cpu.fault.vector, 1);
	ck_assert_uint_eq(w.cpu.regs.rip, WORLD_CODE + 1);
	world_fini(&w);
}
END_TEST

START_TEST(the_shadow_and_rf_end)
{
	static const uint8_t popcnt[] = {0xf3, 0x0f, 0xb8, 0xc3};
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.cpu.shadow = true;
	w.cpu.regs.rflags |= 0x10000;
	ck_assert_int_eq(world_run(&w, popcnt, 4), INSN_DONE);
	ck_assert(!w.cpu.shadow);
	ck_assert_uint_eq(w.cpu.regs.rflags & 0x10000, 0);
	world_fini(&w);
}
END_TEST

START_TEST(unknown_changes_nothing)
{
	static const uint8_t addps[] = {0x0f, 0x58, 0xc1};
	struct world w;

	world_init(&w, WORLD_64, 0);
	insn_expect_unknown(&w, "addps", addps, 3);
	ck_assert_str_eq(insn_name(w.cpu.kind), "addps");
	world_fini(&w);
}
END_TEST

UNIT_MAIN("insn_refuse", unit_is_off, avx_needs_xcr0, fwait_waits,
	  x87_exceptions_wait_for_the_next, only_for_the_supervisor,
	  values_that_are_refused, headers_that_xrstor_refuses,
	  descriptors_that_invpcid_refuses, undefined, code_is_not_there,
	  too_long, single_stepping, int1_traps, the_shadow_and_rf_end,
	  unknown_changes_nothing)
