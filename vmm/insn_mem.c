/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear addresses: segments and their limits (Intel SDM volume 3, 5.3 and
 * 5.5), canonical form (volume 1, 3.3.7.1), alignment checks (volume 3, 6.15,
 * #AC), paging.
 */
#include <string.h>

#include "vmm/insn_impl.h"

#define CHUNK_SIZE     8u /* bytes of one access to registers of devices */

#define SEG_TYPE_CODE  8
#define SEG_TYPE_DOWN  4 /* of data: expands down */
#define SEG_TYPE_WRITE 2 /* of data; of code: may be read */

bool mem_canonical(const struct insn_cpu *cpu, uint64_t addr)
{
	unsigned bits = cpu->sregs.cr4 & CR4_LA57 ? 57 : 48;
	unsigned unused = 64 - bits;

	return (uint64_t)((int64_t)(addr << unused) >> unused) == addr;
}

static enum insn_result beyond(struct insn_cpu *cpu, unsigned seg)
{
	return insn_raise_error(cpu, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
}

static bool type_allows(const struct kvm_segment *s, bool write)
{
	if (s->type & SEG_TYPE_CODE)
		return !write && (s->type & SEG_TYPE_WRITE);
	return !write || (s->type & SEG_TYPE_WRITE);
}

bool mem_within(const struct kvm_segment *s, uint64_t off, size_t len)
{
	uint64_t last = off + len - 1;

	if ((s->type & (SEG_TYPE_CODE | SEG_TYPE_DOWN)) == SEG_TYPE_DOWN)
		return off > s->limit &&
		       last <= (s->db ? UINT32_MAX : UINT16_MAX);
	return last <= s->limit;
}

static enum insn_result legacy_linear(struct insn_cpu *cpu, unsigned seg,
				      uint64_t off, size_t len, unsigned flags,
				      uint64_t *linear)
{
	const struct kvm_segment *s = cpu_segment(cpu, seg);
	bool typed = cpu_protected(cpu) && !cpu_v86(cpu);

	off = (uint32_t)off;
	if (typed && (s->unusable || !s->present))
		return beyond(cpu, seg);
	if (typed && !type_allows(s, flags & MEM_WRITE))
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!mem_within(s, off, len))
		return beyond(cpu, seg);
	*linear = (uint32_t)(s->base + off);
	return INSN_DONE;
}

static enum insn_result wide_linear(struct insn_cpu *cpu, unsigned seg,
				    uint64_t off, size_t len, uint64_t *linear)
{
	uint64_t addr = off;

	if (seg == SEG_FS || seg == SEG_GS)
		addr += cpu_segment(cpu, seg)->base;
	if (!mem_canonical(cpu, addr) || !mem_canonical(cpu, addr + len - 1))
		return beyond(cpu, seg);
	*linear = addr;
	return INSN_DONE;
}

static bool checks_alignment(const struct insn_cpu *cpu)
{
	return (cpu->sregs.cr0 & CR0_AM) && (cpu->regs.rflags & FLAG_AC) &&
	       cpu_cpl(cpu) == 3;
}

enum insn_result mem_linear(struct insn_cpu *cpu, unsigned seg, uint64_t off,
			    size_t len, unsigned flags, uint64_t *linear)
{
	if (cpu_64bit(cpu))
		TRY(wide_linear(cpu, seg, off, len, linear));
	else
		TRY(legacy_linear(cpu, seg, off, len, flags, linear));
	if ((flags & MEM_ALIGNED) && *linear % len)
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!(flags & (MEM_ALIGNED | MEM_NO_AC)) && checks_alignment(cpu) &&
	    *linear % (len & -len))
		return insn_raise_error(cpu, EXC_AC, 0);
	return INSN_DONE;
}

static enum insn_result page_fault(struct insn_cpu *cpu, uint64_t address,
				   uint32_t code)
{
	cpu->fault = (struct insn_fault){
		.vector = EXC_PF,
		.has_error = true,
		.error = code,
		.address = address,
	};
	return INSN_FAULT;
}

static enum insn_result rights_init(struct insn_cpu *cpu,
				    struct page_rights *rights, unsigned cpl,
				    bool implicit)
{
	page_rights_init(rights, cpu->gmem, &cpu->sregs, cpu->regs.rflags, cpl,
			 implicit);
	if (!rights->keys)
		return INSN_DONE;
	TRY(xstate_load(cpu));
	if (cpu->layout->part[XSTATE_PKRU].size)
		memcpy(&rights->pkru,
		       cpu->xsave + cpu->layout->part[XSTATE_PKRU].offset,
		       sizeof(rights->pkru));
	return INSN_DONE;
}

