/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INT and IRET where TCG is no measure: limits and canonical addresses, 32-bit
 * and virtual-8086 mode, real mode.  Expectations are the manual's.
 */
#include <string.h>

#include "tests/unit/insn_world.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define NP	      11
#define TS	      10
#define SS	      12
#define GP	      13
#define PF	      14

#define VECTOR	      0x30u
#define GATE_ERROR    (VECTOR * 8 + 2)
#define INNER	      0x38000u /* stack of the TSS */
#define HANDLER	      0x12340u
#define FLAG_TF	      UINT64_C(0x100)
#define FLAG_IF	      UINT64_C(0x200)
#define FLAG_IOPL     UINT64_C(0x3000)
#define FLAG_NT	      UINT64_C(0x4000)
#define FLAG_VM	      UINT64_C(0x20000)
#define FLAG_VIF      UINT64_C(0x80000)
#define FLAG_VIP      UINT64_C(0x100000)
#define CR4_VME	      1u
#define NOT_CANONICAL UINT64_C(0x0000800000000000)

static const uint8_t int_n[] = {0xcd, VECTOR}, iret[] = {0xcf},
		     iretq[] = {0x48, 0xcf}, iret16[] = {0x66, 0xcf};

static void put_gate(struct world *w, unsigned size, uint64_t offset,
		     uint16_t selector, unsigned access)
{
	uint8_t *gate = w->ram->host + WORLD_IDT + size * VECTOR;

	store_le16(gate, (uint16_t)offset);
	store_le16(gate + 2, selector);
	gate[4] = 0;
	gate[5] = (uint8_t)access;
	store_le16(gate + 6, (uint16_t)(offset >> 16));
	if (size == 16)
		store_le64(gate + 8, offset >> 32);
}

static void put_tss32(struct world *w, uint32_t esp0, uint16_t ss0)
{
	store_le32(w->ram->host + WORLD_TSS + 4, esp0);
	store_le16(w->ram->host + WORLD_TSS + 8, ss0);
}

static uint32_t word(const struct world *w, uint64_t at)
{
	return load_le32(w->ram->host + at);
}

static void push32(struct world *w, uint32_t v)
{
	w->cpu.regs.rsp -= 4;
	store_le32(w->ram->host + w->cpu.sregs.ss.base + w->cpu.regs.rsp, v);
}

static void push64(struct world *w, uint64_t v)
{
	w->cpu.regs.rsp -= 8;
	store_le64(w->ram->host + w->cpu.regs.rsp, v);
}

static void frame64(struct world *w, uint64_t rip, uint16_t cs, uint64_t rsp,
		    uint16_t ss)
{
	push64(w, ss);
	push64(w, rsp);
	push64(w, 0x202);
	push64(w, cs);
	push64(w, rip);
}

static void expect(struct world *w, const void *code, size_t len,
		   unsigned vector, int error)
{
	struct kvm_sregs sregs = w->cpu.sregs;
	struct kvm_regs regs = w->cpu.regs;
	const struct insn_fault *f = &w->cpu.fault;

	ck_assert_int_eq(world_run(w, code, len), INSN_FAULT);
	ck_assert_uint_eq(f->vector, vector);
	ck_assert_int_eq(f->has_error, error >= 0);
	if (error >= 0)
		ck_assert_uint_eq(f->error, (unsigned)error);
	ck_assert(!memcmp(&regs, &w->cpu.regs, sizeof(regs)));
	ck_assert(!memcmp(&sregs, &w->cpu.sregs, sizeof(sregs)));
}

