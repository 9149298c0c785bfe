/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYSCALL on a KVM that leaves the vCPU in ring 3.
 *
 * Some KVMs run ring 3 on the processor and emulate the rest; of a SYSCALL in
 * ring 3 they do RIP, RCX, R11 and RFLAGS, but not CS, SS and the privilege.
 * The guest then has a page fault on its entry point, where ring 3 may not be,
 * and user space is not asked.
 *
 * So that it is asked, the page-fault gate of the guest's IDT is made to lead
 * to a byte of the guest's code, near the handler, that is an INT3, which those
 * KVMs leave to user space: the finisher does the SYSCALL there, and lets the
 * handler have all other faults.  That is one gate of the guest's memory
 * changed, and an exit for each page fault.
 *
 * A KVM is tried once, in a VM of its own, when there was an instruction to
 * finish, and the gate is looked at after each such.  Where KVM does all that
 * never happens.  Gates stay known over a reset: waking up from S3 is one.
 */
#ifndef VMM_SYSCALL_TRAP_H
#define VMM_SYSCALL_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/gmem.h"

struct insn_cpu;
struct vcpu;

#define SYSCALL_GATES 8 /* that are remembered of a VM */

/* A gate that was changed; all 0: none. */
struct syscall_gate {
	gpa_t gpa;
	uint64_t handler, trap; /* linear: the guest's, ours */
};

/* Of a vCPU: its thread's, or anybody's while it is parked. */
struct vcpu_syscall {
	bool asked, needed; /* whether this KVM is such a one */
	uint64_t idt; /* linear base of the table whose gate this is */
	struct syscall_gate gate;
};

/*
 * Sees to it that page faults come to the trap.  cpu is how the vCPU goes on.
 * vCPU thread, no machine lock.
 */
void syscall_trap_arm(struct vcpu *vcpu, const struct insn_cpu *cpu);
/* Is it at the trap, instead of at *handler? */
bool syscall_trap_hit(struct vcpu *vcpu, const struct insn_cpu *cpu,
		      uint64_t *handler);

#endif
