/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware does with the tables that fw_cfg has for it, done by the host:
 * ACPI and SMBIOS tables are put into guest memory, linked and summed up.
 * Machine lock.
 */
#ifndef HW_FIRMWARE_PLACE_H
#define HW_FIRMWARE_PLACE_H

#include "hw/fw_cfg.h"
#include "vmm/gmem.h"

#define FIRMWARE_RSDP_MAX 36

struct firmware_tables {
	gpa_t high; /* in: the end of the RAM for tables; out: their begin */
	gpa_t rsdp; /* 0: no ACPI */
	gpa_t facs; /* 0: none */
	uint8_t rsdp_copy[FIRMWARE_RSDP_MAX];
	unsigned rsdp_len;
};

/*
 * Tables go below t->high, what is searched for into the F segment, which
 * must be writable.
 */
int firmware_place_tables(const struct fw_cfg *fw, struct gmem *gmem,
			  struct firmware_tables *t, struct error *err);

#endif
