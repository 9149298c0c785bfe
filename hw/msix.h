/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X: interrupts as messages, a vector for each.
 * PCI Local Bus Specification 3.0, 6.8.2.
 *
 * A vector is an event file descriptor.  While it may be heard KVM listens to
 * it; while it is masked what was signalled stays in the descriptor, which is
 * the vector's pending bit.  Machine lock, but for msix_signal.
 */
#ifndef HW_MSIX_H
#define HW_MSIX_H

#include "hw/pci.h"

#define MSIX_ENTRY   16 /* bytes in the table */
#define MSIX_VECTORS 257 /* the most that there may be */

struct msix_vector {
	int fd;
	int gsi; /* KVM's route, -1: none yet */
	bool heard; /* KVM listens to fd */
};

struct msix {
	struct pci_device *pci;
	unsigned n; /* vectors; 0: the device has no MSI-X */
	unsigned cap; /* where its capability is */
	uint32_t pba; /* where the pending bits are in the BAR */
	_Atomic bool enabled; /* no use of the pin then */
	struct msix_vector vector[MSIX_VECTORS];
	uint8_t table[MSIX_VECTORS * MSIX_ENTRY];
	bool pending[MSIX_VECTORS]; /* valid while the machine is stopped */
};

extern const struct state_field msix_state_fields[];

/* n vectors, with table and pending bits in the BAR. */
int msix_init(struct msix *msix, struct pci_device *pci, unsigned n,
	      unsigned bar, const char *name, struct error *err);
/* Before pci_detach. */
void msix_fini(struct msix *msix);
void msix_reset(struct msix *msix);
/* After configuration space was written. */
void msix_config_written(struct msix *msix, unsigned off, unsigned len);
/* The machine has stopped: what is pending is to be saved. */
void msix_stopped(struct msix *msix);
/* After configuration space, table and pending bits were put back. */
void msix_restored(struct msix *msix);

/* Sends vector n, if there is such.  Any thread. */
void msix_signal(struct msix *msix, unsigned n);

#endif
