/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's side of the process that makes taps and runs scripts. */
#include "net/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/runner_talk.h"
#include "net/script.h"

enum { LOOK_MS = 200 }; /* how often signals to us are looked for */

struct runner {
	int fd;
	pid_t pid;
};

static bool needs(const struct opt_list *netdev)
{
	const char *type = opt_list_get(netdev, "type");

	if (!type)
		return false;
	return !strcmp(type, "bridge") ||
	       (!strcmp(type, "tap") && !opt_list_get(netdev, "fd") &&
		!opt_list_get(netdev, "fds"));
}

static int fork_it(struct runner *r, const struct runner_conf *conf,
		   struct error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "the process for scripts");
	r->pid = fork();
	if (r->pid == 0)
		runner_serve(ends[1], conf);
	close(ends[1]);
	r->fd = ends[0];
	if (r->pid < 0) {
		error_errno(err, errno, "the process for scripts");
		close(ends[0]);
		return -err->code;
	}
	return 0;
}

static struct runner *runner_start(const struct runner_conf *conf,
				   struct error *err)
{
	struct runner *r;
	unsigned i = 0;

	while (i < conf->n && !needs(conf->netdevs[i]))
		i++;
	if (i == conf->n)
		return NULL;
	r = malloc(sizeof(*r));
	if (!r) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (fork_it(r, conf, err) < 0) {
		free(r);
		return NULL;
	}
	return r;
}

static bool ask(struct runner *r, const struct runner_request *request)
{
	ssize_t n;

	do
		n = send(r->fd, request, sizeof(*request), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*request);
}

/* Who wants us to end does not wait for a script. */
static void await(struct runner *r)
{
	const struct runner_request hurry = {.op = RUNNER_HURRY};
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	bool told = false;

	while (poll(&p, 1, LOOK_MS) <= 0) {
		if (!told && net_told_to_end(NULL)) {
			told = true;
			ask(r, &hurry);
		}
	}
}

static ssize_t receive(struct runner *r, struct runner_reply *reply,
		       union runner_files *files, struct msghdr *msg)
{
	struct iovec iov = {reply, sizeof(*reply)};
	ssize_t n;

	*msg = (struct msghdr){
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = files,
		.msg_controllen = sizeof(*files),
	};
	do
		n = recvmsg(r->fd, msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	msg->msg_iov = NULL;
	return n;
}

static int call(struct runner *r, const struct runner_request *request,
		struct runner_reply *reply, union runner_files *files,
		struct msghdr *msg, struct error *err)
{
	ssize_t n = -1;

	if (ask(r, request)) {
		await(r);
		n = receive(r, reply, files, msg);
	}
	if (n != sizeof(*reply))
		return error_set(err, EPIPE,
				 "the process that runs scripts has gone");
	if (reply->err.code)
		*err = reply->err;
	return -reply->err.code;
}

static int take_files(struct msghdr *msg, struct tap_files *files,
		      struct error *err)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	size_t len;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return error_set(err, EPROTO, "no interface came");
	len = c->cmsg_len - CMSG_LEN(0);
	files->fd = malloc(len);
	if (!files->fd)
		return error_set(err, ENOMEM, "out of memory");
	memcpy(files->fd, CMSG_DATA(c), len);
	files->n = (unsigned)(len / sizeof(int));
	return 0;
}

static int put(char *to, size_t size, bool *has, const char *text,
	       struct error *err)
{
	*has = text;
	if (text && strlen(text) >= size)
		return error_set(err, ENAMETOOLONG, "too long: %.80s...", text);
	snprintf(to, size, "%s", text ? text : "");
	return 0;
}

int runner_start_tap(struct runner *r, const struct tap_conf *conf,
		     struct tap_files *files, struct error *err)
{
	struct runner_request q = {.op = RUNNER_START,
				   .sndbuf = conf->sndbuf,
				   .queues = conf->queues,
				   .vnet_hdr = conf->vnet_hdr,
				   .bridge = conf->bridge};
	struct runner_reply reply;
	union runner_files room;
	struct msghdr msg;
	int rc;

	*files = (struct tap_files){0};
	if ((rc = put(q.ifname, sizeof(q.ifname), &q.has_ifname, conf->ifname,
		      err)) < 0 ||
	    (rc = put(q.script, sizeof(q.script), &q.has_script, conf->script,
		      err)) < 0 ||
	    (rc = put(q.downscript, sizeof(q.downscript), &q.has_downscript,
		      conf->downscript, err)) < 0 ||
	    (rc = put(q.br, sizeof(q.br), &q.has_br, conf->br, err)) < 0 ||
	    (rc = put(q.helper, sizeof(q.helper), &q.has_helper, conf->helper,
		      err)) < 0 ||
	    (rc = call(r, &q, &reply, &room, &msg, err)) < 0)
		return rc;
	files->vnet_hdr = reply.vnet_hdr;
	memcpy(files->ifname, reply.ifname, IFNAMSIZ);
	return take_files(&msg, files, err);
}

int runner_stop_tap(struct runner *r, const char *ifname, struct error *err)
{
	struct runner_request q = {.op = RUNNER_STOP, .has_ifname = true};
	struct runner_reply reply;
	union runner_files room;
	struct msghdr msg;

	snprintf(q.ifname, sizeof(q.ifname), "%s", ifname);
	return call(r, &q, &reply, &room, &msg, err);
}

static void runner_detach(struct runner *r)
{
	const struct runner_request detach = {.op = RUNNER_DETACH};

	if (r)
		ask(r, &detach);
}

static void runner_end(struct runner *r)
{
	if (!r)
		return;
	close(r->fd);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(r);
}

const struct runner_class net_runner = {
	.start = runner_start,
	.detach = runner_detach,
	.end = runner_end,
};
