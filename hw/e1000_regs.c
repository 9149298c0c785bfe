/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the 82540EM (13.3): a table of those that are, with the bits
 * that a driver may write, and what else happens when it does.  What is read
 * where there is none is zero.
 */
#include <string.h>

#include "hw/e1000.h"
#include "vmm/endian.h"

#define IO_ADDR	    0x0u /* 13.2.1.2.1: a register by its number */
#define IO_DATA	    0x4u
#define ALL	    UINT32_MAX
#define LOW16	    0xffffu
#define RING_BASE   0xfffffff0u
#define RING_LEN    0xfff80u
#define DELAY	    (LOW16 | E1000_DELAY_FLUSH)
#define FIFO	    0x1fffu
#define FILTER_LEN  0x7ffu
#define CTRL_EXT_EE (1u << 13) /* EE_RST: takes the EEPROM's words again */
#define CTRL_ONCE   (E1000_CTRL_RST | E1000_CTRL_PHY_RST)

/* 13.4.1 to 13.4.44: at power on. */
#define CTRL_RESET   0x00140240u /* 1000 Mb/s, SLU */
#define STATUS_RESET 0x80080781u /* 1000 Mb/s, full duplex */
#define LEDCTL_RESET 0x00000602u
#define PBA_RESET    0x00100030u /* 48 KiB to receive, 16 to send */
#define MANC_RESET   0x00222300u
#define VET_RESET    0x8100u

struct range {
	uint16_t first, last; /* offsets */
	uint32_t mask; /* of bits that are written */
	/* Called instead of writing; val has been masked. */
	void (*write)(struct e1000 *e, uint32_t off, uint32_t val);
	uint32_t (*read)(struct e1000 *e, uint32_t off);
};

static void write_ctrl(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_CTRL, val & ~CTRL_ONCE);
	if (val & E1000_CTRL_PHY_RST)
		e1000_phy_reset(e);
	if (val & E1000_CTRL_RST)
		e1000_reset_mac(e);
}

static void write_ctrl_ext(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_CTRL_EXT, val & ~CTRL_EXT_EE);
	if (val & CTRL_EXT_EE)
		e1000_eeprom_load(e);
}

static void write_eecd(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_eeprom_wires(e, val);
}

static uint32_t read_eecd(struct e1000 *e, uint32_t off)
{
	return e1000_eeprom_eecd(e);
}

static void write_eerd(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_eeprom_read(e, val);
}

static void write_mdic(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_phy_command(e, val);
}

static uint32_t read_icr(struct e1000 *e, uint32_t off)
{
	uint32_t val = e1000_get(e, E1000_ICR);

	e1000_put(e, E1000_ICR, 0);
	e1000_irq_update(e);
	return val;
}

static void write_icr(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_ICR, e1000_get(e, E1000_ICR) & ~val);
	e1000_irq_update(e);
}

static void write_ics(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_raise(e, val);
}

static void write_ims(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_IMS, e1000_get(e, E1000_IMS) | val);
	e1000_irq_update(e);
}

static void write_imc(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_IMS, e1000_get(e, E1000_IMS) & ~val);
	e1000_irq_update(e);
}

static uint32_t read_zero(struct e1000 *e, uint32_t off)
{
	return 0;
}

static void write_rctl(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_RCTL, val);
	e1000_rx_ready(e);
}

static void write_rx_ring(struct e1000 *e, uint32_t off, uint32_t val)
{
	e->reg[off / 4] = val;
	e1000_rx_ready(e);
}

static void write_rdtr(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_RDTR, val & ~E1000_DELAY_FLUSH);
	if (val & E1000_DELAY_FLUSH)
		e1000_flush_rx(e);
}

static void write_tidv(struct e1000 *e, uint32_t off, uint32_t val)
{
	e1000_put(e, E1000_TIDV, val & ~E1000_DELAY_FLUSH);
	if (val & E1000_DELAY_FLUSH)
		e1000_flush_tx(e);
}

static void write_tx(struct e1000 *e, uint32_t off, uint32_t val)
{
	e->reg[off / 4] = val;
	e1000_tx_run(e);
}

