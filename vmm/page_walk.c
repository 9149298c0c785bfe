/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the guest's page tables.  Intel SDM volume 3, chapter 4. */
#include "vmm/page_walk.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "vmm/endian.h"

#define CR0_PG	      (UINT64_C(1) << 31)
#define CR4_PSE	      (UINT64_C(1) << 4)
#define CR4_PAE	      (UINT64_C(1) << 5)
#define CR4_LA57      (UINT64_C(1) << 12)
#define EFER_LMA      (UINT64_C(1) << 10)
#define EFER_NXE      (UINT64_C(1) << 11)
#define TABLE_SIZE    4096u
#define PAGE_BITS     12
#define PHYSICAL_BITS 52 /* no processor has more */
#define ENTRY_ADDRESS (((UINT64_C(1) << PHYSICAL_BITS) - 1) & ~UINT64_C(0xfff))
#define CR3_PAE_TABLE (UINT64_C(0xffffffe0))
#define CR3_TABLE_32  (UINT64_C(0xfffff000))
/* Bits 13 to 20 of a 4 MiB page's entry are bits 32 to 39 of its address. */
#define PSE36_SHIFT 13
#define PSE36_BITS  8
/* What PAE's first level has none of: 8:5 and 2:1. */
#define PDPTE_RESERVED (UINT64_C(0x1e6))

/* The levels of a kind of paging. */
struct shape {
	unsigned levels, index_bits, top_bits, entry_size;
	unsigned va_bits; /* 0: there is nothing above */
	unsigned large_levels; /* bit per level */
};

static const struct shape shapes[] = {
	[PAGING_32BIT] = {.levels = 2,
			  .index_bits = 10,
			  .top_bits = 10,
			  .entry_size = 4,
			  .large_levels = 1 << 2},
	[PAGING_PAE] = {.levels = 3,
			.index_bits = 9,
			.top_bits = 2,
			.entry_size = 8,
			.large_levels = 1 << 2},
	[PAGING_4LEVEL] = {.levels = 4,
			   .index_bits = 9,
			   .top_bits = 9,
			   .entry_size = 8,
			   .va_bits = 48,
			   .large_levels = 1 << 2 | 1 << 3},
	[PAGING_5LEVEL] = {.levels = 5,
			   .index_bits = 9,
			   .top_bits = 9,
			   .entry_size = 8,
			   .va_bits = 57,
			   .large_levels = 1 << 2 | 1 << 3},
};

static enum paging paging_of(const struct kvm_sregs *s)
{
	if (!(s->cr0 & CR0_PG))
		return PAGING_NONE;
	if (!(s->cr4 & CR4_PAE))
		return PAGING_32BIT;
	if (!(s->efer & EFER_LMA))
		return PAGING_PAE;
	return s->cr4 & CR4_LA57 ? PAGING_5LEVEL : PAGING_4LEVEL;
}

void page_walker_init(struct page_walker *w, struct gmem *gmem,
		      const struct kvm_sregs *s)
{
	*w = (struct page_walker){
		.gmem = gmem,
		.paging = paging_of(s),
		.root = s->cr3,
		.large = s->cr4 & CR4_PSE,
		.no_execute = s->efer & EFER_NXE,
		.physical_bits = PHYSICAL_BITS,
	};
}

static gpa_t root_table(const struct page_walker *w)
{
	switch (w->paging) {
	case PAGING_32BIT:
		return w->root & CR3_TABLE_32;
	case PAGING_PAE:
		return w->root & CR3_PAE_TABLE;
	default:
		return w->root & ENTRY_ADDRESS;
	}
}

static unsigned level_shift(const struct shape *s, unsigned level)
{
	return PAGE_BITS + (level - 1) * s->index_bits;
}

static bool is_leaf(const struct page_walker *w, unsigned level, uint64_t entry)
{
	const struct shape *s = &shapes[w->paging];

	if (level == 1)
		return true;
	if (!(entry & PTE_LARGE) || !(s->large_levels >> level & 1))
		return false;
	return w->paging != PAGING_32BIT || w->large;
}

/* What must be 0 in a present entry. */
static uint64_t reserved_bits(const struct page_walker *w, unsigned level,
			      uint64_t entry)
{
	const struct shape *s = &shapes[w->paging];
	uint64_t physical = ((UINT64_C(1) << w->physical_bits) - 1);
	uint64_t reserved = ENTRY_ADDRESS & ~physical;
	uint64_t offset;

	if (w->paging == PAGING_32BIT)
		return 0;
	if (w->paging == PAGING_PAE)
		reserved |= ~physical & ~PTE_NO_EXECUTE;
	if (w->paging == PAGING_PAE && level == s->levels)
		return reserved | PDPTE_RESERVED | PTE_NO_EXECUTE;
	if (!w->no_execute)
		reserved |= PTE_NO_EXECUTE;
	if (level == 1)
		return reserved;
	if (!is_leaf(w, level, entry)) {
		/* PTE_LARGE where there is no large page. */
		if (!(s->large_levels >> level & 1))
			reserved |= PTE_LARGE;
		return reserved;
	}
	offset = (UINT64_C(1) << level_shift(s, level)) - 1;
	/* Bit 12 of a large page is a memory type. */
	return reserved |
	       (offset & ENTRY_ADDRESS & ~(UINT64_C(1) << PAGE_BITS));
}

/* The address in a leaf, of level. */
static gpa_t leaf_address(const struct page_walker *w, unsigned level,
			  uint64_t entry)
{
	uint64_t offset =
		(UINT64_C(1) << level_shift(&shapes[w->paging], level)) - 1;
	uint64_t high;

	if (w->paging == PAGING_32BIT && level > 1) {
		high = entry >> PSE36_SHIFT & ((1u << PSE36_BITS) - 1);
		return (entry & CR3_TABLE_32 & ~offset) | high << 32;
	}
	return entry & ENTRY_ADDRESS & ~offset;
}

