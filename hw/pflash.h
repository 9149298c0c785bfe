/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flash memory that the guest can program, kept in an image. */
#ifndef HW_PFLASH_H
#define HW_PFLASH_H

#include "block/block.h"
#include "vmm/device.h"
#include "vmm/gmem.h"
#include "vmm/machine.h"

#define PFLASH_SECTOR 4096u /* bytes that are erased at once */
#define PFLASH_BUFFER 2048u /* bytes of a buffered program */

struct pflash {
	struct device dev;
	/* Wires, set before it is started. */
	struct blk_front *front; /* not larger than 4 GiB */
	uint64_t base; /* where the guest sees it */
	struct ram_block *block; /* what is in it */
	struct gmem_map map; /* shows while the array is read */
	struct bus_region region; /* below: commands, and other reads */
	struct machine_notifier notifier;
	/* The command interface. */
	uint8_t command; /* the first byte of the last command */
	uint8_t cycle; /* writes that belong to it already */
	uint8_t status;
	uint32_t count; /* bytes of a buffered program that are to come */
	uint32_t first, end; /* places that those before went to */
	uint8_t buffer[PFLASH_BUFFER];
	/* What the image does not have yet. */
	uint32_t dirty_from, dirty_to;
	struct blk_req req;
	struct iovec iov;
	bool saving;
};

/* Reads the image; its front end is the device's from now on. */
extern const struct device_class pflash_class;

#endif
