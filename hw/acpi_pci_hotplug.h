/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers through which the guest learns of PCI devices that come and
 * asks for their removal.  Machine lock.
 */
#ifndef HW_ACPI_PCI_HOTPLUG_H
#define HW_ACPI_PCI_HOTPLUG_H

#include "vmm/device.h"

#define ACPI_PCI_HOTPLUG_LEN 0x18 /* of region 0, at ACPI_PCI_HOTPLUG_BASE */

/* irq[0] pulses for the general-purpose event ACPI_GPE_PCI_HOTPLUG. */
extern const struct device_class acpi_pci_hotplug_class;

/*
 * Before device_start: the slots (a bit each) whose devices may leave, and
 * who takes them out when the guest says so.  eject may be NULL; it is called
 * in the midst of a port write or a reset, so it frees nothing at once.
 */
void acpi_pci_hotplug_wire(struct device *dev, uint32_t slots,
			   void (*eject)(void *ctx, unsigned slot), void *ctx);

/* There is a new device in the slot. */
void acpi_pci_hotplug_plugged(struct device *dev, unsigned slot);
/* The user wants the slot's device to leave. */
void acpi_pci_hotplug_request_unplug(struct device *dev, unsigned slot);

#endif
