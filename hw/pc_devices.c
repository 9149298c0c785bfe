/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a PC that the user names, and where their wires go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/ide_unit.h"
#include "hw/isa_debugcon.h"
#include "hw/ns16550a.h"
#include "hw/pc_board.h"
#include "hw/pc_drives.h"
#include "vmm/config.h"

/* The chardev that a -serial or -debugcon stands for. */
static void chardev_label(char *buf, size_t size, const char *kind, unsigned n,
			  const char *spec)
{
	if (!strncmp(spec, "chardev:", 8))
		snprintf(buf, size, "%s", spec + 8);
	else
		snprintf(buf, size, "%s%u", kind, n);
}

static uint32_t *property(struct device *dev, size_t offset)
{
	return (uint32_t *)((char *)dev + offset);
}

/* A serial port that does not say where it is gets the next usual place. */
static int place_serial(struct pc *pc, struct device *dev, struct error *err)
{
	uint32_t *port = property(dev, dev->class->iobase_offset);
	uint32_t *irq = property(dev, dev->class->irq_offset);
	uint32_t index =
		*property(dev, opt_find(dev->class->opts, "index")->offset);
	unsigned n = pc->nserials++;

	if (index != UINT32_MAX)
		n = index;
	if (n >= PC_SERIALS)
		return error_set(err, ENOSPC,
				 "too many serial ports; the most is %d",
				 PC_SERIALS);
	if (!*port)
		*port = pc_serial_wires[n].port;
	if (*port == pc_serial_wires[n].port)
		pc->serial_present[n] = true;
	if (!*irq)
		*irq = (uint32_t)pc_serial_wires[n].irq;
	return 0;
}

static int place_testdev(struct pc *pc, struct device *dev, struct error *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < PC_TESTDEV_IRQS; i++)
		dev->irq[i] = pc_irq(pc, i);
	for (i = 0; i < PC_TESTDEV_REGIONS && rc == 0; i++)
		rc = device_map(dev, i,
				i == PC_TESTDEV_MEMORY ? &pc->m->mem
						       : &pc->m->io,
				pc_testdev_places[i], err);
	return rc;
}

/* An ISA device whose properties say its port and interrupt. */
static int plug_isa(struct pc *pc, struct device *dev, struct error *err)
{
	const struct device_class *class = dev->class;
	int rc = 0;

	if (class == &ns16550a_class)
		rc = place_serial(pc, dev, err);
	else if (class == &pc_testdev_class)
		rc = place_testdev(pc, dev, err);
	if (rc == 0 && class->iobase_offset)
		rc = device_map(dev, 0, &pc->m->io,
				*property(dev, class->iobase_offset), err);
	if (rc == 0 && class->irq_offset)
		dev->irq[0] =
			pc_irq(pc, *property(dev, class->irq_offset) % 16);
	return rc < 0 ? rc : device_start(dev, err);
}

static int build_character(struct pc *pc, const struct device_class *class,
			   const char *chardev, struct error *err)
{
	struct device *dev = pc_new_device(pc, class, class->name, err);

	if (!dev || device_set(dev, "chardev", chardev, err) < 0)
		return -ENOMEM;
	return plug_isa(pc, dev, err);
}

int pc_build_characters(struct pc *pc, struct error *err)
{
	const struct config *conf = pc->conf;
	char label[64];
	unsigned i;
	int rc = 0;

	for (i = 0; i < conf->serials.n && rc == 0; i++) {
		if (!strcmp(conf->serials.str[i], "none")) {
			pc->nserials++;
			continue;
		}
		chardev_label(label, sizeof(label), "serial", i,
			      conf->serials.str[i]);
		rc = build_character(pc, &ns16550a_class, label, err);
	}
	for (i = 0; i < conf->debugcons.n && rc == 0; i++) {
		chardev_label(label, sizeof(label), "debugcon", i,
			      conf->debugcons.str[i]);
		rc = build_character(pc, &isa_debugcon_class, label, err);
	}
	return rc;
}

/* Kinds of qemu's that are known, and refused. */
static const struct {
	const char *name, *why;
} refused[] = {
	{"scsi-block", "the host's SCSI devices cannot be passed through; "
		       "scsi-hd has a block device of the host as a disk"},
	{"scsi-generic", "the host's SCSI devices cannot be passed through"},
};

