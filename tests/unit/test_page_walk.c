/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's page tables: every kind of paging, and hostile tables. */
#include "vmm/page_walk.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define RAM_SIZE (1u << 20)
#define ROOT	 0x10000u
#define PDPT	 0x11000u
#define PD	 0x12000u
#define PT	 0x13000u
#define P	 PTE_PRESENT
#define W	 PTE_WRITE
#define U	 PTE_USER
#define RWU	 (P | W | U)
#define NX	 PTE_NO_EXECUTE

#define CR0_PG	 (UINT64_C(1) << 31)
#define CR4_PSE	 (UINT64_C(1) << 4)
#define CR4_PAE	 (UINT64_C(1) << 5)
#define CR4_LA57 (UINT64_C(1) << 12)
#define EFER_LMA (UINT64_C(1) << 10)
#define EFER_NXE (UINT64_C(1) << 11)

struct world {
	struct gmem gmem;
	struct ram_block *ram;
	struct gmem_map map;
	struct page_walker w;
	struct page_walk page;
};

static void setup(struct world *x, uint64_t cr4, uint64_t efer)
{
	struct kvm_sregs s = {.cr0 = CR0_PG,
			      .cr3 = ROOT,
			      .cr4 = cr4,
			      .efer = efer};
	struct error err = {0};

	memset(x, 0, sizeof(*x));
	ck_assert(!gmem_init(&x->gmem, &err));
	x->ram = gmem_block_new(&x->gmem, "ram", RAM_SIZE, &err);
	ck_assert_ptr_nonnull(x->ram);
	ck_assert(!gmem_map(&x->gmem, &x->map, 0, x->ram, 0, RAM_SIZE, GMEM_RAM,
			    0, &err));
	page_walker_init(&x->w, &x->gmem, &s);
}

static void finish(struct world *x)
{
	gmem_unmap(&x->gmem, &x->map);
	gmem_block_free(&x->gmem, x->ram);
	gmem_fini(&x->gmem);
}

static void put32(struct world *x, uint32_t table, unsigned i, uint32_t v)
{
	store_le32(x->ram->host + table + 4 * i, v);
}

static void put64(struct world *x, uint32_t table, unsigned i, uint64_t v)
{
	store_le64(x->ram->host + table + 8 * i, v);
}

static void setup_4level(struct world *x)
{
	setup(x, CR4_PAE, EFER_LMA | EFER_NXE);
	put64(x, ROOT, 0, PDPT | RWU);
	put64(x, PDPT, 0, PD | RWU);
	put64(x, PD, 0, PT | RWU);
}

