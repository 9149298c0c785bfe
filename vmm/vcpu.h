/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs: a thread each.
 *
 * A vCPU thread runs the guest without the machine lock and takes it around
 * bus accesses.  Parked, it waits and its registers belong to the main loop.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/error.h"
#include "vmm/syscall_trap.h"

struct finisher;
struct machine;

/* What KVM keeps of a vCPU that a reset puts back. */
struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint8_t xsave[4096]; /* struct kvm_xsave as KVM had it first */
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic;
};

struct vcpu {
	struct machine *m;
	unsigned index;
	uint32_t apic_id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool started;
	bool ran; /* since the last reset */
	int tid; /* of the host, 0 before the thread runs */
	bool parked; /* machine lock */
	struct bus_cache io_cache, mem_cache;
	struct vcpu_state *birth;
	struct vcpu_syscall syscall;
	struct finisher *finisher; /* of what KVM's emulator leaves */
};

struct vcpu_setup {
	uint32_t apic_id;
	const struct kvm_cpuid2 *cpuid;
};

/* Creates vCPU number m->nvcpus.  Main loop, before the threads run. */
int vcpu_create(struct machine *m, const struct vcpu_setup *setup,
		struct error *err);
/* Starts a thread for each, parked. */
int vcpus_start(struct machine *m, struct error *err);
/* Ends the threads and closes everything. */
void vcpus_destroy(struct machine *m);

/* Power-on state for all.  Parked, machine lock. */
void vcpus_reset(struct machine *m);

/*
 * Asks all vCPUs to leave the guest and park.  Any thread, a vCPU's own too:
 * it then finishes its instruction and parks.  Does not wait.
 */
void vcpus_hold(struct machine *m);
/* Holds, and waits for them without the machine lock.  Machine lock. */
void vcpus_park(struct machine *m);
/* Lets them run.  Machine lock. */
void vcpus_release(struct machine *m);

/*
 * For the monitor; main loop, machine lock.  vcpus_inspect parks the vCPUs if
 * they run and says whether it did: hand that to vcpus_inspected afterwards.
 */
bool vcpus_inspect(struct machine *m);
void vcpus_inspected(struct machine *m, bool was_running);
int vcpu_get_regs(struct vcpu *vcpu, struct kvm_regs *regs,
		  struct kvm_sregs *sregs);
/* Guest-virtual to guest-physical as the vCPU's paging has it; or -EFAULT. */
int vcpu_translate(struct vcpu *vcpu, uint64_t gva, uint64_t *gpa);
/* Is it halted and waiting for an interrupt?  Parked. */
bool vcpu_halted(struct vcpu *vcpu);
/* Injects an NMI into each vCPU as the NMI button does. */
int vcpus_nmi(struct machine *m, struct error *err);

#endif
