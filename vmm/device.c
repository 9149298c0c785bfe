/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: birth, properties, wires, life and end. */
#include "vmm/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/machine.h"

/* -global: a property's default for all devices of a class. */
static int apply_globals(struct device *dev, struct error *err)
{
	const struct config *conf = dev->machine->config;
	unsigned i;

	for (i = 0; conf && i < conf->nglobals; i++) {
		const struct global_conf *g = &conf->globals[i];

		if (strcmp(g->driver, dev->class->name) != 0)
			continue;
		if (device_set(dev, g->property, g->value, err) < 0)
			return error_prefix(err, "-global %s.%s=%s", g->driver,
					    g->property, g->value);
	}
	return 0;
}

static void set_path(struct device *dev, const char *id, const char *name)
{
	const char *above = dev->parent ? dev->parent->path
			    : id	? "/machine/peripheral"
					: "/machine";

	if (id || name)
		snprintf(dev->path, sizeof(dev->path), "%.62s/%.62s", above,
			 id ? id : name);
	else
		snprintf(dev->path, sizeof(dev->path),
			 "/machine/peripheral-anon/device[%u]",
			 dev->machine->nameless++);
}

struct device *device_new(struct machine *m, const struct device_class *class,
			  const char *id, const char *name,
			  struct device *parent, struct error *err)
{
	struct device *dev;

	if (id && device_find(m, id)) {
		error_set(err, EEXIST, "Duplicate device ID '%s'", id);
		return NULL;
	}
	dev = calloc(1, class->size);
	if (!dev || (id && !(dev->id = strdup(id)))) {
		free(dev);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	dev->class = class;
	dev->machine = m;
	dev->parent = parent;
	set_path(dev, id, name);
	list_add_tail(&m->devices, &dev->link);
	if (class->opts)
		opt_defaults(class->opts, dev);
	if (apply_globals(dev, err) < 0) {
		device_free(dev);
		return NULL;
	}
	return dev;
}

int device_set(struct device *dev, const char *key, const char *value,
	       struct error *err)
{
	static const struct opt_desc none[] = {{.type = OPT_END}};
	const struct opt_desc *opts = dev->class->opts;

	return opt_set(opts ? opts : none, dev, key, value, err);
}

/* A bus that is no property is for whoever plugs the device in. */
static bool is_for_others(const struct device_class *class, const char *key)
{
	return !strcmp(key, "driver") || !strcmp(key, "id") ||
	       (!strcmp(key, "bus") &&
		(!class->opts || !opt_find(class->opts, key)));
}

int device_set_all(struct device *dev, const struct opt_list *list,
		   struct error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < list->n; i++) {
		if (is_for_others(dev->class, list->pair[i].key))
			continue;
		rc = device_set(dev, list->pair[i].key, list->pair[i].value,
				err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int device_map(struct device *dev, unsigned n, struct bus *bus, uint64_t base,
	       struct error *err)
{
	const struct device_region *r = &dev->class->regions[n];

	return bus_map(bus, &dev->region[n], r->name, base, r->len, 0, r->ops,
		       dev, err);
}

int device_start(struct device *dev, struct error *err)
{
	int rc = dev->class->init ? dev->class->init(dev, err) : 0;

	if (rc < 0)
		return rc;
	dev->live = true;
	if (dev->class->reset)
		dev->class->reset(dev);
	return 0;
}

void device_free(struct device *dev)
{
	unsigned n;

	if (!dev)
		return;
	if (dev->live && dev->class->quiesce)
		dev->class->quiesce(dev);
	for (n = 0; n < DEVICE_REGIONS; n++)
		bus_unmap(&dev->region[n]);
	if (dev->live && dev->class->fini)
		dev->class->fini(dev);
	list_del(&dev->link);
	if (dev->class->opts)
		opt_free(dev->class->opts, dev);
	free(dev->id);
	free(dev);
}

void device_reset_all(struct machine *m)
{
	struct device *dev;

	list_for_each (dev, &m->devices, struct device, link)
		if (dev->live && dev->class->reset)
			dev->class->reset(dev);
}

struct device *device_find(struct machine *m, const char *id)
{
	struct device *dev;

	list_for_each (dev, &m->devices, struct device, link)
		if (dev->id && !strcmp(dev->id, id))
			return dev;
	return NULL;
}

/* Names that qemu takes for others on a PC. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{"ahci", "ich9-ahci"},
	{"e1000-82540em", "e1000"},
	{"virtio-blk", "virtio-blk-pci"},
	{"virtio-net", "virtio-net-pci"},
	{"virtio-scsi", "virtio-scsi-pci"},
};

const struct device_class *device_class_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (!strcmp(aliases[i].alias, name))
			name = aliases[i].name;
	for (i = 0; device_classes[i]; i++)
		if (!strcmp(device_classes[i]->name, name))
			return device_classes[i];
	return NULL;
}

bool device_class_is_nic(const struct device_class *class)
{
	return class->user && class->opts && opt_find(class->opts, "netdev");
}
