/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NUMA nodes of the guest: what -numa says, complete.  Any thread. */
#ifndef VMM_NUMA_H
#define VMM_NUMA_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"

#define NUMA_NODES_MAX 128
#define NUMA_CPUS_MAX  256
#define NUMA_NO_NODE   0xff
#define NUMA_LOCAL     10 /* a node's distance to itself */
#define NUMA_FAR       20 /* to another, unless said otherwise */
#define NUMA_NO_ROUTE  255

struct memory_backend;

struct numa_node {
	bool present, has_mem;
	uint64_t mem; /* bytes */
	const struct memory_backend *memdev; /* NULL: a part of -m's RAM */
};

struct numa_conf {
	unsigned n; /* nodes; 0: none was asked for */
	struct numa_node node[NUMA_NODES_MAX];
	uint8_t cpu[NUMA_CPUS_MAX]; /* a processor's node */
	bool has_distance;
	/* From the first to the second; complete if has_distance. */
	uint8_t distance[NUMA_NODES_MAX][NUMA_NODES_MAX];
};

#endif
