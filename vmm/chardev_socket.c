/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unix and TCP sockets, as server or client; telnet (RFC 854) on top.  A
 * server takes one client at a time and waits for the next when it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/log.h"
#include "vmm/machine.h"

/* One is served at a time, but others need not knock twice. */
#define BACKLOG 16

enum { IAC = 255, DONT = 254, WONT = 252, WILL = 251, DO = 253, SB = 250 };
enum { SE = 240, BRK = 243, OPT_ECHO = 1, OPT_SGA = 3, OPT_BINARY = 0 };

struct socket_chr {
	struct chardev chr;
	struct fd_pair pair;
	int listener, fd; /* -1: none */
	struct loop_fd *watch;
	char *path; /* of a unix socket */
	bool abstract, unlink; /* path is no file; is one of ours */
	bool telnet;
	bool owes_iac; /* the second of two did not fit */
	enum { TEXT, AFTER_IAC, AFTER_VERB, IN_SUB, IN_SUB_IAC } state;
};

struct conf {
	char *path, *host, *port;
	int64_t fd;
	bool server, wait, telnet, nodelay, ipv4, ipv6, abstract;
};

#define CONF(key, type_, field_, dflt_) \
	{ \
		.name = key, .type = type_, \
		.offset = offsetof(struct conf, field_), .dflt = dflt_ \
	}
#define LATER(key) \
	{ \
		.name = key, .type = OPT_STRING, \
		.refused = "not supported by this version of pcvm" \
	}
static const struct opt_desc conf_opts[] = {
	CONF("path", OPT_STRING, path, NULL),
	CONF("host", OPT_STRING, host, NULL),
	CONF("port", OPT_STRING, port, NULL),
	CONF("fd", OPT_I64, fd, "-1"),
	CONF("server", OPT_BOOL, server, "off"),
	CONF("wait", OPT_BOOL, wait, "on"),
	CONF("telnet", OPT_BOOL, telnet, "off"),
	CONF("nodelay", OPT_BOOL, nodelay, "off"),
	CONF("ipv4", OPT_BOOL, ipv4, "off"),
	CONF("ipv6", OPT_BOOL, ipv6, "off"),
	CONF("abstract", OPT_BOOL, abstract, "off"),
	LATER("reconnect"),
	LATER("websocket"),
	LATER("to"),
	LATER("tn3270"),
	LATER("tls-creds"),
	LATER("tls-authz"),
	{.type = OPT_END},
};

static void on_client(void *ctx, uint32_t events);

/* "127.0.0.1:4444" of one end. */
static void name_end(const struct sockaddr_storage *ss, socklen_t len,
		     char *buf, size_t size)
{
	bool six = ss->ss_family == AF_INET6;
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], port[8];

	if (getnameinfo((const struct sockaddr *)ss, len, host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(buf, size, "?");
	else
		snprintf(buf, size, "%s%s%s:%s", six ? "[" : "", host,
			 six ? "]" : "", port);
}

static void describe_tcp(struct socket_chr *s, char *buf, size_t size)
{
	const char *server = s->listener >= 0 ? ",server=on" : "";
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	char here[80], there[80];

	getsockname(s->fd >= 0 ? s->fd : s->listener, (struct sockaddr *)&ss,
		    &len);
	name_end(&ss, len, here, sizeof(here));
	len = sizeof(ss);
	if (s->fd < 0 || getpeername(s->fd, (struct sockaddr *)&ss, &len) < 0) {
		snprintf(buf, size, "%s%s", here, server);
		return;
	}
	name_end(&ss, len, there, sizeof(there));
	snprintf(buf, size, "%s%s <-> %s", here, server, there);
}

/* What `info chardev` shows: as it is now. */
static void describe(struct socket_chr *s)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	const char *gone = s->fd < 0 ? "disconnected:" : "";
	char buf[180];

	getsockname(s->fd >= 0 ? s->fd : s->listener, (struct sockaddr *)&ss,
		    &len);
	if (ss.ss_family == AF_UNIX) {
		snprintf(s->chr.filename, sizeof(s->chr.filename),
			 "%sunix:%s%s%s", gone, s->path ? s->path : "",
			 s->abstract ? ",abstract=on" : "",
			 s->listener >= 0 ? ",server=on" : "");
		return;
	}
	describe_tcp(s, buf, sizeof(buf));
	snprintf(s->chr.filename, sizeof(s->chr.filename), "%s%s:%s", gone,
		 s->telnet ? "telnet" : "tcp", buf);
}

static void listen_again(struct socket_chr *s)
{
	if (s->listener >= 0 && s->watch)
		loop_mod_fd(s->watch, EPOLLIN);
}

static void on_hung_up(struct fd_pair *pair)
{
	struct socket_chr *s = (struct socket_chr *)pair->chr;

	fd_pair_stop(pair);
	close(s->fd);
	s->fd = -1;
	describe(s);
	chardev_event(&s->chr, CHARDEV_CLOSED);
	listen_again(s);
}

