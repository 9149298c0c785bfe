/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM: PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual (317453).  Numbers of sections are this manual's.
 *
 * e1000.c has the function on PCI and its life, e1000_regs.c the registers,
 * e1000_phy.c the PHY, the link and the EEPROM, e1000_irq.c interrupts and how
 * they are held back, e1000_tx.c what goes out, e1000_segment.c how it is
 * completed and cut, e1000_rx.c what comes in, e1000_filter.c whether it does,
 * e1000_stats.c what is counted.  Machine lock.
 */
#ifndef HW_E1000_H
#define HW_E1000_H

#include "hw/at93c46.h"
#include "hw/nic.h"
#include "hw/pci.h"

#define E1000_SPACE 0x6000u /* bytes of registers; nothing is behind them */
#define E1000_REGS  (E1000_SPACE / 4)
#define E1000_MAX   16384u /* bytes of a frame, with its check sequence */
#define E1000_TX_MAX \
	(E1000_MAX - 8) /* without that, and without a VLAN's tag */

/* 13.4: offsets. */
enum e1000_reg {
	E1000_CTRL = 0x0000,
	E1000_STATUS = 0x0008,
	E1000_EECD = 0x0010,
	E1000_EERD = 0x0014,
	E1000_CTRL_EXT = 0x0018,
	E1000_MDIC = 0x0020,
	E1000_FCAL = 0x0028,
	E1000_FCTTV = 0x0170,
	E1000_VET = 0x0038,
	E1000_ICR = 0x00c0,
	E1000_ITR = 0x00c4,
	E1000_ICS = 0x00c8,
	E1000_IMS = 0x00d0,
	E1000_IMC = 0x00d8,
	E1000_RCTL = 0x0100,
	E1000_TXCW = 0x0178,
	E1000_TCTL = 0x0400,
	E1000_TIPG = 0x0410,
	E1000_AIT = 0x0458,
	E1000_LEDCTL = 0x0e00,
	E1000_PBA = 0x1000,
	E1000_FCRTL = 0x2160,
	E1000_FCRTH = 0x2168,
	E1000_RDFH = 0x2410,
	E1000_RDFPC = 0x2430,
	E1000_RDBAL = 0x2800,
	E1000_RDBAH = 0x2804,
	E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810,
	E1000_RDT = 0x2818,
	E1000_RDTR = 0x2820,
	E1000_RXDCTL = 0x2828,
	E1000_RADV = 0x282c,
	E1000_RSRPD = 0x2c00,
	E1000_TXDMAC = 0x3000,
	E1000_TDFH = 0x3410,
	E1000_TDFPC = 0x3430,
	E1000_TDBAL = 0x3800,
	E1000_TDBAH = 0x3804,
	E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810,
	E1000_TDT = 0x3818,
	E1000_TIDV = 0x3820,
	E1000_TXDCTL = 0x3828,
	E1000_TADV = 0x382c,
	E1000_TSPMT = 0x3830,
	E1000_CRCERRS = 0x4000, /* the first of the counters */
	E1000_MPC = 0x4010,
	E1000_XONRXC = 0x4048,
	E1000_XOFFRXC = 0x4050,
	E1000_PRC64 = 0x405c,
	E1000_GPRC = 0x4074,
	E1000_BPRC = 0x4078,
	E1000_MPRC = 0x407c,
	E1000_GPTC = 0x4080,
	E1000_GORCL = 0x4088,
	E1000_GOTCL = 0x4090,
	E1000_RNBC = 0x40a0,
	E1000_RUC = 0x40a4,
	E1000_ROC = 0x40ac,
	E1000_TORL = 0x40c0,
	E1000_TOTL = 0x40c8,
	E1000_TPR = 0x40d0,
	E1000_TPT = 0x40d4,
	E1000_PTC64 = 0x40d8,
	E1000_MPTC = 0x40f0,
	E1000_BPTC = 0x40f4,
	E1000_TSCTC = 0x40f8,
	E1000_TSCTFC = 0x40fc, /* the last of them */
	E1000_RXCSUM = 0x5000,
	E1000_MTA = 0x5200,
	E1000_RAL = 0x5400,
	E1000_RAH = 0x5404,
	E1000_VFTA = 0x5600,
	E1000_WUC = 0x5800,
	E1000_WUFC = 0x5808,
	E1000_WUS = 0x5810,
	E1000_MANC = 0x5820,
	E1000_IPAV = 0x5838,
	E1000_IP4AT = 0x5840,
	E1000_IP6AT = 0x5880,
	E1000_WUPL = 0x5900,
	E1000_WUPM = 0x5a00,
	E1000_FFLT = 0x5f00,
};

