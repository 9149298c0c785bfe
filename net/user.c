/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User networking by libslirp: the guest's TCP, UDP and pings leave by sockets
 * of this process, which needs no privilege.
 *
 * The library wants to be asked for its sockets before each sleep and told
 * what happened after it.  These are in an epoll instance of their own, which
 * the main loop watches; they are asked for again after whatever may have
 * changed them.  What it has for the guest waits in a queue of limited length,
 * so that it is never called from within itself.
 */
#include "net/user.h"
#include "build.h"

#ifdef HAVE_SLIRP
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/slirp_library.h"
#include "vmm/log.h"
#include "vmm/loop.h"
#include "vmm/timer.h"

enum {
	EVENTS = 64, /* of sockets, at once */
	QUEUE_MAX = 1024, /* packets for the guest */
	DNSSEARCH_MAX = 32,
};

struct packet {
	struct list link;
	size_t len;
	uint8_t data[];
};

struct slirp_timer {
	struct timer timer;
	SlirpTimerCb fn;
	void *ctx;
};

/* A socket of the library's; its index is what the library calls it by. */
struct slirp_socket {
	int fd;
	uint32_t events; /* that epoll looks for */
	uint32_t ready;
	unsigned round; /* when it was last asked for */
};

struct user {
	struct net_client client;
	struct net_port port;
	struct net *net;
	struct user_conf conf; /* with lists and strings of its own */
	struct user_addresses addr;
	const char *dnssearch[DNSSEARCH_MAX + 1];
	struct slirp_library lib;
	Slirp *slirp; /* NULL: not yet */
	bool broken; /* could not be made ready */
	int epfd;
	struct loop_fd *lfd;
	struct loop_task turn; /* to the guest, and for new sockets */
	struct timer timeout;
	struct slirp_socket *socket;
	unsigned nsockets, room, round;
	struct list queue;
	unsigned nqueued;
	struct log_limit log;
	uint8_t frame[NET_PACKET];
};

static void turn_later(struct user *u)
{
	loop_post(u->net->loop, &u->turn);
}

/* ---- what the library calls ---- */

static ssize_t send_packet(const void *data, size_t len, void *ctx)
{
	struct user *u = ctx;
	struct packet *p;

	if (u->nqueued == QUEUE_MAX || !(p = malloc(sizeof(*p) + len)))
		return (ssize_t)len;
	p->len = len;
	memcpy(p->data, data, len);
	list_add_tail(&u->queue, &p->link);
	u->nqueued++;
	turn_later(u);
	return (ssize_t)len;
}

static void guest_error(const char *text, void *ctx)
{
	struct user *u = ctx;

	log_guest(&u->log, "%s: %s", u->client.name, text);
}

static int64_t now(void *ctx)
{
	struct user *u = ctx;

	return clock_now(u->net->clock);
}

static void on_timer(void *ctx)
{
	struct slirp_timer *t = ctx;

	t->fn(t->ctx);
}

static void *timer_new(SlirpTimerCb fn, void *fn_ctx, void *ctx)
{
	struct slirp_timer *t = calloc(1, sizeof(*t));
	struct user *u = ctx;

	if (!t)
		return NULL;
	t->fn = fn;
	t->ctx = fn_ctx;
	timer_init(&t->timer, u->net->clock, on_timer, t);
	return t;
}

static void timer_free(void *timer, void *ctx)
{
	struct slirp_timer *t = timer;

	if (t)
		timer_cancel(&t->timer);
	free(t);
}

static void timer_mod(void *timer, int64_t ms, void *ctx)
{
	struct slirp_timer *t = timer;

	if (t)
		timer_set(&t->timer, ms * NS_PER_MSEC);
}

/* A number that the kernel gives to one socket after the other. */
static void forget_fd(int fd, void *ctx)
{
	struct user *u = ctx;
	unsigned i;

	for (i = 0; i < u->nsockets; i++) {
		if (u->socket[i].fd != fd)
			continue;
		epoll_ctl(u->epfd, EPOLL_CTL_DEL, fd, NULL);
		u->socket[i].fd = -1;
		u->socket[i].ready = 0;
	}
}

static void notify(void *ctx)
{
	turn_later(ctx);
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = now,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = forget_fd,
	.unregister_poll_fd = forget_fd,
	.notify = notify,
};

/* ---- sockets ---- */

static const struct {
	int slirp;
	uint32_t epoll;
} event_bits[] = {
	{SLIRP_POLL_IN, EPOLLIN},   {SLIRP_POLL_OUT, EPOLLOUT},
	{SLIRP_POLL_PRI, EPOLLPRI}, {SLIRP_POLL_ERR, EPOLLERR},
	{SLIRP_POLL_HUP, EPOLLHUP},
};

