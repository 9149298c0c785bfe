/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the RTL8139C+ receives: into a ring of bytes (6.2), or in C+ mode into
 * a ring of descriptors (6.4).
 *
 * When the ring of bytes is full, packets wait at the other end of the cable,
 * until CAPR says that there is room.  Nothing says so of descriptors: what
 * finds none is lost, as with the real one.
 *
 * The check sequence after a frame reads as zeros: nothing is known of it.
 */
#include <string.h>

#include "hw/eth_frame.h"
#include "hw/inet_sum.h"
#include "hw/rtl8139.h"

/* 5.8: RCR */
#define RCR_AAP	     (1u << 0)
#define RCR_APM	     (1u << 1)
#define RCR_AM	     (1u << 2)
#define RCR_AB	     (1u << 3)
#define RCR_WRAP     (1u << 7) /* frames do not wrap around */
#define RCR_RBLEN(x) ((x) >> 11 & 3)

/* 6.2: the header of a frame in the ring of bytes */
#define HEAD_ROK   0x0001u
#define HEAD_BAR   0x2000u
#define HEAD_PAM   0x4000u
#define HEAD_MAR   0x8000u
#define HEAD_SIZE  4u
#define RING_MIN   0x2000u
#define RING_MAX   0x10000u
#define CAPR_AHEAD 16u /* CAPR is this much before where it is read */
#define CAPR_RESET 0xfff0u

/* 6.4: descriptors */
#define DESC_SIZE 16u
#define DESC_TAG  4u
#define DESC_ADDR 8u
#define DESC_OWN  (1u << 31)
#define DESC_EOR  (1u << 30)
#define DESC_FS	  (1u << 29)
#define DESC_LS	  (1u << 28)
#define DESC_LEN  0x1fffu
#define DESC_TCP  (1u << 16) /* PID */
#define DESC_UDP  (2u << 16)
#define DESC_IP	  (3u << 16)
#define DESC_IPF  (1u << 15)
#define DESC_UDPF (1u << 14)
#define DESC_TCPF (1u << 13)
#define TAG_TAVA  (1u << 16)
/* HEAD_BAR and those after it are bits 24 to 26 here. */
#define DESC_CAST(x) ((uint32_t)((x) >> 13) << 24)

#define SHORT_MAX    1518u /* with a tag, without check sequence */
#define MULTICAST    1u /* of the first byte of an address */
#define CRC_POLY     0x04c11db7u /* IEEE 802.3, 3.2.9 */
#define HASH_SHIFT   26u
#define MISSED_MAX   0xffffffu

struct frame {
	struct eth_frame eth;
	uint32_t head; /* status, as in the ring of bytes */
};

static struct net_port *port_of(struct rtl8139 *r)
{
	return &r->nic.client.port[0];
}

static bool in_cplus(const struct rtl8139 *r)
{
	return r->reg[RTL8139_CPCR] & RTL8139_CPCR_RX;
}

static uint32_t ring_size(const struct rtl8139 *r)
{
	return RING_MIN << RCR_RBLEN(rtl8139_get32(r, RTL8139_RCR));
}

/* Bytes in the ring that the driver has not read yet. */
static uint32_t ring_used(const struct rtl8139 *r)
{
	uint32_t read = rtl8139_get16(r, RTL8139_CAPR) + CAPR_AHEAD;

	return (rtl8139_get16(r, RTL8139_CBR) - read) & (ring_size(r) - 1);
}

bool rtl8139_rx_empty(const struct rtl8139 *r)
{
	return !ring_used(r);
}

static bool may_receive(const struct rtl8139 *r)
{
	return r->reg[RTL8139_CR] & RTL8139_CR_RE && pci_is_master(&r->pci);
}

void rtl8139_rx_ready(struct rtl8139 *r)
{
	if (!r->rx_starved || !may_receive(r))
		return;
	r->rx_starved = false;
	net_port_ready(port_of(r));
}

void rtl8139_rx_reset(struct rtl8139 *r)
{
	rtl8139_put16(r, RTL8139_CAPR, CAPR_RESET);
	rtl8139_put16(r, RTL8139_CBR, 0);
	r->cplus_rx = 0;
	rtl8139_rx_ready(r);
}