#define E1000_RA_ENTRIES 16u
#define E1000_MTA_WORDS	 128u
#define E1000_VFTA_WORDS 128u
#define E1000_RAH_AV	 (1u << 31)

/* 13.4.1 */
#define E1000_CTRL_SLU	   (1u << 6)
#define E1000_CTRL_RST	   (1u << 26)
#define E1000_CTRL_RFCE	   (1u << 27)
#define E1000_CTRL_VME	   (1u << 30)
#define E1000_CTRL_PHY_RST (1u << 31)

/* 13.4.2 */
#define E1000_STATUS_LU (1u << 1)

/* 13.4.17: causes of interrupts. */
#define E1000_ICR_TXDW	  (1u << 0)
#define E1000_ICR_TXQE	  (1u << 1)
#define E1000_ICR_LSC	  (1u << 2)
#define E1000_ICR_RXDMT0  (1u << 4)
#define E1000_ICR_RXO	  (1u << 6)
#define E1000_ICR_RXT0	  (1u << 7)
#define E1000_ICR_MDAC	  (1u << 9)
#define E1000_ICR_TXD_LOW (1u << 15)
#define E1000_ICR_SRPD	  (1u << 16)
#define E1000_ICR_ALL	  0x1ffffu

/* 13.4.22 */
#define E1000_RCTL_EN	    (1u << 1)
#define E1000_RCTL_SBP	    (1u << 2)
#define E1000_RCTL_UPE	    (1u << 3)
#define E1000_RCTL_MPE	    (1u << 4)
#define E1000_RCTL_LPE	    (1u << 5)
#define E1000_RCTL_LBM(x)   ((x) >> 6 & 3)
#define E1000_LBM_PHY	    3u
#define E1000_RCTL_RDMTS(x) ((x) >> 8 & 3)
#define E1000_RCTL_MO(x)    ((x) >> 12 & 3)
#define E1000_RCTL_BAM	    (1u << 15)
#define E1000_RCTL_BSIZE(x) ((x) >> 16 & 3)
#define E1000_RCTL_VFE	    (1u << 18)
#define E1000_RCTL_CFIEN    (1u << 19)
#define E1000_RCTL_CFI	    (1u << 20)
#define E1000_RCTL_DPF	    (1u << 22)
#define E1000_RCTL_PMCF	    (1u << 23)
#define E1000_RCTL_BSEX	    (1u << 25)
#define E1000_RCTL_SECRC    (1u << 26)

/* 13.4.33 */
#define E1000_TCTL_EN	  (1u << 1)
#define E1000_TCTL_PSP	  (1u << 3)

#define E1000_DESC_SIZE	  16u
#define E1000_DELAY_FLUSH (1u << 31) /* of RDTR and TIDV */

/* What is left to do at a frame that goes out: 3.3.6. */
struct e1000_context {
	uint8_t ipcss, ipcso, tucss, tucso;
	uint16_t ipcse, tucse;
	uint8_t hdrlen;
	uint16_t mss;
	bool tcp, ip4;
};

/* 3.3: the transmitter, between descriptors and within one. */
struct e1000_tx {
	struct e1000_context sum, segment; /* as set by contexts */
	/* The descriptor in hand. */
	bool busy;
	uint64_t addr; /* of what is left of it */
	uint32_t left; /* bytes */
	uint8_t cmd;
	/* The frame in hand. */
	bool begun;
	bool tse; /* it is to be cut */
	bool sum_ip, sum_l4; /* POPTS */
	bool vlan;
	bool drop; /* longer than any frame, or from nowhere */
	bool sealed; /* complete; the other end had no room for it */
	uint16_t tag; /* of VLAN */
	uint8_t cso, css; /* the checksum that a legacy descriptor wants */
	bool legacy_sum;
	uint32_t sent; /* bytes of payload before this piece */
	uint16_t pieces;
	uint32_t len;
	uint8_t header[256]; /* of all pieces, as the guest gave it */
	uint8_t frame[E1000_MAX];
};

