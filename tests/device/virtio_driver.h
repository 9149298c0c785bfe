/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for virtio devices on PCI, for device tests: as old or as new as
 * the test wants it, with one queue at a time and no care for speed.
 */
#ifndef TESTS_DEVICE_VIRTIO_DRIVER_H
#define TESTS_DEVICE_VIRTIO_DRIVER_H

#include "hw/virtio_pci.h"
#include "tests/device/harness.h"

#define DRIVER_PORTS 0xc000u
#define DRIVER_MSIX  0x20000000u
#define DRIVER_BAR   0x30000000u
#define DRIVER_RINGS 0x100000u /* in RAM, 64 KiB for each queue */
#define DRIVER_TABLE 0x300000u /* indirect tables, 64 KiB for each queue */

struct driver_piece {
	uint64_t addr;
	uint32_t len;
	bool write; /* by the device */
};

struct driver {
	struct harness *h;
	struct pci_bus *bus;
	unsigned devfn;
	bool legacy;
	uint64_t features; /* that were agreed on */
	uint16_t size; /* of the queue */
	uint16_t next, seen; /* descriptors in use; what was used */
	bool wrap, seen_wrap; /* of a packed ring */
	uint16_t slots[VIRTQ_SIZE_MAX]; /* packed: by buffer id */
	uint16_t owner[VIRTQ_SIZE_MAX]; /* split: 1 + head, by descriptor */
};

/* Registers of the modern BAR, or the legacy ports. */
uint64_t driver_get(struct driver *d, unsigned off, unsigned size);
void driver_set(struct driver *d, unsigned off, uint64_t val, unsigned size);
uint32_t driver_config(struct driver *d, unsigned off, unsigned size);
void driver_set_config(struct driver *d, unsigned off, uint32_t val,
		       unsigned size);
uint8_t driver_status(struct driver *d);
void driver_set_status(struct driver *d, uint8_t status);
uint64_t driver_offered(struct driver *d);

/* Gives the device its places in the address spaces and resets it. */
void driver_find(struct driver *d, struct harness *h, struct pci_bus *bus,
		 unsigned devfn, bool legacy);
/* Agrees on what both know; true if the device does too. */
bool driver_agree(struct driver *d, uint64_t wanted);
/* Queue n with size descriptors (legacy: the device's), in an empty ring. */
void driver_queue(struct driver *d, unsigned n, uint16_t size);
void driver_ready(struct driver *d);

/* Offers the pieces, as a chain or by a table; returns the buffer's id. */
uint16_t driver_add(struct driver *d, unsigned n,
		    const struct driver_piece *piece, unsigned count,
		    bool table);
void driver_kick(struct driver *d, unsigned n);
/* Was one used?  Waits for that as long as seconds. */
bool driver_used(struct driver *d, unsigned n, uint16_t *id, uint32_t *len,
		 unsigned seconds);

/* Where the parts of queue n are. */
gpa_t driver_ring(const struct driver *d, unsigned n, enum virtq_part part);

void ram_write(struct driver *d, gpa_t gpa, const void *data, size_t len);
void ram_read(struct driver *d, gpa_t gpa, void *data, size_t len);

#endif
