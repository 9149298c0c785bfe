/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ide-hd and ide-cd: the properties of drives that -device names. */
#include "hw/ide_unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROPERTY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct ide_unit, field)

/* clang-format off */
static const struct opt_desc opts[] = {
	DISK_OPTS(struct ide_unit),
	{PROPERTY("bus", OPT_STRING, bus),
	 .help = "ide.0, ide.1, or port N of AHCI controller ID: ID.N "
		 "[the last with a free place]"},
	{PROPERTY("unit", OPT_I64, place), .max = 1,
	 .help = "0 master, 1 slave [the first free one]"},
	{PROPERTY("model", OPT_STRING, model),
	 .help = "the model that the guest sees"},
	{PROPERTY("ver", OPT_STRING, version),
	 .help = "the firmware's version that the guest sees"},
	DISK_REFUSED,
	REFUSED_BUT("bios-chs-trans", "auto"),
	REFUSED_BUT("logical_block_size", "0 512"),
	REFUSED_BUT("min_io_size", "0"),
	REFUSED_BUT("opt_io_size", "0"),
	REFUSED_BUT("physical_block_size", "0 512"),
	REFUSED_BUT("rotation_rate", "0"),
	REFUSED_BUT("wwn", "0"),
	{.type = OPT_END},
};
/* clang-format on */

bool ide_unit_is_cdrom(const struct device_class *class)
{
	return class == &ide_cd_class;
}

static int check(const struct ide_unit *u, struct error *err)
{
	if (u->dev.class == &ide_cd_class)
		return 0;
	if (!u->blk->node)
		return error_set(err, EINVAL,
				 "Device needs media, but drive is empty");
	if (u->blk->readonly)
		return error_set(err, EROFS,
				 "the image is read-only, which an IDE disk "
				 "cannot be");
	return 0;
}

static void set_text(char *field, size_t size, const char *text)
{
	if (text)
		snprintf(field, size, "%s", text);
}

static int init(struct device *dev, struct error *err)
{
	struct ide_unit *u = (struct ide_unit *)dev;
	struct ide_drive *d = u->drive;
	bool cdrom = dev->class == &ide_cd_class;
	int rc = check(u, err);

	if (rc == 0)
		rc = disk_take(&u->disk, dev->id ? dev->id : dev->path, u->blk,
			       !cdrom, err);
	if (rc < 0)
		return rc;
	u->blk->removable = cdrom;
	rc = ide_attach(d, dev->machine, u->blk, cdrom, u->number,
			u->disk.serial, err);
	if (rc < 0)
		return rc;
	set_text(d->model, sizeof(d->model), u->model);
	set_text(d->firmware, sizeof(d->firmware), u->version);
	return 0;
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct ide_unit *u = (const struct ide_unit *)dev;
	size_t n;

	pci_firmware_path(u->controller, buf, size);
	n = strlen(buf);
	snprintf(buf + n, size - n, "/drive@%x/disk@%x", u->port, u->unit);
	return u->disk.bootindex;
}

/* Its state is in its channel's. */
const struct device_class ide_hd_class = {
	.name = "ide-hd",
	.desc = "virtual IDE disk",
	.bus = DEVICE_IDE,
	.user = true,
	.size = sizeof(struct ide_unit),
	.opts = opts,
	.state = &stateless,
	.boot_path = boot_path,
	.init = init,
};

const struct device_class ide_cd_class = {
	.name = "ide-cd",
	.desc = "virtual IDE CD-ROM",
	.bus = DEVICE_IDE,
	.user = true,
	.size = sizeof(struct ide_unit),
	.opts = opts,
	.state = &stateless,
	.boot_path = boot_path,
	.init = init,
};
