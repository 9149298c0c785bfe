/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE, XSAVE and their kin, and XCR0.  Intel SDM volume 1, 10.5 and
 * 13.7 to 13.14; volume 2.
 *
 * Not modelled: supervisor components (IA32_XSS other than 0).
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define MSR_XSS			UINT32_C(0xda0)
#define AREA_ALIGN		64u
#define FX_SIZE			512u
#define FX_ALIGN		16u
#define FX_WRITTEN		464u /* the rest is the software's */
#define XCOMP_BV_OFFSET		520u
#define XCOMP_COMPACT		(UINT64_C(1) << 63)
#define EXTENDED_OFFSET		576u
#define COMPACT_RESERVED_OFFSET 528u
#define HEADER_END		576u
#define LEGACY_VECTORS		8u /* outside 64-bit mode */
#define XMM_SIZE		16u
#define ZMM_HIGH_SIZE		32u
#define AREA_MAX		16384u
#define BNDCSR_BYTES		16u /* of the 64 of the component */
#define PKRU_BYTES		4u /* of its 8 */

static bool wide_pointers(const struct insn *in)
{
	return in->i.attributes & ZYDIS_ATTRIB_HAS_REX && in->i.raw.rex.W;
}

/* Checks, or moves, len bytes that may span several pages. */
static enum insn_result area(struct insn_cpu *cpu, uint64_t linear,
			     uint8_t *buf, size_t len, bool write, bool move)
{
	unsigned flags = write ? MEM_WRITE : MEM_READ;
	struct mem_place place;
	size_t n;

	for (; len; linear += n, len -= n) {
		n = MEM_PAGE - linear % MEM_PAGE;
		n = n < len ? n : len;
		TRY(mem_translate(cpu, linear, n, cpu_cpl(cpu), flags, &place));
		if (!move)
			continue;
		TRY(mem_move(cpu, &place, buf, write));
		buf += n;
	}
	return INSN_DONE;
}

static enum insn_result area_address(struct insn *in, size_t len, size_t align,
				     unsigned flags, uint64_t *linear)
{
	TRY(insn_address(in, &in->op[0], len, flags | MEM_NO_AC, linear));
	if (*linear % align)
		return insn_raise_error(in->cpu, EXC_GP, 0);
	return INSN_DONE;
}

/* FIP and FDP without REX.W: 32 bits, and no selectors. */
static void narrow_pointers(uint8_t *legacy)
{
	store_le32(legacy + XSTATE_FIP + 4, 0);
	store_le32(legacy + XSTATE_FDP + 4, 0);
}

static size_t vector_bytes(const struct insn_cpu *cpu)
{
	return cpu_64bit(cpu) ? XSTATE_XMM_END - XSTATE_XMM
			      : LEGACY_VECTORS * XMM_SIZE;
}

/* AMD APM volume 2, 3.1.7: fast FXSAVE leaves out the vector registers. */
static bool fast_fxsave(const struct insn_cpu *cpu)
{
	return (cpu->sregs.efer & EFER_FFXSR) && cpu_64bit(cpu) &&
	       cpu_cpl(cpu) == 0;
}

static enum insn_result fx_check(struct insn *in)
{
	if (in->cpu->sregs.cr0 & (CR0_EM | CR0_TS))
		return insn_raise(in->cpu, EXC_NM);
	return xstate_load(in->cpu);
}

enum insn_result insn_fxsave(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint8_t image[FX_SIZE];
	uint64_t linear;

	TRY(fx_check(in));
	TRY(area_address(in, FX_SIZE, FX_ALIGN, MEM_WRITE, &linear));
	TRY(area(cpu, linear, NULL, FX_SIZE, true, false));
	TRY(area(cpu, linear, image, FX_SIZE, false, true));
	memcpy(image, cpu->xsave, XSTATE_XMM);
	if (!wide_pointers(in))
		narrow_pointers(image);
	store_le32(image + XSTATE_MXCSR_MASK, xstate_mxcsr_mask(cpu));
	if (!fast_fxsave(cpu))
		memcpy(image + XSTATE_XMM, cpu->xsave + XSTATE_XMM,
		       vector_bytes(cpu));
	return area(cpu, linear, image, FX_WRITTEN, true, true);
}