/*
 * Gone, but the user does not take what came before that.  It may for as long
 * as nobody else calls.
 */
static void on_waits(struct fd_pair *pair)
{
	listen_again((struct socket_chr *)pair->chr);
}

/* Takes telnet's commands out of the input; a break is told. */
static size_t telnet_filter(struct fd_pair *pair, uint8_t *buf, size_t len)
{
	struct socket_chr *s = (struct socket_chr *)pair->chr;
	size_t i, out = 0;

	for (i = 0; i < len; i++) {
		uint8_t c = buf[i];

		switch (s->state) {
		case TEXT:
			if (c == IAC)
				s->state = AFTER_IAC;
			else if (c) /* CR NUL is a return */
				buf[out++] = c;
			break;
		case AFTER_IAC:
			s->state = TEXT;
			if (c == IAC)
				buf[out++] = c;
			else if (c == SB)
				s->state = IN_SUB;
			else if (c >= WILL && c <= DONT)
				s->state = AFTER_VERB;
			else if (c == BRK)
				chardev_event(&s->chr, CHARDEV_BREAK);
			break;
		case AFTER_VERB:
			s->state = TEXT;
			break;
		case IN_SUB:
			if (c == IAC)
				s->state = IN_SUB_IAC;
			break;
		case IN_SUB_IAC:
			s->state = c == SE ? TEXT : IN_SUB;
			break;
		}
	}
	return out;
}

static bool is_unix(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX;
}

static int start(struct socket_chr *s, int fd, struct error *err)
{
	static const uint8_t hello[] = {IAC, WILL, OPT_ECHO,
					IAC, WILL, OPT_SGA,
					IAC, WILL, OPT_BINARY,
					IAC, DO,   OPT_BINARY};
	int rc;

	s->fd = fd;
	describe(s);
	s->state = TEXT;
	s->owes_iac = false;
	s->pair.takes_files = is_unix(fd);
	s->pair.hung_up = on_hung_up;
	s->pair.waits = on_waits;
	s->pair.filter = s->telnet ? telnet_filter : NULL;
	rc = fd_pair_start(&s->pair, &s->chr, fd, fd, err);
	if (rc < 0) {
		close(fd);
		s->fd = -1;
		describe(s);
		return rc;
	}
	if (s->telnet)
		fd_pair_write(&s->pair, hello, sizeof(hello));
	chardev_event(&s->chr, CHARDEV_OPENED);
	return 0;
}

static void on_client(void *ctx, uint32_t events)
{
	struct socket_chr *s = ctx;
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	struct error err = {0};

	if (fd < 0)
		return;
	if (s->fd >= 0)
		on_hung_up(&s->pair);
	loop_mod_fd(s->watch, 0);
	if (start(s, fd, &err) < 0)
		listen_again(s);
}

static int unix_address(const struct conf *c, struct sockaddr_un *sun,
			socklen_t *len, struct error *err)
{
	size_t n = strlen(c->path);

	if (n >= sizeof(sun->sun_path) - 1)
		return error_set(err, ENAMETOOLONG,
				 "UNIX socket path is too long: '%s'", c->path);
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(sun->sun_path + c->abstract, c->path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
			   c->abstract);
	return 0;
}

static int unix_socket(struct socket_chr *s, const struct conf *c,
		       struct error *err)
{
	struct sockaddr_un sun;
	socklen_t len = 0;
	int fd, rc = unix_address(c, &sun, &len, err);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "socket");
	if (c->server && !c->abstract)
		unlink(c->path);
	rc = c->server ? bind(fd, (struct sockaddr *)&sun, len)
		       : connect(fd, (struct sockaddr *)&sun, len);
	if (rc == 0 && c->server)
		rc = listen(fd, BACKLOG);
	if (rc < 0) {
		rc = error_errno(err, errno, "Failed to %s '%s'",
				 c->server ? "bind socket to" : "connect to",
				 c->path);
		close(fd);
		return rc;
	}
	s->unlink = c->server && !c->abstract;
	return fd;
}

static int try_address(const struct addrinfo *ai, bool server)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (server ? bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
			     listen(fd, BACKLOG) == 0
		   : connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	one = errno;
	close(fd);
	return -one;
}

static int tcp_socket(const struct conf *c, struct error *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = c->server ? AI_PASSIVE : 0,
		.ai_family = c->ipv4 == c->ipv6 ? AF_UNSPEC
			     : c->ipv4		? AF_INET
						: AF_INET6,
	};
	struct addrinfo *list, *ai;
	const char *host = c->host && *c->host ? c->host : NULL;
	int rc = getaddrinfo(host, c->port, &hints, &list);

	if (rc)
		return error_set(err, EINVAL,
				 "address resolution failed for %s:%s: %s",
				 c->host ? c->host : "", c->port,
				 gai_strerror(rc));
	rc = -ENOENT;
	for (ai = list; ai && rc < 0; ai = ai->ai_next)
		rc = try_address(ai, c->server);
	freeaddrinfo(list);
	if (rc < 0)
		return error_errno(err, -rc, "Failed to %s '%s:%s'",
				   c->server ? "listen at" : "connect to",
				   c->host ? c->host : "", c->port);
	return rc;
}

