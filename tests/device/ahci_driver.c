/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small AHCI driver, for device tests. */
#include "tests/device/ahci_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define TURNS 2000

struct sata sata;

static void make_image(void)
{
	unsigned i;
	int fd;

	snprintf(sata.path, sizeof(sata.path), "/tmp/pcvm-sata-XXXXXX");
	fd = mkstemp(sata.path);
	for (i = 0; i < SATA_SIZE; i++)
		sata.model[i] = (uint8_t)(i * 7 + i / BLK_SECTOR);
	ck_assert(write(fd, sata.model, SATA_SIZE) == SATA_SIZE);
	close(fd);
}

static struct blk_front *open_front(bool cdrom)
{
	struct error err = {0};
	const struct blk_open how = {.filename = sata.path,
				     .format = "raw",
				     .flags = cdrom ? 0
						    : BLK_O_RDWR | BLK_O_UNMAP};
	struct blk_node *node = blk_open_alone(&how, &err);

	ck_assert_msg(node != NULL, "%s", err.msg);
	return blk_front_new(&sata.fronts, "sata0", node, cdrom, &err);
}

static void take_message(void *ctx, uint64_t addr, uint32_t data)
{
	sata.messages++;
	sata.msi_addr = addr;
	sata.msi_data = data;
}

static void plug_in(bool cdrom)
{
	struct pci_bus *bus = &sata.bus;

	sata.front = open_front(cdrom);
	ck_assert_int_eq(ide_attach(&sata.hba->port[0].drive, &sata.h.m,
				    sata.front, cdrom, 5, NULL, NULL),
			 0);
	sata.hba->pci.dev.class->reset(&sata.hba->pci.dev);
	sata.hba->msi.send = take_message;
	pci_config_write(bus, SATA_DEVFN, PCI_BASE_ADDRESS_4, SATA_INDEX, 4);
	pci_config_write(bus, SATA_DEVFN, PCI_BASE_ADDRESS_5, SATA_BAR, 4);
	pci_config_write(bus, SATA_DEVFN, PCI_COMMAND, 7, 2);
}

void sata_set_up(bool cdrom)
{
	memset(&sata, 0, sizeof(sata));
	make_image();
	harness_init(&sata.h, 0);
	sata.h.m.loop = loop_new(NULL, NULL);
	sata.h.m.state = RUN_STATE_RUNNING;
	blk_fronts_init(&sata.fronts);
	sata.h.m.fronts = &sata.fronts;
	pci_bus_init(&sata.bus, &sata.h.m, "pci.0");
	sata.bus.pin[3] = harness_irq(&sata.h, SATA_IRQ); /* INTA of slot 3 */
	sata.hba = (struct ahci *)harness_new(&sata.h, &ahci_class);
	sata.hba->pci.bus = &sata.bus;
	sata.hba->pci.devfn = SATA_DEVFN;
	harness_start(&sata.hba->pci.dev);
	plug_in(cdrom);
	sata_start_port();
}

void sata_tear_down(void)
{
	while (!list_empty(&sata.h.m.devices))
		device_free(container_of(sata.h.m.devices.prev, struct device,
					 link));
	blk_fronts_fini(&sata.fronts);
	loop_free(sata.h.m.loop);
	machine_fini(&sata.h.m);
	unlink(sata.path);
}

uint32_t sata_get(uint32_t reg)
{
	return (uint32_t)mmio_read(&sata.h, SATA_BAR + reg, 4);
}

void sata_set(uint32_t reg, uint32_t val)
{
	mmio_write(&sata.h, SATA_BAR + reg, val, 4);
}

uint32_t sata_port(enum ahci_port_reg reg)
{
	return sata_get(AHCI_PORT_BASE + reg);
}

void sata_set_port(enum ahci_port_reg reg, uint32_t val)
{
	sata_set(AHCI_PORT_BASE + reg, val);
}

void sata_start_port(void)
{
	sata_set_port(AHCI_PX_CLB, SATA_LIST);
	sata_set_port(AHCI_PX_FB, SATA_FIS);
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
	ck_assert_uint_eq(sata_port(AHCI_PX_TFD) & (ATA_BSY | ATA_DRQ), 0);
	sata_set_port(AHCI_PX_SERR, UINT32_MAX);
	sata_set_port(AHCI_PX_IS, UINT32_MAX);
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE | AHCI_CMD_ST);
}

void sata_recover(void)
{
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
	sata_set_port(AHCI_PX_SERR, UINT32_MAX);
	sata_set_port(AHCI_PX_IS, UINT32_MAX);
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE | AHCI_CMD_ST);
}

static uint64_t table(unsigned slot)
{
	return SATA_TABLE + slot * 4096;
}

static void put_fis(unsigned slot, const struct sata_command *c)
{
	uint8_t fis[64] = {0x27, 0x80, c->command, (uint8_t)c->feature};
	unsigned i;

	for (i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(c->lba >> 8 * i);
		fis[8 + i] = (uint8_t)(c->lba >> (24 + 8 * i));
	}
	fis[7] = c->device ? c->device : ATA_DEV_LBA;
	fis[11] = (uint8_t)(c->feature >> 8);
	store_le16(fis + 12, c->count);
	gmem_write(&sata.h.m.gmem, table(slot), fis, sizeof(fis));
	if (c->packet)
		gmem_write(&sata.h.m.gmem, table(slot) + 64, c->packet,
			   ATAPI_PACKET);
}

void sata_set_prd(unsigned slot, unsigned n, unsigned nprds, uint64_t addr,
		  uint32_t count)
{
	uint8_t prd[16] = {0}, raw[2];

	store_le64(prd, addr);
	store_le32(prd + 12, count);
	gmem_write(&sata.h.m.gmem, table(slot) + 128 + 16 * n, prd,
		   sizeof(prd));
	store_le16(raw, (uint16_t)nprds);
	gmem_write(&sata.h.m.gmem, SATA_LIST + 32 * slot + 2, raw, 2);
}

void sata_prepare(unsigned slot, const struct sata_command *c, uint64_t addr,
		  uint32_t len)
{
	uint8_t header[32] = {0};

	put_fis(slot, c);
	store_le32(header,
		   5u | (c->packet ? 0x20u : 0) | (c->write ? 0x40u : 0));
	store_le64(header + 8, table(slot));
	gmem_write(&sata.h.m.gmem, SATA_LIST + 32 * slot, header,
		   sizeof(header));
	if (len)
		sata_set_prd(slot, 0, 1, addr, len - 1);
}

void sata_issue(uint32_t slots)
{
	sata_set_port(AHCI_PX_CI, slots);
}

void sata_turn(void)
{
	loop_turn(sata.h.m.loop, 10);
}

uint32_t sata_wait(uint32_t slots)
{
	const uint32_t errors = AHCI_IS_TFES | AHCI_IS_HBFS | AHCI_IS_IFS;
	unsigned i;

	for (i = 0; i < TURNS; i++) {
		if (!((sata_port(AHCI_PX_CI) | sata_port(AHCI_PX_SACT)) &
		      slots) ||
		    sata_port(AHCI_PX_IS) & errors)
			return sata_port(AHCI_PX_TFD);
		sata_turn();
	}
	ck_abort_msg("busy for ever");
	return 0;
}

uint32_t sata_run(const struct sata_command *c, uint64_t addr, uint32_t len)
{
	sata_prepare(0, c, addr, len);
	sata_issue(1);
	return sata_wait(1);
}
