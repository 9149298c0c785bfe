/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of PCI devices by which firmware is told what to boot. */
#include <stdio.h>

#include "hw/pci.h"
#include "hw/pci_regs.h"
#include "vmm/endian.h"

/* PCI Bus Binding to IEEE 1275, revision 2.1, table 1: generic names. */
static const struct {
	uint16_t class;
	const char *name;
} names[] = {
	{0x0100, "scsi"},	{0x0101, "ide"},      {0x0102, "fdc"},
	{0x0104, "raid"},	{0x0200, "ethernet"}, {0x0300, "display"},
	{0x0604, "pci-bridge"}, {0x0c03, "usb"},
};

static int put_name(const struct pci_device *pci, char *buf, size_t size)
{
	uint16_t class = load_le16(&pci->config[PCI_CLASS_DEVICE]);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].class == class)
			return snprintf(buf, size, "/pci@i0cf8/%s",
					names[i].name);
	return snprintf(buf, size, "/pci@i0cf8/pci%x,%x",
			load_le16(&pci->config[PCI_VENDOR_ID]),
			load_le16(&pci->config[PCI_DEVICE_ID]));
}

void pci_firmware_path(const struct pci_device *pci, char *buf, size_t size)
{
	unsigned devfn = (unsigned)pci->devfn;
	size_t n = (size_t)put_name(pci, buf, size);

	if (n < size)
		n += (size_t)snprintf(buf + n, size - n, "@%x",
				      PCI_SLOT(devfn));
	if (PCI_FN(devfn) && n < size)
		snprintf(buf + n, size - n, ",%x", PCI_FN(devfn));
}
