/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control queue of a NIC on virtio; Virtual I/O Device 1.1, 5.1.6.5.  Its
 * commands are done in the main loop, one by one.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hw/virtio_net.h"
#include "vmm/endian.h"

#define HEADER_SIZE 2u /* class, command; then the data */

/* What a command is about. */
struct request {
	struct virtio_net *net;
	const struct virtq_buf *buf;
	size_t len; /* bytes of data */
	uint8_t command;
};

static bool take(const struct request *r, size_t off, void *to, size_t len)
{
	return len <= r->len && off <= r->len - len &&
	       virtq_buf_read(r->buf, HEADER_SIZE + off, to, len) == len;
}

/* 5.1.6.5.1 */
static bool set_mode(struct request *r)
{
	struct virtio_net_filter *f = &r->net->filter;
	bool *const mode[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC] = &f->promisc,
		[VIRTIO_NET_CTRL_RX_ALLMULTI] = &f->allmulti,
		[VIRTIO_NET_CTRL_RX_ALLUNI] = &f->alluni,
		[VIRTIO_NET_CTRL_RX_NOMULTI] = &f->nomulti,
		[VIRTIO_NET_CTRL_RX_NOUNI] = &f->nouni,
		[VIRTIO_NET_CTRL_RX_NOBCAST] = &f->nobcast,
	};
	uint8_t on;

	if (r->command >= sizeof(mode) / sizeof(*mode) ||
	    !take(r, 0, &on, sizeof(on)))
		return false;
	if (r->command >= VIRTIO_NET_CTRL_RX_ALLUNI &&
	    !virtio_net_has(r->net, VIRTIO_NET_F_CTRL_RX_EXTRA))
		return false;
	*mode[r->command] = on;
	virtio_net_filter_changed(r->net);
	return true;
}

/* A list of addresses at *off, to the table as far as it has room. */
static bool take_list(const struct request *r, size_t *off,
		      struct virtio_net_filter *f, uint8_t *count,
		      bool *overflow)
{
	unsigned first = f->nuni;
	uint8_t raw[4];
	uint32_t n;

	if (!take(r, *off, raw, sizeof(raw)))
		return false;
	n = load_le32(raw);
	*off += sizeof(raw);
	if (n > (r->len - *off) / NIC_MAC_LEN)
		return false;
	*overflow = n > VIRTIO_NET_MACS - first;
	if (!*overflow) {
		take(r, *off, f->table + first * (size_t)NIC_MAC_LEN,
		     n * (size_t)NIC_MAC_LEN);
		*count = (uint8_t)n;
	}
	*off += n * (size_t)NIC_MAC_LEN;
	return true;
}

/* 5.1.6.5.2: a list of single addresses, and one of groups' */
static bool set_table(const struct request *r)
{
	struct virtio_net_filter *f = &r->net->filter, next = *f;
	size_t off = 0;

	next.nuni = next.nmulti = 0;
	memset(next.table, 0, sizeof(next.table));
	if (!take_list(r, &off, &next, &next.nuni, &next.uni_overflow) ||
	    !take_list(r, &off, &next, &next.nmulti, &next.multi_overflow) ||
	    off != r->len)
		return false;
	*f = next;
	return true;
}

static bool set_address(const struct request *r)
{
	struct virtio_net *net = r->net;

	if (r->len != NIC_MAC_LEN ||
	    !virtio_net_has(net, VIRTIO_NET_F_CTRL_MAC_ADDR) ||
	    !take(r, 0, net->filter.mac, NIC_MAC_LEN))
		return false;
	nic_set_mac(&net->nic, net->filter.mac);
	return true;
}

static bool set_addresses(struct request *r)
{
	bool fine = false;

	if (r->command == VIRTIO_NET_CTRL_MAC_TABLE_SET)
		fine = virtio_net_has(r->net, VIRTIO_NET_F_CTRL_RX) &&
		       set_table(r);
	else if (r->command == VIRTIO_NET_CTRL_MAC_ADDR_SET)
		fine = set_address(r);
	if (fine)
		virtio_net_filter_changed(r->net);
	return fine;
}

/* 5.1.6.5.3 */
static bool set_vlan(struct request *r)
{
	struct virtio_net_filter *f = &r->net->filter;
	uint8_t raw[2];
	uint16_t id;

	if (!take(r, 0, raw, sizeof(raw)))
		return false;
	id = load_le16(raw);
	if (id >= VIRTIO_NET_VLANS)
		return false;
	if (r->command == VIRTIO_NET_CTRL_VLAN_ADD)
		f->vlan[id / 64] |= UINT64_C(1) << id % 64;
	else if (r->command == VIRTIO_NET_CTRL_VLAN_DEL)
		f->vlan[id / 64] &= ~(UINT64_C(1) << id % 64);
	else
		return false;
	virtio_net_filter_changed(r->net);
	return true;
}

/* 5.1.6.5.4: the driver has told the network where it is. */
static bool acknowledge(struct request *r)
{
	if (r->command != VIRTIO_NET_CTRL_ANNOUNCE_ACK || !r->net->announce)
		return false;
	r->net->announce = false;
	return true;
}

