/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PC tells its firmware through fw_cfg. */
#ifndef HW_PC_FIRMWARE_H
#define HW_PC_FIRMWARE_H

#include "hw/fw_cfg.h"
#include "hw/pc_memory.h"

struct config;
struct i440fx;
struct kvm_cpuid2;
struct piix4_pm;

/* What the tables need to know of the machine. */
struct pc_firmware {
	const struct config *conf;
	const struct pc_memory *memory;
	const struct piix4_pm *pm;
	uint32_t cpuid_eax, cpuid_edx; /* leaf 1 */
	bool serial[4], hpet;
	uint8_t floppy[2]; /* drive types, as CMOS has them */
	uint32_t hotplug_slots;
	const char *bootorder; /* NULL: the firmware's own */
	const uint32_t *apic_ids; /* maxcpus of them, as long as fw lives */
};

/* Between device_new and device_start of fw. */
int pc_firmware_fill(struct fw_cfg *fw, const struct pc_firmware *pc,
		     struct error *err);

#endif
