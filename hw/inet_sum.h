/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksum of the Internet's protocols (RFC 1071), and where in a frame it
 * is, for NICs that compute it.  Any thread.
 */
#ifndef HW_INET_SUM_H
#define HW_INET_SUM_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETH_TYPE     12u /* offset; also of a VLAN's tag */
#define ETH_VLAN_TAG 4u
#define ETH_MIN	     60u /* without the check sequence, which takes 4 */

#define IP4_HEADER   20u
#define IP4_LEN	     2u
#define IP4_ID	     4u
#define IP4_SUM	     10u
#define IP4_SRC	     12u
#define IP6_HEADER   40u
#define IP6_LEN	     4u
#define IP_PROTO_TCP 6u
#define IP_PROTO_UDP 17u
#define TCP_HEADER   20u
#define TCP_SEQ	     4u
#define TCP_FLAGS    13u
#define TCP_SUM	     16u
#define TCP_FIN	     1u
#define TCP_PSH	     8u
#define UDP_HEADER   8u
#define UDP_LEN	     4u
#define UDP_SUM	     6u

/* Adds len bytes, in network order, to a sum that is not folded yet. */
uint64_t inet_sum_add(uint64_t sum, const void *data, size_t len);
/* The 16 bits of a sum, not complemented. */
uint16_t inet_sum_fold(uint64_t sum);

/* Where the headers of a frame are, as far as it has them whole. */
struct inet_frame {
	size_t l3, l4; /* offsets */
	size_t end; /* of what IP says belongs to it */
	uint8_t proto; /* of l4; 0: not to be told, or a fragment */
	bool ip4, ip6;
};

/* False: no IP there, or not whole. */
bool inet_parse(const uint8_t *frame, size_t len, struct inet_frame *f);
/* The sum of the pseudo header without its length. */
uint64_t inet_pseudo_sum(const uint8_t *frame, const struct inet_frame *f);
/* Is the checksum of the IPv4 header right? */
bool inet_ip_sum_fine(const uint8_t *frame, const struct inet_frame *f);
/* Has the frame a checksum of TCP or UDP to look at? */
bool inet_has_l4_sum(const uint8_t *frame, const struct inet_frame *f);
bool inet_l4_sum_fine(const uint8_t *frame, const struct inet_frame *f);

#endif