START_TEST(wide_int_faults)
{
	struct world w;

	world_init(&w, WORLD_64, 3);
	store_le64(w.ram->host + WORLD_TSS + 4, INNER);
	put_gate(&w, 16, NOT_CANONICAL, SEL_CODE64, 0xee);
	expect(&w, int_n, 2, GP, 0);
	put_gate(&w, 16, HANDLER, SEL_CODE64, 0xee);
	store_le64(w.ram->host + WORLD_TSS + 4, NOT_CANONICAL);
	expect(&w, int_n, 2, SS, 0);
	/* The first push goes to the last canonical bytes: fine but for paging
	 */
	store_le64(w.ram->host + WORLD_TSS + 4, INNER);
	w.cpu.sregs.tr.limit = 10;
	expect(&w, int_n, 2, TS, SEL_TSS);
	w.cpu.sregs.tr.limit = 11;
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, HANDLER);
	ck_assert_uint_eq(w.cpu.regs.rsp, INNER - 40);
	ck_assert_uint_eq(w.cpu.sregs.ss.selector, 0);
	ck_assert_uint_eq(w.cpu.sregs.ss.dpl, 0);
	world_fini(&w);
}
END_TEST

START_TEST(wide_iret_faults)
{
	struct world w;

	world_init(&w, WORLD_64, 0);
	frame64(&w, NOT_CANONICAL, SEL_CODE64, WORLD_STACK, SEL_DATA0);
	expect(&w, iretq, 2, GP, 0);
	w.cpu.regs.rsp = NOT_CANONICAL;
	expect(&w, iretq, 2, SS, 0);
	w.cpu.regs.rsp = WORLD_STACK - 16; /* the frame goes on above */
	*world_pte(&w, WORLD_STACK) = 0;
	expect(&w, iretq, 2, PF, 0);
	ck_assert_uint_eq(w.cpu.fault.address, WORLD_STACK);
	w.cpu.regs.rsp = WORLD_STACK - 0x100;
	w.cpu.regs.rflags |= FLAG_NT;
	expect(&w, iretq, 2, GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(iret_unblocks_nmis_and_restores)
{
	struct world w;

	world_init(&w, WORLD_64, 0);
	w.cpu.nmi_masked = true;
	frame64(&w, HANDLER, SEL_CODE64_3, 0x12345678, SEL_DATA3);
	ck_assert_int_eq(world_run(&w, iretq, 2), INSN_DONE);
	ck_assert(!w.cpu.nmi_masked && w.cpu.sregs_changed);
	ck_assert_uint_eq(w.cpu.sregs.ss.dpl, 3);
	ck_assert_uint_eq(w.cpu.sregs.cs.selector, SEL_CODE64_3);
	ck_assert_uint_eq(w.cpu.regs.rsp, 0x12345678);
	ck_assert_uint_eq(w.cpu.regs.rflags, 0x202);
	world_fini(&w);
}
END_TEST

/* From ring 3 to ring 0, and back by IRET. */
START_TEST(legacy_round_trip)
{
	uint64_t sp, flags = 2 | FLAG_IF | 1;
	struct world w;

	world_init(&w, WORLD_32, 3);
	w.cpu.regs.rflags = flags;
	sp = w.cpu.regs.rsp;
	put_tss32(&w, INNER, SEL_DATA0);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0xee);
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, HANDLER);
	ck_assert_uint_eq(w.cpu.regs.rsp, INNER - 20);
	ck_assert_uint_eq(w.cpu.regs.rflags, 3);
	ck_assert_uint_eq(w.cpu.sregs.cs.selector, SEL_CODE32);
	ck_assert_uint_eq(w.cpu.sregs.ss.selector, SEL_DATA0);
	ck_assert_uint_eq(w.cpu.sregs.ss.dpl, 0);
	ck_assert_uint_eq(word(&w, INNER - 20), WORLD_CODE + 2);
	ck_assert_uint_eq(word(&w, INNER - 16), SEL_CODE32_3);
	ck_assert_uint_eq(word(&w, INNER - 12), flags);
	ck_assert_uint_eq(word(&w, INNER - 8), sp);
	ck_assert_uint_eq(word(&w, INNER - 4), SEL_DATA3);
	w.cpu.sregs.es = w.cpu.sregs.ss; /* which ring 3 may not have */
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, WORLD_CODE + 2);
	ck_assert_uint_eq(w.cpu.regs.rsp, sp);
	ck_assert_uint_eq(w.cpu.regs.rflags, flags);
	ck_assert_uint_eq(w.cpu.sregs.ss.dpl, 3);
	ck_assert(w.cpu.sregs.es.unusable && !w.cpu.sregs.es.selector);
	ck_assert(!w.cpu.sregs.ds.unusable);
	world_fini(&w);
}
END_TEST

