/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets a driver of a NIC on virtio wants; Virtual I/O Device 1.1,
 * 5.1.6.5.1 (modes), 5.1.6.5.2 (addresses), 5.1.6.5.3 (VLANs).
 */
#include <string.h>

#include "hw/virtio_net.h"
#include "vmm/endian.h"

#define ETHERTYPE_AT   12
#define ETHERTYPE_VLAN 0x8100
#define TAG_END	       16 /* of a VLAN's tag */
#define VLAN_MASK      0xfff
#define GROUP	       1 /* in the first octet of an address */

static const uint8_t broadcast[NIC_MAC_LEN] = {0xff, 0xff, 0xff,
					       0xff, 0xff, 0xff};

/* 5.1.6.5.1: until the driver says otherwise it gets everything. */
void virtio_net_filter_reset(struct virtio_net_filter *f,
			     const uint8_t mac[NIC_MAC_LEN])
{
	memset(f, 0, sizeof(*f));
	f->promisc = true;
	memcpy(f->mac, mac, NIC_MAC_LEN);
}

static bool find(const struct virtio_net_filter *f, unsigned first, unsigned n,
		 const uint8_t *mac)
{
	unsigned i;

	for (i = first; i < first + n; i++)
		if (!memcmp(f->table + i * (size_t)NIC_MAC_LEN, mac,
			    NIC_MAC_LEN))
			return true;
	return false;
}

static bool takes_group(const struct virtio_net_filter *f, const uint8_t *to)
{
	if (!memcmp(to, broadcast, NIC_MAC_LEN))
		return !f->nobcast;
	if (f->nomulti)
		return false;
	return f->allmulti || f->multi_overflow ||
	       find(f, f->nuni, f->nmulti, to);
}

static bool takes_single(const struct virtio_net_filter *f, const uint8_t *to)
{
	if (f->nouni)
		return false;
	return f->alluni || f->uni_overflow ||
	       !memcmp(to, f->mac, NIC_MAC_LEN) || find(f, 0, f->nuni, to);
}

static bool takes_vlan(const struct virtio_net_filter *f, const uint8_t *head,
		       size_t len)
{
	unsigned id;

	if (len < TAG_END || load_be16(head + ETHERTYPE_AT) != ETHERTYPE_VLAN)
		return true;
	id = load_be16(head + ETHERTYPE_AT + 2) & VLAN_MASK;
	return f->vlan[id / 64] >> id % 64 & 1;
}

bool virtio_net_filter_takes(const struct virtio_net_filter *f,
			     const uint8_t *head, size_t len)
{
	if (len < NIC_MAC_LEN)
		return false;
	if (f->promisc)
		return true;
	if (!takes_vlan(f, head, len))
		return false;
	return head[0] & GROUP ? takes_group(f, head) : takes_single(f, head);
}

#define FLAG(field) \
	{ \
		STATE_ELEM(STATE_BOOL, struct virtio_net_filter, field) \
	}

const struct state_field virtio_net_filter_fields[] = {
	FLAG(promisc),
	FLAG(allmulti),
	FLAG(alluni),
	FLAG(nomulti),
	FLAG(nouni),
	FLAG(nobcast),
	FLAG(multi_overflow),
	FLAG(uni_overflow),
	{STATE_ARR(STATE_U8, struct virtio_net_filter, mac)},
	{STATE_ELEM(STATE_U8, struct virtio_net_filter, nuni),
	 .hi = VIRTIO_NET_MACS},
	{STATE_ELEM(STATE_U8, struct virtio_net_filter, nmulti),
	 .hi = VIRTIO_NET_MACS},
	{STATE_ARR(STATE_U8, struct virtio_net_filter, table)},
	{STATE_ARR(STATE_U64, struct virtio_net_filter, vlan)},
	{.kind = STATE_END},
};
