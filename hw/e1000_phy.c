/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the 82540EM has around its MAC: the PHY, an M88E1011 (13.4.7, and
 * Marvell's registers as far as drivers read them) with its link, and the
 * EEPROM (5.6), whose words a card of this kind has.
 */
#include "hw/e1000.h"

#include <linux/mii.h>
#include <string.h>

#include "vmm/endian.h"

#define NEGOTIATION (500 * NS_PER_MSEC)

/* 13.4.7: MDIC */
#define MDIC_DATA   0xffffu
#define MDIC_REG(x) ((x) >> 16 & 31)
#define MDIC_PHY(x) ((x) >> 21 & 31)
#define MDIC_WRITE  (1u << 26)
#define MDIC_READ   (1u << 27)
#define MDIC_READY  (1u << 28)
#define MDIC_TELL   (1u << 29)
#define MDIC_ERROR  (1u << 30)
#define PHY_ADDRESS 1u

/* Marvell's own registers of the PHY. */
#define M88_SPEC_CTRL 0x10
#define M88_SPEC_STAT 0x11
#define M88_INT_EN    0x12
#define M88_INT_STAT  0x13
#define M88_EXT_CTRL  0x14
#define M88_RX_ERRORS 0x15

/* 1000 Mb/s, full duplex, page received, resolved, link. */
#define SPEC_STAT_UP   0xac00u
#define SPEC_STAT_LINK 0x0400u

#define BMCR_RESETS    (BMCR_RESET | BMCR_ANRESTART)
/* All that copper does, and link, when there is one. */
#define BMSR_ABLE 0x7949u
#define PARTNER	  0x01e0u /* 10 and 100 Mb/s, both duplexes */

/* 13.4.3: EECD */
#define EECD_SK	  (1u << 0)
#define EECD_CS	  (1u << 1)
#define EECD_DI	  (1u << 2)
#define EECD_DO	  (1u << 3)
#define EECD_REQ  (1u << 6)
#define EECD_GNT  (1u << 7)
#define EECD_PRES (1u << 8)
#define EECD_KEPT (EECD_SK | EECD_CS | EECD_DI | EECD_REQ | 3u << 4)

/* 13.4.4: EERD */
#define EERD_START   (1u << 0)
#define EERD_DONE    (1u << 4)
#define EERD_ADDR(x) ((x) >> 8 & 0xff)

/* 5.6: the words add up to this. */
#define EEPROM_SUM   0xbabau
#define EEPROM_CHECK 63u

/* Bit n: a driver may write register n. */
#define PHY_WRITABLE \
	(1u << MII_BMCR | 1u << MII_ADVERTISE | 1u << MII_CTRL1000 | \
	 1u << M88_SPEC_CTRL | 1u << M88_EXT_CTRL | 1u << M88_INT_EN)
#define PHY_READABLE \
	(PHY_WRITABLE | 1u << MII_BMSR | 1u << MII_PHYSID1 | \
	 1u << MII_PHYSID2 | 1u << MII_LPA | 1u << MII_EXPANSION | \
	 1u << MII_STAT1000 | 1u << M88_SPEC_STAT | 1u << M88_INT_STAT | \
	 1u << M88_RX_ERRORS)

static const uint16_t phy_reset[32] = {
	[MII_BMCR] = BMCR_ANENABLE | BMCR_FULLDPLX | BMCR_SPEED1000,
	[MII_BMSR] = BMSR_ABLE,
	[MII_PHYSID1] = 0x0141,
	[MII_PHYSID2] = 0x0c20,
	[MII_ADVERTISE] = 0x0de1,
	[MII_LPA] = PARTNER,
	[MII_CTRL1000] = 0x0e00,
	[MII_STAT1000] = 0x3c00,
	[M88_SPEC_CTRL] = 0x0360,
	[M88_SPEC_STAT] = SPEC_STAT_UP & ~SPEC_STAT_LINK,
	[M88_EXT_CTRL] = 0x0d60,
};

/* From 3 on: 5.6.2 and what follows it.  The address goes before. */
static const uint16_t eeprom_words[AT93C46_WORDS] = {
	[3] = 0x0000,  [4] = 0xffff,  [8] = 0x3000,  [9] = 0x1000,
	[10] = 0x6403, [11] = 0x100e, [12] = 0x8086, [13] = 0x100e,
	[14] = 0x8086, [15] = 0x3040, [16] = 0x0008, [17] = 0x2000,
	[18] = 0x7e14, [19] = 0x0048, [20] = 0x1000, [21] = 0x00d8,
	[23] = 0x2700, [24] = 0x6cc9, [25] = 0x3150, [26] = 0x0722,
	[27] = 0x040b, [28] = 0x0984, [30] = 0xc000, [31] = 0x0706,
	[32] = 0x1008, [34] = 0x0f04, [35] = 0x7fff, [36] = 0x4d01,
	[37] = 0xffff, [38] = 0xffff, [39] = 0xffff, [40] = 0xffff,
	[41] = 0xffff, [42] = 0xffff, [43] = 0xffff, [44] = 0xffff,
	[45] = 0xffff, [46] = 0xffff, [47] = 0xffff, [48] = 0x0100,
	[49] = 0x4000, [50] = 0x121c, [51] = 0xffff, [52] = 0xffff,
	[53] = 0xffff, [54] = 0xffff, [55] = 0xffff, [56] = 0xffff,
	[57] = 0xffff, [58] = 0xffff, [59] = 0xffff, [60] = 0xffff,
	[61] = 0xffff, [62] = 0xffff,
};

static void set_bits(uint16_t *reg, unsigned bits, bool on)
{
	*reg = (uint16_t)(on ? *reg | bits : *reg & ~bits);
}

static void set_link(struct e1000 *e, bool up)
{
	uint32_t status = e1000_get(e, E1000_STATUS);

	set_bits(&e->phy[MII_BMSR], BMSR_LSTATUS, up);
	set_bits(&e->phy[M88_SPEC_STAT], SPEC_STAT_LINK, up);
	if (!(status & E1000_STATUS_LU) == !up)
		return;
	e1000_put(e, E1000_STATUS, status ^ E1000_STATUS_LU);
	e1000_raise(e, E1000_ICR_LSC);
	if (up)
		e1000_rx_ready(e);
}

static bool negotiates(const struct e1000 *e)
{
	return e->autonegotiation && e->phy[MII_BMCR] & BMCR_ANENABLE;
}

static void set_negotiated(struct e1000 *e, bool done)
{
	set_bits(&e->phy[MII_BMSR], BMSR_ANEGCOMPLETE, done);
	set_bits(&e->phy[MII_LPA], LPA_LPACK, done);
}

static void negotiated(void *ctx)
{
	struct e1000 *e = ctx;

	if (!e->cable || !negotiates(e))
		return;
	set_negotiated(e, true);
	set_link(e, true);
}

/* The link goes, and is there again when both ends have agreed. */
static void negotiate(struct e1000 *e)
{
	set_negotiated(e, false);
	set_link(e, false);
	timer_set(&e->negotiated, clock_now(e1000_clock(e)) + NEGOTIATION);
}

void e1000_link_changed(struct e1000 *e)
{
	timer_cancel(&e->negotiated);
	if (!e->cable) {
		set_negotiated(e, false);
		set_link(e, false);
	} else if (negotiates(e)) {
		negotiate(e);
	} else {
		set_link(e, true);
	}
}

static void write_control(struct e1000 *e, uint16_t val)
{
	e->phy[MII_BMCR] = (uint16_t)(val & ~BMCR_RESETS);
	if (val & BMCR_RESET)
		e1000_phy_reset(e);
	else if (e->cable && val & BMCR_ANRESTART && negotiates(e))
		negotiate(e);
}

static void phy_write(struct e1000 *e, unsigned reg, uint16_t val)
{
	if (reg == MII_BMCR)
		write_control(e, val);
	else
		e->phy[reg] = val;
}

void e1000_phy_command(struct e1000 *e, uint32_t mdic)
{
	unsigned reg = MDIC_REG(mdic);
	uint32_t able = 0, val = mdic & ~(MDIC_READY | MDIC_ERROR);

	if (MDIC_PHY(mdic) == PHY_ADDRESS && mdic & MDIC_READ)
		able = PHY_READABLE;
	else if (MDIC_PHY(mdic) == PHY_ADDRESS && mdic & MDIC_WRITE)
		able = PHY_WRITABLE;
	if (!(able >> reg & 1))
		val |= MDIC_ERROR;
	else if (mdic & MDIC_READ)
		val = (val & ~MDIC_DATA) | e->phy[reg];
	else
		phy_write(e, reg, (uint16_t)mdic);
	e1000_put(e, E1000_MDIC, val | MDIC_READY);
	if (mdic & MDIC_TELL)
		e1000_raise(e, E1000_ICR_MDAC);
}

bool e1000_phy_loops(const struct e1000 *e)
{
	return e->phy[MII_BMCR] & BMCR_LOOPBACK;
}

void e1000_phy_init(struct e1000 *e)
{
	timer_init(&e->negotiated, e1000_clock(e), negotiated, e);
}

/* Nobody has asked yet: the link is there at once. */
void e1000_phy_reset(struct e1000 *e)
{
	timer_cancel(&e->negotiated);
	memcpy(e->phy, phy_reset, sizeof(e->phy));
	set_link(e, e->cable);
}

void e1000_eeprom_fill(struct e1000 *e)
{
	uint16_t *word = e->eeprom.word, sum = 0;
	unsigned i;

	memcpy(word, eeprom_words, sizeof(eeprom_words));
	for (i = 0; i < NIC_MAC_LEN / 2; i++)
		word[i] = load_le16(e->nic.mac + 2 * i);
	for (i = 0; i < EEPROM_CHECK; i++)
		sum = (uint16_t)(sum + word[i]);
	word[EEPROM_CHECK] = (uint16_t)(EEPROM_SUM - sum);
}

/* 5.6.1: the address that frames are received by. */
void e1000_eeprom_load(struct e1000 *e)
{
	const uint16_t *word = e->eeprom.word;

	e1000_put(e, E1000_RAL, word[0] | (uint32_t)word[1] << 16);
	e1000_put(e, E1000_RAH, word[2] | E1000_RAH_AV);
	e1000_show_address(e);
}

void e1000_eeprom_wires(struct e1000 *e, uint32_t eecd)
{
	e1000_put(e, E1000_EECD, eecd & EECD_KEPT);
	at93c46_set(&e->eeprom, eecd & EECD_CS, eecd & EECD_SK, eecd & EECD_DI);
}

/* Nobody else wants the wires: they are granted always. */
uint32_t e1000_eeprom_eecd(const struct e1000 *e)
{
	return e1000_get(e, E1000_EECD) | EECD_GNT | EECD_PRES |
	       (e->eeprom.out ? EECD_DO : 0);
}

void e1000_eeprom_read(struct e1000 *e, uint32_t eerd)
{
	unsigned addr = EERD_ADDR(eerd);
	uint32_t val = addr << 8;

	if (eerd & EERD_START) {
		val |= EERD_DONE;
		if (addr < AT93C46_WORDS)
			val |= (uint32_t)e->eeprom.word[addr] << 16;
	}
	e1000_put(e, E1000_EERD, val);
}
