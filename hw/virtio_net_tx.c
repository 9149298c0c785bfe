/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that a guest sends by a NIC on virtio; Virtual I/O Device 1.1,
 * 5.1.6.2.  The pair's thread.
 */
#include <string.h>

#include "hw/virtio_net.h"

/* The pieces that the packet is in, without the header before it. */
static void cut_header(struct virtq_buf *buf, struct net_packet *packet,
		       size_t header)
{
	struct iovec *iov = buf->iov;
	unsigned n = buf->nout;

	for (; n && header >= iov->iov_len; n--)
		header -= iov++->iov_len;
	if (n) {
		iov->iov_base = (char *)iov->iov_base + header;
		iov->iov_len -= header;
	}
	packet->iov = iov;
	packet->niov = n;
}

unsigned virtio_net_gso_offload(uint8_t type)
{
	unsigned ecn = type & VIRTIO_NET_HDR_GSO_ECN ? NET_ECN : 0;

	switch (type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return ecn;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return NET_TSO4 | ecn;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return NET_TSO6 | ecn;
	case VIRTIO_NET_HDR_GSO_UDP:
		return NET_UFO;
	default:
		return ~0u;
	}
}

/* Is what the header asks for agreed on, and within the packet? */
static bool is_fine(const struct virtio_net_pair *p, struct net_packet *packet)
{
	struct virtio_net_hdr *hdr = &packet->hdr;

	if (!packet->len || packet->len > NET_PACKET)
		return false;
	if (!(p->host & NET_CSUM)) {
		memset(hdr, 0, sizeof(*hdr));
		return true;
	}
	hdr->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (hdr->flags &&
	    (size_t)hdr->csum_start + hdr->csum_offset + sizeof(uint16_t) >
		    packet->len)
		return false;
	if (virtio_net_gso_offload(hdr->gso_type) & ~p->host)
		return false;
	return !hdr->gso_type || hdr->gso_size;
}

/* False: the driver is at fault. */
static bool parse(struct virtio_net_pair *p, struct virtq_buf *buf,
		  struct net_packet *packet)
{
	if (buf->out_len < p->header) {
		virtq_break(p->tx, "a packet has no header");
		return false;
	}
	virtq_buf_read(buf, 0, &packet->hdr, sizeof(packet->hdr));
	packet->len = buf->out_len - p->header;
	cut_header(buf, packet, p->header);
	return true;
}

static void give_back(struct virtio_net_pair *p)
{
	static const uint32_t written[VIRTIO_NET_BATCH];

	if (p->nsent)
		virtq_push_all(p->tx, p->sent, written, p->nsent);
	p->nsent = 0;
}

static void sent(struct virtio_net_pair *p, struct virtq_buf *buf)
{
	p->sent[p->nsent++] = buf;
	if (p->nsent == VIRTIO_NET_BATCH)
		give_back(p);
}

/* False: there is none, or no room for it. */
static bool send_one(struct virtio_net_pair *p)
{
	struct virtq_buf *buf = virtq_pop(p->tx);

	if (!buf)
		return false;
	if (!parse(p, buf, &p->packet)) {
		virtq_drop(p->tx, buf);
		return false;
	}
	if (is_fine(p, &p->packet) && !net_port_send(p->port, &p->packet)) {
		p->held = buf;
		return false;
	}
	sent(p, buf);
	return true;
}

/* As many as the ring holds: a driver may bring more all the time. */
bool virtio_net_tx_all(struct virtio_net_pair *p)
{
	unsigned n = 0;

	if (!p->running || p->sending || p->held)
		return false;
	p->sending = true;
	while (n < p->tx->size && send_one(p)) {
		if (!n++ && p->tx_armed)
			virtq_want_kicks(p->tx, false);
		p->tx_armed = false;
	}
	p->sending = false;
	if (!n)
		return false;
	net_port_flush(p->port);
	give_back(p);
	virtio_interrupt(&p->net->vp.virtio, p->tx);
	return true;
}

void virtio_net_tx_ready(struct virtio_net_pair *p)
{
	struct virtq_buf *buf = p->held;

	if (!p->running || p->sending || !buf ||
	    !net_port_send(p->port, &p->packet))
		return;
	p->held = NULL;
	sent(p, buf);
	give_back(p);
	net_port_flush(p->port);
	virtio_interrupt(&p->net->vp.virtio, p->tx);
	virtio_net_tx_all(p);
}

/* What was not sent is the driver's again. */
void virtio_net_tx_stop(struct virtio_net_pair *p)
{
	if (p->held)
		virtq_unpop(p->tx, p->held);
	p->held = NULL;
}
