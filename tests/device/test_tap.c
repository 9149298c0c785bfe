/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tap interfaces in a network namespace of the test's own: what the kernel
 * sends comes, waits for who has no room, and goes the other way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/device/harness.h"
#include "vmm/loop.h"
#include "vmm/opt.h"

/* IEEE 802: the first of the types for local experiments. */
enum { TYPE = 0x88b5, FRAME = 100, BURST = 200 };

/* A NIC in the test's hands. */
struct card {
	struct net_client client;
	struct net_port port[2];
	unsigned room; /* packets it takes */
	unsigned received, readies, flushes, next;
	bool in_order;
	struct loop *thread; /* its own; NULL: none */
};

static struct harness h;
static struct loop *loop;
static struct card card;
static int raw = -1;

static bool receive(void *ctx, const struct net_packet *packet)
{
	const uint8_t *frame = packet->iov[0].iov_base;

	if (packet->len < FRAME || frame[12] != TYPE >> 8 ||
	    frame[13] != (TYPE & 0xff))
		return true; /* the kernel's own, of IPv6 */
	if (!card.room)
		return false;
	card.room--;
	card.received++;
	card.in_order = card.in_order && frame[14] == (card.next++ & 0xff);
	return true;
}

static void flush(void *ctx)
{
	card.flushes++;
}

static void ready(void *ctx)
{
	card.readies++;
}

static void *run_loop(void *ctx)
{
	loop_run(ctx);
	return NULL;
}

static void move_back(void *ctx)
{
	ck_assert(net_port_move(&card.port[0], loop, NULL) == 0);
}

static void unplug(void *ctx)
{
	if (card.thread)
		loop_call(card.thread, move_back, NULL);
}

static const struct net_port_ops card_ops = {
	.receive = receive,
	.flush = flush,
	.ready = ready,
	.unplug = unplug,
};

static void make_card(unsigned ports)
{
	unsigned i;

	card = (struct card){.in_order = true};
	card.client.name = (char *)(uintptr_t) "card";
	card.client.port = card.port;
	card.client.nports = ports;
	for (i = 0; i < ports; i++)
		card.port[i].ops = &card_ops;
	ck_assert(net_client_add(&h.net, &card.client, NULL) == 0);
	ck_assert(net_attach_nic(&h.net, &card.client, "n0", NULL) == 0);
}

static void bring_up(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	ck_assert(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
}

/* False: there can be no interfaces here. */
static bool make_tap(const char *keys, unsigned ports)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(TYPE)};
	char text[200];
	struct opt_list list;
	struct error err = {0};
	int rc;

	if (unshare(CLONE_NEWNET) < 0)
		return false;
	harness_init(&h, 0);
	loop = loop_new(NULL, NULL);
	h.net.loop = loop;
	snprintf(text, sizeof(text),
		 "tap,id=n0,ifname=t0,script=no,downscript=no%s", keys);
	ck_assert(opt_split(text, "type", &list, &err) == 0);
	rc = net_add(&h.net, &list, &err);
	opt_list_free(&list);
	if (rc == -EACCES || rc == -EPERM || rc == -ENOENT)
		return false;
	ck_assert_msg(rc == 0, "%s", err.msg);
	bring_up("t0");
	make_card(ports);
	raw = socket(AF_PACKET, SOCK_RAW, htons(TYPE));
	at.sll_ifindex = (int)if_nametoindex("t0");
	ck_assert(bind(raw, (struct sockaddr *)&at, sizeof(at)) == 0);
	return true;
}

static void end_tap(void)
{
	close(raw);
	net_client_del(&card.client);
	harness_fini(&h);
	loop_free(loop);
}

static void make_frame(uint8_t frame[FRAME], unsigned n)
{
	memset(frame, 0, FRAME);
	memset(frame, 0xff, ETH_ALEN);
	frame[6] = 2;
	frame[12] = TYPE >> 8;
	frame[13] = TYPE & 0xff;
	frame[14] = (uint8_t)n;
}

static void host_sends(unsigned first, unsigned n)
{
	uint8_t frame[FRAME];

	for (; n; n--) {
		make_frame(frame, first++);
		ck_assert_int_eq(send(raw, frame, FRAME, 0), FRAME);
	}
}

static void turns(unsigned n)
{
	while (n--)
		loop_turn(loop, 10);
}

START_TEST(packets_come_in_batches_and_in_order)
{
	if (!make_tap("", 1))
		return;
	card.room = UINT32_MAX;
	host_sends(0, BURST);
	turns(8);
	ck_assert_uint_eq(card.received, BURST);
	ck_assert(card.in_order);
	ck_assert_uint_lt(card.flushes, BURST / 4);
	end_tap();
}
END_TEST

START_TEST(who_has_no_room_loses_nothing_and_costs_nothing)
{
	unsigned i;

	if (!make_tap(",vnet_hdr=off", 1))
		return;
	card.room = 10;
	host_sends(0, BURST);
	turns(4);
	ck_assert_uint_eq(card.received, 10);
	for (i = 0; i < BURST; i += 10) {
		card.room = 10;
		net_port_ready(&card.port[0]);
		turns(2);
	}
	ck_assert_uint_eq(card.received, BURST);
	ck_assert(card.in_order);
	end_tap();
}
END_TEST

