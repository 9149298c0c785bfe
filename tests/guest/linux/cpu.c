/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processors: how many, how they lie together, what cpuid says on each. */
#include <cpuid.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"

enum {
	LEAF_CACHES = 4,
	LEAF_TOPOLOGY = 0xb,
	LEAF_XSAVE = 0xd,
	LEAF_TOPOLOGY_2 = 0x1f,
	SUBLEAVES_MAX = 64,
};

static int pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return guest_fail("cannot run on CPU %u", cpu);
	if (sched_getcpu() != (int)cpu)
		return guest_fail("on CPU %d, not %u", sched_getcpu(), cpu);
	return 0;
}

static void show_topology(unsigned int cpu)
{
	static const char fmt[] = "/sys/devices/system/cpu/cpu%u/topology/%s";
	char package[16], die[16], core[16], threads[32], cores[32];

	guest_data("%u package %s die %s core %s threads %s cores %s", cpu,
		   guest_read(package, 16, fmt, cpu, "physical_package_id"),
		   guest_read(die, 16, fmt, cpu, "die_id"),
		   guest_read(core, 16, fmt, cpu, "core_id"),
		   guest_read(threads, 32, fmt, cpu, "thread_siblings_list"),
		   guest_read(cores, 32, fmt, cpu, "core_siblings_list"));
}

/* Runs on each CPU there is; with an argument so many there must be. */
static int cpus(int argc, char **argv)
{
	char present[32], possible[32];
	uint64_t want = guest_number(argc, argv, 1, 0);
	cpu_set_t all;
	int n;

	if (sched_getaffinity(0, sizeof(all), &all))
		return guest_fail("sched_getaffinity");
	n = CPU_COUNT(&all);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		if (pin(cpu))
			return -1;
		show_topology(cpu);
	}
	sched_setaffinity(0, sizeof(all), &all);
	if (want && (int)want != n)
		return guest_fail("%d online, wanted %d", n, (int)want);
	guest_detail("%d online, present %s, possible %s", n,
		     guest_read(present, 32, "/sys/devices/system/cpu/present"),
		     guest_read(possible, 32,
				"/sys/devices/system/cpu/possible"));
	return 0;
}

static int leaf_ends(unsigned int leaf, unsigned int sub,
		     const unsigned int r[4])
{
	switch (leaf) {
	case LEAF_CACHES:
		return (r[0] & 0x1f) == 0;
	case LEAF_TOPOLOGY:
	case LEAF_TOPOLOGY_2:
		return (r[2] & 0xff00) == 0;
	case LEAF_XSAVE:
		return sub + 1 >= SUBLEAVES_MAX;
	default:
		return 1;
	}
}

static int show_leaf(unsigned int leaf)
{
	unsigned int r[4], sub = 0;
	int n = 0;

	do {
		__cpuid_count(leaf, sub, r[0], r[1], r[2], r[3]);
		if (sub && !(r[0] | r[1] | r[2] | r[3]))
			continue;
		guest_data("%08x %02x %08x %08x %08x %08x", leaf, sub, r[0],
			   r[1], r[2], r[3]);
		n++;
	} while (!leaf_ends(leaf, sub, r) && ++sub < SUBLEAVES_MAX);
	return n;
}

/* cpuid of a CPU as D: LEAF SUBLEAF EAX EBX ECX EDX, all hexadecimal. */
static int cpuid(int argc, char **argv)
{
	static const unsigned int bases[] = {0, 0x40000000, 0x80000000};
	int n = 0;

	if (pin((unsigned int)guest_number(argc, argv, 1, 0)))
		return -1;
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		unsigned int a, b, c, d;

		__cpuid(bases[i], a, b, c, d);
		if (a < bases[i] || a > bases[i] + 0xff)
			a = bases[i];
		for (unsigned int leaf = bases[i]; leaf <= a; leaf++)
			n += show_leaf(leaf);
	}
	guest_detail("%d leaves", n);
	return 0;
}

/* A model specific register as the driver msr reads it. */
static int msr(int argc, char **argv)
{
	uint64_t number = guest_number(argc, argv, 1, 0x10), value;
	char path[64];
	FILE *f;
	size_t got;

	snprintf(path, sizeof(path), "/dev/cpu/%u/msr",
		 (unsigned int)guest_number(argc, argv, 2, 0));
	f = fopen(path, "r");
	if (!f)
		return guest_fail("no %s", path);
	setbuf(f, NULL);
	fseek(f, (long)number, SEEK_SET);
	got = fread(&value, sizeof(value), 1, f);
	fclose(f);
	if (got != 1)
		return guest_fail("%#lx cannot be read", (long)number);
	guest_detail("%#lx %#lx", (long)number, (long)value);
	return 0;
}

const struct guest_test cpu_tests[] = {
	{"cpus", cpus, "[N]: runs on each CPU, shows how they lie together"},
	{"cpuid", cpuid, "[CPU]: all of its leaves"},
	{"msr", msr, "NUMBER [CPU]: reads a register"},
	{NULL},
};