struct e1000 {
	struct pci_device pci;
	struct nic_props props;
	bool autonegotiation, mitigation, init_vet; /* properties */
	struct nic nic;
	bool cable; /* is not unplugged, by set_link */
	uint32_t reg[E1000_REGS];
	uint32_t io_addr; /* of the register seen through ports */
	uint16_t phy[32];
	struct at93c46 eeprom;
	struct timer negotiated;
	/* Interrupts. */
	bool asserted;
	struct timer gap; /* ITR: before it ends, none follows the last */
	struct timer rx_delay, tx_delay;
	int64_t rx_quiet, rx_latest; /* deadlines, as packets put them off */
	int64_t tx_quiet, tx_latest;
	uint32_t rx_causes; /* of the batch that is coming in */
	struct e1000_tx tx;
	bool tx_running;
	bool tx_held; /* until the other end of the cable has room */
	unsigned tx_budget; /* frames and descriptors, of this go */
	struct timer tx_more; /* of a ring that is too long for one go */
	bool rx_starved; /* a packet waits for descriptors */
	uint8_t rx_frame[E1000_MAX]; /* while it is being received */
};

static inline uint32_t e1000_get(const struct e1000 *e, enum e1000_reg reg)
{
	return e->reg[reg / 4];
}

static inline void e1000_put(struct e1000 *e, enum e1000_reg reg, uint32_t val)
{
	e->reg[reg / 4] = val;
}

static inline struct gmem *e1000_gmem(struct e1000 *e)
{
	return &e->pci.dev.machine->gmem;
}

static inline struct clock *e1000_clock(struct e1000 *e)
{
	return &e->pci.dev.machine->virt;
}

/* e1000_regs.c */
extern const struct bus_ops e1000_registers_ops, e1000_ports_ops;
/* Power-on values; CTRL.RST gives them too. */
void e1000_reset_registers(struct e1000 *e);
/* All of the MAC: nothing is in flight any more. */
void e1000_reset_mac(struct e1000 *e);
/* The first address that frames are received by changed. */
void e1000_show_address(struct e1000 *e);

/* e1000_phy.c */
void e1000_phy_init(struct e1000 *e);
void e1000_phy_reset(struct e1000 *e);
void e1000_phy_command(struct e1000 *e, uint32_t mdic);
void e1000_link_changed(struct e1000 *e);
bool e1000_phy_loops(const struct e1000 *e);
void e1000_eeprom_fill(struct e1000 *e);
void e1000_eeprom_load(struct e1000 *e);
void e1000_eeprom_wires(struct e1000 *e, uint32_t eecd);
uint32_t e1000_eeprom_eecd(const struct e1000 *e);
void e1000_eeprom_read(struct e1000 *e, uint32_t eerd);

/* e1000_irq.c */
void e1000_irq_init(struct e1000 *e);
void e1000_irq_reset(struct e1000 *e);
void e1000_irq_update(struct e1000 *e);
void e1000_raise(struct e1000 *e, uint32_t causes);
/* Those of descriptors, which may be held back. */
void e1000_raise_rx(struct e1000 *e);
void e1000_raise_tx(struct e1000 *e, bool delay);
void e1000_flush_rx(struct e1000 *e);
void e1000_flush_tx(struct e1000 *e);

/* e1000_tx.c */
void e1000_tx_init(struct e1000 *e);
void e1000_tx_reset(struct e1000 *e);
void e1000_tx_run(struct e1000 *e);
void e1000_tx_restored(struct e1000 *e);

/* e1000_segment.c */
/* Puts checksums in, and what differs between the pieces of a segment. */
void e1000_seal(struct e1000 *e, bool last);

/* e1000_rx.c */
bool e1000_receive(struct e1000 *e, const struct iovec *iov, unsigned niov,
		   size_t len);
/* Descriptors may have come, or what kept packets from them went. */
void e1000_rx_ready(struct e1000 *e);

/* e1000_filter.c */
enum e1000_match { E1000_REFUSED, E1000_EXACT, E1000_INEXACT };
enum e1000_match e1000_filter(const struct e1000 *e, const uint8_t *frame);
bool e1000_is_vlan(const struct e1000 *e, const uint8_t *frame);

/* e1000_stats.c */
void e1000_count(struct e1000 *e, enum e1000_reg counter);
/* A frame of len bytes, with its check sequence. */
void e1000_count_sent(struct e1000 *e, const uint8_t *frame, size_t len);
void e1000_count_received(struct e1000 *e, const uint8_t *frame, size_t len);
/* Reading a counter clears it. */
uint32_t e1000_counter_read(struct e1000 *e, uint32_t off);

extern const struct device_class e1000_class;

#endif
