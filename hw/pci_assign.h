/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware does to PCI devices, done by the host: places for the base
 * address registers, interrupt lines, decoding.  Machine lock.
 */
#ifndef HW_PCI_ASSIGN_H
#define HW_PCI_ASSIGN_H

#include "hw/pci.h"

/* Where BARs may lie: [first, end) each; the 64-bit one may be empty. */
struct pci_windows {
	uint64_t io_first, io_end;
	uint64_t mem_first, mem_end;
	uint64_t mem64_first, mem64_end;
	uint8_t irq[4]; /* the line register of what comes out at a pin */
};

/* Through configuration cycles, so that devices see what firmware does. */
void pci_assign(struct pci_bus *bus, const struct pci_windows *w);

#endif
