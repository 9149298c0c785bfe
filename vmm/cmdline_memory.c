/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the arguments of -object memory-backend-*, -numa, -overcommit hold. */
#include "vmm/cmdline.h"

#define KEY(key, kind, type_, field) \
	.name = key, .type = kind, .offset = offsetof(struct type_, field)

#define MEMORY(key, kind, field) KEY(key, kind, memory_backend, field)
#define NUMA(key, kind, field)	 KEY(key, kind, numa_option, field)

#define PREALLOC_THREADS_MAX	 256
#define SIZE_LIMIT		 (UINT64_C(1) << 52) /* what x86 can address */

const char *const memory_policy_names[] = {
	[MEMORY_POLICY_DEFAULT] = "default",
	[MEMORY_POLICY_PREFERRED] = "preferred",
	[MEMORY_POLICY_BIND] = "bind",
	[MEMORY_POLICY_INTERLEAVE] = "interleave",
	NULL,
};

/* clang-format off */
#define MEMORY_KEYS \
	{MEMORY("id", OPT_STRING, id), .help = "a name for it"}, \
	{MEMORY("size", OPT_SIZE, size), .max = SIZE_LIMIT, \
	 .help = "how much, in bytes without a suffix"}, \
	{MEMORY("share", OPT_BOOL, share), \
	 .help = "on: a shared mapping, which others can map too"}, \
	{MEMORY("prealloc", OPT_BOOL, prealloc), \
	 .help = "on: take all of it from the host at the start"}, \
	{MEMORY("prealloc-threads", OPT_U32, prealloc_threads), \
	 .min = 1, .max = PREALLOC_THREADS_MAX, \
	 .help = "how many threads do that"}, \
	{MEMORY("reserve", OPT_BOOL, reserve), \
	 .help = "off: account for no swap or huge pages before use"}, \
	{MEMORY("merge", OPT_ONOFFAUTO, merge), \
	 .help = "on: the host may merge pages of the same content (KSM)"}, \
	{MEMORY("dump", OPT_BOOL, dump), \
	 .help = "off: leave it out of core dumps of pcvm"}, \
	{MEMORY("host-nodes", OPT_BITS, host_nodes), \
	 .max = HOST_NODES_MAX - 1, \
	 .help = "NUMA nodes of the host to take it from: 0 or 0-3"}, \
	{MEMORY("policy", OPT_ENUM, policy), .choices = memory_policy_names, \
	 .help = "default, or preferred, bind, interleave: of host-nodes"}, \
	REFUSED_FOR("prealloc-context", NULL, OPT_LATER), \
	REFUSED_FOR("x-use-canonical-path-for-ramblock-id", "on off", \
		    OPT_LATER)

const struct opt_desc memory_ram_opts[] = {
	MEMORY_KEYS,
	{.type = OPT_END},
};

const struct opt_desc memory_file_opts[] = {
	MEMORY_KEYS,
	{MEMORY("mem-path", OPT_STRING, path),
	 .help = "the file, or a folder for one without a name"},
	{MEMORY("align", OPT_SIZE, align), .max = SIZE_LIMIT,
	 .help = "what its address here is a multiple of"},
	{MEMORY("discard-data", OPT_BOOL, discard),
	 .help = "on: what is in the file may be lost at the end"},
	REFUSED_FOR("pmem", "off", OPT_LATER),
	REFUSED_FOR("readonly", "off", "RAM is no RAM if it is read-only"),
	{.type = OPT_END},
};

const struct opt_desc memory_memfd_opts[] = {
	MEMORY_KEYS,
	{MEMORY("hugetlb", OPT_BOOL, hugetlb), .help = "on: use huge pages"},
	{MEMORY("hugetlbsize", OPT_SIZE, huge_size),
	 .help = "how large these are: 2M or 1G"},
	{MEMORY("seal", OPT_BOOL, seal),
	 .help = "on: nobody may change its size"},
	{.type = OPT_END},
};

/* A number from 0 on; -1 in the struct stands for none. */
#define NUMBER(key, field, most) NUMA(key, OPT_I64, field), .max = most

#define NODE_MAX (NUMA_NODES_MAX - 1)
#define CPU_MAX	 (NUMA_CPUS_MAX - 1)

const struct opt_desc numa_node_opts[] = {
	{NUMBER("nodeid", node, NODE_MAX),
	 .help = "its number; without it, the next one"},
	{NUMA("mem", OPT_SIZE_MIB, mem),
	 .help = "its RAM, a part of -m's; in MiB without a suffix"},
	{NUMA("memdev", OPT_STRING, memdev),
	 .help = "the -object memory-backend that is its RAM"},
	{NUMA("cpus", OPT_BITS, cpus),
	 .help = "its processors: 0 or 0-3; may be said more than once"},
	REFUSED_FOR("initiator", NULL, "it is for -machine hmat=on, which is "
		    OPT_LATER),
	{.type = OPT_END},
};

const struct opt_desc numa_dist_opts[] = {
	{NUMBER("src", src, NODE_MAX), .help = "from this node"},
	{NUMBER("dst", dst, NODE_MAX), .help = "to this node"},
	{NUMA("val", OPT_I64, val), .min = NUMA_LOCAL, .max = NUMA_NO_ROUTE,
	 .help = "the distance: 10 is local, 20 usual, 255 no way"},
	{.type = OPT_END},
};

const struct opt_desc numa_cpu_opts[] = {
	{NUMBER("node-id", node, NODE_MAX), .help = "the node"},
	{NUMBER("socket-id", socket, CPU_MAX), .help = "of which socket"},
	{NUMBER("die-id", die, CPU_MAX), .help = "of which die in it"},
	{NUMBER("core-id", core, CPU_MAX), .help = "of which core in that"},
	{NUMBER("thread-id", thread, CPU_MAX),
	 .help = "which thread of that"},
	{.type = OPT_END},
};

const struct opt_desc overcommit_opts[] = {
	{KEY("mem-lock", OPT_BOOL, overcommit_conf, mem_lock),
	 .help = "on: keep all memory out of the host's swap"},
	{KEY("cpu-pm", OPT_BOOL, overcommit_conf, cpu_pm),
	 .help = "on: the guest halts the host's processors by itself"},
	{.type = OPT_END},
};
/* clang-format on */
