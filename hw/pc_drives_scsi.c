/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SCSI units that -device names, and where on which bus they are. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/virtio_scsi.h"

#define FREE UINT32_MAX /* scsi-id, lun: the first that is free */

/* A bus has the name of its adapter, or a number if that has none. */
static void name_bus(const struct virtio_scsi *s, unsigned n, char *buf,
		     size_t size)
{
	if (s->vp.pci.dev.id)
		snprintf(buf, size, "%s.0", s->vp.pci.dev.id);
	else
		snprintf(buf, size, "scsi.%u", n);
}

/* The bus of that name, or the first: NULL and an error if there is none. */
static struct virtio_scsi *find_adapter(struct machine *m, const char *name,
					struct error *err)
{
	struct virtio_scsi *s;
	struct device *dev;
	unsigned nameless = 0;
	char buf[128];

	list_for_each (dev, &m->devices, struct device, link) {
		s = (struct virtio_scsi *)dev;
		if (!virtio_scsi_is(dev) || !dev->live)
			continue;
		name_bus(s, nameless, buf, sizeof(buf));
		nameless += !dev->id;
		if (!name || !strcmp(name, buf))
			return s;
	}
	if (name)
		error_set(err, ENODEV, "Bus '%s' not found", name);
	else
		error_set(err, ENODEV,
			  "No 'SCSI' bus found: a -device virtio-scsi-pci "
			  "before it makes one");
	return NULL;
}

static int check_place(const struct scsi_unit *u, const struct scsi_hba *hba,
		       struct error *err)
{
	if (u->channel)
		return error_set(err, EINVAL, "bad scsi channel id: %u",
				 u->channel);
	if (u->id != FREE && u->id >= hba->ids)
		return error_set(err, EINVAL,
				 "bad scsi device id: %u; they are below %u",
				 (unsigned)u->id, hba->ids);
	if (u->lun != FREE && u->lun >= hba->luns)
		return error_set(err, EINVAL,
				 "bad scsi device lun: %u; they are below %u",
				 (unsigned)u->lun, hba->luns);
	return 0;
}

static bool is_free(const struct scsi_bus *bus, int64_t id, int64_t lun)
{
	return !scsi_find(bus, (unsigned)id, (unsigned)lun);
}

static int choose_place(struct scsi_unit *u, struct error *err)
{
	const struct scsi_hba *hba = u->bus->hba;
	int rc = check_place(u, hba, err);

	if (rc < 0)
		return rc;
	if (u->id == FREE) {
		u->lun = u->lun == FREE ? 0 : u->lun;
		for (u->id = 0; u->id < hba->ids; u->id++)
			if (is_free(u->bus, u->id, u->lun))
				return 0;
		return error_set(err, ENOSPC, "no free target");
	}
	if (u->lun == FREE) {
		for (u->lun = 0; u->lun < hba->luns; u->lun++)
			if (is_free(u->bus, u->id, u->lun))
				return 0;
		return error_set(err, ENOSPC, "no free lun");
	}
	if (!is_free(u->bus, u->id, u->lun))
		return error_set(err, EBUSY, "lun already used: %u:%u",
				 (unsigned)u->id, (unsigned)u->lun);
	return 0;
}

int pc_drives_plug_scsi(struct device *dev, struct error *err)
{
	struct scsi_unit *u = (struct scsi_unit *)dev;
	struct virtio_scsi *s = find_adapter(dev->machine, u->bus_name, err);
	int rc;

	if (!s)
		return -ENODEV;
	u->bus = &s->bus;
	u->controller = &s->vp.pci;
	rc = choose_place(u, err);
	return rc < 0 ? rc : device_start(dev, err);
}