START_TEST(packets_wait_in_the_kernel_which_drops_what_is_too_many)
{
	if (!make_tap("", 1))
		return;
	host_sends(0, 5000);
	turns(2);
	ck_assert_uint_eq(card.received, 0);
	card.room = UINT32_MAX;
	net_port_ready(&card.port[0]);
	turns(50);
	ck_assert_uint_gt(card.received, BURST);
	ck_assert_uint_lt(card.received, 5000);
	/* And it goes on. */
	card.received = 0;
	host_sends(0, 5);
	turns(4);
	ck_assert_uint_eq(card.received, 5);
	end_tap();
}
END_TEST

START_TEST(the_guests_packets_reach_the_host)
{
	uint8_t frame[FRAME], seen[2 * FRAME];
	struct iovec iov[2] = {{frame, 14}, {frame + 14, FRAME - 14}};
	struct net_packet packet = {.iov = iov, .niov = 2, .len = FRAME};
	struct pollfd p;

	if (!make_tap("", 1))
		return;
	make_frame(frame, 77);
	ck_assert(net_port_send(&card.port[0], &packet));
	p = (struct pollfd){.fd = raw, .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(recv(raw, seen, sizeof(seen), 0), FRAME);
	ck_assert_mem_eq(seen, frame, FRAME);
	/* What the kernel cannot take is no reason to wait. */
	packet.hdr.gso_type = 0x7f;
	ck_assert(net_port_send(&card.port[0], &packet));
	ck_assert_uint_eq(net_port_offloads(&card.port[0]),
			  NET_CSUM | NET_TSO4 | NET_TSO6 | NET_ECN | NET_UFO);
	end_tap();
}
END_TEST

START_TEST(an_io_thread_can_have_it)
{
	struct loop *other = loop_new(NULL, NULL);
	struct error err = {0};
	pthread_t thread;
	time_t end = time(NULL) + 60;

	if (!make_tap("", 1))
		return;
	card.room = UINT32_MAX;
	ck_assert(net_port_move(&card.port[0], other, &err) == 0);
	host_sends(0, BURST);
	turns(2);
	ck_assert_uint_eq(card.received, 0);
	pthread_create(&thread, NULL, run_loop, other);
	while (time(NULL) < end &&
	       __atomic_load_n(&card.received, __ATOMIC_RELAXED) < BURST)
		usleep(1000);
	loop_call(other, move_back, NULL);
	ck_assert_uint_eq(card.received, BURST);
	host_sends(BURST, 1);
	turns(4);
	ck_assert_uint_eq(card.received, BURST + 1);
	ck_assert(card.in_order);
	/* Who removes it takes it back first. */
	ck_assert(net_port_move(&card.port[0], other, &err) == 0);
	card.thread = other;
	ck_assert(net_remove(&h.net, "n0", &err) == 0);
	ck_assert_ptr_null(card.port[0].peer);
	ck_assert_uint_eq(if_nametoindex("t0"), 0);
	loop_quit(other);
	pthread_join(thread, NULL);
	loop_free(other);
	end_tap();
}
END_TEST

START_TEST(queues_are_used_when_they_are_switched_on)
{
	if (!make_tap(",queues=2", 2))
		return;
	card.room = UINT32_MAX;
	host_sends(0, 10);
	turns(4);
	ck_assert_uint_eq(card.received, 10);
	ck_assert(net_port_enable(&card.port[1], true) == 0);
	host_sends(10, 10);
	turns(4);
	ck_assert_uint_eq(card.received, 20);
	ck_assert(net_port_enable(&card.port[1], false) == 0);
	ck_assert(net_port_enable(&card.port[1], false) == 0);
	host_sends(20, 10);
	turns(4);
	ck_assert_uint_eq(card.received, 30);
	end_tap();
}
END_TEST

START_TEST(a_link_that_is_down_empties_the_wire)
{
	struct error err = {0};

	if (!make_tap("", 1))
		return;
	host_sends(0, BURST);
	turns(2);
	net_set_link(net_client_find(&h.net, "n0"), false);
	turns(8);
	net_set_link(net_client_find(&h.net, "n0"), true);
	card.room = UINT32_MAX;
	card.next = 0;
	host_sends(0, 3);
	turns(4);
	ck_assert_uint_eq(card.received, 3);
	ck_assert(card.in_order);
	ck_assert(net_remove(&h.net, "n0", &err) == 0);
	end_tap();
}
END_TEST

HARNESS_MAIN("tap", packets_come_in_batches_and_in_order,
	     who_has_no_room_loses_nothing_and_costs_nothing,
	     packets_wait_in_the_kernel_which_drops_what_is_too_many,
	     the_guests_packets_reach_the_host, an_io_thread_can_have_it,
	     queues_are_used_when_they_are_switched_on,
	     a_link_that_is_down_empties_the_wire)
