/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the VNC server is called: displays, which are TCP ports from 5900 on,
 * and unix sockets; or whom it calls.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/vnc_impl.h"
#include "vmm/log.h"

#define FIRST_PORT  5900
#define PORT_MAX    65535
#define BACKLOG	    16
#define UNIX_PREFIX "unix:"

struct place {
	char host[256]; /* "" for all */
	unsigned port;
};

bool vnc_address_is_none(const struct vnc_conf *conf)
{
	return !strcmp(conf->address, "none");
}

static bool is_unix(const struct vnc_conf *conf)
{
	return !strncmp(conf->address, UNIX_PREFIX, strlen(UNIX_PREFIX));
}

/* HOST:N, [HOST]:N; what is before the last colon is the host. */
static int parse_place(const struct vnc_conf *conf, struct place *p,
		       struct error *err)
{
	const char *text = conf->address, *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint64_t n;

	if (!colon)
		return error_set(err, EINVAL,
				 "no display number: say HOST:N, :N or "
				 "unix:PATH");
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(p->host))
		return error_set(err, EINVAL, "the host's name is too long");
	memcpy(p->host, text, len);
	p->host[len] = 0;
	if (opt_parse_u64(colon + 1, &n, err) < 0)
		return error_set(err, EINVAL,
				 "'%s' is no %s number; say HOST:N, :N or "
				 "unix:PATH",
				 colon + 1, conf->reverse ? "port" : "display");
	if (n > PORT_MAX || (!conf->reverse && n > PORT_MAX - FIRST_PORT))
		return error_set(err, EINVAL, "%s %s is out of range",
				 conf->reverse ? "port" : "display", colon + 1);
	p->port = (unsigned)n + (conf->reverse ? 0 : FIRST_PORT);
	return 0;
}

/* ":::5900" is what other programs call ":::0". */
static void hint(const struct vnc_conf *conf, const struct place *p)
{
	unsigned n = p->port - FIRST_PORT;
	int len = (int)(strrchr(conf->address, ':') - conf->address);

	if (n >= FIRST_PORT && n < FIRST_PORT + 100)
		log_info("-vnc %s is display %u, at TCP port %u; for port %u "
			 "say -vnc %.*s:%u",
			 conf->address, n, p->port, n, len, conf->address,
			 n - FIRST_PORT);
}

static int unix_address(const struct vnc_conf *conf, struct sockaddr_un *sun,
			struct error *err)
{
	const char *path = conf->address + strlen(UNIX_PREFIX);
	size_t len = strlen(path);

	if (!len || len >= sizeof(sun->sun_path))
		return error_set(err, ENAMETOOLONG,
				 "a path of 1 to %zu letters is wanted",
				 sizeof(sun->sun_path) - 1);
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(sun->sun_path, path, len);
	return 0;
}

static int listen_unix(const struct vnc_conf *conf, struct vnc_sockets *s,
		       struct error *err)
{
	struct sockaddr_un sun;
	int fd, rc = unix_address(conf, &sun, err);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "socket");
	unlink(sun.sun_path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		rc = error_errno(err, errno, "cannot listen at %s",
				 sun.sun_path);
		close(fd);
		return rc;
	}
	s->unlink_path = strdup(sun.sun_path);
	s->fd[s->n++] = fd;
	return 0;
}

/* What ipv4= and ipv6= leave. */
static int family(const struct vnc_conf *conf)
{
	if (conf->ipv4 == 1 && conf->ipv6 != 1)
		return AF_INET;
	if (conf->ipv6 == 1 && conf->ipv4 != 1)
		return AF_INET6;
	if (conf->ipv4 == 0 || conf->ipv6 == 0)
		return conf->ipv4 == 0 ? AF_INET6 : AF_INET;
	return AF_UNSPEC;
}

static int resolve(const struct vnc_conf *conf, const struct place *p,
		   struct addrinfo **list, struct error *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = conf->reverse ? 0 : AI_PASSIVE,
		.ai_family = family(conf),
	};
	int rc;

	rc = getaddrinfo(p->host[0] ? p->host : NULL, "0", &hints, list);
	if (rc)
		return error_set(err, EINVAL,
				 "address resolution failed for %s:%u: %s",
				 p->host, p->port, gai_strerror(rc));
	return 0;
}

static void set_port(struct sockaddr *sa, unsigned port)
{
	if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)sa)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)sa)->sin_port = htons((uint16_t)port);
}

