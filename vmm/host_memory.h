/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the host has to give, and in what pages.  Any thread. */
#ifndef VMM_HOST_MEMORY_H
#define VMM_HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

/*
 * Could a guest ever use that many bytes of RAM?  Pages are taken from the
 * host when the guest touches them, so nothing else would fail before the
 * guest is in the middle of its work.  As the kernel does for private memory,
 * more than all RAM and swap is refused, unless the host's administrator
 * allows anything (vm.overcommit_memory is 1).
 */
int host_memory_check(uint64_t bytes, struct error *err);

/*
 * Can the host give that much at once?  Without the question, the kernel's
 * answer would be to kill a process.
 */
int host_memory_check_free(uint64_t bytes, struct error *err);

/* Takes [p, p + len) from the host, with that many threads. */
int host_memory_populate(void *p, size_t len, size_t page, unsigned threads,
			 struct error *err);

/* Keeps what the process has and will have out of the host's swap. */
int host_memory_lock(struct error *err);

/* Huge pages of a size, as the host counts them. */
struct host_hugepages {
	uint64_t size; /* bytes of one; the host's usual, if that was asked */
	uint64_t total, free;
};

/* size 0: the host's usual one.  Fails if the host has none of this size. */
int host_hugepages_find(uint64_t size, struct host_hugepages *pages,
			struct error *err);
/* Says that bytes of them are not there, and how to get them. */
int host_hugepages_explain(uint64_t size, uint64_t bytes, struct error *err);

#endif
