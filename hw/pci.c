/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI: configuration space, base address registers, interrupt pins.
 * PCI Local Bus Specification 3.0, chapter 6.
 */
#include "hw/pci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"
#include "vmm/firmware.h"

#define IO_BAR_MAX   UINT64_C(0x10000)
#define UNMAPPED     UINT64_MAX
#define ROM_MIN_SIZE 2048u

/* Option ROMs; PCI Local Bus Specification 3.0, 6.3.1. */
#define ROM_SIGNATURE 0xaa55
#define ROM_SUM	      6 /* of PCs': what makes all bytes come to 0 */
#define ROM_PCIR      0x18 /* where the data structure is */
#define ROM_HEADER    0x1a /* bytes */
#define PCIR_ID	      4 /* vendor and device in that */
#define ID_SIZE	      4

static uint64_t bar_mask(const struct pci_bar *bar)
{
	return ~(bar->size - 1);
}

static unsigned bar_offset(unsigned n)
{
	return n == PCI_ROM_BAR ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
}

/* Where the registers say the BAR is, or UNMAPPED. */
static uint64_t bar_target(const struct pci_device *pci, unsigned n)
{
	const struct pci_bar *bar = &pci->bar[n];
	uint16_t command = load_le16(&pci->config[PCI_COMMAND]);
	uint64_t addr = load_le32(&pci->config[bar_offset(n)]), last;

	if (bar->kind == PCI_BAR_IO) {
		addr &= bar_mask(bar);
		if (!(command & PCI_COMMAND_IO) || !addr ||
		    addr + bar->size > IO_BAR_MAX)
			return UNMAPPED;
		return addr;
	}
	if (!(command & PCI_COMMAND_MEMORY))
		return UNMAPPED;
	if (n == PCI_ROM_BAR && !(addr & PCI_ROM_ENABLE))
		return UNMAPPED;
	if (bar->is64)
		addr |= (uint64_t)load_le32(&pci->config[bar_offset(n) + 4])
			<< 32;
	addr &= bar_mask(bar);
	last = addr + bar->size - 1;
	/* While it is being sized, a BAR reads as ones: that is no place. */
	if (!addr || last <= addr || last == UINT64_MAX ||
	    (!bar->is64 && last >= UINT32_MAX))
		return UNMAPPED;
	return addr;
}

static void bar_update(struct pci_device *pci, unsigned n)
{
	struct pci_bar *bar = &pci->bar[n];
	uint64_t target;

	if (bar->kind == PCI_BAR_NONE)
		return;
	target = bar_target(pci, n);
	if (target == bar->addr)
		return;
	bar->addr = target;
	if (bar->ram) {
		gmem_move(&pci->dev.machine->gmem, &bar->map,
			  target == UNMAPPED ? 0 : target, target != UNMAPPED);
		return;
	}
	if (target != UNMAPPED)
		bus_move(&bar->region, target);
	bus_enable(&bar->region, target != UNMAPPED);
}

static void bars_update(struct pci_device *pci)
{
	unsigned n;

	gmem_begin(&pci->dev.machine->gmem);
	for (n = 0; n < PCI_BARS; n++)
		bar_update(pci, n);
	gmem_commit(&pci->dev.machine->gmem);
}

void pci_bus_init(struct pci_bus *bus, struct machine *m, const char *name)
{
	memset(bus, 0, sizeof(*bus));
	bus->machine = m;
	bus->name = name;
}

/* PCI Local Bus Specification 3.0, 2.2.6: the usual swizzle of the pins. */
static void pin_update(struct pci_device *pci)
{
	unsigned slot = PCI_SLOT((unsigned)pci->devfn);
	unsigned fn = PCI_FN((unsigned)pci->devfn);
	uint16_t command = load_le16(&pci->config[PCI_COMMAND]);
	unsigned pin = pci->config[PCI_INTERRUPT_PIN], line, i;
	bool level = pci->intx && !(command & PCI_COMMAND_INTX_DISABLE);
	bool any = false;
	uint8_t *levels;

	if (!pin)
		return;
	line = (slot + pin - 1) % 4;
	levels = pci->bus->levels[line];
	if (level)
		levels[slot] |= (uint8_t)(1u << fn);
	else
		levels[slot] &= (uint8_t) ~(1u << fn);
	for (i = 0; i < PCI_SLOTS; i++)
		any |= levels[i] != 0;
	irq_set(&pci->bus->pin[line], any);
}

