/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of the command line, and where a PC has them. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/ide_unit.h"
#include "hw/virtio_blk.h"
#include "vmm/config.h"

enum { PLACES = IDE_CHANNELS * IDE_DRIVES, DEFAULT_CDROM = 2 };

struct places {
	struct piix3_ide *ide;
	struct machine *m;
	bool virtio[DRIVE_INDEX_MAX + 1]; /* numbers that are taken */
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

static const struct {
	unsigned flags;
	bool writethrough;
} caches[] = {
	[CACHE_WRITEBACK] = {0, false},
	[CACHE_WRITETHROUGH] = {0, true},
	[CACHE_NONE] = {BLK_O_DIRECT, false},
	[CACHE_OFF] = {BLK_O_DIRECT, false},
	[CACHE_DIRECTSYNC] = {BLK_O_DIRECT, true},
	[CACHE_UNSAFE] = {BLK_O_NO_FLUSH, false},
};

static unsigned open_flags(const struct config *conf,
			   const struct drive_conf *d)
{
	unsigned flags = caches[d->cache].flags | BLK_O_AUTO_READ_ONLY;

	if (!d->readonly && d->media != MEDIA_CDROM)
		flags |= BLK_O_RDWR;
	if (d->snapshot || conf->snapshot)
		flags |= BLK_O_SNAPSHOT;
	if (d->copy_on_read)
		flags |= BLK_O_COPY_ON_READ;
	return flags;
}

/* NULL without error: there is no medium. */
static struct blk_node *open_node(struct machine *m, const struct drive_conf *d,
				  struct error *err)
{
	struct blk_open how = {.format = d->format,
			       .flags = open_flags(m->config, d)};
	struct blk_node *node;

	if (d->file && *d->file)
		how.filename = d->file;
	else if (!d->node.n)
		return NULL;
	how.options = blk_options_of_list(&d->node);
	node = blk_open_drive(m->fronts, &how, err);
	json_decref(how.options);
	if (!node)
		error_prefix(err, "%s", d->option);
	return node;
}

static struct blk_limits limits_of(const struct throttle_conf *t)
{
	struct blk_limits limits = {.iops_size = t->iops_size};
	unsigned i;

	for (i = 0; i < BLK_LIMITS; i++) {
		limits.avg[i] = t->avg[i];
		limits.max[i] = t->max[i];
		limits.length[i] = t->length[i];
	}
	return limits;
}

static int make_groups(struct machine *m, struct error *err)
{
	const struct throttle_conf *t = m->config->throttle_groups;
	struct blk_limits limits;
	unsigned i;

	for (i = 0; i < m->config->nthrottle_groups; i++, t++) {
		limits = limits_of(t);
		if (blk_limit_group_make(m->fronts, t->group, &limits, err) < 0)
			return error_prefix(err, "-object throttle-group,id=%s",
					    t->group);
	}
	return 0;
}

static int set_limits(struct machine *m, struct blk_front *front,
		      const struct drive_conf *d, struct error *err)
{
	const struct throttle_conf *t = &d->throttle;
	struct blk_limits limits = limits_of(t);
	int rc = blk_limits_check(&limits, err);

	if (rc == 0 && blk_limits_any(&limits))
		rc = blk_front_limit(m->fronts, front, &limits, t->group, err);
	return rc < 0 ? error_prefix(err, "%s", d->option) : 0;
}

static struct blk_front *open_front(struct machine *m,
				    const struct drive_conf *d,
				    const char *name, bool removable,
				    struct error *err)
{
	struct error failed = {0};
	struct blk_node *node = NULL;
	struct blk_front *front;

	if (d->id && blk_named_find(m->fronts, d->id)) {
		error_set(err, EEXIST,
			  "%s: id=%s is the name of a node already", d->option,
			  d->id);
		return NULL;
	}
	node = open_node(m, d, &failed);

	if (failed.code) {
		*err = failed;
		return NULL;
	}
	front = blk_front_new(m->fronts, d->id ? d->id : name, node, removable,
			      err);
	if (!front) {
		error_prefix(err, "%s", d->option);
		blk_node_release(node);
		return NULL;
	}
	if (set_limits(m, front, d, err) < 0) {
		blk_front_free(front);
		return NULL;
	}
	if (d->werror >= 0)
		front->werror = (enum blk_action)d->werror;
	if (d->rerror >= 0)
		front->rerror = (enum blk_action)d->rerror;
	front->writethrough = d->cache_writeback == 2
				      ? caches[d->cache].writethrough
				      : !d->cache_writeback;
	return front;
}

static int attach(struct places *p, const struct drive_conf *d,
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
	front = open_front(p->m, d, name, cdrom, err);
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
	ide_attach(&p->ide->channel[bus], unit, front, cdrom,
		   (unsigned)index + 1, d->serial);
	return 0;
}

/* if=none: for -device to name. */
static int keep(struct machine *m, const struct drive_conf *d, unsigned n,
		struct error *err)
{
	char name[32];

	snprintf(name, sizeof(name), "none%u", n);
	return open_front(m, d, name, true, err) ? 0 : -EINVAL;
}

/* The number that a drive with if=virtio asks for, or the first free one. */
static int choose_number(struct places *p, const struct drive_conf *d,
			 struct error *err)
{
	int64_t n = d->unit >= 0 ? d->unit : d->index;