static uint64_t wrap(const struct insn_cpu *cpu, uint64_t linear)
{
	return cpu_long_mode(cpu) ? linear : (uint32_t)linear;
}

enum insn_result mem_translate(struct insn_cpu *cpu, uint64_t linear,
			       size_t len, unsigned cpl, unsigned flags,
			       struct mem_place *place)
{
	enum page_op op = flags & MEM_WRITE ? PAGE_WRITE : PAGE_READ;
	size_t first = MEM_PAGE - linear % MEM_PAGE;
	struct page_rights rights;
	uint32_t code;
	unsigned i;

	TRY(rights_init(cpu, &rights, cpl, flags & MEM_IMPLICIT));
	place->len[0] = first < len ? first : len;
	place->len[1] = len - place->len[0];
	for (i = 0; i < 2 && place->len[i]; i++) {
		if (page_access(&rights, linear, op, &place->gpa[i], &code) < 0)
			return page_fault(cpu, linear, code);
		linear = wrap(cpu, linear + place->len[i]);
	}
	return INSN_DONE;
}

/* len bytes within a page: memory, or registers of a device. */
static enum insn_result move_piece(struct insn_cpu *cpu, gpa_t gpa,
				   uint8_t *buf, size_t len, bool write)
{
	bool done = write ? gmem_write(cpu->gmem, gpa, buf, len)
			  : gmem_read(cpu->gmem, gpa, buf, len);
	size_t n;

	for (; len && !done; gpa += n, buf += n, len -= n) {
		n = len < CHUNK_SIZE ? len : CHUNK_SIZE;
		if (!cpu->ops->mmio(cpu->ctx, gpa, buf, n, write))
			return INSN_UNKNOWN;
	}
	return INSN_DONE;
}

enum insn_result mem_move(struct insn_cpu *cpu, const struct mem_place *place,
			  void *buf, bool write)
{
	TRY(move_piece(cpu, place->gpa[0], buf, place->len[0], write));
	if (!place->len[1])
		return INSN_DONE;
	return move_piece(cpu, place->gpa[1], (uint8_t *)buf + place->len[0],
			  place->len[1], write);
}

enum insn_result mem_access(struct insn_cpu *cpu, uint64_t linear, void *buf,
			    size_t len, unsigned flags)
{
	struct mem_place place = {0};

	TRY(mem_translate(cpu, linear, len, cpu_cpl(cpu), flags, &place));
	return mem_move(cpu, &place, buf, flags & MEM_WRITE);
}

enum insn_result mem_table(struct insn_cpu *cpu, uint64_t linear, void *buf,
			   size_t len, bool write)
{
	return mem_access(cpu, wrap(cpu, linear), buf, len,
			  MEM_IMPLICIT | (write ? MEM_WRITE : 0));
}

/* How many of the next bytes of code the limit allows. */
static size_t code_left(const struct insn_cpu *cpu, uint64_t rip)
{
	if (cpu_64bit(cpu))
		return mem_canonical(cpu, rip) ? SIZE_MAX : 0;
	rip = (uint32_t)rip;
	return rip > cpu->sregs.cs.limit
		       ? 0
		       : (size_t)(cpu->sregs.cs.limit - rip) + 1;
}

static enum insn_result fetch_piece(struct insn_cpu *cpu, uint8_t *code,
				    size_t *len)
{
	uint64_t rip = cpu->regs.rip + *len, linear = rip;
	size_t n = INSN_LENGTH_MAX - *len, left = code_left(cpu, rip), page;
	struct page_rights rights;
	uint32_t pf;
	gpa_t gpa;

	if (!left)
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!cpu_64bit(cpu))
		linear = (uint32_t)(cpu->sregs.cs.base + (uint32_t)rip);
	page = MEM_PAGE - linear % MEM_PAGE;
	n = n < left ? n : left;
	n = n < page ? n : page;
	page_rights_init(&rights, cpu->gmem, &cpu->sregs, cpu->regs.rflags,
			 cpu_cpl(cpu), false);
	if (page_access(&rights, linear, PAGE_EXECUTE, &gpa, &pf) < 0)
		return page_fault(cpu, linear, pf);
	TRY(move_piece(cpu, gpa, code + *len, n, false));
	*len += n;
	return INSN_DONE;
}

enum insn_result mem_fetch(struct insn_cpu *cpu, uint8_t *code, size_t *len)
{
	while (*len < INSN_LENGTH_MAX)
		TRY(fetch_piece(cpu, code, len));
	return INSN_DONE;
}
