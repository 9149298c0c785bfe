/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSCALL, SYSRET, and the SYSCALL that KVM did by half. */
#include <string.h>

#include "tests/unit/insn_expect.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"
#include "vmm/page_access.h"

#define ENTRY	      UINT64_C(0xffffffff81600040)
#define MASK	      UINT64_C(0x47700) /* as Linux has it */
#define FLAG_IF	      UINT64_C(0x200)
#define FLAG_DF	      UINT64_C(0x400)
#define FLAG_IOPL     UINT64_C(0x3000)
#define FLAG_RF	      UINT64_C(0x10000)
#define FLAG_VM	      UINT64_C(0x20000)
#define FLAG_ID	      UINT64_C(0x200000)
#define FLAG_ONE      UINT64_C(2)
#define FETCH	      (PF_PRESENT | PF_USER | PF_FETCH)
#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define EFER_SCE      1u
/* As Linux: kernel 0x10 and 0x18, user 0x23 (32 bits), 0x2b, 0x33. */
#define STAR UINT64_C(0x0023001000000000)

static const uint8_t syscall[] = {0x0f, 0x05}, sysret[] = {0x0f, 0x07},
		     sysretq[] = {0x48, 0x0f, 0x07};

static void init(struct world *w, enum world_mode mode, unsigned cpl)
{
	world_init(w, mode, cpl);
	w->cpu.sregs.efer |= EFER_SCE;
	w->star = STAR;
	w->lstar = ENTRY;
	w->syscall_mask = MASK;
	w->cpu.regs.rflags = FLAG_ONE | FLAG_IF | FLAG_DF | FLAG_ID;
}

static void check_segment(const struct kvm_segment *s, uint16_t selector,
			  unsigned dpl, bool l)
{
	ck_assert_uint_eq(s->selector, selector);
	ck_assert_uint_eq(s->dpl, dpl);
	ck_assert_uint_eq(s->l, l);
	ck_assert_uint_eq(s->db, !l);
	ck_assert_uint_eq(s->base, 0);
	ck_assert_uint_eq(s->limit, UINT32_MAX);
	ck_assert(s->present && s->s && s->g && !s->unusable);
}

static void check_entered(const struct world *w, uint64_t next, uint64_t flags)
{
	const struct kvm_regs *r = &w->cpu.regs;

	ck_assert_uint_eq(r->rip, ENTRY);
	ck_assert_uint_eq(r->rcx, next);
	ck_assert_uint_eq(r->r11, flags);
	ck_assert_uint_eq(r->rflags, (flags & ~MASK) | FLAG_ONE);
	check_segment(&w->cpu.sregs.cs, 0x10, 0, true);
	check_segment(&w->cpu.sregs.ss, 0x18, 0, false);
}

START_TEST(syscall_enters_ring_0)
{
	struct kvm_regs old;
	struct world w;

	init(&w, WORLD_64, 3);
	w.cpu.regs.rflags |= FLAG_RF;
	old = w.cpu.regs;
	ck_assert_int_eq(world_run(&w, syscall, 2), INSN_DONE);
	check_entered(&w, old.rip + 2, old.rflags & ~FLAG_RF);
	ck_assert_uint_eq(w.cpu.regs.rsp, old.rsp);
	ck_assert(w.cpu.sregs_changed);
	world_fini(&w);
}
END_TEST

START_TEST(syscall_is_not_known_where_it_is_off)
{
	struct world w;

	init(&w, WORLD_64, 3);
	w.cpu.sregs.efer &= ~(uint64_t)EFER_SCE;
	insn_expect(&w, "syscall", syscall, 2, EXC_UD, -1);
	world_fini(&w);
	init(&w, WORLD_COMPAT, 3);
	insn_expect(&w, "syscall", syscall, 2, EXC_UD, -1);
	world_fini(&w);
	init(&w, WORLD_32, 0);
	insn_expect(&w, "sysret", sysret, 2, EXC_UD, -1);
	world_fini(&w);
}
END_TEST

START_TEST(sysret_goes_to_64_bit_code)
{
	struct world w;

	init(&w, WORLD_64, 0);
	w.cpu.regs.rcx = UINT64_C(0x7fff12345678);
	w.cpu.regs.r11 = ~UINT64_C(0) & ~FLAG_IOPL;
	ck_assert_int_eq(world_run(&w, sysretq, 3), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, UINT64_C(0x7fff12345678));
	ck_assert_uint_eq(w.cpu.regs.rflags, 0x3c7fd7 & ~FLAG_IOPL);
	check_segment(&w.cpu.sregs.cs, 0x33, 3, true);
	check_segment(&w.cpu.sregs.ss, 0x2b, 3, false);
	world_fini(&w);
}
END_TEST

START_TEST(sysret_goes_to_32_bit_code)
{
	struct world w;

	init(&w, WORLD_64, 0);
	w.cpu.regs.rcx = UINT64_C(0x7fff12345678);
	w.cpu.regs.r11 = FLAG_VM | FLAG_RF;
	ck_assert_int_eq(world_run(&w, sysret, 2), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rip, 0x12345678);
	ck_assert_uint_eq(w.cpu.regs.rflags, FLAG_ONE);
	check_segment(&w.cpu.sregs.cs, 0x23, 3, false);
	check_segment(&w.cpu.sregs.ss, 0x2b, 3, false);
	world_fini(&w);
}
END_TEST

