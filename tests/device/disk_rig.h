/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Controllers with one disk and a guest's driver for it, all alike for the
 * tests that do the same to each of them.
 */
#ifndef TESTS_DEVICE_DISK_RIG_H
#define TESTS_DEVICE_DISK_RIG_H

#include "block/block.h"
#include "tests/device/harness.h"

#define RIG_BYTES (128u << 10) /* of data that the guest has */
#define RIG_AT	  0x500000u /* where, in its memory; IDE, AHCI */

enum rig_end { RIG_BUSY, RIG_GOOD, RIG_BAD };

struct disk_rig {
	const char *name;
	struct harness *h;
	unsigned way; /* which of those that its functions know */
	unsigned sectors; /* of a request, which ... */
	unsigned steps; /* ... takes so many to the host */
	bool readonly, removable;
	bool tries_again; /* reads in smaller pieces, when the host fails */
	void (*set_up)(const struct disk_rig *r);
	void (*tear_down)(void);
	struct blk_front *(*front)(void);
	const char *(*path)(void); /* of the image */
	/*
	 * Gives the device a request with rig_data, or room for it.  All
	 * sectors are of 512 bytes.
	 */
	void (*begin)(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		      bool write);
	/* Does what a driver does next; RIG_GOOD: what was read is rig_data. */
	enum rig_end (*poll)(const struct disk_rig *r);
	/* Has the device anything to say that nobody asked for? */
	bool (*is_quiet)(const struct disk_rig *r);
	/* By the means that a driver has, also after a reset of all. */
	void (*reset)(const struct disk_rig *r);
	/* NULL, or: the new board has the old one's driver. */
	void (*before_save)(void);
	void (*after_restore)(void);
};

extern uint8_t rig_data[RIG_BYTES];

extern const struct disk_rig rigs_ide[], rigs_ahci[], rigs_floppy[],
	rigs_virtio[]; /* ended by one without a name */

/* Of all of these; NULL: there are not so many. */
const struct disk_rig *disk_rig_number(int n);

#endif
