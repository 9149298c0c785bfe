/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The leaves of CPUID for what -cpu and -smp say.  Intel SDM volume 2. */
#include "vmm/cpuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cpu_spec.h"
#include "vmm/endian.h"

#define ENTRIES		  80

#define LEAF_KVM_BASE	  0x40000000u
#define LEAF_EXT_BASE	  0x80000000u
#define LEAF_CENTAUR_BASE 0xc0000000u
#define LEVEL_DIES	  0x1fu

#define EDX1_HT		  (1u << 28)
#define CLFLUSH_8	  (8u << 8) /* in units of 8 bytes */
#define PHYS_BITS	  40
#define VIRT_BITS	  48
#define LA57_BITS	  57
#define MWAIT_EXTENSIONS  3u
#define LEAF8_VIRT_SHIFT  8
#define BRAND_SIZE	  48

static uint32_t at_least(uint32_t value, bool wanted, uint32_t least)
{
	return wanted && value < least ? least : value;
}

static void choose_levels(struct cpu_build *b)
{
	const struct kvm_cpuid_entry2 *e = cpu_host_leaf(b, 0, 0);
	const uint32_t *have = b->have;

	if (b->model) {
		b->level = CPU_MODEL_GET(b->model, level);
		b->xlevel = CPU_MODEL_GET(b->model, xlevel);
		b->xlevel2 = CPU_MODEL_GET(b->model, xlevel2);
	} else if (b->is_host) {
		b->level = e ? e->eax : 1;
		b->xlevel = LEAF_EXT_BASE + 8;
	}
	b->level = at_least(b->level, have[FEATURE_6_EAX], 6);
	b->level = at_least(b->level,
			    have[FEATURE_7_0_EBX] | have[FEATURE_7_0_ECX] |
				    have[FEATURE_7_0_EDX],
			    7);
	b->level = at_least(b->level, cpu_has(b, "xsave"), 0xd);
	b->level = at_least(b->level, cpu_has(b, "intel-pt"), 0x14);
	b->level = at_least(b->level, b->topo->dies > 1, LEVEL_DIES);
	b->xlevel = at_least(b->xlevel, cpu_has(b, "lm"), LEAF_EXT_BASE + 8);
	b->xlevel =
		at_least(b->xlevel, have[FEATURE_8007_EDX], LEAF_EXT_BASE + 7);
	b->xlevel =
		at_least(b->xlevel, have[FEATURE_8008_EBX], LEAF_EXT_BASE + 8);
	b->xlevel = at_least(b->xlevel, cpu_has(b, "svm"), LEAF_EXT_BASE + 0xa);
	if (have[FEATURE_C001_EDX])
		b->xlevel2 = LEAF_CENTAUR_BASE + 1;
	if (b->spec.level != CPU_SPEC_UNSET)
		b->level = b->spec.level;
	if (b->spec.xlevel != CPU_SPEC_UNSET)
		b->xlevel = b->spec.xlevel;
}

static struct kvm_cpuid_entry2 *add(struct cpu_build *b, uint32_t function)
{
	struct kvm_cpuid_entry2 *e = &b->out->entries[b->out->nent++];

	e->function = function;
	return e;
}

static struct kvm_cpuid_entry2 *add_indexed(struct cpu_build *b,
					    uint32_t function, uint32_t index)
{
	struct kvm_cpuid_entry2 *e = add(b, function);

	e->index = index;
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	return e;
}

/* Leaf 0's and 0x80000000's way of writing twelve letters. */
static void put_vendor(struct cpu_build *b, struct kvm_cpuid_entry2 *e)
{
	const struct kvm_cpuid_entry2 *host = cpu_host_leaf(b, 0, 0);
	char text[12] = {0};

	if (b->spec.vendor) {
		memcpy(text, b->spec.vendor, strnlen(b->spec.vendor, 12));
		e->ebx = load_le32(text);
		e->edx = load_le32(text + 4);
		e->ecx = load_le32(text + 8);
	} else if (host) {
		e->ebx = host->ebx;
		e->edx = host->edx;
		e->ecx = host->ecx;
	}
}

