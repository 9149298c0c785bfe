/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiver of the 82540EM (3.2).  A packet for which there are too few
 * descriptors waits at the other end of the cable.
 *
 * The check sequence has its place after a frame, unless SECRC says not, but
 * is not written: nothing is known of it.
 */
#include <string.h>

#include "hw/e1000.h"
#include "hw/eth_frame.h"
#include "hw/inet_sum.h"
#include "vmm/endian.h"

/* 3.2.3.1, 3.2.3.2: what a descriptor says when a frame is in its buffer. */
#define STAT_DD	       (1u << 0)
#define STAT_EOP       (1u << 1)
#define STAT_IXSM      (1u << 2)
#define STAT_VP	       (1u << 3)
#define STAT_TCPCS     (1u << 5)
#define STAT_IPCS      (1u << 6)
#define STAT_PIF       (1u << 7)
#define ERR_TCPE       (1u << 5)
#define ERR_IPE	       (1u << 6)
#define DESC_WRITTEN   8u /* from here on, the device writes */

#define RXCSUM_PCSS(x) ((x)&0xff)
#define RXCSUM_IPOFL   (1u << 8)
#define RXCSUM_TUOFL   (1u << 9)

#define SHORT_MAX      1522u /* with check sequence, unless LPE */
#define PAUSE	       1u
#define PAUSE_TIME     (ETH_HLEN + 2)

struct frame {
	struct eth_frame eth;
	uint16_t sum, special;
	uint8_t status, errors; /* of its last descriptor */
};

static struct net_port *port_of(struct e1000 *e)
{
	return &e->nic.client.port[0];
}

static uint32_t ring_size(const struct e1000 *e)
{
	return e1000_get(e, E1000_RDLEN) / E1000_DESC_SIZE;
}

static bool may_receive(const struct e1000 *e)
{
	uint32_t size = ring_size(e), head = e1000_get(e, E1000_RDH);

	return e1000_get(e, E1000_RCTL) & E1000_RCTL_EN &&
	       pci_is_master(&e->pci) && head < size &&
	       e1000_get(e, E1000_RDT) < size &&
	       head != e1000_get(e, E1000_RDT);
}

void e1000_rx_ready(struct e1000 *e)
{
	if (!e->rx_starved || !may_receive(e))
		return;
	e->rx_starved = false;
	net_port_ready(port_of(e));
}

/* 13.4.22: BSIZE and BSEX; 0 with BSEX is reserved. */
static uint32_t buffer_size(const struct e1000 *e)
{
	static const uint16_t sizes[2][4] = {{2048, 1024, 512, 256},
					     {16384, 16384, 8192, 4096}};
	uint32_t rctl = e1000_get(e, E1000_RCTL);

	return sizes[!!(rctl & E1000_RCTL_BSEX)][E1000_RCTL_BSIZE(rctl)];
}

static void strip_vlan(struct e1000 *e, struct frame *f)
{
	if (!e1000_is_vlan(e, f->eth.data))
		return;
	f->status |= STAT_VP;
	if (!(e1000_get(e, E1000_CTRL) & E1000_CTRL_VME))
		return;
	f->special = load_be16(f->eth.data + ETH_HLEN);
	eth_frame_strip_tag(&f->eth, e->rx_frame);
}

/* 3.2.9 */
static void check_sums(const struct e1000 *e, struct frame *f)
{
	uint32_t rxcsum = e1000_get(e, E1000_RXCSUM);
	size_t start = RXCSUM_PCSS(rxcsum);
	struct inet_frame inet;
	uint8_t checked = 0;

	if (start < f->eth.len)
		f->sum = inet_sum_fold(inet_sum_add(0, f->eth.data + start,
						    f->eth.len - start));
	if (rxcsum & (RXCSUM_IPOFL | RXCSUM_TUOFL) &&
	    inet_parse(f->eth.data, f->eth.len, &inet)) {
		if (rxcsum & RXCSUM_IPOFL && inet.ip4) {
			checked |= STAT_IPCS;
			if (!inet_ip_sum_fine(f->eth.data, &inet))
				f->errors |= ERR_IPE;
		}
		if (rxcsum & RXCSUM_TUOFL &&
		    inet_has_l4_sum(f->eth.data, &inet)) {
			checked |= STAT_TCPCS;
			if (!inet_l4_sum_fine(f->eth.data, &inet))
				f->errors |= ERR_TCPE;
		}
	}
	f->status |= checked ? checked : STAT_IXSM;
}

