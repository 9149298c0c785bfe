/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmitter of the 82540EM (3.3, 3.4): descriptors of the three kinds.
 * A ring is worked off in the thread that writes its tail, but for what is
 * beyond a bound, which a timer goes on with.  When the other end of the cable
 * has no room, everything stays where it is until it has.
 */
#include <string.h>

#include "hw/e1000.h"
#include "hw/inet_sum.h"
#include "vmm/endian.h"

#define BUDGET	    512u
#define DESC_STATUS 12u
#define STATUS_DD   1u

/* 3.3.3, 3.3.7: commands. */
#define CMD_EOP		  (1u << 0)
#define CMD_IFCS	  (1u << 1)
#define CMD_IC		  (1u << 2) /* of legacy descriptors */
#define CMD_TSE		  (1u << 2) /* of the others */
#define CMD_RS		  (1u << 3)
#define CMD_RPS		  (1u << 4)
#define CMD_DEXT	  (1u << 5)
#define CMD_VLE		  (1u << 6)
#define CMD_IDE		  (1u << 7)

#define CONTEXT_TCP	  (1u << 24)
#define CONTEXT_IP4	  (1u << 25)
#define CONTEXT_TSE	  (1u << 26)

#define LOW_LEN(x)	  ((x)&0xfffffu)
#define LOW_LEGACY_LEN(x) ((x)&0xffffu)
#define LOW_LEGACY_CSO(x) ((uint8_t)((x) >> 16))
#define LOW_TYPE(x)	  ((x) >> 20 & 15)
#define LOW_CMD(x)	  ((uint8_t)((x) >> 24))
#define HIGH_CSS(x)	  ((uint8_t)((x) >> 8))
#define HIGH_IXSM	  (1u << 8)
#define HIGH_TXSM	  (1u << 9)
#define HIGH_SPECIAL(x)	  ((uint16_t)((x) >> 16))

/* 13.4.38: in units of eight descriptors. */
#define TXDCTL_LWTHRESH(x) (((x) >> 25) * 8)

enum type { TYPE_CONTEXT, TYPE_DATA };

static struct net_port *port_of(struct e1000 *e)
{
	return &e->nic.client.port[0];
}

static uint32_t ring_size(const struct e1000 *e)
{
	return e1000_get(e, E1000_TDLEN) / E1000_DESC_SIZE;
}

static gpa_t head_address(const struct e1000 *e)
{
	uint64_t base = e1000_get(e, E1000_TDBAL) |
			(uint64_t)e1000_get(e, E1000_TDBAH) << 32;

	return base + (uint64_t)e1000_get(e, E1000_TDH) * E1000_DESC_SIZE;
}

static bool may_run(const struct e1000 *e)
{
	return e1000_get(e, E1000_TCTL) & E1000_TCTL_EN &&
	       pci_is_master(&e->pci) && !e->tx_held &&
	       e1000_get(e, E1000_TDT) < ring_size(e) &&
	       e1000_get(e, E1000_TDH) < ring_size(e);
}

static void load_context(struct e1000 *e, const uint8_t *raw)
{
	uint32_t low = load_le32(raw + 8);
	struct e1000_context *c =
		low & CONTEXT_TSE ? &e->tx.segment : &e->tx.sum;

	*c = (struct e1000_context){
		.ipcss = raw[0],
		.ipcso = raw[1],
		.ipcse = load_le16(raw + 2),
		.tucss = raw[4],
		.tucso = raw[5],
		.tucse = load_le16(raw + 6),
		.hdrlen = raw[13],
		.mss = load_le16(raw + 14),
		.tcp = low & CONTEXT_TCP,
		.ip4 = low & CONTEXT_IP4,
	};
}

static bool may_cut(const struct e1000_context *c)
{
	return c->mss && c->hdrlen && c->hdrlen + c->mss <= E1000_TX_MAX;
}

static void begin_frame(struct e1000_tx *tx, bool legacy, uint32_t high)
{
	tx->begun = true;
	tx->tse = !legacy && tx->cmd & CMD_TSE;
	tx->sum_ip = !legacy && high & HIGH_IXSM;
	tx->sum_l4 = !legacy && high & HIGH_TXSM;
	tx->legacy_sum = tx->vlan = false;
	tx->sent = tx->len = tx->pieces = 0;
	tx->drop = tx->tse && !may_cut(&tx->segment);
}

