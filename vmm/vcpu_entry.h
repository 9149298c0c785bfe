/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a vCPU elsewhere than at the reset vector: in protected or long
 * mode, as the boot protocols of kernels want it.  Parked, machine lock.
 */
#ifndef VMM_VCPU_ENTRY_H
#define VMM_VCPU_ENTRY_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/gmem.h"

struct vcpu;

enum vcpu_mode {
	VCPU_REAL, /* rip is segment:offset, segment in the upper half */
	VCPU_FLAT32, /* flat segments, no paging */
	VCPU_LONG, /* flat segments, 4 GiB mapped to themselves */
};

/* Selectors in the descriptor table that vcpu_tables_fill makes. */
enum { VCPU_SEL_CODE = 0x10, VCPU_SEL_DATA = 0x18, VCPU_SEL_TSS = 0x20 };

/* Registers; those not here are 0. */
struct vcpu_entry {
	enum vcpu_mode mode;
	uint64_t rip, rax, rbx, rcx, rdx, rsi;
	gpa_t tables; /* VCPU_TABLES_SIZE bytes, page-aligned, below 4 GiB */
};

/* Descriptor table, and page tables for VCPU_LONG. */
#define VCPU_TABLES_SIZE 0x7000

/* Fills the guest memory at entry->tables. */
void vcpu_tables_fill(struct gmem *gmem, const struct vcpu_entry *entry);
/* Sets the registers for the vCPU's next run. */
int vcpu_set_entry(struct vcpu *vcpu, const struct vcpu_entry *entry,
		   struct error *err);

/* Sets model-specific registers; those KVM does not have are passed over. */
void vcpu_set_msrs(struct vcpu *vcpu, const struct kvm_msr_entry *entries,
		   size_t n);
/* Enables the local APIC with the PIC on LINT0 and NMI on LINT1. */
void vcpu_set_virtual_wire(struct vcpu *vcpu);

#endif
