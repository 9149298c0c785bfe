/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What paging allows, and the bits that an access leaves in the tables. */
#include "vmm/page_access.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define RAM_SIZE  (1u << 20)
#define ROOT	  0x10000u
#define PDPT	  0x11000u
#define PD	  0x12000u
#define PT	  0x13000u
#define PAGE	  0x20000u
#define GVA	  0x5678u /* in the table's entry 5 */
#define RWU	  (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define A	  PTE_ACCESSED
#define D	  PTE_DIRTY
#define KEY(n)	  ((uint64_t)(n) << 59)

#define CR0_PG	  (UINT64_C(1) << 31)
#define CR0_WP	  (UINT64_C(1) << 16)
#define CR4_PSE	  (UINT64_C(1) << 4)
#define CR4_PAE	  (UINT64_C(1) << 5)
#define CR4_SMEP  (UINT64_C(1) << 20)
#define CR4_SMAP  (UINT64_C(1) << 21)
#define CR4_PKE	  (UINT64_C(1) << 22)
#define EFER_LMA  (UINT64_C(1) << 10)
#define EFER_NXE  (UINT64_C(1) << 11)
#define RFLAGS_AC (UINT64_C(1) << 18)

enum who { USER, SUPERVISOR, IMPLICIT };

struct world {
	struct gmem gmem;
	struct ram_block *ram;
	struct gmem_map map;
};

static void setup(struct world *w)
{
	struct error err = {0};

	memset(w, 0, sizeof(*w));
	ck_assert(!gmem_init(&w->gmem, &err));
	w->ram = gmem_block_new(&w->gmem, "ram", RAM_SIZE, &err);
	ck_assert_ptr_nonnull(w->ram);
	ck_assert(!gmem_map(&w->gmem, &w->map, 0, w->ram, 0, RAM_SIZE, GMEM_RAM,
			    0, &err));
}

static void finish(struct world *w)
{
	gmem_unmap(&w->gmem, &w->map);
	gmem_block_free(&w->gmem, w->ram);
	gmem_fini(&w->gmem);
}

static uint64_t get(struct world *w, uint32_t table, unsigned i)
{
	return load_le64(w->ram->host + table + 8 * i);
}

static void put(struct world *w, uint32_t table, unsigned i, uint64_t v)
{
	store_le64(w->ram->host + table + 8 * i, v);
}

static void make_tables(struct world *w, uint64_t pte)
{
	put(w, ROOT, 0, PDPT | RWU);
	put(w, PDPT, 0, PD | RWU);
	put(w, PD, 0, PT | RWU);
	put(w, PT, GVA >> 12, PAGE | pte);
}

struct row {
	uint64_t pte, cr0, cr4, rflags;
	enum page_op op;
	enum who who;
	uint32_t pkru;
	int code; /* of the fault, or -1 */
};

static int try_row(struct world *w, const struct row *r, gpa_t *gpa)
{
	struct kvm_sregs s = {
		.cr0 = CR0_PG | r->cr0,
		.cr3 = ROOT,
		.cr4 = CR4_PAE | r->cr4,
		.efer = EFER_LMA | EFER_NXE,
	};
	struct page_rights rights;
	uint32_t code;

	make_tables(w, r->pte);
	page_rights_init(&rights, &w->gmem, &s, r->rflags,
			 r->who == SUPERVISOR ? 0 : 3, r->who == IMPLICIT);
	rights.pkru = r->pkru;
	if (page_access(&rights, GVA, r->op, gpa, &code) < 0)
		return (int)code;
	return -1;
}

