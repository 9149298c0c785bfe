/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extended state: x87, vector registers and the rest, in the standard form
 * that XSAVE gives it.  Intel SDM volume 1, 13.1 to 13.6 and 10.5.
 */
#include <cpuid.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define CPUID_XSTATE	0xdu
#define PART_SUPERVISOR 1u /* ECX of a component's leaf */
#define PART_ALIGNED	2u
#define VECTORS		16 /* that have their parts in three places */
#define XMM_SIZE	16u
#define YMM_SIZE	32u
#define ZMM_SIZE	64u

void xstate_layout_init(struct xstate_layout *l)
{
	unsigned a, b, c, d, i;

	*l = (struct xstate_layout){
		.supported = XBIT(XSTATE_X87) | XBIT(XSTATE_SSE),
		.size = XSTATE_LEGACY_SIZE + XSTATE_HEADER_SIZE,
		.part[XSTATE_X87] = {.size = XSTATE_XMM},
		.part[XSTATE_SSE] = {.offset = XSTATE_XMM,
				     .size = XSTATE_XMM_END - XSTATE_XMM},
	};
	if (!__get_cpuid_count(CPUID_XSTATE, 0, &a, &b, &c, &d))
		return;
	l->supported |= a | (uint64_t)d << 32;
	for (i = XSTATE_AVX; i < XSTATE_COUNT - 1; i++) {
		if (!(l->supported & XBIT(i)))
			continue;
		__get_cpuid_count(CPUID_XSTATE, i, &a, &b, &c, &d);
		if (c & PART_SUPERVISOR)
			continue;
		l->part[i].size = a;
		l->part[i].offset = b;
		l->part[i].aligned = c & PART_ALIGNED;
		if (l->size < (size_t)a + b)
			l->size = (size_t)a + b;
	}
}

uint64_t xstate_in_use(const struct insn_cpu *cpu)
{
	return load_le64(cpu->xsave + XSTATE_BV_OFFSET);
}

static void set_in_use(struct insn_cpu *cpu, uint64_t components)
{
	store_le64(cpu->xsave + XSTATE_BV_OFFSET, components);
}

/* The first state of x87 is not all zero; MXCSR is no part's own. */
static void clear_parts(struct insn_cpu *cpu, uint64_t components)
{
	const struct xstate_layout *l = cpu->layout;
	unsigned i;

	for (i = 0; i < XSTATE_COUNT; i++) {
		if (!(components & XBIT(i)) || !l->part[i].size)
			continue;
		if (i == XSTATE_X87) {
			memset(cpu->xsave, 0, XSTATE_MXCSR);
			memset(cpu->xsave + XSTATE_ST, 0,
			       XSTATE_XMM - XSTATE_ST);
			store_le16(cpu->xsave + XSTATE_FCW, FCW_INIT);
			continue;
		}
		memset(cpu->xsave + l->part[i].offset, 0, l->part[i].size);
	}
}

enum insn_result xstate_load(struct insn_cpu *cpu)
{
	if (cpu->xsave_loaded)
		return INSN_DONE;
	if (!cpu->ops->load_xsave(cpu->ctx, cpu))
		return INSN_UNKNOWN;
	cpu->xsave_loaded = true;
	clear_parts(cpu, ~xstate_in_use(cpu));
	return INSN_DONE;
}

void xstate_touch(struct insn_cpu *cpu, uint64_t components)
{
	set_in_use(cpu,
		   xstate_in_use(cpu) | (components & cpu->layout->supported));
	cpu->xsave_changed = true;
}

/* Written as their first state, which every host takes. */
void xstate_reset(struct insn_cpu *cpu, uint64_t components)
{
	clear_parts(cpu, components);
	set_in_use(cpu, xstate_in_use(cpu) & ~components);
	cpu->xsave_changed = true;
}

uint32_t xstate_mxcsr_mask(const struct insn_cpu *cpu)
{
	uint32_t mask = load_le32(cpu->xsave + XSTATE_MXCSR_MASK);

	return mask ? mask : MXCSR_MASK_DEFAULT;
}

static uint8_t *part(struct insn_cpu *cpu, enum xstate_number n)
{
	return cpu->xsave + cpu->layout->part[n].offset;
}

static bool has(const struct insn_cpu *cpu, enum xstate_number n)
{
	return cpu->layout->part[n].size != 0;
}

