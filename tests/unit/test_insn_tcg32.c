/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IRET and INT n in 32-bit and virtual-8086 mode, with random descriptors,
 * gates, stacks and flags: the finisher against qemu's TCG.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/insn_tcg_case.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define CASES	  1500u
#define EXIT_SKIP 77
#define VECTOR	  0x22u
#define FLAG_VM	  UINT64_C(0x20000)
#define FLAG_IOPL UINT64_C(0x3000)

/* Selectors that stay; those from SEL_RANDOM to TCG_TSS_SEL do not. */
enum {
	SEL_C0 = 0x08,
	SEL_D0 = 0x10,
	SEL_C3 = 0x18 | 3,
	SEL_D3 = 0x20 | 3,
	SEL_RANDOM = 0x28,
};

enum where { RING0, RING3, V86 };

static uint64_t random_descriptor(struct world *w)
{
	unsigned dpl = (unsigned)PICK(w, 0, 0, 0, 3, 3, 1, 2);
	unsigned type = (unsigned)PICK(w, 11, 11, 10, 3, 3, 2, 15, 14, 9, 1,
				       world_random(w) & 15);
	unsigned s = tcg_chance(w, 93), p = tcg_chance(w, 90);
	bool wide = tcg_chance(w, 80);
	/* 16-bit stacks reach what the others do. */
	uint32_t base = wide || type & 8 ? 0 : 0x20000;

	return world_descriptor(base, 0xfffff,
				p << 7 | dpl << 5 | s << 4 | type,
				wide ? 0xc : 0x8);
}

static void random_gdt(struct world *w, struct tcg_case *c)
{
	static const uint64_t fixed[] = {
		0,
		UINT64_C(0x00cf9b000000ffff),
		UINT64_C(0x00cf93000000ffff),
		UINT64_C(0x00cffb000000ffff),
		UINT64_C(0x00cff3000000ffff),
	};
	unsigned i;

	memcpy(c->gdt, fixed, sizeof(fixed));
	for (i = SEL_RANDOM; i < TCG_TSS_SEL; i += 8)
		store_le64(c->gdt + i, random_descriptor(w));
	store_le64(c->gdt + TCG_TSS_SEL,
		   world_descriptor(TCG_TSS, TCG_TSS_SIZE - 1, 0x89, 0));
}

static uint16_t random_selector(struct world *w)
{
	uint64_t s = PICK(w, SEL_C0, SEL_D0, SEL_C3, SEL_D3, 0);

	if (tcg_chance(w, 50))
		s = SEL_RANDOM + world_random(w) % 9 * 8;
	if (tcg_chance(w, 3))
		s = 0x180 + world_random(w) % 64 * 8;
	if (tcg_chance(w, 3))
		s |= 4;
	if (tcg_chance(w, 40))
		s = (s & ~UINT64_C(3)) | PICK(w, 0, 3, 3, 1, 2);
	return (uint16_t)s;
}

static uint32_t random_stack(struct world *w, uint32_t window)
{
	return window + 128 +
	       (tcg_chance(w, 20) ? (uint32_t)world_random(w) % 16 : 0);
}

static uint32_t random_target(struct world *w)
{
	return tcg_chance(w, 90) ? TCG_LANDING : TCG_LANDING_HIGH;
}

static void random_tss(struct world *w, struct tcg_case *c)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		store_le32(c->tss + 4 + 8 * i, random_stack(w, TCG_INNER));
		store_le16(c->tss + 8 + 8 * i, random_selector(w));
	}
	if (tcg_chance(w, 80))
		store_le16(c->tss + 8, SEL_D0);
	store_le16(c->tss + 102, TCG_TSS_SIZE);
}

static void random_gate(struct world *w, struct tcg_case *c)
{
	uint32_t target = random_target(w);
	unsigned type = (unsigned)PICK(w, 14, 14, 15, 15, 6, 7, 12, 3);
	unsigned dpl = (unsigned)PICK(w, 3, 3, 0, 1), p = tcg_chance(w, 90);
	unsigned s = tcg_chance(w, 4);

	/* 16-bit gates have no upper half; TCG heeds it. */
	if (type < 8)
		target = TCG_LANDING;
	store_le16(c->gate, (uint16_t)target);
	store_le16(c->gate + 2,
		   tcg_chance(w, 60) ? SEL_C0 : random_selector(w));
	c->gate[5] = (uint8_t)(p << 7 | dpl << 5 | s << 4 | type);
	store_le16(c->gate + 6, (uint16_t)(target >> 16));
}