START_TEST(legacy_int_faults)
{
	struct world w;

	world_init(&w, WORLD_32, 3);
	put_tss32(&w, INNER, SEL_DATA0);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0x8e);
	expect(&w, int_n, 2, GP, GATE_ERROR);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0x6e);
	expect(&w, int_n, 2, NP, GATE_ERROR);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0xec); /* a call gate */
	expect(&w, int_n, 2, GP, GATE_ERROR);
	put_gate(&w, 8, HANDLER, 0, 0xee);
	expect(&w, int_n, 2, GP, 0);
	put_gate(&w, 8, HANDLER, SEL_DATA0, 0xee);
	expect(&w, int_n, 2, GP, SEL_DATA0);
	put_gate(&w, 8, HANDLER, SEL_ABSENT, 0xee);
	expect(&w, int_n, 2, NP, SEL_ABSENT);
	put_gate(&w, 8, HANDLER, 0x1000, 0xee);
	expect(&w, int_n, 2, GP, 0x1000);
	put_gate(&w, 8, HANDLER, 4, 0xee); /* no LDT */
	expect(&w, int_n, 2, GP, 4);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0xee);
	put_tss32(&w, INNER, 0);
	expect(&w, int_n, 2, TS, 0);
	put_tss32(&w, INNER, SEL_DATA3);
	expect(&w, int_n, 2, TS, SEL_DATA3 & ~3);
	put_tss32(&w, INNER, SEL_CODE32);
	expect(&w, int_n, 2, TS, SEL_CODE32);
	put_tss32(&w, INNER, SEL_ABSENT_DATA);
	expect(&w, int_n, 2, SS, SEL_ABSENT_DATA);
	put_tss32(&w, 16, SEL_DATA0); /* wraps */
	world_set_descriptor(&w, SEL_DATA0,
			     world_descriptor(0, 0xfffff, 0x93, 4));
	expect(&w, int_n, 2, SS, SEL_DATA0);
	put_tss32(&w, INNER, SEL_DATA0);
	w.cpu.sregs.tr.limit = 8;
	expect(&w, int_n, 2, TS, SEL_TSS);
	w.cpu.sregs.tr.limit = 9;
	world_set_descriptor(&w, SEL_CODE32,
			     world_descriptor(0, HANDLER - 1, 0x9b, 4));
	expect(&w, int_n, 2, GP, 0);
	w.cpu.sregs.idt.limit = 8 * VECTOR + 6;
	expect(&w, int_n, 2, GP, GATE_ERROR);
	world_fini(&w);
}
END_TEST

START_TEST(a_16_bit_gate_pushes_words)
{
	struct world w;

	world_init(&w, WORLD_32, 0);
	put_gate(&w, 8, UINT64_C(0xdead0000) | 0x1234, SEL_CODE32, 0x87);
	w.cpu.regs.rflags |= FLAG_IF;
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x1234);
	ck_assert_uint_eq(w.cpu.regs.rsp, WORLD_STACK - 0x106);
	/* A trap gate. */
	ck_assert_uint_eq(w.cpu.regs.rflags & FLAG_IF, FLAG_IF);
	world_fini(&w);
}
END_TEST