static int check(const struct conf *c, struct error *err)
{
	int ways = !!c->path + (c->port != NULL) + (c->fd >= 0);

	if (ways != 1)
		return error_set(err, EINVAL,
				 "a socket needs one of path=, fd=, or host= "
				 "and port=");
	return 0;
}

/* Blocks until the first client is there. */
static int wait_client(struct socket_chr *s, struct error *err)
{
	int fd;

	log_info("waiting for a connection on: %s", s->chr.filename);
	do
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return error_errno(err, errno, "accept");
	return start(s, fd, err);
}

static int serve(struct socket_chr *s, int fd, bool wait, struct error *err)
{
	int rc = 0;

	s->listener = fd;
	describe(s);
	if (wait)
		rc = wait_client(s, err);
	if (rc < 0)
		return rc;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	s->watch = loop_add_fd(s->chr.m->loop, fd, s->fd < 0 ? EPOLLIN : 0,
			       on_client, s, err);
	return s->watch ? 0 : -err->code;
}

static int make(struct socket_chr *s, const struct conf *c, struct error *err)
{
	int fd;

	s->abstract = c->abstract;
	s->path = c->path ? strdup(c->path) : NULL;
	if (c->path && !s->path)
		return error_set(err, ENOMEM, "out of memory");
	fd = c->path   ? unix_socket(s, c, err)
	     : c->port ? tcp_socket(c, err)
		       : (int)c->fd;
	if (fd < 0)
		return fd;
	s->telnet = c->telnet;
	return c->server ? serve(s, fd, c->wait, err) : start(s, fd, err);
}

static void socket_close(struct chardev *chr)
{
	struct socket_chr *s = (struct socket_chr *)chr;

	fd_pair_stop(&s->pair);
	loop_del_fd(s->watch);
	if (s->fd >= 0)
		close(s->fd);
	if (s->listener >= 0)
		close(s->listener);
	if (s->unlink)
		unlink(s->path);
	free(s->path);
}

static int socket_open(struct chardev *chr, const struct opt_list *opts,
		       struct error *err)
{
	struct socket_chr *s = (struct socket_chr *)chr;
	struct conf c = {0};
	int rc;

	s->listener = s->fd = s->pair.in = s->pair.out = -1;
	rc = chardev_conf(conf_opts, opts, &c, err);
	if (rc == 0)
		rc = check(&c, err);
	if (rc == 0)
		rc = make(s, &c, err);
	opt_free(conf_opts, &c);
	if (rc < 0)
		socket_close(chr);
	return rc;
}

static bool send_iac(struct socket_chr *s)
{
	static const uint8_t iac = IAC;

	s->owes_iac = !fd_pair_write(&s->pair, &iac, 1);
	return !s->owes_iac;
}

/* RFC 854: a data byte of 255 is sent twice. */
static size_t telnet_write(struct socket_chr *s, const uint8_t *buf, size_t len)
{
	size_t done = 0, n, sent;
	const uint8_t *iac;

	if (s->owes_iac && !send_iac(s))
		return 0;
	while (done < len) {
		iac = memchr(buf + done, IAC, len - done);
		n = iac ? (size_t)(iac + 1 - buf) - done : len - done;
		sent = fd_pair_write(&s->pair, buf + done, n);
		done += sent;
		if (sent < n || (iac && !send_iac(s)))
			break;
	}
	return done;
}

static size_t socket_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	struct socket_chr *s = (struct socket_chr *)chr;

	if (s->fd < 0)
		return len;
	return s->telnet ? telnet_write(s, buf, len)
			 : fd_pair_write(&s->pair, buf, len);
}

static int socket_take_fd(struct chardev *chr)
{
	struct socket_chr *s = (struct socket_chr *)chr;
	int fd = s->pair.in >= 0 ? s->pair.passed : -1;

	s->pair.passed = -1;
	return fd;
}

static void socket_yank(struct chardev *chr)
{
	struct socket_chr *s = (struct socket_chr *)chr;

	if (s->fd >= 0)
		shutdown(s->fd, SHUT_RDWR);
}

static void socket_update(struct chardev *chr)
{
	fd_pair_update(&((struct socket_chr *)chr)->pair);
}

const struct chardev_ops chardev_socket = {
	.name = "socket",
	.size = sizeof(struct socket_chr),
	.open = socket_open,
	.write = socket_write,
	.update = socket_update,
	.close = socket_close,
	.take_fd = socket_take_fd,
	.yank = socket_yank,
};
