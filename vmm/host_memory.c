/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the host has to give: sysinfo(2), proc(5). */
#include "vmm/host_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/sysinfo.h>

#define MIB (UINT64_C(1) << 20)

static bool is_unlimited(void)
{
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "re");
	bool unlimited = f && fgetc(f) == '1';

	if (f)
		fclose(f);
	return unlimited;
}

int host_memory_check(uint64_t bytes, struct error *err)
{
	struct sysinfo info;
	uint64_t all;

	if (sysinfo(&info) < 0)
		return 0;
	all = ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
	if (bytes <= all || is_unlimited())
		return 0;
	return error_set(err, ENOMEM,
			 "cannot allocate %" PRIu64 " MiB of memory: the host "
			 "has %" PRIu64 " MiB, with swap",
			 bytes / MIB, all / MIB);
}