START_TEST(legacy_iret_faults)
{
	struct world w;
	uint64_t sp;

	world_init(&w, WORLD_32, 0);
	sp = w.cpu.regs.rsp;
	push32(&w, 2);
	push32(&w, SEL_CODE32);
	push32(&w, HANDLER);
	world_set_descriptor(&w, SEL_CODE32,
			     world_descriptor(0, HANDLER - 1, 0x9b, 4));
	expect(&w, iret, 1, GP, 0);
	w.cpu.sregs.ss.limit = (uint32_t)sp - 2;
	expect(&w, iret, 1, SS, 0);
	w.cpu.sregs.ss.limit = UINT32_MAX;
	store_le32(w.ram->host + sp - 8, SEL_DATA0);
	expect(&w, iret, 1, GP, SEL_DATA0);
	store_le32(w.ram->host + sp - 8, 0);
	expect(&w, iret, 1, GP, 0);
	/* Back to another task: not known here, and nothing changes. */
	w.cpu.regs.rflags |= FLAG_NT;
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_UNKNOWN);
	world_fini(&w);
}
END_TEST

/* The frame lies where ESP would be in a stack from 0, and is used once. */
START_TEST(iret_from_a_flat_frame)
{
	struct world w;
	uint64_t sp;

	world_init(&w, WORLD_32, 0);
	sp = w.cpu.regs.rsp;
	push32(&w, FLAG_IF | 2);
	push32(&w, SEL_CODE32);
	push32(&w, HANDLER);
	w.cpu.sregs.ss.base = 0x1000;
	expect(&w, iret, 1, GP, 0);
	w.cpu.flat_frames = true;
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, HANDLER);
	ck_assert_uint_eq(w.cpu.regs.rsp, sp);
	ck_assert(w.cpu.regs.rflags & FLAG_IF);
	w.cpu.regs.rsp -= 12;
	expect(&w, iret, 1, GP, 0);
	/* One that is where it belongs is found all the same. */
	w.cpu.regs.rsp += 12;
	push32(&w, 2);
	push32(&w, SEL_CODE32);
	push32(&w, HANDLER + 1);
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, HANDLER + 1);
	world_fini(&w);
}
END_TEST

/* As by INT, but of an instruction that is still to come. */
START_TEST(hardware_interrupts)
{
	struct kvm_regs regs;
	struct world w;
	uint64_t sp;

	world_init(&w, WORLD_32, 0);
	w.cpu.sregs.ss.base = 0x1000;
	w.cpu.regs.rflags |= FLAG_IF;
	regs = w.cpu.regs;
	ck_assert_int_eq(insn_deliver(&w.cpu, 0xff), INSN_FAULT);
	ck_assert(!memcmp(&regs, &w.cpu.regs, sizeof(regs)));
	ck_assert(!w.cpu.sregs_changed);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0x8e);
	ck_assert_int_eq(insn_deliver(&w.cpu, VECTOR), INSN_DONE);
	ck_assert(w.cpu.sregs_changed);
	ck_assert_uint_eq(w.cpu.regs.rip, HANDLER);
	ck_assert(!(w.cpu.regs.rflags & FLAG_IF));
	sp = regs.rsp - 12;
	ck_assert_uint_eq(w.cpu.regs.rsp, sp);
	ck_assert_uint_eq(word(&w, 0x1000 + sp), regs.rip);
	ck_assert_uint_eq(word(&w, 0x1000 + sp + 4), SEL_CODE32);
	ck_assert_uint_eq(word(&w, 0x1000 + sp + 8), regs.rflags);
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, regs.rip);
	ck_assert_uint_eq(w.cpu.regs.rsp, regs.rsp);
	ck_assert_uint_eq(w.cpu.regs.rflags, regs.rflags);
	world_fini(&w);
}
END_TEST

/* The upper half of ESP stays when the new stack is a 16-bit one. */
START_TEST(iret_to_a_16_bit_stack)
{
	struct world w;

	world_init(&w, WORLD_32, 0);
	world_set_descriptor(&w, SEL_DATA16,
			     world_descriptor(0, 0xffff, 0xf3, 0));
	push32(&w, SEL_DATA16 | 3);
	push32(&w, 0xabcd8000);
	push32(&w, 2);
	push32(&w, SEL_CODE32_3);
	push32(&w, HANDLER);
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rsp,
			  ((WORLD_STACK - 0x100) & 0xffff0000) | 0x8000);
	world_fini(&w);
}
END_TEST

