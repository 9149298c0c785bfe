/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processors of a PC. */
#include <errno.h>
#include <stdlib.h>

#include "hw/pc_board.h"
#include "vmm/config.h"
#include "vmm/cpuid.h"
#include "vmm/vcpu.h"

#define CPUID_SIGNATURE	    0x1
#define CPUID_ADDRESS_SIZES 0x80000008
#define PHYS_BITS_LEAST	    36 /* without that leaf */

/* Leaf 1 is in the SMBIOS tables too, address sizes are in leaf 0x80000008. */
static void note_cpuid(struct pc *pc, const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = cpuid->entries;

	pc->phys_bits = PHYS_BITS_LEAST;
	for (; entry < cpuid->entries + cpuid->nent; entry++)
		if (entry->function == CPUID_SIGNATURE) {
			pc->cpuid_eax = entry->eax;
			pc->cpuid_edx = entry->edx;
		} else if (entry->function == CPUID_ADDRESS_SIZES) {
			pc->phys_bits = entry->eax & UINT8_MAX;
		}
}

int pc_build_vcpus(struct pc *pc, struct error *err)
{
	const struct cpu_topology *topo = &pc->conf->smp;
	struct kvm_cpuid2 *host = kvm_supported_cpuid(pc->m->kvm, err);
	struct kvm_cpuid2 *cpuid = NULL;
	unsigned i;
	int rc = host ? 0 : -EIO;

	if (host)
		cpuid = cpuid_build(pc->conf->cpu, topo, host, err);
	if (!cpuid)
		rc = -EINVAL;
	else
		note_cpuid(pc, cpuid);
	for (i = 0; i < topo->maxcpus; i++)
		pc->apic_ids[i] = cpu_topology_apic_id(topo, i);
	for (i = 0; i < topo->cpus && rc == 0; i++) {
		struct vcpu_setup setup = {
			.apic_id = cpu_topology_apic_id(topo, i),
			.cpuid = cpuid,
		};

		cpuid_personalise(cpuid, topo, i);
		rc = vcpu_create(pc->m, &setup, err);
	}
	free(cpuid);
	free(host);
	return rc;
}
