/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums of IP (RFC 791), TCP (RFC 793), UDP (RFC 768) in a frame. */
#include "hw/inet_sum.h"

#include <string.h>

#include "vmm/endian.h"

#define IP4_VERSION   4u
#define IP6_VERSION   6u
#define IP4_FRAGMENT  0x3fffu /* more of them, or an offset */
#define IP4_FLAGS     6u
#define IP4_PROTO     9u
#define IP4_ADDRESSES 8u /* bytes, both */
#define IP6_NEXT      6u
#define IP6_SRC	      8u
#define IP6_ADDRESSES 32u
#define SUM_FINE      0xffffu
#define VLANS	      2u /* tags before IP, at most */

uint64_t inet_sum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t host = 0;

	/* RFC 1071, 2 (B): the order of bytes does not matter until the end. */
	for (; len >= 4; len -= 4, p += 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		host += word;
	}
	if (len >= 2) {
		uint16_t half;

		memcpy(&half, p, sizeof(half));
		host += half;
		p += 2;
		len -= 2;
	}
	sum += be16toh(inet_sum_fold(host));
	if (len)
		sum += (uint32_t)*p << 8;
	return sum;
}

uint16_t inet_sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

static bool parse_ip4(const uint8_t *frame, size_t len, struct inet_frame *f)
{
	const uint8_t *ip = frame + f->l3;
	size_t header, total;

	if (len - f->l3 < IP4_HEADER || ip[0] >> 4 != IP4_VERSION)
		return false;
	header = (ip[0] & 15u) * 4;
	total = load_be16(ip + IP4_LEN);
	if (header < IP4_HEADER || total < header || total > len - f->l3)
		return false;
	f->ip4 = true;
	f->l4 = f->l3 + header;
	f->end = f->l3 + total;
	if (!(load_be16(ip + IP4_FLAGS) & IP4_FRAGMENT))
		f->proto = ip[IP4_PROTO];
	return true;
}

static bool parse_ip6(const uint8_t *frame, size_t len, struct inet_frame *f)
{
	const uint8_t *ip = frame + f->l3;
	size_t payload;

	if (len - f->l3 < IP6_HEADER || ip[0] >> 4 != IP6_VERSION)
		return false;
	payload = load_be16(ip + IP6_LEN);
	if (payload > len - f->l3 - IP6_HEADER)
		return false;
	f->ip6 = true;
	f->l4 = f->l3 + IP6_HEADER;
	f->end = f->l4 + payload;
	f->proto = ip[IP6_NEXT];
	return true;
}

bool inet_parse(const uint8_t *frame, size_t len, struct inet_frame *f)
{
	unsigned tags = 0;
	uint16_t type;

	memset(f, 0, sizeof(*f));
	f->l3 = ETH_HLEN;
	if (len < ETH_HLEN)
		return false;
	type = load_be16(frame + ETH_TYPE);
	while ((type == ETH_P_8021Q || type == ETH_P_8021AD) &&
	       tags++ < VLANS && len >= f->l3 + ETH_VLAN_TAG) {
		type = load_be16(frame + f->l3 + 2);
		f->l3 += ETH_VLAN_TAG;
	}
	if (type == ETH_P_IP)
		return parse_ip4(frame, len, f);
	return type == ETH_P_IPV6 && parse_ip6(frame, len, f);
}

uint64_t inet_pseudo_sum(const uint8_t *frame, const struct inet_frame *f)
{
	const uint8_t *ip = frame + f->l3;

	if (f->ip4)
		return inet_sum_add(f->proto, ip + IP4_SRC, IP4_ADDRESSES);
	return inet_sum_add(f->proto, ip + IP6_SRC, IP6_ADDRESSES);
}

bool inet_ip_sum_fine(const uint8_t *frame, const struct inet_frame *f)
{
	return inet_sum_fold(inet_sum_add(0, frame + f->l3, f->l4 - f->l3)) ==
	       SUM_FINE;
}

bool inet_has_l4_sum(const uint8_t *frame, const struct inet_frame *f)
{
	size_t len = f->end - f->l4;

	if (f->proto == IP_PROTO_TCP)
		return len >= TCP_HEADER;
	/* RFC 768: zero says that there is none. */
	return f->proto == IP_PROTO_UDP && len >= UDP_HEADER &&
	       load_be16(frame + f->l4 + UDP_SUM);
}

bool inet_l4_sum_fine(const uint8_t *frame, const struct inet_frame *f)
{
	size_t len = f->end - f->l4;
	uint64_t sum = inet_pseudo_sum(frame, f) + len;

	return inet_sum_fold(inet_sum_add(sum, frame + f->l4, len)) == SUM_FINE;
}
