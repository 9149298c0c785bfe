/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI device of kvm-unit-tests. */
#ifndef HW_PCI_TESTDEV_H
#define HW_PCI_TESTDEV_H

#include "vmm/device.h"

extern const struct device_class pci_testdev_class;

#endif
