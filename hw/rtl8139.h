/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Realtek RTL8139C+: RTL8139C(L)+ datasheet 1.6.  Numbers of sections are
 * this datasheet's.
 *
 * rtl8139.c has the function on PCI and its life, rtl8139_regs.c the
 * registers, rtl8139_tx.c what goes out by the four descriptors of C mode,
 * rtl8139_cplus.c what goes out by rings, rtl8139_rx.c what comes in by
 * either.  Machine lock.
 */
#ifndef HW_RTL8139_H
#define HW_RTL8139_H

#include "hw/at93c46.h"
#include "hw/nic.h"
#include "hw/pci.h"
#include "vmm/endian.h"

#define RTL8139_SPACE	 256u
#define RTL8139_TX_DESCS 4u
#define RTL8139_RING	 64u /* descriptors, at most */
#define RTL8139_TX_MAX	 0x10000u /* bytes of a frame, or of a segment */
#define RTL8139_RX_MAX	 8187u /* bytes of a frame */

/* 5: offsets. */
enum rtl8139_reg {
	RTL8139_IDR = 0x00,
	RTL8139_MAR = 0x08,
	RTL8139_TSD = 0x10, /* C+ mode: DTCCR */
	RTL8139_TSAD = 0x20, /* C+ mode: TNPDS and THPDS */
	RTL8139_RBSTART = 0x30,
	RTL8139_CR = 0x37,
	RTL8139_CAPR = 0x38,
	RTL8139_CBR = 0x3a,
	RTL8139_IMR = 0x3c,
	RTL8139_ISR = 0x3e,
	RTL8139_TCR = 0x40,
	RTL8139_RCR = 0x44,
	RTL8139_TCTR = 0x48,
	RTL8139_MPC = 0x4c,
	RTL8139_9346CR = 0x50,
	RTL8139_CONFIG0 = 0x51,
	RTL8139_CONFIG1 = 0x52,
	RTL8139_TIMER_INT = 0x54,
	RTL8139_MSR = 0x58,
	RTL8139_CONFIG3 = 0x59,
	RTL8139_CONFIG4 = 0x5a,
	RTL8139_HLTCLK = 0x5b,
	RTL8139_MULINT = 0x5c,
	RTL8139_RERID = 0x5e,
	RTL8139_TSAD_ALL = 0x60,
	RTL8139_BMCR = 0x62,
	RTL8139_BMSR = 0x64,
	RTL8139_ANAR = 0x66,
	RTL8139_ANLPAR = 0x68,
	RTL8139_ANER = 0x6a,
	RTL8139_CONFIG5 = 0xd8,
	RTL8139_TPPOLL = 0xd9,
	RTL8139_CPCR = 0xe0,
	RTL8139_RDSAR = 0xe4,
	RTL8139_ETTHR = 0xec,
};

/* 5.4: CR */
#define RTL8139_CR_BUFE 0x01u
#define RTL8139_CR_TE	0x04u
#define RTL8139_CR_RE	0x08u
#define RTL8139_CR_RST	0x10u

/* 5.6: IMR and ISR */
#define RTL8139_INT_ROK	    0x0001u
#define RTL8139_INT_RER	    0x0002u
#define RTL8139_INT_TOK	    0x0004u
#define RTL8139_INT_TER	    0x0008u
#define RTL8139_INT_RXOVW   0x0010u /* no descriptor, in C+ mode */
#define RTL8139_INT_LINK    0x0020u
#define RTL8139_INT_FOVW    0x0040u
#define RTL8139_INT_SOFT    0x0100u
#define RTL8139_INT_TIMEOUT 0x4000u
#define RTL8139_INT_SERR    0x8000u
#define RTL8139_INT_ALL	    0xe1ffu

/* 5.2: TSD */
#define RTL8139_TSD_SIZE(x) ((x)&0x1fffu)
#define RTL8139_TSD_OWN	    (1u << 13)
#define RTL8139_TSD_TUN	    (1u << 14)
#define RTL8139_TSD_TOK	    (1u << 15)
#define RTL8139_TSD_TABT    (1u << 30)

/* 5.7: TCR */
#define RTL8139_TCR_CRC	   (1u << 16) /* the driver's check sequence */
#define RTL8139_TCR_LBK(x) ((x) >> 17 & 3)
#define RTL8139_LOOPS	   3u

/* 5.26: CPCR */
#define RTL8139_CPCR_TX	  0x01u
#define RTL8139_CPCR_RX	  0x02u
#define RTL8139_CPCR_CSUM 0x20u
#define RTL8139_CPCR_VLAN 0x40u

