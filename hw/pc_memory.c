/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where RAM and firmware are in a PC's address space: RAM from 0 on, the
 * rest of it from 4 GiB on, firmware up to 4 GiB.
 */
#include "hw/pc_memory.h"

#include <errno.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/firmware.h"
#include "vmm/host_memory.h"
#include "vmm/machine.h"
#include "vmm/memory_backend.h"

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

/* Shows len bytes of block from off on, which lie at ram among all RAM. */
static int show_piece(struct pc_memory *mem, struct machine *m,
		      struct ram_block *block, uint64_t off, uint64_t ram,
		      uint64_t len, struct error *err)
{
	gpa_t gpa =
		ram < mem->below_4g ? ram : FOUR_GIB + (ram - mem->below_4g);

	return gmem_map(&m->gmem, &mem->maps[mem->nmaps++], gpa, block, off,
			len, GMEM_RAM, 0, err);
}

static int show_block(struct pc_memory *mem, struct machine *m,
		      struct ram_block *block, uint64_t ram, struct error *err)
{
	uint64_t low = 0;
	int rc = 0;

	if (ram < mem->below_4g)
		low = mem->below_4g - ram;
	if (low > block->size)
		low = block->size;
	if (low)
		rc = show_piece(mem, m, block, 0, ram, low, err);
	if (rc == 0 && low < block->size)
		rc = show_piece(mem, m, block, low, ram + low,
				block->size - low, err);
	return rc;
}

static bool is_ram(const struct config *c, const struct memory_backend *b)
{
	unsigned i;

	for (i = 0; i < c->nram; i++)
		if (c->ram[i] == b)
			return true;
	return false;
}

static struct ram_block *open_backend(struct machine *m,
				      const struct memory_backend *b,
				      struct error *err)
{
	struct ram_block *block = memory_backend_open(b, &m->gmem, err);

	if (!block && b->own)
		error_prefix(err, b->path ? "-mem-path" : "-m");
	else if (!block)
		error_prefix(err, "-object id=%s", b->id);
	return block;
}

/* Backends that are not RAM are allocated as well, as they were asked for. */
static int open_spare(struct machine *m, struct error *err)
{
	const struct config *c = m->config;
	unsigned i;

	for (i = 0; i < c->nbackends; i++)
		if (!is_ram(c, c->backends[i]) &&
		    !open_backend(m, c->backends[i], err))
			return -err->code;
	return 0;
}

/* RAM is the backends one after the other. */
static int open_ram(struct pc_memory *mem, struct machine *m, struct error *err)
{
	const struct config *c = m->config;
	struct ram_block *block;
	uint64_t at = 0;
	unsigned i;
	int rc = 0;

	mem->zeroed = true;
	for (i = 0; i < c->nram && rc == 0; i++) {
		block = open_backend(m, c->ram[i], err);
		if (!block)
			return -err->code;
		if (i == 0)
			mem->ram = block;
		mem->zeroed &= memory_backend_is_zero(c->ram[i], block);
		rc = show_block(mem, m, block, at, err);
		at += block->size;
	}
	return rc;
}

int pc_memory_build(struct pc_memory *mem, struct machine *m,
		    struct ram_block *flash, struct error *err)
{
	uint64_t size = m->config->mem.size;
	int rc = host_memory_check(size, err);

	if (rc < 0)
		return error_prefix(err, "-m");
	split_ram(mem, size);
	gmem_begin(&m->gmem);
	rc = open_ram(mem, m, err);
	if (rc == 0)
		rc = open_spare(m, err);
	mem->bios = flash;
	if (rc == 0 && !flash)
		rc = load_bios(mem, m, err);
	if (rc == 0 && !flash)
		rc = gmem_map(&m->gmem, &mem->top, FOUR_GIB - mem->bios->size,
			      mem->bios, 0, mem->bios->size, GMEM_ROM, 0, err);
	gmem_commit(&m->gmem);
	return rc;
}