static void fill(struct e1000 *e, gpa_t desc, const struct frame *f, size_t at,
		 size_t n, bool last)
{
	uint8_t written[E1000_DESC_SIZE - DESC_WRITTEN] = {0}, raw[8];
	size_t data = at < f->eth.len ? f->eth.len - at : 0;
	uint64_t buffer;

	gmem_read(e1000_gmem(e), desc, raw, sizeof(raw));
	buffer = load_le64(raw);
	if (data > n)
		data = n;
	if (buffer && data)
		gmem_write(e1000_gmem(e), buffer, f->eth.data + at, data);
	store_le16(written, (uint16_t)n);
	store_le16(written + 2, f->sum);
	written[4] = STAT_DD;
	if (last) {
		written[4] |= STAT_EOP | f->status;
		written[5] = f->errors;
		store_le16(written + 6, f->special);
	}
	gmem_write(e1000_gmem(e), desc + DESC_WRITTEN, written,
		   sizeof(written));
}

static void spread(struct e1000 *e, const struct frame *f, size_t total,
		   uint32_t buffer)
{
	uint32_t size = ring_size(e), head = e1000_get(e, E1000_RDH);
	uint64_t base = e1000_get(e, E1000_RDBAL) |
			(uint64_t)e1000_get(e, E1000_RDBAH) << 32;
	size_t at, n;

	for (at = 0; at < total; at += n) {
		n = total - at < buffer ? total - at : buffer;
		fill(e, base + (uint64_t)head * E1000_DESC_SIZE, f, at, n,
		     at + n == total);
		head = (head + 1) % size;
	}
	e1000_put(e, E1000_RDH, head);
}

/* 3.2.7.1: what there is to tell about a frame that came. */
static uint32_t causes(const struct e1000 *e, size_t total, uint32_t before)
{
	uint32_t size = ring_size(e), left;
	uint32_t low = size >> (1 + E1000_RCTL_RDMTS(e1000_get(e, E1000_RCTL)));
	uint32_t all = E1000_ICR_RXT0;

	left = (e1000_get(e, E1000_RDT) + size - e1000_get(e, E1000_RDH)) %
	       size;
	if (before > low && left <= low)
		all |= E1000_ICR_RXDMT0;
	if (total <= e1000_get(e, E1000_RSRPD))
		all |= E1000_ICR_SRPD;
	return all;
}

static bool starve(struct e1000 *e)
{
	e->rx_starved = true;
	e1000_count(e, E1000_RNBC);
	e1000_raise(e, E1000_ICR_RXO);
	return false;
}

/* False: too few descriptors. */
static bool store(struct e1000 *e, const struct frame *f)
{
	uint32_t size = ring_size(e), buffer = buffer_size(e), left;
	size_t total = f->eth.len;

	if (!(e1000_get(e, E1000_RCTL) & E1000_RCTL_SECRC))
		total += ETH_FCS_LEN;
	left = (e1000_get(e, E1000_RDT) + size - e1000_get(e, E1000_RDH)) %
	       size;
	if (total > (size_t)left * buffer) {
		if (total <= (size_t)(size - 1) * buffer)
			return starve(e);
		e1000_count(e, E1000_MPC); /* there never will be enough */
		return true;
	}
	e1000_count_received(e, f->eth.data, f->eth.len + ETH_FCS_LEN);
	spread(e, f, total, buffer);
	e->rx_causes |= causes(e, total, left);
	return true;
}

/* Those that ask to pause: nothing pauses, as it all goes at once. */
static bool is_pause(struct e1000 *e, const struct frame *f)
{
	static const uint8_t to[ETH_ALEN] = {1, 0x80, 0xc2, 0, 0, 1};

	if (load_be16(f->eth.data + ETH_TYPE) != ETH_P_PAUSE ||
	    load_be16(f->eth.data + ETH_HLEN) != PAUSE ||
	    memcmp(f->eth.data, to, sizeof(to)) ||
	    !(e1000_get(e, E1000_CTRL) & E1000_CTRL_RFCE))
		return false;
	e1000_count(e, load_be16(f->eth.data + PAUSE_TIME) ? E1000_XOFFRXC
							   : E1000_XONRXC);
	return true;
}

static bool too_long(struct e1000 *e, size_t len)
{
	if (len + ETH_FCS_LEN <= SHORT_MAX ||
	    (len + ETH_FCS_LEN <= E1000_MAX &&
	     e1000_get(e, E1000_RCTL) & (E1000_RCTL_LPE | E1000_RCTL_SBP)))
		return false;
	e1000_count(e, E1000_ROC);
	return true;
}

bool e1000_receive(struct e1000 *e, const struct iovec *iov, unsigned niov,
		   size_t len)
{
	struct frame f = {0};
	enum e1000_match match;

	if (!may_receive(e)) {
		if (e1000_get(e, E1000_RCTL) & E1000_RCTL_EN)
			return starve(e);
		e->rx_starved = true;
		return false;
	}
	if (!len || too_long(e, len))
		return true;
	eth_frame_join(&f.eth, e->rx_frame, iov, niov);
	if (is_pause(e, &f))
		return true;
	match = e1000_filter(e, f.eth.data);
	if (match == E1000_REFUSED)
		return true;
	if (match == E1000_INEXACT)
		f.status |= STAT_PIF;
	strip_vlan(e, &f);
	check_sums(e, &f);
	return store(e, &f);
}
