/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for the guest of a NIC on virtio; Virtual I/O Device 1.1, 5.1.6.4.
 * The pair's thread.
 */
#include <string.h>

#include "hw/virtio_net.h"
#include "vmm/endian.h"

#define HEAD_MAX 64u /* bytes that are looked at */

/* Where bytes of a packet go. */
struct cursor {
	struct virtq_buf *const *buf;
	const struct iovec *iov;
	unsigned niov; /* that are left in the buffer */
	size_t off; /* in iov */
};

static void enter(struct cursor *c)
{
	c->iov = (*c->buf)->iov + (*c->buf)->nout;
	c->niov = (*c->buf)->nin;
	c->off = 0;
}

/* There is room for it: that was counted. */
static void put(struct cursor *c, const void *data, size_t len)
{
	const char *from = data;
	size_t n;

	while (len) {
		if (!c->niov) {
			c->buf++;
			enter(c);
		}
		n = c->iov->iov_len - c->off;
		if (n > len)
			n = len;
		memcpy((char *)c->iov->iov_base + c->off, from, n);
		from += n;
		len -= n;
		c->off += n;
		if (c->off == c->iov->iov_len) {
			c->iov++;
			c->niov--;
			c->off = 0;
		}
	}
}

static void fill(struct virtio_net_pair *p, unsigned n,
		 const struct net_packet *packet)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = {.hdr = packet->hdr,
					       .num_buffers = (uint16_t)n};
	struct cursor c = {.buf = p->got};
	size_t left = p->header + packet->len;
	unsigned i;

	enter(&c);
	put(&c, &hdr, p->header);
	for (i = 0; i < packet->niov; i++)
		put(&c, packet->iov[i].iov_base, packet->iov[i].iov_len);
	for (i = 0; i < n; i++) {
		size_t room = p->got[i]->in_len;

		p->written[i] = (uint32_t)(room < left ? room : left);
		left -= p->written[i];
	}
	virtq_push_all(p->rx, p->got, p->written, n);
	p->rx_unsaid = true;
}

static void put_back(struct virtio_net_pair *p, unsigned n)
{
	while (n)
		virtq_unpop(p->rx, p->got[--n]);
}

/*
 * The next buffer for a packet that has n.  Where these are not enough only a
 * kick can tell of more: that there are some is no news.
 */
static struct virtq_buf *next_buffer(struct virtio_net_pair *p, unsigned n)
{
	struct virtq_buf *buf = virtq_pop(p->rx);

	if (buf || !n || p->rx->broken)
		return buf;
	virtq_want_kicks(p->rx, true);
	p->rx_armed = true;
	return virtq_pop(p->rx);
}

/* Room for len bytes; returns how many buffers that is, 0: none are there. */
static unsigned gather(struct virtio_net_pair *p, size_t len, size_t *room)
{
	struct virtq_buf *buf;
	unsigned n = 0;

	*room = 0;
	do {
		buf = next_buffer(p, n);
		if (!buf) {
			put_back(p, n);
			p->starved = true;
			p->few = n > 0;
			return 0;
		}
		p->got[n++] = buf;
		*room += buf->in_len;
		if (!buf->in_len || *room < p->header) {
			virtq_break(p->rx, "a buffer has no room");
			put_back(p, n);
			return 0;
		}
	} while (*room < len && p->mergeable && n < p->rx->size);
	return n;
}

/* What packets begin with is in one piece nearly always. */
static const uint8_t *head_of(const struct net_packet *packet, uint8_t *buf,
			      size_t *len)
{
	unsigned i;
	size_t n = 0, part;

	*len = packet->len < HEAD_MAX ? packet->len : HEAD_MAX;
	if (packet->niov && packet->iov->iov_len >= *len)
		return packet->iov->iov_base;
	for (i = 0; i < packet->niov && n < *len; i++, n += part) {
		part = packet->iov[i].iov_len;
		if (part > *len - n)
			part = *len - n;
		memcpy(buf + n, packet->iov[i].iov_base, part);
	}
	*len = n;
	return buf;
}

/* May the driver be given a packet with this left to do? */
static bool is_agreed(const struct virtio_net_pair *p,
		      const struct virtio_net_hdr *hdr)
{
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && !(p->guest & NET_CSUM))
		return false;
	return !(virtio_net_gso_offload(hdr->gso_type) & ~p->guest);
}

/* The DATA_VALID flag is for those who agreed on checksums. */
static void deliver(struct virtio_net_pair *p, unsigned n,
		    const struct net_packet *packet)
{
	struct net_packet plain;

	if (!packet->hdr.flags || p->guest & NET_CSUM) {
		fill(p, n, packet);
		return;
	}
	plain = *packet;
	plain.hdr.flags = 0;
	fill(p, n, &plain);
}

bool virtio_net_receive(void *ctx, const struct net_packet *packet)
{
	struct virtio_net_pair *p = ctx;
	uint8_t buf[HEAD_MAX];
	const uint8_t *head;
	size_t room, len;
	unsigned n;

	if (!p->running)
		return false;
	head = head_of(packet, buf, &len);
	if (!virtio_net_filter_takes(&p->filter, head, len) ||
	    !is_agreed(p, &packet->hdr))
		return true;
	n = gather(p, p->header + packet->len, &room);
	if (!n)
		return p->rx->broken;
	if (room >= p->header + packet->len)
		deliver(p, n, packet);
	else
		put_back(p, n); /* too long for what the driver gives */
	return true;
}

/* One interrupt for all that came together. */
void virtio_net_rx_flush(struct virtio_net_pair *p)
{
	if (p->rx_unsaid)
		virtio_interrupt(&p->net->vp.virtio, p->rx);
	p->rx_unsaid = false;
}

bool virtio_net_rx_look(struct virtio_net_pair *p)
{
	if (!p->running || !p->starved || p->few || virtq_is_empty(p->rx))
		return false;
	p->starved = false;
	if (p->rx_armed)
		virtq_want_kicks(p->rx, false);
	p->rx_armed = false;
	net_port_ready(p->port);
	return true;
}
