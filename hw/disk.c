/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What disks that -device names have in common. */
#include "hw/disk.h"

#include <errno.h>

#include "vmm/machine.h"

enum { ACTION_AUTO = BLK_ENOSPC + 1, CACHE_AUTO = 2 };

const char *const disk_actions[] = {
	[BLK_REPORT] = "report", [BLK_IGNORE] = "ignore", [BLK_STOP] = "stop",
	[BLK_ENOSPC] = "enospc", [ACTION_AUTO] = "auto",  NULL};

struct blk_front *disk_find(const struct disk_props *disk,
			    const struct device *dev, bool empty,
			    struct error *err)
{
	struct blk_fronts *all = dev->machine->fronts;
	struct blk_front *front = NULL;

	if (!disk->drive && !empty) {
		error_set(err, EINVAL, "No drive specified");
		return NULL;
	}
	if (!disk->drive)
		return blk_front_new(all, "", NULL, true, err);
	if (*disk->drive)
		front = blk_front_find(all, disk->drive);
	if (front && *front->device) {
		error_set(err, EBUSY,
			  "Drive '%s' is already in use by another device",
			  disk->drive);
		return NULL;
	}
	if (!front)
		front = blk_front_of_node(all, disk->drive, err);
	if (!front)
		error_prefix(err, "Property '%s.drive'", dev->class->name);
	return front;
}

int disk_claim(struct blk_front *front, const char *path, bool writes,
	       bool share, struct error *err)
{
	unsigned need = BLK_PERM_READ, shares;

	shares = BLK_PERM_READ | BLK_PERM_UNCHANGED;
	if (writes) {
		need |= BLK_PERM_WRITE;
		shares |= BLK_PERM_RESIZE;
	}
	if (share)
		shares |= BLK_PERM_WRITE;
	return blk_front_attach(front, path, need, shares, err);
}

int disk_take(const struct disk_props *disk, const char *path,
	      struct blk_front *front, bool writes, struct error *err)
{
	int rc;

	if (disk->rerror == BLK_ENOSPC)
		return error_set(err, EINVAL,
				 "rerror='enospc': reading takes no space");
	rc = disk_claim(front, path, writes, disk->share, err);
	if (rc < 0)
		return rc;
	if (disk->werror != ACTION_AUTO)
		front->werror = (enum blk_action)disk->werror;
	if (disk->rerror != ACTION_AUTO)
		front->rerror = (enum blk_action)disk->rerror;
	if (disk->write_cache != CACHE_AUTO)
		front->writethrough = !disk->write_cache;
	return 0;
}
