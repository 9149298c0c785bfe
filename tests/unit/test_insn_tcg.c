/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IRET, INT n and other privileged instructions in long mode, with random
 * descriptors, gates, stacks and flags: the finisher against qemu's TCG.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/insn_tcg_case.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define CASES	  1500u
#define EXIT_SKIP 77
#define RF	  UINT64_C(0x10000)
#define VECTOR	  0x22u

/* Selectors that stay; those from SEL_RANDOM to TCG_TSS_SEL do not. */
enum {
	SEL_C64 = 0x08,
	SEL_D0 = 0x10,
	SEL_U64 = 0x18 | 3,
	SEL_UD = 0x20 | 3,
	SEL_C32 = 0x28,
	SEL_U32 = 0x30 | 3,
	SEL_RANDOM = 0x38,
};

static uint64_t random_descriptor(struct world *w)
{
	unsigned dpl = (unsigned)PICK(w, 0, 0, 0, 3, 3, 1, 2);
	unsigned type = (unsigned)PICK(w, 11, 11, 10, 3, 3, 2, 15, 14, 9, 1, 7,
				       world_random(w) & 15);
	unsigned s = tcg_chance(w, 93), p = tcg_chance(w, 90);
	unsigned flags = (unsigned)PICK(w, 0xa, 0xa, 0xa, 0xc, 0xc, 0x8);

	return world_descriptor(0, 0xfffff, p << 7 | dpl << 5 | s << 4 | type,
				flags);
}

static void random_gdt(struct world *w, struct tcg_case *c)
{
	static const uint64_t fixed[] = {
		0,
		UINT64_C(0x00af9b000000ffff),
		UINT64_C(0x00cf93000000ffff),
		UINT64_C(0x00affb000000ffff),
		UINT64_C(0x00cff3000000ffff),
		UINT64_C(0x00cf9b000000ffff),
		UINT64_C(0x00cffb000000ffff),
	};
	unsigned i;

	memcpy(c->gdt, fixed, sizeof(fixed));
	for (i = SEL_RANDOM; i < TCG_TSS_SEL; i += 8)
		store_le64(c->gdt + i, random_descriptor(w));
	store_le64(c->gdt + TCG_TSS_SEL,
		   world_descriptor(TCG_TSS,
				    tcg_chance(w, 90) ? TCG_TSS_SIZE - 1 : 47,
				    0x89, 0));
}

static uint16_t random_selector(struct world *w)
{
	uint64_t s =
		PICK(w, SEL_C64, SEL_D0, SEL_U64, SEL_UD, SEL_C32, SEL_U32, 0);

	if (tcg_chance(w, 50))
		s = SEL_RANDOM + world_random(w) % 7 * 8;
	if (tcg_chance(w, 3))
		s = 0x80 + world_random(w) % 64 * 8;
	if (tcg_chance(w, 3))
		s |= 4;
	if (tcg_chance(w, 40))
		s = (s & ~UINT64_C(3)) | PICK(w, 0, 3, 3, 1, 2);
	return (uint16_t)s;
}

/* TCG checks no limits and no canonical form: test_insn_fault does. */

/* Stacks: good ones, and such that end at a page that faults. */
static uint64_t random_stack(struct world *w, uint64_t window)
{
	uint64_t good =
		window + 128 + (tcg_chance(w, 20) ? world_random(w) % 16 : 0);

	if (tcg_chance(w, 85))
		return good;
	return PICK(w, TCG_ABSENT2 + 0x1010, TCG_ABSENT1 + 0x1010,
		    TCG_READ_ONLY + 0x800, TCG_ABSENT3 + 0x1008,
		    TCG_READ_ONLY + 0x1010);
}

static uint64_t random_target(struct world *w)
{
	return tcg_chance(w, 90) ? TCG_LANDING : TCG_LANDING_HIGH;
}

static void random_tss(struct world *w, struct tcg_case *c)
{
	store_le64(c->tss + 4, random_stack(w, TCG_INNER)); /* RSP0 */
	store_le64(c->tss + 12, random_stack(w, TCG_INNER));
	store_le64(c->tss + 20, random_stack(w, TCG_INNER));
	store_le64(c->tss + 36, TCG_CAPTURE); /* IST 1 */
	store_le64(c->tss + 44, random_stack(w, TCG_INNER)); /* IST 2 */
	store_le16(c->tss + 102, TCG_TSS_SIZE);
}

