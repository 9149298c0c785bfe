/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PC tells its firmware through fw_cfg: tables, memory, identity. */
#include "hw/pc_firmware.h"

#include <string.h>

#include "hw/acpi.h"
#include "hw/firmware.h"
#include "hw/piix4_pm.h"
#include "hw/smbios.h"
#include "vmm/config.h"
#include "vmm/endian.h"

#define FOUR_GIB     (UINT64_C(1) << 32)
#define GIB	     (UINT64_C(1) << 30)
#define HOLE_LAST    0xfebfffffu /* below the I/O APIC */
#define HOLE64_MAX   (UINT64_C(1) << 39) /* within 40 address bits */
#define HOLE64_SIZE  (2 * GIB)
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
		.hole_first = (uint32_t)pc->memory->below_4g,
		.hole_last = HOLE_LAST,
		.pm_base = PIIX4_PM_BASE,
		.hotplug_slots = pc->hotplug_slots,
		.hpet = pc->hpet,
		.i8042 = true,
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
	return acpi_build(&conf, fw, err);
}

static int build_smbios(struct fw_cfg *fw, const struct pc_firmware *pc,
			struct error *err)
{
	const struct config *c = pc->conf;
	struct smbios_conf conf = {
		.below_4g = pc->memory->below_4g,
		.above_4g = pc->memory->above_4g,
		.ncpus = c->smp.cpus,
		.cores = c->smp.cores,
		.threads = c->smp.threads,
		.cpuid_eax = pc->cpuid_eax,
		.cpuid_edx = pc->cpuid_edx,
		.v3 = c->machine.smbios_entry_point,
	};

	memcpy(conf.uuid, c->uuid, sizeof(conf.uuid));
	return smbios_build(&conf, fw, err);
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
	return rc;
}
