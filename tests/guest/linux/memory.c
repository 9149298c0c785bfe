/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory the firmware told of, and what the kernel made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "guest.h"

static int show_entry(const char *name, void *ctx)
{
	static const char folder[] = "/sys/firmware/memmap";
	char start[32], end[32], type[64];

	guest_data("%s %s %s",
		   guest_read(start, 32, "%s/%s/start", folder, name),
		   guest_read(end, 32, "%s/%s/end", folder, name),
		   guest_read(type, 64, "%s/%s/type", folder, name));
	return 0;
}

static int show_node(const char *name, void *ctx)
{
	char cpus[64], distance[64], total[64];

	if (strncmp(name, "node", 4) || name[4] < '0' || name[4] > '9')
		return 0;
	guest_data("%s cpus %s distance %s %s", name,
		   guest_read(cpus, 64, "/sys/devices/system/node/%s/cpulist",
			      name),
		   guest_read(distance, 64,
			      "/sys/devices/system/node/%s/distance", name),
		   guest_read(total, 64, "/sys/devices/system/node/%s/meminfo",
			      name));
	return 0;
}

/* The memory map as D: START END TYPE, then the nodes. */
static int memory(int argc, char **argv)
{
	struct sysinfo info;
	int entries = guest_each("/sys/firmware/memmap", show_entry, NULL);

	guest_each("/sys/devices/system/node", show_node, NULL);
	if (sysinfo(&info))
		return guest_fail("sysinfo");
	guest_detail("total %lu KiB, %d entries",
		     info.totalram * info.mem_unit / 1024, entries);
	return entries ? 0 : guest_fail("no memory map");
}

static uint64_t mix(uint64_t n)
{
	return (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Writes each word of so many MiB, then reads them. */
static int fill(int argc, char **argv)
{
	size_t n = guest_number(argc, argv, 1, 16) << 17;
	uint64_t *words = mmap(NULL, n * sizeof(*words), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (words == MAP_FAILED)
		return guest_fail("no memory");
	for (size_t i = 0; i < n; i++)
		words[i] = mix(i);
	for (size_t i = 0; i < n; i++)
		if (words[i] != mix(i))
			return guest_fail("word %zu", i);
	munmap(words, n * sizeof(*words));
	guest_detail("%zu MiB", n >> 17);
	return 0;
}

const struct guest_test memory_tests[] = {
	{"memory", memory, "the firmware's memory map, nodes, total"},
	{"fill", fill, "[MIB]: writes memory and reads it back"},
	{NULL},
};
