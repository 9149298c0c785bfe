/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID from -cpu and -smp, on a host that is made up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/cpu_models.h"
#include "vmm/cpuid.h"

#define EXT 0x80000000u

static struct kvm_cpuid2 *host_of(uint32_t bits)
{
	static const uint32_t leaves[] = {0,	   1,	       6,   7,
					  0x14,	   0x40000001, EXT, EXT + 1,
					  EXT + 7, EXT + 8};
	struct kvm_cpuid2 *host =
		calloc(1, sizeof(*host) + 16 * sizeof(host->entries[0]));
	size_t i;

	for (i = 0; i < sizeof(leaves) / sizeof(*leaves); i++)
		host->entries[host->nent++] =
			(struct kvm_cpuid_entry2){.function = leaves[i],
						  .eax = bits,
						  .ebx = bits,
						  .ecx = bits,
						  .edx = bits};
	host->entries[0].eax = 0x16;
	host->entries[0].ebx = 0x756e6547; /* GenuineIntel */
	host->entries[0].edx = 0x49656e69;
	host->entries[0].ecx = 0x6c65746e;
	host->entries[9].eax = 46;
	return host;
}

static struct kvm_cpuid2 *build(const char *spec,
				const struct cpu_topology *topo, uint32_t bits)
{
	struct kvm_cpuid2 *host = host_of(bits), *out;
	struct error err = {0};
	char quiet[100];

	snprintf(quiet, sizeof(quiet), "%s,check=off", spec);
	out = cpuid_build(quiet, topo, host, &err);
	ck_assert_msg(out != NULL, "%s", err.msg);
	free(host);
	return out;
}

static struct kvm_cpuid_entry2 leaf(const struct kvm_cpuid2 *c, uint32_t fn,
				    uint32_t index)
{
	static const struct kvm_cpuid_entry2 none;
	uint32_t i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn &&
		    (!c->entries[i].flags || c->entries[i].index == index))
			return c->entries[i];
	return none;
}

static const struct cpu_topology one = {1, 1, 1, 1, 1, 1};
static const struct cpu_topology four = {4, 4, 1, 1, 2, 2};
static const struct cpu_topology dies = {8, 8, 1, 2, 2, 2};

START_TEST(qemu64_is_what_guests_know)
{
	struct kvm_cpuid2 *c = build("qemu64", &one, UINT32_MAX);

	ck_assert_uint_eq(leaf(c, 0, 0).eax, 0xd);
	ck_assert_uint_eq(leaf(c, 1, 0).eax, 0x60fb1);
	ck_assert_uint_eq(leaf(c, 1, 0).edx, 0x078bfbfd);
	ck_assert_uint_eq(leaf(c, EXT, 0).eax, 0x8000000a);
	ck_assert_uint_eq(leaf(c, EXT + 8, 0).eax, 0x3028);
	ck_assert(!memcmp(&(uint32_t){leaf(c, EXT + 2, 0).eax}, "QEMU", 4));
	ck_assert_uint_eq(leaf(c, 0x40000001, 0).eax, 0x0100007b);
	free(c);
}
END_TEST

START_TEST(features_are_added_and_taken)
{
	struct kvm_cpuid2 *c =
		build("qemu64,+avx,-sse,xsave=on,cx8=off", &one, UINT32_MAX);

	ck_assert(leaf(c, 1, 0).ecx >> 28 & 1);
	ck_assert(leaf(c, 1, 0).ecx >> 26 & 1);
	ck_assert(!(leaf(c, 1, 0).edx >> 25 & 1));
	ck_assert(!(leaf(c, 1, 0).edx >> 8 & 1));
	free(c);
}
END_TEST

START_TEST(what_the_host_lacks_is_left_out)
{
	struct kvm_cpuid2 *host = host_of(0), *c;
	struct error err = {0};

	c = build("Haswell", &one, 0);
	ck_assert_uint_eq(leaf(c, 7, 0).ebx, 0);
	ck_assert(leaf(c, 1, 0).ecx >> 31); /* hypervisor is ours to give */
	free(c);
	ck_assert(!cpuid_build("486,enforce", &one, host, &err));
	free(host);
}
END_TEST

