/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a KVM does, tried in a VM made for that. */
#include "vmm/kvm_probe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/endian.h"
#include "vmm/insn.h"
#include "vmm/kvm.h"
#include "vmm/page_walk.h"

/* Pages of the probe's memory. */
enum {
	PML4 = 0x1000,
	PDPT = 0x2000,
	PD = 0x3000,
	CODE = 0x4000,
	SIZE = 0x5000
};

#define ENTRY	     (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define TARGET	     (CODE + 0x100) /* LSTAR */
#define SEGMENT_CODE 11u /* readable, accessed */
#define SEGMENT_DATA 3u /* writable, accessed */
#define CODE_USER    0x33u
#define DATA_USER    0x2bu
#define LONG_CR0     0x80000033u /* PG NE ET MP PE */
#define LONG_CR4     0x20u /* PAE */
#define LONG_EFER    0x501u /* LMA LME SCE */

struct probe {
	int vmfd, fd;
	uint8_t *ram;
	struct kvm_run *run;
	size_t run_size;
};

static void fill_syscall(uint8_t *ram)
{
	static const uint8_t syscall[] = {0x0f, 0x05}, hlt[] = {0xf4};

	store_le64(ram + PML4, PDPT | ENTRY);
	store_le64(ram + PDPT, PD | ENTRY);
	store_le64(ram + PD, ENTRY | PTE_LARGE);
	memcpy(ram + CODE, syscall, sizeof(syscall));
	memcpy(ram + TARGET, hlt, sizeof(hlt));
}

