/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may do to a drive at the ports of an IDE channel. */
#include <stdlib.h>

#include "hw/pci_regs.h"
#include "hw/piix3_ide.h"
#include "tests/fuzz/drive_board.h"
#include "vmm/endian.h"

#define DEVFN	PCI_DEVFN(1, 1)
#define COMMAND 0x1f0u
#define CONTROL 0x3f6u
#define BMDMA	0xc000u
#define TABLE	0x1000u

static void write_table(struct board *b)
{
	uint8_t prd[8];

	store_le32(prd, board_take(b, 3));
	store_le32(prd + 4, board_take(b, 2) | board_take(b, 1) << 31);
	board_store(b, TABLE + board_take(b, 1) % 16 * 8, prd, sizeof(prd));
}

/* A whole task file, so that commands get somewhere. */
static void run_command(struct board *b)
{
	unsigned reg;

	board_port(b, COMMAND + 6, board_take(b, 1), 1);
	for (reg = 1; reg < 6; reg++)
		board_port(b, COMMAND + reg, board_take(b, 1), 1);
	board_port(b, COMMAND + 7, board_take(b, 1), 1);
}

static void send_packet(struct board *b)
{
	unsigned i;

	board_port(b, COMMAND + 1, board_take(b, 1), 1);
	board_port(b, COMMAND + 4, board_take(b, 1), 1);
	board_port(b, COMMAND + 5, board_take(b, 1), 1);
	board_port(b, COMMAND + 7, ATA_CMD_PACKET, 1);
	for (i = 0; i < ATAPI_PACKET / 2; i++)
		board_port(b, COMMAND, board_take(b, 2), 2);
}

static void move_data(struct board *b)
{
	unsigned n = board_take(b, 2) % 2048, size = board_take(b, 1);

	while (n--)
		if (size & 0x80)
			board_port(b, COMMAND, n, size & 1 ? 4 : 2);
		else
			board_read_port(b, COMMAND, size & 1 ? 4 : 2);
}

static void start_dma(struct board *b)
{
	board_port(b, BMDMA + 4, TABLE, 4);
	board_port(b, BMDMA, board_take(b, 1), 1);
}

static void registers(struct board *b)
{
	unsigned off = board_take(b, 1);

	board_port(b, COMMAND + off % 8, board_take(b, 1), 1);
	board_read_port(b, COMMAND + off % 8, 1);
	board_port(b, BMDMA + off % 16, board_take(b, 1), 1);
	board_read_port(b, BMDMA + off % 16, 4);
}

static void reset(struct board *b)
{
	board_port(b, CONTROL, board_take(b, 1), 1);
	board_read_port(b, CONTROL, 1);
}

static void turn(struct board *b)
{
	board_turn(b, 1);
}

static void (*const steps[])(struct board *) = {
	write_table, run_command, send_packet, move_data,
	start_dma,   registers,	  reset,       turn,
};

void ide_steps(const uint8_t *data, size_t size, bool cdrom)
{
	struct board b;
	struct piix3_ide *ide;
	unsigned n;

	board_start(&b, &piix3_ide_class, DEVFN, data, size);
	ide = (struct piix3_ide *)b.pci;
	board_attach(&b, &ide->channel[0].drive[0], cdrom);
	pci_config_write(&b.bus, DEVFN, PCI_BASE_ADDRESS_4, BMDMA, 4);
	pci_config_write(&b.bus, DEVFN, PCI_COMMAND, 5, 2);
	for (n = 0; board_more(&b) && n < BOARD_OPS; n++)
		steps[board_take(&b, 1) % (sizeof(steps) / sizeof(*steps))](&b);
	board_end(&b);
}
