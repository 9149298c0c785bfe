/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IDE controller of a PIIX3. */
#ifndef HW_PIIX3_IDE_H
#define HW_PIIX3_IDE_H

#include "hw/ide.h"
#include "hw/pci.h"

#define IDE_CHANNELS 2

/* A bus master of one channel. */
struct bmdma {
	struct ide_channel *channel;
	uint8_t command, status;
	uint32_t table; /* of physical region descriptors */
	uint32_t at; /* the next entry */
	uint32_t addr, left; /* what is left of this one */
	bool last; /* this one ends the table */
	struct pci_device *pci;
};

struct piix3_ide {
	struct pci_device pci;
	struct ide_channel channel[IDE_CHANNELS]; /* with their lines */
	struct bmdma bmdma[IDE_CHANNELS];
	struct machine_notifier notifier;
	struct bus_region data[IDE_CHANNELS], command[IDE_CHANNELS],
		control[IDE_CHANNELS];
};

extern const struct device_class piix3_ide_class;

#endif