START_TEST(without_paging_addresses_are_physical)
{
	struct kvm_sregs s = {0};
	struct world x;

	setup(&x, 0, 0);
	page_walker_init(&x.w, &x.gmem, &s);
	ck_assert_int_eq(page_walk(&x.w, 0x12345, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x12000);
	ck_assert_uint_eq(x.page.gva, 0x12000);
	ck_assert(x.page.write && x.page.user && x.page.execute);
	finish(&x);
}
END_TEST

START_TEST(two_levels)
{
	struct world x;

	setup(&x, 0, 0);
	put32(&x, ROOT, 1, PT | RWU);
	put32(&x, PT, 5, 0x7000 | P | U);
	ck_assert_int_eq(page_walk(&x.w, 0x405678, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x7000);
	ck_assert_uint_eq(x.page.gva, 0x405000);
	ck_assert_uint_eq(x.page.size, 4096);
	ck_assert_uint_eq(x.page.level, 1);
	ck_assert(!x.page.write);
	ck_assert(x.page.user);
	ck_assert_uint_eq(x.page.entry_size, 4);
	ck_assert_uint_eq(x.page.entry_gpa[2], ROOT + 4);
	ck_assert_uint_eq(x.page.entry_gpa[1], PT + 20);
	ck_assert_uint_eq(x.page.entry[1], 0x7000 | P | U);
	ck_assert_int_eq(page_walk(&x.w, 0x406000, &x.page), -EFAULT);
	ck_assert_uint_eq(x.page.level, 1);
	ck_assert(!x.page.reserved);
	ck_assert_int_eq(page_walk(&x.w, 0x800000, &x.page), -EFAULT);
	ck_assert_uint_eq(x.page.level, 2);
	finish(&x);
}
END_TEST

START_TEST(upper_halves_of_32_bit_addresses_do_not_count)
{
	struct world x;

	setup(&x, 0, 0);
	put32(&x, ROOT, 1, PT | RWU);
	put32(&x, PT, 5, 0x7000 | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0xffffffff00405000, &x.page), 0);
	ck_assert_uint_eq(x.page.gva, 0x405000);
	finish(&x);
}
END_TEST

START_TEST(four_megabyte_pages_need_pse)
{
	struct world x;

	setup(&x, 0, 0);
	put32(&x, ROOT, 1, 0x00800000 | RWU | PTE_LARGE);
	/* Taken for a table: there is no RAM at 8 MiB. */
	ck_assert_int_eq(page_walk(&x.w, 0x400000, &x.page), -EFAULT);
	finish(&x);
	setup(&x, CR4_PSE, 0);
	/* Bits 13 and up are bits 32 and up of the address. */
	put32(&x, ROOT, 1, 0x00800000 | 3 << 13 | RWU | PTE_LARGE);
	ck_assert_int_eq(page_walk(&x.w, 0x412345, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, UINT64_C(0x300800000));
	ck_assert_uint_eq(x.page.size, 4u << 20);
	ck_assert_uint_eq(x.page.level, 2);
	finish(&x);
}
END_TEST

START_TEST(pae)
{
	struct world x;

	setup(&x, CR4_PAE, EFER_NXE);
	/* The first level has no permissions, and 32 bytes suffice it. */
	x.w.root = ROOT + 0x60;
	put64(&x, ROOT + 0x60, 3, PD | P);
	put64(&x, PD, 1, PT | RWU);
	put64(&x, PD, 2, UINT64_C(0x8000000000400000) | P | W | PTE_LARGE);
	put64(&x, PT, 0, 0x5000 | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0xc0200abc, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x5000);
	ck_assert(x.page.write && x.page.user && x.page.execute);
	ck_assert_int_eq(page_walk(&x.w, 0xc0412345, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x400000);
	ck_assert_uint_eq(x.page.size, 2u << 20);
	ck_assert(x.page.write && !x.page.user && !x.page.execute);
	finish(&x);
}
END_TEST

START_TEST(pae_first_level_reserves_its_low_bits)
{
	struct world x;

	setup(&x, CR4_PAE, 0);
	put64(&x, ROOT, 0, PD | P | W);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert(x.page.reserved);
	ck_assert_uint_eq(x.page.level, 3);
	finish(&x);
}
END_TEST

START_TEST(four_levels)
{
	struct world x;

	setup_4level(&x);
	put64(&x, PT, 511, 0x9000 | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0x1ff123, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x9000);
	ck_assert_uint_eq(x.page.gva, 0x1ff000);
	put64(&x, PDPT, 1, UINT64_C(0x40000000) | RWU | PTE_LARGE);
	ck_assert_int_eq(page_walk(&x.w, 0x7abcdef0, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x40000000);
	ck_assert_uint_eq(x.page.size, 1u << 30);
	ck_assert_uint_eq(x.page.level, 3);
	put64(&x, ROOT, 511, PDPT | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0xffffff80001ff000, &x.page), 0);
	ck_assert_uint_eq(x.page.gva, 0xffffff80001ff000);
	finish(&x);
}
END_TEST

START_TEST(addresses_must_be_canonical)
{
	struct world x;

	setup_4level(&x);
	put64(&x, ROOT, 256, PDPT | RWU);
	put64(&x, PT, 0, 0x9000 | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0xffff800000000000, &x.page), 0);
	ck_assert_int_eq(page_walk(&x.w, 0x0000800000000000, &x.page), -EFAULT);
	ck_assert(!x.page.reserved);
	finish(&x);
}
END_TEST

START_TEST(five_levels)
{
	struct world x;

	setup(&x, CR4_PAE | CR4_LA57, EFER_LMA | EFER_NXE);
	put64(&x, ROOT, 1, 0x14000 | RWU);
	put64(&x, 0x14000, 0, PDPT | RWU);
	put64(&x, PDPT, 0, PD | RWU);
	put64(&x, PD, 0, PT | RWU);
	put64(&x, PT, 0, 0x9000 | RWU);
	ck_assert_int_eq(page_walk(&x.w, UINT64_C(1) << 48, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x9000);
	ck_assert_uint_eq(x.page.entry_gpa[5], ROOT + 8);
	ck_assert_int_eq(page_walk(&x.w, UINT64_C(1) << 57, &x.page), -EFAULT);
	finish(&x);
}
END_TEST

START_TEST(each_level_can_take_permissions_away)
{
	static const uint32_t tables[] = {ROOT, PDPT, PD, PT};
	struct world x;
	uint64_t was;
	size_t i;

	setup_4level(&x);
	put64(&x, PT, 0, 0x9000 | RWU);
	for (i = 0; i < 4; i++) {
		was = load_le64(x.ram->host + tables[i]);
		put64(&x, tables[i], 0, was & ~W);
		ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
		ck_assert(!x.page.write && x.page.user && x.page.execute);
		put64(&x, tables[i], 0, was & ~U);
		ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
		ck_assert(x.page.write && !x.page.user && x.page.execute);
		put64(&x, tables[i], 0, was | NX);
		ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
		ck_assert(x.page.write && x.page.user && !x.page.execute);
		put64(&x, tables[i], 0, was);
	}
	finish(&x);
}
END_TEST

START_TEST(reserved_bits_end_a_walk)
{
	struct world x;

	setup_4level(&x);
	put64(&x, PT, 0, 0x9000 | RWU | NX);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
	x.w.no_execute = false;
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert(x.page.reserved);
	ck_assert_uint_eq(x.page.level, 1);
	x.w.no_execute = true;
	/* A 2 MiB page not at a multiple of its size. */
	put64(&x, PD, 0, 0x102000 | RWU | PTE_LARGE);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert(x.page.reserved);
	/* But bit 12 is the memory type. */
	put64(&x, PD, 0, 0x201000 | RWU | PTE_LARGE);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, 0x200000);
	put64(&x, ROOT, 0, PDPT | RWU | PTE_LARGE);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert(x.page.reserved);
	ck_assert_uint_eq(x.page.level, 4);
	put64(&x, ROOT, 0, PDPT | RWU | UINT64_C(1) << 45);
	x.w.physical_bits = 40;
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert(x.page.reserved);
	finish(&x);
}
END_TEST

START_TEST(tables_outside_of_ram_have_no_entries)
{
	struct world x;

	setup_4level(&x);
	put64(&x, PD, 0, UINT64_C(0xfee00000) | RWU);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	ck_assert_uint_eq(x.page.level, 1);
	ck_assert(!x.page.reserved);
	x.w.root = UINT64_C(0x7fffffffff000);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), -EFAULT);
	finish(&x);
}
END_TEST