/* No TF nor NT: tasks return otherwise. */
static uint64_t random_flags(struct world *w)
{
	return (world_random(w) & 0x243ed5) | 2;
}

static void random_frame(struct world *w, struct tcg_case *c, unsigned size)
{
	uint32_t word[9] = {random_target(w),
			    random_selector(w),
			    (uint32_t)random_flags(w),
			    random_stack(w, TCG_INNER),
			    random_selector(w),
			    0x1234,
			    0x5678,
			    0x9abc,
			    0xdef0};
	unsigned i;

	if (tcg_chance(w, 40)) {
		word[1] = SEL_C3;
		word[4] = SEL_D3;
	}
	/* To virtual-8086 mode, where the landing has another address. */
	if (c->cs == SEL_C0 && size == 4 && tcg_chance(w, 25)) {
		word[0] = 0;
		word[1] = TCG_LANDING >> 4;
		word[2] |= FLAG_VM;
	}
	if (c->rflags & FLAG_VM) {
		word[0] = 0;
		word[1] = TCG_LANDING >> 4;
	}
	for (i = 0; i < 9; i++)
		memcpy(c->frame + i * size, &word[i], size);
}

static void choose_code(struct world *w, struct tcg_case *c)
{
	bool v86 = c->rflags & FLAG_VM;

	c->vector = VECTOR;
	switch (world_random(w) % 8) {
	case 0:
	case 1:
	case 2:
		if (v86)
			CODE(c, 0x66, 0xcf);
		else
			CODE(c, 0xcf);
		random_frame(w, c, 4);
		break;
	case 3:
		if (v86)
			CODE(c, 0xcf);
		else
			CODE(c, 0x66, 0xcf);
		random_frame(w, c, 2);
		break;
	case 4:
		c->vector = 3;
		CODE(c, 0xcc);
		break;
	case 5:
		c->vector = 4;
		CODE(c, 0xce);
		break;
	default:
		CODE(c, 0xcd, VECTOR);
	}
}

static void random_segments(struct world *w, struct tcg_case *c,
			    enum where where)
{
	c->cs = where == RING3 ? SEL_C3 : SEL_C0;
	c->ss = where == RING3 ? SEL_D3 : SEL_D0;
	c->rip = TCG_CODE;
	c->ds = PICK(w, 0, SEL_D3, where == RING3 ? 0 : SEL_D0);
	c->es = PICK(w, 0, SEL_D3, where == RING3 ? 0 : SEL_D0);
	c->fs = PICK(w, 0, SEL_D3);
	c->gs = PICK(w, 0, SEL_D3, where == RING3 ? 0 : SEL_D0);
	c->gpr[4] = random_stack(w, TCG_STACK);
	c->frame_at = c->gpr[4];
	if (where != V86)
		return;
	c->rflags |= FLAG_VM;
	if (tcg_chance(w, 70))
		c->rflags |= FLAG_IOPL;
	c->rip = 0;
	c->cs = TCG_CODE >> 4;
	c->ss = (TCG_STACK & 0xff0000) >> 4;
	c->gpr[4] &= 0xffff;
	c->ds = c->es = c->fs = c->gs = world_random(w) & 0xffff;
}

static void random_case(struct world *w, struct tcg_case *c)
{
	enum where where = (enum where)PICK(w, RING0, RING3, RING3, V86);
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < 8; i++)
		c->gpr[i] = (uint32_t)world_random(w);
	c->rflags = random_flags(w);
	random_segments(w, c, where);
	random_gdt(w, c);
	random_tss(w, c);
	random_gate(w, c);
	choose_code(w, c);
	c->idt_limit =
		tcg_chance(w, 90) ? 0x1ff : 32 * 8 - 1 + world_random(w) % 32;
}

static struct kvm_segment v86_segment(uint16_t selector)
{
	return (struct kvm_segment){
		.selector = selector,
		.base = (uint64_t)selector << 4,
		.limit = 0xffff,
		.type = 3,
		.s = 1,
		.dpl = 3,
		.present = 1,
	};
}

