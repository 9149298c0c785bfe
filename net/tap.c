/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tap: packets through an interface of the host's, whole, with headers that
 * say what is left to do at them where the kernel has these.
 *
 * Each queue is a file.  It is read in batches as long as the guest takes what
 * comes; a packet that it has no room for is kept, and nothing more is read:
 * the rest waits in the kernel, up to the interface's txqueuelen.
 */
#include "net/tap.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/runner.h"
#include "net/script.h"
#include "vmm/log.h"
#include "vmm/loop.h"

enum {
	BATCH = 64, /* packets read before others have their turn */
	IOVS = 256, /* parts of a packet */
};

struct tap;

/* As the kernel gives them: one piece costs less than two. */
struct tap_buf {
	struct virtio_net_hdr hdr; /* stays zero without vnet_hdr */
	uint8_t data[NET_PACKET];
};

_Static_assert(offsetof(struct tap_buf, data) == sizeof(struct virtio_net_hdr),
	       "padding");

struct tap_queue {
	struct tap *tap;
	int fd;
	struct loop *loop; /* NULL: in no loop */
	struct loop_fd *lfd; /* NULL: not used, or broken */
	struct loop_task start; /* in the new loop, after a move */
	bool off; /* the kernel sends nothing here */
	bool stalled; /* the guest has no room: the packet waits */
	bool full; /* the kernel has no room */
	size_t len; /* of the packet in buf */
	struct tap_buf *buf;
};

struct tap {
	struct net_client client;
	struct tap_files files;
	struct runner *runner; /* that has made it, and goes on from there */
	char *downscript; /* NULL: none, or the runner has it */
	struct tap_queue *queue; /* one for each file */
};

static void on_event(void *ctx, uint32_t events);

static void watch(struct tap_queue *q)
{
	uint32_t events = (q->stalled ? 0 : EPOLLIN) | (q->full ? EPOLLOUT : 0);

	if (q->lfd)
		loop_mod_fd(q->lfd, events);
}

static void stop(struct tap_queue *q)
{
	if (q->lfd)
		loop_del_fd(q->lfd);
	q->lfd = NULL;
}

/* In the loop's own thread. */
static void start(void *ctx)
{
	struct tap_queue *q = ctx;
	struct error err;

	if (q->off || q->lfd || !q->loop)
		return;
	q->lfd = loop_add_fd(q->loop, q->fd, EPOLLIN, on_event, q, &err);
	if (!q->lfd)
		log_warn("tap %s: %s", q->tap->files.ifname, err.msg);
	watch(q);
}

/* To the guest: what was read. */
static bool deliver(struct tap_queue *q)
{
	struct iovec iov = {q->buf->data, q->len};
	struct net_packet packet = {.iov = &iov,
				    .niov = 1,
				    .len = q->len,
				    .hdr = q->buf->hdr};
	struct net_port *port = &q->tap->client.port[q - q->tap->queue];

	q->stalled = !net_port_send(port, &packet);
	return !q->stalled;
}

/* False: there is nothing more. */
static bool read_packet(struct tap_queue *q)
{
	bool vnet_hdr = q->tap->files.vnet_hdr;
	ssize_t n = vnet_hdr ? read(q->fd, q->buf, sizeof(*q->buf))
			     : read(q->fd, q->buf->data, NET_PACKET);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		log_warn("tap %s: %s", q->tap->files.ifname, strerror(errno));
		stop(q);
	}
	if (vnet_hdr)
		n -= (ssize_t)sizeof(q->buf->hdr);
	if (n <= 0)
		return false;
	q->len = (size_t)n;
	return true;
}

