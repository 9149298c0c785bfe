/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/insn_world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/page_walk.h"

#define CR0_PE	  1u
#define CR0_NE	  0x20u
#define CR0_WP	  0x10000u
#define CR0_PG	  0x80000000u
#define CR4_PAE	  0x20u
#define CR4_FX	  0x600u
#define CR4_XSAVE 0x40000u
#define EFER_LME  0x100u
#define EFER_LMA  0x400u
#define EFER_NXE  0x800u

static bool mmio(void *ctx, gpa_t gpa, void *data, size_t len, bool write)
{
	struct world *w = ctx;

	if (gpa < WORLD_MMIO || gpa + len > WORLD_MMIO + sizeof(w->mmio))
		return false;
	if (write)
		memcpy(w->mmio + (gpa - WORLD_MMIO), data, len);
	else
		memcpy(data, w->mmio + (gpa - WORLD_MMIO), len);
	w->mmio_writes += write;
	w->mmio_reads += !write;
	return true;
}

static bool load_xsave(void *ctx, struct insn_cpu *cpu)
{
	struct world *w = ctx;

	memcpy(cpu->xsave, w->xsave, WORLD_XSAVE);
	cpu->xcr0 = w->xcr0;
	return true;
}

static bool write_xcr0(void *ctx, uint64_t val)
{
	struct world *w = ctx;

	w->xcr0 = val;
	return true;
}

static uint64_t *msr(struct world *w, uint32_t index)
{
	switch (index) {
	case 0xc0000103:
		return &w->tsc_aux;
	case 0xc0000102:
		return &w->kernel_gs;
	case 0xda0:
		return &w->xss;
	case MSR_STAR:
		return &w->star;
	case MSR_LSTAR:
		return &w->lstar;
	case MSR_SYSCALL_MASK:
		return &w->syscall_mask;
	default:
		return NULL;
	}
}

static bool read_msr(void *ctx, uint32_t index, uint64_t *val)
{
	uint64_t *r = msr(ctx, index);

	if (r)
		*val = *r;
	return r;
}

static bool write_msr(void *ctx, uint32_t index, uint64_t val)
{
	uint64_t *r = msr(ctx, index);

	if (r)
		*r = val;
	return r;
}

static bool flush_tlb(void *ctx)
{
	struct world *w = ctx;

	w->flushes++;
	return true;
}

