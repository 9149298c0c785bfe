/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pseudo terminal: its name is told at the start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"

/* Nothing says when somebody opens the other end: look this often. */
#define LOOK_NS (500 * NS_PER_MSEC)

struct pty {
	struct chardev chr;
	struct fd_pair pair;
	struct timer look;
	int master;
};

static void connect_pair(struct pty *p);

static void on_hung_up(struct fd_pair *pair)
{
	struct pty *p = (struct pty *)pair->chr;

	fd_pair_stop(pair);
	chardev_event(&p->chr, CHARDEV_CLOSED);
	timer_set(&p->look, clock_now(&p->chr.m->realtime) + LOOK_NS);
}

static bool somebody_there(int master)
{
	struct epoll_event ev = {.events = EPOLLIN}, got = {0};
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	epoll_ctl(ep, EPOLL_CTL_ADD, master, &ev);
	n = epoll_wait(ep, &got, 1, 0);
	close(ep);
	return n <= 0 || !(got.events & EPOLLHUP);
}

static void on_look(void *ctx)
{
	struct pty *p = ctx;

	if (somebody_there(p->master))
		connect_pair(p);
	else
		timer_set(&p->look, clock_now(&p->chr.m->realtime) + LOOK_NS);
}

static void connect_pair(struct pty *p)
{
	struct error err = {0};

	p->pair.hung_up = on_hung_up;
	if (fd_pair_start(&p->pair, &p->chr, p->master, p->master, &err) == 0)
		chardev_event(&p->chr, CHARDEV_OPENED);
}

/* Nobody has set the terminal up yet: it begins raw. */
static void make_raw(const char *name)
{
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	if (slave < 0)
		return;
	if (tcgetattr(slave, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(slave, TCSAFLUSH, &raw);
	}
	close(slave);
}

static int make_master(struct pty *p, char *name, size_t size,
		       struct error *err)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->master >= 0 && grantpt(p->master) == 0 &&
	    unlockpt(p->master) == 0 && ptsname_r(p->master, name, size) == 0)
		return 0;
	error_errno(err, errno, "cannot make a pseudo terminal");
	if (p->master >= 0)
		close(p->master);
	return -err->code;
}

static int pty_open(struct chardev *chr, const struct opt_list *opts,
		    struct error *err)
{
	static const struct opt_desc none[] = {{.type = OPT_END}};
	struct pty *p = (struct pty *)chr;
	char name[64];
	int rc = chardev_conf(none, opts, NULL, err);

	p->pair.in = p->pair.out = -1;
	if (rc == 0)
		rc = make_master(p, name, sizeof(name), err);
	if (rc < 0)
		return rc;
	make_raw(name);
	snprintf(chr->filename, sizeof(chr->filename), "pty:%s", name);
	fprintf(stderr, "char device redirected to %s (label %s)\n", name,
		chr->label);
	timer_init(&p->look, &chr->m->realtime, on_look, p);
	timer_set(&p->look, clock_now(&chr->m->realtime));
	return 0;
}

static size_t pty_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	struct pty *p = (struct pty *)chr;

	return chr->open ? fd_pair_write(&p->pair, buf, len) : len;
}

static void pty_update(struct chardev *chr)
{
	fd_pair_update(&((struct pty *)chr)->pair);
}

static void pty_close(struct chardev *chr)
{
	struct pty *p = (struct pty *)chr;

	timer_cancel(&p->look);
	fd_pair_stop(&p->pair);
	close(p->master);
}

const struct chardev_ops chardev_pty = {
	.name = "pty",
	.size = sizeof(struct pty),
	.open = pty_open,
	.write = pty_write,
	.update = pty_update,
	.close = pty_close,
};
