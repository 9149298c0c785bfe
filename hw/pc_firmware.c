/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PC tells its firmware through fw_cfg: tables, memory, identity. */
#include "hw/pc_firmware.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "hw/firmware.h"
#include "hw/piix4_pm.h"
#include "hw/smbios.h"
#include "vmm/config.h"
#include "vmm/endian.h"
#include "vmm/read_file.h"

#define FOUR_GIB     (UINT64_C(1) << 32)
#define GIB	     (UINT64_C(1) << 30)
#define HOLE_LAST    0xfebfffffu /* below the I/O APIC */
#define HOLE64_MAX   (UINT64_C(1) << 39) /* within 40 address bits */
#define HOLE64_SIZE  (2 * GIB)
#define CPUID_HTT    (UINT32_C(1) << 28) /* several threads */
#define PM_BASE_REG  0x40
#define PM_BASE_MASK 0xffc0u

/* The firmware chooses the PM base before it reads the tables. */
static void refresh(void *ctx, struct acpi_conf *conf)
{
	const struct piix4_pm *pm = ctx;

	conf->pm_base = load_le16(&pm->pci.config[PM_BASE_REG]) & PM_BASE_MASK;
}

static int build_acpi(struct fw_cfg *fw, const struct pc_firmware *pc,
		      struct error *err)
{
	const struct config *c = pc->conf;
	uint64_t top = FOUR_GIB + pc->memory->above_4g;
	uint64_t first64 = (top + GIB - 1) / GIB * GIB;
	struct acpi_conf conf = {
		.ncpus = c->smp.cpus,
		.max_cpus = c->smp.maxcpus,
		.apic_ids = pc->apic_ids,
		.numa = &c->numa,
		.below_4g = pc->memory->below_4g,
		.hole_first = (uint32_t)pc->memory->below_4g,
		.hole_last = HOLE_LAST,
		.pm_base = PIIX4_PM_BASE,
		.hotplug_slots = pc->hotplug_slots,
		.hpet = pc->hpet,
		.i8042 = true,
		.fdc = true,
		.fw_cfg = true,
		.s3 = !pc->pm->disable_s3,
		.s4 = !pc->pm->disable_s4,
		.refresh = refresh,
		.ctx = (void *)pc->pm,
	};

	if (!c->machine.acpi)
		return 0;
	if (first64 + HOLE64_SIZE <= HOLE64_MAX) {
		conf.hole64_first = first64;
		conf.hole64_last = first64 + HOLE64_SIZE - 1;
	}
	memcpy(conf.serial, pc->serial, sizeof(conf.serial));
	memcpy(conf.floppy, pc->floppy, sizeof(conf.floppy));
	return acpi_build(&conf, fw, err);
}

/* The id of a PCI device that -smbios speaks of. */
static int find_devfn(void *ctx, const char *id)
{
	const struct pc_firmware *pc = ctx;
	struct device *dev = device_find(pc->pm->pci.dev.machine, id);
	const struct pci_device *pci = (const struct pci_device *)dev;

	if (!dev || dev->class->bus != DEVICE_PCI ||
	    pci->bus != pc->pm->pci.bus)
		return -1;
	return pci->devfn;
}

static int build_smbios(struct fw_cfg *fw, const struct pc_firmware *pc,
			struct error *err)
{
	const struct config *c = pc->conf;
	struct smbios_conf conf = {
		.fields = &c->smbios,
		.below_4g = pc->memory->below_4g,
		.above_4g = pc->memory->above_4g,
		.sockets = c->smp.sockets,
		.cores = c->smp.dies * c->smp.cores,
		.threads = c->smp.threads,
		.cpuid_eax = pc->cpuid_eax,
		/* Without what -smp adds, as qemu tells it. */
		.cpuid_edx = pc->cpuid_edx & ~CPUID_HTT,
		.v3 = c->machine.smbios_entry_point,
		.find_devfn = find_devfn,
		.ctx = (void *)pc,
	};

	memcpy(conf.uuid, c->uuid, sizeof(conf.uuid));
	return smbios_build(&conf, fw, err);
}

static int add_file(struct fw_cfg *fw, const struct fw_cfg_conf *f,
		    struct error *err)
{
	struct fw_cfg_source src = {.release = free};
	uint8_t *data;
	int rc;

