/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the process that makes taps and runs their scripts.
 *
 * What asks may have been taken over by its guest.  It gets no other script run
 * than an interface's own, with no other argument; and when it was to become
 * somebody else, no scripts but those that the command line named.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/runner_talk.h"
#include "net/script.h"
#include "vmm/list.h"
#include "vmm/log.h"

/* An interface with a downscript. */
struct held {
	struct list link;
	char ifname[IFNAMSIZ];
	char *downscript;
	int fd; /* so that it is still there when the script runs */
};

struct server {
	int fd;
	const struct runner_conf *conf;
	struct list held;
};

/* Only one thing is said while a script runs. */
static bool told_to_hurry(void *ctx)
{
	struct server *s = ctx;
	char byte;

	return recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

enum { KEYS = 3 };

static bool is_named(const struct runner_conf *conf, const char *path)
{
	static const char *const keys[KEYS] = {"script", "downscript",
					       "helper"};
	const char *named;
	unsigned i;

	for (i = 0; i < KEYS * conf->n; i++) {
		named = opt_list_get(conf->netdevs[i / KEYS], keys[i % KEYS]);
		if (named && !strcmp(named, path))
			return true;
	}
	return false;
}

/* NULL: the usual one. */
static int check(const struct server *s, const char *path, struct error *err)
{
	if (!path || !tap_has_script(path) || !s->conf->confined ||
	    is_named(s->conf, path))
		return 0;
	return error_set(err, EPERM,
			 "script %s: with -runas or -chroot there can be only "
			 "those that the command line named",
			 path);
}

static int hold(struct server *s, const struct tap_files *files,
		char *downscript, struct error *err)
{
	struct held *held;

	if (!downscript)
		return 0;
	held = calloc(1, sizeof(*held));
	if (!held)
		return error_set(err, ENOMEM, "out of memory");
	held->fd = fcntl(files->fd[0], F_DUPFD_CLOEXEC, 0);
	if (held->fd < 0) {
		free(held);
		return error_errno(err, errno, "interface %s", files->ifname);
	}
	memcpy(held->ifname, files->ifname, IFNAMSIZ);
	held->downscript = downscript;
	list_add_tail(&s->held, &held->link);
	return 0;
}

static void let_go(struct held *held)
{
	list_del(&held->link);
	close(held->fd);
	free(held->downscript);
	free(held);
}

static struct held *find(struct server *s, const char *ifname)
{
	struct held *held;

	list_for_each (held, &s->held, struct held, link)
		if (!strncmp(held->ifname, ifname, IFNAMSIZ))
			return held;
	return NULL;
}

static void reply(struct server *s, const struct runner_reply *answer,
		  const struct tap_files *files)
{
	struct iovec iov = {(void *)(uintptr_t)answer, sizeof(*answer)};
	union runner_files room = {.room = {0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t len = files->n * sizeof(*files->fd);

	if (len) {
		room.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(len),
					       .cmsg_level = SOL_SOCKET,
					       .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&room.header), files->fd, len);
		msg.msg_control = &room;
		msg.msg_controllen = CMSG_SPACE(len);
	}
	while (sendmsg(s->fd, &msg, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static int start_tap(struct server *s, const struct tap_conf *conf,
		     struct tap_files *files, struct error *err)
{
	char *downscript = NULL;
	int rc;

	if ((rc = check(s, conf->script, err)) < 0 ||
	    (rc = check(s, conf->downscript, err)) < 0 ||
	    (rc = check(s, conf->helper, err)) < 0)
		return rc;
	rc = tap_start(conf, files, &downscript, told_to_hurry, s, err);
	if (rc == 0 && (rc = hold(s, files, downscript, err)) < 0)
		tap_close_files(files);
	if (rc < 0)
		free(downscript);
	return rc;
}

static void serve_start(struct server *s, struct runner_request *q)
{
	const struct tap_conf conf = {
		.ifname = q->has_ifname ? q->ifname : NULL,
		.script = q->has_script ? q->script : NULL,
		.downscript = q->has_downscript ? q->downscript : NULL,
		.br = q->has_br ? q->br : NULL,
		.helper = q->has_helper ? q->helper : NULL,
		.bridge = q->bridge,
		.sndbuf = q->sndbuf,
		.vnet_hdr = q->vnet_hdr,
		.queues = q->queues > NET_QUEUES ? NET_QUEUES : q->queues,
	};
	struct tap_files files = {0};
	struct runner_reply answer = {0};

	if (start_tap(s, &conf, &files, &answer.err) == 0) {
		memcpy(answer.ifname, files.ifname, IFNAMSIZ);
		answer.vnet_hdr = files.vnet_hdr;
	}
	reply(s, &answer, &files);
	tap_close_files(&files);
}

static void serve_stop(struct server *s, struct runner_request *q)
{
	struct held *held = find(s, q->ifname);
	struct runner_reply answer = {0};

	if (held) {
		net_run_script(held->downscript, held->ifname, told_to_hurry, s,
			       &answer.err);
		let_go(held);
	}
	reply(s, &answer, &(struct tap_files){0});
}

static void serve_detach(struct server *s, struct runner_request *q)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	(void)s;
	(void)q;
	for (i = STDIN_FILENO; null >= 0 && i <= STDERR_FILENO; i++)
		dup2(null, i);
	if (null > STDERR_FILENO)
		close(null);
}

static void serve_hurry(struct server *s, struct runner_request *q)
{
	(void)s;
	(void)q; /* the script ended by itself before */
}

static void serve(struct server *s, struct runner_request *q)
{
	static void (*const ops[])(struct server *, struct runner_request *) = {
		[RUNNER_START] = serve_start,
		[RUNNER_STOP] = serve_stop,
		[RUNNER_HURRY] = serve_hurry,
		[RUNNER_DETACH] = serve_detach,
	};

	q->ifname[sizeof(q->ifname) - 1] = 0;
	q->script[sizeof(q->script) - 1] = 0;
	q->downscript[sizeof(q->downscript) - 1] = 0;
	q->br[sizeof(q->br) - 1] = 0;
	q->helper[sizeof(q->helper) - 1] = 0;
	if ((size_t)q->op < sizeof(ops) / sizeof(*ops))
		ops[q->op](s, q);
}

/* Whoever is at the other end has no downscript run any more. */
static void clean_up(struct server *s)
{
	struct held *held;
	struct error err;

	while (!list_empty(&s->held)) {
		held = container_of(s->held.next, struct held, link);
		if (net_run_script(held->downscript, held->ifname,
				   told_to_hurry, s, &err) < 0)
			log_warn("%s", err.msg);
		let_go(held);
	}
}

/* Signals to all of a terminal or a service end the machine, then this. */
static void become(struct server *s)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT,
				      SIGTERM};
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "tap scripts");
	if (s->fd != STDERR_FILENO + 1)
		s->fd = dup3(s->fd, STDERR_FILENO + 1, O_CLOEXEC);
	close_range(STDERR_FILENO + 2, ~0u, 0);
}

_Noreturn void runner_serve(int fd, const struct runner_conf *conf)
{
	struct server s = {.fd = fd, .conf = conf};
	struct runner_request q;
	ssize_t n;

	list_init(&s.held);
	become(&s);
	while ((n = recv(s.fd, &q, sizeof(q), 0)) != 0)
		if (n == sizeof(q))
			serve(&s, &q);
		else if (n < 0 && errno != EINTR)
			break;
	clean_up(&s);
	_exit(0);
}