START_TEST(sysret_faults)
{
	struct world w;

	init(&w, WORLD_64, 0);
	w.cpu.regs.rcx = NOT_CANONICAL;
	insn_expect(&w, "sysretq", sysretq, 3, EXC_GP, 0);
	world_fini(&w);
	init(&w, WORLD_64, 3);
	insn_expect(&w, "sysret", sysret, 2, EXC_GP, 0);
	world_fini(&w);
}
END_TEST

/* Of the frame that the page fault left. */
enum { ERROR, RIP, CS, FLAGS, RSP, SS, WORDS };

static const uint64_t user_stack = 0x31000, next = WORLD_DATA + 2;

/* At the page-fault handler, after a SYSCALL in ring 3 that KVM did by half. */
static void init_half(struct world *w, uint64_t *frame)
{
	const uint64_t flags = FLAG_ONE | FLAG_IF | FLAG_DF | FLAG_ID;

	init(w, WORLD_64, 0);
	memcpy(w->ram->host + WORLD_DATA, syscall, 2);
	w->cpu.sregs.cr2 = ENTRY;
	w->cpu.regs.rcx = next;
	w->cpu.regs.r11 = flags;
	w->cpu.regs.rsp = WORLD_STACK - 8 * WORDS;
	w->cpu.regs.rflags = FLAG_ONE;
	frame[ERROR] = FETCH;
	frame[RIP] = ENTRY;
	frame[CS] = SEL_CODE64_3;
	frame[FLAGS] = (flags & ~MASK) | FLAG_RF;
	frame[RSP] = user_stack;
	frame[SS] = SEL_DATA3;
}

static enum insn_result finish(struct world *w, const uint64_t *frame)
{
	unsigned i;

	for (i = 0; i < WORDS; i++)
		store_le64(w->ram->host + w->cpu.regs.rsp + 8 * i, frame[i]);
	return insn_finish_syscall(&w->cpu);
}

START_TEST(the_other_half_is_done)
{
	uint64_t frame[WORDS];
	struct world w;

	init_half(&w, frame);
	ck_assert_int_eq(finish(&w, frame), INSN_DONE);
	check_entered(&w, next, FLAG_ONE | FLAG_IF | FLAG_DF | FLAG_ID);
	ck_assert_uint_eq(w.cpu.regs.rsp, user_stack);
	ck_assert(w.cpu.sregs_changed && !w.cpu.fault.vector);
	world_fini(&w);
}
END_TEST

/* Each of these makes it a page fault like any other. */
static const struct other {
	const char *name;
	int word; /* of the frame, or -1 */
	uint64_t val;
	bool no_syscall, unreadable, cr2, rcx;
} others[] = {
	{.name = "an implicit access", .word = ERROR, .val = PF_PRESENT},
	{.name = "of ring 0", .word = CS, .val = SEL_CODE64},
	{.name = "elsewhere", .word = RIP, .val = ENTRY + 1},
	{.name = "a jump, interrupts on", .word = FLAGS, .val = FLAG_IF},
	{.name = "a jump, with DF", .word = FLAGS, .val = FLAG_DF},
	{.name = "CR2", .word = -1, .cr2 = true},
	{.name = "no SYSCALL before RCX", .word = -1, .no_syscall = true},
	{.name = "nothing before RCX", .word = -1, .rcx = true},
	{.name = "not the user's", .word = -1, .unreadable = true},
};

static void check_other(const struct other *o)
{
	uint64_t frame[WORDS];
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct world w;

	init_half(&w, frame);
	if (o->word >= 0)
		frame[o->word] = o->val;
	if (o->cr2)
		w.cpu.sregs.cr2 = ENTRY + 8;
	if (o->rcx)
		w.cpu.regs.rcx = NOT_CANONICAL;
	if (o->no_syscall)
		w.ram->host[WORLD_DATA + 1] = 0x07;
	if (o->unreadable)
		*world_pte(&w, WORLD_DATA) &= ~PTE_USER;
	regs = w.cpu.regs;
	sregs = w.cpu.sregs;
	ck_assert_msg(finish(&w, frame) == INSN_UNKNOWN, "%s", o->name);
	ck_assert(!memcmp(&regs, &w.cpu.regs, sizeof(regs)));
	ck_assert(!memcmp(&sregs, &w.cpu.sregs, sizeof(sregs)));
	ck_assert(!w.cpu.fault.vector && !w.cpu.sregs_changed);
	world_fini(&w);
}

START_TEST(other_page_faults_stay)
{
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		check_other(&others[i]);
}
END_TEST

UNIT_MAIN("insn_syscall", syscall_enters_ring_0,
	  syscall_is_not_known_where_it_is_off, sysret_goes_to_64_bit_code,
	  sysret_goes_to_32_bit_code, sysret_faults, the_other_half_is_done,
	  other_page_faults_stay)
