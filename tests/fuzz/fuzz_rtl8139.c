/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes an RTL8139C+ by a hostile driver: bytes are what it writes to
 * registers and descriptors, and what comes over the wire.
 */
#include "hw/rtl8139.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/nic_steps.h"

#define TX_RING 0x10000u
#define RX_RING 0x10400u
#define BYTES	0x20000u

static const struct {
	uint8_t reg, size;
} often[] = {
	{RTL8139_CR, 1},       {RTL8139_CAPR, 2},     {RTL8139_IMR, 2},
	{RTL8139_ISR, 2},      {RTL8139_TCR, 4},      {RTL8139_RCR, 4},
	{RTL8139_TCTR, 4},     {RTL8139_9346CR, 1},   {RTL8139_TIMER_INT, 4},
	{RTL8139_TPPOLL, 1},   {RTL8139_CPCR, 2},     {RTL8139_TSD, 4},
	{RTL8139_TSD + 4, 4},  {RTL8139_TSD + 8, 4},  {RTL8139_TSD + 12, 4},
	{RTL8139_TSAD + 4, 4}, {RTL8139_TSAD + 8, 4}, {RTL8139_BMCR, 2},
	{RTL8139_RBSTART, 4},  {RTL8139_MAR, 4},
};

static void reg(struct nic_board *n, uint32_t off, uint32_t val, unsigned size)
{
	board_mmio(&n->b, NIC_BAR_MEM + off, val, size);
}

static void bring_up(struct nic_board *n)
{
	nic_map(n, 1, 0);
	reg(n, RTL8139_RBSTART, BYTES, 4);
	reg(n, RTL8139_RDSAR, RX_RING, 4);
	reg(n, RTL8139_TSAD, TX_RING, 4);
	reg(n, RTL8139_TSAD + 8, RX_RING, 4);
	reg(n, RTL8139_CR, RTL8139_CR_TE | RTL8139_CR_RE, 1);
	reg(n, RTL8139_RCR, 0xf | board_take(&n->b, 2) << 7, 4);
	reg(n, RTL8139_CPCR, board_take(&n->b, 1), 2);
	reg(n, RTL8139_IMR, RTL8139_INT_ALL, 2);
}

static void descriptor(struct nic_board *n)
{
	uint32_t at = board_take(&n->b, 1) % (2 * RTL8139_RING) * 16;
	uint8_t raw[16] = {0};

	store_le32(raw, board_take(&n->b, 4) | 1u << 31);
	store_le32(raw + 4, board_take(&n->b, 3));
	store_le32(raw + 8, board_take(&n->b, 3));
	store_le32(raw + 12, board_take(&n->b, 1));
	board_store(&n->b, TX_RING + at, raw, sizeof(raw));
}

static void registers(struct nic_board *n)
{
	uint32_t which =
		board_take(&n->b, 1) % (sizeof(often) / sizeof(*often));

	reg(n, often[which].reg, board_take(&n->b, often[which].size),
	    often[which].size);
}

static void any_register(struct nic_board *n)
{
	uint32_t off = board_take(&n->b, 1), size = 1u << off % 3;

	board_port(&n->b, NIC_BAR_IO + off % (256 - size), board_take(&n->b, 4),
		   size);
	board_read_port(&n->b, NIC_BAR_IO + off % (256 - size), size);
}

static void kick(struct nic_board *n)
{
	reg(n, RTL8139_TPPOLL, board_take(&n->b, 1), 1);
}

static void (*const steps[])(struct nic_board *) = {
	descriptor, registers,	any_register, kick,	nic_packet,
	nic_time,   nic_config, nic_room,     bring_up, nic_memory,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nic_fuzz(&rtl8139_class, bring_up, steps,
		 sizeof(steps) / sizeof(*steps), data, size);
	return 0;
}
