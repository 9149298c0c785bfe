/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio NIC, and packets in both directions; Virtual I/O Device 1.1, 5.1.
 * What comes is answered, so that who sends it can wait for the guest.
 */
#include "guest.h"

#define NET_OLD	      0x1000u
#define NET_MODERN    0x1041u
#define F_CSUM	      (UINT64_C(1) << 0)
#define F_GUEST_CSUM  (UINT64_C(1) << 1)
#define F_GUEST_TSO4  (UINT64_C(1) << 7)
#define F_HOST_TSO4   (UINT64_C(1) << 11)
#define F_MRG_RXBUF   (UINT64_C(1) << 15)

#define DEVICE_WRITES 2u
#define BUFFERS	      ((uint8_t *)0x1000000)
#define SEND_STEP     0x11000u
#define RECEIVE_ROOM  2048u
#define SEGMENT	      1448u /* bytes that a packet on the wire carries */
#define MTU_FRAME     1514u
#define ANSWER_LEN    60u
#define WAIT_MS	      20000u /* for the first packet */

/* 5.1.6 */
struct net_header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

#define NEEDS_CSUM 1
#define GSO_TCPV4  1

/* Ethernet, IPv4 and TCP, as far as segments need them; big-endian words. */
static const uint8_t segment_head[54] = {
	0x52, 0x54, 0,	  0x12, 0x34, 0x57, 0x52, 0x54, 0,  0x12, 0x34,
	0x56, 0x08, 0x00, 0x45, 0,    0,    0,	  0,	1,  0x40, 0,
	64,   6,    0,	  0,	10,   0,    0,	  1,	10, 0,	  0,
	2,    0x10, 0,	  0x20, 0,    0,    0,	  0,	1,  0,	  0,
	0,    1,    0x50, 0x10, 0xff, 0xff, 0,	  0,	0,  0,
};

static const uint8_t frame_head[14] = {
	0x52, 0x54, 0,	  0x12, 0x34, 0x57, 0x52, 0x54,
	0,    0x12, 0x34, 0x56, 0x88, 0xb5, /* for experiments: 802 9.2.4 */
};

struct nic {
	struct device device;
	struct queue rx, tx;
	unsigned left; /* buffers of the packet that has begun to come */
};

static struct nic nic;

uint64_t net_kicks(void)
{
	return nic.rx.kicks + nic.tx.kicks;
}

static void open(unsigned nth)
{
	device_open(&nic.device, NET_OLD, NET_MODERN, nth,
		    F_CSUM | F_GUEST_CSUM | F_GUEST_TSO4 | F_HOST_TSO4 |
			    F_MRG_RXBUF);
	device_queue(&nic.device, &nic.rx, 0);
	device_queue(&nic.device, &nic.tx, 1);
	nic.left = 0;
	nic.rx.kicks = nic.tx.kicks = 0;
	device_ready(&nic.device);
}

/* The packet of descriptor i of what is sent. */
static void prepare(uint16_t i, uint32_t len)
{
	uint8_t *at = BUFFERS + (size_t)i * SEND_STEP;
	struct net_header *h = (struct net_header *)at;
	uint32_t ip = len - (uint32_t)sizeof(frame_head);

	memset(at, 0, sizeof(*h) + len);
	if (len > MTU_FRAME) {
		h->flags = NEEDS_CSUM;
		h->gso_type = GSO_TCPV4;
		h->hdr_len = sizeof(segment_head);
		h->gso_size = SEGMENT;
		h->csum_start = 34;
		h->csum_offset = 16;
		memcpy(at + sizeof(*h), segment_head, sizeof(segment_head));
		at[sizeof(*h) + 16] = (uint8_t)(ip >> 8);
		at[sizeof(*h) + 17] = (uint8_t)ip;
	} else {
		memcpy(at + sizeof(*h), frame_head, sizeof(frame_head));
	}
	nic.tx.desc[i].addr = (uintptr_t)at;
	nic.tx.desc[i].len = (uint32_t)sizeof(*h) + len;
	nic.tx.desc[i].flags = 0;
}

static void send(const struct load *l, struct result *res)
{
	uint64_t begin = now(), end = begin + l->milliseconds * clock_khz();
	uint64_t under_way = 0;
	struct request *r;
	uint16_t i;

	for (i = 0; i < nic.tx.size && i < l->depth; i++, under_way++) {
		prepare(i, (uint32_t)l->bs);
		queue_put(&nic.tx, i);
	}
	queue_kick(&nic.tx);
	while (under_way) {
		while ((r = queue_take(&nic.tx))) {
			under_way--;
			res->ios++;
			if (now() >= end)
				continue;
			queue_put(&nic.tx, r->id);
			under_way++;
		}
		queue_kick(&nic.tx);
	}
	res->bytes = res->ios * l->bs;
	res->ticks = now() - begin;
}

static void answer(void)
{
	struct request *r;

	while ((r = queue_take(&nic.tx)))
		;
	queue_put(&nic.tx, nic.tx.avail % nic.tx.size);
	queue_kick(&nic.tx);
}

/* True: the last buffer of a packet. */
static bool take_buffer(const struct request *r)
{
	const struct net_header *h =
		(const struct net_header *)(BUFFERS + nic.tx.size * SEND_STEP +
					    r->id * (size_t)RECEIVE_ROOM);

	if (!nic.left)
		nic.left = h->num_buffers;
	return !--nic.left;
}

static void pass(uint64_t milliseconds)
{
	uint64_t end = now() + milliseconds * clock_khz();

	while (now() < end)
		;
}

static void receive(const struct load *l, struct result *res)
{
	uint64_t begin = 0, end, unanswered = 0;
	struct request *r;
	uint16_t i;

	pass(l->pause);
	end = now() + WAIT_MS * clock_khz();
	for (i = 0; i < nic.tx.size; i++)
		prepare(i, ANSWER_LEN);
	for (i = 0; i < nic.rx.size; i++) {
		nic.rx.desc[i].addr = (uintptr_t)BUFFERS +
				      nic.tx.size * SEND_STEP +
				      i * (uint64_t)RECEIVE_ROOM;
		nic.rx.desc[i].len = RECEIVE_ROOM;
		nic.rx.desc[i].flags = DEVICE_WRITES;
		queue_put(&nic.rx, i);
	}
	queue_kick(&nic.rx);
	while (now() < end) {
		while ((r = queue_take(&nic.rx))) {
			if (!begin) {
				begin = now();
				end = begin + l->milliseconds * clock_khz();
			}
			if (take_buffer(r)) {
				res->ios++;
				unanswered++;
			}
			queue_put(&nic.rx, r->id);
			if (unanswered >= l->depth) {
				unanswered = 0;
				answer();
			}
		}
		queue_kick(&nic.rx);
	}
	res->bytes = res->ios * l->bs;
	res->ticks = now() - begin;
	if (!begin)
		fail("no packet came");
}

void net_run(const struct load *l, struct result *res)
{
	open((unsigned)l->device);
	if (l->bs > SEND_STEP - sizeof(struct net_header) || l->bs < ANSWER_LEN)
		fail("packets have other lengths");
	if (l->op == SEND)
		send(l, res);
	else
		receive(l, res);
}
