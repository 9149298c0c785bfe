/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI with one vector and a 64-bit address: an interrupt as a message.
 * PCI Local Bus Specification 3.0, 6.8.1.  Machine lock.
 */
#ifndef HW_MSI_H
#define HW_MSI_H

#include "hw/pci.h"

struct msi {
	struct pci_device *pci;
	unsigned cap; /* where its capability is */
	/* Where messages go without KVM; may be NULL. */
	void (*send)(void *ctx, uint64_t addr, uint32_t data);
	void *ctx;
};

/* Adds the capability. */
void msi_init(struct msi *msi, struct pci_device *pci);
void msi_reset(struct msi *msi);
/* No use of the pin then. */
bool msi_is_enabled(const struct msi *msi);
/* Sends it, if it is enabled. */
void msi_signal(const struct msi *msi);

#endif
