/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces that a helper makes, which has the privilege that we lack, and
 * puts on a bridge: qemu-bridge-helper, which asks /etc/qemu/bridge.conf, or
 * one that is called as it is.  It sends the file by a socket that it has open
 * (unix(7), SCM_RIGHTS).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/script.h"
#include "net/tap.h"

#define BRIDGE	 "br0"
#define ARGUMENT "--br="
#define SHELL	 "/bin/sh"

/* Where distributions have it. */
static const char *const helpers[] = {
	"/usr/lib/qemu/qemu-bridge-helper",
	"/usr/libexec/qemu-bridge-helper",
	"/usr/local/libexec/qemu-bridge-helper",
};

static const char *find_helper(struct error *err)
{
	size_t i;

	for (i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (access(helpers[i], X_OK) == 0)
			return helpers[i];
	error_set(err, ENOENT,
		  "there is no %s: install qemu-system-common, or say "
		  "helper=",
		  helpers[0]);
	return NULL;
}

/* A helper with arguments of its own is a line for the shell. */
static int call(const char *helper, const char *bridge, int fd,
		bool (*told)(void *ctx), void *ctx, struct error *err)
{
	const char *const direct[] = {helper, "--use-vnet", "--fd=3", bridge,
				      NULL};
	const char *const shell[] = {SHELL, "-c", NULL, NULL};
	const char *argv[4];
	size_t size = strlen(helper) + strlen(bridge) + 32;
	char *line;
	int rc;

	_Static_assert(NET_PROGRAM_FD == 3, "--fd=");
	if (!strpbrk(helper, " \t"))
		return net_run_program("bridge helper", direct, fd, told, ctx,
				       err);
	line = malloc(size);
	if (!line)
		return error_set(err, ENOMEM, "out of memory");
	snprintf(line, size, "%s --use-vnet --fd=3 %s", helper,
		 strstr(helper, ARGUMENT) ? "" : bridge);
	memcpy(argv, shell, sizeof(argv));
	argv[2] = line;
	rc = net_run_program("bridge helper", argv, fd, told, ctx, err);
	free(line);
	return rc;
}

/* What it sent before it ended; -1: nothing. */
static int receive_file(int sock)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, sizeof(byte)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	const struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int ask(const char *helper, const char *bridge, int *fd,
	       bool (*told)(void *ctx), void *ctx, struct error *err)
{
	char argument[sizeof(ARGUMENT) + IFNAMSIZ];
	int pair[2], rc;

	if (!*bridge || strlen(bridge) >= IFNAMSIZ)
		return error_set(err, EINVAL, "br=%s is no name of a bridge",
				 bridge);
	snprintf(argument, sizeof(argument), ARGUMENT "%s", bridge);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "bridge helper");
	rc = call(helper, argument, pair[1], told, ctx, err);
	close(pair[1]);
	*fd = rc == 0 ? receive_file(pair[0]) : -1;
	close(pair[0]);
	if (rc == 0 && *fd < 0)
		rc = error_set(err, EPROTO,
			       "bridge helper %s gave no interface", helper);
	return rc;
}

int tap_ask_helper(const struct tap_conf *conf, struct tap_files *files,
		   bool (*told)(void *ctx), void *ctx, struct error *err)
{
	const char *helper = conf->helper ? conf->helper : find_helper(err);
	int fd = -1, rc;

	if (!helper)
		return -ENOENT;
	rc = ask(helper, conf->br ? conf->br : BRIDGE, &fd, told, ctx, err);
	if (rc < 0)
		return rc;
	return tap_take_one(conf, fd, "what the bridge helper gave", files,
			    err);
}

static int bridge_open(struct net *net, const char *id, const void *conf_,
		       struct error *err)
{
	struct tap_conf conf = *(const struct tap_conf *)conf_;

	conf.bridge = true;
	conf.vnet_hdr = 2;
	return tap_open(net, id, &conf, err);
}

#define BRIDGE_KEY(key, field) \
	.name = key, .type = OPT_STRING, \
	.offset = offsetof(struct tap_conf, field)

const struct opt_desc net_bridge_opts[] = {
	{BRIDGE_KEY("br", br), .dflt = BRIDGE,
	 .help = "the bridge that the interface is put on"},
	{BRIDGE_KEY("helper", helper),
	 .help = "the program that does it; qemu-bridge-helper without it"},
	{.type = OPT_END},
};

const struct net_driver net_bridge = {
	.name = "bridge",
	.keys = net_bridge_opts,
	.conf_size = sizeof(struct tap_conf),
	.open = bridge_open,
};