/* Stepping and model are 0 in some models: only the first version counts. */
static uint32_t signature(const struct cpu_build *b)
{
	const struct kvm_cpuid_entry2 *host = cpu_host_leaf(b, 1, 0);
	const struct cpu_model *m = b->model;
	uint32_t family, model, stepping, sig;

	if (b->is_host && b->spec.family == CPU_SPEC_UNSET && host)
		return host->eax;
	while (m && !m->family && m->base)
		m = cpu_model_find(m->base);
	family = b->spec.family != CPU_SPEC_UNSET ? b->spec.family
		 : m				  ? m->family
						  : 0;
	model = b->spec.model != CPU_SPEC_UNSET ? b->spec.model
		: m				? m->model
						: 0;
	stepping = b->spec.stepping != CPU_SPEC_UNSET ? b->spec.stepping
		   : m				      ? m->stepping
						      : 0;
	sig = stepping | (model & 0xf) << 4 | (model >> 4) << 16;
	if (family > 0xf)
		return sig | 0xf << 8 | (family - 0xf) << 20;
	return sig | family << 8;
}

static void add_features_leaf(struct cpu_build *b)
{
	unsigned n = b->topo->cores * b->topo->threads;
	struct kvm_cpuid_entry2 *e = add(b, 1);

	e->eax = signature(b);
	e->ebx = CLFLUSH_8 | (n > 1 ? n << 16 : 0);
	e->ecx = b->have[FEATURE_1_ECX];
	e->edx = b->have[FEATURE_1_EDX] | (n > 1 ? EDX1_HT : 0);
}

static uint32_t xsave_mask(const struct cpu_build *b)
{
	static const struct {
		uint8_t bit;
		const char *feature;
	} components[] = {
		{0, "xsave"},	  {1, "xsave"},	    {2, "avx"},
		{3, "mpx"},	  {4, "mpx"},	    {5, "avx512f"},
		{6, "avx512f"},	  {7, "avx512f"},   {9, "pku"},
		{17, "amx-tile"}, {18, "amx-tile"},
	};
	uint32_t mask = 0;
	size_t i;

	for (i = 0; i < sizeof(components) / sizeof(*components); i++)
		if (cpu_has(b, components[i].feature))
			mask |= 1u << components[i].bit;
	return mask;
}

/* Intel SDM volume 1, 13.2: the state components that XSAVE manages. */
static void add_xsave_leaves(struct cpu_build *b)
{
	const struct kvm_cpuid_entry2 *host = cpu_host_leaf(b, 0xd, 0);
	struct kvm_cpuid_entry2 *e = add_indexed(b, 0xd, 0);
	uint32_t mask = xsave_mask(b), size = 576, i;

	if (!host || !cpu_has(b, "xsave"))
		return;
	e->eax = host->eax & mask;
	e->ebx = size;
	mask = e->eax;
	for (i = 2; i < 32; i++) {
		host = cpu_host_leaf(b, 0xd, i);
		if ((mask >> i & 1) && host && host->ebx + host->eax > size)
			size = host->ebx + host->eax;
	}
	e->ecx = size;
	e = add_indexed(b, 0xd, 1);
	e->eax = b->have[FEATURE_D_1_EAX];
	for (i = 2; i < 32; i++) {
		host = cpu_host_leaf(b, 0xd, i);
		if (!(mask >> i & 1) || !host)
			continue;
		e = add_indexed(b, 0xd, i);
		e->eax = host->eax;
		e->ebx = host->ebx;
		e->ecx = host->ecx & 6; /* alignment, and XFD */
	}
}

static void copy_host_leaf(struct cpu_build *b, uint32_t function,
			   uint32_t index)
{
	const struct kvm_cpuid_entry2 *host = cpu_host_leaf(b, function, index);
	struct kvm_cpuid_entry2 *e;

	if (!host)
		return;
	e = add_indexed(b, function, index);
	e->eax = host->eax;
	e->ebx = host->ebx;
	e->ecx = host->ecx;
	e->edx = host->edx;
}

