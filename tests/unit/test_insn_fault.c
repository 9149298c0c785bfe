/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each finished instruction can raise, and that nothing changes then:
 * registers, segments, extended state and memory (but accessed bits) stay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/insn_world.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"
#include "vmm/page_walk.h"

#define UD	      6
#define NM	      7
#define NP	      11
#define SS	      12
#define GP	      13
#define PF	      14
#define MF	      16
#define AC	      17

#define CR0_MP	      0x2u
#define CR0_EM	      0x4u
#define CR0_TS	      0x8u
#define CR0_AM	      0x40000u
#define CR4_OSFXSR    0x200u
#define CR4_SMAP      0x200000u
#define CR4_PKE	      0x400000u
#define CR4_XSAVE     0x40000u
#define FLAG_TF	      0x100u
#define FLAG_AC	      0x40000u
#define USED	      WORLD_STACK /* all that a test reaches */
#define NOT_CANONICAL UINT64_C(0x0000800000000000)

/* The operand is at (%rdi) or, as the same bytes, at (%edi). */
struct memory_insn {
	const char *name;
	uint8_t code[8], len;
	uint16_t size; /* of the operand */
	bool write;
	uint8_t align; /* #GP when not a multiple, whatever AC says */
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

/* All that an instruction could change. */
struct snapshot {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint8_t *ram;
	uint8_t xsave[WORLD_XSAVE];
	uint64_t xcr0;
	bool shadow, nmi_masked;
};

static void take(struct snapshot *s, struct world *w)
{
	s->regs = w->cpu.regs;
	s->sregs = w->cpu.sregs;
	s->ram = malloc(USED);
	memcpy(s->ram, w->ram->host, USED);
	memcpy(s->xsave, w->xsave, WORLD_XSAVE);
	s->xcr0 = w->xcr0;
	s->shadow = w->cpu.shadow;
	s->nmi_masked = w->cpu.nmi_masked;
}

static void clear_accessed(uint8_t *ram)
{
	unsigned i;

	for (i = WORLD_PML4; i < WORLD_PT + 4096; i += 8)
		ram[i] &= (uint8_t) ~(PTE_ACCESSED | PTE_DIRTY);
}

static void check_same(struct snapshot *s, struct world *w, const char *name)
{
	clear_accessed(s->ram);
	clear_accessed(w->ram->host);
	ck_assert_msg(!memcmp(&s->regs, &w->cpu.regs, sizeof(s->regs)),
		      "%s: registers changed", name);
	ck_assert_msg(!memcmp(&s->sregs, &w->cpu.sregs, sizeof(s->sregs)),
		      "%s: system registers changed", name);
	ck_assert_msg(!memcmp(s->ram, w->ram->host, USED), "%s: memory changed",
		      name);
	ck_assert_msg(!memcmp(s->xsave, w->xsave, WORLD_XSAVE),
		      "%s: extended state changed", name);
	ck_assert(!w->cpu.xsave_changed && !w->cpu.sregs_changed);
	ck_assert(s->xcr0 == w->xcr0 && s->shadow == w->cpu.shadow &&
		  s->nmi_masked == w->cpu.nmi_masked);
	ck_assert(!w->mmio_reads && !w->mmio_writes && !w->flushes);
	free(s->ram);
}

static void put_code(struct world *w, const uint8_t *code, size_t len)
{
	memcpy(w->ram->host + w->cpu.sregs.cs.base + w->cpu.regs.rip, code,
	       len);
}

/* Runs what must raise vector, with an error code unless error is negative. */
static void expect(struct world *w, const char *name, const uint8_t *code,
		   size_t len, unsigned vector, int error)
{
	const struct insn_fault *f = &w->cpu.fault;
	struct snapshot s;
	enum insn_result rc;

	put_code(w, code, len);
	w->cpu.shadow = w->cpu.nmi_masked = true;
	take(&s, w);
	rc = world_run(w, code, len);
	ck_assert_msg(rc == INSN_FAULT && f->vector == vector && !f->trap,
		      "%s: result %d, exception %u, not %u", name, rc,
		      f->vector, vector);
	ck_assert_msg(f->has_error == (error >= 0) &&
			      (error < 0 || f->error == (unsigned)error),
		      "%s: error code %#x, not %#x", name, f->error,
		      (unsigned)error);
	check_same(&s, w, name);
}

static void expect_insn(struct world *w, const struct memory_insn *in,
			unsigned vector, int error)
{
	expect(w, in->name, in->code, in->len, vector, error);
}

static void expect_pf(struct world *w, const struct memory_insn *in, int error,
		      uint64_t address)
{
	expect_insn(w, in, PF, error);
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
	ck_assert_uint_eq(w.cpu.fault.vector, PF);
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
	expect_insn(&w, in, GP, 0);
	/* The last byte alone. */
	if (in->size > 1 && !in->align) {
		w.cpu.regs.rdi = NOT_CANONICAL - 1;
		expect_insn(&w, in, GP, 0);
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
	expect_insn(&w, in, GP, 0);
	/* SS: override */
	w.cpu.sregs.ss.limit = w.cpu.sregs.ds.limit;
	{
		uint8_t code[9] = {0x36};

		memcpy(code + 1, in->code, in->len);
		expect(&w, in->name, code, in->len + 1u, SS, 0);
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
	expect_insn(&w, in, GP, 0);
	w.cpu.sregs.ds.unusable = 0;
	w.cpu.sregs.ds.type = in->write ? 1 : 9; /* read or execute only */
	expect_insn(&w, in, GP, 0);
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
	expect(&w, in->name, code, in->len + 1u, GP, -1);
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
		expect_insn(&w, in, GP, 0);
	} else if (in->size > 1 && !in->no_ac) {
		w.cpu.sregs.cr0 |= CR0_AM;
		w.cpu.regs.rflags |= FLAG_AC;
		expect_insn(&w, in, AC, 0);
	}
	world_fini(&w);
}
END_TEST

/* What an instruction's unit must be switched on for. */
struct unit_insn {
	const char *name;
	uint8_t code[8], len;
	unsigned em, ts; /* exceptions for CR0.EM and CR0.TS; 0: none */
	bool osfxsr, osxsave; /* #UD without them */
};

static const struct unit_insn unit_insns[] = {
	{.name = "fninit", B(0xdb, 0xe3), .em = NM, .ts = NM},
	{.name = "fnclex", B(0xdb, 0xe2), .em = NM, .ts = NM},
	{.name = "fnstcw", B(0xd9, 0x3f), .em = NM, .ts = NM},
	{.name = "fnstsw", B(0xdf, 0xe0), .em = NM, .ts = NM},
	{.name = "fldcw", B(0xd9, 0x2f), .em = NM, .ts = NM},
	{.name = "emms", B(0x0f, 0x77), .em = UD, .ts = NM},
	{.name = "movq mmx", B(0x0f, 0x6f, 0x07), .em = UD, .ts = NM},
	{.name = "fxsave", B(0x0f, 0xae, 0x07), .em = NM, .ts = NM},
	{.name = "fxrstor", B(0x0f, 0xae, 0x0f), .em = NM, .ts = NM},
	{.name = "ldmxcsr",
	 B(0x0f, 0xae, 0x17),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "stmxcsr",
	 B(0x0f, 0xae, 0x1f),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "movaps",
	 B(0x0f, 0x28, 0x07),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "movd",
	 B(0x66, 0x0f, 0x6e, 0xc0),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "movss",
	 B(0xf3, 0x0f, 0x10, 0x07),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "pxor",
	 B(0x66, 0x0f, 0xef, 0xc0),
	 .em = UD,
	 .ts = NM,
	 .osfxsr = true},
	{.name = "vmovdqu",
	 B(0xc5, 0xfe, 0x6f, 0x07),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "vstmxcsr",
	 B(0xc5, 0xf8, 0xae, 0x1f),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "vzeroupper",
	 B(0xc5, 0xf8, 0x77),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xsave",
	 B(0x0f, 0xae, 0x27),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xsaveopt",
	 B(0x0f, 0xae, 0x37),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xsavec",
	 B(0x0f, 0xc7, 0x27),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xsaves",
	 B(0x0f, 0xc7, 0x2f),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xrstor",
	 B(0x0f, 0xae, 0x2f),
	 .em = 0,
	 .ts = NM,
	 .osxsave = true},
	{.name = "xrstors",
	 B(0x0f, 0xc7, 0x1f),
	 .em = 0,
	 .ts = NM,
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

#define UNIT_INSNS (int)(sizeof(unit_insns) / sizeof(*unit_insns))

START_TEST(unit_is_off)
{
	const struct unit_insn *in = &unit_insns[_i];
	struct world w;

	world_init(&w, WORLD_64, 0);
	if (in->em) {
		w.cpu.sregs.cr0 |= CR0_EM;
		expect(&w, in->name, in->code, in->len, in->em, -1);
		w.cpu.sregs.cr0 &= ~(uint64_t)CR0_EM;
	}
	if (in->osfxsr) {
		w.cpu.sregs.cr4 &= ~(uint64_t)CR4_OSFXSR;
		expect(&w, in->name, in->code, in->len, UD, -1);
		w.cpu.sregs.cr4 |= CR4_OSFXSR;
	}
	if (in->osxsave) {
		w.cpu.sregs.cr4 &= ~(uint64_t)CR4_XSAVE;
		expect(&w, in->name, in->code, in->len, UD, -1);
		w.cpu.sregs.cr4 |= CR4_XSAVE;
	}
	if (in->ts) {
		w.cpu.sregs.cr0 |= CR0_TS;
		expect(&w, in->name, in->code, in->len, in->ts, -1);
	}
	world_fini(&w);
}
END_TEST

START_TEST(avx_needs_xcr0)
{
	static const uint8_t vmovdqu[] = {0xc5, 0xfe, 0x6f, 0x07};
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.xcr0 = 3;
	expect(&w, "vmovdqu", vmovdqu, 4, UD, -1);
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
	expect(&w, "fwait", fwait, 1, NM, -1);
	w.cpu.sregs.cr0 &= ~(uint64_t)CR0_TS;
	store_le64(w.xsave + 512, 1);
	store_le16(w.xsave, 0x37e);
	store_le16(w.xsave + 2, 0x8081);
	expect(&w, "fwait", fwait, 1, MF, -1);
	expect(&w, "fldcw", fldcw, 2, MF, -1);
	world_fini(&w);
}
END_TEST

START_TEST(only_for_the_supervisor)
{
	static const struct {
		uint8_t code[5], len, vector;
	} rows[] = {
		{{0x0f, 0x01, 0xca}, 3, UD}, /* clac */
		{{0x0f, 0x01, 0xcb}, 3, UD}, /* stac */
		{{0x0f, 0x01, 0xd1}, 3, GP}, /* xsetbv */
		{{0x0f, 0x01, 0xf8}, 3, GP}, /* swapgs */
		{{0x0f, 0xc7, 0x2f}, 3, GP}, /* xsaves */
		{{0x0f, 0xc7, 0x1f}, 3, GP}, /* xrstors */
		{{0x66, 0x0f, 0x38, 0x82, 0x07}, 5, GP}, /* invpcid */
	};
	struct world w;
	size_t i;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rax = 1;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(&w, "supervisor's", rows[i].code, rows[i].len,
		       rows[i].vector, rows[i].vector == GP ? 0 : -1);
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
	expect(&w, "ldmxcsr", ldmxcsr, 3, GP, 0);
	store_le32(w.ram->host + WORLD_DATA + 24, 0x10000);
	expect(&w, "fxrstor", fxrstor, 3, GP, 0);
	for (i = 0; i < sizeof(xcr0) / sizeof(*xcr0); i++) {
		w.cpu.regs.rax = xcr0[i];
		w.cpu.regs.rdx = xcr0[i] >> 32;
		expect(&w, "xsetbv", xsetbv, 3, GP, 0);
	}
	w.cpu.regs.rax = 7;
	w.cpu.regs.rdx = 0;
	w.cpu.regs.rcx = 1;
	expect(&w, "xsetbv", xsetbv, 3, GP, 0);
	w.cpu.regs.rcx = 2;
	expect(&w, "xgetbv", xgetbv, 3, GP, 0);
	expect(&w, "wrfsbase", wrfsbase, 5, UD, -1);
	w.cpu.sregs.cr4 |= 0x10000;
	w.cpu.regs.rax = NOT_CANONICAL;
	expect(&w, "wrfsbase", wrfsbase, 5, GP, 0);
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
		expect(&w, "xrstor", xrstor, 3, GP, 0);
	}
	/* XRSTORS takes the compacted form alone. */
	memset(header, 0, 64);
	expect(&w, "xrstors", xrstors, 3, GP, 0);
	/* A bad MXCSR. */
	store_le64(header, 2);
	store_le32(w.ram->host + WORLD_DATA + 24, 0x10000);
	expect(&w, "xrstor", xrstor, 3, GP, 0);
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
	expect(&w, "type", invpcid, 5, GP, 0);
	w.cpu.regs.rax = 2;
	store_le64(desc, 0x1000);
	expect(&w, "reserved", invpcid, 5, GP, 0);
	w.cpu.regs.rax = 1;
	store_le64(desc, 1);
	expect(&w, "no PCIDE", invpcid, 5, GP, 0);
	w.cpu.regs.rax = 0;
	store_le64(desc, 0);
	store_le64(desc + 8, NOT_CANONICAL);
	expect(&w, "address", invpcid, 5, GP, 0);
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
	expect(&w, "ud2", ud2, 2, UD, -1);
	expect(&w, "lock", lock, 3, UD, -1);
	expect(&w, "reserved", reserved, 3, UD, -1);
	expect(&w, "into", into, 1, UD, -1);
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
	ck_assert_uint_eq(w.cpu.fault.vector, PF);
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
	expect(&w, "16 prefixes", code, sizeof(code), GP, 0);
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
	struct snapshot s;
	struct world w;

	world_init(&w, WORLD_64, 0);
	put_code(&w, addps, 3);
	take(&s, &w);
	ck_assert_int_eq(world_run(&w, addps, 3), INSN_UNKNOWN);
	check_same(&s, &w, "addps");
	ck_assert_str_eq(insn_name(w.cpu.kind), "addps");
	world_fini(&w);
}
END_TEST

static const struct {
	const TTest *const *test;
	int n;
} loops[] = {
	{&page_not_present, MEMORY_INSNS},
	{&second_page_not_present, MEMORY_INSNS},
	{&first_page_of_two_not_present, MEMORY_INSNS},
	{&page_not_writable, MEMORY_INSNS},
	{&page_of_the_supervisor, MEMORY_INSNS},
	{&reserved_bit, MEMORY_INSNS},
	{&users_page_under_smap, MEMORY_INSNS},
	{&protection_key, MEMORY_INSNS},
	{&not_canonical, MEMORY_INSNS},
	{&beyond_the_limit, MEMORY_INSNS},
	{&segment_does_not_allow_it, MEMORY_INSNS},
	{&real_mode_has_no_error_code, MEMORY_INSNS},
	{&misaligned, MEMORY_INSNS},
	{&unit_is_off, UNIT_INSNS},
	{&avx_needs_xcr0, 1},
	{&fwait_waits, 1},
	{&only_for_the_supervisor, 1},
	{&values_that_are_refused, 1},
	{&headers_that_xrstor_refuses, 1},
	{&descriptors_that_invpcid_refuses, 1},
	{&undefined, 1},
	{&code_is_not_there, 1},
	{&too_long, 1},
	{&single_stepping, 1},
	{&int1_traps, 1},
	{&the_shadow_and_rf_end, 1},
	{&unknown_changes_nothing, 1},
};

int main(void)
{
	Suite *suite = suite_create("insn_fault");
	TCase *tc = tcase_create("insn_fault");
	SRunner *runner;
	int failed;
	size_t i;

	tcase_set_timeout(tc, 60);
	for (i = 0; i < sizeof(loops) / sizeof(*loops); i++)
		tcase_add_loop_test(tc, *loops[i].test, 0, loops[i].n);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