/* The abridged tag word and the reserved byte after it are kept apart. */
static void load_x87(struct insn *in, const uint8_t *legacy)
{
	struct insn_cpu *cpu = in->cpu;

	memcpy(cpu->xsave, legacy, XSTATE_MXCSR);
	memcpy(cpu->xsave + XSTATE_ST, legacy + XSTATE_ST,
	       XSTATE_XMM - XSTATE_ST);
	cpu->xsave[XSTATE_FTW + 1] = 0;
	if (!wide_pointers(in))
		narrow_pointers(cpu->xsave);
	xstate_touch(cpu, XBIT(XSTATE_X87));
}

static void load_mxcsr(struct insn_cpu *cpu, uint32_t mxcsr)
{
	store_le32(cpu->xsave + XSTATE_MXCSR, mxcsr);
	xstate_touch(cpu, XBIT(XSTATE_SSE));
}

enum insn_result insn_fxrstor(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint8_t image[FX_SIZE];
	uint32_t mxcsr;
	uint64_t linear;

	TRY(fx_check(in));
	TRY(area_address(in, FX_SIZE, FX_ALIGN, MEM_READ, &linear));
	TRY(area(cpu, linear, image, FX_SIZE, false, true));
	mxcsr = load_le32(image + XSTATE_MXCSR);
	if (mxcsr & ~xstate_mxcsr_mask(cpu))
		return insn_raise_error(cpu, EXC_GP, 0);
	load_x87(in, image);
	load_mxcsr(cpu, mxcsr);
	if (!fast_fxsave(cpu))
		memcpy(cpu->xsave + XSTATE_XMM, image + XSTATE_XMM,
		       vector_bytes(cpu));
	return INSN_DONE;
}

static uint64_t edx_eax(const struct insn_cpu *cpu)
{
	return (uint32_t)cpu->regs.rax | cpu->regs.rdx << 32;
}

/* The components that are asked for and there. */
static enum insn_result requested(struct insn *in, uint64_t *components)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t xss = 0;

	TRY(fpu_check(cpu, FPU_XSAVE));
	if ((in->arg & AREA_SUPERVISOR) && cpu_cpl(cpu))
		return insn_raise_error(cpu, EXC_GP, 0);
	if ((in->arg & AREA_SUPERVISOR) &&
	    cpu->ops->read_msr(cpu->ctx, MSR_XSS, &xss) && xss)
		return INSN_UNKNOWN;
	*components = edx_eax(cpu) & cpu->xcr0;
	return INSN_DONE;
}

/* Where each component of a compacted area lies; returns the end. */
static size_t compact(const struct xstate_layout *l, uint64_t components,
		      uint32_t offset[XSTATE_COUNT])
{
	size_t at = EXTENDED_OFFSET;
	unsigned i;

	for (i = XSTATE_AVX; i < XSTATE_COUNT - 1; i++) {
		if (!(components & XBIT(i)))
			continue;
		if (l->part[i].aligned)
			at = (at + AREA_ALIGN - 1) & ~(size_t)(AREA_ALIGN - 1);
		offset[i] = (uint32_t)at;
		at += l->part[i].size;
	}
	return at;
}

static size_t standard(const struct xstate_layout *l, uint64_t components,
		       uint32_t offset[XSTATE_COUNT])
{
	size_t end = EXTENDED_OFFSET;
	unsigned i;

	for (i = XSTATE_AVX; i < XSTATE_COUNT - 1; i++) {
		offset[i] = l->part[i].offset;
		if ((components & XBIT(i)) &&
		    end < (size_t)offset[i] + l->part[i].size)
			end = (size_t)offset[i] + l->part[i].size;
	}
	return end;
}

/*
 * How much of a component is moved.  Outside 64-bit mode there are eight
 * registers, and none of what EVEX added above them.
 */
