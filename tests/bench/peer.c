/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network that the benchmark guest is at: peer INTERFACE LENGTH ANSWER
 * sends packets of LENGTH bytes, of which the guest answers each ANSWERth, and
 * no more of them than the guest keeps up with.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ETHERTYPE   0x88b5 /* for experiments */
#define BATCH	    64
#define WINDOW	    12 /* answers' worth of packets may be under way */
#define LENGTH_MAX  65549
#define FRAME_MAX   1514
#define SEGMENT	    1448
#define PATIENCE_US 200000 /* then packets are taken for lost */

static const uint8_t head[] = {
	0x52, 0x54, 0,	  0x12, 0x34, 0x56, 0x52, 0x54, 0,  0x12, 0x34,
	0x57, 0x08, 0x00, 0x45, 0,    0,    0,	  0,	1,  0x40, 0,
	64,   6,    0,	  0,	10,   0,    0,	  2,	10, 0,	  0,
	1,    0x10, 0,	  0x20, 0,    0,    0,	  0,	1,  0,	  0,
	0,    1,    0x50, 0x10, 0xff, 0xff, 0,	  0,	0,  0,
};

struct packet {
	struct virtio_net_hdr hdr;
	uint8_t data[LENGTH_MAX];
};

static struct packet packet;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(const char *interface, int gso)
{
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
				       .sll_protocol = htons(ETHERTYPE),
				       .sll_ifindex =
					       (int)if_nametoindex(interface)};
	const struct timeval patience = {.tv_usec = PATIENCE_US};
	const int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE));

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		die(interface);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_PACKET,
		       gso ? PACKET_VNET_HDR : PACKET_QDISC_BYPASS, &one,
		       sizeof(one)) < 0)
		die("setsockopt");
	return fd;
}

static void prepare(size_t len, int gso)
{
	uint16_t ip = htons((uint16_t)(len - 14)),
		 experiment = htons(ETHERTYPE);

	memcpy(packet.data, head, sizeof(head));
	memcpy(packet.data + 16, &ip, sizeof(ip));
	packet.hdr =
		(struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					.hdr_len = sizeof(head),
					.gso_size = SEGMENT,
					.csum_start = 34,
					.csum_offset = 16};
	if (!gso)
		memcpy(packet.data + 12, &experiment, sizeof(experiment));
}

/* Packets that the guest answered. */
static unsigned listen_for(int fd, unsigned answer)
{
	static uint8_t data[BATCH][64];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	int i, n;

	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){data[i], sizeof(data[i])};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
	return n > 0 ? (unsigned)n * answer : WINDOW * answer;
}

/* The kernel looks at segments by the protocol that they are sent as. */
static void flood(int fd, const char *interface, size_t len, int gso,
		  unsigned answer)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol =
					 htons(gso ? ETH_P_IP : ETHERTYPE),
				 .sll_ifindex = (int)if_nametoindex(interface)};
	struct iovec iov = {gso ? (void *)&packet : packet.data,
			    len + (gso ? sizeof(packet.hdr) : 0)};
	static struct mmsghdr msg[BATCH];
	unsigned left = WINDOW * answer, i;
	int n;

	for (i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
		msg[i].msg_hdr.msg_name = &to;
		msg[i].msg_hdr.msg_namelen = sizeof(to);
	}
	for (;;) {
		n = left ? sendmmsg(fd, msg, left < BATCH ? left : BATCH, 0)
			 : 0;
		if (n > 0)
			left -= (unsigned)n;
		else
			left += listen_for(fd, answer);
		if (left > WINDOW * answer)
			left = WINDOW * answer;
	}
}

int main(int argc, char **argv)
{
	size_t len;
	int gso;

	if (argc != 4)
		return 2;
	len = strtoul(argv[2], NULL, 10);
	gso = len > FRAME_MAX;
	if (len > LENGTH_MAX || len < sizeof(head))
		return 2;
	prepare(len, gso);
	flood(open_socket(argv[1], gso), argv[1], len, gso,
	      (unsigned)strtoul(argv[3], NULL, 10));
}