static int no_such_device(const char *driver, struct error *err)
{
	const char *names[64], *near;
	size_t i, n = 0;

	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (!strcmp(refused[i].name, driver))
			return error_set(err, EINVAL, "%s", refused[i].why);
	for (i = 0; device_classes[i] && n < 64; i++)
		if (device_classes[i]->user)
			names[n++] = device_classes[i]->name;
	near = opt_nearest(driver, names, n, sizeof(*names));
	return error_set(err, EINVAL,
			 "'%s' is not a valid device model name%s%s%s", driver,
			 near ? "; did you mean '" : "", near ? near : "",
			 near ? "'?" : "");
}

/* The buses that a device may name without having a property for it. */
static const struct {
	const char *name, *kind;
	enum device_bus bus;
} buses[] = {
	{"pci.0", "PCI", DEVICE_PCI},
	{"isa.0", "ISA", DEVICE_ISA},
	{"ide.0", "IDE", DEVICE_IDE},
	{"ide.1", "IDE", DEVICE_IDE},
};

static int check_bus(const struct device_class *class, const char *name,
		     struct error *err)
{
	size_t i;

	if (!name || (class->opts && opt_find(class->opts, "bus")))
		return 0;
	for (i = 0; i < sizeof(buses) / sizeof(*buses); i++)
		if (!strcmp(buses[i].name, name))
			break;
	if (i == sizeof(buses) / sizeof(*buses))
		return error_set(err, ENODEV, "Bus '%s' not found", name);
	if (buses[i].bus != class->bus)
		return error_set(err, EINVAL, "Device '%s' can't go on %s bus",
				 class->name, buses[i].kind);
	return 0;
}

static int plug_device(struct pc *pc, const struct opt_list *list,
		       struct error *err)
{
	const char *driver = opt_list_get(list, "driver");
	const struct device_class *class = device_class_find(driver);
	struct device *dev;
	int rc;

	if (!class || !class->user)
		return no_such_device(driver, err);
	if (check_bus(class, opt_list_get(list, "bus"), err) < 0)
		return -EINVAL;
	dev = device_new(pc->m, class, opt_list_get(list, "id"), NULL, NULL,
			 err);
	if (!dev)
		return -EINVAL;
	if (class->bus == DEVICE_IDE)
		((struct ide_unit *)dev)->place = -1;
	else if (class->bus == DEVICE_FLOPPY)
		((struct floppy *)dev)->unit = -1;
	rc = device_set_all(dev, list, err);
	if (rc < 0)
		return rc;
	if (class->bus == DEVICE_IDE)
		return pc_drives_plug(pc->ide, dev, err);
	if (class->bus == DEVICE_FLOPPY) {
		((struct floppy *)dev)->fdc = pc->fdc;
		return device_start(dev, err);
	}
	if (class->bus == DEVICE_SCSI)
		return pc_drives_plug_scsi(dev, err);
	if (class->bus == DEVICE_PCI) {
		((struct pci_device *)dev)->bus = &pc->host->bus;
		return device_start(dev, err);
	}
	return plug_isa(pc, dev, err);
}

int pc_build_devices(struct pc *pc, struct error *err)
{
	unsigned i;

	for (i = 0; i < pc->conf->ndevices; i++) {
		const struct opt_list *list = &pc->conf->devices[i];

		if (plug_device(pc, list, err) < 0)
			return error_prefix(err, "-device %s",
					    opt_list_get(list, "driver"));
	}
	return 0;
}

int pc_open_network(struct pc *pc, struct error *err)
{
	const struct net_confs *confs = &pc->conf->netdevs;
	unsigned i;

	for (i = 0; i < confs->n; i++)
		if (net_add(&pc->net, &confs->conf[i].list, err) < 0)
			return error_prefix(err, "%s", confs->conf[i].option);
	return 0;
}

int pc_build_nics(struct pc *pc, struct error *err)
{
	const struct net_confs *confs = &pc->conf->nics;
	unsigned i;

	for (i = 0; i < confs->n; i++)
		if (plug_device(pc, &confs->conf[i].list, err) < 0)
			return error_prefix(err, "%s", confs->conf[i].option);
	return 0;
}