static const struct row rows[] = {
	{RWU, .op = PAGE_READ, .who = USER, .code = -1},
	{RWU, .op = PAGE_WRITE, .who = USER, .code = -1},
	{RWU, .op = PAGE_EXECUTE, .who = USER, .code = -1},
	{0, .op = PAGE_READ, .who = USER, .code = 4},
	{0, .op = PAGE_WRITE, .who = SUPERVISOR, .code = 2},
	{0, .op = PAGE_EXECUTE, .who = USER, .code = 0x14},
	/* The user's rights. */
	{PTE_PRESENT | PTE_USER, .op = PAGE_WRITE, .who = USER, .code = 7},
	{PTE_PRESENT | PTE_WRITE, .op = PAGE_READ, .who = USER, .code = 5},
	{PTE_PRESENT | PTE_WRITE, .op = PAGE_READ, .who = IMPLICIT, .code = -1},
	/* Write protection of the supervisor. */
	{PTE_PRESENT, .op = PAGE_WRITE, .who = SUPERVISOR, .code = -1},
	{PTE_PRESENT, CR0_WP, .op = PAGE_WRITE, .who = SUPERVISOR, .code = 3},
	{PTE_PRESENT, CR0_WP, .op = PAGE_READ, .who = SUPERVISOR, .code = -1},
	/* Execution. */
	{RWU | PTE_NO_EXECUTE, .op = PAGE_EXECUTE, .who = USER, .code = 0x15},
	{RWU | PTE_NO_EXECUTE, .op = PAGE_READ, .who = USER, .code = -1},
	{RWU, .cr4 = CR4_SMEP, .op = PAGE_EXECUTE, .who = SUPERVISOR,
	 .code = 0x11},
	{RWU, .cr4 = CR4_SMEP, .op = PAGE_EXECUTE, .who = USER, .code = -1},
	/* The user's pages. */
	{RWU, .cr4 = CR4_SMAP, .op = PAGE_READ, .who = SUPERVISOR, .code = 1},
	{RWU, .cr4 = CR4_SMAP, .op = PAGE_WRITE, .who = SUPERVISOR, .code = 3},
	{RWU, .cr4 = CR4_SMAP, .rflags = RFLAGS_AC, .op = PAGE_READ,
	 .who = SUPERVISOR, .code = -1},
	{RWU, .cr4 = CR4_SMAP, .rflags = RFLAGS_AC, .op = PAGE_READ,
	 .who = IMPLICIT, .code = 1},
	{RWU, .cr4 = CR4_SMAP, .op = PAGE_READ, .who = USER, .code = -1},
	/* Keys: 3 has no access, 4 no writes. */
	{RWU | KEY(3), .cr4 = CR4_PKE, .op = PAGE_READ, .who = USER,
	 .pkru = 0x240, .code = 0x25},
	{RWU | KEY(3), .op = PAGE_READ, .who = USER, .pkru = 0x240, .code = -1},
	{RWU | KEY(3), .cr4 = CR4_PKE, .op = PAGE_EXECUTE, .who = USER,
	 .pkru = 0x240, .code = -1},
	{RWU | KEY(4), .cr4 = CR4_PKE, .op = PAGE_READ, .who = USER,
	 .pkru = 0x240, .code = -1},
	{RWU | KEY(4), .cr4 = CR4_PKE, .op = PAGE_WRITE, .who = USER,
	 .pkru = 0x240, .code = 0x27},
	{RWU | KEY(4), .cr4 = CR4_PKE, .op = PAGE_WRITE, .who = SUPERVISOR,
	 .pkru = 0x240, .code = -1},
	{RWU | KEY(4), CR0_WP, CR4_PKE, .op = PAGE_WRITE, .who = SUPERVISOR,
	 .pkru = 0x240, .code = 0x23},
	{PTE_PRESENT | PTE_WRITE | KEY(3), .cr4 = CR4_PKE, .op = PAGE_READ,
	 .who = SUPERVISOR, .pkru = 0x240, .code = -1},
};

START_TEST(rights_and_codes)
{
	struct world w;
	gpa_t gpa = 0;
	size_t i;
	int code;

	setup(&w);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		code = try_row(&w, &rows[i], &gpa);
		ck_assert_msg(code == rows[i].code, "row %zu: %d, not %d", i,
			      code, rows[i].code);
		if (code < 0)
			ck_assert_uint_eq(gpa, PAGE + (GVA & 0xfff));
	}
	finish(&w);
}
END_TEST

