/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-hd and ide-cd: drives that -device names.  What they do is the
 * channel's; here are their properties.
 */
#ifndef HW_IDE_UNIT_H
#define HW_IDE_UNIT_H

#include "hw/disk.h"
#include "hw/ide_drive.h"
#include "hw/pci.h"

struct ide_unit {
	struct device dev;
	/* Properties. */
	struct disk_props disk;
	char *bus, *model, *version;
	int64_t place; /* at the channel; -1: the first that is free */
	/* Wires: where it is, and its number in the machine. */
	struct ide_drive *drive;
	struct pci_device *controller;
	unsigned port, unit, number; /* port: of the channel */
	struct blk_front *blk;
};

bool ide_unit_is_cdrom(const struct device_class *class);

extern const struct device_class ide_hd_class, ide_cd_class;

#endif