	if (fw_cfg_find_file(fw, f->name))
		return error_set(err, EEXIST,
				 "the machine has a file of this name itself");
	if (f->string)
		return fw_cfg_add_file(fw, f->name, f->string,
				       strlen(f->string), err);
	rc = read_file(f->file, UINT32_MAX, &data, &src.len, err);
	if (rc < 0)
		return rc;
	src.data = src.ctx = data;
	rc = fw_cfg_add_file_source(fw, f->name, &src, err);
	if (rc < 0)
		free(data);
	return rc;
}

/* JPEG (ISO 10918-1, B.1.1.3: SOI), and the header of a BMP. */
#define JPEG_MAGIC   0xffd8
#define BMP_MAGIC    0x424d /* "BM" */
#define BMP_BITS     28 /* where the number of bits of a pixel is */
#define BMP_BITS_RGB 24
#define PICTURE_MIN  (BMP_BITS + 2)

/* The name by which SeaBIOS knows what it can show. */
static const char *picture_name(const uint8_t *data, size_t len)
{
	if (len < PICTURE_MIN)
		return NULL;
	if (load_be16(data) == JPEG_MAGIC)
		return "bootsplash.jpg";
	if (load_be16(data) == BMP_MAGIC &&
	    load_le16(data + BMP_BITS) == BMP_BITS_RGB)
		return "bootsplash.bmp";
	return NULL;
}

static int add_splash(struct fw_cfg *fw, const char *file, struct error *err)
{
	struct fw_cfg_source src = {.release = free};
	const char *name;
	uint8_t *data;
	int rc = read_file(file, UINT32_MAX, &data, &src.len, err);

	if (rc < 0)
		return rc;
	src.data = src.ctx = data;
	name = picture_name(data, src.len);
	if (name)
		rc = fw_cfg_add_file_source(fw, name, &src, err);
	else
		rc = error_set(err, EINVAL,
			       "'%s' is neither a JPEG nor a BMP of 24 bits",
			       file);
	if (rc < 0)
		free(data);
	return rc;
}

/* After those of the machine, which it needs as they are. */
static int add_files(struct fw_cfg *fw, const struct config *c,
		     struct error *err)
{
	unsigned i;

	for (i = 0; i < c->nfw_cfgs; i++)
		if (add_file(fw, &c->fw_cfgs[i], err) < 0)
			return error_prefix(err, "-fw_cfg %s",
					    c->fw_cfgs[i].option);
	return 0;
}

static unsigned id_limit(const struct pc_firmware *pc)
{
	unsigned i, limit = 0;

	for (i = 0; i < pc->conf->smp.maxcpus; i++)
		if (pc->apic_ids[i] >= limit)
			limit = pc->apic_ids[i] + 1;
	return limit;
}

/* Where KVM puts the pages that VMX needs for real mode: vmm/kvm.c. */
#define VMX_PAGES_BASE UINT64_C(0xfeffc000)
#define VMX_PAGES_SIZE UINT64_C(0x4000)

int pc_firmware_fill(struct fw_cfg *fw, const struct pc_firmware *pc,
		     struct error *err)
{
	const struct config *c = pc->conf;
	const struct e820_range ranges[] = {
		{VMX_PAGES_BASE, VMX_PAGES_SIZE, E820_RESERVED},
		{0, pc->memory->below_4g, E820_RAM},
		{FOUR_GIB, pc->memory->above_4g, E820_RAM},
	};
	struct firmware_conf conf = {
		.ram_size = c->mem.size,
		.e820 = ranges,
		.ne820 = pc->memory->above_4g ? 3 : 2,
		.ncpus = c->smp.cpus,
		.apic_id_limit = id_limit(pc),
		.apic_ids = pc->apic_ids,
		.max_cpus = c->smp.maxcpus,
		.numa = &c->numa,
		.nographic = c->nographic || !c->machine.graphics,
		.hpet = pc->hpet,
		.s3 = !pc->pm->disable_s3,
		.s4 = !pc->pm->disable_s4,
		.bootorder = pc->bootorder,
		.boot_menu = c->boot.menu,
		.boot_menu_wait = (int)c->boot.splash_time,
		.boot_fail_wait = (int)c->boot.reboot_timeout,
	};
	int rc;

	memcpy(conf.uuid, c->uuid, sizeof(conf.uuid));
	rc = firmware_build(&conf, fw, err);
	if (rc == 0)
		rc = build_acpi(fw, pc, err);
	if (rc == 0)
		rc = build_smbios(fw, pc, err);
	if (rc == 0 && c->boot.splash && add_splash(fw, c->boot.splash, err))
		rc = error_prefix(err, "-boot splash=%s", c->boot.splash);
	if (rc == 0)
		rc = add_files(fw, c, err);
	return rc;
}
