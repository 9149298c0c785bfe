/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes an 82540EM by a hostile driver: bytes are what it writes to
 * registers and descriptors, and what comes over the wire.
 */
#include "hw/e1000.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/nic_steps.h"
#include "vmm/endian.h"

#define TX_RING 0x10000u
#define RX_RING 0x11000u
#define DESCS	32u

static const enum e1000_reg often[] = {
	E1000_CTRL, E1000_TDT,	E1000_RDT,   E1000_TDH,	  E1000_RDH,
	E1000_RCTL, E1000_TCTL, E1000_IMS,   E1000_ICR,	  E1000_MDIC,
	E1000_EECD, E1000_EERD, E1000_RDTR,  E1000_TIDV,  E1000_ITR,
	E1000_RADV, E1000_TADV, E1000_TDLEN, E1000_RDLEN, E1000_RXCSUM,
};

static void reg(struct nic_board *n, uint32_t off, uint32_t val)
{
	board_mmio(&n->b, NIC_BAR_MEM + off, val, 4);
}

static void bring_up(struct nic_board *n)
{
	nic_map(n, 0, 1);
	reg(n, E1000_TDBAL, TX_RING);
	reg(n, E1000_TDLEN, DESCS * 16);
	reg(n, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	reg(n, E1000_RDBAL, RX_RING);
	reg(n, E1000_RDLEN, DESCS * 16);
	reg(n, E1000_RDT, DESCS - 1);
	reg(n, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_LPE);
	reg(n, E1000_IMS, E1000_ICR_ALL);
}

static void descriptor(struct nic_board *n)
{
	uint32_t at = board_take(&n->b, 1) % (2 * DESCS) * 16;
	uint8_t raw[16] = {0};

	store_le32(raw, board_take(&n->b, 3));
	store_le32(raw + 4, board_take(&n->b, 1));
	store_le32(raw + 8, board_take(&n->b, 4));
	store_le32(raw + 12, board_take(&n->b, 4));
	board_store(&n->b, TX_RING + at, raw, sizeof(raw));
}

static void registers(struct nic_board *n)
{
	uint32_t which = board_take(&n->b, 1);

	reg(n, often[which % (sizeof(often) / sizeof(*often))],
	    board_take(&n->b, 4));
}

static void any_register(struct nic_board *n)
{
	uint32_t off = board_take(&n->b, 2) % E1000_SPACE;

	reg(n, off & ~3u, board_take(&n->b, 4));
	board_port(&n->b, NIC_BAR_IO, off, 4);
	board_read_port(&n->b, NIC_BAR_IO + 4, 4);
}

static void kick(struct nic_board *n)
{
	reg(n, E1000_TDT, board_take(&n->b, 1) % DESCS);
}

static void (*const steps[])(struct nic_board *) = {
	descriptor, registers,	any_register, kick,	nic_packet,
	nic_time,   nic_config, nic_room,     bring_up, nic_memory,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nic_fuzz(&e1000_class, bring_up, steps, sizeof(steps) / sizeof(*steps),
		 data, size);
	return 0;
}
