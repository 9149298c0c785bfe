/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/insn_tcg_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

#define RF UINT64_C(0x10000)

uint64_t tcg_pick(struct world *w, const uint64_t *from, size_t n)
{
	return from[world_random(w) % n];
}

bool tcg_chance(struct world *w, unsigned percent)
{
	return world_random(w) % 100 < percent;
}

void tcg_put_code(struct tcg_case *c, const void *code, size_t len)
{
	memset(c->code, 0x0f, sizeof(c->code));
	memcpy(c->code, code, len);
	c->code[len] = 0x0f; /* ud2 */
	c->code[len + 1] = 0x0b;
}

void tcg_capture(struct world *w, enum insn_result rc, struct tcg_result *r)
{
	const struct kvm_regs *g = &w->cpu.regs;
	const struct kvm_sregs *s = &w->cpu.sregs;
	const struct insn_fault *f = &w->cpu.fault;
	const uint8_t *ram = w->ram->host;

	*r = (struct tcg_result){
		.vector = 6,
		.rip = g->rip,
		.cs = s->cs.selector,
		.rflags = g->rflags,
		.rsp = g->rsp,
		.ss = s->ss.selector,
		.gpr = {g->rax, g->rcx, g->rdx, g->rbx, 0, g->rbp, g->rsi,
			g->rdi, g->r8, g->r9, g->r10, g->r11, g->r12, g->r13,
			g->r14, g->r15},
		.ds = s->ds.selector,
		.es = s->es.selector,
		.fs = s->fs.selector,
		.gs = s->gs.selector,
	};
	if (rc == INSN_FAULT || f->trap) {
		r->vector = f->vector;
		r->error = f->error;
		r->cr2 = f->address;
	}
	memcpy(r->gdt, ram + TCG_GDT, sizeof(r->gdt));
	memcpy(r->stack, ram + TCG_STACK, sizeof(r->stack));
	memcpy(r->inner, ram + TCG_INNER, sizeof(r->inner));
}

static const struct {
	const char *name;
	size_t offset, size;
} fields[] = {
#define FIELD(f) \
	{ \
#f, offsetof(struct tcg_result, f), \
			sizeof(((struct tcg_result *)0)->f) \
	}
	FIELD(vector), FIELD(error), FIELD(rip),   FIELD(cs),
	FIELD(rflags), FIELD(rsp),   FIELD(ss),	   FIELD(cr2),
	FIELD(gpr),    FIELD(ds),    FIELD(es),	   FIELD(fs),
	FIELD(gs),     FIELD(gdt),   FIELD(stack), FIELD(inner),
};

static uint64_t first_word(const struct tcg_result *r, size_t i)
{
	return load_le64((const uint8_t *)r + fields[i].offset);
}

bool tcg_same(struct tcg_result *ours, struct tcg_result *theirs, size_t *field)
{
	size_t i;

	ours->rflags &= ~RF;
	theirs->rflags &= ~RF;
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (memcmp((char *)ours + fields[i].offset,
			   (char *)theirs + fields[i].offset, fields[i].size)) {
			*field = i;
			return false;
		}
	return true;
}

static void describe(const struct tcg_case *c, char *buf, size_t size)
{
	snprintf(buf, size,
		 "code %02x%02x cs %lx ss %lx rsp %#lx flags %lx; "
		 "frame %#lx %#lx %#lx %#lx %#lx; gate %#lx %#lx",
		 c->code[0], c->code[1], (long)c->cs, (long)c->ss,
		 (long)c->gpr[4], (long)c->rflags, (long)load_le64(c->frame),
		 (long)load_le64(c->frame + 8), (long)load_le64(c->frame + 16),
		 (long)load_le64(c->frame + 24), (long)load_le64(c->frame + 32),
		 (long)load_le64(c->gate), (long)load_le64(c->gate + 8));
}

void tcg_differ(const struct tcg_case *c, size_t n,
		const struct tcg_result *ours, const struct tcg_result *theirs,
		size_t field)
{
	char text[400];

	describe(c, text, sizeof(text));
	ck_abort_msg("case %zu, %s: %s is %#lx, TCG has %#lx (vector %lu, "
		     "TCG's %lu)",
		     n, text, fields[field].name, (long)first_word(ours, field),
		     (long)first_word(theirs, field), (long)ours->vector,
		     (long)theirs->vector);
	abort();
}
