/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMBIOS tables of the machine, handed to the firmware through fw_cfg.
 * Machine lock.
 */
#ifndef HW_SMBIOS_H
#define HW_SMBIOS_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/fw_cfg.h"
#include "vmm/smbios_fields.h"

#define SMBIOS_FILE_ANCHOR "etc/smbios/smbios-anchor"
#define SMBIOS_FILE_TABLES "etc/smbios/smbios-tables"

struct smbios_conf {
	/* What is not given is as qemu's pc-i440fx-7.2 has it. */
	const struct smbios_fields *fields;
	uint8_t uuid[16]; /* in the order it is written in */
	uint64_t below_4g, above_4g; /* bytes of RAM */
	/* Cores per socket, threads per core. */
	unsigned sockets, cores, threads;
	uint32_t cpuid_eax, cpuid_edx; /* CPUID leaf 1 */
	bool v3; /* a 64-bit entry point, SMBIOS 3.0 instead of 2.8 */
	/*
	 * The slot and function, on the first PCI bus, of the device with that
	 * id; -1: there is none.
	 */
	int (*find_devfn)(void *ctx, const char *id);
	void *ctx;
};

/* Adds the two files. */
int smbios_build(const struct smbios_conf *conf, struct fw_cfg *fw,
		 struct error *err);

#endif
