/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A frame on its way into a NIC, which may have to change it.  Any thread. */
#ifndef HW_ETH_FRAME_H
#define HW_ETH_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct eth_frame {
	const uint8_t *data;
	size_t len;
};

/*
 * Makes a frame of the pieces: one, and not shorter than Ethernet allows.  It
 * stays where it is, or is copied to room, which is to have ETH_MIN bytes at
 * least and as many as the pieces together.
 */
void eth_frame_join(struct eth_frame *f, uint8_t *room, const struct iovec *iov,
		    unsigned niov);
/* Takes out a VLAN's tag, which must be there; with the same room. */
void eth_frame_strip_tag(struct eth_frame *f, uint8_t *room);

#endif
