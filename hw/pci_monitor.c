/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info pci, query-pci. */
#include "hw/pci_monitor.h"

#include <inttypes.h>

#include "hw/pci.h"
#include "hw/pci_regs.h"
#include "vmm/endian.h"

struct class_name {
	uint16_t class;
	const char *name;
};

/* PCI Code and ID Assignment Specification, as far as machines have them. */
static const struct class_name class_names[] = {
	{0x0100, "SCSI controller"},
	{0x0101, "IDE controller"},
	{0x0102, "Floppy controller"},
	{0x0104, "RAID controller"},
	{0x0106, "SATA controller"},
	{0x0200, "Ethernet controller"},
	{0x0300, "VGA controller"},
	{0x0301, "XGA controller"},
	{0x0380, "Display controller"},
	{0x0401, "Audio controller"},
	{0x0500, "RAM controller"},
	{0x0600, "Host bridge"},
	{0x0601, "ISA bridge"},
	{0x0604, "PCI bridge"},
	{0x0680, "Bridge"},
	{0x0700, "Serial port"},
	{0x0c03, "USB controller"},
};

static const char *class_name(uint16_t class)
{
	size_t i;

	for (i = 0; i < sizeof(class_names) / sizeof(*class_names); i++)
		if (class_names[i].class == class)
			return class_names[i].name;
	return NULL;
}

static json_t *describe_bar(const struct pci_device *pci, unsigned n)
{
	const struct pci_bar *bar = &pci->bar[n];
	bool io = bar->kind == PCI_BAR_IO;
	json_t *o =
		json_pack("{s:i, s:s, s:I, s:I}", "bar", (int)n, "type",
			  io ? "io" : "memory", "address",
			  (json_int_t)bar->addr, "size", (json_int_t)bar->size);

	if (!io) {
		json_object_set_new(o, "prefetch",
				    json_boolean(bar->kind ==
						 PCI_BAR_PREFETCH));
		json_object_set_new(o, "mem_type_64", json_boolean(bar->is64));
	}
	return o;
}

static json_t *describe(const struct pci_device *pci)
{
	const uint8_t *c = pci->config;
	uint16_t class = load_le16(c + PCI_CLASS_DEVICE);
	json_t *regions = json_array(), *o, *class_info;
	unsigned n;

	for (n = 0; n < PCI_BARS; n++)
		if (pci->bar[n].kind != PCI_BAR_NONE)
			json_array_append_new(regions, describe_bar(pci, n));
	class_info = json_pack("{s:i}", "class", (int)class);
	if (class_name(class))
		json_object_set_new(class_info, "desc",
				    json_string(class_name(class)));
	o = json_pack("{s:i, s:i, s:i, s:s, s:o, s:{s:i, s:i, s:i, s:i}, s:o}",
		      "bus", 0, "slot", PCI_SLOT(pci->devfn), "function",
		      PCI_FN(pci->devfn), "qdev_id",
		      pci->dev.id ? pci->dev.id : "", "class_info", class_info,
		      "id", "device", (int)load_le16(c + PCI_DEVICE_ID),
		      "vendor", (int)load_le16(c + PCI_VENDOR_ID), "subsystem",
		      (int)load_le16(c + PCI_SUBSYSTEM_ID), "subsystem-vendor",
		      (int)load_le16(c + PCI_SUBSYSTEM_VENDOR_ID), "regions",
		      regions);
	json_object_set_new(o, "irq_pin", json_integer(c[PCI_INTERRUPT_PIN]));
	if (c[PCI_INTERRUPT_PIN])
		json_object_set_new(o, "irq",
				    json_integer(c[PCI_INTERRUPT_LINE]));
	return o;
}

/* The bus hangs on whatever device of the machine is on it. */
static const struct pci_bus *find_bus(struct machine *m)
{
	struct device *dev;

	list_for_each (dev, &m->devices, struct device, link)
		if (dev->class->bus == DEVICE_PCI)
			return ((struct pci_device *)dev)->bus;
	return NULL;
}

static void query_pci(struct monitor_call *call)
{
	const struct pci_bus *bus = find_bus(monitor_machine(call));
	json_t *devices = json_array();
	unsigned i;

	for (i = 0; bus && i < PCI_SLOTS * 8; i++)
		if (bus->dev[i])
			json_array_append_new(devices, describe(bus->dev[i]));
	monitor_done(call,
		     json_pack("[{s:i, s:o}]", "bus", 0, "devices", devices));
}

static json_int_t num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void show_bar(struct monitor_call *call, const json_t *bar)
{
	uint64_t addr = (uint64_t)num(bar, "address");
	uint64_t last = addr + (uint64_t)num(bar, "size") - 1;
	bool prefetch = json_is_true(json_object_get(bar, "prefetch"));

	monitor_printf(call, "      BAR%d: ", (int)num(bar, "bar"));
	if (!json_object_get(bar, "prefetch"))
		monitor_printf(call,
			       "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n",
			       addr, last);
	else
		monitor_printf(call,
			       "%d bit%s memory at 0x%08" PRIx64
			       " [0x%08" PRIx64 "].\n",
			       json_is_true(json_object_get(bar, "mem_type_64"))
				       ? 64
				       : 32,
			       prefetch ? " prefetchable" : "", addr, last);
}

static void show_device(struct monitor_call *call, const json_t *d)
{
	const json_t *class = json_object_get(d, "class_info");
	const json_t *id = json_object_get(d, "id");
	const json_t *bar, *desc = json_object_get(class, "desc");
	size_t i;

	monitor_printf(call, "  Bus %2d, device %3d, function %d:\n", 0,
		       (int)num(d, "slot"), (int)num(d, "function"));
	if (desc)
		monitor_printf(call, "    %s", json_string_value(desc));
	else
		monitor_printf(call, "    Class %04d",
			       (int)num(class, "class"));
	monitor_printf(call, ": PCI device %04x:%04x\n",
		       (unsigned)num(id, "vendor"),
		       (unsigned)num(id, "device"));
	if (num(id, "subsystem-vendor"))
		monitor_printf(call, "      PCI subsystem %04x:%04x\n",
			       (unsigned)num(id, "subsystem-vendor"),
			       (unsigned)num(id, "subsystem"));
	if (json_object_get(d, "irq"))
		monitor_printf(call, "      IRQ %d, pin %c\n",
			       (int)num(d, "irq"),
			       (char)('A' + num(d, "irq_pin") - 1));
	json_array_foreach(json_object_get(d, "regions"), i, bar)
	{
		show_bar(call, bar);
	}
	monitor_printf(call, "      id \"%s\"\n",
		       json_string_value(json_object_get(d, "qdev_id")));
}

static void show_pci(struct monitor_call *call, const json_t *result)
{
	const json_t *devices =
		json_object_get(json_array_get(result, 0), "devices");
	const json_t *d;
	size_t i;

	json_array_foreach(devices, i, d)
	{
		show_device(call, d);
	}
}

const struct monitor_cmd pci_monitor_cmds[] = {
	{.name = "info pci",
	 .qmp = "query-pci",
	 .help = "show the PCI devices",
	 .run = query_pci,
	 .show = show_pci},
	{.run = NULL},
};