static void add_basic_leaves(struct cpu_build *b)
{
	struct kvm_cpuid_entry2 *e = add(b, 0);
	uint32_t i;

	e->eax = b->level;
	put_vendor(b, e);
	add_features_leaf(b);
	if (b->level >= 2)
		cpu_leaf_2(b->caches, add_indexed(b, 2, 0));
	for (i = 0; b->level >= 4 && i < 5; i++)
		cpu_leaf_4(b->caches, b->topo, add_indexed(b, 4, i));
	if (b->level >= 5)
		add(b, 5)->ecx = MWAIT_EXTENSIONS;
	if (b->level >= 6)
		add(b, 6)->eax = b->have[FEATURE_6_EAX];
	if (b->level >= 7) {
		e = add_indexed(b, 7, 0);
		e->eax = b->have[FEATURE_7_1_EAX] ? 1 : 0;
		e->ebx = b->have[FEATURE_7_0_EBX];
		e->ecx = b->have[FEATURE_7_0_ECX];
		e->edx = b->have[FEATURE_7_0_EDX];
		if (e->eax)
			add_indexed(b, 7, 1)->eax = b->have[FEATURE_7_1_EAX];
	}
	if (b->level >= 0xa && b->spec.pmu)
		copy_host_leaf(b, 0xa, 0);
	for (i = 0; b->level >= 0xb && b->spec.cpuid_0xb && i < 3; i++)
		cpu_leaf_0b(b->topo, add_indexed(b, 0xb, i));
	if (b->level >= 0xd)
		add_xsave_leaves(b);
	for (i = 0; cpu_has(b, "intel-pt") && i < 2; i++)
		copy_host_leaf(b, 0x14, i);
	for (i = 0; cpu_has(b, "amx-tile") && i < 2; i++)
		copy_host_leaf(b, 0x1d, i);
	for (i = 0; b->topo->dies > 1 && i < 4; i++)
		cpu_leaf_1f(b->topo, add_indexed(b, LEVEL_DIES, i));
}

/* Linux, Documentation/virt/kvm/x86/cpuid.rst. */
static void add_kvm_leaves(struct cpu_build *b)
{
	static const char sig[12] = "KVMKVMKVM";
	struct kvm_cpuid_entry2 *e;

	if (!b->spec.kvm)
		return;
	e = add(b, LEAF_KVM_BASE);
	e->eax = LEAF_KVM_BASE + 1;
	e->ebx = load_le32(sig);
	e->ecx = load_le32(sig + 4);
	e->edx = load_le32(sig + 8);
	e = add(b, LEAF_KVM_BASE + 1);
	e->eax = b->have[FEATURE_KVM_EAX];
	e->edx = b->have[FEATURE_KVM_EDX];
}

static void add_brand(struct cpu_build *b)
{
	char brand[BRAND_SIZE] = {0};
	const char *text = b->spec.model_id;
	struct kvm_cpuid_entry2 *e;
	uint32_t i;

	if (!text && b->model)
		text = CPU_MODEL_GET(b->model, model_id);
	for (i = 0; i < 3; i++) {
		if (!text && b->is_host) {
			copy_host_leaf(b, LEAF_EXT_BASE + 2 + i, 0);
			b->out->entries[b->out->nent - 1].flags = 0;
			continue;
		}
		if (text)
			memcpy(brand, text, strnlen(text, sizeof(brand)));
		e = add(b, LEAF_EXT_BASE + 2 + i);
		e->eax = load_le32(brand + 16 * i);
		e->ebx = load_le32(brand + 16 * i + 4);
		e->ecx = load_le32(brand + 16 * i + 8);
		e->edx = load_le32(brand + 16 * i + 12);
	}
}

static uint32_t phys_bits(const struct cpu_build *b)
{
	const struct kvm_cpuid_entry2 *host =
		cpu_host_leaf(b, LEAF_EXT_BASE + 8, 0);
	uint32_t bits = host ? host->eax & 0xff : 36;

	if (b->spec.host_phys_bits)
		return bits;
	return b->spec.phys_bits ? b->spec.phys_bits : PHYS_BITS;
}

static bool is_intel(const struct cpu_build *b)
{
	return b->out->entries[0].ebx == load_le32("Genu");
}