struct seen {
	struct page_walk page[8];
	unsigned n, stop;
};

static bool see(void *ctx, const struct page_walk *page)
{
	struct seen *s = ctx;

	if (s->n < 8)
		s->page[s->n] = *page;
	s->n++;
	return s->n != s->stop;
}

START_TEST(all_pages_come_in_order)
{
	struct seen s = {0};
	struct world x;

	setup_4level(&x);
	put64(&x, PT, 1, 0x9000 | P | U);
	put64(&x, PT, 7, 0x8000 | RWU);
	put64(&x, PD, 1, 0x400000 | RWU | PTE_LARGE);
	put64(&x, ROOT, 511, PDPT | P | W);
	ck_assert(page_walk_all(&x.w, 100, see, &s));
	ck_assert_uint_eq(s.n, 6);
	ck_assert_uint_eq(s.page[0].gva, 0x1000);
	ck_assert_uint_eq(s.page[0].gpa, 0x9000);
	ck_assert(!s.page[0].write && s.page[0].user);
	ck_assert_uint_eq(s.page[1].gva, 0x7000);
	ck_assert_uint_eq(s.page[2].gva, 0x200000);
	ck_assert_uint_eq(s.page[2].size, 2u << 20);
	ck_assert_uint_eq(s.page[3].gva, 0xffffff8000001000);
	ck_assert(!s.page[4].user && s.page[4].write);
	finish(&x);
}
END_TEST

START_TEST(all_pages_end_when_told)
{
	struct seen s = {.stop = 2};
	struct world x;

	setup_4level(&x);
	put64(&x, PT, 1, 0x9000 | RWU);
	put64(&x, PT, 2, 0x9000 | RWU);
	put64(&x, PT, 3, 0x9000 | RWU);
	ck_assert(!page_walk_all(&x.w, 100, see, &s));
	ck_assert_uint_eq(s.n, 2);
	finish(&x);
}
END_TEST

/* Each entry of the one table leads to the table itself. */
START_TEST(tables_that_hold_themselves_come_to_an_end)
{
	struct seen s = {0};
	struct world x;
	unsigned i;

	setup(&x, CR4_PAE, EFER_LMA | EFER_NXE);
	for (i = 0; i < 512; i++)
		put64(&x, ROOT, i, ROOT | RWU);
	ck_assert(!page_walk_all(&x.w, 50, see, &s));
	ck_assert_uint_le(s.n, 50 * 512);
	ck_assert_uint_ge(s.n, 512);
	ck_assert_int_eq(page_walk(&x.w, 0, &x.page), 0);
	ck_assert_uint_eq(x.page.gpa, ROOT);
	finish(&x);
}
END_TEST

UNIT_MAIN("page_walk", without_paging_addresses_are_physical, two_levels,
	  upper_halves_of_32_bit_addresses_do_not_count,
	  four_megabyte_pages_need_pse, pae,
	  pae_first_level_reserves_its_low_bits, four_levels,
	  addresses_must_be_canonical, five_levels,
	  each_level_can_take_permissions_away, reserved_bits_end_a_walk,
	  tables_outside_of_ram_have_no_entries, all_pages_come_in_order,
	  all_pages_end_when_told, tables_that_hold_themselves_come_to_an_end)
