/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio disk; Virtual I/O Device 1.1, 5.2. */
#include "guest.h"

#define BLK_OLD	      0x1001u
#define BLK_MODERN    0x1042u

#define F_BLK_FLUSH   (UINT64_C(1) << 9) /* or all is written through */
#define F_BLK_MQ      (UINT64_C(1) << 12)

#define CONFIG_QUEUES 34 /* num_queues, in bytes */

void disk_open(struct disk *d, unsigned nth, unsigned nqueues)
{
	struct device device;
	const volatile uint32_t *capacity;
	unsigned i, has = 1;

	device_open(&device, BLK_OLD, BLK_MODERN, nth, F_BLK_FLUSH | F_BLK_MQ);
	if (device.features & F_BLK_MQ)
		has = *(const volatile uint16_t *)(device.config +
						   CONFIG_QUEUES);
	if (nqueues > has || nqueues > QUEUES_MAX)
		fail("the disk has fewer queues");
	capacity = (const volatile uint32_t *)device.config;
	d->sectors = (uint64_t)capacity[1] << 32 | capacity[0];
	d->nqueues = nqueues;
	for (i = 0; i < nqueues; i++)
		device_queue(&device, &d->queue[i], i);
	device_ready(&device);
}
