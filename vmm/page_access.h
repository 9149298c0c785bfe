/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's paging allows: an access's permission, the page-fault error
 * code when it is denied, accessed and dirty bits when it is not.
 * Intel SDM volume 3, 4.6 (access rights), 4.7 (error codes), 4.8 (accessed
 * and dirty flags).
 *
 * Not modelled: protection keys of supervisor pages, and shadow stacks.
 *
 * Any thread.
 */
#ifndef VMM_PAGE_ACCESS_H
#define VMM_PAGE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/page_walk.h"

enum page_op { PAGE_READ, PAGE_WRITE, PAGE_EXECUTE };

/* Bits of the error code. */
#define PF_PRESENT  (1u << 0)
#define PF_WRITE    (1u << 1)
#define PF_USER	    (1u << 2)
#define PF_RESERVED (1u << 3)
#define PF_FETCH    (1u << 4)
#define PF_KEY	    (1u << 5)

/* Who accesses. */
struct page_rights {
	struct page_walker walker;
	bool user; /* at CPL 3, and not implicitly a supervisor's access */
	bool write_protect; /* CR0.WP */
	bool smep; /* CR4.SMEP */
	bool smap; /* CR4.SMAP, unless RFLAGS.AC lifts it */
	bool keys; /* CR4.PKE in 4- and 5-level paging */
	uint32_t pkru;
};

/*
 * For what sregs and rflags say, at cpl.  pkru is left 0: set it when keys is
 * set.  implicit: the processor reads a table of its own.
 */
void page_rights_init(struct page_rights *rights, struct gmem *gmem,
		      const struct kvm_sregs *sregs, uint64_t rflags,
		      unsigned cpl, bool implicit);

/*
 * Translates gva, which is canonical.  0, or -EFAULT with the error code of the
 * page fault in *code.
 */
int page_access(const struct page_rights *rights, uint64_t gva, enum page_op op,
		gpa_t *gpa, uint32_t *code);

#endif