void pci_set_intx(struct pci_device *pci, bool level)
{
	uint16_t status = load_le16(&pci->config[PCI_STATUS]);

	pci->intx = level;
	status = (uint16_t)(status & ~PCI_STATUS_INTERRUPT);
	store_le16(&pci->config[PCI_STATUS],
		   status | (level ? PCI_STATUS_INTERRUPT : 0));
	pin_update(pci);
}

bool pci_is_master(const struct pci_device *pci)
{
	return pci->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

static int place(struct pci_device *pci, struct error *err)
{
	struct pci_bus *bus = pci->bus;
	struct pci_device *holder;
	int slot;

	for (slot = 0; pci->devfn < 0 && slot < PCI_SLOTS; slot++)
		if (!bus->dev[PCI_DEVFN(slot, 0)])
			pci->devfn = PCI_DEVFN(slot, 0);
	if (pci->devfn < 0)
		return error_set(err, EBUSY,
				 "PCI: no slot/function available for %s, all "
				 "in use",
				 pci->dev.class->name);
	holder = bus->dev[pci->devfn];
	if (holder)
		return error_set(err, EBUSY,
				 "PCI: slot %d function %d not available for "
				 "%s, in use by %s",
				 PCI_SLOT(pci->devfn), PCI_FN(pci->devfn),
				 pci->dev.class->name, holder->dev.class->name);
	bus->dev[pci->devfn] = pci;
	return 0;
}

static void fill_header(struct pci_device *pci, const struct pci_id *id)
{
	uint8_t *c = pci->config;

	store_le16(c + PCI_VENDOR_ID, id->vendor);
	store_le16(c + PCI_DEVICE_ID, id->device);
	c[PCI_REVISION_ID] = id->revision;
	c[PCI_CLASS_PROG] = (uint8_t)id->class;
	store_le16(c + PCI_CLASS_DEVICE, (uint16_t)(id->class >> 8));
	c[PCI_HEADER_TYPE] = id->multifunction ? PCI_HEADER_MULTIFUNCTION : 0;
	store_le16(c + PCI_SUBSYSTEM_VENDOR_ID, id->subvendor);
	store_le16(c + PCI_SUBSYSTEM_ID, id->subdevice);
	c[PCI_INTERRUPT_PIN] = id->pin;
	store_le16(pci->wmask + PCI_COMMAND,
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			   PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			   PCI_COMMAND_INTX_DISABLE);
	store_le16(pci->w1c + PCI_STATUS, PCI_STATUS_PARITY |
						  PCI_STATUS_SIG_TARGET_ABORT |
						  PCI_STATUS_REC_TARGET_ABORT |
						  PCI_STATUS_REC_MASTER_ABORT |
						  PCI_STATUS_SIG_SYSTEM_ERROR |
						  PCI_STATUS_DETECTED_PARITY);
	pci->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
	pci->wmask[PCI_INTERRUPT_LINE] = 0xff;
}

int pci_attach(struct pci_device *pci, const struct pci_id *id,
	       struct error *err)
{
	unsigned n;
	int rc = place(pci, err);

	if (rc < 0)
		return rc;
	for (n = 0; n < PCI_BARS; n++)
		pci->bar[n].addr = UNMAPPED;
	fill_header(pci, id);
	return 0;
}

void pci_detach(struct pci_device *pci)
{
	unsigned n;

	pci_set_intx(pci, false);
	for (n = 0; n < PCI_BARS; n++) {
		if (pci->bar[n].ram)
			gmem_unmap(&pci->dev.machine->gmem, &pci->bar[n].map);
		else
			bus_unmap(&pci->bar[n].region);
	}
	if (pci->rom)
		gmem_block_free(&pci->dev.machine->gmem, pci->rom);
	pci->rom = NULL;
	pci->bus->dev[pci->devfn] = NULL;
}

void pci_reset(struct pci_device *pci)
{
	unsigned n;

	pci_set_intx(pci, false);
	store_le16(&pci->config[PCI_COMMAND], 0);
	pci->config[PCI_CACHE_LINE_SIZE] = 0;
	pci->config[PCI_INTERRUPT_LINE] = 0;
	for (n = 0; n < PCI_BARS; n++) {
		uint8_t *reg = &pci->config[bar_offset(n)];

		if (pci->bar[n].kind == PCI_BAR_NONE)
			continue;
		store_le32(reg, load_le32(reg) &
					~load_le32(&pci->wmask[bar_offset(n)]));
		if (pci->bar[n].is64)
			store_le32(reg + 4, 0);
	}
	bars_update(pci);
}

static void bar_registers(struct pci_device *pci, unsigned n,
			  enum pci_bar_kind kind, uint64_t size)
{
	struct pci_bar *bar = &pci->bar[n];
	unsigned off = bar_offset(n);
	uint32_t type = 0;

	bar->kind = kind;
	bar->size = size;
	if (kind == PCI_BAR_IO)
		type = PCI_BASE_ADDRESS_IO;
	else if (kind == PCI_BAR_PREFETCH)
		type = PCI_BASE_ADDRESS_PREFETCH;
	if (bar->is64)
		type |= PCI_BASE_ADDRESS_64;
	store_le32(&pci->config[off], type);
	store_le32(&pci->wmask[off],
		   (uint32_t)bar_mask(bar) |
			   (n == PCI_ROM_BAR ? PCI_ROM_ENABLE : 0));
	if (bar->is64)
		store_le32(&pci->wmask[off + 4],
			   (uint32_t)(bar_mask(bar) >> 32));
}

int pci_add_bar(struct pci_device *pci, unsigned n, enum pci_bar_kind kind,
		const char *name, uint64_t size, const struct bus_ops *ops,
		void *dev, struct error *err)
{
	struct machine *m = pci->dev.machine;
	struct bus *bus = kind == PCI_BAR_IO ? &m->io : &m->mem;
	int rc = bus_map(bus, &pci->bar[n].region, name, 0, size, 1, ops, dev,
			 err);

	if (rc < 0)
		return rc;
	bus_enable(&pci->bar[n].region, false);
	bar_registers(pci, n, kind, size);
	return 0;
}

int pci_add_ram_bar(struct pci_device *pci, unsigned n, enum pci_bar_kind kind,
		    struct ram_block *block, struct error *err)
{
	struct gmem *gmem = &pci->dev.machine->gmem;
	/* Below main memory, which a BAR cannot hide. */
	int rc = gmem_map(gmem, &pci->bar[n].map, 0, block, 0, block->size,
			  n == PCI_ROM_BAR ? GMEM_ROM : GMEM_RAM, -1, err);

	if (rc < 0)
		return rc;
	gmem_move(gmem, &pci->bar[n].map, 0, false);
	pci->bar[n].ram = block;
	bar_registers(pci, n, kind, block->size);
	return 0;
}

static size_t power_of_two(size_t n)
{
	size_t size = ROM_MIN_SIZE;

	while (size < n)
		size *= 2;
	return size;
}

/* Firmware runs what is for the device; a ROM names one of its numbers only. */
static void sign_rom(const struct pci_device *pci, uint8_t *rom, size_t len)
{
	const uint8_t *id = &pci->config[PCI_VENDOR_ID];
	size_t at, i;

	if (len < ROM_HEADER || load_le16(rom) != ROM_SIGNATURE)
		return;
	at = load_le16(rom + ROM_PCIR);
	if (at + PCIR_ID + ID_SIZE > len || memcmp(rom + at, "PCIR", 4) != 0)
		return;
	for (i = 0; i < ID_SIZE; i++) {
		rom[ROM_SUM] =
			(uint8_t)(rom[ROM_SUM] + rom[at + PCIR_ID + i] - id[i]);
		rom[at + PCIR_ID + i] = id[i];
	}
}

int pci_add_rom(struct pci_device *pci, const char *file, struct error *err)
{
	struct firmware_file fw;
	int rc = firmware_load(pci->dev.machine->config, file, &fw, err);

	if (rc < 0)
		return rc;
	/* A page is the least that memory slots know. */
	pci->rom = gmem_block_new(&pci->dev.machine->gmem, file,
				  power_of_two(fw.len > 4096 ? fw.len : 4096),
				  err);
	if (!pci->rom) {
		firmware_free(&fw);
		return -ENOMEM;
	}
	memcpy(pci->rom->host, fw.data, fw.len);
	sign_rom(pci, pci->rom->host, fw.len);
	firmware_free(&fw);
	rc = pci_add_ram_bar(pci, PCI_ROM_BAR, PCI_BAR_MEM, pci->rom, err);
	if (rc < 0) {
		gmem_block_free(&pci->dev.machine->gmem, pci->rom);
		pci->rom = NULL;
	}
	return rc;
}

unsigned pci_add_capability(struct pci_device *pci, uint8_t id, unsigned size)
{
	uint8_t *c = pci->config;
	unsigned off = pci->capabilities_end;

	if (!off)
		off = PCI_STD_HEADER_SIZEOF;
	c[off] = id;
	c[off + PCI_CAP_LIST_NEXT] = c[PCI_CAPABILITY_LIST];
	c[PCI_CAPABILITY_LIST] = (uint8_t)off;
	store_le16(&c[PCI_STATUS],
		   load_le16(&c[PCI_STATUS]) | PCI_STATUS_CAP_LIST);
	pci->capabilities_end = off + size;
	return off;
}

uint32_t pci_config_read(struct pci_bus *bus, unsigned devfn, unsigned off,
			 unsigned size)
{
	struct pci_device *pci = bus->dev[devfn & 0xff];
	uint8_t raw[4] = {0xff, 0xff, 0xff, 0xff};

	if (pci && off + size <= PCI_CONFIG_SIZE) {
		if (pci->config_reading)
			pci->config_reading(pci, off, size);
		memset(raw, 0, sizeof(raw));
		memcpy(raw, &pci->config[off], size);
	}
	return load_le32(raw);
}

static bool touches(unsigned off, unsigned len, unsigned reg, unsigned n)
{
	return off < reg + n && off + len > reg;
}

void pci_config_write(struct pci_bus *bus, unsigned devfn, unsigned off,
		      uint32_t val, unsigned size)
{
	struct pci_device *pci = bus->dev[devfn & 0xff];
	unsigned i;

	if (!pci || off + size > PCI_CONFIG_SIZE)
		return;
	for (i = off; i < off + size; i++, val >>= 8) {
		uint8_t new = (uint8_t)val, *c = &pci->config[i];

		*c = (uint8_t)((*c & ~pci->wmask[i]) | (new & pci->wmask[i]));
		*c = (uint8_t)(*c & ~(new & pci->w1c[i]));
	}
	if (touches(off, size, PCI_COMMAND, 2) ||
	    touches(off, size, PCI_BASE_ADDRESS_0, 24) ||
	    touches(off, size, PCI_ROM_ADDRESS, 4))
		bars_update(pci);
	if (touches(off, size, PCI_COMMAND, 2))
		pin_update(pci);
	if (pci->config_written)
		pci->config_written(pci, off, size);
}

void pci_restored(void *dev)
{
	struct pci_device *pci = dev;

	bars_update(pci);
	pin_update(pci);
}

const struct state_field pci_state_fields[] = {
	{STATE_ARR(STATE_U8, struct pci_device, config)},
	{STATE_ELEM(STATE_BOOL, struct pci_device, intx)},
	{.kind = STATE_END},
};
