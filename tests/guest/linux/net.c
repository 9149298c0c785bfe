/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces, and raw frames sent and sent back. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest.h"

/* The first of the two types set aside for local experiments (IEEE 802). */
enum { TEST_TYPE = 0x88b5 };

static int show_interface(const char *name, void *ctx)
{
	static const char fmt[] = "/sys/class/net/%s/%s";
	char address[32], mtu[16], carrier[8], state[16], speed[16];
	char driver[64], device[64];

	guest_data("%s address %s mtu %s carrier %s state %s speed %s "
		   "driver %s device %s",
		   name, guest_read(address, 32, fmt, name, "address"),
		   guest_read(mtu, 16, fmt, name, "mtu"),
		   guest_read(carrier, 8, fmt, name, "carrier"),
		   guest_read(state, 16, fmt, name, "operstate"),
		   guest_read(speed, 16, fmt, name, "speed"),
		   guest_link(driver, 64, fmt, name, "device/driver"),
		   guest_link(device, 64, fmt, name, "device"));
	return 0;
}

static int net(int argc, char **argv)
{
	guest_detail("%d interfaces",
		     guest_each("/sys/class/net", show_interface, NULL));
	return 0;
}

static void set_address(struct ifreq *r, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(&r->ifr_addr, &in, sizeof(in));
}

/* Brings an interface up, with an IPv4 address and mask if they are given. */
static int up(int argc, char **argv)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bad;

	if (argc < 2 || fd < 0)
		return guest_fail("which interface?");
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", argv[1]);
	bad = ioctl(fd, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	bad = bad || ioctl(fd, SIOCSIFFLAGS, &r);
	if (!bad && argc > 2) {
		set_address(&r, argv[2]);
		bad = ioctl(fd, SIOCSIFADDR, &r);
		set_address(&r, argc > 3 ? argv[3] : "255.255.255.0");
		bad = bad || ioctl(fd, SIOCSIFNETMASK, &r);
	}
	if (bad)
		guest_fail("%s: %s", argv[1], strerror(errno));
	close(fd);
	return bad ? -1 : 0;
}

static int open_raw(const char *name)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TEST_TYPE),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(TEST_TYPE));

	if (fd >= 0 &&
	    (!at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static ssize_t receive(int fd, uint8_t *frame, size_t size, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1 ? recv(fd, frame, size, 0) : -1;
}

/* Answers so many frames of the test's type, their addresses exchanged. */
static int echo(int argc, char **argv)
{
	uint64_t n = guest_number(argc, argv, 2, 1), bytes = 0;
	int ms = (int)guest_number(argc, argv, 3, 10) * 1000;
	int fd = argc > 1 ? open_raw(argv[1]) : -1;
	uint8_t frame[65536], mac[ETH_ALEN];

	if (fd < 0)
		return guest_fail("no such interface");
	guest_data("ready");
	for (uint64_t i = 0; i < n; i++) {
		ssize_t len = receive(fd, frame, sizeof(frame), ms);

		if (len < ETH_HLEN)
			return guest_fail("%d of %d came", (int)i, (int)n);
		memcpy(mac, frame, ETH_ALEN);
		memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
		memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
		if (send(fd, frame, (size_t)len, 0) != len)
			return guest_fail("send: %s", strerror(errno));
		bytes += (uint64_t)len;
	}
	close(fd);
	guest_detail("%d frames, %llu bytes", (int)n,
		     (unsigned long long)bytes);
	return 0;
}

/* Sends broadcast frames of a length, numbered in their first byte. */
static int frames(int argc, char **argv)
{
	uint64_t n = guest_number(argc, argv, 2, 1);
	size_t len = guest_number(argc, argv, 3, ETH_ZLEN);
	int fd = argc > 1 ? open_raw(argv[1]) : -1;
	uint8_t frame[ETH_FRAME_LEN] = {0};

	if (fd < 0)
		return guest_fail("no such interface");
	if (len <= ETH_HLEN || len > sizeof(frame))
		return guest_fail("no such length");
	memset(frame, 0xff, ETH_ALEN);
	frame[2 * ETH_ALEN] = TEST_TYPE >> 8;
	frame[2 * ETH_ALEN + 1] = TEST_TYPE & 0xff;
	for (size_t i = ETH_HLEN; i < len; i++)
		frame[i] = (uint8_t)i;
	for (uint64_t i = 0; i < n; i++) {
		frame[ETH_HLEN] = (uint8_t)i;
		if (send(fd, frame, len, 0) != (ssize_t)len)
			return guest_fail("send: %s", strerror(errno));
	}
	close(fd);
	guest_detail("%d frames of %zu", (int)n, len);
	return 0;
}

const struct guest_test net_tests[] = {
	{"net", net, "network interfaces"},
	{"up", up, "INTERFACE [ADDRESS [MASK]]: brings it up"},
	{"echo", echo,
	 "INTERFACE [N [SECONDS]]: sends frames of type 88b5 back"},
	{"frames", frames, "INTERFACE [N [LENGTH]]: sends frames of type 88b5"},
	{NULL},
};