static void on_event(void *ctx, uint32_t events)
{
	struct tap_queue *q = ctx;
	struct net_port *port = &q->tap->client.port[q - q->tap->queue];
	unsigned i;

	if (q->full && events & EPOLLOUT) {
		q->full = false;
		watch(q);
		net_port_ready(port);
	}
	if (q->stalled && !(events & (EPOLLERR | EPOLLHUP)))
		return;
	for (i = 0; i < BATCH && !q->stalled && read_packet(q); i++)
		deliver(q);
	net_port_flush(port);
	if (q->stalled)
		watch(q);
	if (q->stalled && events & (EPOLLERR | EPOLLHUP))
		stop(q); /* the interface has gone */
}

/* The guest has room again. */
static void ready(void *ctx)
{
	struct tap_queue *q = ctx;

	if (!q->stalled || !deliver(q))
		return;
	net_port_flush(&q->tap->client.port[q - q->tap->queue]);
	watch(q);
}

/* A packet that waits for an end that is gone goes there, too. */
static void link_changed(void *ctx, bool up)
{
	struct tap_queue *q = ctx;

	if (!q->tap->client.port[q - q->tap->queue].moved)
		ready(q);
}

/* From the guest.  What the kernel refuses for good is dropped. */
static bool receive(void *ctx, const struct net_packet *packet)
{
	struct tap_queue *q = ctx;
	bool vnet_hdr = q->tap->files.vnet_hdr;
	struct virtio_net_hdr hdr = packet->hdr;
	struct iovec iov[IOVS + 1]; /* not zeroed: that takes longer than all */

	if (packet->niov > IOVS)
		return true;
	iov[0] = (struct iovec){&hdr, sizeof(hdr)};
	memcpy(iov + 1, packet->iov, packet->niov * sizeof(*iov));
	if (writev(q->fd, iov + !vnet_hdr, (int)packet->niov + vnet_hdr) < 0 &&
	    (errno == EAGAIN || errno == ENOBUFS) && q->lfd) {
		q->full = true;
		watch(q);
		return false;
	}
	return true;
}

static unsigned offloads(void *ctx)
{
	struct tap_queue *q = ctx;

	return q->tap->files.vnet_hdr
		       ? NET_CSUM | NET_TSO4 | NET_TSO6 | NET_ECN | NET_UFO
		       : 0;
}

static void set_offloads(void *ctx, unsigned wants)
{
	static const struct {
		unsigned net, tun;
	} bits[] = {
		{NET_CSUM, TUN_F_CSUM}, {NET_TSO4, TUN_F_TSO4},
		{NET_TSO6, TUN_F_TSO6}, {NET_ECN, TUN_F_TSO_ECN},
		{NET_UFO, TUN_F_UFO},
	};
	struct tap_queue *q = ctx;
	unsigned flags = 0;
	size_t i;

	/* They are the interface's: the first queue, which is always used,
	 * speaks for all. */
	if (!q->tap->files.vnet_hdr || q != q->tap->queue)
		return;
	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (wants & NET_CSUM && wants & bits[i].net)
			flags |= bits[i].tun;
	if (ioctl(q->fd, TUNSETOFFLOAD, flags) == 0)
		return;
	/* Kernels may have forgotten about fragments of UDP. */
	flags &= ~(unsigned)TUN_F_UFO;
	if (ioctl(q->fd, TUNSETOFFLOAD, flags) < 0)
		log_warn("tap %s: offloads: %s", q->tap->files.ifname,
			 strerror(errno));
}

static int move(void *ctx, struct loop *loop, struct error *err)
{
	struct tap_queue *q = ctx;

	if (q->loop)
		loop_unpost(q->loop, &q->start);
	stop(q);
	q->loop = loop;
	loop_post(loop, &q->start);
	return 0;
}

static int enable(void *ctx, bool on)
{
	struct tap_queue *q = ctx;
	struct ifreq ifr = {.ifr_flags =
				    on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE};

	if (q->tap->files.n == 1 || q->off == !on)
		return 0;
	/* One that is off is always ready, for an error. */
	if (!on)
		stop(q);
	if (ioctl(q->fd, TUNSETQUEUE, &ifr) < 0)
		return -errno;
	q->off = !on;
	q->stalled = q->stalled && on;
	if (on)
		start(q);
	return 0;
}

