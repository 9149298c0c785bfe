/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI: configuration space, base address registers, interrupt pins.
 * PCI Local Bus Specification 3.0.  Independent of the machine: hw/i440fx.c
 * gives the way in (mechanism 1), hw/piix3.c takes the interrupt pins.
 * Machine lock.
 */
#ifndef HW_PCI_H
#define HW_PCI_H

#include "vmm/device.h"
#include "vmm/gmem.h"
#include "vmm/machine.h"

#define PCI_CONFIG_SIZE	    4096
#define PCI_SLOTS	    32
#define PCI_BARS	    7 /* the last is the expansion ROM */
#define PCI_ROM_BAR	    6

#define PCI_DEVFN(slot, fn) ((slot) << 3 | (fn))
#define PCI_SLOT(devfn)	    ((devfn) >> 3 & 31)
#define PCI_FN(devfn)	    ((devfn)&7)

struct pci_bus;

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM, PCI_BAR_PREFETCH };

struct pci_bar {
	enum pci_bar_kind kind;
	bool is64; /* takes the next one too */
	uint64_t size; /* bytes, a power of two */
	uint64_t addr; /* where it is mapped now, UINT64_MAX if it is not */
	struct bus_region region; /* registers, unless ram is set */
	struct gmem_map map; /* memory: a block shown to the guest */
	struct ram_block *ram;
};

struct pci_device {
	struct device dev;
	struct pci_bus *bus;
	int devfn; /* the property addr; -1: the first free slot */
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t wmask[PCI_CONFIG_SIZE]; /* bits that the guest may write */
	uint8_t w1c[PCI_CONFIG_SIZE]; /* bits that a one clears */
	struct pci_bar bar[PCI_BARS];
	unsigned capabilities_end; /* of those that were added */
	bool intx; /* the level of the device's pin */
	/* Called after config[off..off+len) was written; may be NULL. */
	void (*config_written)(struct pci_device *pci, unsigned off,
			       unsigned len);
	/* Called before config[off..off+len) is read; may be NULL. */
	void (*config_reading)(struct pci_device *pci, unsigned off,
			       unsigned len);
	char *romfile; /* property: option ROM, "" for none */
	struct ram_block *rom;
};

/* Who a device is: first thing in its init. */
struct pci_id {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class; /* base << 16 | sub << 8 | interface */
	uint8_t revision;
	uint8_t pin; /* 1 for INTA, 0 for none */
	bool multifunction;
};

/* Properties of every PCI device: addr, romfile, ... (offsets are right
 * since struct pci_device comes first); device files put it in their table. */
#define PCI_OPTS \
	{.name = "addr", \
	 .type = OPT_DEVFN, \
	 .offset = offsetof(struct pci_device, devfn), \
	 .dflt = "-1", \
	 .help = "slot[.function] on the PCI bus"}, \
	{ \
		.name = "romfile", .type = OPT_STRING, \
		.offset = offsetof(struct pci_device, romfile), \
		.help = "option ROM file, empty for none" \
	}

/*
 * Puts the device on the bus at its devfn and fills the header.  -EBUSY with
 * the holder's name when the place is taken.
 */
int pci_attach(struct pci_device *pci, const struct pci_id *id,
	       struct error *err);
void pci_detach(struct pci_device *pci);
/* Power-on values: command, status and BARs to 0, pin low. */
void pci_reset(struct pci_device *pci);

/* A BAR with registers. */
int pci_add_bar(struct pci_device *pci, unsigned n, enum pci_bar_kind kind,
		const char *name, uint64_t size, const struct bus_ops *ops,
		void *dev, struct error *err);
/* A BAR that shows memory. */
int pci_add_ram_bar(struct pci_device *pci, unsigned n, enum pci_bar_kind kind,
		    struct ram_block *block, struct error *err);
/* The expansion ROM, with the file's content. */
int pci_add_rom(struct pci_device *pci, const char *file, struct error *err);

/*
 * A capability of size bytes (a multiple of 4), first in the list of them;
 * returns its offset, where the caller fills in what comes after its header.
 */
unsigned pci_add_capability(struct pci_device *pci, uint8_t id, unsigned size);

void pci_set_intx(struct pci_device *pci, bool level);

/* May this device read and write guest memory now (command bit 2)? */
bool pci_is_master(const struct pci_device *pci);

struct pci_bus {
	struct machine *machine;
	const char *name; /* "pci.0" */
	struct pci_device *dev[PCI_SLOTS * 8];
	struct irq pin[4]; /* INTA to INTD after the slots' swizzle */
	uint8_t levels[4][PCI_SLOTS]; /* wired-OR: functions asserting */
};

/* The part of a PCI device's saved state that all have; a field of kind
 * STATE_STRUCT at offset 0 takes it in, and restored ends with pci_restored. */
extern const struct state_field pci_state_fields[];
void pci_restored(void *dev);

#define PCI_STATE \
	{ \
		.name = "pci", .kind = STATE_STRUCT, .count = 1, \
		.sub = pci_state_fields \
	}

void pci_bus_init(struct pci_bus *bus, struct machine *m, const char *name);

/* Configuration cycles; off + size within the space, size 1, 2 or 4. */
uint32_t pci_config_read(struct pci_bus *bus, unsigned devfn, unsigned off,
			 unsigned size);
void pci_config_write(struct pci_bus *bus, unsigned devfn, unsigned off,
		      uint32_t val, unsigned size);

/*
 * Where it is, as Open Firmware writes it (PCI Bus Binding 2.1, 2.2.1), in at
 * most size bytes of buf.
 */
void pci_firmware_path(const struct pci_device *pci, char *buf, size_t size);

#endif
