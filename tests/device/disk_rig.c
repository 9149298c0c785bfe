/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All controllers with a disk. */
#include "tests/device/disk_rig.h"

uint8_t rig_data[RIG_BYTES];

const struct disk_rig *disk_rig_number(int n)
{
	static const struct disk_rig *const all[] = {rigs_ide, rigs_ahci,
						     rigs_floppy, rigs_virtio};
	const struct disk_rig *r;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (r = all[i]; r->name; r++)
			if (!n--)
				return r;
	return NULL;
}
