/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine in the kernel: /dev/kvm, memory slots, interrupt
 * controllers, interrupt routing, event file descriptors.
 * Documentation/virt/kvm/api.rst of the Linux kernel names the ioctls.
 * Machine lock, unless a function says otherwise.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/error.h"
#include "vmm/gmem.h"
#include "vmm/irq.h"
#include "vmm/syscall_trap.h"

#define KVM_PIC_PINS	16
#define KVM_IOAPIC_PINS 24
#define KVM_GSIS	1024 /* routes there may be */

struct machine;

/* For the frames of interrupts; see kvm_probe_stack_base. */
enum stack_base {
	STACK_BASE_UNKNOWN,
	STACK_BASE_COUNTS,
	STACK_BASE_IGNORED,
};

struct kvm {
	struct machine *m;
	int sysfd, vmfd;
	size_t run_size; /* bytes of a vCPU's shared area */
	unsigned max_vcpus;
	struct gmem_listener listener;
	struct gmem_range *slots; /* by slot number; len 0: free */
	unsigned nslots;
	struct kvm_irq_routing *routing;
	uint64_t gsi_used[KVM_GSIS / 64];
	/* Of the pins that devices drive: their levels, and edges so far. */
	bool pin_level[KVM_IOAPIC_PINS];
	uint64_t pin_edges[KVM_IOAPIC_PINS];
	/* Writes that the kernel collected instead of exiting. */
	struct kvm_coalesced_mmio_ring *ring;
	unsigned ring_page;
	struct kvm_irqchip chips[3]; /* as they were at birth */
	struct kvm_pit_state2 pit, pit_stopped;
	struct kvm_clock_data clock;
	bool syscall_tried, syscall_works; /* see syscall_trap.h */
	struct syscall_gate syscall_gates[SYSCALL_GATES];
	unsigned syscall_next;
	_Atomic int stack_base; /* enum stack_base */
	_Atomic bool slow_told; /* that the guest needs much finishing */
	bool stopped; /* pit_stopped and clock are valid */
};

/*
 * Opens /dev/kvm and creates the VM.  The error tells people without access
 * which group to join, and what is missing in an old kernel.  Sets m->kvm.
 */
int kvm_open(struct machine *m, struct error *err);
void kvm_close(struct machine *m);

/* What this host's KVM can show to a guest; the caller frees it. */
struct kvm_cpuid2 *kvm_supported_cpuid(const struct kvm *kvm,
				       struct error *err);

/* PIC, I/O APIC, local APICs and PIT; after RAM is there (it is faster). */
int kvm_create_irqchip(struct kvm *kvm, struct error *err);
void kvm_reset_irqchip(struct kvm *kvm);
/*
 * The PIC as firmware leaves it: set up for real mode, all masked; elcr has
 * the ISA interrupts that are level-triggered.
 */
void kvm_set_pic(struct kvm *kvm, uint16_t elcr);

/* The line into PIC and I/O APIC that the routing gives gsi (0 to 23). */
struct irq kvm_gsi(struct kvm *kvm, unsigned gsi);

/* High: the PIT's interrupt is off, since an HPET stands for it. */
struct irq kvm_pit_gate(struct kvm *kvm);

/* One MSR of the vCPU whose descriptor is fd; false: KVM refuses.  Any thread.
 */
bool kvm_get_msr(int fd, uint32_t index, uint64_t *val);
bool kvm_set_msr(int fd, uint32_t index, uint64_t val);

/* Sends a message-signalled interrupt.  Any thread. */
int kvm_send_msi(struct kvm *kvm, uint64_t addr, uint32_t data);
/* A GSI that stands for the message, for irqfds; -ENOSPC when all are used. */
int kvm_msi_route_add(struct kvm *kvm, uint64_t addr, uint32_t data);
int kvm_msi_route_set(struct kvm *kvm, int gsi, uint64_t addr, uint32_t data);
void kvm_msi_route_del(struct kvm *kvm, int gsi);
/* Makes a write to eventfd raise gsi; del undoes it. */
int kvm_irqfd_add(struct kvm *kvm, int eventfd, int gsi);
int kvm_irqfd_del(struct kvm *kvm, int eventfd, int gsi);

/* Makes guest writes to addr (of len bytes; 0: any) signal eventfd. */
struct kvm_doorbell {
	bool pio;
	uint64_t addr;
	unsigned len;
	bool match; /* only if val is written */
	uint64_t val;
	int eventfd;
};

int kvm_doorbell_add(struct kvm *kvm, const struct kvm_doorbell *bell);
int kvm_doorbell_del(struct kvm *kvm, const struct kvm_doorbell *bell);

/* Lets the kernel collect the guest's writes to a range of registers. */
int kvm_coalesce(struct kvm *kvm, bool pio, uint64_t addr, uint32_t len);
/* Makes the collected writes; before every other access. */
void kvm_drain_coalesced(struct kvm *kvm);

/* Time stands still: kvmclock and PIT are kept while the machine stops. */
void kvm_stop_time(struct kvm *kvm);
void kvm_start_time(struct kvm *kvm);

#endif
