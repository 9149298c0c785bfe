/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors as chardevs: reading what the user can take, writing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"

#define READ_MAX  4096u
#define FILES_MAX 16 /* that are passed at once; the rest is closed */

static void on_input(void *ctx, uint32_t events);
static void on_room(void *ctx, uint32_t events);

static void unwatch_input(struct fd_pair *pair)
{
	loop_del_fd(pair->in_watch);
	pair->in_watch = NULL;
}

/* The first of the files stays; it takes the place of one nobody wanted. */
static void take_files(struct fd_pair *pair, const struct cmsghdr *c)
{
	int fd;
	size_t i, n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (i) {
			close(fd);
			continue;
		}
		if (pair->passed >= 0)
			close(pair->passed);
		pair->passed = fd;
	}
}

/* Files come with the bytes that they were sent with (unix(7)). */
static ssize_t receive(struct fd_pair *pair, uint8_t *buf, size_t len)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(FILES_MAX * sizeof(int))];
	} files;
	struct iovec iov = {buf, len};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &files,
			     .msg_controllen = sizeof(files)};
	struct cmsghdr *c;
	ssize_t n;

	if (!pair->takes_files)
		return read(pair->in, buf, len);
	n = recvmsg(pair->in, &msg, MSG_CMSG_CLOEXEC);
	for (c = CMSG_FIRSTHDR(&msg); n >= 0 && c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_files(pair, c);
	return n;
}

static void on_input(void *ctx, uint32_t events)
{
	struct fd_pair *pair = ctx;
	uint8_t buf[READ_MAX];
	size_t want = chardev_can_read(pair->chr);
	ssize_t n;

	if (!want && (events & (EPOLLHUP | EPOLLERR))) {
		/* That is told without end; fd_pair_update looks again. */
		unwatch_input(pair);
		pair->ended = true;
		if (pair->waits)
			pair->waits(pair);
		return;
	}
	if (!want) {
		fd_pair_update(pair);
		return;
	}
	n = receive(pair, buf, want < sizeof(buf) ? want : sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		unwatch_input(pair);
		if (pair->hung_up)
			pair->hung_up(pair);
		return;
	}
	if (pair->filter)
		n = (ssize_t)pair->filter(pair, buf, (size_t)n);
	if (n)
		chardev_push(pair->chr, buf, (size_t)n);
	fd_pair_update(pair);
}

static void on_room(void *ctx, uint32_t events)
{
	struct fd_pair *pair = ctx;

	pair->blocked = false;
	loop_mod_fd(pair->out_watch, 0);
	if (events & (EPOLLHUP | EPOLLERR)) {
		/* Nobody reads any more: what is written goes nowhere. */
		loop_del_fd(pair->out_watch);
		pair->out_watch = NULL;
	}
	chardev_drained(pair->chr);
}

static int watch_input(struct fd_pair *pair, uint32_t events, struct error *err)
{
	pair->in_watch = loop_add_fd(pair->chr->m->loop, pair->in, events,
				     on_input, pair, err);
	return pair->in_watch ? 0 : -err->code;
}

/* epoll takes a descriptor once: a copy is watched for output. */
static int watch_output(struct fd_pair *pair, int out, struct error *err)
{
	pair->out = fcntl(out, F_DUPFD_CLOEXEC, 0);
	if (pair->out < 0)
		return error_errno(err, errno, "cannot copy a file descriptor");
	pair->out_watch = loop_add_fd(pair->chr->m->loop, pair->out, 0, on_room,
				      pair, err);
	return pair->out_watch ? 0 : -err->code;
}

int fd_pair_start(struct fd_pair *pair, struct chardev *chr, int in, int out,
		  struct error *err)
{
	int rc = 0;

	pair->chr = chr;
	pair->in = in;
	pair->out = pair->passed = -1;
	pair->in_watch = pair->out_watch = NULL;
	pair->blocked = pair->ended = false;
	if (in >= 0) {
		fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
		rc = watch_input(pair, 0, err);
	}
	if (rc == 0 && out >= 0) {
		fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
		rc = watch_output(pair, out, err);
	}
	if (rc < 0)
		fd_pair_stop(pair);
	else
		fd_pair_update(pair);
	return rc;
}

void fd_pair_stop(struct fd_pair *pair)
{
	loop_del_fd(pair->in_watch);
	loop_del_fd(pair->out_watch);
	pair->in_watch = pair->out_watch = NULL;
	if (pair->out >= 0)
		close(pair->out);
	if (pair->in >= 0 && pair->passed >= 0)
		close(pair->passed);
	pair->in = pair->out = pair->passed = -1;
	pair->ended = false;
}

void fd_pair_update(struct fd_pair *pair)
{
	uint32_t events;
	struct error err;

	if (pair->in < 0)
		return;
	events = chardev_can_read(pair->chr) ? EPOLLIN : 0;
	if (pair->in_watch) {
		loop_mod_fd(pair->in_watch, events);
	} else if (pair->ended && events) {
		pair->ended = false;
		watch_input(pair, events, &err);
	}
}

size_t fd_pair_write(struct fd_pair *pair, const uint8_t *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	if (pair->out < 0)
		return len;
	if (pair->blocked)
		return 0;
	while (done < len) {
		n = write(pair->out, buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && pair->out_watch) {
			pair->blocked = true;
			loop_mod_fd(pair->out_watch, EPOLLOUT);
			return done;
		}
		if (n < 0)
			return len; /* nobody reads: as into the air */
		done += (size_t)n;
	}
	return done;
}