	if (d->bus > 0)
		return error_set(err, EINVAL,
				 "%s: there is no such place; if=virtio has "
				 "bus 0 only",
				 d->option);
	for (; n < 0 || (d->unit < 0 && d->index < 0 && n < DRIVE_INDEX_MAX &&
			 p->virtio[n]);)
		n++;
	if (p->virtio[n])
		return error_set(err, EBUSY,
				 "%s: drive with bus=0, unit=%d (index=%d) "
				 "exists",
				 d->option, (int)n, (int)n);
	p->virtio[n] = true;
	return (int)n;
}

/* A disk with if=virtio, which is started after what -device names. */
static int make_virtio(struct places *p, const struct drive_conf *d,
		       struct error *err)
{
	const struct device_class *class = &virtio_blk_pci_class;
	int n = choose_number(p, d, err);
	struct virtio_blk *b;
	char name[32];

	if (n < 0)
		return n;
	snprintf(name, sizeof(name), "virtio%d", n);
	b = (struct virtio_blk *)device_new(p->m, class, NULL, NULL, NULL, err);
	if (!b)
		return -EINVAL;
	if (d->serial &&
	    device_set(&b->vp.pci.dev, "serial", d->serial, err) < 0)
		return -EINVAL;
	b->vp.pci.bus = p->ide->pci.bus;
	b->front = open_front(p->m, d, name, false, err);
	return b->front ? 0 : -EINVAL;
}

int pc_drives_start_virtio(struct machine *m, struct error *err)
{
	struct device *dev;
	int rc;

	list_for_each (dev, &m->devices, struct device, link) {
		if (dev->class != &virtio_blk_pci_class || dev->live)
			continue;
		rc = device_start(dev, err);
		if (rc < 0)
			return error_prefix(
				err, "-drive if=virtio,id=%s",
				((struct virtio_blk *)dev)->front->id);
	}
	return 0;
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
static int attach_default(struct places *p, struct error *err)
{
	static const struct drive_conf empty = {.media = MEDIA_CDROM,
						.index = DEFAULT_CDROM,
						.bus = -1,
						.unit = -1};

	if (p->m->config->nodefaults || has_drive_devices(p->m->config) ||
	    at(p, DEFAULT_CDROM)->blk)
		return 0;
	return attach(p, &empty, err);
}

int pc_drives_attach(struct piix3_ide *ide, struct machine *m,
		     struct error *err)
{
	struct places p = {.ide = ide, .m = m};
	const struct config *conf = m->config;
	unsigned i, nfree = 0;
	int rc = make_groups(m, err);

	if (rc == 0)
		rc = blk_named_open(m->fronts, conf->blockdevs.str,
				    conf->blockdevs.n, err);
	for (i = 0; i < conf->ndrives && rc == 0; i++) {
		const struct drive_conf *d = &conf->drives[i];

		if (d->interface == IF_NONE)
			rc = keep(m, d, nfree++, err);
		else if (d->interface == IF_VIRTIO)
			rc = make_virtio(&p, d, err);
		else
			rc = attach(&p, d, err);
	}
	return rc < 0 ? rc : attach_default(&p, err);
}

/* The number of an IDE bus, -1 for any, or an error. */
static int find_bus(const char *name, struct error *err)
{
	if (!name)
		return -1;
	if (!strcmp(name, "ide.0") || !strcmp(name, "ide.1"))
		return name[4] - '0';
	return error_set(err, ENODEV,
			 "Bus '%s' not found; a PC has ide.0 and ide.1", name);
}

static int place_unit(struct places *p, struct ide_unit *u, struct error *err)
{
	int bus = find_bus(u->bus, err), index;

	if (bus < -1)
		return bus;
	for (index = 0; index < PLACES; index++)
		if ((bus < 0 || index / IDE_DRIVES == bus) &&
		    (u->place < 0 || index % IDE_DRIVES == u->place) &&
		    !at(p, (unsigned)index)->blk)
			break;
	if (index == PLACES)
		return error_set(err, EBUSY,
				 "the place, or every place, at %s is taken",
				 u->bus ? u->bus : "ide.0 and ide.1");
	u->channel = &p->ide->channel[index / IDE_DRIVES];
	u->unit = (unsigned)index % IDE_DRIVES;
	u->number = (unsigned)index + 1;
	return 0;
}

int pc_drives_plug(struct piix3_ide *ide, struct device *dev, struct error *err)
{
	struct ide_unit *u = (struct ide_unit *)dev;
	struct places p = {.ide = ide, .m = dev->machine};
	int rc = place_unit(&p, u, err);

	if (rc < 0)
		return rc;
	u->blk = disk_find(&u->disk, dev, ide_unit_is_cdrom(dev->class), err);
	if (!u->blk)
		return -EINVAL;
	rc = device_start(dev, err);
	if (rc == 0)
		ide->pci.dev.class->reset(&ide->pci.dev); /* its signature */
	return rc;
}

void pc_drives_close(struct machine *m)
{
	while (!list_empty(&m->fronts->list))
		blk_front_free(container_of(m->fronts->list.prev,
					    struct blk_front, link));
	blk_named_close(m->fronts);
	blk_limit_groups_free(m->fronts);
}