static size_t part_bytes(const struct insn_cpu *cpu, unsigned n)
{
	if (n == XSTATE_BNDCSR)
		return BNDCSR_BYTES;
	if (n == XSTATE_PKRU)
		return PKRU_BYTES;
	if (cpu_64bit(cpu))
		return cpu->layout->part[n].size;
	switch (n) {
	case XSTATE_AVX:
		return LEGACY_VECTORS * XMM_SIZE;
	case XSTATE_ZMM_HIGH:
		return LEGACY_VECTORS * ZMM_HIGH_SIZE;
	case XSTATE_ZMM_UPPER:
		return 0;
	default:
		return cpu->layout->part[n].size;
	}
}

/* Is a component other than in its first state? */
static uint64_t used(const struct insn_cpu *cpu, bool compacted)
{
	uint64_t bits = xstate_in_use(cpu);

	if (compacted && load_le32(cpu->xsave + XSTATE_MXCSR) != MXCSR_INIT)
		bits |= XBIT(XSTATE_SSE);
	return bits;
}

static void save_legacy(struct insn *in, uint8_t *image, uint64_t save,
			bool mxcsr)
{
	struct insn_cpu *cpu = in->cpu;

	if (save & XBIT(XSTATE_X87)) {
		memcpy(image, cpu->xsave, XSTATE_MXCSR);
		memcpy(image + XSTATE_ST, cpu->xsave + XSTATE_ST,
		       XSTATE_XMM - XSTATE_ST);
		if (!wide_pointers(in))
			narrow_pointers(image);
	}
	if (mxcsr) {
		store_le32(image + XSTATE_MXCSR,
			   load_le32(cpu->xsave + XSTATE_MXCSR));
		store_le32(image + XSTATE_MXCSR_MASK, xstate_mxcsr_mask(cpu));
	}
	if (save & XBIT(XSTATE_SSE))
		memcpy(image + XSTATE_XMM, cpu->xsave + XSTATE_XMM,
		       vector_bytes(cpu));
}

static void save_parts(struct insn_cpu *cpu, uint8_t *image, uint64_t save,
		       const uint32_t offset[XSTATE_COUNT])
{
	unsigned i;

	for (i = XSTATE_AVX; i < XSTATE_COUNT - 1; i++)
		if (save & XBIT(i))
			memcpy(image + offset[i],
			       cpu->xsave + cpu->layout->part[i].offset,
			       part_bytes(cpu, i));
}

static void save_header(const struct insn *in, uint8_t *image,
			uint64_t requested_bits, uint64_t in_use)
{
	uint64_t old = load_le64(image + XSTATE_BV_OFFSET);

	if (in->arg & AREA_COMPACT) {
		store_le64(image + XSTATE_BV_OFFSET, in_use & requested_bits);
		store_le64(image + XCOMP_BV_OFFSET,
			   requested_bits | XCOMP_COMPACT);
		return;
	}
	store_le64(image + XSTATE_BV_OFFSET,
		   (old & ~requested_bits) | (in_use & requested_bits));
}

/*
 * XSAVE, XSAVEOPT, XSAVEC and XSAVES.  The area is read, changed and written,
 * so that what is no part of it stays.  That an unmodified component need not
 * be written again is left unused.
 */
enum insn_result insn_xsave(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	bool compacted = in->arg & AREA_COMPACT, mxcsr;
	uint64_t components = 0, in_use, save, linear;
	uint32_t offset[XSTATE_COUNT] = {0};
	uint8_t image[AREA_MAX];
	size_t size;

	TRY(requested(in, &components));
	size = (compacted ? compact : standard)(cpu->layout, components,
						offset);
	if (size > sizeof(image))
		return INSN_UNKNOWN;
	TRY(area_address(in, size, AREA_ALIGN, MEM_WRITE, &linear));
	TRY(area(cpu, linear, NULL, size, true, false));
	TRY(area(cpu, linear, image, size, false, true));
	in_use = used(cpu, compacted);
	save = components;
	if (in->arg & AREA_OPTIMISED)
		save &= in_use;
	mxcsr = compacted ? save & XBIT(XSTATE_SSE)
			  : components & (XBIT(XSTATE_SSE) | XBIT(XSTATE_AVX));
	save_legacy(in, image, save, mxcsr);
	save_parts(cpu, image, save, offset);
	save_header(in, image, components, in_use);
	return area(cpu, linear, image, size, true, true);
}

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	while (len--)
		any |= *p++;
	return !any;
}

