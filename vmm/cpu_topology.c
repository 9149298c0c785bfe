/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leaves of CPUID that tell a guest which vCPUs share a core, a die, a
 * package and a cache.  Intel SDM volume 2, CPUID, and volume 3, 9.9.3; AMD
 * APM volume 3, appendix E.
 */
#include "vmm/cpu_topology.h"

#include <stdbool.h>
#include <string.h>

enum { LEVEL_SMT = 1, LEVEL_CORE = 2, LEVEL_DIE = 5 };
enum { CACHE_DATA = 1, CACHE_INSTRUCTION = 2, CACHE_UNIFIED = 3 };
enum { CACHES = 4 };

#define LEAF4_SELF_INIT	      (1u << 8)
#define LEAF4_SHARING_SHIFT   14
#define LEAF4_CORES_SHIFT     26
#define LEAF4_PARTS_SHIFT     12
#define LEAF4_WAYS_SHIFT      22
#define LEAF4_NO_INVD_SHARING (1u << 0)
#define LEAF4_INCLUSIVE	      (1u << 1)
#define LEAF4_COMPLEX_INDEX   (1u << 2)
#define LEAFB_TYPE_SHIFT      8
#define EXT8_APIC_SIZE_SHIFT  12
#define TLB_L1		      0x01ff01ffu
#define TLB_L2		      0x42004200u

enum sharing { BY_THREAD, BY_CORE, BY_DIE };

struct cache {
	uint8_t type, level;
	enum sharing sharing;
	bool self_init;
	uint32_t flags; /* edx of leaf 4 */
	uint16_t line, ways;
	uint32_t sets;
};

struct cache_set {
	const char *models; /* how the names begin that it is for */
	uint32_t leaf2_ecx, leaf2_edx; /* descriptors, SDM table 3-12 */
	uint32_t ext5_ecx, ext5_edx, ext6_ecx, ext6_edx;
	struct cache cache[CACHES];
};

#define L1_CACHE(type_, ways_, sets_) \
	{ \
		.type = type_, .level = 1, .sharing = BY_THREAD, \
		.self_init = true, .flags = LEAF4_NO_INVD_SHARING, .line = 64, \
		.ways = ways_, .sets = sets_ \
	}

#define L2_CACHE(init, flags_, ways_, sets_) \
	{ \
		.type = CACHE_UNIFIED, .level = 2, .sharing = BY_CORE, \
		.self_init = init, .flags = flags_, .line = 64, .ways = ways_, \
		.sets = sets_ \
	}

#define L3_CACHE(sets_) \
	{ \
		.type = CACHE_UNIFIED, .level = 3, .sharing = BY_DIE, \
		.self_init = true, \
		.flags = LEAF4_INCLUSIVE | LEAF4_COMPLEX_INDEX, .line = 64, \
		.ways = 16, .sets = sets_ \
	}

#define ZEN_CACHE(sets3) \
	{ \
		L1_CACHE(CACHE_DATA, 8, 64), \
			L1_CACHE(CACHE_INSTRUCTION, 8, 64), \
			L2_CACHE(false, 0, 8, 1024), L3_CACHE(sets3) \
	}

#define ZEN1_CACHE \
	{ \
		L1_CACHE(CACHE_DATA, 8, 64), \
			L1_CACHE(CACHE_INSTRUCTION, 4, 256), \
			L2_CACHE(false, 0, 8, 1024), L3_CACHE(8192) \
	}

/* The first that matches counts; the last matches all. */
static const struct cache_set cache_sets[] = {
	{"EPYC-Milan", 0xff, 0x2c3080, 0x20080140, 0x20080140, 0x02006140,
	 0x01008140, ZEN_CACHE(32768)},
	{"EPYC-Rome", 0x4d, 0x2c3080, 0x20080140, 0x20080140, 0x02006140,
	 0x00808140, ZEN_CACHE(16384)},
	{"EPYC", 0x4b, 0x2cff80, 0x20080140, 0x40040140, 0x02006140, 0x00408140,
	 ZEN1_CACHE},
	{"Dhyana", 0x4b, 0x2cff80, 0x20080140, 0x40040140, 0x02006140,
	 0x00408140, ZEN1_CACHE},
	{"",
	 0x4d,
	 0x2c307d,
	 0x40020140,
	 0x40020140,
	 0x02008140,
	 0x00808140,
	 {L1_CACHE(CACHE_DATA, 8, 64), L1_CACHE(CACHE_INSTRUCTION, 8, 64),
	  L2_CACHE(true, LEAF4_NO_INVD_SHARING, 16, 4096), L3_CACHE(16384)}},
};

