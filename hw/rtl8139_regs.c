/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the RTL8139C+ (5): bytes in a row, of which a table says what
 * can be written, and another what else happens then.
 */
#include <linux/mii.h>
#include <string.h>

#include "hw/rtl8139.h"

#define TICK 30 /* ns: TCTR counts cycles of the PCI bus */

/* 5.10: 9346CR */
#define EEM	    0xc0u
#define EEM_NORMAL  0x00u
#define EEM_LOAD    0x40u
#define EEM_PROGRAM 0x80u
#define EEM_WRITE   0xc0u
#define EECS	    0x08u
#define EESK	    0x04u
#define EEDI	    0x02u
#define EEDO	    0x01u

/* 5.15: MSR; LINKB says that there is none. */
#define MSR_LINKB   0x04u
#define MSR_RESET   0xd0u /* flow control both ways, auxiliary power */

#define TCR_VERSION 0x74800000u /* 8139C+ */
#define TCR_MASK    0x030707f0u
#define RCR_MASK    0x0f03ffbfu
#define RCR_RBLEN   0x1800u
#define CONFIG1_SET 0x0cu /* MEMMAP, IOMAP: both are there always */
#define CONFIG3_SET 0x01u
#define DTCCR_CMD   0x08u
#define DTCCR_ADDR  (~63u)
#define TALLY_SIZE  64u
#define CAPR_RESET  0xfff0u
#define BMCR_KEPT   (BMCR_SPEED100 | BMCR_ANENABLE | BMCR_FULLDPLX)
#define BMSR_UP	    (BMSR_LSTATUS | BMSR_ANEGCOMPLETE)
#define BMSR_ABLE   0x7809u
#define ABILITY	    0x05e1u
#define EEPROM_ID   0x8129u
#define EEPROM_MAC  7u /* word */

/* Bits that can be written where nothing else happens. */
static const uint8_t mask[RTL8139_SPACE] = {
	[RTL8139_MAR] = 0xff,	      [RTL8139_MAR + 1] = 0xff,
	[RTL8139_MAR + 2] = 0xff,     [RTL8139_MAR + 3] = 0xff,
	[RTL8139_MAR + 4] = 0xff,     [RTL8139_MAR + 5] = 0xff,
	[RTL8139_MAR + 6] = 0xff,     [RTL8139_MAR + 7] = 0xff,
	[RTL8139_RBSTART] = 0xff,     [RTL8139_RBSTART + 1] = 0xff,
	[RTL8139_RBSTART + 2] = 0xff, [RTL8139_RBSTART + 3] = 0xff,
	[RTL8139_MULINT] = 0xff,      [RTL8139_MULINT + 1] = 0x0f,
	[RTL8139_ANAR] = 0xff,	      [RTL8139_ANAR + 1] = 0xff,
	[RTL8139_CONFIG5] = 0x7f,     [RTL8139_CPCR] = 0x7b,
	[RTL8139_RDSAR] = 0xff,	      [RTL8139_RDSAR + 1] = 0xff,
	[RTL8139_RDSAR + 2] = 0xff,   [RTL8139_RDSAR + 3] = 0xff,
	[RTL8139_RDSAR + 4] = 0xff,   [RTL8139_RDSAR + 5] = 0xff,
	[RTL8139_RDSAR + 6] = 0xff,   [RTL8139_RDSAR + 7] = 0xff,
	[RTL8139_ETTHR] = 0xff,
};

void rtl8139_update_irq(struct rtl8139 *r)
{
	pci_set_intx(&r->pci, rtl8139_get16(r, RTL8139_ISR) &
				      rtl8139_get16(r, RTL8139_IMR));
}

void rtl8139_raise(struct rtl8139 *r, uint32_t causes)
{
	rtl8139_put16(r, RTL8139_ISR,
		      (uint16_t)(rtl8139_get16(r, RTL8139_ISR) | causes));
	rtl8139_update_irq(r);
}