START_TEST(topology_leaves_agree)
{
	struct kvm_cpuid2 *c = build("qemu64", &four, UINT32_MAX);

	ck_assert_uint_eq(leaf(c, 1, 0).ebx >> 16 & 0xff, 4);
	ck_assert_uint_eq(leaf(c, 1, 0).edx >> 28 & 1, 1);
	ck_assert_uint_eq(leaf(c, 4, 0).eax >> 26, 1);
	ck_assert_uint_eq(leaf(c, 4, 2).eax, 0x04004143);
	ck_assert_uint_eq(leaf(c, 4, 3).eax, 0x0400c163);
	ck_assert_uint_eq(leaf(c, 0xb, 0).ebx, 2);
	ck_assert_uint_eq(leaf(c, 0xb, 1).eax, 2);
	ck_assert_uint_eq(leaf(c, 0xb, 1).ebx, 4);
	ck_assert_uint_eq(leaf(c, EXT + 8, 0).ecx, 0x2003);
	cpuid_personalise(c, &four, 3);
	ck_assert_uint_eq(leaf(c, 1, 0).ebx >> 24, 3);
	ck_assert_uint_eq(leaf(c, 0xb, 0).edx, 3);
	free(c);
}
END_TEST

START_TEST(dies_have_leaf_1f)
{
	struct kvm_cpuid2 *c = build("qemu64", &dies, UINT32_MAX);

	ck_assert_uint_eq(leaf(c, 0, 0).eax, 0x1f);
	ck_assert_uint_eq(leaf(c, 0x1f, 0).ecx, 0x100);
	ck_assert_uint_eq(leaf(c, 0x1f, 1).eax, 2);
	ck_assert_uint_eq(leaf(c, 0x1f, 2).eax, 3);
	ck_assert_uint_eq(leaf(c, 0x1f, 2).ebx, 8);
	ck_assert_uint_eq(leaf(c, 0x1f, 2).ecx, 0x502);
	free(c);
}
END_TEST

START_TEST(apic_ids_have_a_field_for_each_level)
{
	static const struct cpu_topology odd = {6, 6, 2, 1, 3, 1};

	ck_assert_uint_eq(cpu_topology_apic_id(&odd, 2), 2);
	ck_assert_uint_eq(cpu_topology_apic_id(&odd, 3), 4);
	ck_assert_uint_eq(cpu_topology_apic_id(&dies, 5), 5);
}
END_TEST

START_TEST(every_model_builds)
{
	const struct cpu_model *m;

	for (m = cpu_models; m->name; m++)
		free(build(m->name, &four, UINT32_MAX));
	free(build("host", &one, UINT32_MAX));
	free(build("max", &one, UINT32_MAX));
	free(build("base", &one, UINT32_MAX));
	ck_assert_str_eq(cpu_model_find("Haswell-IBRS")->name, "Haswell-v3");
	ck_assert_str_eq(cpu_model_find("EPYC")->name, "EPYC-v1");
}
END_TEST

START_TEST(bad_specs_are_refused)
{
	static const char *const bad[] = {
		"nosuch",	   "qemu64,+nosuch",  "qemu64,avx=maybe",
		"host,hv-relaxed", "qemu64,+vmx-ept", "qemu64,level=xyz"};
	struct error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(cpuid_check_spec(bad[i], &err) < 0, "%s", bad[i]);
	ck_assert_int_eq(cpuid_check_spec("host,+sse3,-kvm_pv_eoi", &err), 0);
}
END_TEST

UNIT_MAIN("cpuid", qemu64_is_what_guests_know, features_are_added_and_taken,
	  what_the_host_lacks_is_left_out, topology_leaves_agree,
	  dies_have_leaf_1f, apic_ids_have_a_field_for_each_level,
	  every_model_builds, bad_specs_are_refused)