#define EVENT_BITS (sizeof(event_bits) / sizeof(*event_bits))

static uint32_t to_epoll(int slirp)
{
	uint32_t events = 0;
	size_t i;

	for (i = 0; i < EVENT_BITS; i++)
		if (slirp & event_bits[i].slirp)
			events |= event_bits[i].epoll;
	return events;
}

static int to_slirp(uint32_t epoll)
{
	int events = 0;
	size_t i;

	for (i = 0; i < EVENT_BITS; i++)
		if (epoll & event_bits[i].epoll)
			events |= event_bits[i].slirp;
	return events;
}

/* The place of fd, or a free one; -1: there is no memory. */
static int find_socket(struct user *u, int fd)
{
	struct slirp_socket *grown;
	int i, unused = -1;

	for (i = 0; i < (int)u->nsockets; i++) {
		if (u->socket[i].fd == fd)
			return i;
		if (u->socket[i].fd < 0)
			unused = i;
	}
	if (unused < 0 && u->nsockets == u->room) {
		grown = reallocarray(u->socket, u->room * 2 + 8,
				     sizeof(*grown));
		if (!grown)
			return -1;
		u->socket = grown;
		u->room = u->room * 2 + 8;
	}
	if (unused < 0)
		unused = (int)u->nsockets++;
	u->socket[unused] = (struct slirp_socket){.fd = -1};
	return unused;
}