static const struct net_port_ops tap_ops = {
	.receive = receive,
	.ready = ready,
	.link = link_changed,
	.offloads = offloads,
	.set_offloads = set_offloads,
	.move = move,
	.enable = enable,
};

static void tap_free(struct tap *tap)
{
	unsigned i;

	for (i = 0; tap->queue && i < tap->files.n; i++) {
		if (tap->queue[i].loop)
			loop_unpost(tap->queue[i].loop, &tap->queue[i].start);
		stop(&tap->queue[i]);
		free(tap->queue[i].buf);
	}
	tap_close_files(&tap->files);
	free(tap->queue);
	free(tap->client.port);
	free(tap->client.name);
	free(tap->downscript);
	free(tap);
}

static void tap_close(struct net_client *client)
{
	struct tap *tap = container_of(client, struct tap, client);
	const char *ifname = tap->files.ifname;
	struct error err;
	int rc = 0;

	if (tap->runner)
		rc = runner_stop_tap(tap->runner, ifname, &err);
	else if (tap->downscript)
		rc = net_run_script(tap->downscript, ifname, net_told_to_end,
				    NULL, &err);
	if (rc < 0)
		log_warn("%s: %s", client->name, err.msg);
	tap_free(tap);
}

static int make_queues(struct tap *tap, struct error *err)
{
	unsigned i, n = tap->files.n;

	tap->queue = calloc(n, sizeof(*tap->queue));
	tap->client.port = calloc(n, sizeof(*tap->client.port));
	if (!tap->queue || !tap->client.port)
		return error_set(err, ENOMEM, "out of memory");
	tap->client.nports = n;
	for (i = 0; i < n; i++) {
		struct tap_queue *q = &tap->queue[i];

		q->tap = tap;
		q->fd = tap->files.fd[i];
		loop_task_init(&q->start, start, q);
		q->buf = calloc(1, sizeof(*q->buf));
		if (!q->buf)
			return error_set(err, ENOMEM, "out of memory");
		tap->client.port[i].ops = &tap_ops;
		tap->client.port[i].ctx = q;
		set_offloads(q, 0);
		if (i)
			enable(q, false);
	}
	return 0;
}

static void set_info(struct tap *tap, const struct tap_conf *conf)
{
	char *info = tap->client.info;

	if (conf->fd || conf->fds)
		snprintf(info, sizeof(tap->client.info),
			 "index=0,type=tap,"
			 "fd=%d",
			 tap->files.fd[0]);
	else if (conf->bridge)
		snprintf(info, sizeof(tap->client.info),
			 "index=0,type=tap,helper=%.200s,br=%s",
			 conf->helper ? conf->helper : "default", conf->br);
	else if (conf->helper)
		snprintf(info, sizeof(tap->client.info),
			 "index=0,type=tap,helper=%.200s", conf->helper);
	else
		snprintf(info, sizeof(tap->client.info),
			 "index=0,type=tap,ifname=%s,script=%.200s,"
			 "downscript=%.200s",
			 tap->files.ifname,
			 conf->script ? conf->script : TAP_SCRIPT,
			 conf->downscript ? conf->downscript : TAP_DOWNSCRIPT);
}

/* Who else makes the interface: the key that says so; NULL: we do. */
static const char *maker(const struct tap_conf *conf)
{
	if (conf->fd)
		return "fd";
	if (conf->fds)
		return "fds";
	return conf->helper || conf->bridge ? "helper" : NULL;
}

static int check_conf(const struct tap_conf *conf, struct error *err)
{
	const char *by = maker(conf);
	unsigned makers = !!conf->fd + !!conf->fds + !!conf->helper;

	if (conf->br && !conf->helper && !conf->bridge)
		return error_set(err, EINVAL,
				 "br= goes with helper=; -netdev bridge has "
				 "one without it");
	if (!by)
		return 0;
	if (makers > 1 || conf->ifname || conf->script || conf->downscript ||
	    conf->vnet_hdr != 2 || conf->queues)
		return error_set(err, EINVAL,
				 "with %s= there can be no ifname=, script=, "
				 "downscript=, vnet_hdr=, queues= or other of "
				 "fd=, fds= and helper=",
				 by);
	return 0;
}

