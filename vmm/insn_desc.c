/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment descriptors.  Intel SDM volume 3, 3.4.5, 3.5.1, 20.1.1. */
#include "vmm/insn_impl.h"

#include "vmm/endian.h"

#define SELECTOR_LDT	 4u
#define DESC_SIZE	 8u
#define DESC_ACCESS_BYTE 5u
#define TYPE_ACCESSED	 1u
#define TYPE_DATA_WRITE	 3u /* accessed too */
#define REAL_SHIFT	 4
#define REAL_LIMIT	 0xffffu

static struct kvm_segment unpack(uint16_t selector, uint64_t raw)
{
	struct kvm_segment s = {
		.selector = selector,
		.base = (raw >> 16 & 0xffffff) | (raw >> 56 & 0xff) << 24,
		.limit = (uint32_t)((raw & 0xffff) | (raw >> 48 & 0xf) << 16),
		.type = raw >> 40 & 15,
		.s = raw >> 44 & 1,
		.dpl = raw >> 45 & 3,
		.present = raw >> 47 & 1,
		.avl = raw >> 52 & 1,
		.l = raw >> 53 & 1,
		.db = raw >> 54 & 1,
		.g = raw >> 55 & 1,
	};

	if (s.g)
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

enum insn_result desc_read(struct insn_cpu *cpu, uint16_t selector,
			   uint8_t vector, struct descriptor *desc)
{
	const struct kvm_sregs *s = &cpu->sregs;
	uint32_t offset = selector & ~(SELECTOR_RPL | SELECTOR_LDT);
	uint32_t limit = s->gdt.limit;
	uint64_t base = s->gdt.base;
	uint8_t raw[DESC_SIZE];

	if (selector & SELECTOR_LDT) {
		base = s->ldt.base;
		limit = s->ldt.limit;
	}
	if (((selector & SELECTOR_LDT) &&
	     (s->ldt.unusable || !s->ldt.present)) ||
	    offset + DESC_SIZE - 1 > limit)
		return insn_raise_error(cpu, vector, selector & SELECTOR_INDEX);
	desc->address = base + offset;
	desc->selector = selector;
	TRY(mem_table(cpu, desc->address, raw, sizeof(raw), false));
	desc->raw = load_le64(raw);
	desc->seg = unpack(selector, desc->raw);
	return INSN_DONE;
}

enum insn_result desc_mark(struct insn_cpu *cpu, struct descriptor *desc)
{
	uint8_t access;

	if (desc->seg.type & TYPE_ACCESSED)
		return INSN_DONE;
	desc->seg.type |= TYPE_ACCESSED;
	access = (uint8_t)(desc->raw >> 40) | TYPE_ACCESSED;
	return mem_table(cpu, desc->address + DESC_ACCESS_BYTE, &access, 1,
			 true);
}

void desc_real(struct kvm_segment *seg, uint16_t selector)
{
	seg->selector = selector;
	seg->base = (uint64_t)selector << REAL_SHIFT;
}

struct kvm_segment desc_v86(uint16_t selector)
{
	struct kvm_segment seg = {
		.limit = REAL_LIMIT,
		.type = TYPE_DATA_WRITE,
		.s = 1,
		.dpl = 3,
		.present = 1,
	};

	desc_real(&seg, selector);
	return seg;
}

/* Such a stack segment's DPL is the privilege level. */
struct kvm_segment desc_null(uint16_t selector, unsigned cpl)
{
	return (struct kvm_segment){
		.selector = selector,
		.type = TYPE_DATA_WRITE,
		.s = 1,
		.dpl = (uint8_t)cpl,
		.db = 1,
		.unusable = 1,
	};
}

bool desc_rip_good(const struct insn_cpu *cpu, const struct kvm_segment *cs,
		   uint64_t rip)
{
	if (cpu_long_mode(cpu) && cs->l)
		return mem_canonical(cpu, rip);
	return rip <= cs->limit;
}