static int add_poll(int fd, int events, void *ctx)
{
	struct user *u = ctx;
	int i = find_socket(u, fd);
	struct epoll_event ev = {.events = to_epoll(events)};
	struct slirp_socket *s;

	if (i < 0)
		return -1;
	s = &u->socket[i];
	ev.data.u32 = (uint32_t)i;
	if (s->fd < 0 && epoll_ctl(u->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -1;
	if (s->fd >= 0 && s->events != ev.events)
		epoll_ctl(u->epfd, EPOLL_CTL_MOD, fd, &ev);
	s->fd = fd;
	s->events = ev.events;
	s->ready = 0;
	s->round = u->round;
	return i;
}

static int get_revents(int i, void *ctx)
{
	struct user *u = ctx;

	return i < 0 || i >= (int)u->nsockets ? 0
					      : to_slirp(u->socket[i].ready);
}

static void ask_for_sockets(struct user *u)
{
	uint32_t timeout = UINT32_MAX;
	unsigned i;

	u->round++;
	u->lib.fill(u->slirp, &timeout, add_poll, u);
	for (i = 0; i < u->nsockets; i++) {
		struct slirp_socket *s = &u->socket[i];

		if (s->fd < 0 || s->round == u->round)
			continue;
		epoll_ctl(u->epfd, EPOLL_CTL_DEL, s->fd, NULL);
		s->fd = -1;
	}
	if (timeout == UINT32_MAX)
		timer_cancel(&u->timeout);
	else
		timer_set(&u->timeout,
			  clock_now(u->net->clock) + timeout * NS_PER_MSEC);
}

static void serve_sockets(struct user *u)
{
	struct epoll_event ev[EVENTS];
	int i, n = epoll_wait(u->epfd, ev, EVENTS, 0);

	for (i = 0; i < n; i++)
		u->socket[ev[i].data.u32].ready = ev[i].events;
	u->lib.poll(u->slirp, 0, get_revents, u);
	ask_for_sockets(u);
}

static void on_sockets(void *ctx, uint32_t events)
{
	serve_sockets(ctx);
}

static void on_timeout(void *ctx)
{
	serve_sockets(ctx);
}

static void send_queued(struct user *u)
{
	struct net_packet packet = {.niov = 1};
	struct iovec iov;
	struct packet *p;
	bool sent = false;

	while (!list_empty(&u->queue)) {
		p = container_of(u->queue.next, struct packet, link);
		iov = (struct iovec){p->data, p->len};
		packet.iov = &iov;
		packet.len = p->len;
		if (!net_port_send(&u->port, &packet))
			break;
		sent = true;
		list_del(&p->link);
		u->nqueued--;
		free(p);
	}
	if (sent)
		net_port_flush(&u->port);
}

static void on_turn(void *ctx)
{
	struct user *u = ctx;

	send_queued(u);
	if (u->slirp)
		ask_for_sockets(u);
}

/* ---- life ---- */

static int add_hostfwd(struct user *u, const char *text, struct error *err)
{
	struct user_forward f;
	int rc = user_parse_hostfwd(text, &f, err);

	if (rc < 0)
		return rc;
	errno = 0;
	if (u->lib.add_hostfwd(u->slirp, f.udp, f.host, f.host_port, f.guest,
			       f.guest_port) < 0)
		return error_errno(err, errno ? errno : EINVAL,
				   "port %u of the host", f.host_port);
	return 0;
}

static int add_guestfwd(struct user *u, const char *text, struct error *err)
{
	struct user_forward f;
	int rc = user_parse_guestfwd(text, &f, err);

	if (rc == 0 &&
	    u->lib.add_exec(u->slirp, f.command, &f.guest, f.guest_port) < 0)
		rc = error_set(err, EINVAL,
			       "the address is not one of the guest's network, "
			       "or taken");
	return rc;
}

static int add_forwards(struct user *u, struct error *err)
{
	const struct opt_pair *p = u->conf.many.pair;
	size_t i;
	int rc = 0;

	for (i = 0; i < u->conf.many.n && rc == 0; i++, p++) {
		if (!strcmp(p->key, "hostfwd"))
			rc = add_hostfwd(u, p->value, err);
		else if (!strcmp(p->key, "guestfwd"))
			rc = add_guestfwd(u, p->value, err);
		if (rc < 0)
			error_prefix(err, "%s=%s", p->key, p->value);
	}
	return rc;
}

static void describe(const struct user *u, SlirpConfig *cfg)
{
	const struct user_addresses *a = &u->addr;

	*cfg = (SlirpConfig){
		.version = 1,
		.restricted = u->conf.restricted,
		.in_enabled = a->ipv4,
		.vnetwork = a->net,
		.vnetmask = a->mask,
		.vhost = a->host,
		.in6_enabled = a->ipv6,
		.vprefix_addr6 = a->prefix6,
		.vprefix_len = (uint8_t)u->conf.prefixlen6,
		.vhost6 = a->host6,
		.vhostname = u->conf.hostname,
		.tftp_server_name = u->conf.tftp_server,
		.tftp_path = u->conf.tftp,
		.bootfile = u->conf.bootfile,
		.vdhcp_start = a->dhcpstart,
		.vnameserver = a->dns,
		.vnameserver6 = a->dns6,
		.vdnssearch =
			u->dnssearch[0] ? (const char **)u->dnssearch : NULL,
		.vdomainname = u->conf.domainname,
	};
}

static int make_ready(struct user *u, struct error *err)
{
	SlirpConfig cfg;
	int rc = slirp_library_open(&u->lib, err);

	if (rc < 0)
		return rc;
	u->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (u->epfd < 0)
		return error_errno(err, errno, "epoll");
	u->lfd =
		loop_add_fd(u->net->loop, u->epfd, EPOLLIN, on_sockets, u, err);
	if (!u->lfd)
		return -ENOMEM;
	describe(u, &cfg);
	u->slirp = u->lib.new(&cfg, &callbacks, u);
	if (!u->slirp)
		return error_set(err, EINVAL,
				 "libslirp refuses this configuration");
	rc = add_forwards(u, err);
	if (rc == 0)
		ask_for_sockets(u);
	return rc;
}

/* Once, whatever comes of it. */
static int get_ready(struct user *u, struct error *err)
{
	int rc;

	if (u->broken)
		return error_set(err, EIO, "user networking did not start");
	rc = u->slirp ? 0 : make_ready(u, err);
	u->broken = rc < 0;
	return rc;
}

/* From the guest. */
static bool receive(void *ctx, const struct net_packet *packet)
{
	struct user *u = ctx;
	struct error err;
	size_t at = 0;
	unsigned i;

	if (packet->len > sizeof(u->frame) || u->broken)
		return true;
	if (get_ready(u, &err) < 0) {
		log_warn("%s: %s", u->client.name, err.msg);
		return true;
	}
	for (i = 0; i < packet->niov; i++) {
		memcpy(u->frame + at, packet->iov[i].iov_base,
		       packet->iov[i].iov_len);
		at += packet->iov[i].iov_len;
	}
	u->lib.input(u->slirp, u->frame, (int)at);
	turn_later(u);
	return true;
}

static void ready(void *ctx)
{
	struct user *u = ctx;

	if (!list_empty(&u->queue))
		turn_later(u);
}

static const struct net_port_ops user_ops = {
	.receive = receive,
	.ready = ready,
};

static void user_close(struct net_client *client)
{
	struct user *u = container_of(client, struct user, client);

	if (u->slirp)
		u->lib.cleanup(u->slirp);
	loop_unpost(u->net->loop, &u->turn);
	timer_cancel(&u->timeout);
	if (u->lfd)
		loop_del_fd(u->lfd);
	if (u->epfd >= 0)
		close(u->epfd);
	while (!list_empty(&u->queue))
		free(container_of(list_pop(&u->queue), struct packet, link));
	opt_free(net_user_opts, &u->conf);
	free(u->socket);
	free(u->client.name);
	free(u);
}

/* A conf that outlives the caller's. */
static int copy_conf(struct user *u, const struct user_conf *conf)
{
	const struct opt_desc *d;
	char **copy, *from;
	unsigned n = 0;
	size_t i;

	u->conf = *conf;
	u->conf.many = (struct opt_list){0};
	for (d = net_user_opts; d->type != OPT_END; d++) {
		if (d->type != OPT_STRING || d->refused)
			continue;
		copy = (char **)((char *)&u->conf + d->offset);
		from = *copy;
		*copy = from ? strdup(from) : NULL;
	}
	for (i = 0; i < conf->many.n; i++)
		if (opt_list_add(&u->conf.many, conf->many.pair[i].key,
				 conf->many.pair[i].value, NULL) < 0)
			return -ENOMEM;
	for (i = 0; i < u->conf.many.n && n < DNSSEARCH_MAX; i++)
		if (!strcmp(u->conf.many.pair[i].key, "dnssearch"))
			u->dnssearch[n++] = u->conf.many.pair[i].value;
	return 0;
}

static int check_tftp(const char *folder, struct error *err)
{
	struct stat st;

	if (!folder)
		return 0;
	if (stat(folder, &st) < 0)
		return error_errno(err, errno, "tftp=%s", folder);
	return S_ISDIR(st.st_mode) ? 0
				   : error_set(err, ENOTDIR,
					       "tftp=%s is no folder", folder);
}

static struct user *user_new(struct net *net, const char *id,
			     const struct user_conf *conf, struct error *err)
{
	struct user *u = calloc(1, sizeof(*u));

	if (!u || !(u->client.name = strdup(id))) {
		free(u);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	u->net = net;
	u->epfd = -1;
	list_init(&u->queue);
	loop_task_init(&u->turn, on_turn, u);
	timer_init(&u->timeout, net->clock, on_timeout, u);
	u->port.ops = &user_ops;
	u->port.ctx = u;
	u->client.kind = NET_USER;
	u->client.port = &u->port;
	u->client.nports = 1;
	u->client.close = user_close;
	if (copy_conf(u, conf) < 0) {
		error_set(err, ENOMEM, "out of memory");
		user_close(&u->client);
		return NULL;
	}
	return u;
}

static int user_open(struct net *net, const char *id, const void *conf,
		     struct error *err)
{
	struct user *u = user_new(net, id, conf, err);
	char address[INET_ADDRSTRLEN];
	int rc;

	if (!u)
		return -ENOMEM;
	rc = user_parse_addresses(&u->conf, &u->addr, err);
	if (rc == 0)
		rc = check_tftp(u->conf.tftp, err);
	if (rc == 0 && !u->conf.lazy)
		rc = make_ready(u, err);
	if (rc == 0)
		rc = net_client_add(net, &u->client, err);
	if (rc < 0) {
		user_close(&u->client);
		return rc;
	}
	inet_ntop(AF_INET, &u->addr.net, address, sizeof(address));
	snprintf(u->client.info, sizeof(u->client.info),
		 "index=0,type=user,net=%s,restrict=%s", address,
		 u->conf.restricted ? "on" : "off");
	return 0;
}

char *net_user_info(struct net_client *client)
{
	struct user *u = container_of(client, struct user, client);

	return u->slirp ? u->lib.connection_info(u->slirp) : NULL;
}

int net_user_add_hostfwd(struct net_client *client, const char *text,
			 struct error *err)
{
	struct user *u = container_of(client, struct user, client);
	int rc = get_ready(u, err);

	if (rc < 0)
		return rc;
	rc = add_hostfwd(u, text, err);
	turn_later(u);
	return rc;
}

int net_user_remove_hostfwd(struct net_client *client, const char *text,
			    struct error *err)
{
	struct user *u = container_of(client, struct user, client);
	struct user_forward f;
	int rc = user_parse_host_side(text, &f, err);

	if (rc < 0)
		return rc;
	if (!u->slirp ||
	    u->lib.remove_hostfwd(u->slirp, f.udp, f.host, f.host_port) < 0)
		return error_set(err, ENOENT, "no such port is forwarded");
	turn_later(u);
	return 0;
}
#else
#include <errno.h>

static int user_open(struct net *net, const char *id, const void *conf,
		     struct error *err)
{
	return error_set(err, ENOTSUP,
			 "user networking was not built in: it takes the "
			 "package libslirp-dev and configure anew");
}

char *net_user_info(struct net_client *client)
{
	return NULL;
}

int net_user_add_hostfwd(struct net_client *client, const char *text,
			 struct error *err)
{
	return -ENOTSUP;
}

int net_user_remove_hostfwd(struct net_client *client, const char *text,
			    struct error *err)
{
	return -ENOTSUP;
}
#endif

const struct net_driver net_user = {
	.name = "user",
	.keys = net_user_opts,
	.conf_size = sizeof(struct user_conf),
	.open = user_open,
};