void rtl8139_rx_flush(struct rtl8139 *r)
{
	uint32_t causes = r->rx_causes;

	r->rx_causes = 0;
	if (causes)
		rtl8139_raise(r, causes);
}

static void miss(struct rtl8139 *r)
{
	uint32_t n = rtl8139_get32(r, RTL8139_MPC);

	rtl8139_put32(r, RTL8139_MPC, n < MISSED_MAX ? n + 1 : n);
	r->tally.missed++;
}

/* 5.1: six bits of the check sequence of the address. */
static bool hashed(const struct rtl8139 *r, const uint8_t *address)
{
	uint32_t crc = UINT32_MAX;
	unsigned i;

	for (i = 0; i < 8 * ETH_ALEN; i++) {
		bool bit = address[i / 8] >> i % 8 & 1;

		crc = crc << 1 ^ ((crc >> 31 ^ bit) ? CRC_POLY : 0);
	}
	crc >>= HASH_SHIFT;
	return r->reg[RTL8139_MAR + crc / 8] >> crc % 8 & 1;
}

/* 0: it is not for this one. */
static uint32_t classify(struct rtl8139 *r, const uint8_t *to)
{
	uint32_t rcr = rtl8139_get32(r, RTL8139_RCR);
	bool all = rcr & RCR_AAP;

	if (load_le32(to) == UINT32_MAX && load_le16(to + 4) == UINT16_MAX)
		return all || rcr & RCR_AB ? HEAD_ROK | HEAD_BAR : 0;
	if (*to & MULTICAST)
		return all || (rcr & RCR_AM && hashed(r, to))
			       ? HEAD_ROK | HEAD_MAR
			       : 0;
	if (!memcmp(to, r->reg + RTL8139_IDR, ETH_ALEN))
		return all || rcr & RCR_APM ? HEAD_ROK | HEAD_PAM : 0;
	return all ? HEAD_ROK : 0;
}

static void put(struct rtl8139 *r, uint32_t *at, const void *data, size_t len)
{
	uint64_t base = rtl8139_get32(r, RTL8139_RBSTART);
	uint32_t size = ring_size(r);
	const uint8_t *from = data;
	size_t n = len;

	if (size == RING_MAX || !(rtl8139_get32(r, RTL8139_RCR) & RCR_WRAP))
		n = *at + len > size ? *at < size ? size - *at : 0 : len;
	gmem_write(rtl8139_gmem(r), base + *at, from, n);
	if (n < len)
		gmem_write(rtl8139_gmem(r), base, from + n, len - n);
	*at = n < len ? (uint32_t)(len - n) : *at + (uint32_t)len;
}

/* False: no room. */
static bool store_bytes(struct rtl8139 *r, const struct frame *f)
{
	static const uint8_t fcs[ETH_FCS_LEN];
	uint32_t at = rtl8139_get16(r, RTL8139_CBR) & (ring_size(r) - 1);
	uint32_t begin = at;
	size_t total = HEAD_SIZE + f->eth.len + ETH_FCS_LEN;
	uint8_t head[HEAD_SIZE];

	total = (total + 3) & ~(size_t)3;
	if (total >= ring_size(r) - ring_used(r)) {
		r->rx_starved = true;
		rtl8139_raise(r, RTL8139_INT_RXOVW);
		return false;
	}
	store_le16(head, (uint16_t)f->head);
	store_le16(head + 2, (uint16_t)(f->eth.len + ETH_FCS_LEN));
	put(r, &at, head, sizeof(head));
	put(r, &at, f->eth.data, f->eth.len);
	put(r, &at, fcs, sizeof(fcs));
	rtl8139_put16(r, RTL8139_CBR,
		      (uint16_t)((begin + total) & (ring_size(r) - 1)));
	return true;
}