void e1000_show_address(struct e1000 *e)
{
	uint8_t mac[NIC_MAC_LEN];

	store_le32(mac, e1000_get(e, E1000_RAL));
	store_le16(mac + 4, (uint16_t)e1000_get(e, E1000_RAH));
	nic_set_mac(&e->nic, mac);
}

static void write_address(struct e1000 *e, uint32_t off, uint32_t val)
{
	e->reg[off / 4] = val;
	if (off <= E1000_RAH)
		e1000_show_address(e);
}

/* By offset. */
static const struct range ranges[] = {
	{E1000_CTRL, E1000_CTRL, ALL, write_ctrl, NULL},
	{E1000_STATUS, E1000_STATUS, 0, NULL, NULL},
	{E1000_EECD, E1000_EECD, ALL, write_eecd, read_eecd},
	{E1000_EERD, E1000_EERD, ALL, write_eerd, NULL},
	{E1000_CTRL_EXT, E1000_CTRL_EXT, ALL, write_ctrl_ext, NULL},
	{E1000_MDIC, E1000_MDIC, ALL, write_mdic, NULL},
	{E1000_FCAL, E1000_FCAL + 8, ALL, NULL, NULL},
	{E1000_VET, E1000_VET, LOW16, NULL, NULL},
	{E1000_ICR, E1000_ICR, E1000_ICR_ALL, write_icr, read_icr},
	{E1000_ITR, E1000_ITR, LOW16, NULL, NULL},
	{E1000_ICS, E1000_ICS, E1000_ICR_ALL, write_ics, read_zero},
	{E1000_IMS, E1000_IMS, E1000_ICR_ALL, write_ims, NULL},
	{E1000_IMC, E1000_IMC, E1000_ICR_ALL, write_imc, read_zero},
	{E1000_RCTL, E1000_RCTL, ALL, write_rctl, NULL},
	{E1000_FCTTV, E1000_FCTTV, LOW16, NULL, NULL},
	{E1000_TXCW, E1000_TXCW, ALL, NULL, NULL},
	{E1000_TCTL, E1000_TCTL, ALL, write_tx, NULL},
	{E1000_TIPG, E1000_TIPG, ALL, NULL, NULL},
	{E1000_AIT, E1000_AIT, LOW16, NULL, NULL},
	{E1000_LEDCTL, E1000_LEDCTL, ALL, NULL, NULL},
	{E1000_PBA, E1000_PBA, ALL, NULL, NULL},
	{E1000_FCRTL, E1000_FCRTL, ALL, NULL, NULL},
	{E1000_FCRTH, E1000_FCRTH, ALL, NULL, NULL},
	{E1000_RDFH, E1000_RDFPC, FIFO, NULL, NULL},
	{E1000_RDBAL, E1000_RDBAL, RING_BASE, NULL, NULL},
	{E1000_RDBAH, E1000_RDBAH, ALL, NULL, NULL},
	{E1000_RDLEN, E1000_RDLEN, RING_LEN, write_rx_ring, NULL},
	{E1000_RDH, E1000_RDH, LOW16, write_rx_ring, NULL},
	{E1000_RDT, E1000_RDT, LOW16, write_rx_ring, NULL},
	{E1000_RDTR, E1000_RDTR, DELAY, write_rdtr, NULL},
	{E1000_RXDCTL, E1000_RXDCTL, ALL, NULL, NULL},
	{E1000_RADV, E1000_RADV, LOW16, NULL, NULL},
	{E1000_RSRPD, E1000_RSRPD, LOW16, NULL, NULL},
	{E1000_TXDMAC, E1000_TXDMAC, ALL, NULL, NULL},
	{E1000_TDFH, E1000_TDFPC, FIFO, NULL, NULL},
	{E1000_TDBAL, E1000_TDBAL, RING_BASE, NULL, NULL},
	{E1000_TDBAH, E1000_TDBAH, ALL, NULL, NULL},
	{E1000_TDLEN, E1000_TDLEN, RING_LEN, NULL, NULL},
	{E1000_TDH, E1000_TDH, LOW16, NULL, NULL},
	{E1000_TDT, E1000_TDT, LOW16, write_tx, NULL},
	{E1000_TIDV, E1000_TIDV, DELAY, write_tidv, NULL},
	{E1000_TXDCTL, E1000_TXDCTL, ALL, NULL, NULL},
	{E1000_TADV, E1000_TADV, LOW16, NULL, NULL},
	{E1000_TSPMT, E1000_TSPMT, ALL, NULL, NULL},
	{E1000_CRCERRS, E1000_TSCTFC, 0, NULL, e1000_counter_read},
	{E1000_RXCSUM, E1000_RXCSUM, ALL, NULL, NULL},
	{E1000_MTA, E1000_MTA + 4 * E1000_MTA_WORDS - 4, ALL, NULL, NULL},
	{E1000_RAL, E1000_RAL + 8 * E1000_RA_ENTRIES - 4, ALL, write_address,
	 NULL},
	{E1000_VFTA, E1000_VFTA + 4 * E1000_VFTA_WORDS - 4, ALL, NULL, NULL},
	{E1000_WUC, E1000_WUC, ALL, NULL, NULL},
	{E1000_WUFC, E1000_WUFC, ALL, NULL, NULL},
	{E1000_WUS, E1000_WUS, ALL, NULL, NULL},
	{E1000_MANC, E1000_MANC, ALL, NULL, NULL},
	{E1000_IPAV, E1000_IPAV, ALL, NULL, NULL},
	{E1000_IP4AT, E1000_IP4AT + 0x18, ALL, NULL, NULL},
	{E1000_IP6AT, E1000_IP6AT + 0xc, ALL, NULL, NULL},
	{E1000_WUPL, E1000_WUPL, 0, NULL, NULL},
	{E1000_WUPM, E1000_WUPM + 0x7c, ALL, NULL, NULL},
	{E1000_FFLT, E1000_FFLT + 0x18, FILTER_LEN, NULL, NULL},
};