static bool in_cplus(const struct rtl8139 *r)
{
	return r->reg[RTL8139_CPCR] & (RTL8139_CPCR_TX | RTL8139_CPCR_RX);
}

/* 5.9: an interrupt when TCTR gets to where the driver wants it. */
void rtl8139_count(struct rtl8139 *r)
{
	uint32_t at = rtl8139_get32(r, RTL8139_TIMER_INT);

	if (!at)
		timer_cancel(&r->count_ends);
	else if (r->counting + (int64_t)at * TICK > clock_now(rtl8139_clock(r)))
		timer_set(&r->count_ends, r->counting + (int64_t)at * TICK);
}

static void count_ends(void *ctx)
{
	rtl8139_raise(ctx, RTL8139_INT_TIMEOUT);
}

static void write_idr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put32(r, reg, val);
	rtl8139_put16(r, RTL8139_IDR + NIC_MAC_LEN, 0);
	nic_set_mac(&r->nic, r->reg + RTL8139_IDR);
}

static void dump_tally(struct rtl8139 *r)
{
	const struct rtl8139_tally *t = &r->tally;
	uint64_t addr = (r->dtccr[0] & DTCCR_ADDR) | (uint64_t)r->dtccr[1]
							     << 32;
	uint8_t raw[TALLY_SIZE] = {0};

	store_le64(raw, t->tx_ok);
	store_le64(raw + 8, t->rx_ok);
	store_le64(raw + 16, t->tx_err);
	store_le32(raw + 24, t->rx_err);
	store_le16(raw + 28, t->missed);
	store_le64(raw + 40, t->rx_ok_own);
	store_le64(raw + 48, t->rx_ok_broadcast);
	store_le32(raw + 56, t->rx_ok_multicast);
	if (pci_is_master(&r->pci))
		gmem_write(rtl8139_gmem(r), addr, raw, sizeof(raw));
	r->dtccr[0] &= ~DTCCR_CMD;
}

static void write_tsd(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	unsigned n = (reg - RTL8139_TSD) / 4;

	if (in_cplus(r)) {
		if (n < 2)
			r->dtccr[n] = val;
		if (n == 0 && val & DTCCR_CMD)
			dump_tally(r);
		return;
	}
	rtl8139_put32(r, reg, val & ~(RTL8139_TSD_TOK | RTL8139_TSD_TUN));
	rtl8139_tx_run(r);
}

static void write_tsad(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	/* The four are one with the addresses of C+ mode's rings. */
	rtl8139_put32(r, reg, val);
	r->rings[(reg - RTL8139_TSAD) / 4] = val;
}

static void write_cr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	uint32_t was = r->reg[RTL8139_CR];

	if (val & RTL8139_CR_RST)
		rtl8139_soft_reset(r);
	r->reg[RTL8139_CR] = val & (RTL8139_CR_TE | RTL8139_CR_RE);
	if (val & ~was & RTL8139_CR_RE)
		rtl8139_rx_reset(r);
	if (val & ~was & RTL8139_CR_TE) {
		r->cplus_tx[RTL8139_NORMAL] = r->cplus_tx[RTL8139_HIGH] = 0;
		r->pieces = 0;
		rtl8139_tx_run(r);
	}
}

static void write_capr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put16(r, RTL8139_CAPR, (uint16_t)val);
	rtl8139_rx_ready(r);
}

static void write_imr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put16(r, RTL8139_IMR, val & RTL8139_INT_ALL);
	rtl8139_update_irq(r);
}

static void write_isr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put16(r, RTL8139_ISR,
		      (uint16_t)(rtl8139_get16(r, RTL8139_ISR) & ~val));
	rtl8139_update_irq(r);
}

static void write_tcr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	if (r->reg[RTL8139_CR] & RTL8139_CR_TE)
		rtl8139_put32(r, RTL8139_TCR, TCR_VERSION | (val & TCR_MASK));
}

static void write_rcr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	uint32_t was = rtl8139_get32(r, RTL8139_RCR);

	rtl8139_put32(r, RTL8139_RCR, val & RCR_MASK);
	if ((was ^ val) & RCR_RBLEN)
		rtl8139_rx_reset(r);
}

