/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-hd and ide-cd: drives that -device names.  What they do is the
 * channel's; here are their properties.
 */
#ifndef HW_IDE_UNIT_H
#define HW_IDE_UNIT_H

#include "hw/ide.h"

struct ide_unit {
	struct device dev;
	/* Properties. */
	char *drive, *bus, *serial, *model, *version;
	int64_t place; /* at the channel; -1: the first that is free */
	int werror, rerror; /* enum blk_action, or 4: as the drive says */
	int write_cache; /* 0 off, 1 on, 2 as the drive says */
	bool share; /* the node with others that write */
	/* Wires: where it is, and its number in the machine. */
	struct ide_channel *channel;
	unsigned unit, number;
	struct blk_front *blk;
};

/*
 * The drive at path has the front end from now on.  share: others may write to
 * what is behind it.
 */
int ide_claim(struct blk_front *front, const char *path, bool cdrom, bool share,
	      struct error *err);
bool ide_unit_is_cdrom(const struct device_class *class);

extern const struct device_class ide_hd_class, ide_cd_class;

#endif
