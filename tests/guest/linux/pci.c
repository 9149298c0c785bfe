/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on the PCI buses, where its BARs are, and who drives it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define DEVICES "/sys/bus/pci/devices"

static void show_bars(const char *name)
{
	unsigned long long start, end, flags;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), DEVICES "/%s/resource", name);
	f = fopen(path, "r");
	for (int i = 0;
	     f && fscanf(f, "%llx %llx %llx", &start, &end, &flags) == 3; i++)
		if (end)
			guest_data("%s bar %d %#llx %#llx %#llx", name, i,
				   start, end, flags);
	if (f)
		fclose(f);
}

static int show_device(const char *name, void *ctx)
{
	char vendor[16], device[16], class[16], revision[16], sub[2][16];
	char irq[16], driver[64];

	guest_data("%s id %s:%s sub %s:%s class %s rev %s irq %s driver %s",
		   name, guest_read(vendor, 16, DEVICES "/%s/vendor", name),
		   guest_read(device, 16, DEVICES "/%s/device", name),
		   guest_read(sub[0], 16, DEVICES "/%s/subsystem_vendor", name),
		   guest_read(sub[1], 16, DEVICES "/%s/subsystem_device", name),
		   guest_read(class, 16, DEVICES "/%s/class", name),
		   guest_read(revision, 16, DEVICES "/%s/revision", name),
		   guest_read(irq, 16, DEVICES "/%s/irq", name),
		   guest_link(driver, 64, DEVICES "/%s/driver", name));
	show_bars(name);
	return 0;
}

static int pci(int argc, char **argv)
{
	guest_detail("%d devices", guest_each(DEVICES, show_device, NULL));
	return 0;
}

const struct guest_test pci_tests[] = {
	{"pci", pci, "devices and their BARs"},
	{NULL},
};