/* 5.25: TPPOLL, a bit for each of the two rings */
#define RTL8139_TPPOLL_HPQ 0x80u
#define RTL8139_TPPOLL_NPQ 0x40u
#define RTL8139_TPPOLL_SWI 0x01u

enum rtl8139_priority { RTL8139_NORMAL, RTL8139_HIGH, RTL8139_PRIORITIES };

/* 5.28: what DTCCR puts into memory. */
struct rtl8139_tally {
	uint64_t tx_ok, rx_ok, tx_err;
	uint32_t rx_err;
	uint16_t missed;
	uint64_t rx_ok_own, rx_ok_broadcast;
	uint32_t rx_ok_multicast;
};

struct rtl8139 {
	struct pci_device pci;
	struct nic_props props;
	struct nic nic;
	bool cable; /* is not unplugged, by set_link */
	uint8_t reg[RTL8139_SPACE];
	struct at93c46 eeprom;
	uint32_t dtccr[2]; /* C+ mode's, behind TSD */
	uint32_t rings[4]; /* C+ mode's, behind TSAD */
	uint32_t tx_next; /* of the four descriptors */
	uint32_t cplus_tx[RTL8139_PRIORITIES], cplus_rx; /* in their rings */
	uint32_t pieces; /* of the segment in hand, that have gone */
	uint8_t polls; /* rings that are being worked off, as TPPOLL has it */
	int64_t counting; /* when TCTR was 0 */
	struct timer count_ends;
	struct rtl8139_tally tally;
	uint32_t rx_causes; /* of the batch that is coming in */
	bool tx_running, tx_held; /* held: until the other end has room */
	unsigned tx_budget; /* frames, of this go */
	struct timer tx_more; /* of a ring that is too long for one go */
	bool rx_starved; /* a packet waits for room */
	uint8_t tx_frame[RTL8139_TX_MAX];
	uint8_t rx_frame[RTL8139_RX_MAX + 1];
};

static inline uint16_t rtl8139_get16(const struct rtl8139 *r,
				     enum rtl8139_reg reg)
{
	return load_le16(r->reg + reg);
}

static inline uint32_t rtl8139_get32(const struct rtl8139 *r,
				     enum rtl8139_reg reg)
{
	return load_le32(r->reg + reg);
}

static inline void rtl8139_put16(struct rtl8139 *r, enum rtl8139_reg reg,
				 uint16_t val)
{
	store_le16(r->reg + reg, val);
}

static inline void rtl8139_put32(struct rtl8139 *r, enum rtl8139_reg reg,
				 uint32_t val)
{
	store_le32(r->reg + reg, val);
}

static inline struct gmem *rtl8139_gmem(struct rtl8139 *r)
{
	return &r->pci.dev.machine->gmem;
}

static inline struct clock *rtl8139_clock(struct rtl8139 *r)
{
	return &r->pci.dev.machine->virt;
}

/* rtl8139_regs.c */
extern const struct bus_ops rtl8139_ops;
void rtl8139_registers_init(struct rtl8139 *r);
/* RST: what is in flight ends, but address and link stay. */
void rtl8139_soft_reset(struct rtl8139 *r);
void rtl8139_reset_registers(struct rtl8139 *r);
void rtl8139_eeprom_fill(struct rtl8139 *r);
void rtl8139_eeprom_load(struct rtl8139 *r);
void rtl8139_raise(struct rtl8139 *r, uint32_t causes);
void rtl8139_update_irq(struct rtl8139 *r);
/* The cable was plugged in or out. */
void rtl8139_link_changed(struct rtl8139 *r);
void rtl8139_count(struct rtl8139 *r);

/* rtl8139_tx.c */
void rtl8139_tx_init(struct rtl8139 *r);
void rtl8139_tx_reset(struct rtl8139 *r);
/* Everything there is to send, by either way. */
void rtl8139_tx_run(struct rtl8139 *r);
/* tx_frame as it goes out; false: later. */
bool rtl8139_send(struct rtl8139 *r, const struct iovec *iov, unsigned niov,
		  size_t len);

/* rtl8139_cplus.c */
/* Sends what is next of a ring.  False: nothing, or later. */
bool rtl8139_cplus_step(struct rtl8139 *r, enum rtl8139_priority ring);

/* rtl8139_rx.c */
bool rtl8139_receive(struct rtl8139 *r, const struct iovec *iov, unsigned niov,
		     size_t len);
void rtl8139_rx_flush(struct rtl8139 *r);
/* There may be room again. */
void rtl8139_rx_ready(struct rtl8139 *r);
void rtl8139_rx_reset(struct rtl8139 *r);
bool rtl8139_rx_empty(const struct rtl8139 *r);

extern const struct device_class rtl8139_class;

#endif
