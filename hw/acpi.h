/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables of the machine, handed to the firmware through fw_cfg.
 * Machine lock.
 */
#ifndef HW_ACPI_H
#define HW_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/fw_cfg.h"
#include "vmm/numa.h"

/* Where the machine's wiring has to put what the tables speak of. */
#define ACPI_SCI_IRQ	      9
#define ACPI_SMI_CMD_PORT     0xb2
#define ACPI_SMI_ENABLE	      0xf1 /* written there: ACPI on */
#define ACPI_SMI_DISABLE      0xf0
#define ACPI_GPE_BASE	      0xafe0
#define ACPI_GPE_LEN	      4
#define ACPI_GPE_PCI_HOTPLUG  1 /* bits of the GPE block */
#define ACPI_GPE_CPU_HOTPLUG  2
#define ACPI_PCI_HOTPLUG_BASE 0xae00
#define ACPI_CPU_HOTPLUG_BASE 0xaf00
#define ACPI_HPET_BASE	      0xfed00000
#define ACPI_HPET_BLOCK_ID    0x8086a201 /* Intel, 64 bits, rev. 1, 3 timers */
#define ACPI_PM_EVENT	      0 /* from the PM base */
#define ACPI_PM_CONTROL	      4
#define ACPI_PM_TIMER	      8

#define ACPI_SERIAL_PORTS     4
#define ACPI_FLOPPIES	      2

struct acpi_conf {
	unsigned ncpus, max_cpus; /* there now, and after all hotplug */
	/* max_cpus of them, alive as long as fw_cfg; NULL: 0, 1, 2, ... */
	const uint32_t *apic_ids;
	const struct numa_conf *numa; /* alive as long; NULL: no nodes */
	uint64_t below_4g; /* bytes of RAM there, if there are nodes */
	/* Where PCI memory may lie; the last address, inclusive. */
	uint32_t hole_first, hole_last;
	uint64_t hole64_first, hole64_last; /* both 0: none */
	uint16_t pm_base; /* of the PIIX4's registers */
	uint32_t hotplug_slots; /* bit per slot of the PCI bus */
	bool hpet, i8042, fdc, fw_cfg;
	bool s3, s4;
	uint8_t floppy[ACPI_FLOPPIES]; /* drive type as CMOS has it, 0: none */
	bool serial[ACPI_SERIAL_PORTS];
	uint16_t pvpanic_port; /* 0: none */
	const char *oem_id, *oem_table_id; /* NULL: as qemu's */
	/*
	 * The firmware sets the PM base and the PCI windows before it reads
	 * the tables.  Called then: changes pm_base and the holes, nothing
	 * else.  May be NULL.
	 */
	void (*refresh)(void *ctx, struct acpi_conf *conf);
	void *ctx;
};

/* Adds the files etc/acpi/rsdp, etc/acpi/tables and etc/table-loader. */
int acpi_build(const struct acpi_conf *conf, struct fw_cfg *fw,
	       struct error *err);

#endif
