/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI Local Bus Specification 3.0, chapter 6: the configuration header. */
#ifndef HW_PCI_REGS_H
#define HW_PCI_REGS_H

#include <linux/pci_regs.h>

#define PCI_BASE_ADDRESS_IO	  PCI_BASE_ADDRESS_SPACE_IO
#define PCI_BASE_ADDRESS_PREFETCH PCI_BASE_ADDRESS_MEM_PREFETCH
#define PCI_BASE_ADDRESS_64	  PCI_BASE_ADDRESS_MEM_TYPE_64
#define PCI_ROM_ENABLE		  PCI_ROM_ADDRESS_ENABLE
#define PCI_HEADER_MULTIFUNCTION  0x80

#endif