static void add_extended_leaves(struct cpu_build *b)
{
	unsigned n = b->topo->cores * b->topo->threads;
	struct kvm_cpuid_entry2 *e;
	uint32_t i;

	if (b->xlevel < LEAF_EXT_BASE)
		return;
	e = add(b, LEAF_EXT_BASE);
	e->eax = b->xlevel;
	put_vendor(b, e);
	e = add(b, LEAF_EXT_BASE + 1);
	e->eax = signature(b);
	e->ecx = b->have[FEATURE_8001_ECX];
	if (n > 1 && !is_intel(b))
		e->ecx |= 1u << 1; /* CMP_LEGACY */
	e->edx = b->have[FEATURE_8001_EDX];
	add_brand(b);
	cpu_leaf_80000005(b->caches, add(b, LEAF_EXT_BASE + 5));
	cpu_leaf_80000006(b->caches, add(b, LEAF_EXT_BASE + 6));
	if (b->have[FEATURE_8007_EDX])
		add(b, LEAF_EXT_BASE + 7)->edx = b->have[FEATURE_8007_EDX];
	e = add(b, LEAF_EXT_BASE + 8);
	e->eax = phys_bits(b) | (cpu_has(b, "la57") ? LA57_BITS : VIRT_BITS)
					<< LEAF8_VIRT_SHIFT;
	e->ebx = b->have[FEATURE_8008_EBX];
	e->ecx = cpu_leaf_80000008_ecx(b->topo);
	if (cpu_has(b, "svm")) {
		e = add(b, LEAF_EXT_BASE + 0xa);
		e->eax = 1; /* revision */
		e->ebx = 0x10; /* address space ids */
		e->edx = b->have[FEATURE_800A_EDX];
	}
	for (i = 0; b->xlevel >= LEAF_EXT_BASE + 0x1d && i < 5; i++)
		cpu_leaf_8000001d(b->caches, b->topo,
				  add_indexed(b, LEAF_EXT_BASE + 0x1d, i));
	if (b->xlevel >= LEAF_EXT_BASE + 0x1e)
		cpu_leaf_8000001e(b->topo, 0, add(b, LEAF_EXT_BASE + 0x1e));
	if (b->xlevel2) {
		add(b, LEAF_CENTAUR_BASE)->eax = b->xlevel2;
		add(b, LEAF_CENTAUR_BASE + 1)->edx = b->have[FEATURE_C001_EDX];
	}
}

int cpuid_check_spec(const char *spec, struct error *err)
{
	struct cpu_build b = {0};
	int rc = cpu_spec_compose(&b, spec, err);

	cpu_spec_free(&b);
	return rc;
}

static int finish(struct cpu_build *b, struct error *err)
{
	int rc = cpu_spec_filter(b, err);

	if (rc < 0)
		return rc;
	b->out = calloc(1,
			sizeof(*b->out) + ENTRIES * sizeof(b->out->entries[0]));
	if (!b->out)
		return error_set(err, ENOMEM, "out of memory");
	b->caches = cpu_caches_of(b->model_name);
	choose_levels(b);
	add_basic_leaves(b);
	add_kvm_leaves(b);
	add_extended_leaves(b);
	return 0;
}

struct kvm_cpuid2 *cpuid_build(const char *spec,
			       const struct cpu_topology *topo,
			       const struct kvm_cpuid2 *host, struct error *err)
{
	struct cpu_build b = {.host = host, .topo = topo};
	int rc = cpu_spec_compose(&b, spec, err);

	if (rc == 0)
		rc = finish(&b, err);
	cpu_spec_free(&b);
	return rc < 0 ? NULL : b.out;
}

void cpuid_personalise(struct kvm_cpuid2 *cpuid,
		       const struct cpu_topology *topo, unsigned index)
{
	uint32_t apic_id = cpu_topology_apic_id(topo, index), i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		switch (e->function) {
		case 1:
			e->ebx = (e->ebx & 0xffffff) | apic_id << 24;
			break;
		case 0xb:
		case LEVEL_DIES:
			e->edx = apic_id;
			break;
		case LEAF_EXT_BASE + 0x1e:
			cpu_leaf_8000001e(topo, apic_id, e);
			break;
		}
	}
}
