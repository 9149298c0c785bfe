/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk or a CD-ROM at port 0 of an AHCI controller. */
#include <string.h>

#include "hw/pci_regs.h"
#include "tests/device/ahci_driver.h"
#include "tests/device/disk_rig.h"
#include "vmm/endian.h"

#define SLOT   5u
#define GHC    4u
#define PER_CD (ATAPI_SECTOR / BLK_SECTOR)
#define ERRORS (AHCI_IS_TFES | AHCI_IS_HBFS | AHCI_IS_IFS)

enum { DMA, QUEUED, CD };

static struct {
	uint32_t len;
	unsigned edges;
} g;

/* As it is in any case, but after a reset of the machine. */
static void place(void)
{
	pci_config_write(&sata.bus, SATA_DEVFN, PCI_BASE_ADDRESS_5, SATA_BAR,
			 4);
	pci_config_write(&sata.bus, SATA_DEVFN, PCI_COMMAND, 7, 2);
}

static void start(void)
{
	sata_start_port();
	sata_set_port(AHCI_PX_IE, 0x7f);
	sata_set(GHC, 2);
}

static void set_up(const struct disk_rig *r)
{
	sata_set_up(r->removable);
	start();
}

static struct blk_front *front(void)
{
	return sata.front;
}

static const char *path(void)
{
	return sata.path;
}

static void begin(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		  bool write)
{
	uint8_t packet[ATAPI_PACKET] = {0x28};
	struct sata_command c = {.command = write ? 0x35 : 0x25,
				 .count = (uint16_t)sectors,
				 .lba = lba,
				 .write = write};

	g.len = sectors * BLK_SECTOR;
	if (write)
		gmem_write(&sata.h.m.gmem, RIG_AT, rig_data, g.len);
	if (r->way == QUEUED) {
		c.command = write ? 0x61 : 0x60;
		c.feature = c.count;
		c.count = SLOT << 3;
	} else if (r->way == CD) {
		store_be32(packet + 2, lba / PER_CD);
		store_be16(packet + 7, (uint16_t)(sectors / PER_CD));
		c = (struct sata_command){.command = ATA_CMD_PACKET,
					  .feature = 1,
					  .packet = packet};
	}
	sata_prepare(SLOT, &c, RIG_AT, g.len);
	if (r->way == QUEUED)
		sata_set_port(AHCI_PX_SACT, 1u << SLOT);
	sata_issue(1u << SLOT);
}

static enum rig_end poll(const struct disk_rig *r)
{
	uint32_t is = sata_port(AHCI_PX_IS);

	if (!(is & ERRORS) &&
	    (sata_port(AHCI_PX_CI) | sata_port(AHCI_PX_SACT)) & 1u << SLOT)
		return RIG_BUSY;
	sata_set_port(AHCI_PX_IS, is);
	sata_set(8, 1);
	g.edges = sata.h.edges[SATA_IRQ];
	gmem_read(&sata.h.m.gmem, RIG_AT, rig_data, g.len);
	if (!(is & ERRORS))
		return RIG_GOOD;
	sata_recover();
	return RIG_BAD;
}

static bool is_quiet(const struct disk_rig *r)
{
	return g.edges == sata.h.edges[SATA_IRQ];
}

static void reset(const struct disk_rig *r)
{
	place();
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
	sata_set_port(AHCI_PX_SCTL, 1);
	sata_set_port(AHCI_PX_SCTL, 0);
	start();
	sata_set(8, 1);
	g.edges = sata.h.edges[SATA_IRQ];
}

#define RIG(name_, way_, sectors_, cdrom) \
	{ \
		.name = name_, .h = &sata.h, .way = way_, .sectors = sectors_, \
		.steps = 2, .readonly = cdrom, .removable = cdrom, \
		.set_up = set_up, .tear_down = sata_tear_down, .front = front, \
		.path = path, .begin = begin, .poll = poll, \
		.is_quiet = is_quiet, .reset = reset \
	}

const struct disk_rig rigs_ahci[] = {
	RIG("AHCI", DMA, 200, false),
	RIG("AHCI, queued", QUEUED, 200, false),
	RIG("AHCI, ATAPI", CD, 160, true),
	{.name = NULL},
};
