/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the host that guest RAM is made of: anonymous memory, a file or a
 * memfd, on small or huge pages, bound to nodes of the host, allocated at
 * once or when it is touched.  Machine lock.
 */
#ifndef VMM_MEMORY_BACKEND_H
#define VMM_MEMORY_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/opt.h"

#define HOST_NODES_MAX 128

struct gmem;
struct ram_block;

enum memory_kind { MEMORY_RAM, MEMORY_FILE, MEMORY_MEMFD, MEMORY_KINDS };

enum memory_policy {
	MEMORY_POLICY_DEFAULT,
	MEMORY_POLICY_PREFERRED,
	MEMORY_POLICY_BIND,
	MEMORY_POLICY_INTERLEAVE,
};

/* -object memory-backend-*, or what -m, -mem-path and -mem-prealloc ask for. */
struct memory_backend {
	char *id;
	int kind; /* enum memory_kind */
	bool own; /* no -object, but -m's */
	uint64_t size;
	bool share; /* a mapping that others may share; else private */
	bool dump, reserve, prealloc;
	int merge; /* 0 off, 1 on, 2 if it is private memory */
	uint32_t prealloc_threads;
	int policy; /* enum memory_policy */
	struct opt_bits host_nodes;
	char *path; /* of a file or of the folder to make one in */
	uint64_t align; /* of its address; 0: of the page */
	bool discard; /* at the end, the content is of no use */
	bool hugetlb, seal; /* of a memfd */
	uint64_t huge_size; /* bytes of a page; 0: the host's usual */
};

extern const char *const memory_kind_names[MEMORY_KINDS];
extern const char *const memory_policy_names[];

/*
 * Allocates what b describes, as a block of gmem that is named like it.  NULL:
 * the error says what the host lacks, and how to get it.
 */
struct ram_block *memory_backend_open(const struct memory_backend *b,
				      struct gmem *gmem, struct error *err);

/* Is the memory known to be all zeros at first? */
bool memory_backend_is_zero(const struct memory_backend *b,
			    const struct ram_block *block);

#endif