static bool create(struct probe *p, int sysfd, void (*fill)(uint8_t *ram))
{
	struct kvm_userspace_memory_region slot = {.memory_size = SIZE};

	p->ram = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p->vmfd = ioctl(sysfd, KVM_CREATE_VM, 0);
	if (p->ram == MAP_FAILED || p->vmfd < 0)
		return false;
	fill(p->ram);
	slot.userspace_addr = (uintptr_t)p->ram;
	if (ioctl(p->vmfd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return false;
	p->fd = ioctl(p->vmfd, KVM_CREATE_VCPU, 0);
	if (p->fd < 0)
		return false;
	p->run = mmap(NULL, p->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      p->fd, 0);
	return p->run != MAP_FAILED;
}

static void destroy(const struct probe *p)
{
	if (p->run != MAP_FAILED)
		munmap(p->run, p->run_size);
	if (p->fd >= 0)
		close(p->fd);
	if (p->vmfd >= 0)
		close(p->vmfd);
	if (p->ram != MAP_FAILED)
		munmap(p->ram, SIZE);
}

/* Long mode is the processor's only when CPUID says so. */
static bool set_cpuid(const struct probe *p, const struct kvm *kvm)
{
	struct error err = {0};
	struct kvm_cpuid2 *cpuid = kvm_supported_cpuid(kvm, &err);
	bool good = cpuid && ioctl(p->fd, KVM_SET_CPUID2, cpuid) == 0;

	free(cpuid);
	return good;
}

static bool set_msrs(const struct probe *p)
{
	static const struct kvm_msr_entry entries[] = {
		{.index = MSR_STAR, .data = UINT64_C(0x0023001000000000)},
		{.index = MSR_LSTAR, .data = TARGET},
	};
	size_t i;

	for (i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		if (!kvm_set_msr(p->fd, entries[i].index, entries[i].data))
			return false;
	return true;
}

/* Of 4 GiB and 32 bits, with the privilege that its selector asks for. */
static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){.selector = selector,
				    .limit = UINT32_MAX,
				    .type = type,
				    .present = 1,
				    .dpl = selector & 3,
				    .s = 1,
				    .db = 1,
				    .g = 1};
}

static bool set_registers(const struct probe *p)
{
	struct kvm_regs regs = {.rip = CODE, .rsp = SIZE, .rflags = 2};
	struct kvm_sregs s;

	if (ioctl(p->fd, KVM_GET_SREGS, &s) < 0)
		return false;
	s.cr0 = LONG_CR0;
	s.cr3 = PML4;
	s.cr4 = LONG_CR4;
	s.efer = LONG_EFER;
	s.cs = segment(CODE_USER, SEGMENT_CODE);
	s.cs.l = 1;
	s.cs.db = 0;
	s.ss = s.ds = s.es = segment(DATA_USER, SEGMENT_DATA);
	return ioctl(p->fd, KVM_SET_SREGS, &s) == 0 &&
	       ioctl(p->fd, KVM_SET_REGS, &regs) == 0;
}

/* At its target SYSCALL finds a HLT, which faults (and resets) in ring 3. */
static bool stays_in_ring3(const struct probe *p)
{
	struct kvm_sregs s;

	if (ioctl(p->fd, KVM_RUN, 0) < 0 || ioctl(p->fd, KVM_GET_SREGS, &s) < 0)
		return false;
	return p->run->exit_reason == KVM_EXIT_SHUTDOWN &&
	       s.cs.selector == CODE_USER;
}

static struct probe empty(const struct kvm *kvm)
{
	return (struct probe){
		.vmfd = -1,
		.fd = -1,
		.ram = MAP_FAILED,
		.run = MAP_FAILED,
		.run_size = kvm->run_size,
	};
}

bool kvm_probe_syscall(const struct kvm *kvm)
{
	struct probe p = empty(kvm);
	bool bad = create(&p, kvm->sysfd, fill_syscall) && set_cpuid(&p, kvm) &&
		   set_msrs(&p) && set_registers(&p) && stays_in_ring3(&p);

	destroy(&p);
	return !bad;
}

/* The other probe: 32-bit code, an interrupt, a stack that begins at BASE. */
enum {
	GDT = 0x1000,
	IDT = 0x2000,
	BASE = 0x1000,
	STACK = 0x800, /* ESP: beside the tables with the base and without */
	VECTOR = 0x20,
	CODE32 = 0x08,
	FRAME_CS = STACK - 8, /* where ESP without the base has it */
};

#define FLAT_CODE UINT64_C(0x00cf9b000000ffff)
#define GATE32	  UINT64_C(0x00008e0000000000) /* an interrupt gate */

static void fill_interrupt(uint8_t *ram)
{
	memset(ram + CODE, 0xf4, 16); /* HLT, here and in the handler */
	store_le64(ram + GDT + CODE32, FLAT_CODE);
	store_le64(ram + IDT + VECTOR * 8, GATE32 | CODE32 << 16 | CODE);
}

static bool set_protected(const struct probe *p)
{
	struct kvm_regs regs = {.rip = CODE, .rsp = STACK, .rflags = 0x202};
	struct kvm_sregs s;

	if (ioctl(p->fd, KVM_GET_SREGS, &s) < 0)
		return false;
	s.cr0 |= 1; /* PE */
	s.gdt.base = GDT;
	s.gdt.limit = 15;
	s.idt.base = IDT;
	s.idt.limit = VECTOR * 8 + 7;
	s.cs = segment(CODE32, SEGMENT_CODE);
	s.ss = s.ds = s.es = segment(2 * CODE32, SEGMENT_DATA);
	s.ss.base = BASE;
	return ioctl(p->fd, KVM_SET_SREGS, &s) == 0 &&
	       ioctl(p->fd, KVM_SET_REGS, &regs) == 0;
}

static bool ignores_base(const struct probe *p)
{
	struct kvm_interrupt irq = {.irq = VECTOR};

	if (ioctl(p->fd, KVM_INTERRUPT, &irq) < 0 ||
	    ioctl(p->fd, KVM_RUN, 0) < 0)
		return false;
	return p->run->exit_reason == KVM_EXIT_HLT &&
	       load_le32(p->ram + FRAME_CS) == CODE32;
}

bool kvm_probe_stack_base(const struct kvm *kvm)
{
	struct probe p = empty(kvm);
	bool bad = create(&p, kvm->sysfd, fill_interrupt) &&
		   set_protected(&p) && ignores_base(&p);

	destroy(&p);
	return !bad;
}