/* Intel SDM volume 1, 13.8 and 13.12: what XRSTOR and XRSTORS refuse. */
static bool header_good(const struct insn *in, const uint8_t *image)
{
	uint64_t bv = load_le64(image + XSTATE_BV_OFFSET);
	uint64_t comp = load_le64(image + XCOMP_BV_OFFSET);
	uint64_t xcr0 = in->cpu->xcr0;

	if (comp & XCOMP_COMPACT)
		return !(comp & ~XCOMP_COMPACT & ~xcr0) && !(bv & ~comp) &&
		       !(bv & XCOMP_COMPACT) &&
		       all_zero(image + COMPACT_RESERVED_OFFSET,
				HEADER_END - COMPACT_RESERVED_OFFSET);
	if (in->arg & AREA_SUPERVISOR)
		return false;
	return !(bv & ~xcr0) &&
	       all_zero(image + XCOMP_BV_OFFSET,
			COMPACT_RESERVED_OFFSET + 8 - XCOMP_BV_OFFSET);
}

static void restore_parts(struct insn_cpu *cpu, const uint8_t *image,
			  uint64_t load, const uint32_t offset[XSTATE_COUNT])
{
	unsigned i;

	for (i = XSTATE_AVX; i < XSTATE_COUNT - 1; i++)
		if (load & XBIT(i)) {
			memcpy(cpu->xsave + cpu->layout->part[i].offset,
			       image + offset[i], part_bytes(cpu, i));
			xstate_touch(cpu, XBIT(i));
		}
}

/* Components that start anew, but for registers that this mode cannot see. */
static void restart_parts(struct insn_cpu *cpu, uint64_t components)
{
	unsigned i;

	if (cpu_64bit(cpu)) {
		xstate_reset(cpu, components & ~XBIT(XSTATE_SSE));
		if (!(components & XBIT(XSTATE_SSE)))
			return;
		memset(cpu->xsave + XSTATE_XMM, 0, vector_bytes(cpu));
		xstate_touch(cpu, XBIT(XSTATE_SSE));
		return;
	}
	for (i = 0; i < XSTATE_COUNT - 1; i++) {
		if (!(components & XBIT(i)))
			continue;
		if (i == XSTATE_X87) {
			xstate_reset(cpu, XBIT(i));
			continue;
		}
		memset(cpu->xsave + cpu->layout->part[i].offset, 0,
		       i == XSTATE_SSE ? vector_bytes(cpu)
				       : part_bytes(cpu, i));
		xstate_touch(cpu, XBIT(i));
	}
}

struct restore {
	uint64_t components, load; /* asked for; of those, in the area */
	bool compacted, mxcsr; /* mxcsr: the area has it */
	uint32_t offset[XSTATE_COUNT];
};

static enum insn_result restore(struct insn *in, const uint8_t *image,
				const struct restore *r)
{
	struct insn_cpu *cpu = in->cpu;
	uint32_t mxcsr = load_le32(image + XSTATE_MXCSR);

	if (r->mxcsr && (mxcsr & ~xstate_mxcsr_mask(cpu)))
		return insn_raise_error(cpu, EXC_GP, 0);
	restart_parts(cpu, r->components & ~r->load);
	if (r->load & XBIT(XSTATE_X87))
		load_x87(in, image);
	if (r->load & XBIT(XSTATE_SSE)) {
		memcpy(cpu->xsave + XSTATE_XMM, image + XSTATE_XMM,
		       vector_bytes(cpu));
		xstate_touch(cpu, XBIT(XSTATE_SSE));
	}
	if (r->mxcsr)
		load_mxcsr(cpu, mxcsr);
	else if (r->compacted && (r->components & XBIT(XSTATE_SSE)))
		load_mxcsr(cpu, MXCSR_INIT);
	restore_parts(cpu, image, r->load, r->offset);
	return INSN_DONE;
}

