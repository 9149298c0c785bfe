/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the host has to give.  Any thread. */
#ifndef VMM_HOST_MEMORY_H
#define VMM_HOST_MEMORY_H

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

#endif
