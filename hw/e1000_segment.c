/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the 82540EM completes at frames that it sends: checksums (3.5), and
 * the headers of the pieces that it cuts a segment into (3.6).
 */
#include <string.h>

#include "hw/e1000.h"
#include "hw/inet_sum.h"
#include "vmm/endian.h"

static bool fits(const struct e1000_tx *tx, size_t off, size_t n)
{
	return off + n <= tx->len;
}

static void put16(struct e1000_tx *tx, size_t off, size_t val)
{
	if (fits(tx, off, 2))
		store_be16(tx->frame + off, (uint16_t)val);
}

static void add16(struct e1000_tx *tx, size_t off, size_t n)
{
	if (fits(tx, off, 2))
		put16(tx, off, load_be16(tx->frame + off) + n);
}

/* The sum of what is from start to last (0: the end), put to where. */
static void put_sum(struct e1000_tx *tx, size_t start, size_t last,
		    size_t where, bool never_zero)
{
	size_t end = last && last < tx->len ? last + 1 : tx->len;
	uint16_t sum;

	if (start >= end || !fits(tx, where, 2))
		return;
	sum = (uint16_t)~inet_sum_fold(
		inet_sum_add(0, tx->frame + start, end - start));
	put16(tx, where, !sum && never_zero ? UINT16_MAX : sum);
}

static void cut_ip(struct e1000_tx *tx, const struct e1000_context *c)
{
	if (c->ip4) {
		put16(tx, c->ipcss + IP4_LEN, tx->len - c->ipcss);
		add16(tx, c->ipcss + IP4_ID, tx->pieces);
	} else {
		put16(tx, c->ipcss + IP6_LEN, tx->len - c->ipcss - IP6_HEADER);
	}
}

static void cut_tcp(struct e1000_tx *tx, const struct e1000_context *c,
		    bool last)
{
	uint8_t *tcp = tx->frame + c->tucss;

	if (!fits(tx, c->tucss, TCP_HEADER))
		return;
	store_be32(tcp + TCP_SEQ, load_be32(tcp + TCP_SEQ) + tx->sent);
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

/* 3.6.2: the driver's sum of the pseudo header is without the length. */
static void add_length(struct e1000_tx *tx, const struct e1000_context *c)
{
	if (fits(tx, c->tucso, 2) && tx->len >= c->tucss)
		put16(tx, c->tucso,
		      inet_sum_fold((uint64_t)load_be16(tx->frame + c->tucso) +
				    tx->len - c->tucss));
}

static void cut(struct e1000_tx *tx, bool last)
{
	const struct e1000_context *c = &tx->segment;

	if (!tx->pieces)
		memcpy(tx->header, tx->frame, c->hdrlen);
	cut_ip(tx, c);
	if (c->tcp)
		cut_tcp(tx, c, last);
	else
		put16(tx, c->tucss + UDP_LEN, tx->len - c->tucss);
	add_length(tx, c);
}

void e1000_seal(struct e1000 *e, bool last)
{
	struct e1000_tx *tx = &e->tx;
	const struct e1000_context *c = tx->tse ? &tx->segment : &tx->sum;

	if (tx->tse && tx->len > c->hdrlen)
		cut(tx, last);
	if (tx->sum_l4)
		put_sum(tx, c->tucss, c->tucse, c->tucso, !c->tcp);
	if (tx->sum_ip)
		put_sum(tx, c->ipcss, c->ipcse, c->ipcso, false);
	if (tx->legacy_sum)
		put_sum(tx, tx->css, 0, tx->cso, false);
}
