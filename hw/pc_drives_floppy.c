/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floppy drives: -fda, -fdb, -drive if=floppy, and the one that a PC has. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The unit that the drive asks for, or the first free one. */
static int choose_unit(struct pc_drives *p, const struct drive_conf *d,
		       struct error *err)
{
	int64_t unit = d->unit >= 0 ? d->unit : d->index;

	if (unit < 0)
		for (unit = 0; unit < I82078_PLACES && p->fdc->drive[unit].blk;)
			unit++;
	if (d->bus > 0 || unit >= I82078_PLACES)
		return error_set(err, EINVAL,
				 "%s: there is no such place; if=floppy has "
				 "bus 0 with units 0 and 1",
				 d->option);
	if (p->fdc->drive[unit].blk)
		return error_set(err, EBUSY,
				 "%s: drive with bus=0, unit=%d (index=%d) "
				 "exists",
				 d->option, (int)unit, (int)unit);
	return (int)unit;
}

int pc_drives_add_floppy(struct pc_drives *p, const struct drive_conf *d,
			 struct error *err)
{
	int unit = choose_unit(p, d, err);
	struct floppy *floppy;
	char name[32];
	int rc;

	if (unit < 0)
		return unit;
	snprintf(name, sizeof(name), "floppy%d", unit);
	floppy = (struct floppy *)device_new(p->m, &floppy_class, NULL, name,
					     &p->fdc->dev, err);
	if (!floppy)
		return -EINVAL;
	floppy->fdc = p->fdc;
	floppy->unit = unit;
	floppy->choice = p->fdc->type_choice[unit];
	floppy->blk = pc_drives_open(p->m, d, name, true, err);
	if (!floppy->blk)
		return -EINVAL;
	rc = device_start(&floppy->dev, err);
	return rc < 0 ? error_prefix(err, "%s", d->option) : 0;
}

/* Does -device name a floppy drive? */
static bool has_floppy_devices(const struct config *c)
{
	unsigned i;

	for (i = 0; i < c->ndevices; i++)
		if (!strcmp(opt_list_get(&c->devices[i], "driver"),
			    floppy_class.name))
			return true;
	return false;
}

int pc_drives_add_default_floppy(struct pc_drives *p, struct error *err)
{
	static const struct drive_conf empty = {.interface = IF_FLOPPY,
						.index = 0,
						.bus = -1,
						.unit = -1,
						.cache_writeback = 2,
						.werror = -1,
						.rerror = -1};

	if (p->m->config->nodefaults || has_floppy_devices(p->m->config) ||
	    p->fdc->drive[0].blk)
		return 0;
	return pc_drives_add_floppy(p, &empty, err);
}