static void write_tctr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	r->counting = clock_now(rtl8139_clock(r));
	rtl8139_count(r);
}

static void write_mpc(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put32(r, RTL8139_MPC, 0);
}

static void write_9346cr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	r->reg[reg] = val & (EEM | EECS | EESK | EEDI);
	if ((val & EEM) == EEM_PROGRAM) {
		at93c46_set(&r->eeprom, val & EECS, val & EESK, val & EEDI);
	} else if ((val & EEM) == EEM_LOAD) {
		r->reg[reg] = EEM_NORMAL;
		rtl8139_eeprom_load(r);
	}
}

struct locked {
	uint8_t reg, mask, set;
};

static const struct locked locked[] = {
	{RTL8139_CONFIG0, 0x07, 0},
	{RTL8139_CONFIG1, 0xff, CONFIG1_SET},
	{RTL8139_CONFIG3, 0x70, CONFIG3_SET},
	{RTL8139_CONFIG4, 0xff, 0},
};

static void write_config(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	size_t i;

	if ((r->reg[RTL8139_9346CR] & EEM) != EEM_WRITE)
		return;
	for (i = 0; i < sizeof(locked) / sizeof(*locked); i++)
		if (locked[i].reg == reg)
			r->reg[reg] = (uint8_t)((val & locked[i].mask) |
						locked[i].set);
}

static void write_timer_int(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	rtl8139_put32(r, RTL8139_TIMER_INT, val);
	timer_cancel(&r->count_ends);
	rtl8139_count(r);
}

/* Negotiation takes no time. */
static void write_bmcr(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	if (val & BMCR_RESET)
		val = BMCR_ANENABLE;
	rtl8139_put16(r, RTL8139_BMCR, val & BMCR_KEPT);
}

static void write_tppoll(struct rtl8139 *r, unsigned reg, uint32_t val)
{
	r->polls |= val & (RTL8139_TPPOLL_HPQ | RTL8139_TPPOLL_NPQ);
	if (val & RTL8139_TPPOLL_SWI)
		rtl8139_raise(r, RTL8139_INT_SOFT);
	rtl8139_tx_run(r);
}

static uint32_t read_cr(const struct rtl8139 *r, unsigned reg)
{
	return r->reg[RTL8139_CR] | (rtl8139_rx_empty(r) ? RTL8139_CR_BUFE : 0);
}

static uint32_t read_tctr(const struct rtl8139 *r, unsigned reg)
{
	int64_t now = clock_now(&r->pci.dev.machine->virt);

	return (uint32_t)((now - r->counting) / TICK);
}

static uint32_t read_9346cr(const struct rtl8139 *r, unsigned reg)
{
	uint32_t val = r->reg[reg];

	if ((val & EEM) == EEM_PROGRAM && r->eeprom.out)
		val |= EEDO;
	return val;
}

static uint32_t read_tsd(const struct rtl8139 *r, unsigned reg)
{
	unsigned n = (reg - RTL8139_TSD) / 4;

	return in_cplus(r) && n < 2 ? r->dtccr[n] : rtl8139_get32(r, reg);
}

/* 5.18: of each descriptor OWN, TUN, TABT, TOK, in groups of four. */
static uint32_t read_tsad_all(const struct rtl8139 *r, unsigned reg)
{
	static const uint32_t bits[] = {RTL8139_TSD_OWN, RTL8139_TSD_TUN,
					RTL8139_TSD_TABT, RTL8139_TSD_TOK};
	uint32_t all = 0;
	unsigned i, n;

	for (i = 0; i < 4; i++)
		for (n = 0; n < RTL8139_TX_DESCS; n++)
			if (rtl8139_get32(r, RTL8139_TSD + 4 * n) & bits[i])
				all |= 1u << (4 * i + n);
	return all;
}