START_TEST(accessed_and_dirty)
{
	struct row row = {RWU, .op = PAGE_READ, .who = USER};
	struct world w;
	gpa_t gpa;

	setup(&w);
	ck_assert_int_eq(try_row(&w, &row, &gpa), -1);
	ck_assert_uint_eq(get(&w, ROOT, 0), PDPT | RWU | A);
	ck_assert_uint_eq(get(&w, PD, 0), PT | RWU | A);
	ck_assert_uint_eq(get(&w, PT, 5), PAGE | RWU | A);
	row.op = PAGE_WRITE;
	ck_assert_int_eq(try_row(&w, &row, &gpa), -1);
	ck_assert_uint_eq(get(&w, PD, 0), PT | RWU | A);
	ck_assert_uint_eq(get(&w, PT, 5), PAGE | RWU | A | D);
	/* Nothing is marked by what is denied. */
	row.pte = PTE_PRESENT | PTE_USER;
	ck_assert_int_eq(try_row(&w, &row, &gpa), 7);
	ck_assert_uint_eq(get(&w, ROOT, 0), PDPT | RWU);
	ck_assert_uint_eq(get(&w, PT, 5), PAGE | PTE_PRESENT | PTE_USER);
	finish(&w);
}
END_TEST

START_TEST(two_levels_are_marked_in_32_bits)
{
	struct kvm_sregs s = {.cr0 = CR0_PG, .cr3 = ROOT, .cr4 = CR4_PSE};
	struct page_rights rights;
	struct world w;
	uint32_t code;
	gpa_t gpa;

	setup(&w);
	store_le32(w.ram->host + ROOT, PT | RWU);
	store_le32(w.ram->host + ROOT + 4, 0x80 | RWU); /* 4 MiB */
	store_le32(w.ram->host + PT + 4 * 5, PAGE | RWU);
	page_rights_init(&rights, &w.gmem, &s, 0, 3, false);
	ck_assert(!page_access(&rights, GVA, PAGE_WRITE, &gpa, &code));
	ck_assert_uint_eq(gpa, PAGE + (GVA & 0xfff));
	ck_assert_uint_eq(load_le32(w.ram->host + ROOT), PT | RWU | A);
	ck_assert_uint_eq(load_le32(w.ram->host + PT + 20), PAGE | RWU | A | D);
	ck_assert(!page_access(&rights, 0x412345, PAGE_WRITE, &gpa, &code));
	ck_assert_uint_eq(gpa, 0x12345);
	ck_assert_uint_eq(load_le32(w.ram->host + ROOT + 4),
			  0x80 | RWU | A | D);
	/* Fetches are told apart where there is NX or SMEP alone. */
	ck_assert(page_access(&rights, 0x900000, PAGE_EXECUTE, &gpa, &code));
	ck_assert_uint_eq(code, 4);
	finish(&w);
}
END_TEST

START_TEST(pae_marks_no_first_level)
{
	struct kvm_sregs s = {.cr0 = CR0_PG, .cr3 = PDPT, .cr4 = CR4_PAE};
	struct page_rights rights;
	struct world w;
	uint32_t code;
	gpa_t gpa;

	setup(&w);
	make_tables(&w, RWU);
	put(&w, PDPT, 0, PD | PTE_PRESENT);
	page_rights_init(&rights, &w.gmem, &s, 0, 3, false);
	ck_assert(!page_access(&rights, GVA, PAGE_WRITE, &gpa, &code));
	ck_assert_uint_eq(get(&w, PDPT, 0), PD | PTE_PRESENT);
	ck_assert_uint_eq(get(&w, PD, 0), PT | RWU | A);
	ck_assert_uint_eq(get(&w, PT, 5), PAGE | RWU | A | D);
	/* Without EFER.NXE its bit is reserved. */
	put(&w, PT, 5, PAGE | RWU | PTE_NO_EXECUTE);
	ck_assert(page_access(&rights, GVA, PAGE_READ, &gpa, &code));
	ck_assert_uint_eq(code, 0xd);
	finish(&w);
}
END_TEST

START_TEST(tables_in_rom_stay_as_they_are)
{
	struct row row = {RWU, .op = PAGE_WRITE, .who = USER};
	struct world w;
	gpa_t gpa;

	setup(&w);
	make_tables(&w, RWU);
	gmem_set_kind(&w.gmem, &w.map, GMEM_ROM);
	ck_assert_int_eq(try_row(&w, &row, &gpa), -1);
	ck_assert_uint_eq(get(&w, PT, 5), PAGE | RWU);
	finish(&w);
}
END_TEST

UNIT_MAIN("page_access", rights_and_codes, accessed_and_dirty,
	  two_levels_are_marked_in_32_bits, pae_marks_no_first_level,
	  tables_in_rom_stay_as_they_are)
