/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory type range registers as firmware leaves them: RAM is cached, what
 * devices have is not.  Intel SDM volume 3, 11.11.
 */
#include "hw/mtrr.h"

#include "vmm/vcpu_entry.h"

#define MSR_FIX64K_00000 0x250
#define MSR_FIX16K_80000 0x258
#define MSR_FIX16K_A0000 0x259
#define MSR_FIX4K_C0000	 0x268 /* and the seven after it */
#define MSR_PHYSBASE0	 0x200
#define MSR_PHYSMASK0	 0x201
#define MSR_DEF_TYPE	 0x2ff

#define ALL_UNCACHED	 UINT64_C(0)
#define ALL_WRITEBACK	 UINT64_C(0x0606060606060606)
#define TYPE_WRITEBACK	 6u
#define TYPE_UNCACHED	 0u
#define DEF_FIXED	 (1u << 10)
#define DEF_ENABLE	 (1u << 11)
#define MASK_VALID	 (UINT64_C(1) << 11)
#define FOUR_GIB	 (UINT64_C(1) << 32)

void mtrr_set(struct vcpu *vcpu, uint64_t hole, unsigned phys_bits)
{
	uint64_t space = phys_bits < 64 ? UINT64_C(1) << phys_bits : 0;
	uint64_t mask = (space - 1) & ~(FOUR_GIB - hole - 1);
	const struct kvm_msr_entry msrs[] = {
		{.index = MSR_FIX64K_00000, .data = ALL_WRITEBACK},
		{.index = MSR_FIX16K_80000, .data = ALL_WRITEBACK},
		{.index = MSR_FIX16K_A0000, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 1, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 2, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 3, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 4, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 5, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 6, .data = ALL_UNCACHED},
		{.index = MSR_FIX4K_C0000 + 7, .data = ALL_UNCACHED},
		{.index = MSR_PHYSBASE0, .data = hole | TYPE_UNCACHED},
		{.index = MSR_PHYSMASK0, .data = mask | MASK_VALID},
		{.index = MSR_DEF_TYPE,
		 .data = DEF_ENABLE | DEF_FIXED | TYPE_WRITEBACK},
	};

	vcpu_set_msrs(vcpu, msrs, sizeof(msrs) / sizeof(*msrs));
}
