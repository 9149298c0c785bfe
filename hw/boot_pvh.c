/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF images with Xen's PVH note: entered in protected mode at the address in
 * the note, with a struct hvm_start_info.
 * Xen, docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h.
 */
#include <errno.h>
#include <string.h>

#include "hw/boot.h"
#include "hw/elf.h"
#include "vmm/endian.h"

#define NOTE_NAME	  "Xen"
#define NOTE_PHYS32_ENTRY 18
#define START_MAGIC	  0x336ec578u
#define START_VERSION	  1
/* A 32-bit kernel reaches what it maps at the start. */
#define MODULE_END_32 UINT64_C(0x38000000)

struct start_info {
	le32 magic, version, flags, nr_modules;
	le64 modlist, cmdline, rsdp, memmap;
	le32 memmap_entries, reserved;
};

struct start_module {
	le64 paddr, size, cmdline, reserved;
};

struct start_range {
	le64 addr, size;
	le32 type, reserved;
};

static int probe(struct boot_image *img, struct error *err)
{
	uint64_t entry;
	struct elf elf;
	int rc;

	if (!elf_is(&img->kernel))
		return 0;
	rc = elf_open(&elf, &img->kernel, err);
	if (rc < 0)
		return rc;
	rc = elf_find_note(&elf, NOTE_NAME, NOTE_PHYS32_ENTRY, &entry, err);
	if (rc == -ENOENT)
		return error_set(err, EINVAL,
				 "it is an ELF image with neither a PVH note "
				 "(Linux: CONFIG_PVH) nor a multiboot header");
	if (rc == 0 && entry > UINT32_MAX)
		return error_set(err, EINVAL, "its PVH entry is above 4 GiB");
	return rc < 0 ? rc : 1;
}

static int put_modules(const struct boot_image *img, bool is64,
		       struct boot_memory *mem, struct start_info *info,
		       struct error *err)
{
	struct start_module module = {.reserved = le64_of(0)};
	gpa_t gpa;
	int rc;

	if (!img->nmodules)
		return 0;
	rc = boot_put_module(&img->module[0], mem,
			     is64 ? BOOT_4G : MODULE_END_32, &gpa, err);
	if (rc < 0)
		return rc;
	module.paddr = le64_of(gpa);
	module.size = le64_of(img->module[0].file.size);
	rc = boot_put_low(mem, &module, sizeof(module), &gpa, err);
	info->modlist = le64_of(gpa);
	info->nr_modules = le32_of(1);
	return rc;
}

static int put_memmap(struct boot_memory *mem, struct start_info *info,
		      struct error *err)
{
	struct start_range range[BOOT_RANGES_MAX] = {0};
	unsigned i;
	gpa_t gpa;
	int rc;

	for (i = 0; i < mem->ne820; i++)
		range[i] = (struct start_range){
			.addr = le64_of(mem->e820[i].base),
			.size = le64_of(mem->e820[i].len),
			.type = le32_of(mem->e820[i].type),
		};
	rc = boot_put_low(mem, range, i * sizeof(*range), &gpa, err);
	info->memmap = le64_of(gpa);
	info->memmap_entries = le32_of(i);
	return rc;
}

static int put_info(const struct boot_image *img, bool is64,
		    struct boot_memory *mem, const struct boot_firmware *fw,
		    struct vcpu_entry *entry, struct error *err)
{
	struct start_info info = {
		.magic = le32_of(START_MAGIC),
		.version = le32_of(START_VERSION),
		.rsdp = le64_of(fw->rsdp),
	};
	gpa_t gpa;
	int rc;

	if ((rc = put_modules(img, is64, mem, &info, err)) < 0 ||
	    (rc = put_memmap(mem, &info, err)) < 0 ||
	    (rc = boot_put_low(mem, img->append, strlen(img->append) + 1, &gpa,
			       err)) < 0)
		return rc;
	info.cmdline = le64_of(gpa);
	rc = boot_put_low(mem, &info, sizeof(info), &gpa, err);
	entry->rbx = gpa;
	return rc;
}

static int load_kernel(const struct boot_image *img, struct boot_memory *mem,
		       bool *is64, uint64_t *entry, struct error *err)
{
	struct elf elf;
	int rc = elf_open(&elf, &img->kernel, err);

	if (rc == 0)
		rc = elf_find_note(&elf, NOTE_NAME, NOTE_PHYS32_ENTRY, entry,
				   err);
	if (rc == -ENOENT)
		return error_set(err, EINVAL, "its PVH note has gone");
	if (rc == 0)
		rc = elf_load(&elf, mem, 0, err);
	*is64 = elf.is64;
	return rc;
}

static int load(const struct boot_image *img, struct boot_memory *mem,
		const struct boot_firmware *fw, struct vcpu_entry *entry,
		struct error *err)
{
	bool is64 = false;
	int rc = load_kernel(img, mem, &is64, &entry->rip, err);

	if (rc < 0)
		return error_prefix(err, "-kernel %s", img->kernel_name);
	entry->mode = VCPU_FLAT32;
	return put_info(img, is64, mem, fw, entry, err);
}

const struct boot_loader boot_pvh = {
	.name = "PVH",
	.probe = probe,
	.load = load,
};