static uint32_t check_sums(const struct frame *f)
{
	struct inet_frame inet;
	uint32_t found = DESC_IP;

	if (!inet_parse(f->eth.data, f->eth.len, &inet) || !inet.ip4)
		return 0;
	if (inet.proto == IP_PROTO_TCP && inet_has_l4_sum(f->eth.data, &inet))
		found = DESC_TCP |
			(inet_l4_sum_fine(f->eth.data, &inet) ? 0 : DESC_TCPF);
	else if (inet_has_l4_sum(f->eth.data, &inet))
		found = DESC_UDP |
			(inet_l4_sum_fine(f->eth.data, &inet) ? 0 : DESC_UDPF);
	return found | (inet_ip_sum_fine(f->eth.data, &inet) ? 0 : DESC_IPF);
}

/* The tag, as descriptors have it. */
static uint32_t strip_vlan(struct rtl8139 *r, struct frame *f)
{
	uint32_t tag;

	if (!(r->reg[RTL8139_CPCR] & RTL8139_CPCR_VLAN) ||
	    load_be16(f->eth.data + ETH_TYPE) != ETH_P_8021Q)
		return 0;
	tag = load_le16(f->eth.data + ETH_HLEN) | TAG_TAVA;
	eth_frame_strip_tag(&f->eth, r->rx_frame);
	return tag;
}

static void lose(struct rtl8139 *r, uint32_t cause)
{
	miss(r);
	rtl8139_raise(r, cause);
}

/* The tag first, then what makes the descriptor the driver's. */
static bool store_desc(struct rtl8139 *r, struct frame *f)
{
	uint64_t addr =
		load_le64(r->reg + RTL8139_RDSAR) + r->cplus_rx * DESC_SIZE;
	uint32_t word, tag;
	uint8_t raw[DESC_SIZE];

	if (!gmem_read(rtl8139_gmem(r), addr, raw, sizeof(raw)) ||
	    !(load_le32(raw) & DESC_OWN)) {
		lose(r, RTL8139_INT_RXOVW);
		return false;
	}
	tag = strip_vlan(r, f);
	word = load_le32(raw);
	if (f->eth.len + ETH_FCS_LEN > (word & DESC_LEN)) {
		lose(r, RTL8139_INT_FOVW);
		return false;
	}
	gmem_write(rtl8139_gmem(r), load_le64(raw + DESC_ADDR), f->eth.data,
		   f->eth.len);
	store_le32(raw + DESC_TAG, tag);
	gmem_write(rtl8139_gmem(r), addr + DESC_TAG, raw + DESC_TAG, 4);
	r->cplus_rx = word & DESC_EOR ? 0 : (r->cplus_rx + 1) % RTL8139_RING;
	word = (word & DESC_EOR) | DESC_FS | DESC_LS | DESC_CAST(f->head) |
	       (uint32_t)(f->eth.len + ETH_FCS_LEN);
	if (r->reg[RTL8139_CPCR] & RTL8139_CPCR_CSUM)
		word |= check_sums(f);
	store_le32(raw, word);
	gmem_write(rtl8139_gmem(r), addr, raw, 4);
	return true;
}

static void count(struct rtl8139 *r, const struct frame *f)
{
	r->tally.rx_ok++;
	r->tally.rx_ok_own += f->head & HEAD_PAM ? 1 : 0;
	r->tally.rx_ok_broadcast += f->head & HEAD_BAR ? 1 : 0;
	r->tally.rx_ok_multicast += f->head & HEAD_MAR ? 1 : 0;
	r->rx_causes |= RTL8139_INT_ROK;
}

bool rtl8139_receive(struct rtl8139 *r, const struct iovec *iov, unsigned niov,
		     size_t len)
{
	size_t max = in_cplus(r) ? RTL8139_RX_MAX : SHORT_MAX;
	struct frame f = {0};

	if (!may_receive(r)) {
		r->rx_starved = true;
		return false;
	}
	if (!len || len > max)
		return true;
	eth_frame_join(&f.eth, r->rx_frame, iov, niov);
	f.head = classify(r, f.eth.data);
	if (!f.head)
		return true;
	if (!in_cplus(r)) {
		if (!store_bytes(r, &f))
			return false;
		count(r, &f);
	} else if (store_desc(r, &f)) {
		count(r, &f);
	}
	return true;
}
