/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CD-ROM drives say of themselves and their media, whichever way they are
 * attached: MMC-6 (INCITS 468).  atapi.c and scsi_cd.c move the data.
 */
#ifndef HW_MMC_H
#define HW_MMC_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/scsi_sense.h"

#define MMC_SECTOR 2048u
#define MMC_REPLY  2052u /* bytes of a reply, at most */

/* MMC-6, table 97: how the drive is attached. */
enum mmc_interface { MMC_SCSI = 1, MMC_ATAPI = 2 };

struct mmc {
	/* The owner's, before each command. */
	enum mmc_interface interface;
	bool present, tray_open; /* a medium that can be read */
	uint32_t sectors;
	/* What the guest has not been told yet. */
	bool media_changed;
	bool medium_wanted; /* the user pressed eject */
	struct scsi_sense sense; /* why a command failed */
};

enum {
	MMC_MEDIUM = 1, /* needs a medium */
	MMC_ALWAYS = 2, /* also while a change waits to be told */
};

struct mmc_command {
	/* Into a reply of zeros; returns its bytes, < 0: sense says why. */
	int (*run)(struct mmc *c, const uint8_t *cdb, uint8_t *reply);
	uint8_t room; /* where the CDB has its allocation length, 16 bits */
	uint8_t flags;
};

/* NULL: no command that is answered alike by all drives. */
const struct mmc_command *mmc_find(uint8_t opcode);

/*
 * What READ CD wants: how many sectors from lba on, of 2048 bytes; < 0: other
 * than user data, which images do not have.
 */
int64_t mmc_read_cd(struct mmc *c, const uint8_t *cdb, uint32_t *lba);

#endif