/* The interface, and the script's work on it. */
static int get_files(struct tap *tap, const struct tap_conf *conf,
		     struct runner *runner, struct error *err)
{
	int rc;

	if (conf->fd || conf->fds)
		return tap_take(conf, &tap->files, err);
	if (!runner)
		return tap_start(conf, &tap->files, &tap->downscript,
				 net_told_to_end, NULL, err);
	rc = runner_start_tap(runner, conf, &tap->files, err);
	if (rc == 0)
		tap->runner = runner;
	return rc;
}

static int build(struct tap *tap, const struct tap_conf *conf, struct net *net,
		 struct error *err)
{
	int rc;

	if ((rc = check_conf(conf, err)) < 0 ||
	    (rc = get_files(tap, conf, net->runner, err)) < 0 ||
	    (rc = make_queues(tap, err)) < 0)
		return rc;
	set_info(tap, conf);
	return net_client_add(net, &tap->client, err);
}

int tap_open(struct net *net, const char *id, const void *conf,
	     struct error *err)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	unsigned i;
	int rc;

	if (!tap || !(tap->client.name = strdup(id))) {
		free(tap);
		return error_set(err, ENOMEM, "out of memory");
	}
	tap->client.kind = NET_TAP;
	tap->client.close = tap_close;
	rc = build(tap, conf, net, err);
	if (rc < 0) {
		tap_close(&tap->client);
		return rc;
	}
	for (i = 0; i < tap->files.n; i++) {
		tap->queue[i].loop = net->loop;
		start(&tap->queue[i]);
	}
	return 0;
}

#define TAP_KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct tap_conf, field)

const struct opt_desc net_tap_opts[] = {
	{TAP_KEY("ifname", OPT_STRING, ifname),
	 .help = "the interface; the first free tapN without it"},
	{TAP_KEY("script", OPT_STRING, script),
	 .help = "called with the interface's name at the start; no: none"},
	{TAP_KEY("downscript", OPT_STRING, downscript),
	 .help = "the same at the end"},
	{TAP_KEY("fd", OPT_STRING, fd),
	 .help = "an open file that is an interface already"},
	{TAP_KEY("fds", OPT_STRING, fds),
	 .help = "one for each queue, with colons between"},
	{TAP_KEY("queues", OPT_U32, queues), .min = 1, .max = NET_QUEUES,
	 .help = "how many queues the interface has"},
	{TAP_KEY("vnet_hdr", OPT_ONOFFAUTO, vnet_hdr), .dflt = "auto",
	 .help = "leave checksums and segmentation to the host's kernel"},
	{TAP_KEY("sndbuf", OPT_SIZE, sndbuf),
	 .help = "bytes that may be on their way to the host; 0: no limit"},
	REFUSED_FOR("vhost", "off no false n 0",
		    "vhost-net is " OPT_LATER "; leave it out"),
	REFUSED_FOR("vhostforce", "off no false n", "vhost-net is " OPT_LATER),
	REFUSED("vhostfd", "vhost-net is " OPT_LATER),
	REFUSED("vhostfds", "vhost-net is " OPT_LATER),
	REFUSED_BUT("poll-us", "0"),
	{TAP_KEY("br", OPT_STRING, br),
	 .help = "the bridge that helper= is told of [br0]"},
	{TAP_KEY("helper", OPT_STRING, helper),
	 .help = "called instead of scripts; it makes the interface"},
	{.type = OPT_END},
};

const struct net_driver net_tap = {
	.name = "tap",
	.keys = net_tap_opts,
	.conf_size = sizeof(struct tap_conf),
	.open = tap_open,
};