enum insn_result insn_xrstor(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	struct restore r = {0};
	uint8_t image[AREA_MAX];
	uint64_t linear, comp;
	size_t size;

	TRY(requested(in, &r.components));
	TRY(area_address(in, EXTENDED_OFFSET, AREA_ALIGN, MEM_READ, &linear));
	TRY(area(cpu, linear, image, EXTENDED_OFFSET, false, true));
	if (!header_good(in, image))
		return insn_raise_error(cpu, EXC_GP, 0);
	comp = load_le64(image + XCOMP_BV_OFFSET);
	r.compacted = comp & XCOMP_COMPACT;
	r.load = r.components & load_le64(image + XSTATE_BV_OFFSET);
	if (r.compacted)
		size = compact(cpu->layout, comp & ~XCOMP_COMPACT, r.offset);
	else
		size = standard(cpu->layout, r.load, r.offset);
	if (size > sizeof(image))
		return INSN_UNKNOWN;
	TRY(area_address(in, size, AREA_ALIGN, MEM_READ, &linear));
	TRY(area(cpu, linear, image, size, false, true));
	r.mxcsr = r.compacted ? r.load & XBIT(XSTATE_SSE)
			      : r.components &
					(XBIT(XSTATE_SSE) | XBIT(XSTATE_AVX));
	return restore(in, image, &r);
}

/* XGETBV's second register: what is in use of XCR0. */
#define XCR_IN_USE 1u

enum insn_result insn_xgetbv(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint32_t index = (uint32_t)cpu->regs.rcx;
	uint64_t val;

	if (!(cpu->sregs.cr4 & CR4_OSXSAVE))
		return insn_raise(cpu, EXC_UD);
	if (index > XCR_IN_USE)
		return insn_raise_error(cpu, EXC_GP, 0);
	TRY(xstate_load(cpu));
	val = cpu->xcr0;
	if (index == XCR_IN_USE)
		val &= used(cpu, true);
	cpu->regs.rax = (uint32_t)val;
	cpu->regs.rdx = val >> 32;
	return INSN_DONE;
}

/* Intel SDM volume 1, 13.3: components that stand or fall together. */
static bool xcr0_good(const struct xstate_layout *l, uint64_t val)
{
	const uint64_t avx512 = XBIT(XSTATE_OPMASK) | XBIT(XSTATE_ZMM_HIGH) |
				XBIT(XSTATE_ZMM_UPPER);
	const uint64_t mpx = XBIT(3) | XBIT(4), amx = XBIT(17) | XBIT(18);

	if (!(val & XBIT(XSTATE_X87)) || (val & ~l->supported))
		return false;
	if ((val & XBIT(XSTATE_AVX)) && !(val & XBIT(XSTATE_SSE)))
		return false;
	if ((val & avx512) &&
	    (!(val & XBIT(XSTATE_AVX)) || (val & avx512) != avx512))
		return false;
	return (!(val & mpx) || (val & mpx) == mpx) &&
	       (!(val & amx) || (val & amx) == amx);
}

enum insn_result insn_xsetbv(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t val = edx_eax(cpu);

	if (!(cpu->sregs.cr4 & CR4_OSXSAVE))
		return insn_raise(cpu, EXC_UD);
	if (cpu_cpl(cpu) || (uint32_t)cpu->regs.rcx != 0 ||
	    !xcr0_good(cpu->layout, val))
		return insn_raise_error(cpu, EXC_GP, 0);
	if (!cpu->ops->write_xcr0(cpu->ctx, val))
		return insn_raise_error(cpu, EXC_GP, 0);
	return INSN_DONE;
}