/* 3.3.7: POPTS is that of a frame's first descriptor. */
static void take(struct e1000 *e, bool legacy, uint32_t low, uint32_t high)
{
	struct e1000_tx *tx = &e->tx;

	tx->left = legacy ? LOW_LEGACY_LEN(low) : LOW_LEN(low);
	if (!tx->begun)
		begin_frame(tx, legacy, high);
	if (legacy && tx->cmd & CMD_IC) {
		tx->legacy_sum = true;
		tx->cso = LOW_LEGACY_CSO(low);
		tx->css = HIGH_CSS(high);
	}
	if (tx->cmd & CMD_VLE && e1000_get(e, E1000_CTRL) & E1000_CTRL_VME) {
		tx->vlan = true;
		tx->tag = HIGH_SPECIAL(high);
	}
}

static void fetch(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;
	uint8_t raw[E1000_DESC_SIZE];
	bool fine = gmem_read(e1000_gmem(e), head_address(e), raw, sizeof(raw));
	uint32_t low = load_le32(raw + 8);

	tx->busy = true;
	tx->left = 0;
	tx->addr = load_le64(raw);
	tx->cmd = fine ? LOW_CMD(low) : CMD_DEXT;
	if (!fine)
		log_guest(&e->pci.dev.log, "e1000: no memory where it sends");
	else if (!(tx->cmd & CMD_DEXT))
		take(e, true, low, load_le32(raw + 12));
	else if (LOW_TYPE(low) == TYPE_DATA)
		take(e, false, low, load_le32(raw + 12));
	else
		tx->cmd &= (uint8_t)~CMD_EOP;
	/* That of a frame in hand stays as it was at its beginning. */
	if (fine && !tx->begun && tx->cmd & CMD_DEXT &&
	    LOW_TYPE(low) == TYPE_CONTEXT)
		load_context(e, raw);
}

/* False: the other end of the cable has no room. */
static bool send_frame(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;
	uint8_t tag[ETH_VLAN_TAG];
	struct iovec iov[] = {
		{.iov_base = tx->frame, .iov_len = ETH_TYPE},
		{.iov_base = tag, .iov_len = tx->vlan ? sizeof(tag) : 0},
		{.iov_base = tx->frame + ETH_TYPE,
		 .iov_len = tx->len - ETH_TYPE},
	};
	struct net_packet packet = {.iov = iov, .niov = 3};

	packet.len = tx->len + iov[1].iov_len;
	if (!tx->vlan) {
		iov[0].iov_len = tx->len;
		packet.niov = 1;
	}
	store_be16(tag, (uint16_t)e1000_get(e, E1000_VET));
	store_be16(tag + 2, tx->tag);
	if (E1000_RCTL_LBM(e1000_get(e, E1000_RCTL)) == E1000_LBM_PHY ||
	    e1000_phy_loops(e)) {
		e1000_receive(e, iov, packet.niov, packet.len);
		e1000_raise_rx(e);
	} else if (e1000_get(e, E1000_STATUS) & E1000_STATUS_LU &&
		   !net_port_send(port_of(e), &packet)) {
		return false;
	}
	e1000_count_sent(e, tx->frame, packet.len + ETH_FCS_LEN);
	return true;
}

static void pad(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	if (tx->len >= ETH_MIN || !(e1000_get(e, E1000_TCTL) & E1000_TCTL_PSP))
		return;
	memset(tx->frame + tx->len, 0, ETH_MIN - tx->len);
	tx->len = ETH_MIN;
}

/* The frame is whole, or a piece of it is.  False: later. */
static bool emit(struct e1000 *e, bool last)
{
	struct e1000_tx *tx = &e->tx;

	if (!tx->sealed) {
		e1000_seal(e, last);
		pad(e);
		tx->sealed = true;
	}
	if (!e->tx_budget)
		return false;
	e->tx_budget--;
	if (tx->len >= ETH_HLEN && !send_frame(e)) {
		e->tx_held = true;
		return false;
	}
	tx->sealed = false;
	if (tx->tse) {
		tx->sent += tx->segment.mss;
		tx->pieces++;
		tx->len = tx->segment.hdrlen;
		memcpy(tx->frame, tx->header, tx->len);
	}
	return true;
}

