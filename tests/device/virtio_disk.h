/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk on virtio in slot 3, over a real file, for device tests. */
#ifndef TESTS_DEVICE_VIRTIO_DISK_H
#define TESTS_DEVICE_VIRTIO_DISK_H

#include "hw/virtio_blk.h"
#include "tests/device/virtio_driver.h"

#define DISK_SECTORS 4096u
#define DISK_SIZE    (DISK_SECTORS * BLK_SECTOR)
#define DISK_DEVFN   PCI_DEVFN(3, 0)
#define DISK_IRQ     11 /* recorded */

struct disk {
	struct harness h;
	struct virtio_blk *blk;
	struct pci_bus bus;
	struct blk_fronts fronts;
	char path[32];
	uint8_t model[DISK_SIZE]; /* what is in the file at first */
};

extern struct disk disk;

/* Pairs of property and value, up to a NULL; or NULL. */
void disk_set_up(const char *const *properties, bool readonly);
/* By another of its names. */
void disk_set_up_as(const struct device_class *class,
		    const char *const *properties, bool readonly);
void disk_tear_down(void);

#endif
