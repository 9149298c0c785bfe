/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a vCPU elsewhere than at the reset vector.
 * Intel SDM volume 3, 2.5 (control registers), 3.4.5 (descriptors), 4.5
 * (paging), 10.4 and 10.5 (local APIC).
 */
#include "vmm/vcpu_entry.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/endian.h"
#include "vmm/vcpu.h"

#define CR0_PE	     (UINT64_C(1) << 0)
#define CR0_ET	     (UINT64_C(1) << 4)
#define CR0_PG	     (UINT64_C(1) << 31)
#define CR4_PAE	     (UINT64_C(1) << 5)
#define EFER_LME     (UINT64_C(1) << 8)
#define EFER_LMA     (UINT64_C(1) << 10)
#define RFLAGS_ONE   UINT64_C(2) /* the bit that is always set */

#define PAGE	     UINT64_C(0x1000)
#define LARGE_PAGE   (UINT64_C(2) << 20)
#define ENTRIES	     512 /* of a page table */
#define DIRECTORIES  4 /* of a GiB each */
#define PTE_PRESENT  UINT64_C(1)
#define PTE_WRITE    UINT64_C(2)
#define PTE_LARGE    (UINT64_C(1) << 7)

#define SEG_CODE     0xb /* execute, read, accessed */
#define SEG_DATA     0x3 /* read, write, accessed */
#define SEG_TSS_BUSY 0xb
#define TSS_LIMIT    0x67
#define GDT_ENTRIES  6 /* a 64-bit TSS takes two */

#define APIC_SVR     0xf0
#define APIC_LINT0   0x350
#define APIC_LINT1   0x360
#define APIC_ENABLED 0x1ffu /* with the spurious vector */
#define LVT_EXTINT   0x700u
#define LVT_NMI	     0x400u
#define LVT_LEVEL    0x8000u

/* The table's first page is for descriptors, then PML4, PDPT, directories. */
enum { PAGE_GDT, PAGE_PML4, PAGE_PDPT, PAGE_DIRECTORY };

static struct kvm_segment flat(bool code, bool is64)
{
	return (struct kvm_segment){
		.limit = UINT32_MAX,
		.selector = code ? VCPU_SEL_CODE : VCPU_SEL_DATA,
		.type = code ? SEG_CODE : SEG_DATA,
		.present = 1,
		.db = !(code && is64),
		.s = 1,
		.l = code && is64,
		.g = 1,
	};
}

static struct kvm_segment task(void)
{
	return (struct kvm_segment){
		.limit = TSS_LIMIT,
		.selector = VCPU_SEL_TSS,
		.type = SEG_TSS_BUSY,
		.present = 1,
	};
}

/* The descriptor that a segment is loaded from; its base is 0. */
static uint64_t descriptor(const struct kvm_segment *s)
{
	uint64_t limit = s->g ? s->limit >> 12 : s->limit;
	uint64_t access = s->type | s->s << 4 | s->dpl << 5 | s->present << 7;
	uint64_t flags = s->l << 1 | s->db << 2 | s->g << 3;

	return (limit & 0xffff) | access << 40 | (limit >> 16 & 0xf) << 48 |
	       flags << 52;
}

static void fill_gdt(struct gmem *gmem, const struct vcpu_entry *e)
{
	bool is64 = e->mode == VCPU_LONG;
	struct kvm_segment code = flat(true, is64), data = flat(false, is64);
	struct kvm_segment tss = task();
	le64 gdt[GDT_ENTRIES] = {
		[VCPU_SEL_CODE / sizeof(le64)] = le64_of(descriptor(&code)),
		[VCPU_SEL_DATA / sizeof(le64)] = le64_of(descriptor(&data)),
		[VCPU_SEL_TSS / sizeof(le64)] = le64_of(descriptor(&tss)),
	};

	gmem_write(gmem, e->tables + PAGE_GDT * PAGE, gdt, sizeof(gdt));
}

static void fill_directory(struct gmem *gmem, gpa_t at, uint64_t from)
{
	le64 entry[ENTRIES];
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		entry[i] = le64_of((from + i * LARGE_PAGE) | PTE_PRESENT |
				   PTE_WRITE | PTE_LARGE);
	gmem_write(gmem, at, entry, sizeof(entry));
}

