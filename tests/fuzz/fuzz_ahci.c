/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes an AHCI controller with a disk or a CD-ROM by a hostile driver: bytes
 * are what it writes to registers, command lists and tables.
 */
#include <stdlib.h>

#include "hw/ahci.h"
#include "hw/pci_regs.h"
#include "tests/fuzz/drive_board.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/endian.h"

#define DEVFN PCI_DEVFN(3, 0)
#define BAR   0xe0000000u
#define INDEX 0xc000u
#define PORT  (BAR + AHCI_PORT_BASE)
#define LIST  0x10000u
#define FIS   0x11000u
#define TABLE 0x12000u /* one for each slot, of 256 bytes */

static void port_reg(struct board *b, enum ahci_port_reg reg, uint32_t val)
{
	board_mmio(b, PORT + reg, val, 4);
}

static void bring_up(struct board *b)
{
	pci_config_write(&b->bus, DEVFN, PCI_BASE_ADDRESS_4, INDEX, 4);
	pci_config_write(&b->bus, DEVFN, PCI_BASE_ADDRESS_5, BAR, 4);
	pci_config_write(&b->bus, DEVFN, PCI_COMMAND, 7, 2);
	port_reg(b, AHCI_PX_CMD, 0);
	port_reg(b, AHCI_PX_CLB, LIST);
	port_reg(b, AHCI_PX_FB, FIS);
	port_reg(b, AHCI_PX_SCTL, 1);
	port_reg(b, AHCI_PX_SCTL, 0);
	port_reg(b, AHCI_PX_CMD, AHCI_CMD_FRE | AHCI_CMD_ST);
}

static uint32_t slot_of(struct board *b)
{
	return board_take(b, 1) % AHCI_SLOTS;
}

static void write_header(struct board *b)
{
	uint32_t slot = slot_of(b);
	uint8_t raw[16] = {0};

	store_le32(raw, 5u | board_take(b, 2) << 5);
	store_le16(raw + 2, (uint16_t)(board_take(b, 1) % 9));
	store_le64(raw + 8, TABLE + slot * 256);
	board_store(b, LIST + 32 * slot, raw, sizeof(raw));
}

static void write_command(struct board *b)
{
	uint8_t fis[AHCI_FIS_SIZE] = {0x27, 0x80};
	uint32_t slot = slot_of(b);
	unsigned i;

	fis[2] = (uint8_t)board_take(b, 1);
	fis[3] = (uint8_t)board_take(b, 1);
	for (i = 4; i < 8; i++)
		fis[i] = (uint8_t)board_take(b, 1);
	fis[12] = (uint8_t)board_take(b, 1);
	board_store(b, TABLE + slot * 256, fis, sizeof(fis));
}

static void write_region(struct board *b)
{
	uint64_t at =
		TABLE + slot_of(b) * 256 + 128 + board_take(b, 1) % 8 * 16;
	uint8_t prd[16] = {0};

	store_le64(prd, board_take(b, 3));
	store_le32(prd + 12, board_take(b, 2) | board_take(b, 1) << 31);
	board_store(b, at, prd, sizeof(prd));
}

static void write_packet(struct board *b)
{
	uint8_t packet[ATAPI_PACKET];
	uint32_t slot = slot_of(b);
	unsigned i;

	for (i = 0; i < ATAPI_PACKET; i++)
		packet[i] = (uint8_t)board_take(b, 1);
	board_store(b, TABLE + slot * 256 + 64, packet, sizeof(packet));
}

static void write_memory(struct board *b)
{
	uint64_t at = LIST + board_take(b, 2) % 0x4000;
	uint8_t raw[4];

	store_le32(raw, board_take(b, 4));
	board_store(b, at, raw, sizeof(raw));
}

static void issue(struct board *b)
{
	uint32_t slots = 1u << slot_of(b) | 1u << slot_of(b);

	port_reg(b, AHCI_PX_SACT, slots & board_take(b, 4));
	port_reg(b, AHCI_PX_CI, slots);
}

static void registers(struct board *b)
{
	uint32_t off = board_take(b, 2), val = board_take(b, 4);

	board_mmio(b, BAR + off % 0x500, val, off & 0x8000 ? 1 : 4);
	board_port(b, INDEX + off % 0x20, val, 4);
	board_read_port(b, INDEX + off % 0x20, 4);
}

static void configuration(struct board *b)
{
	unsigned off = board_take(b, 1);

	pci_config_write(&b->bus, DEVFN, off & ~3u, board_take(b, 4), 4);
}

static void turn(struct board *b)
{
	board_turn(b, 1);
}

static void (*const steps[])(struct board *) = {
	write_header, write_command, write_region,  write_packet, write_memory,
	issue,	      registers,     configuration, turn,	  bring_up,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board b;
	unsigned n;

	board_start(&b, &ahci_class, DEVFN, data, size);
	board_attach(&b, &((struct ahci *)b.pci)->port[0].drive,
		     board_take(&b, 1) & 1);
	bring_up(&b);
	for (n = 0; board_more(&b) && n < BOARD_OPS; n++)
		steps[board_take(&b, 1) % (sizeof(steps) / sizeof(*steps))](&b);
	board_end(&b);
	return 0;
}
