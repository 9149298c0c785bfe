/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tap interfaces by /dev/net/tun (Linux, networking/tuntap.rst). */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/tap.h"
#include "vmm/fd_sets.h"

#define TUN "/dev/net/tun"

void tap_close_files(struct tap_files *files)
{
	unsigned i;

	for (i = 0; i < files->n; i++)
		if (files->fd[i] >= 0)
			close(files->fd[i]);
	free(files->fd);
	*files = (struct tap_files){0};
}

static int make_room(struct tap_files *files, unsigned n, struct error *err)
{
	unsigned i;

	files->fd = calloc(n, sizeof(*files->fd));
	if (!files->fd)
		return error_set(err, ENOMEM, "out of memory");
	files->n = n;
	for (i = 0; i < n; i++)
		files->fd[i] = -1;
	return 0;
}

static int cannot_make(int code, const char *name, struct error *err)
{
	if (code == EPERM || code == EACCES)
		return error_set(err, code,
				 "no permission to make the interface %s: that "
				 "takes root (CAP_NET_ADMIN), and later a tap "
				 "that was there at the start; or one made "
				 "before by ip tuntap add mode tap user NAME",
				 name);
	if (code == EBUSY)
		return error_set(err, code,
				 "the interface %s is in use by another "
				 "process",
				 name);
	if (code == EINVAL)
		return error_set(err, code,
				 "the interface %s is there already and is no "
				 "tap, or one of another number of queues",
				 name);
	return error_errno(err, code, "interface %s", name);
}

static int open_tun(struct error *err)
{
	int fd = open(TUN, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == EACCES)
		return error_set(err, EACCES, "no permission to open " TUN);
	return fd < 0 ? error_errno(err, errno, TUN) : fd;
}

/* One more file of the interface; the first makes it. */
static int open_queue(struct tap_files *files, unsigned i, short flags,
		      struct error *err)
{
	struct ifreq ifr = {.ifr_flags = flags};
	int fd = open_tun(err);

	if (fd < 0)
		return fd;
	files->fd[i] = fd;
	memcpy(ifr.ifr_name, files->ifname, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return cannot_make(errno, files->ifname, err);
	memcpy(files->ifname, ifr.ifr_name, IFNAMSIZ);
	return 0;
}

static int choose_flags(const struct tap_conf *conf, struct tap_files *files,
			short *flags, struct error *err)
{
	unsigned known = 0;
	int fd = open_tun(err);

	if (fd < 0)
		return fd;
	if (ioctl(fd, TUNGETFEATURES, &known) < 0)
		known = 0;
	close(fd);
	*flags = IFF_TAP | IFF_NO_PI;
	if (conf->vnet_hdr == 1 && !(known & IFF_VNET_HDR))
		return error_set(err, ENOTSUP,
				 "vnet_hdr=on: this kernel has no such "
				 "headers");
	files->vnet_hdr = conf->vnet_hdr && known & IFF_VNET_HDR;
	if (files->vnet_hdr)
		*flags |= IFF_VNET_HDR;
	if (files->n > 1 && !(known & IFF_MULTI_QUEUE))
		return error_set(err, ENOTSUP,
				 "queues=%u: this kernel has one only",
				 files->n);
	if (files->n > 1)
		*flags |= IFF_MULTI_QUEUE;
	return 0;
}

/* What the kernel may remember from who had the interface before. */
static int prepare(const struct tap_conf *conf, const struct tap_files *files,
		   int fd, struct error *err)
{
	int size = sizeof(struct virtio_net_hdr), sndbuf = INT32_MAX;

	if (files->vnet_hdr && ioctl(fd, TUNSETVNETHDRSZ, &size) < 0)
		return error_errno(err, errno, "interface %s: size of headers",
				   files->ifname);
	if (conf->sndbuf && conf->sndbuf < INT32_MAX)
		sndbuf = (int)conf->sndbuf;
	if (ioctl(fd, TUNSETSNDBUF, &sndbuf) < 0 && conf->sndbuf)
		return error_errno(err, errno, "sndbuf=%u", (unsigned)sndbuf);
	return 0;
}

int tap_make(const struct tap_conf *conf, struct tap_files *files,
	     struct error *err)
{
	const char *name = conf->ifname ? conf->ifname : "tap%d";
	short flags = 0;
	unsigned i;
	int rc;

