/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -cpu asks for: a model, its properties, and the features that are
 * added and taken away, within what the host's KVM can show.  Any thread.
 */
#ifndef VMM_CPU_SPEC_H
#define VMM_CPU_SPEC_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/cpu_features.h"
#include "vmm/cpu_models.h"
#include "vmm/cpu_topology.h"
#include "vmm/error.h"

#define CPU_SPEC_UNSET UINT32_MAX

/* The properties; CPU_SPEC_UNSET stands for the model's own. */
struct cpu_spec {
	char *vendor, *model_id;
	uint32_t family, model, stepping;
	uint32_t level, xlevel;
	uint32_t phys_bits;
	bool host_phys_bits, check, enforce, migratable, kvm, pmu, cpuid_0xb;
};

/* A vCPU in the making. */
struct cpu_build {
	const struct kvm_cpuid2 *host;
	const struct cpu_topology *topo;
	const struct cache_set *caches;
	const struct cpu_model *model; /* NULL: host, max, base */
	bool is_host; /* host or max */
	char model_name[64];
	struct cpu_spec spec;
	uint32_t level, xlevel, xlevel2;
	uint32_t have[FEATURE_WORDS]; /* what the vCPU gets */
	uint32_t host_has[FEATURE_WORDS];
	struct kvm_cpuid2 *out;
};

/*
 * Reads spec ("host,-avx,model-id=...") into b, whose host may be NULL for a
 * check alone.  cpu_spec_free in any case.
 */
int cpu_spec_compose(struct cpu_build *b, const char *spec, struct error *err);
void cpu_spec_free(struct cpu_build *b);

/* Takes away what the host lacks: with a warning, or an error by "enforce". */
int cpu_spec_filter(struct cpu_build *b, struct error *err);

bool cpu_has(const struct cpu_build *b, const char *feature);
/* The host's leaf, or NULL. */
const struct kvm_cpuid_entry2 *cpu_host_leaf(const struct cpu_build *b,
					     uint32_t function, uint32_t index);

#endif