struct special {
	uint8_t reg, size;
	bool bits; /* bytes that are not written count as zeros */
	void (*write)(struct rtl8139 *r, unsigned reg, uint32_t val);
	uint32_t (*read)(const struct rtl8139 *r, unsigned reg);
};

static const struct special specials[] = {
	{RTL8139_IDR, 4, false, write_idr, NULL},
	{RTL8139_IDR + 4, 4, false, write_idr, NULL},
	{RTL8139_TSD, 4, false, write_tsd, read_tsd},
	{RTL8139_TSD + 4, 4, false, write_tsd, read_tsd},
	{RTL8139_TSD + 8, 4, false, write_tsd, NULL},
	{RTL8139_TSD + 12, 4, false, write_tsd, NULL},
	{RTL8139_TSAD, 4, false, write_tsad, NULL},
	{RTL8139_TSAD + 4, 4, false, write_tsad, NULL},
	{RTL8139_TSAD + 8, 4, false, write_tsad, NULL},
	{RTL8139_TSAD + 12, 4, false, write_tsad, NULL},
	{RTL8139_CR, 1, false, write_cr, read_cr},
	{RTL8139_CAPR, 2, false, write_capr, NULL},
	{RTL8139_IMR, 2, false, write_imr, NULL},
	{RTL8139_ISR, 2, true, write_isr, NULL},
	{RTL8139_TCR, 4, false, write_tcr, NULL},
	{RTL8139_RCR, 4, false, write_rcr, NULL},
	{RTL8139_TCTR, 4, false, write_tctr, read_tctr},
	{RTL8139_MPC, 4, false, write_mpc, NULL},
	{RTL8139_9346CR, 1, false, write_9346cr, read_9346cr},
	{RTL8139_CONFIG0, 1, false, write_config, NULL},
	{RTL8139_CONFIG1, 1, false, write_config, NULL},
	{RTL8139_TIMER_INT, 4, false, write_timer_int, NULL},
	{RTL8139_CONFIG3, 1, false, write_config, NULL},
	{RTL8139_CONFIG4, 1, false, write_config, NULL},
	{RTL8139_TSAD_ALL, 2, false, NULL, read_tsad_all},
	{RTL8139_BMCR, 2, false, write_bmcr, NULL},
	{RTL8139_TPPOLL, 1, true, write_tppoll, NULL},
};

