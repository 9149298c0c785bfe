/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IDE drives of the command line, and where a PC has them. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/disk.h"
#include "hw/ide_unit.h"

enum { PLACES = IDE_CHANNELS * IDE_DRIVES, DEFAULT_CDROM = 2 };

static struct ide_drive *at(struct pc_drives *p, unsigned index)
{
	return &p->ide->channel[index / IDE_DRIVES].drive[index % IDE_DRIVES];
}

/* The place that the drive asks for, or the first free one; -1: an error. */
static int choose_place(struct pc_drives *p, const struct drive_conf *d,
			struct error *err)
{
	int64_t index = d->index;

	if (d->bus >= 0 || d->unit >= 0)
		index = (d->bus > 0 ? d->bus : 0) * IDE_DRIVES +
			(d->unit > 0 ? d->unit : 0);
	if (d->unit >= IDE_DRIVES || index >= PLACES) {
		error_set(err, EINVAL,
			  "%s: there is no such place; IDE has buses 0 and 1 "
			  "with units 0 and 1",
			  d->option);
		return -1;
	}
	for (; index < 0 || (d->index < 0 && d->bus < 0 && d->unit < 0 &&
			     index < PLACES && at(p, (unsigned)index)->blk);)
		index++;
	if (index >= PLACES) {
		error_set(err, ENOSPC, "%s: all four IDE places are taken",
			  d->option);
		return -1;
	}
	if (at(p, (unsigned)index)->blk) {
		error_set(err, EBUSY,
			  "%s: drive with bus=%d, unit=%d (index=%d) exists",
			  d->option, (int)index / IDE_DRIVES,
			  (int)index % IDE_DRIVES, (int)index);
		return -1;
	}
	return (int)index;
}

int pc_drives_add_ide(struct pc_drives *p, const struct drive_conf *d,
		      struct error *err)
{
	bool cdrom = d->media == MEDIA_CDROM;
	struct blk_front *front;
	char name[32], path[128];
	int index = choose_place(p, d, err);
	unsigned bus, unit;

	if (index < 0)
		return -EINVAL;
	bus = (unsigned)index / IDE_DRIVES;
	unit = (unsigned)index % IDE_DRIVES;
	snprintf(name, sizeof(name), "ide%u-%s%u", bus, cdrom ? "cd" : "hd",
		 unit);
	front = pc_drives_open(p->m, d, name, cdrom, err);
	if (!front)
		return -EINVAL;
	if (!cdrom && front->readonly) {
		blk_front_free(front);
		return error_set(err, EROFS,
				 "%s: the image cannot be written to, which "
				 "an IDE disk needs",
				 d->option);
	}
	snprintf(path, sizeof(path), "%.100s/ide.%u/%u", p->ide->pci.dev.path,
		 bus, unit);
	if (disk_claim(front, path, !cdrom, false, err) < 0) {
		blk_front_free(front);
		return error_prefix(err, "%s", d->option);
	}
	return ide_attach(at(p, (unsigned)index), p->m, front, cdrom,
			  (unsigned)index + 1, d->serial, err);
}

/* Does -device name a drive of one of the kinds that can boot? */
static bool has_drive_devices(const struct config *c)
{
	static const char *const kinds[] = {"ide-cd", "ide-hd", "scsi-cd",
					    "scsi-hd"};
	const char *driver;
	unsigned i, k;

	for (i = 0; i < c->ndevices; i++) {
		driver = opt_list_get(&c->devices[i], "driver");
		for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
			if (!strcmp(driver, kinds[k]))
				return true;
	}
	return false;
}

/* A PC has an empty CD-ROM drive unless it is told otherwise. */
int pc_drives_add_default(struct pc_drives *p, struct error *err)
{
	static const struct drive_conf empty = {.media = MEDIA_CDROM,
						.index = DEFAULT_CDROM,
						.bus = -1,
						.unit = -1,
						.cache_writeback = 2};

	if (p->m->config->nodefaults || has_drive_devices(p->m->config) ||
	    at(p, DEFAULT_CDROM)->blk)
		return 0;
	return pc_drives_add_ide(p, &empty, err);
}

/* The number of an IDE bus, -1 for any, or an error. */
static int find_bus(const char *name, struct error *err)
{
	if (!name)
		return -1;
	if (!strcmp(name, "ide.0") || !strcmp(name, "ide.1"))
		return name[4] - '0';
	return error_set(err, ENODEV,
			 "Bus '%s' not found; a PC has ide.0 and ide.1, and "
			 "an AHCI controller ID.0 to ID.5",
			 name);
}

static int place_unit(struct pc_drives *p, struct ide_unit *u,
		      struct error *err)
{
	int bus = find_bus(u->bus, err), index = 0, i;

	if (bus < -1)
		return bus;
	for (i = 0; i < PLACES; i++) {
		index = i ^ IDE_DRIVES; /* ide.1 first, as qemu has it */
		if ((bus < 0 || index / IDE_DRIVES == bus) &&
		    (u->place < 0 || index % IDE_DRIVES == u->place) &&
		    !at(p, (unsigned)index)->blk)
			break;
	}
	if (i == PLACES)
		return error_set(err, EBUSY,
				 "the place, or every place, at %s is taken",
				 u->bus ? u->bus : "ide.0 and ide.1");
	u->controller = &p->ide->pci;
	u->port = (unsigned)index / IDE_DRIVES;
	u->drive = at(p, (unsigned)index);
	u->unit = (unsigned)index % IDE_DRIVES;
	u->number = (unsigned)index + 1;
	return 0;
}

int pc_drives_plug(struct piix3_ide *ide, struct device *dev, struct error *err)
{
	struct ide_unit *u = (struct ide_unit *)dev;
	struct pc_drives p = {.ide = ide, .m = dev->machine};
	int rc = pc_drives_place_ahci(dev->machine, u, err);

	if (rc == 0)
		rc = place_unit(&p, u, err);
	if (rc < 0)
		return rc;
	u->blk = disk_find(&u->disk, dev, ide_unit_is_cdrom(dev->class), err);
	if (!u->blk)
		return -EINVAL;
	rc = device_start(dev, err);
	if (rc == 0) /* its signature */
		u->controller->dev.class->reset(&u->controller->dev);
	return rc;
}
