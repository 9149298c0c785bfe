/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where RAM and firmware are in a PC's address space: RAM from 0 on, the
 * rest of it from 4 GiB on, firmware up to 4 GiB.
 */
#include "hw/pc_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/config.h"
#include "vmm/firmware.h"
#include "vmm/host_memory.h"
#include "vmm/machine.h"

#define GIB	     (UINT64_C(1) << 30)
#define FOUR_GIB     (4 * GIB)
#define LOW_MAX	     UINT64_C(0xe0000000) /* PCI begins there */
#define LOW_SPLIT    (3 * GIB) /* with more RAM than LOW_MAX */
#define DEFAULT_BIOS "bios-256k.bin"
#define BIOS_UNIT    0x10000u
#define BIOS_MIN     0x20000u /* what shows below 1 MiB */
#define BIOS_MAX     (16u << 20)

static int load_bios(struct pc_memory *mem, struct machine *m,
		     struct error *err)
{
	const char *name = m->config->bios ? m->config->bios : DEFAULT_BIOS;
	struct firmware_file fw;
	size_t size;
	int rc = firmware_load(m->config, name, &fw, err);

	if (rc < 0)
		return error_prefix(err, "-bios %s", name);
	size = fw.len < BIOS_MIN ? BIOS_MIN : fw.len;
	if (fw.len % BIOS_UNIT || fw.len > BIOS_MAX) {
		firmware_free(&fw);
		return error_set(err, EINVAL,
				 "-bios %s: the size must be a multiple of 64 "
				 "KiB, and at most 16 MiB",
				 name);
	}
	mem->bios = gmem_block_new(&m->gmem, "pc.bios", size, err);
	if (mem->bios)
		memcpy(mem->bios->host + size - fw.len, fw.data, fw.len);
	firmware_free(&fw);
	return mem->bios ? 0 : -ENOMEM;
}

static void split_ram(struct pc_memory *mem, uint64_t size)
{
	mem->below_4g = size >= LOW_MAX ? LOW_SPLIT : size;
	mem->above_4g = size - mem->below_4g;
}

int pc_memory_build(struct pc_memory *mem, struct machine *m, struct error *err)
{
	uint64_t size = m->config->mem.size;
	int rc = host_memory_check(size, err);

	if (rc < 0)
		return error_prefix(err, "-m");
	split_ram(mem, size);
	mem->ram = gmem_block_new(&m->gmem, "pc.ram", size, err);
	if (!mem->ram)
		return error_prefix(err, "-m");
	if (!m->config->machine.dump_guest_core)
		madvise(mem->ram->host, size, MADV_DONTDUMP);
	rc = load_bios(mem, m, err);
	if (rc < 0)
		return rc;
	gmem_begin(&m->gmem);
	rc = gmem_map(&m->gmem, &mem->low, 0, mem->ram, 0, mem->below_4g,
		      GMEM_RAM, 0, err);
	if (rc == 0 && mem->above_4g)
		rc = gmem_map(&m->gmem, &mem->high, FOUR_GIB, mem->ram,
			      mem->below_4g, mem->above_4g, GMEM_RAM, 0, err);
	if (rc == 0)
		rc = gmem_map(&m->gmem, &mem->top, FOUR_GIB - mem->bios->size,
			      mem->bios, 0, mem->bios->size, GMEM_ROM, 0, err);
	gmem_commit(&m->gmem);
	return rc;
}