static const struct special *find(unsigned at)
{
	size_t i;

	for (i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (at >= specials[i].reg &&
		    at < specials[i].reg + (unsigned)specials[i].size)
			return &specials[i];
	return NULL;
}

static uint64_t read_bytes(void *dev, uint64_t off, unsigned size)
{
	const struct rtl8139 *r = dev;
	uint8_t raw[8] = {0};
	unsigned at, i;

	for (at = (unsigned)off, i = 0; i < size; at++, i++) {
		const struct special *s = find(at);

		raw[i] = r->reg[at];
		if (s && s->read)
			raw[i] = (uint8_t)(s->read(r, s->reg) >>
					   8 * (at - s->reg));
	}
	return load_le64(raw);
}

/* The whole of a register, with the bytes that are written. */
static uint32_t merge(const struct rtl8139 *r, const struct special *s,
		      unsigned off, uint64_t val, unsigned size)
{
	uint8_t raw[4] = {0};
	unsigned i;

	for (i = 0; i < s->size; i++) {
		unsigned at = s->reg + i;

		if (at >= off && at < off + size)
			raw[i] = (uint8_t)(val >> 8 * (at - off));
		else if (!s->bits)
			raw[i] = r->reg[at];
	}
	return load_le32(raw);
}

static void write_bytes(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	unsigned at = (unsigned)off, end = at + size;
	struct rtl8139 *r = dev;

	while (at < end) {
		const struct special *s = find(at);
		uint8_t byte = (uint8_t)(val >> 8 * (at - (unsigned)off));

		if (!s) {
			r->reg[at] = (uint8_t)((r->reg[at] & ~mask[at]) |
					       (byte & mask[at]));
			at++;
			continue;
		}
		if (s->write)
			s->write(r, s->reg,
				 merge(r, s, (unsigned)off, val, size));
		at = s->reg + (unsigned)s->size;
	}
}

const struct bus_ops rtl8139_ops = {
	.read = read_bytes,
	.write = write_bytes,
	.min = 1,
	.max = 4,
};

void rtl8139_registers_init(struct rtl8139 *r)
{
	timer_init(&r->count_ends, rtl8139_clock(r), count_ends, r);
}

void rtl8139_soft_reset(struct rtl8139 *r)
{
	unsigned n;

	rtl8139_tx_reset(r);
	r->reg[RTL8139_CR] = 0;
	rtl8139_put16(r, RTL8139_IMR, 0);
	rtl8139_put16(r, RTL8139_ISR, 0);
	rtl8139_put32(r, RTL8139_TCR, TCR_VERSION);
	for (n = 0; n < RTL8139_TX_DESCS; n++) {
		rtl8139_put32(r, RTL8139_TSD + 4 * n, RTL8139_TSD_OWN);
		rtl8139_put32(r, RTL8139_TSAD + 4 * n, 0);
	}
	memset(r->rings, 0, sizeof(r->rings));
	memset(r->dtccr, 0, sizeof(r->dtccr));
	rtl8139_put32(r, RTL8139_RBSTART, 0);
	rtl8139_put16(r, RTL8139_CPCR, 0);
	rtl8139_put32(r, RTL8139_TIMER_INT, 0);
	timer_cancel(&r->count_ends);
	r->counting = clock_now(rtl8139_clock(r));
	rtl8139_rx_reset(r);
	rtl8139_update_irq(r);
}

static void show_link(struct rtl8139 *r)
{
	r->reg[RTL8139_MSR] = MSR_RESET | (r->cable ? 0 : MSR_LINKB);
	rtl8139_put16(r, RTL8139_BMSR, BMSR_ABLE | (r->cable ? BMSR_UP : 0));
}

void rtl8139_link_changed(struct rtl8139 *r)
{
	show_link(r);
	rtl8139_raise(r, RTL8139_INT_LINK);
}

void rtl8139_reset_registers(struct rtl8139 *r)
{
	memset(r->reg, 0, sizeof(r->reg));
	memset(&r->tally, 0, sizeof(r->tally));
	at93c46_reset(&r->eeprom);
	r->reg[RTL8139_CONFIG1] = CONFIG1_SET;
	r->reg[RTL8139_CONFIG3] = CONFIG3_SET;
	r->reg[RTL8139_HLTCLK] = 1;
	r->reg[RTL8139_RERID] = r->pci.config[8];
	rtl8139_put16(r, RTL8139_BMCR, BMCR_ANENABLE);
	rtl8139_put16(r, RTL8139_ANAR, ABILITY);
	rtl8139_put16(r, RTL8139_ANLPAR, ABILITY);
	rtl8139_put16(r, RTL8139_ANER, 1);
	rtl8139_soft_reset(r);
	rtl8139_put16(r, RTL8139_CAPR, CAPR_RESET);
	show_link(r);
	rtl8139_eeprom_load(r);
}

/* 7: as far as drivers read it. */
void rtl8139_eeprom_fill(struct rtl8139 *r)
{
	uint16_t *word = r->eeprom.word;
	unsigned i;

	word[0] = EEPROM_ID;
	word[1] = load_le16(r->pci.config);
	word[2] = load_le16(r->pci.config + 2);
	for (i = 0; i < NIC_MAC_LEN / 2; i++)
		word[EEPROM_MAC + i] = load_le16(r->nic.mac + 2 * i);
}

void rtl8139_eeprom_load(struct rtl8139 *r)
{
	unsigned i;

	for (i = 0; i < NIC_MAC_LEN / 2; i++)
		rtl8139_put16(r, RTL8139_IDR + 2 * i,
			      r->eeprom.word[EEPROM_MAC + i]);
	nic_set_mac(&r->nic, r->reg + RTL8139_IDR);
}
