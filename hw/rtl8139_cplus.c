/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings of descriptors, by which the RTL8139C+ sends in C+ mode (6.3): frames
 * in pieces, with checksums to put in, VLAN tags, and segments to be cut.
 *
 * A frame is taken when all its descriptors are there.  None is given back
 * before it has gone, so that nothing has to be kept of it meanwhile.
 */
#include <string.h>

#include "hw/inet_sum.h"
#include "hw/rtl8139.h"

#define DESC_SIZE 16u
#define DESC_TAG  4u
#define DESC_ADDR 8u

/* 6.3.1: the first word */
#define DESC_OWN    (1u << 31)
#define DESC_EOR    (1u << 30) /* the last of the ring */
#define DESC_LS	    (1u << 28) /* the last of the frame */
#define DESC_LGSEN  (1u << 27)
#define DESC_MSS(x) ((x) >> 16 & 0x7ff)
#define DESC_IPCS   (1u << 18)
#define DESC_UDPCS  (1u << 17)
#define DESC_TCPCS  (1u << 16)
#define DESC_LEN(x) ((x)&0xffff)
#define TAG_TAGC    (1u << 17) /* the second */
#define HEADERS_MAX 256u

struct chain {
	uint64_t base; /* of the ring */
	uint32_t first, n; /* descriptors */
	uint32_t next; /* after them */
	uint32_t flags; /* the first word of the first one */
	uint32_t len; /* bytes in all */
	bool vlan, fine;
	uint8_t tag[ETH_VLAN_TAG];
};

static uint64_t ring_base(const struct rtl8139 *r, enum rtl8139_priority ring)
{
	return r->rings[2 * ring] | (uint64_t)r->rings[2 * ring + 1] << 32;
}

static void take_tag(struct chain *c, const uint8_t *raw)
{
	c->vlan = load_le32(raw + DESC_TAG) & TAG_TAGC;
	store_be16(c->tag, ETH_P_8021Q);
	memcpy(c->tag + 2, raw + DESC_TAG, 2); /* in the wire's order */
}

static void gather(struct rtl8139 *r, struct chain *c, const uint8_t *raw)
{
	uint32_t n = DESC_LEN(load_le32(raw));

	c->fine = c->fine && n <= RTL8139_TX_MAX - c->len &&
		  gmem_read(rtl8139_gmem(r), load_le64(raw + DESC_ADDR),
			    r->tx_frame + c->len, n);
	if (c->fine)
		c->len += n;
}

/* False: its last descriptor is not the device's yet. */
static bool collect(struct rtl8139 *r, struct chain *c)
{
	uint8_t raw[DESC_SIZE];
	uint32_t at = c->first, word;

	do {
		if (!gmem_read(rtl8139_gmem(r), c->base + at * DESC_SIZE, raw,
			       sizeof(raw)))
			return false;
		word = load_le32(raw);
		if (!(word & DESC_OWN))
			return false;
		if (!c->n++) {
			c->flags = word;
			take_tag(c, raw);
		}
		gather(r, c, raw);
		at = word & DESC_EOR ? 0 : (at + 1) % RTL8139_RING;
	} while (!(word & DESC_LS) && c->n < RTL8139_RING);
	c->next = at;
	c->fine = c->fine && word & DESC_LS;
	return true;
}

static void give_back(struct rtl8139 *r, const struct chain *c)
{
	uint32_t at = c->first, n;
	uint8_t raw[4];

	for (n = 0; n < c->n; n++) {
		uint64_t addr = c->base + at * DESC_SIZE;
		uint32_t word;

		gmem_read(rtl8139_gmem(r), addr, raw, sizeof(raw));
		word = load_le32(raw);
		store_le32(raw, word & ~DESC_OWN);
		gmem_write(rtl8139_gmem(r), addr, raw, sizeof(raw));
		at = word & DESC_EOR ? 0 : (at + 1) % RTL8139_RING;
	}
}

static void put_ip_sum(uint8_t *frame, const struct inet_frame *f)
{
	uint8_t *ip = frame + f->l3;

	store_be16(ip + IP4_SUM, 0);
	store_be16(ip + IP4_SUM, (uint16_t)~inet_sum_fold(
					 inet_sum_add(0, ip, f->l4 - f->l3)));
}

static void put_l4_sum(uint8_t *frame, const struct inet_frame *f)
{
	bool tcp = f->proto == IP_PROTO_TCP;
	size_t len = f->end - f->l4, at = tcp ? TCP_SUM : UDP_SUM;
	uint8_t *l4 = frame + f->l4;
	uint16_t sum;

	if (len < (tcp ? TCP_HEADER : UDP_HEADER))
		return;
	store_be16(l4 + at, 0);
	sum = (uint16_t)~inet_sum_fold(
		inet_sum_add(inet_pseudo_sum(frame, f) + len, l4, len));
	store_be16(l4 + at, !sum && !tcp ? UINT16_MAX : sum);
}

static void put_sums(struct rtl8139 *r, const struct chain *c)
{
	struct inet_frame f;

	if (!(c->flags & (DESC_IPCS | DESC_UDPCS | DESC_TCPCS)) ||
	    !inet_parse(r->tx_frame, c->len, &f))
		return;
	if (c->flags & DESC_IPCS && f.ip4)
		put_ip_sum(r->tx_frame, &f);
	if ((c->flags & DESC_TCPCS && f.proto == IP_PROTO_TCP) ||
	    (c->flags & DESC_UDPCS && f.proto == IP_PROTO_UDP))
		put_l4_sum(r->tx_frame, &f);
}

