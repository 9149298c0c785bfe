/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the instruction finisher: random code, registers, segments, page
 * tables and memory.  What does not finish must change nothing.
 */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/endian.h"
#include "vmm/insn.h"
#include "vmm/page_walk.h"

#define RAM_SIZE   (1u << 20)
#define XSAVE_SIZE 16384u
#define PML4	   0x1000u
#define PT	   0x4000u
#define TABLES	   0x6000u /* GDT, IDT and TSS, of the input's bytes */
#define CODE	   0x10000u

/* The beginning of an input; its other bytes fill the tables and memory. */
struct input {
	uint8_t code[16];
	uint8_t known; /* bytes of it that are handed in */
	uint8_t mode, cpl, holes;
	uint64_t reg[16], rflags;
	uint32_t cr0, cr4;
	uint32_t base[4], limit[4];
	uint16_t selector[4];
	uint8_t type[4];
};

struct world {
	struct gmem gmem;
	struct ram_block *ram;
	struct gmem_map map;
	struct xstate_layout layout;
	struct insn_cpu cpu;
	uint8_t xsave[XSAVE_SIZE], image[XSAVE_SIZE];
};

static bool mmio(void *ctx, gpa_t gpa, void *data, size_t len, bool write)
{
	if (!len || len > 8)
		abort();
	if (!write)
		memset(data, 0x5a, len);
	return gpa & 0x1000000;
}

static bool load_xsave(void *ctx, struct insn_cpu *cpu)
{
	struct world *w = ctx;

	memcpy(cpu->xsave, w->image, sizeof(w->image));
	cpu->xcr0 = w->layout.supported;
	return true;
}

static bool write_xcr0(void *ctx, uint64_t val)
{
	return val & 2;
}

static bool read_msr(void *ctx, uint32_t index, uint64_t *val)
{
	*val = 0;
	return index & 1;
}

static bool write_msr(void *ctx, uint32_t index, uint64_t val)
{
	return true;
}

static bool flush_tlb(void *ctx)
{
	return true;
}

static uint64_t random_number(void *ctx)
{
	return 4;
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

static struct world *make_world(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct error err;

	if (gmem_init(&w->gmem, &err) < 0)
		abort();
	w->ram = gmem_block_new(&w->gmem, "ram", RAM_SIZE, &err);
	if (!w->ram || gmem_map(&w->gmem, &w->map, 0, w->ram, 0, RAM_SIZE,
				GMEM_RAM, 0, &err) < 0)
		abort();
	xstate_layout_init(&w->layout);
	w->cpu = (struct insn_cpu){
		.xsave = w->xsave,
		.layout = &w->layout,
		.gmem = &w->gmem,
		.ops = &ops,
		.ctx = w,
	};
	return w;
}

static void fill(uint8_t *to, size_t len, const uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = size ? data[i % size] : 0;
}

static void make_pages(uint8_t *ram, const struct input *in)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		store_le64(ram + PML4 + 0x1000 * i,
			   (PML4 + 0x1000 * (i + 1)) | 7);
	if (in->mode & 1)
		store_le64(ram + 0x2000, 0x3001); /* PAE's */
	for (i = 0; i < RAM_SIZE / 4096; i++)
		store_le64(ram + PT + 8 * i, i * 4096u | 7);
	/* Pages of data: some are missing, some may not be written. */
	for (i = 0; i < 8; i++) {
		if (in->holes & 1u << i)
			ram[PT + 8 * (32 + i)] &= i & 1 ? 0xfd : 0xfe;
	}
}

static void set_segment(struct kvm_segment *seg, const struct input *in,
			unsigned n)
{
	n %= 4;
	*seg = (struct kvm_segment){
		.selector = in->selector[n],
		.base = in->mode & 0x40 ? in->base[n] : 0,
		.limit = in->mode & 0x80 ? in->limit[n] : UINT32_MAX,
		.type = in->type[n] & 15,
		.s = 1,
		.present = 1,
		.dpl = in->cpl & 3,
		.db = in->type[n] >> 4 & 1,
		.unusable = in->type[n] >> 7,
	};
}

static void set_segments(struct kvm_sregs *s, const struct input *in)
{
	set_segment(&s->ds, in, 0);
	set_segment(&s->es, in, 1);
	set_segment(&s->ss, in, 2);
	set_segment(&s->fs, in, 3);
	set_segment(&s->gs, in, 0);
	set_segment(&s->cs, in, 1);
	set_segment(&s->ldt, in, 2);
	set_segment(&s->tr, in, 3);
	s->cs.unusable = 0;
	s->cs.base = 0;
	s->cs.limit = UINT32_MAX;
	s->cs.type = 11;
	s->cs.db = in->mode >> 3 & 1;
	s->cs.l = in->mode >> 2 & 1;
	s->tr.base = s->gdt.base = s->idt.base = TABLES;
	s->gdt.limit = s->idt.limit = 0x7ff;
}

static void set_cpu(struct world *w, const struct input *in)
{
	struct kvm_sregs *s = &w->cpu.sregs;
	struct kvm_regs *r = &w->cpu.regs;

	memset(s, 0, sizeof(*s));
	memcpy(r, in->reg, sizeof(in->reg));
	r->rflags = (in->rflags & 0x3f7fd5) | 2;
	r->rip = CODE;
	s->cr0 = in->cr0 & ~UINT32_C(0x80000001);
	s->cr4 = in->cr4 & ~UINT32_C(0x1000);
	s->cr3 = PML4;
	set_segments(s, in);
	if ((in->mode & 3) == 3)
		return; /* real mode */
	s->cr0 |= 1;
	if ((in->mode & 3) != 2) {
		s->cr0 |= 0x80000000;
		s->cr4 |= 0x20;
	}
	if ((in->mode & 3) == 0)
		s->efer = 0xd00;
	else
		s->cr3 = 0x2000;
}

static void check_same(const struct insn_cpu *before,
		       const struct insn_cpu *after)
{
	if (memcmp(&before->regs, &after->regs, sizeof(before->regs)) ||
	    memcmp(&before->sregs, &after->sregs, sizeof(before->sregs)) ||
	    after->xsave_changed || after->sregs_changed)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *w;
	struct insn_cpu before;
	enum insn_result rc;
	struct input in;

	if (!w)
		w = make_world();
	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	memset(w->ram->host + 0x20000, 0, 0x10000);
	fill(w->ram->host + 0x20000, 4096, data, size);
	fill(w->ram->host + TABLES, 0x800, data, size);
	fill(w->image, 4096, data, size);
	make_pages(w->ram->host, &in);
	memcpy(w->ram->host + CODE, in.code, sizeof(in.code));
	set_cpu(w, &in);
	before = w->cpu;
	rc = insn_finish(&w->cpu, in.code, in.known % 16);
	if (rc != INSN_DONE)
		check_same(&before, &w->cpu);
	if (rc == INSN_FAULT && w->cpu.fault.vector > 31)
		abort();
	insn_name(w->cpu.kind);
	insn_feature(w->cpu.kind);
	return 0;
}