/* xorshift64: the same cases each time. */
uint64_t world_random(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static uint64_t random_number(void *ctx)
{
	return world_random(ctx);
}

static const struct insn_ops ops = {
	.mmio = mmio,
	.load_xsave = load_xsave,
	.write_xcr0 = write_xcr0,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.flush_tlb = flush_tlb,
	.random = random_number,
};

static void make_paging(struct world *w, bool wide)
{
	uint8_t *ram = w->ram->host;
	const uint64_t rwu = PTE_PRESENT | PTE_WRITE | PTE_USER;
	unsigned i;

	store_le64(ram + WORLD_PML4, WORLD_PDPT | rwu);
	/* PAE's first level has no rights. */
	store_le64(ram + WORLD_PDPT, WORLD_PD | (wide ? rwu : PTE_PRESENT));
	store_le64(ram + WORLD_PD, WORLD_PT | rwu);
	for (i = 0; i < WORLD_RAM / 4096; i++)
		store_le64(ram + WORLD_PT + 8 * i, i * UINT64_C(4096) | rwu);
	store_le64(ram + WORLD_PT + 8 * (WORLD_MMIO_GVA / 4096),
		   WORLD_MMIO | rwu);
}

uint64_t world_descriptor(uint32_t base, uint32_t limit, unsigned access,
			  unsigned flags)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
	       (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
	       (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

void world_set_descriptor(struct world *w, unsigned selector, uint64_t raw)
{
	store_le64(w->ram->host + WORLD_GDT + (selector & ~7u), raw);
}

static void make_gdt(struct world *w)
{
	static const struct {
		unsigned selector, access, flags;
		uint32_t limit;
	} gdt[] = {
		{SEL_CODE64, 0x9b, 0xa, 0xfffff},
		{SEL_DATA0, 0x93, 0xc, 0xfffff},
		{SEL_CODE64_3, 0xfb, 0xa, 0xfffff},
		{SEL_DATA3, 0xf3, 0xc, 0xfffff},
		{SEL_CODE32, 0x9b, 0xc, 0xfffff},
		{SEL_CODE32_3, 0xfb, 0xc, 0xfffff},
		{SEL_ABSENT, 0x1b, 0xa, 0xfffff},
		{SEL_ABSENT_DATA, 0x13, 0xc, 0xfffff},
		{SEL_CODE16, 0x9b, 0x0, 0xfffff},
		{SEL_DATA16, 0x93, 0x0, 0xffff},
		{SEL_CONFORMING, 0x9f, 0xa, 0xfffff},
		{SEL_CALL_GATE, 0x8c, 0x0, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(gdt) / sizeof(*gdt); i++)
		world_set_descriptor(w, gdt[i].selector,
				     world_descriptor(0, gdt[i].limit,
						      gdt[i].access,
						      gdt[i].flags));
}

static struct kvm_segment flat(uint16_t selector, unsigned type, unsigned dpl)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = UINT32_MAX,
		.type = (uint8_t)type,
		.s = 1,
		.dpl = (uint8_t)dpl,
		.present = 1,
		.db = 1,
		.g = 1,
	};
}

static void set_segments(struct kvm_sregs *s, enum world_mode mode,
			 unsigned cpl)
{
	bool wide = mode == WORLD_64;
	uint16_t code = wide ? SEL_CODE64 : SEL_CODE32;

	if (cpl == 3)
		code = wide ? SEL_CODE64_3 : SEL_CODE32_3;
	s->cs = flat(code, 11, cpl);
	s->cs.l = wide;
	s->cs.db = mode == WORLD_32 || mode == WORLD_COMPAT;
	s->ss = flat(cpl == 3 ? SEL_DATA3 : SEL_DATA0, 3, cpl);
	s->ds = s->es = s->fs = s->gs = flat(SEL_DATA3, 3, 3);
}

static void set_real(struct kvm_sregs *s)
{
	struct kvm_segment seg = flat(0, 3, 0);

	seg.limit = 0xffff;
	seg.db = seg.g = 0;
	s->cs = s->ss = s->ds = s->es = s->fs = s->gs = seg;
	s->cs.type = 11;
	s->cs.selector = WORLD_CODE >> 4;
	s->cs.base = WORLD_CODE;
	s->ss.selector = (WORLD_STACK - 0x10000) >> 4;
	s->ss.base = WORLD_STACK - 0x10000;
	s->ds.selector = s->es.selector = WORLD_DATA >> 4;
	s->ds.base = s->es.base = WORLD_DATA;
}

static void set_control(struct kvm_sregs *s, enum world_mode mode)
{
	s->cr0 = CR0_NE | 0x10;
	s->cr4 = CR4_FX | CR4_XSAVE;
	if (mode == WORLD_REAL)
		return;
	s->cr0 |= CR0_PE | CR0_WP | CR0_PG;
	s->cr4 |= CR4_PAE;
	s->efer = EFER_NXE;
	s->cr3 = mode >= WORLD_COMPAT ? WORLD_PML4 : WORLD_PDPT;
	if (mode >= WORLD_COMPAT)
		s->efer |= EFER_LME | EFER_LMA;
}

static void make_memory(struct world *w)
{
	struct error err = {0};

	ck_assert(!gmem_init(&w->gmem, &err));
	w->ram = gmem_block_new(&w->gmem, "ram", WORLD_RAM, &err);
	ck_assert_ptr_nonnull(w->ram);
	ck_assert(!gmem_map(&w->gmem, &w->map, 0, w->ram, 0, WORLD_RAM,
			    GMEM_RAM, 0, &err));
}

static void make_cpu(struct world *w)
{
	xstate_layout_init(&w->layout);
	ck_assert_uint_le(w->layout.size, WORLD_XSAVE);
	w->xsave = calloc(1, WORLD_XSAVE);
	w->xsave_buf = calloc(1, WORLD_XSAVE);
	store_le32(w->xsave + 24, 0x1f80);
	store_le32(w->xsave + 28, 0xffff);
	w->xcr0 = w->layout.supported & 0xe7;
	w->cpu = (struct insn_cpu){
		.xsave = w->xsave_buf,
		.layout = &w->layout,
		.gmem = &w->gmem,
		.ops = &ops,
		.ctx = w,
	};
}

void world_init(struct world *w, enum world_mode mode, unsigned cpl)
{
	struct kvm_sregs *s = &w->cpu.sregs;

	memset(w, 0, sizeof(*w));
	w->random = UINT64_C(0x9e3779b97f4a7c15);
	make_memory(w);
	make_cpu(w);
	make_paging(w, mode >= WORLD_COMPAT);
	make_gdt(w);
	set_control(s, mode);
	s->gdt.base = WORLD_GDT;
	s->gdt.limit = SEL_LAST + 7;
	s->idt.base = WORLD_IDT;
	s->idt.limit = 0xfff;
	s->ldt.unusable = 1;
	s->tr = (struct kvm_segment){.selector = SEL_TSS,
				     .base = WORLD_TSS,
				     .limit = 0x67,
				     .type = 11,
				     .present = 1};
	w->cpu.regs.rflags = 2;
	w->cpu.regs.rip = mode == WORLD_REAL ? 0 : WORLD_CODE;
	w->cpu.regs.rsp = mode == WORLD_REAL ? 0x8000 : WORLD_STACK - 0x100;
	w->cpu.regs.rdi = mode == WORLD_REAL ? 0 : WORLD_DATA;
	if (mode == WORLD_REAL)
		set_real(s);
	else
		set_segments(s, mode, cpl);
}

void world_fini(struct world *w)
{
	insn_host_fini(&w->cpu.host_code);
	free(w->xsave);
	free(w->xsave_buf);
	gmem_unmap(&w->gmem, &w->map);
	gmem_block_free(&w->gmem, w->ram);
	gmem_fini(&w->gmem);
}

enum insn_result world_run(struct world *w, const void *code, size_t len)
{
	uint64_t at = w->cpu.sregs.cs.base + w->cpu.regs.rip;
	enum insn_result rc;

	if (at + len <= WORLD_RAM)
		memcpy(w->ram->host + at, code, len);
	rc = insn_finish(&w->cpu, NULL, 0);
	if (rc == INSN_DONE && w->cpu.xsave_changed)
		memcpy(w->xsave, w->cpu.xsave, WORLD_XSAVE);
	return rc;
}

uint64_t *world_pte(struct world *w, uint64_t gva)
{
	return (uint64_t *)(w->ram->host + WORLD_PT) + gva / 4096;
}