void xstate_get_vector(struct insn_cpu *cpu, unsigned n, uint8_t *buf,
		       size_t size)
{
	memset(buf, 0, size);
	if (n >= VECTORS) {
		if (has(cpu, XSTATE_ZMM_UPPER))
			memcpy(buf,
			       part(cpu, XSTATE_ZMM_UPPER) +
				       (size_t)(n - VECTORS) * ZMM_SIZE,
			       size);
		return;
	}
	memcpy(buf, cpu->xsave + XSTATE_XMM + (size_t)n * XMM_SIZE, XMM_SIZE);
	if (size > XMM_SIZE && has(cpu, XSTATE_AVX))
		memcpy(buf + XMM_SIZE,
		       part(cpu, XSTATE_AVX) + (size_t)n * XMM_SIZE, XMM_SIZE);
	if (size > YMM_SIZE && has(cpu, XSTATE_ZMM_HIGH))
		memcpy(buf + YMM_SIZE,
		       part(cpu, XSTATE_ZMM_HIGH) + (size_t)n * YMM_SIZE,
		       YMM_SIZE);
}

/* A piece of a register: set, or cleared where nothing is left to set. */
static void set_piece(struct insn_cpu *cpu, enum xstate_number n, size_t off,
		      const uint8_t *buf, size_t size)
{
	static const uint8_t zero[ZMM_SIZE];

	if (!has(cpu, n) || (!buf && !(xstate_in_use(cpu) & XBIT(n))))
		return;
	memcpy(part(cpu, n) + off, buf ? buf : zero, size);
	xstate_touch(cpu, XBIT(n));
}

void xstate_set_vector(struct insn_cpu *cpu, unsigned n, const uint8_t *buf,
		       size_t size, bool zero)
{
	uint8_t whole[ZMM_SIZE] = {0};

	if (n >= VECTORS) {
		memcpy(whole, buf, size);
		set_piece(cpu, XSTATE_ZMM_UPPER,
			  (size_t)(n - VECTORS) * ZMM_SIZE, whole, ZMM_SIZE);
		return;
	}
	set_piece(cpu, XSTATE_SSE, (size_t)n * XMM_SIZE, buf, XMM_SIZE);
	if (size > XMM_SIZE || zero)
		set_piece(cpu, XSTATE_AVX, (size_t)n * XMM_SIZE,
			  size > XMM_SIZE ? buf + XMM_SIZE : NULL, XMM_SIZE);
	if (size > YMM_SIZE || zero)
		set_piece(cpu, XSTATE_ZMM_HIGH, (size_t)n * YMM_SIZE,
			  size > YMM_SIZE ? buf + YMM_SIZE : NULL, YMM_SIZE);
}

static enum insn_result check_sse(struct insn_cpu *cpu)
{
	if ((cpu->sregs.cr0 & CR0_EM) || !(cpu->sregs.cr4 & CR4_OSFXSR))
		return insn_raise(cpu, EXC_UD);
	return INSN_DONE;
}

/* VEX and EVEX: what XCR0 must have.  Real and virtual-8086 mode have none. */
static enum insn_result check_vex(struct insn_cpu *cpu, uint64_t components)
{
	if (!cpu_protected(cpu) || cpu_v86(cpu) ||
	    !(cpu->sregs.cr4 & CR4_OSXSAVE))
		return insn_raise(cpu, EXC_UD);
	TRY(xstate_load(cpu));
	if ((cpu->xcr0 & components) != components)
		return insn_raise(cpu, EXC_UD);
	return INSN_DONE;
}

static enum insn_result check_class(struct insn_cpu *cpu, enum fpu_class class)
{
	const uint64_t avx = XBIT(XSTATE_SSE) | XBIT(XSTATE_AVX);
	const uint64_t avx512 = avx | XBIT(XSTATE_OPMASK) |
				XBIT(XSTATE_ZMM_HIGH) | XBIT(XSTATE_ZMM_UPPER);

	switch (class) {
	case FPU_X87:
		if (cpu->sregs.cr0 & CR0_EM)
			return insn_raise(cpu, EXC_NM);
		return INSN_DONE;
	case FPU_MMX:
		if (cpu->sregs.cr0 & CR0_EM)
			return insn_raise(cpu, EXC_UD);
		return INSN_DONE;
	case FPU_SSE:
		return check_sse(cpu);
	case FPU_AVX:
		return check_vex(cpu, avx);
	case FPU_AVX512:
		return check_vex(cpu, avx512);
	default:
		if (!(cpu->sregs.cr4 & CR4_OSXSAVE))
			return insn_raise(cpu, EXC_UD);
		return INSN_DONE;
	}
}

enum insn_result fpu_check(struct insn_cpu *cpu, enum fpu_class class)
{
	TRY(check_class(cpu, class));
	if (cpu->sregs.cr0 & CR0_TS)
		return insn_raise(cpu, EXC_NM);
	return xstate_load(cpu);
}
