/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes kernel images of all kinds, into 32 MiB of guest memory. */
#include <stdlib.h>
#include <string.h>

#include "hw/boot.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/machine.h"

#define RAM_SIZE (UINT64_C(32) << 20)
#define LOW_END	 UINT64_C(0x9fc00)

static struct machine m;
static struct gmem_map map;

static void build(void)
{
	struct error err = {0};
	struct ram_block *ram;

	if (machine_init(&m, &err) < 0)
		abort();
	ram = gmem_block_new(&m.gmem, "ram", RAM_SIZE, &err);
	if (!ram ||
	    gmem_map(&m.gmem, &map, 0, ram, 0, RAM_SIZE, GMEM_RAM, 0, &err) < 0)
		abort();
}

static void check(const struct boot_memory *mem, const struct vcpu_entry *entry)
{
	unsigned i;

	for (i = 0; i < mem->ntaken; i++) {
		const struct boot_span *s = &mem->taken[i];

		if (s->base + s->len > RAM_SIZE || s->base + s->len < s->base ||
		    (i && s->base < s[-1].base + s[-1].len))
			abort();
	}
	if (entry->tables >= LOW_END || entry->rip > UINT32_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t initrd[5000];
	struct boot_firmware fw = {.rsdp = BOOT_HIGH, .text_mode = size & 1};
	struct boot_memory mem = {.gmem = &m.gmem, .fresh = true};
	struct boot_image img = {.kernel_name = "kernel", .append = "a=b"};
	struct vcpu_entry entry;
	struct error err = {0};
	int rc;

	if (!m.gmem.nmaps)
		build();
	if (!size)
		return 0;
	boot_memory_add(&mem, 0, LOW_END, E820_RAM);
	boot_memory_add(&mem, BOOT_HIGH, RAM_SIZE - BOOT_HIGH, E820_RAM);
	boot_file_of(&img.kernel, data, size);
	boot_file_of(&img.module[0].file, initrd, sizeof(initrd));
	img.module[0].text = (char *)(uintptr_t) "initrd x";
	img.nmodules = 1;
	rc = boot_image_recognise(&img, &err);
	if (rc == 0 && !img.needs_firmware)
		rc = boot_image_load(&img, &mem, &fw, &entry, &err);
	if (rc < 0 && (err.code != -rc || !*err.msg))
		abort();
	if (rc == 0 && !img.needs_firmware)
		check(&mem, &entry);
	return 0;
}
