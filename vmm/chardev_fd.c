/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors as chardevs: reading what the user can take, writing. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"

#define READ_MAX 4096u

static void on_input(void *ctx, uint32_t events)
{
	struct fd_pair *pair = ctx;
	uint8_t buf[READ_MAX];
	size_t want = chardev_can_read(pair->chr);
	ssize_t n;

	if (!want) {
		fd_pair_update(pair);
		return;
	}
	n = read(pair->in, buf, want < sizeof(buf) ? want : sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_del_fd(pair->in_watch);
		pair->in_watch = NULL;
		if (pair->hung_up)
			pair->hung_up(pair);
		return;
	}
	if (pair->filter)
		n = (ssize_t)pair->filter(pair, buf, (size_t)n);
	if (n)
		chardev_push(pair->chr, buf, (size_t)n);
	if (pair->in_watch)
		fd_pair_update(pair);
}

static void on_room(void *ctx, uint32_t events)
{
	struct fd_pair *pair = ctx;

	pair->blocked = false;
	loop_mod_fd(pair->out_watch, 0);
	chardev_drained(pair->chr);
}

int fd_pair_start(struct fd_pair *pair, struct chardev *chr, int in, int out,
		  struct error *err)
{
	struct loop *loop = chr->m->loop;

	pair->chr = chr;
	pair->in = in;
	pair->out = out;
	pair->blocked = false;
	if (in >= 0) {
		fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
		pair->in_watch = loop_add_fd(loop, in, 0, on_input, pair, err);
		if (!pair->in_watch)
			return -err->code;
	}
	if (out >= 0) {
		/* epoll takes a descriptor once: watch a copy for output. */
		fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
		pair->out = fcntl(out, F_DUPFD_CLOEXEC, 0);
		pair->out_watch =
			loop_add_fd(loop, pair->out, 0, on_room, pair, err);
		if (!pair->out_watch) {
			fd_pair_stop(pair);
			return -err->code;
		}
	}
	fd_pair_update(pair);
	return 0;
}

void fd_pair_stop(struct fd_pair *pair)
{
	loop_del_fd(pair->in_watch);
	loop_del_fd(pair->out_watch);
	pair->in_watch = pair->out_watch = NULL;
	if (pair->out >= 0)
		close(pair->out);
	pair->in = pair->out = -1;
}

void fd_pair_update(struct fd_pair *pair)
{
	if (pair->in_watch)
		loop_mod_fd(pair->in_watch,
			    chardev_can_read(pair->chr) ? EPOLLIN : 0);
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
		if (n < 0 && errno == EAGAIN) {
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