	*files = (struct tap_files){0};
	if (!*name || strlen(name) >= IFNAMSIZ || strchr(name, '/'))
		return error_set(err, EINVAL,
				 "ifname=%s: an interface's name has 1 to %d "
				 "letters, and no /",
				 name, IFNAMSIZ - 1);
	rc = make_room(files, conf->queues ? conf->queues : 1, err);
	if (rc < 0)
		return rc;
	snprintf(files->ifname, sizeof(files->ifname), "%s", name);
	rc = choose_flags(conf, files, &flags, err);
	for (i = 0; i < files->n && rc == 0; i++) {
		rc = open_queue(files, i, flags, err);
		if (rc == 0)
			rc = prepare(conf, files, files->fd[i], err);
	}
	if (rc < 0)
		tap_close_files(files);
	return rc;
}

/* Queue i of the interface is fd, which errors call by its name. */
static int adopt(const struct tap_conf *conf, struct tap_files *files,
		 unsigned i, int fd, const char *name, struct error *err)
{
	struct ifreq ifr = {0};
	bool vnet_hdr;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0 || !(ifr.ifr_flags & IFF_TAP))
		return error_set(err, EINVAL, "%s is no tap interface", name);
	vnet_hdr = ifr.ifr_flags & IFF_VNET_HDR;
	if (i && vnet_hdr != files->vnet_hdr)
		return error_set(err, EINVAL,
				 "%s: some have headers (IFF_VNET_HDR), some "
				 "not",
				 name);
	files->fd[i] = fd;
	files->vnet_hdr = vnet_hdr;
	memcpy(files->ifname, ifr.ifr_name, IFNAMSIZ);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return prepare(conf, files, fd, err);
}

/* By its number, or by the name that getfd gave it. */
static int find_fd(const char *text, struct error *err)
{
	uint64_t number;
	int rc;

	if (!isdigit((unsigned char)*text)) {
		rc = fd_names_take(text);
		return rc < 0 ? error_set(err, ENOENT,
					  "File descriptor named '%s' not "
					  "found",
					  text)
			      : rc;
	}
	rc = opt_parse_u64(text, &number, err);
	if (rc < 0)
		return rc;
	if (number > INT32_MAX || fcntl((int)number, F_GETFD) < 0)
		return error_set(err, EBADF, "fd=%s is not open", text);
	return (int)number;
}

static int take(const struct tap_conf *conf, struct tap_files *files,
		unsigned i, const char *text, struct error *err)
{
	char name[32];
	int fd = find_fd(text, err);

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "fd=%s", text);
	return adopt(conf, files, i, fd, name, err);
}

int tap_take(const struct tap_conf *conf, struct tap_files *files,
	     struct error *err)
{
	char *list = strdup(conf->fd ? conf->fd : conf->fds), *text, *next;
	unsigned n = 1, i = 0;
	int rc;

	*files = (struct tap_files){0};
	if (!list)
		return error_set(err, ENOMEM, "out of memory");
	for (text = list; *text; text++)
		n += *text == ':';
	if (n > NET_QUEUES)
		rc = error_set(err, EINVAL, "fds=: the most is %d", NET_QUEUES);
	else if (conf->fd && n > 1)
		rc = error_set(err, EINVAL,
			       "fd=%s: for several say fds=", list);
	else
		rc = make_room(files, n, err);
	for (next = list; rc == 0 && (text = strsep(&next, ":"));)
		rc = take(conf, files, i++, text, err);
	free(list);
	if (rc < 0)
		tap_close_files(files);
	return rc;
}

int tap_take_one(const struct tap_conf *conf, int fd, const char *name,
		 struct tap_files *files, struct error *err)
{
	int rc;

	*files = (struct tap_files){0};
	rc = make_room(files, 1, err);
	if (rc == 0)
		rc = adopt(conf, files, 0, fd, name, err);
	if (rc < 0) {
		if (!files->n || files->fd[0] < 0)
			close(fd);
		tap_close_files(files);
	}
	return rc;
}