/* Where an address's upper bits repeat the highest translated one. */
static uint64_t canonical(const struct shape *s, uint64_t gva)
{
	unsigned unused;

	if (!s->va_bits)
		return gva & UINT32_MAX;
	unused = 64 - s->va_bits;
	return (uint64_t)((int64_t)(gva << unused) >> unused);
}

static void start(const struct page_walker *w, struct page_walk *page)
{
	*page = (struct page_walk){
		.write = true,
		.user = true,
		.execute = true,
		.entry_size = shapes[w->paging].entry_size,
	};
}

/* Takes an entry into the account; 1 for a leaf, 0 to go on, or -EFAULT. */
static int take_entry(const struct page_walker *w, struct page_walk *page,
		      unsigned level, gpa_t gpa, uint64_t entry)
{
	/* PAE's first level has no permissions. */
	bool plain = w->paging != PAGING_PAE || level < 3;

	page->level = level;
	page->entry[level] = entry;
	page->entry_gpa[level] = gpa;
	if (!(entry & PTE_PRESENT))
		return -EFAULT;
	if (entry & reserved_bits(w, level, entry)) {
		page->reserved = true;
		return -EFAULT;
	}
	if (plain) {
		page->write &= (entry & PTE_WRITE) != 0;
		page->user &= (entry & PTE_USER) != 0;
		page->execute &= !(w->no_execute && (entry & PTE_NO_EXECUTE));
	}
	if (!is_leaf(w, level, entry))
		return 0;
	page->size = UINT64_C(1) << level_shift(&shapes[w->paging], level);
	page->gpa = leaf_address(w, level, entry);
	return 1;
}

static unsigned level_bits(const struct shape *s, unsigned level)
{
	return level == s->levels ? s->top_bits : s->index_bits;
}

static uint64_t load_entry(const struct shape *s, const uint8_t *raw)
{
	return s->entry_size == 4 ? load_le32(raw) : load_le64(raw);
}

static int unpaged(uint64_t gva, struct page_walk *page)
{
	*page = (struct page_walk){
		.gva = gva & ~(uint64_t)(TABLE_SIZE - 1),
		.size = TABLE_SIZE,
		.write = true,
		.user = true,
		.execute = true,
	};
	page->gpa = page->gva;
	return 0;
}

int page_walk(const struct page_walker *w, uint64_t gva, struct page_walk *page)
{
	const struct shape *s = &shapes[w->paging];
	unsigned level, index;
	uint8_t raw[8];
	gpa_t table, at;
	int rc;

	if (w->paging == PAGING_NONE)
		return unpaged(gva, page);
	start(w, page);
	if (!s->va_bits)
		gva &= UINT32_MAX;
	if (canonical(s, gva) != gva)
		return -EFAULT;
	table = root_table(w);
	for (level = s->levels; level; level--) {
		index = (unsigned)(gva >> level_shift(s, level)) &
			((1u << level_bits(s, level)) - 1);
		at = table + (uint64_t)index * s->entry_size;
		page->level = level;
		if (!gmem_read(w->gmem, at, raw, s->entry_size))
			return -EFAULT;
		rc = take_entry(w, page, level, at, load_entry(s, raw));
		if (rc < 0)
			return rc;
		if (rc)
			break;
		table = page->entry[level] & ENTRY_ADDRESS;
	}
	page->gva = gva & ~(page->size - 1);
	return 0;
}

struct all {
	const struct page_walker *w;
	const struct shape *s;
	unsigned left; /* tables that may be read */
	bool (*fn)(void *ctx, const struct page_walk *page);
	void *ctx;
};

static bool walk_table(struct all *all, unsigned level, gpa_t table,
		       const struct page_walk *above);

static bool walk_entry(struct all *all, unsigned level, gpa_t at,
		       uint64_t entry, const struct page_walk *above)
{
	struct page_walk page = *above;
	int rc = take_entry(all->w, &page, level, at, entry);

	if (rc < 0)
		return true;
	if (rc) {
		page.gva = canonical(all->s, page.gva);
		return all->fn(all->ctx, &page);
	}
	return walk_table(all, level - 1, entry & ENTRY_ADDRESS, &page);
}

/* No deeper than there are levels.  A table that is not there has nothing. */
static bool walk_table(struct all *all, unsigned level, gpa_t table,
		       const struct page_walk *above)
{
	const struct shape *s = all->s;
	unsigned n = 1u << level_bits(s, level), i;
	struct page_walk page = *above;
	uint8_t *raw;
	bool more = true;

	if (!all->left)
		return false;
	all->left--;
	raw = malloc(TABLE_SIZE);
	if (!raw)
		return false;
	if (gmem_read(all->w->gmem, table, raw, (size_t)n * s->entry_size))
		for (i = 0; i < n && more; i++) {
			page.gva = above->gva |
				   (uint64_t)i << level_shift(s, level);
			more = walk_entry(
				all, level, table + (uint64_t)i * s->entry_size,
				load_entry(s, raw + (size_t)i * s->entry_size),
				&page);
		}
	free(raw);
	return more;
}

bool page_walk_all(const struct page_walker *w, unsigned max,
		   bool (*fn)(void *ctx, const struct page_walk *page),
		   void *ctx)
{
	struct all all = {
		.w = w,
		.s = &shapes[w->paging],
		.left = max,
		.fn = fn,
		.ctx = ctx,
	};
	struct page_walk top;

	if (w->paging == PAGING_NONE)
		return true;
	start(w, &top);
	return walk_table(&all, all.s->levels, root_table(w), &top);
}
