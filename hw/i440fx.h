/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host bridge of an i440FX: the way to PCI, and what hides RAM. */
#ifndef HW_I440FX_H
#define HW_I440FX_H

#include "hw/pci.h"

#define I440FX_PAM_AREAS 13

struct i440fx {
	struct pci_device pci;
	struct pci_bus bus;
	uint32_t address; /* configuration address register */
	/* What the areas of PAM show; RAM is there when both are hidden. */
	struct gmem_map pam[I440FX_PAM_AREAS];
	struct gmem_map smram; /* 0xa0000 to 0xbffff: a hole, or RAM */
	struct gmem_map rom_area, bios_area; /* PCI's side of PAM */
	struct ram_block *option_rom;
};

extern const struct device_class i440fx_class;

/*
 * After device_start: gives it the RAM that lies at 0 and the firmware, whose
 * last 128 KiB show below 1 MiB.  Both stay the caller's.  PAM has nothing to
 * show where there is no RAM.
 */
int i440fx_set_memory(struct i440fx *fx, struct ram_block *ram,
		      struct ram_block *bios, struct error *err);

#endif
