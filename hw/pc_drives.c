/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of the command line, and where a PC has them. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/config.h"

enum { PLACES = IDE_CHANNELS * IDE_DRIVES, DEFAULT_CDROM = 2 };

struct places {
	struct piix3_ide *ide;
	struct machine *m;
};

static struct ide_drive *at(struct places *p, unsigned index)
{
	return &p->ide->channel[index / IDE_DRIVES].drive[index % IDE_DRIVES];
}

/* The place that the drive asks for, or the first free one; -1: an error. */
static int choose_place(struct places *p, const struct drive_conf *d,
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

static struct blk_front *open_front(struct places *p,
				    const struct drive_conf *d,
				    const char *name, struct error *err)
{
	bool cdrom = d->media == MEDIA_CDROM;
	struct blk_open how = {.filename = d->file,
			       .format = d->format,
			       .flags = d->readonly || cdrom ? 0 : BLK_O_RDWR};
	struct blk_node *node = NULL;
	struct blk_front *front;

	if (d->file && *d->file) {
		node = blk_open_alone(&how, err);
		if (!node) {
			error_prefix(err, "%s", d->option);
			return NULL;
		}
	}
	front = blk_front_new(p->m->fronts, d->id ? d->id : name, node, cdrom,
			      err);
	if (!front && node)
		blk_node_unref(node);
	return front;
}

static int attach(struct places *p, const struct drive_conf *d,
		  struct error *err)
{
	bool cdrom = d->media == MEDIA_CDROM;
	struct blk_front *front;
	char name[32];
	int index = choose_place(p, d, err);
	unsigned bus, unit;

	if (index < 0)
		return -EINVAL;
	bus = (unsigned)index / IDE_DRIVES;
	unit = (unsigned)index % IDE_DRIVES;
	snprintf(name, sizeof(name), "ide%u-%s%u", bus, cdrom ? "cd" : "hd",
		 unit);
	front = open_front(p, d, name, err);
	if (!front)
		return -EINVAL;
	snprintf(front->device, sizeof(front->device), "%.40s/ide.%u/%u",
		 p->ide->pci.dev.path, bus, unit);
	ide_attach(&p->ide->channel[bus], unit, front, cdrom,
		   (unsigned)index + 1, d->serial);
	return 0;
}

/* A PC has an empty CD-ROM drive unless it is told otherwise. */
static int attach_default(struct places *p, struct error *err)
{
	static const struct drive_conf empty = {.media = MEDIA_CDROM,
						.index = DEFAULT_CDROM,
						.bus = -1,
						.unit = -1};

	if (p->m->config->nodefaults || at(p, DEFAULT_CDROM)->blk)
		return 0;
	return attach(p, &empty, err);
}

int pc_drives_attach(struct piix3_ide *ide, struct machine *m,
		     struct error *err)
{
	struct places p = {.ide = ide, .m = m};
	const struct config *conf = m->config;
	unsigned i;
	int rc = 0;

	for (i = 0; i < conf->ndrives && rc == 0; i++)
		rc = attach(&p, &conf->drives[i], err);
	return rc < 0 ? rc : attach_default(&p, err);
}

void pc_drives_close(struct machine *m)
{
	while (!list_empty(&m->fronts->list))
		blk_front_free(container_of(m->fronts->list.prev,
					    struct blk_front, link));
}
