/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks the guest's page tables: two levels, PAE, four and five levels.
 * Intel SDM volume 3, chapter 4.
 *
 * A walk reads; it sets no accessed or dirty bits, but tells where each entry
 * lies and what it held, so that the caller can (gmem_cmpxchg).  Permissions
 * are what the entries of all levels allow together; what CR0.WP, SMEP, SMAP
 * and protection keys make of them is the caller's business.
 *
 * Any thread.
 */
#ifndef VMM_PAGE_WALK_H
#define VMM_PAGE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/gmem.h"

struct kvm_sregs;

#define PAGE_WALK_LEVELS 5

/* Bits of an entry. */
#define PTE_PRESENT	  (UINT64_C(1) << 0)
#define PTE_WRITE	  (UINT64_C(1) << 1)
#define PTE_USER	  (UINT64_C(1) << 2)
#define PTE_WRITE_THROUGH (UINT64_C(1) << 3)
#define PTE_CACHE_DISABLE (UINT64_C(1) << 4)
#define PTE_ACCESSED	  (UINT64_C(1) << 5)
#define PTE_DIRTY	  (UINT64_C(1) << 6)
#define PTE_LARGE	  (UINT64_C(1) << 7)
#define PTE_GLOBAL	  (UINT64_C(1) << 8)
#define PTE_NO_EXECUTE	  (UINT64_C(1) << 63)

enum paging {
	PAGING_NONE,
	PAGING_32BIT,
	PAGING_PAE,
	PAGING_4LEVEL,
	PAGING_5LEVEL,
};

/* What a walk depends on. */
struct page_walker {
	struct gmem *gmem;
	enum paging paging;
	uint64_t root; /* CR3 */
	bool large; /* 32-bit paging: CR4.PSE */
	bool no_execute; /* EFER.NXE */
	unsigned physical_bits; /* MAXPHYADDR: bits above it are reserved */
};

/* One page, or where the walk ended. */
struct page_walk {
	uint64_t gva; /* of the page's first byte */
	gpa_t gpa;
	uint64_t size; /* bytes of the page */
	unsigned level; /* of the last entry looked at: 1 for a page table */
	bool write, user, execute; /* all levels together */
	/* By level, 1 to PAGE_WALK_LEVELS; of those that were read. */
	uint64_t entry[PAGE_WALK_LEVELS + 1];
	gpa_t entry_gpa[PAGE_WALK_LEVELS + 1];
	unsigned entry_size; /* bytes: 4 or 8 */
	bool reserved; /* failed for a bit that must be 0 */
};

void page_walker_init(struct page_walker *w, struct gmem *gmem,
		      const struct kvm_sregs *sregs);

/*
 * Finds the page that holds gva.  -EFAULT when an entry is not present, is
 * not in RAM, or has a reserved bit set (then page->reserved; page->level says
 * at which level it ended), and when gva is not canonical.
 */
int page_walk(const struct page_walker *w, uint64_t gva,
	      struct page_walk *page);

/*
 * Tells fn of each page there is, in the order of addresses, until it returns
 * false or max tables were read.  False when it did not come to the end.
 */
bool page_walk_all(const struct page_walker *w, unsigned max,
		   bool (*fn)(void *ctx, const struct page_walk *page),
		   void *ctx);

#endif
