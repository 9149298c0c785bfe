/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices on PCI, by mechanism 1 of PCI 3.0, 3.2.2.3.2. */
#include "guest.h"

#define PCI_ADDRESS    0xcf8
#define PCI_DATA       0xcfc
#define PCI_ENABLE     0x80000000u
#define PCI_COMMAND    0x04
#define PCI_BAR0       0x10
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define BAR_FLAGS      0xfu
#define BAR_64	       4u
#define SLOTS	       256
/* Where BARs go that no firmware placed; of the first slots. */
#define WINDOW	    0xe8000000u
#define WINDOW_STEP 0x1000000u

uint32_t pci_read(unsigned devfn, unsigned off)
{
	out32(PCI_ADDRESS, PCI_ENABLE | devfn << 8 | (off & ~3u));
	return in32(PCI_DATA) >> 8 * (off & 3);
}

static void config_write(unsigned devfn, unsigned off, uint32_t v)
{
	out32(PCI_ADDRESS, PCI_ENABLE | devfn << 8 | off);
	out32(PCI_DATA, v);
}

int pci_find(const uint32_t ids[2], unsigned nth)
{
	unsigned devfn;
	uint32_t id;

	for (devfn = 0; devfn < SLOTS; devfn += 8) {
		id = pci_read(devfn, 0);
		if ((id == ids[0] || id == ids[1]) && !nth--)
			return (int)devfn;
	}
	return -1;
}

uint32_t pci_place(unsigned devfn, unsigned bar)
{
	unsigned off = PCI_BAR0 + 4 * bar;
	uint32_t v = pci_read(devfn, off);
	bool high = v & BAR_64 && pci_read(devfn, off + 4);

	if (!(v & ~BAR_FLAGS) || high) {
		v = WINDOW + (devfn >> 3) * WINDOW_STEP;
		config_write(devfn, PCI_COMMAND, 0);
		config_write(devfn, off, v);
		if (high)
			config_write(devfn, off + 4, 0);
	}
	config_write(devfn, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	return v & ~BAR_FLAGS;
}
