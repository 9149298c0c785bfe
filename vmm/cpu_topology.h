/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How vCPUs share cores, dies, packages and caches, as CPUID tells it. */
#ifndef VMM_CPU_TOPOLOGY_H
#define VMM_CPU_TOPOLOGY_H

#include <linux/kvm.h>
#include <stdint.h>

#define SMP_CPUS_MAX 255 /* that a PC may have */

struct cpu_topology {
	unsigned cpus; /* present at start */
	unsigned maxcpus; /* sockets * dies * cores * threads */
	unsigned sockets, dies, cores, threads;
};

/* The APIC id of vCPU number index, with a bit field for each level. */
uint32_t cpu_topology_apic_id(const struct cpu_topology *topo, unsigned index);

/* Caches differ between families of models. */
struct cache_set;

const struct cache_set *cpu_caches_of(const char *model);

/*
 * Each fills the registers of e, whose function and index are set, for the
 * first vCPU.
 */
void cpu_leaf_2(const struct cache_set *c, struct kvm_cpuid_entry2 *e);
void cpu_leaf_4(const struct cache_set *c, const struct cpu_topology *topo,
		struct kvm_cpuid_entry2 *e);
void cpu_leaf_0b(const struct cpu_topology *topo, struct kvm_cpuid_entry2 *e);
void cpu_leaf_1f(const struct cpu_topology *topo, struct kvm_cpuid_entry2 *e);
void cpu_leaf_80000005(const struct cache_set *c, struct kvm_cpuid_entry2 *e);
void cpu_leaf_80000006(const struct cache_set *c, struct kvm_cpuid_entry2 *e);
/* The topology part of 0x80000008's ecx. */
uint32_t cpu_leaf_80000008_ecx(const struct cpu_topology *topo);
void cpu_leaf_8000001d(const struct cache_set *c,
		       const struct cpu_topology *topo,
		       struct kvm_cpuid_entry2 *e);
void cpu_leaf_8000001e(const struct cpu_topology *topo, uint32_t apic_id,
		       struct kvm_cpuid_entry2 *e);

#endif
