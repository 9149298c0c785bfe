/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ide-hd and ide-cd on the ports of AHCI controllers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/ahci.h"
#include "hw/pc_drives.h"

/* A port among all that there are. */
struct place {
	struct ahci *hba;
	unsigned port;
	unsigned bus; /* its number, ide.0 and ide.1 included */
};

/* A controller without an id has buses that are numbered on from ide.1. */
static void bus_name(const struct ahci *hba, unsigned port, unsigned nameless,
		     char *buf, size_t size)
{
	if (hba->pci.dev.id)
		snprintf(buf, size, "%s.%u", hba->pci.dev.id, port);
	else
		snprintf(buf, size, "ide.%u",
			 IDE_CHANNELS + nameless * AHCI_PORTS + port);
}

/* By its bus, or the last free one of the last controller that has any. */
static bool find(struct machine *m, const char *bus, struct place *found)
{
	unsigned all = IDE_CHANNELS, nameless = 0, i;
	struct device *dev;
	char name[160];
	bool any = false;

	list_for_each (dev, &m->devices, struct device, link) {
		struct ahci *hba = (struct ahci *)dev;

		if (dev->class != &ahci_class || !dev->live)
			continue;
		for (i = 0; i < AHCI_PORTS; i++) {
			bus_name(hba, i, nameless, name, sizeof(name));
			if (bus ? strcmp(bus, name) != 0
				: hba->port[i].drive.blk != NULL)
				continue;
			*found = (struct place){hba, i, all + i};
			any = true;
		}
		all += AHCI_PORTS;
		nameless += !dev->id;
	}
	return any;
}

int pc_drives_place_ahci(struct machine *m, struct ide_unit *u,
			 struct error *err)
{
	struct place p;

	if (!find(m, u->bus, &p))
		return 0;
	if (u->place > 0)
		return error_set(err, EINVAL,
				 "Can't create IDE unit %d, bus supports only "
				 "1 units",
				 (int)u->place);
	if (p.hba->port[p.port].drive.blk)
		return error_set(err, EBUSY, "the port at %s is taken", u->bus);
	u->controller = &p.hba->pci;
	u->port = p.port;
	u->drive = &p.hba->port[p.port].drive;
	u->unit = 0;
	u->number = p.bus * IDE_DRIVES + 1;
	return 1;
}
