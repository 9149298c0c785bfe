/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the firmware is told besides the tables: memory map, processors, what
 * to boot.  All of it goes through fw_cfg.  Machine lock.
 */
#ifndef HW_FIRMWARE_H
#define HW_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/fw_cfg.h"
#include "vmm/numa.h"

#define FIRMWARE_NO_TIMEOUT (-1)

enum e820_type { E820_RAM = 1, E820_RESERVED = 2 };

struct e820_range {
	uint64_t base, len;
	enum e820_type type;
};

struct firmware_conf {
	uint64_t ram_size; /* bytes, all of it */
	const struct e820_range *e820;
	unsigned ne820;
	unsigned ncpus;
	unsigned apic_id_limit; /* one more than the highest APIC id */
	const struct numa_conf *numa; /* NULL: no nodes */
	/* With nodes: of each processor that there may be. */
	const uint32_t *apic_ids;
	unsigned max_cpus;
	uint8_t uuid[16];
	bool nographic;
	bool hpet;
	bool s3, s4;
	/* A device path a line, in the order to boot from. */
	const char *bootorder; /* NULL: the firmware's own order */
	bool boot_menu;
	int boot_menu_wait; /* milliseconds, or FIRMWARE_NO_TIMEOUT */
	/* Milliseconds until a reboot when nothing boots, or none. */
	int boot_fail_wait;
};

int firmware_build(const struct firmware_conf *conf, struct fw_cfg *fw,
		   struct error *err);

#endif