static void fill_paging(struct gmem *gmem, gpa_t tables)
{
	gpa_t directory = tables + PAGE_DIRECTORY * PAGE;
	le64 pml4[ENTRIES] = {0}, pdpt[ENTRIES] = {0};
	unsigned i;

	pml4[0] =
		le64_of((tables + PAGE_PDPT * PAGE) | PTE_PRESENT | PTE_WRITE);
	for (i = 0; i < DIRECTORIES; i++) {
		pdpt[i] = le64_of((directory + i * PAGE) | PTE_PRESENT |
				  PTE_WRITE);
		fill_directory(gmem, directory + i * PAGE,
			       i * ENTRIES * LARGE_PAGE);
	}
	gmem_write(gmem, tables + PAGE_PML4 * PAGE, pml4, sizeof(pml4));
	gmem_write(gmem, tables + PAGE_PDPT * PAGE, pdpt, sizeof(pdpt));
}

void vcpu_tables_fill(struct gmem *gmem, const struct vcpu_entry *e)
{
	if (e->mode == VCPU_REAL)
		return;
	fill_gdt(gmem, e);
	if (e->mode == VCPU_LONG)
		fill_paging(gmem, e->tables);
}

static void set_protected(struct kvm_sregs *s, const struct vcpu_entry *e)
{
	bool is64 = e->mode == VCPU_LONG;

	s->cs = flat(true, is64);
	s->ds = s->es = s->fs = s->gs = s->ss = flat(false, is64);
	s->tr = task();
	s->gdt.base = e->tables + PAGE_GDT * PAGE;
	s->gdt.limit = GDT_ENTRIES * sizeof(le64) - 1;
	s->idt.base = s->idt.limit = 0;
	s->cr0 = CR0_PE | CR0_ET | (is64 ? CR0_PG : 0);
	s->cr3 = is64 ? e->tables + PAGE_PML4 * PAGE : 0;
	s->cr4 = is64 ? CR4_PAE : 0;
	s->efer = is64 ? EFER_LME | EFER_LMA : 0;
}

static void set_real(struct kvm_sregs *s, const struct vcpu_entry *e)
{
	s->cs.selector = (uint16_t)(e->rip >> 16);
	s->cs.base = (uint64_t)s->cs.selector << 4;
}

int vcpu_set_entry(struct vcpu *vcpu, const struct vcpu_entry *e,
		   struct error *err)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	int rc = vcpu_get_regs(vcpu, &regs, &sregs);

	if (rc < 0)
		return error_errno(err, -rc, "vCPU %u's registers",
				   vcpu->index);
	regs = (struct kvm_regs){
		.rip = e->mode == VCPU_REAL ? e->rip & UINT16_MAX : e->rip,
		.rax = e->rax,
		.rbx = e->rbx,
		.rcx = e->rcx,
		.rdx = e->rdx,
		.rsi = e->rsi,
		.rflags = RFLAGS_ONE,
	};
	if (e->mode == VCPU_REAL)
		set_real(&sregs, e);
	else
		set_protected(&sregs, e);
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0 ||
	    ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		return error_errno(err, errno, "vCPU %u's registers",
				   vcpu->index);
	return 0;
}

void vcpu_set_msrs(struct vcpu *vcpu, const struct kvm_msr_entry *entries,
		   size_t n)
{
	/* struct kvm_msrs with room for one entry. */
	uint64_t buf[(sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)) /
		     sizeof(uint64_t)] = {0};
	struct kvm_msrs *one = (struct kvm_msrs *)buf;
	size_t i;

	one->nmsrs = 1;
	/* One by one: KVM stops at the first that this host does not have. */
	for (i = 0; i < n; i++) {
		one->entries[0] = entries[i];
		ioctl(vcpu->fd, KVM_SET_MSRS, one);
	}
}

void vcpu_set_virtual_wire(struct vcpu *vcpu)
{
	struct kvm_lapic_state lapic;

	if (ioctl(vcpu->fd, KVM_GET_LAPIC, &lapic) < 0)
		return;
	store_le32(&lapic.regs[APIC_SVR], APIC_ENABLED);
	store_le32(&lapic.regs[APIC_LINT0], LVT_EXTINT | LVT_LEVEL);
	store_le32(&lapic.regs[APIC_LINT1], LVT_NMI | LVT_LEVEL);
	ioctl(vcpu->fd, KVM_SET_LAPIC, &lapic);
}