static void random_gate(struct world *w, struct tcg_case *c)
{
	uint64_t target = random_target(w);
	unsigned type = (unsigned)PICK(w, 14, 14, 15, 15, world_random(w) & 15);
	unsigned dpl = (unsigned)PICK(w, 3, 3, 0, 1), p = tcg_chance(w, 90);
	unsigned s = tcg_chance(w, 4);

	store_le16(c->gate, (uint16_t)target);
	store_le16(c->gate + 2,
		   tcg_chance(w, 60) ? SEL_C64 : random_selector(w));
	c->gate[4] = (uint8_t)(tcg_chance(w, 20) ? 2 : 0);
	c->gate[5] = (uint8_t)(p << 7 | dpl << 5 | s << 4 | type);
	store_le16(c->gate + 6, (uint16_t)(target >> 16));
	store_le32(c->gate + 8, (uint32_t)(target >> 32));
}

static uint64_t random_flags(struct world *w)
{
	uint64_t f = world_random(w) & 0x277ed5; /* TCG lacks VIF, VIP */

	f &= ~UINT64_C(0x20000); /* TCG obeys VM in long mode, too */
	if (!tcg_chance(w, 5))
		f &= ~UINT64_C(0x100); /* TF */
	if (!tcg_chance(w, 5))
		f &= ~UINT64_C(0x4000); /* NT */
	return f | 2;
}

/* What IRET finds; words of size bytes. */
static void random_frame(struct world *w, struct tcg_case *c, unsigned size)
{
	uint64_t word[5] = {random_target(w), random_selector(w),
			    random_flags(w), random_stack(w, TCG_INNER),
			    random_selector(w)};
	unsigned i;

	if (tcg_chance(w, 40)) {
		word[1] = SEL_U64;
		word[4] = SEL_UD;
	}
	for (i = 0; i < 5; i++)
		memcpy(c->frame + i * size, &word[i], size);
}

static void choose_code(struct world *w, struct tcg_case *c, bool wide)
{
	unsigned kind = (unsigned)(world_random(w) % 10);

	c->vector = VECTOR;
	if (kind == 9)
		kind += (unsigned)(world_random(w) % 4);
	switch (kind) {
	case 0:
	case 1:
	case 2:
		if (!wide) {
			CODE(c, 0xcf);
			random_frame(w, c, 4);
			break;
		}
		CODE(c, 0x48, 0xcf);
		random_frame(w, c, 8);
		break;
	case 3:
		CODE(c, 0xcf);
		random_frame(w, c, 4);
		break;
	case 4:
		CODE(c, 0x66, 0xcf);
		random_frame(w, c, 2);
		break;
	case 9:
		c->vector = 3;
		CODE(c, 0xcc);
		break;
	case 10:
		CODE(c, 0x0f, 0x01, (uint8_t)PICK(w, 0xca, 0xcb));
		break;
	case 11: /* xsetbv */
		CODE(c, 0x0f, 0x01, 0xd1);
		c->gpr[0] = PICK(w, 0, 1, 2, 3, 7, 3, 7);
		c->gpr[1] = tcg_chance(w, 20);
		c->gpr[2] = tcg_chance(w, 10) ? 1u << 31 : 0;
		break;
	case 12:
		if (!wide) {
			c->vector = 4;
			CODE(c, 0xce);
			break;
		}
		CODE(c, 0x0f, 0x01, 0xf8); /* swapgs */
		break;
	default:
		CODE(c, 0xcd, VECTOR);
	}
}

static void random_case(struct world *w, struct tcg_case *c)
{
	bool user = tcg_chance(w, 50), wide = tcg_chance(w, 75);
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < 16; i++)
		c->gpr[i] = world_random(w);
	c->rip = TCG_CODE;
	c->cs = user ? wide ? SEL_U64 : SEL_U32 : wide ? SEL_C64 : SEL_C32;
	c->ss = user ? SEL_UD : SEL_D0;
	if (!user && wide && tcg_chance(w, 30))
		c->ss = 0;
	c->rflags = random_flags(w) & ~UINT64_C(0x10000);
	c->ds = PICK(w, 0, SEL_UD, user ? 0 : SEL_D0);
	c->es = PICK(w, 0, SEL_UD, user ? 0 : SEL_D0);
	c->fs = PICK(w, 0, SEL_UD);
	c->gs = PICK(w, 0, SEL_UD, user ? 0 : SEL_D0);
	random_gdt(w, c);
	random_tss(w, c);
	random_gate(w, c);
	choose_code(w, c, wide);
	c->gpr[4] = random_stack(w, TCG_STACK);
	if (!wide)
		c->gpr[4] = (uint32_t)c->gpr[4];
	c->frame_at = TCG_STACK + 128;
	if (c->gpr[4] >= TCG_STACK && c->gpr[4] < TCG_STACK + TCG_WINDOW - 64)
		c->frame_at = c->gpr[4];
	c->idt_limit =
		tcg_chance(w, 90) ? 0xfff : 32 * 16 - 1 + world_random(w) % 64;
}

