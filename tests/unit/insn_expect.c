/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/insn_expect.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/page_walk.h"

#define USED WORLD_STACK /* all that a test reaches */

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

void insn_expect(struct world *w, const char *name, const uint8_t *code,
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

void insn_expect_unknown(struct world *w, const char *name, const uint8_t *code,
			 size_t len)
{
	struct snapshot s;

	put_code(w, code, len);
	take(&s, w);
	ck_assert_int_eq(world_run(w, code, len), INSN_UNKNOWN);
	check_same(&s, w, name);
}
