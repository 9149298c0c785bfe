/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the guest's page tables: info mem, tlb; gva2gpa. */
#include <inttypes.h>

#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/page_walk.h"
#include "vmm/vcpu.h"

/* A guest can map one table a thousand times; nobody reads that. */
#define TABLES_MAX 65536
#define LINES_MAX  65536

enum { MEM_READ = 1, MEM_WRITE = 2, MEM_USER = 4 };

struct listing {
	struct monitor_call *call;
	unsigned lines;
	/* info mem: the range that still grows; nothing when rights is 0. */
	uint64_t start, end;
	unsigned rights;
};

/* What the chosen vCPU goes by; false, and said so, without paging. */
static bool start(struct monitor_call *call, struct page_walker *w)
{
	struct machine *m = monitor_machine(call);
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	bool ran;
	int rc;

	if (monitor_cpu(call) >= m->nvcpus) {
		monitor_printf(call, "No CPU available\n");
		return false;
	}
	ran = vcpus_inspect(m);
	rc = vcpu_get_regs(m->vcpus[monitor_cpu(call)], &regs, &sregs);
	vcpus_inspected(m, ran);
	if (rc < 0) {
		monitor_printf(call, "KVM does not tell the registers\n");
		return false;
	}
	page_walker_init(w, &m->gmem, &sregs);
	return true;
}

static bool another_line(struct listing *l)
{
	return l->lines++ < LINES_MAX;
}

static void print_range(struct listing *l)
{
	if (l->rights)
		monitor_printf(l->call,
			       "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64
			       " %c%c%c\n",
			       l->start, l->end, l->end - l->start,
			       l->rights & MEM_USER ? 'u' : '-',
			       l->rights & MEM_READ ? 'r' : '-',
			       l->rights & MEM_WRITE ? 'w' : '-');
	l->rights = 0;
}

static bool grow_range(void *ctx, const struct page_walk *page)
{
	struct listing *l = ctx;
	unsigned rights = MEM_READ | (page->write ? MEM_WRITE : 0) |
			  (page->user ? MEM_USER : 0);

	if (rights != l->rights || page->gva != l->end) {
		print_range(l);
		if (!another_line(l))
			return false;
		l->start = page->gva;
		l->rights = rights;
	}
	l->end = page->gva + page->size;
	return true;
}

static bool print_page(void *ctx, const struct page_walk *page)
{
	static const struct {
		char letter;
		uint64_t bit;
	} flags[] = {
		{'X', PTE_NO_EXECUTE},	  {'G', PTE_GLOBAL},
		{'P', PTE_LARGE},	  {'D', PTE_DIRTY},
		{'A', PTE_ACCESSED},	  {'C', PTE_CACHE_DISABLE},
		{'T', PTE_WRITE_THROUGH}, {'U', PTE_USER},
		{'W', PTE_WRITE},
	};
	struct listing *l = ctx;
	uint64_t entry = page->entry[page->level];
	char text[sizeof(flags) / sizeof(flags[0]) + 1];
	size_t i;

	if (!another_line(l))
		return false;
	/* Bit 7 of a 4 KiB page's entry is PAT. */
	if (page->level == 1)
		entry &= ~PTE_LARGE;
	for (i = 0; i < sizeof(text) - 1; i++)
		text[i] = entry & flags[i].bit ? flags[i].letter : '-';
	text[i] = 0;
	monitor_printf(l->call, "%016" PRIx64 ": %016" PRIx64 " %s\n",
		       page->gva, page->gpa, text);
	return true;
}

static void list(struct monitor_call *call,
		 bool (*fn)(void *, const struct page_walk *))
{
	struct listing l = {.call = call};
	struct page_walker w;
	bool whole;

	if (!start(call, &w)) {
		monitor_done(call, NULL);
		return;
	}
	if (w.paging == PAGING_NONE) {
		monitor_printf(call, "PG disabled\n");
	} else {
		whole = page_walk_all(&w, TABLES_MAX, fn, &l);
		print_range(&l);
		if (!whole)
			monitor_printf(call, "... and more\n");
	}
	monitor_done(call, NULL);
}

static void info_mem(struct monitor_call *call)
{
	list(call, grow_range);
}

static void info_tlb(struct monitor_call *call)
{
	list(call, print_page);
}

static void run_gva2gpa(struct monitor_call *call)
{
	uint64_t gva = (uint64_t)monitor_arg_int(call, "addr", 0);
	struct page_walker w;
	struct page_walk page;

	if (start(call, &w)) {
		if (page_walk(&w, gva, &page) < 0)
			monitor_printf(call, "Unmapped\n");
		else
			monitor_printf(call, "gpa: %#" PRIx64 "\n",
				       page.gpa + (gva - page.gva));
	}
	monitor_done(call, NULL);
}

static const struct monitor_arg addr_args[] = {
	{.name = "addr", .type = MONITOR_ARG_INT, .help = "a virtual address"},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd paging_monitor_cmds[] = {
	{.name = "gva2gpa",
	 .help = "print the guest-physical address of a virtual one",
	 .args = addr_args,
	 .run = run_gva2gpa},
	{.name = "info mem",
	 .help = "show the ranges that the guest's page tables map",
	 .run = info_mem},
	{.name = "info tlb",
	 .help = "show each page that the guest's page tables map",
	 .run = info_tlb},
	{.run = NULL},
};
