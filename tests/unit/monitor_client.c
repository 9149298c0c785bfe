/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine without vCPUs, and a client at a monitor of it. */
#include "tests/unit/monitor_client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/config.h"

#define HEARD_MAX (4u << 20)

void client_start(struct client *c, bool control)
{
	static struct mon_conf mon = {.chardev = (char *)"c"};
	static struct config conf = {.mons = &mon, .nmons = 1};
	struct error err = {0};
	char spec[64];
	int sv[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(machine_init(&c->m, &err), 0);
	c->m.loop = loop_new(NULL, &err);
	ck_assert_ptr_nonnull(c->m.loop);
	c->m.config = &conf;
	mon.mode = control;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	c->fd = sv[1];
	snprintf(spec, sizeof(spec), "socket,id=c,fd=%d", sv[0]);
	ck_assert_ptr_nonnull(chardev_create(&c->m, spec, &err));
	ck_assert_msg(monitors_open(&c->m, &err) == 0, "%s", err.msg);
}

void client_stop(struct client *c)
{
	monitors_close(&c->m);
	chardev_close_all(&c->m);
	if (c->fd >= 0)
		close(c->fd);
	loop_unpost(c->m.loop, &c->m.request_task);
	loop_free(c->m.loop);
	machine_fini(&c->m);
}

struct monitor *client_monitor(struct client *c)
{
	return container_of(c->m.monitors->list.next, struct monitor, link);
}

void client_send(struct client *c, const char *text, size_t len)
{
	size_t done = 0;
	unsigned turns = 0;
	ssize_t n;

	while (done < len) {
		n = send(c->fd, text + done, len - done, MSG_DONTWAIT);
		done += n > 0 ? (size_t)n : 0;
		loop_turn(c->m.loop, 0);
		ck_assert_uint_lt(turns++, 100000);
	}
}

const char *client_hear(struct client *c)
{
	static char buf[HEARD_MAX];
	size_t len = 0;
	unsigned idle;
	ssize_t n;

	for (idle = 0; idle < 100; idle++) {
		loop_turn(c->m.loop, 0);
		n = recv(c->fd, buf + len, sizeof(buf) - 1 - len, MSG_DONTWAIT);
		if (n > 0) {
			len += (size_t)n;
			idle = 0;
		}
	}
	buf[len] = 0;
	return buf;
}

const char *client_ask(struct client *c, const char *line)
{
	client_send(c, line, strlen(line));
	client_send(c, "\n", 1);
	return client_hear(c);
}