static struct kvm_segment load_segment(const struct tcg_case *c,
				       uint16_t selector)
{
	uint64_t raw = load_le64(c->gdt + (selector & 0x78));

	if (c->rflags & FLAG_VM)
		return v86_segment(selector);
	return (struct kvm_segment){
		.selector = selector,
		.limit = UINT32_MAX,
		.type = raw >> 40 & 15,
		.s = raw >> 44 & 1,
		.dpl = raw >> 45 & 3,
		.present = raw >> 47 & 1,
		.db = raw >> 54 & 1,
		.g = raw >> 55 & 1,
		.unusable = !(selector & ~3),
	};
}

static void set_cpu(struct world *w, const struct tcg_case *c)
{
	struct kvm_sregs *s = &w->cpu.sregs;
	const uint64_t *g = c->gpr;

	w->cpu.regs = (struct kvm_regs){
		.rax = g[0],
		.rcx = g[1],
		.rdx = g[2],
		.rbx = g[3],
		.rsp = g[4],
		.rbp = g[5],
		.rsi = g[6],
		.rdi = g[7],
		.rip = c->rip,
		.rflags = c->rflags,
	};
	*s = (struct kvm_sregs){.cr0 = 0x31};
	s->cs = load_segment(c, (uint16_t)c->cs);
	s->ss = load_segment(c, (uint16_t)c->ss);
	s->ds = load_segment(c, (uint16_t)c->ds);
	s->es = load_segment(c, (uint16_t)c->es);
	s->fs = load_segment(c, (uint16_t)c->fs);
	s->gs = load_segment(c, (uint16_t)c->gs);
	s->gdt.base = TCG_GDT;
	s->gdt.limit = 383;
	s->idt.base = TCG_IDT;
	s->idt.limit = (uint16_t)c->idt_limit;
	s->ldt = (struct kvm_segment){.unusable = 1};
	s->tr = (struct kvm_segment){
		.selector = TCG_TSS_SEL,
		.base = TCG_TSS,
		.limit = TCG_TSS_SIZE - 1,
		.type = 11,
		.present = 1,
	};
}

/* As in long mode; see there. */
static void correct(const struct tcg_result *ours, struct tcg_result *theirs)
{
	unsigned i;

	for (i = 5; i < TCG_GDT_SIZE; i += 8)
		theirs->gdt[i] |= ours->gdt[i] & 1;
	if (theirs->vector == 11 && ours->vector == 12)
		theirs->vector = 12;
}

/*
 * TCG leaves virtual-8086 mode for any inner level; processors do for level 0
 * alone (SDM volume 2, INT n).
 */
static bool lenient(const struct tcg_case *c, const struct tcg_result *ours)
{
	return (c->rflags & FLAG_VM) && c->code[0] != 0xcf &&
	       ours->vector == 13 &&
	       ours->error == (load_le16(c->gate + 2) & ~3u);
}

static void compare(struct world *w, const struct tcg_case *c, size_t n,
		    struct tcg_result *theirs)
{
	struct tcg_result ours;
	size_t field;

	tcg32_place(w->ram->host, c);
	set_cpu(w, c);
	tcg_capture(w, insn_finish(&w->cpu, NULL, 0), &ours);
	tcg32_unpack(theirs);
	correct(&ours, theirs);
	if (!tcg_same(&ours, theirs, &field) && !lenient(c, &ours))
		tcg_differ(c, n, &ours, theirs, field);
}

START_TEST(as_tcg_does)
{
	struct tcg_case *cases = calloc(CASES, sizeof(*cases));
	struct tcg_result *results = calloc(CASES, sizeof(*results));
	struct world w;
	size_t i, n;

	world_init(&w, WORLD_32, 0);
	memset(w.ram->host, 0, TCG_MEMORY);
	tcg32_memory(w.ram->host);
	for (i = 0; i < CASES; i++)
		random_case(&w, &cases[i]);
	n = tcg_run(w.ram->host, cases, CASES, results);
	for (i = 0; i < n; i++)
		compare(&w, &cases[i], i, &results[i]);
	ck_assert_msg(n == CASES, "qemu ran %zu of the cases", n);
	free(cases);
	free(results);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {as_tcg_does};

	if (!tcg_available()) {
		printf("skip insn_tcg32: no qemu-system-x86_64\n");
		return EXIT_SKIP;
	}
	return unit_run("insn_tcg32", tests, sizeof(tests) / sizeof(*tests));
}
