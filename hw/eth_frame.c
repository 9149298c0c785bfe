/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames in one piece (IEEE 802.3, 3.1), and without tags (802.1Q, 9). */
#include "hw/eth_frame.h"

#include <string.h>

#include "hw/inet_sum.h"

void eth_frame_join(struct eth_frame *f, uint8_t *room, const struct iovec *iov,
		    unsigned niov)
{
	unsigned i;

	f->len = 0;
	if (niov == 1 && iov->iov_len >= ETH_MIN) {
		f->data = iov->iov_base;
		f->len = iov->iov_len;
		return;
	}
	for (i = 0; i < niov; i++) {
		if (iov[i].iov_len)
			memcpy(room + f->len, iov[i].iov_base, iov[i].iov_len);
		f->len += iov[i].iov_len;
	}
	if (f->len < ETH_MIN) {
		memset(room + f->len, 0, ETH_MIN - f->len);
		f->len = ETH_MIN;
	}
	f->data = room;
}

void eth_frame_strip_tag(struct eth_frame *f, uint8_t *room)
{
	memmove(room, f->data, ETH_TYPE);
	f->len -= ETH_VLAN_TAG;
	memmove(room + ETH_TYPE, f->data + ETH_TYPE + ETH_VLAN_TAG,
		f->len - ETH_TYPE);
	f->data = room;
}
