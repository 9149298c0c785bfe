/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI hotplug by ACPI, as the DSDT's methods use it.
 * Interface: acpi_pci_hotplug of QEMU's specifications, the base features.
 *
 * Not modelled: buses behind bridges (a bus other than 0 selects nothing), and
 * the index register for naming devices, which reads as none.
 */
#include "hw/acpi_pci_hotplug.h"

/* All are 32 bits wide and are accessed as such, a bit for each slot. */
enum {
	REG_UP = 0x00, /* read: what was plugged in since the last read */
	REG_DOWN = 0x04, /* read: what is asked to leave */
	REG_EJECT = 0x08, /* write: take these out; read: features, none */
	REG_REMOVABLE = 0x0c, /* read: what can be taken out */
	REG_BUS = 0x10, /* which bus the others speak of */
	REG_INDEX = 0x14,
};

#define REG_SIZE   4
#define SLOTS	   32
#define ONLY_BUS   0
#define NO_FEATURE 0
#define NO_INDEX   0

struct pci_hotplug {
	struct device dev;
	uint32_t slots; /* whose devices may leave */
	void (*eject)(void *ctx, unsigned slot);
	void *ctx;
	uint32_t up, down, bus;
};

static const struct state_field pci_hotplug_fields[] = {
	{STATE_ELEM(STATE_U32, struct pci_hotplug, up)},
	{STATE_ELEM(STATE_U32, struct pci_hotplug, down)},
	{STATE_ELEM(STATE_U32, struct pci_hotplug, bus)},
	{.kind = STATE_END},
};

static const struct state_desc pci_hotplug_state = {
	.name = "acpi-pci-hotplug",
	.version = 1,
	.fields = pci_hotplug_fields,
};

static void eject(struct pci_hotplug *hp, uint32_t slots)
{
	unsigned slot;

	slots &= hp->slots;
	hp->up &= ~slots;
	hp->down &= ~slots;
	for (slot = 0; slot < SLOTS; slot++)
		if (slots >> slot & 1 && hp->eject)
			hp->eject(hp->ctx, slot);
}

static uint32_t read_up(struct pci_hotplug *hp)
{
	uint32_t up = hp->up;

	hp->up = 0;
	return up;
}

static uint64_t hotplug_read(void *dev, uint64_t off, unsigned size)
{
	struct pci_hotplug *hp = dev;

	if (size != REG_SIZE)
		return 0;
	if (off == REG_BUS)
		return hp->bus;
	if (hp->bus != ONLY_BUS)
		return 0;
	switch (off) {
	case REG_UP:
		return read_up(hp);
	case REG_DOWN:
		return hp->down;
	case REG_EJECT:
		return NO_FEATURE;
	case REG_REMOVABLE:
		return hp->slots;
	default:
		return NO_INDEX;
	}
}

static void hotplug_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pci_hotplug *hp = dev;

	if (size != REG_SIZE)
		return;
	if (off == REG_BUS)
		hp->bus = val;
	else if (off == REG_EJECT && hp->bus == ONLY_BUS)
		eject(hp, val);
}

void acpi_pci_hotplug_wire(struct device *dev, uint32_t slots,
			   void (*eject_slot)(void *ctx, unsigned slot),
			   void *ctx)
{
	struct pci_hotplug *hp = (struct pci_hotplug *)dev;

	hp->slots = slots;
	hp->eject = eject_slot;
	hp->ctx = ctx;
}

void acpi_pci_hotplug_plugged(struct device *dev, unsigned slot)
{
	struct pci_hotplug *hp = (struct pci_hotplug *)dev;

	hp->up |= UINT32_C(1) << slot;
	irq_pulse(&dev->irq[0]);
}

void acpi_pci_hotplug_request_unplug(struct device *dev, unsigned slot)
{
	struct pci_hotplug *hp = (struct pci_hotplug *)dev;

	hp->down |= UINT32_C(1) << slot;
	irq_pulse(&dev->irq[0]);
}

/* No guest is left that could object to what was asked to leave. */
static void hotplug_reset(struct device *dev)
{
	struct pci_hotplug *hp = (struct pci_hotplug *)dev;

	eject(hp, hp->down);
	hp->up = hp->down = hp->bus = 0;
}

static const struct bus_ops hotplug_ops = {
	.read = hotplug_read,
	.write = hotplug_write,
};

static const struct device_region hotplug_regions[] = {
	{"acpi-pci-hotplug", &hotplug_ops, ACPI_PCI_HOTPLUG_LEN},
	{.name = NULL},
};

const struct device_class acpi_pci_hotplug_class = {
	.name = "acpi-pci-hotplug",
	.desc = "PCI hotplug registers",
	.bus = DEVICE_SYSTEM,
	.size = sizeof(struct pci_hotplug),
	.state = &pci_hotplug_state,
	.regions = hotplug_regions,
	.reset = hotplug_reset,
};