/* Headers and payload, with the tag between the two halves of the first. */
static bool send_parts(struct rtl8139 *r, struct chain *c, uint8_t *head,
		       size_t nhead, uint8_t *payload, size_t n)
{
	struct iovec iov[] = {
		{.iov_base = head, .iov_len = ETH_TYPE},
		{.iov_base = c->tag, .iov_len = sizeof(c->tag)},
		{.iov_base = head + ETH_TYPE, .iov_len = nhead - ETH_TYPE},
		{.iov_base = payload, .iov_len = n},
	};

	if (c->vlan)
		return rtl8139_send(r, iov, 4, nhead + sizeof(c->tag) + n);
	iov[2] = (struct iovec){.iov_base = head, .iov_len = nhead};
	return rtl8139_send(r, iov + 2, 2, nhead + n);
}

static bool send_whole(struct rtl8139 *r, struct chain *c)
{
	if (c->len < ETH_HLEN || c->len > RTL8139_RX_MAX)
		return true;
	put_sums(r, c);
	if (c->len < ETH_MIN) {
		memset(r->tx_frame + c->len, 0, ETH_MIN - c->len);
		c->len = ETH_MIN;
	}
	return send_parts(r, c, r->tx_frame, c->len, r->tx_frame, 0);
}

/* The headers of a segment over IPv4, as its driver wrote them. */
static bool parse_segment(uint8_t *frame, size_t len, struct inet_frame *f,
			  size_t *headers)
{
	size_t l3 = ETH_HLEN;

	/* IP's length is not to be relied on: it is that of no piece. */
	if (len > l3 + ETH_VLAN_TAG &&
	    load_be16(frame + ETH_TYPE) == ETH_P_8021Q)
		l3 += ETH_VLAN_TAG;
	if (len < l3 + IP4_HEADER + TCP_HEADER || len - l3 > UINT16_MAX)
		return false;
	store_be16(frame + l3 + IP4_LEN, (uint16_t)(len - l3));
	if (!inet_parse(frame, len, f) || !f->ip4 || f->proto != IP_PROTO_TCP ||
	    f->end - f->l4 < TCP_HEADER)
		return false;
	*headers = f->l4 + (frame[f->l4 + 12] >> 4) * 4u;
	return *headers >= f->l4 + TCP_HEADER && *headers <= len &&
	       *headers <= HEADERS_MAX;
}

struct piece {
	uint8_t head[HEADERS_MAX];
	size_t nhead, at, n; /* of the payload */
};

/* Headers of piece number i; the sum of TCP is over two places. */
static void make_piece(struct piece *p, struct inet_frame *f,
		       const uint8_t *frame, uint32_t i, bool last)
{
	uint8_t *ip = p->head + f->l3, *tcp = p->head + f->l4;
	size_t ntcp = p->nhead - f->l4;
	uint64_t sum;

	memcpy(p->head, frame, p->nhead);
	store_be16(ip + IP4_LEN, (uint16_t)(p->nhead - f->l3 + p->n));
	store_be16(ip + IP4_ID, (uint16_t)(load_be16(ip + IP4_ID) + i));
	put_ip_sum(p->head, f);
	store_be32(tcp + TCP_SEQ,
		   load_be32(tcp + TCP_SEQ) + (uint32_t)(p->at - p->nhead));
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	store_be16(tcp + TCP_SUM, 0);
	sum = inet_pseudo_sum(p->head, f) + ntcp + p->n;
	sum = inet_sum_add(sum, tcp, ntcp);
	sum = inet_sum_add(sum, frame + p->at, p->n);
	store_be16(tcp + TCP_SUM, (uint16_t)~inet_sum_fold(sum));
}

static bool send_segment(struct rtl8139 *r, struct chain *c)
{
	size_t mss = DESC_MSS(c->flags);
	struct inet_frame f;
	struct piece p;

	if (!mss || !parse_segment(r->tx_frame, c->len, &f, &p.nhead))
		return true;
	for (; p.nhead + r->pieces * mss < c->len; r->pieces++) {
		p.at = p.nhead + r->pieces * mss;
		p.n = c->len - p.at < mss ? c->len - p.at : mss;
		make_piece(&p, &f, r->tx_frame, r->pieces,
			   p.at + p.n == c->len);
		if (!send_parts(r, c, p.head, p.nhead, r->tx_frame + p.at, p.n))
			return false;
	}
	return true;
}

bool rtl8139_cplus_step(struct rtl8139 *r, enum rtl8139_priority ring)
{
	struct chain c = {.base = ring_base(r, ring),
			  .first = r->cplus_tx[ring],
			  .fine = true};

	if (!r->tx_budget || !collect(r, &c))
		return false;
	if (!c.fine)
		r->tally.tx_err++;
	else if (!(c.flags & DESC_LGSEN ? send_segment(r, &c)
					: send_whole(r, &c)))
		return false;
	r->pieces = 0;
	give_back(r, &c);
	r->cplus_tx[ring] = c.next;
	return true;
}