/* 5.1.6.5.5 */
static bool set_pairs(struct request *r)
{
	struct virtio_net *net = r->net;
	uint16_t before = net->active, n;
	uint8_t raw[2];

	if (r->command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET ||
	    !take(r, 0, raw, sizeof(raw)))
		return false;
	n = load_le16(raw);
	if (n < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN || n > net->npairs)
		return false;
	net->active = n;
	virtio_net_io_activate(net, before);
	return true;
}

#define GUEST_OFFLOADS \
	(VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_UFO))

/* 5.1.6.5.6 */
static bool set_offloads(struct request *r)
{
	struct virtio_net *net = r->net;
	uint64_t offloads;
	uint8_t raw[8];

	if (r->command != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET ||
	    !take(r, 0, raw, sizeof(raw)))
		return false;
	offloads = load_le64(raw);
	if (offloads & ~(net->vp.virtio.features & GUEST_OFFLOADS))
		return false;
	net->offloads = offloads;
	virtio_net_io_update(net);
	return true;
}

static const struct {
	unsigned feature;
	bool (*run)(struct request *r);
} classes[] = {
	[VIRTIO_NET_CTRL_RX] = {VIRTIO_NET_F_CTRL_RX, set_mode},
	[VIRTIO_NET_CTRL_MAC] = {VIRTIO_NET_F_CTRL_VQ, set_addresses},
	[VIRTIO_NET_CTRL_VLAN] = {VIRTIO_NET_F_CTRL_VLAN, set_vlan},
	[VIRTIO_NET_CTRL_ANNOUNCE] = {VIRTIO_NET_F_GUEST_ANNOUNCE, acknowledge},
	[VIRTIO_NET_CTRL_MQ] = {VIRTIO_NET_F_MQ, set_pairs},
	[VIRTIO_NET_CTRL_GUEST_OFFLOADS] = {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
					    set_offloads},
};

static uint8_t run(struct virtio_net *net, const struct virtq_buf *buf)
{
	uint8_t header[HEADER_SIZE];
	struct request r = {.net = net,
			    .buf = buf,
			    .len = buf->out_len - HEADER_SIZE};

	virtq_buf_read(buf, 0, header, sizeof(header));
	r.command = header[1];
	if (header[0] < sizeof(classes) / sizeof(*classes) &&
	    virtio_net_has(net, classes[header[0]].feature) &&
	    classes[header[0]].run(&r))
		return VIRTIO_NET_OK;
	return VIRTIO_NET_ERR;
}

static struct virtq *ring_of(struct virtio_net *net)
{
	return &net->vp.virtio.queue[virtio_net_control_queue(net)];
}

static bool serve_one(struct virtio_net *net)
{
	struct virtq *vq = ring_of(net);
	struct virtq_buf *buf = virtq_pop(vq);

	if (!buf)
		return false;
	if (buf->out_len < HEADER_SIZE || !buf->in_len) {
		virtq_break(vq, "a command has no header or no status");
		virtq_drop(vq, buf);
		return false;
	}
	*(uint8_t *)buf->iov[buf->nout].iov_base = run(net, buf);
	virtq_push(vq, buf, 1);
	return true;
}

/* What comes while these are done is for the next turn of the loop. */
static void on_kick(void *ctx, uint32_t events)
{
	struct virtio_net *net = ctx;
	struct virtio *v = &net->vp.virtio;
	struct virtq *vq = ring_of(net);
	int kick = v->kick[vq - v->queue];
	unsigned n = 0;
	eventfd_t count;

	eventfd_read(kick, &count);
	do
		virtq_want_kicks(vq, true);
	while (n < vq->size && serve_one(net) && ++n);
	if (n)
		virtio_interrupt(v, vq);
	if (n == vq->size)
		eventfd_write(kick, 1);
	if (!vq->broken)
		return;
	virtio_net_control_stop(net);
	virtio_broken(v, vq);
}

/* 5.1.2: it comes after all the pairs that the driver knows of. */
unsigned virtio_net_control_queue(const struct virtio_net *net)
{
	return virtio_net_has(net, VIRTIO_NET_F_MQ) ? 2 * net->npairs : 2;
}

int virtio_net_control_start(struct virtio_net *net, struct error *err)
{
	struct virtio *v = &net->vp.virtio;
	unsigned n = virtio_net_control_queue(net);

	if (net->control_kick || !virtio_net_has(net, VIRTIO_NET_F_CTRL_VQ) ||
	    !v->queue[n].running || v->queue[n].broken)
		return 0;
	net->control_kick =
		loop_add_fd(v->m->loop, v->kick[n], EPOLLIN, on_kick, net, err);
	if (!net->control_kick)
		return -ENOMEM;
	eventfd_write(v->kick[n], 1);
	return 0;
}

void virtio_net_control_stop(struct virtio_net *net)
{
	if (net->control_kick)
		loop_del_fd(net->control_kick);
	net->control_kick = NULL;
}