static void gather(struct e1000 *e, uint32_t limit)
{
	struct e1000_tx *tx = &e->tx;
	uint32_t n = limit - tx->len < tx->left ? limit - tx->len : tx->left;

	if (!gmem_read(e1000_gmem(e), tx->addr, tx->frame + tx->len, n))
		tx->drop = true;
	tx->len += n;
	tx->addr += n;
	tx->left -= n;
}

/* Takes what the descriptor in hand has.  False: later. */
static bool feed(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;
	uint32_t limit =
		tx->tse ? (uint32_t)tx->segment.hdrlen + tx->segment.mss
			: E1000_TX_MAX;

	while (tx->left && !tx->drop) {
		if (tx->len < limit)
			gather(e, limit);
		else if (!tx->tse)
			tx->drop = true;
		else if (!emit(e, false))
			return false;
	}
	return true;
}

static bool end_frame(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	if (!tx->begun)
		return true;
	if (!tx->drop && !tx->sealed && !(tx->cmd & CMD_IFCS) && !tx->tse)
		tx->len -= tx->len < ETH_FCS_LEN ? tx->len : ETH_FCS_LEN;
	if (!tx->drop && !emit(e, true))
		return false;
	if (tx->tse && !tx->drop)
		e1000_count(e, E1000_TSCTC);
	tx->begun = tx->sealed = false;
	return true;
}

struct outcome {
	bool reported, at_once; /* status was written back */
	bool low;
};

/* The status first, then the head, then the interrupt. */
static void retire(struct e1000 *e, struct outcome *out)
{
	static const uint8_t done = STATUS_DD;
	struct e1000_tx *tx = &e->tx;
	uint32_t size = ring_size(e), head = e1000_get(e, E1000_TDH), left;
	uint32_t low = TXDCTL_LWTHRESH(e1000_get(e, E1000_TXDCTL));

	if (tx->cmd & (CMD_RS | CMD_RPS)) {
		gmem_write(e1000_gmem(e), head_address(e) + DESC_STATUS, &done,
			   sizeof(done));
		out->reported = true;
		out->at_once |= !(tx->cmd & CMD_IDE);
	}
	head = (head + 1) % size;
	left = (e1000_get(e, E1000_TDT) + size - head) % size;
	out->low |= low && left + 1 == low;
	e1000_put(e, E1000_TDH, head);
	tx->busy = false;
}

/* False: it cannot go on now. */
static bool step(struct e1000 *e, struct outcome *out)
{
	struct e1000_tx *tx = &e->tx;

	if (!tx->busy) {
		if (!e->tx_budget)
			return false;
		e->tx_budget--;
		fetch(e);
	}
	if (!feed(e) || (tx->cmd & CMD_EOP && !end_frame(e)))
		return false;
	retire(e, out);
	return true;
}

static void tell(struct e1000 *e, const struct outcome *out, bool empty)
{
	uint32_t causes = (empty ? E1000_ICR_TXQE : 0) |
			  (out->low ? E1000_ICR_TXD_LOW : 0);

	if (out->reported)
		e1000_raise_tx(e, !out->at_once);
	if (causes)
		e1000_raise(e, causes);
}

void e1000_tx_run(struct e1000 *e)
{
	struct outcome out = {0};
	bool moved = false;

	if (e->tx_running)
		return;
	e->tx_running = true;
	e->tx_budget = BUDGET;
	while (may_run(e) &&
	       e1000_get(e, E1000_TDH) != e1000_get(e, E1000_TDT) &&
	       step(e, &out))
		moved = true;
	net_port_flush(port_of(e));
	e->tx_running = false;
	if (!e->tx_budget)
		timer_set(&e->tx_more, clock_now(e1000_clock(e)));
	tell(e, &out,
	     moved && e1000_get(e, E1000_TDH) == e1000_get(e, E1000_TDT));
}

static void run_more(void *ctx)
{
	e1000_tx_run(ctx);
}

void e1000_tx_init(struct e1000 *e)
{
	timer_init(&e->tx_more, e1000_clock(e), run_more, e);
}

void e1000_tx_restored(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	e->tx_held = false;
	tx->drop |= tx->tse && !may_cut(&tx->segment);
	timer_set(&e->tx_more, clock_now(e1000_clock(e)));
}

void e1000_tx_reset(struct e1000 *e)
{
	timer_cancel(&e->tx_more);
	e->tx_held = false;
	memset(&e->tx, 0, sizeof(e->tx));
}
