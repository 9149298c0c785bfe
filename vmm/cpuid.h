/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCPU says of itself: from -cpu, -smp and the host's KVM to the table
 * that KVM_SET_CPUID2 takes.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>

#include "vmm/cpu_topology.h"
#include "vmm/error.h"

/*
 * Builds the table that all vCPUs share; the caller frees it.  spec is the
 * argument of -cpu ("host,-avx,+x2apic,model-id=..."), host what
 * kvm_supported_cpuid gave.  Features that the host's KVM lacks are left out
 * with a warning, or are an error with "enforce".
 */
struct kvm_cpuid2 *cpuid_build(const char *spec,
			       const struct cpu_topology *topo,
			       const struct kvm_cpuid2 *host,
			       struct error *err);

/* Fills in what differs from vCPU to vCPU. */
void cpuid_personalise(struct kvm_cpuid2 *cpuid,
		       const struct cpu_topology *topo, unsigned index);

/* Is spec's model known?  Checked before anything else starts. */
int cpuid_check_spec(const char *spec, struct error *err);

/* The list that -cpu help prints. */
void cpuid_print_help(FILE *out);

#endif