static struct kvm_segment load_segment(const struct tcg_case *c,
				       uint16_t selector)
{
	uint64_t raw = load_le64(c->gdt + (selector & 0x78));
	struct kvm_segment s = {
		.selector = selector,
		.limit = raw >> 55 & 1 ? UINT32_MAX : 0,
		.type = raw >> 40 & 15,
		.s = raw >> 44 & 1,
		.dpl = raw >> 45 & 3,
		.present = raw >> 47 & 1,
		.l = raw >> 53 & 1,
		.db = raw >> 54 & 1,
		.g = raw >> 55 & 1,
	};

	s.unusable = !(selector & ~3);
	return s;
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
		.r8 = g[8],
		.r9 = g[9],
		.r10 = g[10],
		.r11 = g[11],
		.r12 = g[12],
		.r13 = g[13],
		.r14 = g[14],
		.r15 = g[15],
		.rip = c->rip,
		.rflags = c->rflags,
	};
	s->cr0 = 0x80010031;
	s->cr2 = 0;
	s->cr3 = 0x30000;
	s->cr4 = 0x40620;
	s->efer = 0xd00;
	s->cs = load_segment(c, (uint16_t)c->cs);
	s->ss = load_segment(c, (uint16_t)c->ss);
	s->ss.dpl = c->cs & 3;
	s->ds = load_segment(c, (uint16_t)c->ds);
	s->es = load_segment(c, (uint16_t)c->es);
	s->fs = load_segment(c, (uint16_t)c->fs);
	s->gs = load_segment(c, (uint16_t)c->gs);
	s->gdt.base = TCG_GDT;
	s->gdt.limit = TCG_GDT_SIZE - 1;
	s->idt.base = TCG_IDT;
	s->idt.limit = (uint16_t)c->idt_limit;
	s->ldt = (struct kvm_segment){.unusable = 1};
	s->tr = (struct kvm_segment){
		.selector = TCG_TSS_SEL,
		.base = TCG_TSS,
		.limit = load_le16(c->gdt + TCG_TSS_SEL),
		.type = 11,
		.present = 1,
	};
}

/*
 * Where TCG is not as the manual has it: the error code for a gate has the
 * gate's number times 8 in long mode too (SDM volume 3, 6.13); a descriptor
 * that is loaded is marked as accessed (3.4.5.1); a stack of the IST makes SS
 * null when the privilege level changes (6.14.4), not otherwise; conforming
 * code pushes as the user that it runs as; IRET raises #SS, not #NP, for a
 * stack segment that is not present.
 */
static void correct(const struct tcg_case *c, const struct tcg_result *ours,
		    struct tcg_result *theirs)
{
	unsigned i;

	if (theirs->vector == 11 && ours->vector == 12)
		theirs->vector = 12;
	if (theirs->vector == 14)
		theirs->error |= ours->error & 4;
	if (c->gate[4] && theirs->ss < 4)
		theirs->ss = ours->ss;
	for (i = 5; i < TCG_GDT_SIZE; i += 8)
		theirs->gdt[i] |= ours->gdt[i] & 1;
	if (theirs->error == c->vector * 16 + 2)
		theirs->error = c->vector * 8 + 2;
}

/* TCG lets IRET load a null SS for 32-bit code too; processors do not. */
static bool lenient(const struct tcg_case *c, const struct tcg_result *ours,
		    const struct tcg_result *theirs)
{
	return c->code[0] == 0x48 && c->code[1] == 0xcf && ours->vector == 13 &&
	       theirs->vector == 6 && load_le64(c->frame + 32) < 4;
}

static void compare(struct world *w, const struct tcg_case *c, size_t n,
		    struct tcg_result *theirs)
{
	struct tcg_result ours;
	size_t field;

	tcg_place(w->ram->host, c);
	set_cpu(w, c);
	tcg_capture(w, insn_finish(&w->cpu, NULL, 0), &ours);
	correct(c, &ours, theirs);
	if (!tcg_same(&ours, theirs, &field) && !lenient(c, &ours, theirs))
		tcg_differ(c, n, &ours, theirs, field);
}

START_TEST(as_tcg_does)
{
	struct tcg_case *cases = calloc(CASES, sizeof(*cases));
	struct tcg_result *results = calloc(CASES, sizeof(*results));
	struct world w;
	size_t i, n;

	world_init(&w, WORLD_64, 0);
	memset(w.ram->host, 0, TCG_MEMORY);
	tcg_long_memory(w.ram->host);
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
		printf("skip insn_tcg: no qemu-system-x86_64\n");
		return EXIT_SKIP;
	}
	return unit_run("insn_tcg", tests, sizeof(tests) / sizeof(*tests));
}