static void enter_v86(struct world *w, uint64_t flags)
{
	world_init(w, WORLD_32, 0);
	push32(w, 0x1111); /* GS */
	push32(w, 0x2222);
	push32(w, 0x3333);
	push32(w, 0x4444); /* ES */
	push32(w, 0x3000); /* SS */
	push32(w, 0x8000);
	push32(w, (uint32_t)(flags | FLAG_VM | 2));
	push32(w, WORLD_CODE >> 4);
	push32(w, 0x20);
	ck_assert_int_eq(world_run(w, iret, 1), INSN_DONE);
}

START_TEST(v86_round_trip)
{
	struct world w;

	enter_v86(&w, FLAG_IOPL);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x20);
	ck_assert_uint_eq(w.cpu.sregs.cs.base, WORLD_CODE);
	ck_assert_uint_eq(w.cpu.sregs.cs.limit, 0xffff);
	ck_assert_uint_eq(w.cpu.sregs.es.selector, 0x4444);
	ck_assert_uint_eq(w.cpu.sregs.es.base, 0x44440);
	ck_assert_uint_eq(w.cpu.sregs.gs.selector, 0x1111);
	ck_assert_uint_eq(w.cpu.sregs.ss.dpl, 3);
	ck_assert_uint_eq(w.cpu.regs.rsp, 0x8000);
	put_tss32(&w, INNER, SEL_DATA0);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0xee);
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rsp, INNER - 36);
	ck_assert_uint_eq(word(&w, INNER - 4), 0x1111);
	ck_assert_uint_eq(word(&w, INNER - 16), 0x4444);
	ck_assert_uint_eq(word(&w, INNER - 20), 0x3000);
	ck_assert_uint_eq(word(&w, INNER - 28), FLAG_VM | FLAG_IOPL | 2);
	ck_assert_uint_eq(word(&w, INNER - 36), 0x22);
	ck_assert_uint_eq(w.cpu.regs.rflags & FLAG_VM, 0);
	ck_assert(w.cpu.sregs.ds.unusable && w.cpu.sregs.gs.unusable);
	ck_assert_uint_eq(w.cpu.sregs.cs.dpl, 0);
	world_fini(&w);
}
END_TEST

START_TEST(v86_needs_iopl_3_and_ring_0)
{
	struct world w;

	enter_v86(&w, 0);
	put_tss32(&w, INNER, SEL_DATA0);
	put_gate(&w, 8, HANDLER, SEL_CODE32, 0xee);
	expect(&w, int_n, 2, GP, 0);
	expect(&w, iret, 1, GP, 0);
	world_fini(&w);
	/* A handler that stays in ring 3 cannot be entered. */
	enter_v86(&w, FLAG_IOPL);
	put_gate(&w, 8, HANDLER, SEL_CODE32_3, 0xee);
	expect(&w, int_n, 2, GP, SEL_CODE32_3 & ~3);
	world_fini(&w);
}
END_TEST

/* Virtual-8086 extensions: the bitmap below the I/O map, and VIF. */
START_TEST(v86_extensions)
{
	struct world w;

	enter_v86(&w, FLAG_VIF);
	w.cpu.sregs.cr4 |= CR4_VME;
	w.cpu.sregs.tr.limit = 0xff;
	store_le16(w.ram->host + WORLD_TSS + 102, 0x88);
	store_le16(w.ram->host + VECTOR * 4, 0x40);
	store_le16(w.ram->host + VECTOR * 4 + 2, WORLD_CODE >> 4);
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x40);
	ck_assert_uint_eq(w.cpu.regs.rsp, 0x7ffa);
	ck_assert_uint_eq(w.cpu.regs.rflags & FLAG_VIF, 0);
	/* IOPL is pushed as 3 and VIF as IF. */
	ck_assert_uint_eq(word(&w, 0x37ffa) >> 16, WORLD_CODE >> 4);
	ck_assert_uint_eq((uint16_t)word(&w, 0x37ffe), 0x3202);
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x22);
	ck_assert_uint_eq(w.cpu.regs.rflags & (FLAG_VIF | FLAG_IOPL), FLAG_VIF);
	/* The bit says: not redirected; IOPL is too low. */
	w.ram->host[WORLD_TSS + 0x68 + VECTOR / 8] = 1 << VECTOR % 8;
	expect(&w, int_n, 2, GP, 0);
	world_fini(&w);
}
END_TEST