static const struct {
	enum e1000_reg reg;
	uint32_t val;
} resets[] = {
	{E1000_CTRL, CTRL_RESET}, {E1000_LEDCTL, LEDCTL_RESET},
	{E1000_PBA, PBA_RESET},	  {E1000_MANC, MANC_RESET},
	{E1000_VET, VET_RESET},
};

static const struct range *find(uint64_t off)
{
	size_t low = 0, high = sizeof(ranges) / sizeof(*ranges);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (off > ranges[mid].last)
			low = mid + 1;
		else if (off < ranges[mid].first)
			high = mid;
		else
			return &ranges[mid];
	}
	return NULL;
}

static uint64_t registers_read(void *dev, uint64_t off, unsigned size)
{
	const struct range *r = find(off);
	struct e1000 *e = dev;

	if (!r)
		return 0;
	return r->read ? r->read(e, (uint32_t)off) : e->reg[off / 4];
}

static void registers_write(void *dev, uint64_t off, uint64_t val,
			    unsigned size)
{
	const struct range *r = find(off);
	struct e1000 *e = dev;

	if (!r || !r->mask)
		return;
	if (r->write)
		r->write(e, (uint32_t)off, (uint32_t)val & r->mask);
	else
		e->reg[off / 4] = (uint32_t)val & r->mask;
}

const struct bus_ops e1000_registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.min = 4,
	.max = 4,
};

static uint64_t ports_read(void *dev, uint64_t off, unsigned size)
{
	const struct e1000 *e = dev;

	if (off == IO_ADDR)
		return e->io_addr;
	return off == IO_DATA ? registers_read(dev, e->io_addr, size) : 0;
}

static void ports_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct e1000 *e = dev;

	if (off == IO_ADDR)
		e->io_addr = (uint32_t)val & ~3u;
	else if (off == IO_DATA)
		registers_write(dev, e->io_addr, val, size);
}

const struct bus_ops e1000_ports_ops = {
	.read = ports_read,
	.write = ports_write,
	.min = 4,
	.max = 4,
};

void e1000_reset_registers(struct e1000 *e)
{
	uint32_t status = e1000_get(e, E1000_STATUS) & E1000_STATUS_LU;
	size_t i;

	memset(e->reg, 0, sizeof(e->reg));
	for (i = 0; i < sizeof(resets) / sizeof(*resets); i++)
		e1000_put(e, resets[i].reg, resets[i].val);
	if (!e->init_vet)
		e1000_put(e, E1000_VET, 0);
	e1000_put(e, E1000_STATUS, STATUS_RESET | status);
}
