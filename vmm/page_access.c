/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's paging allows.  Intel SDM volume 3, 4.6 to 4.8. */
#include "vmm/page_access.h"

#include <errno.h>
#include <linux/kvm.h>

#define CR0_WP	       (UINT64_C(1) << 16)
#define CR4_PAE	       (UINT64_C(1) << 5)
#define CR4_SMEP       (UINT64_C(1) << 20)
#define CR4_SMAP       (UINT64_C(1) << 21)
#define CR4_PKE	       (UINT64_C(1) << 22)
#define RFLAGS_AC      (UINT64_C(1) << 18)
#define PTE_KEY(pte)   ((unsigned)((pte) >> 59) & 15)
#define PKRU_NO_ACCESS 1u
#define PKRU_NO_WRITE  2u
/* A guest that rewrites its tables all the time gets a fault in the end. */
#define RETRIES 16

void page_rights_init(struct page_rights *r, struct gmem *gmem,
		      const struct kvm_sregs *s, uint64_t rflags, unsigned cpl,
		      bool implicit)
{
	*r = (struct page_rights){
		.user = cpl == 3 && !implicit,
		.write_protect = s->cr0 & CR0_WP,
		.smep = s->cr4 & CR4_SMEP,
		.smap = (s->cr4 & CR4_SMAP) &&
			(implicit || !(rflags & RFLAGS_AC)),
	};
	page_walker_init(&r->walker, gmem, s);
	r->keys = (s->cr4 & CR4_PKE) && r->walker.paging >= PAGING_4LEVEL;
}

static uint32_t base_code(const struct page_rights *r, enum page_op op)
{
	uint32_t code = r->user ? PF_USER : 0;

	if (op == PAGE_WRITE)
		code |= PF_WRITE;
	if (op == PAGE_EXECUTE && (r->smep || (r->walker.no_execute &&
					       r->walker.paging >= PAGING_PAE)))
		code |= PF_FETCH;
	return code;
}

static bool key_denies(const struct page_rights *r,
		       const struct page_walk *page, enum page_op op)
{
	unsigned key = PTE_KEY(page->entry[page->level]);
	uint32_t rights = r->pkru >> 2 * key;

	if (!r->keys || !page->user || op == PAGE_EXECUTE)
		return false;
	if (rights & PKRU_NO_ACCESS)
		return true;
	return op == PAGE_WRITE && (rights & PKRU_NO_WRITE) &&
	       (r->user || r->write_protect);
}

static bool mode_denies(const struct page_rights *r,
			const struct page_walk *page, enum page_op op)
{
	if (r->user && !page->user)
		return true;
	if (op == PAGE_EXECUTE)
		return !page->execute || (!r->user && page->user && r->smep);
	if (!r->user && page->user && r->smap)
		return true;
	return op == PAGE_WRITE && !page->write &&
	       (r->user || r->write_protect);
}

/* Sets what a bit lacks; -EAGAIN when someone else changed the entry. */
static int set_bits(const struct page_rights *r, const struct page_walk *page,
		    unsigned level, uint64_t bits)
{
	uint64_t old = page->entry[level];
	int rc;

	if ((old & bits) == bits)
		return 0;
	rc = gmem_cmpxchg(r->walker.gmem, page->entry_gpa[level], &old,
			  old | bits, page->entry_size);
	/* Tables in ROM keep their bits as they are. */
	return rc == -EAGAIN ? rc : 0;
}

static int mark(const struct page_rights *r, const struct page_walk *page,
		enum page_op op)
{
	unsigned level = PAGE_WALK_LEVELS;
	uint64_t bits;

	for (; level >= page->level && level; level--) {
		/* The first level of PAE has no such bits. */
		if (!(page->entry[level] & PTE_PRESENT) ||
		    (r->walker.paging == PAGING_PAE && level == 3))
			continue;
		bits = PTE_ACCESSED;
		if (level == page->level && op == PAGE_WRITE)
			bits |= PTE_DIRTY;
		if (set_bits(r, page, level, bits) < 0)
			return -EAGAIN;
	}
	return 0;
}

static int try_access(const struct page_rights *r, uint64_t gva,
		      enum page_op op, gpa_t *gpa, uint32_t *code)
{
	struct page_walk page;

	*code = base_code(r, op);
	if (page_walk(&r->walker, gva, &page) < 0) {
		if (page.reserved)
			*code |= PF_PRESENT | PF_RESERVED;
		return -EFAULT;
	}
	if (r->walker.paging == PAGING_NONE) {
		*gpa = gva;
		return 0;
	}
	if (mode_denies(r, &page, op)) {
		*code |= PF_PRESENT;
		if (key_denies(r, &page, op))
			*code |= PF_KEY;
		return -EFAULT;
	}
	if (key_denies(r, &page, op)) {
		*code |= PF_PRESENT | PF_KEY;
		return -EFAULT;
	}
	*gpa = page.gpa + (gva & (page.size - 1));
	return mark(r, &page, op);
}

int page_access(const struct page_rights *rights, uint64_t gva, enum page_op op,
		gpa_t *gpa, uint32_t *code)
{
	int tries, rc = -EAGAIN;

	for (tries = 0; tries < RETRIES && rc == -EAGAIN; tries++)
		rc = try_access(rights, gva, op, gpa, code);
	return rc ? -EFAULT : 0;
}