START_TEST(real_mode_round_trip)
{
	struct world w;

	world_init(&w, WORLD_REAL, 0);
	w.cpu.sregs.idt.base = 0;
	w.cpu.sregs.idt.limit = 0x3ff;
	w.cpu.regs.rflags |= FLAG_IF;
	store_le16(w.ram->host + VECTOR * 4, 0x40);
	store_le16(w.ram->host + VECTOR * 4 + 2, WORLD_CODE >> 4);
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x40);
	ck_assert_uint_eq(w.cpu.regs.rsp, 0x7ffa);
	ck_assert_uint_eq(w.cpu.regs.rflags, 2);
	ck_assert_int_eq(world_run(&w, iret, 1), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 2);
	ck_assert_uint_eq(w.cpu.regs.rsp, 0x8000);
	ck_assert_uint_eq(w.cpu.regs.rflags, 2 | FLAG_IF);
	w.cpu.sregs.idt.limit = VECTOR * 4 + 2;
	expect(&w, int_n, 2, GP, -1);
	w.cpu.regs.rsp = 1;
	w.cpu.sregs.idt.limit = 0x3ff;
	expect(&w, int_n, 2, SS, -1);
	world_fini(&w);
}
END_TEST

START_TEST(real_mode_iretd)
{
	struct world w;

	world_init(&w, WORLD_REAL, 0);
	push32(&w, 0x40202);
	push32(&w, WORLD_CODE >> 4);
	push32(&w, 0x20);
	ck_assert_int_eq(world_run(&w, iret16, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x20);
	ck_assert_uint_eq(w.cpu.regs.rflags, 0x40202);
	push32(&w, 2);
	push32(&w, WORLD_CODE >> 4);
	push32(&w, 0x10000); /* beyond the limit */
	expect(&w, iret16, 2, GP, -1);
	world_fini(&w);
}
END_TEST

START_TEST(int_and_single_stepping)
{
	struct world w;

	world_init(&w, WORLD_64, 0);
	put_gate(&w, 16, HANDLER, SEL_CODE64, 0x8f);
	w.cpu.regs.rflags |= FLAG_TF;
	ck_assert_int_eq(world_run(&w, int_n, 2), INSN_DONE);
	ck_assert(!w.cpu.fault.trap && !w.cpu.single_step);
	ck_assert_uint_eq(w.cpu.regs.rflags & FLAG_TF, 0);
	ck_assert_uint_eq(word(&w, w.cpu.regs.rsp + 16), 2 | FLAG_TF);
	/* IRET sets TF: the step comes after the next instruction. */
	ck_assert_int_eq(world_run(&w, iretq, 2), INSN_DONE);
	ck_assert(!w.cpu.fault.trap && !w.cpu.single_step);
	ck_assert_uint_eq(w.cpu.regs.rflags, 2 | FLAG_TF);
	world_fini(&w);
}
END_TEST

UNIT_MAIN("insn_int", wide_int_faults, wide_iret_faults,
	  iret_unblocks_nmis_and_restores, legacy_round_trip, legacy_int_faults,
	  a_16_bit_gate_pushes_words, legacy_iret_faults,
	  iret_from_a_flat_frame, hardware_interrupts, iret_to_a_16_bit_stack,
	  v86_round_trip, v86_needs_iopl_3_and_ring_0, v86_extensions,
	  real_mode_round_trip, real_mode_iretd, int_and_single_stepping)