static int fd_or_errno(int fd, int rc)
{
	if (rc == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int call_tcp(const struct addrinfo *ai, unsigned port)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set_port(ai->ai_addr, port);
	return fd_or_errno(fd, connect(fd, ai->ai_addr, ai->ai_addrlen));
}

/* v6only: an address of IPv6 is for IPv6 alone, also "::". */
static int listen_tcp(const struct addrinfo *ai, unsigned port, int v6only)
{
	int fd = socket(ai->ai_family,
			ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, rc;

	if (fd < 0)
		return -errno;
	set_port(ai->ai_addr, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
			   sizeof(v6only));
	rc = bind(fd, ai->ai_addr, ai->ai_addrlen);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	return fd_or_errno(fd, rc);
}

static void close_all(struct vnc_sockets *s)
{
	while (s->n)
		close(s->fd[--s->n]);
}

/*
 * All addresses at one port.  A host may know addresses that it has not: one
 * that works is enough, unless another has a port that is taken.
 */
static int listen_port(const struct addrinfo *list, unsigned port, bool any,
		       struct vnc_sockets *s)
{
	/* "::" by itself is for IPv4, too. */
	bool v6only = !any || list->ai_next;
	const struct addrinfo *ai;
	int fd, rc = -EADDRNOTAVAIL;

	for (ai = list; ai && s->n < VNC_SOCKETS_MAX; ai = ai->ai_next) {
		fd = listen_tcp(ai, port, v6only);
		if (fd >= 0) {
			s->fd[s->n++] = fd;
			continue;
		}
		rc = fd;
		if (fd == -EADDRINUSE) {
			close_all(s);
			return fd;
		}
	}
	return s->n ? 0 : rc;
}

static int no_port(const struct vnc_conf *conf, const struct place *p, int code,
		   struct error *err)
{
	if (code != EADDRINUSE)
		return error_errno(err, code, "cannot listen at %s:%u", p->host,
				   p->port);
	if (conf->to > 0)
		return error_set(err, code, "TCP ports %u to %u are all in use",
				 p->port, p->port + (unsigned)conf->to);
	return error_set(err, code,
			 "TCP port %u is in use; choose another display, or "
			 "say ,to=99 to take the next that is free",
			 p->port);
}

int vnc_listen(const struct vnc_conf *conf, struct vnc_sockets *s,
	       struct error *err)
{
	struct addrinfo *list;
	struct place p;
	unsigned last, port;
	int rc;

	if (is_unix(conf))
		return listen_unix(conf, s, err);
	rc = parse_place(conf, &p, err);
	if (rc == 0)
		rc = resolve(conf, &p, &list, err);
	if (rc < 0)
		return rc;
	hint(conf, &p);
	last = p.port + (unsigned)conf->to;
	if (last > PORT_MAX)
		last = PORT_MAX;
	port = p.port;
	do
		rc = listen_port(list, port, family(conf) == AF_UNSPEC, s);
	while (rc == -EADDRINUSE && ++port <= last);
	freeaddrinfo(list);
	return rc < 0 ? no_port(conf, &p, -rc, err) : 0;
}

void vnc_unlisten(struct vnc_sockets *s)
{
	close_all(s);
	if (s->unlink_path)
		unlink(s->unlink_path);
	free(s->unlink_path);
	s->unlink_path = NULL;
}

static int call_unix(const struct vnc_conf *conf, struct error *err)
{
	struct sockaddr_un sun;
	int fd, rc = unix_address(conf, &sun, err);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	rc = error_errno(err, errno, "cannot connect to %s", sun.sun_path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int vnc_call_viewer(const struct vnc_conf *conf, struct error *err)
{
	struct addrinfo *list, *ai;
	struct place p;
	int rc;

	if (is_unix(conf))
		return call_unix(conf, err);
	rc = parse_place(conf, &p, err);
	if (rc == 0)
		rc = resolve(conf, &p, &list, err);
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (ai = list; ai && rc < 0; ai = ai->ai_next)
		rc = call_tcp(ai, p.port);
	freeaddrinfo(list);
	if (rc < 0)
		return error_errno(err, -rc, "cannot connect to %s:%u", p.host,
				   p.port);
	return rc;
}

void vnc_describe(struct vnc_end *end, int fd, bool remote)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	struct sockaddr *sa = (struct sockaddr *)&ss;
	int rc = remote ? getpeername(fd, sa, &len) : getsockname(fd, sa, &len);

	*end = (struct vnc_end){.family = "unknown"};
	if (rc < 0)
		return;
	if (sa->sa_family == AF_UNIX) {
		end->family = "unix";
		if (len > offsetof(struct sockaddr_un, sun_path))
			snprintf(end->service, sizeof(end->service), "%.*s",
				 (int)sizeof(end->service) - 1,
				 ((struct sockaddr_un *)sa)->sun_path);
		return;
	}
	end->family = sa->sa_family == AF_INET6 ? "ipv6" : "ipv4";
	getnameinfo(sa, len, end->host, sizeof(end->host), end->service,
		    sizeof(end->service), NI_NUMERICHOST | NI_NUMERICSERV);
}

static bool is_loopback(int fd)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	if (ss.ss_family == AF_INET)
		return ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr) >>
			       IN_CLASSA_NSHIFT ==
		       IN_LOOPBACKNET;
	if (ss.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(
			&((struct sockaddr_in6 *)&ss)->sin6_addr);
	return ss.ss_family == AF_UNIX;
}

bool vnc_is_open_to_all(const struct vnc_sockets *s)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (!is_loopback(s->fd[i]))
			return true;
	return false;
}
