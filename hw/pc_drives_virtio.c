/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks with if=virtio. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/virtio_blk.h"

/* The number that a drive with if=virtio asks for, or the first free one. */
static int choose_number(struct pc_drives *p, const struct drive_conf *d,
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
int pc_drives_add_virtio(struct pc_drives *p, const struct drive_conf *d,
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
	b->front = pc_drives_open(p->m, d, name, false, err);
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
