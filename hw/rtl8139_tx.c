/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the RTL8139C+ sends: by its four descriptors, each a frame, in turn
 * (5.2), or by the rings of C+ mode, of which hw/rtl8139_cplus.c knows.
 *
 * A frame that finds no room at the other end of the cable stays in guest
 * memory, and is read again when there is.
 */
#include <string.h>

#include "hw/inet_sum.h"
#include "hw/rtl8139.h"

#define BUDGET	  256u
#define FRAME_MAX 1792u /* 5.2: of SIZE */

static struct net_port *port_of(struct rtl8139 *r)
{
	return &r->nic.client.port[0];
}

bool rtl8139_send(struct rtl8139 *r, const struct iovec *iov, unsigned niov,
		  size_t len)
{
	struct net_packet packet = {.iov = iov, .niov = niov, .len = len};

	if (!r->tx_budget)
		return false;
	r->tx_budget--;
	if (RTL8139_TCR_LBK(rtl8139_get32(r, RTL8139_TCR)) == RTL8139_LOOPS) {
		rtl8139_receive(r, iov, niov, len);
		rtl8139_rx_flush(r);
	} else if (r->cable && !net_port_send(port_of(r), &packet)) {
		r->tx_held = true;
		return false;
	}
	r->tally.tx_ok++;
	return true;
}

/* As the guest gave it.  False: later. */
static bool send_frame(struct rtl8139 *r, size_t len)
{
	struct iovec iov = {.iov_base = r->tx_frame};

	if (rtl8139_get32(r, RTL8139_TCR) & RTL8139_TCR_CRC)
		len -= len < ETH_FCS_LEN ? len : ETH_FCS_LEN;
	if (len < ETH_HLEN)
		return true; /* not even a header */
	if (len < ETH_MIN) {
		memset(r->tx_frame + len, 0, ETH_MIN - len);
		len = ETH_MIN;
	}
	iov.iov_len = len;
	return rtl8139_send(r, &iov, 1, len);
}

/* The next of the four.  False: it is not to be sent, or later. */
static bool step(struct rtl8139 *r, uint32_t *causes)
{
	enum rtl8139_reg reg = RTL8139_TSD + 4 * r->tx_next;
	uint32_t tsd = rtl8139_get32(r, reg), len = RTL8139_TSD_SIZE(tsd);
	uint32_t addr = rtl8139_get32(r, RTL8139_TSAD + 4 * r->tx_next);
	bool fine;

	if (tsd & RTL8139_TSD_OWN)
		return false;
	fine = len <= FRAME_MAX &&
	       gmem_read(rtl8139_gmem(r), addr, r->tx_frame, len);
	if (fine && !send_frame(r, len))
		return false;
	tsd |= RTL8139_TSD_OWN;
	tsd |= fine ? RTL8139_TSD_TOK : RTL8139_TSD_TABT;
	rtl8139_put32(r, reg, tsd);
	r->tally.tx_err += !fine;
	*causes |= fine ? RTL8139_INT_TOK : RTL8139_INT_TER;
	r->tx_next = (r->tx_next + 1) % RTL8139_TX_DESCS;
	return true;
}

static bool may_run(const struct rtl8139 *r)
{
	return r->reg[RTL8139_CR] & RTL8139_CR_TE && pci_is_master(&r->pci) &&
	       !r->tx_held;
}

static void run_ring(struct rtl8139 *r, enum rtl8139_priority ring, uint8_t bit,
		     uint32_t *causes)
{
	while (r->polls & bit && may_run(r) && rtl8139_cplus_step(r, ring))
		*causes |= RTL8139_INT_TOK;
	/* A ring that is through is asked for again by the driver. */
	if (!r->tx_held && r->tx_budget)
		r->polls &= (uint8_t)~bit;
}

void rtl8139_tx_run(struct rtl8139 *r)
{
	uint32_t causes = 0;

	if (r->tx_running || !may_run(r))
		return;
	r->tx_running = true;
	r->tx_budget = BUDGET;
	if (r->reg[RTL8139_CPCR] & RTL8139_CPCR_TX) {
		run_ring(r, RTL8139_HIGH, RTL8139_TPPOLL_HPQ, &causes);
		run_ring(r, RTL8139_NORMAL, RTL8139_TPPOLL_NPQ, &causes);
	} else {
		while (may_run(r) && step(r, &causes))
			continue;
	}
	net_port_flush(port_of(r));
	r->tx_running = false;
	if (!r->tx_budget)
		timer_set(&r->tx_more, clock_now(rtl8139_clock(r)));
	if (causes)
		rtl8139_raise(r, causes);
}

static void run_more(void *ctx)
{
	rtl8139_tx_run(ctx);
}

void rtl8139_tx_init(struct rtl8139 *r)
{
	timer_init(&r->tx_more, rtl8139_clock(r), run_more, r);
}

void rtl8139_tx_reset(struct rtl8139 *r)
{
	timer_cancel(&r->tx_more);
	r->tx_held = false;
	r->tx_next = r->pieces = 0;
	r->polls = 0;
	r->cplus_tx[RTL8139_NORMAL] = r->cplus_tx[RTL8139_HIGH] = 0;
}
