/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that are booted through firmware: fw_cfg has the parts, and an
 * option ROM that puts them together.  Machine lock.
 */
#ifndef HW_BOOT_FIRMWARE_H
#define HW_BOOT_FIRMWARE_H

#include "hw/boot.h"
#include "hw/fw_cfg.h"

/* What the firmware's boot order calls it. */
#define BOOT_ROM_FILE "genroms/pcvm-kernel.bin"
#define BOOT_ROM_PATH "/rom@" BOOT_ROM_FILE

struct machine;

/*
 * Adds the items for img, which must stay.  ram_end: of the RAM below 4 GiB.
 * text_mode: a VGA BIOS has set one.
 */
int boot_firmware_add(const struct boot_image *img, struct machine *m,
		      struct fw_cfg *fw, uint64_t ram_end, bool text_mode,
		      struct error *err);

#endif
