/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting a kernel on a PC without firmware: the board is set up as firmware
 * leaves it, tables and kernel are put into memory, and the first vCPU starts
 * in the kernel; after a reset, again.  Machine lock.
 */
#ifndef HW_PC_BOOT_H
#define HW_PC_BOOT_H

#include "hw/boot.h"
#include "hw/pc_memory.h"
#include "vmm/machine.h"

struct config;
struct fw_cfg;
struct i440fx;
struct piix3;
struct piix4_pm;

struct pc_boot {
	struct boot_image image;
	bool has_image;
	bool direct; /* without firmware; else through it, if has_image */
	/* Set by the wiring before pc_boot_start. */
	struct machine *m;
	const struct pc_memory *memory;
	const struct fw_cfg *fw;
	struct i440fx *host;
	struct piix3 *piix3;
	struct piix4_pm *pm;
	bool serial[4];
	unsigned phys_bits; /* of addresses, as CPUID says */
	gpa_t facs; /* where a guest says how to wake it */
};

/* Opens what -kernel and its like name, and decides how it is booted. */
int pc_boot_open(struct pc_boot *b, const struct config *conf,
		 struct error *err);
void pc_boot_close(struct pc_boot *b);

/* Before fw_cfg starts: what firmware needs for booting the kernel. */
int pc_boot_tell_firmware(struct pc_boot *b, struct machine *m,
			  struct fw_cfg *fw, const struct pc_memory *memory,
			  bool text_mode, struct error *err);
/* What the firmware boots first, or NULL. */
const char *pc_boot_path(const struct pc_boot *b);

/* When all devices are there: loads the kernel, if it is booted directly. */
int pc_boot_start(struct pc_boot *b, struct error *err);
/* After a reset: loads it again. */
void pc_boot_again(struct pc_boot *b);
/* After the reset that ends S3: goes on where the guest wants to. */
void pc_boot_wake(struct pc_boot *b);

#endif