/* Bits that it takes to number n things. */
static unsigned width(unsigned n)
{
	unsigned bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

static unsigned core_shift(const struct cpu_topology *t)
{
	return width(t->threads);
}

static unsigned die_shift(const struct cpu_topology *t)
{
	return core_shift(t) + width(t->cores);
}

static unsigned package_shift(const struct cpu_topology *t)
{
	return die_shift(t) + width(t->dies);
}

uint32_t cpu_topology_apic_id(const struct cpu_topology *t, unsigned index)
{
	unsigned thread = index % t->threads;
	unsigned core = index / t->threads % t->cores;
	unsigned die = index / (t->threads * t->cores) % t->dies;
	unsigned package = index / (t->threads * t->cores * t->dies);

	return package << package_shift(t) | die << die_shift(t) |
	       core << core_shift(t) | thread;
}

const struct cache_set *cpu_caches_of(const char *model)
{
	const struct cache_set *c = cache_sets;

	while (strncmp(model, c->models, strlen(c->models)) != 0)
		c++;
	return c;
}

void cpu_leaf_2(const struct cache_set *c, struct kvm_cpuid_entry2 *e)
{
	e->eax = 1; /* one call tells all */
	e->ecx = c->leaf2_ecx;
	e->edx = c->leaf2_edx;
}

static void describe(const struct cache *c, unsigned sharing,
		     struct kvm_cpuid_entry2 *e)
{
	e->eax = c->type | (uint32_t)c->level << 5 |
		 (c->self_init ? LEAF4_SELF_INIT : 0) |
		 (sharing - 1) << LEAF4_SHARING_SHIFT;
	e->ebx = (uint32_t)(c->line - 1) | (uint32_t)(c->ways - 1)
						   << LEAF4_WAYS_SHIFT;
	e->ecx = c->sets - 1;
	e->edx = c->flags;
}

void cpu_leaf_4(const struct cache_set *c, const struct cpu_topology *t,
		struct kvm_cpuid_entry2 *e)
{
	const unsigned sharing[] = {1, t->threads, t->threads * t->cores};
	const struct cache *cache;

	if (e->index >= CACHES)
		return;
	cache = &c->cache[e->index];
	describe(cache, sharing[cache->sharing], e);
	e->eax |= (t->cores - 1) << LEAF4_CORES_SHIFT;
}

void cpu_leaf_8000001d(const struct cache_set *c, const struct cpu_topology *t,
		       struct kvm_cpuid_entry2 *e)
{
	const unsigned sharing[] = {t->threads, t->threads,
				    t->threads * t->cores};
	const struct cache *cache;

	if (e->index >= CACHES)
		return;
	cache = &c->cache[e->index];
	describe(cache, sharing[cache->sharing], e);
}

void cpu_leaf_0b(const struct cpu_topology *t, struct kvm_cpuid_entry2 *e)
{
	e->ecx = e->index;
	if (e->index == 0) {
		e->eax = core_shift(t);
		e->ebx = t->threads;
		e->ecx |= LEVEL_SMT << LEAFB_TYPE_SHIFT;
	} else if (e->index == 1) {
		e->eax = package_shift(t);
		e->ebx = t->threads * t->cores;
		e->ecx |= LEVEL_CORE << LEAFB_TYPE_SHIFT;
	}
}

void cpu_leaf_1f(const struct cpu_topology *t, struct kvm_cpuid_entry2 *e)
{
	if (e->index < 2) {
		cpu_leaf_0b(t, e);
		if (e->index == 1)
			e->eax = die_shift(t);
		return;
	}
	e->ecx = e->index;
	if (e->index == 2) {
		e->eax = package_shift(t);
		e->ebx = t->threads * t->cores * t->dies;
		e->ecx |= LEVEL_DIE << LEAFB_TYPE_SHIFT;
	}
}

void cpu_leaf_80000005(const struct cache_set *c, struct kvm_cpuid_entry2 *e)
{
	e->eax = e->ebx = TLB_L1;
	e->ecx = c->ext5_ecx;
	e->edx = c->ext5_edx;
}

void cpu_leaf_80000006(const struct cache_set *c, struct kvm_cpuid_entry2 *e)
{
	e->ebx = TLB_L2;
	e->ecx = c->ext6_ecx;
	e->edx = c->ext6_edx;
}

uint32_t cpu_leaf_80000008_ecx(const struct cpu_topology *t)
{
	unsigned n = t->threads * t->cores;

	if (n == 1)
		return 0;
	return (n - 1) | package_shift(t) << EXT8_APIC_SIZE_SHIFT;
}

void cpu_leaf_8000001e(const struct cpu_topology *t, uint32_t apic_id,
		       struct kvm_cpuid_entry2 *e)
{
	e->eax = apic_id;
	e->ebx = (t->threads - 1) << 8 |
		 (apic_id >> core_shift(t) & ((1u << width(t->cores)) - 1));
	e->ecx = (t->dies - 1) << 8 | apic_id >> die_shift(t);
}
