/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what comes from a socket: telnet or not, through a mux or not, to a
 * user that takes little at a time, and echoes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/chardev.h"
#include "vmm/machine.h"

struct reader {
	struct chardev_end end;
	size_t room;
	unsigned events;
};

static size_t can_read(void *ctx)
{
	return ((struct reader *)ctx)->room;
}

static void take(void *ctx, const uint8_t *buf, size_t len)
{
	struct reader *r = ctx;

	if (len > r->room)
		abort();
	r->room -= len;
	chardev_write_all(&r->end, buf, len);
}

static void on_event(void *ctx, enum chardev_event event)
{
	((struct reader *)ctx)->events++;
}

static const struct chardev_user user = {
	.can_read = can_read,
	.read = take,
	.event = on_event,
};

static void run(struct machine *m, struct reader *r, int fd,
		const uint8_t *data, size_t size, size_t piece)
{
	static uint8_t heard[65536];
	size_t n, i;

	for (i = 0; i < size; i += n) {
		n = size - i < piece ? size - i : piece;
		if (send(fd, data + i, n, MSG_DONTWAIT) != (ssize_t)n)
			break;
		r[0].room = r[1].room = 1 + (data[i] & 63);
		chardev_accept_input(&r[0].end);
		loop_turn(m->loop, 0);
		if (!(data[i] & 7))
			while (recv(fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
				;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how = size ? data[0] : 0;
	struct reader r[2] = {{.room = 0}};
	struct machine *m = malloc(sizeof(*m));
	struct chardev *chr;
	char spec[80];
	int sv[2], i;

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	if (!m || machine_init(m, NULL) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		abort();
	m->loop = loop_new(NULL, NULL);
	snprintf(spec, sizeof(spec), "socket,id=c,fd=%d,telnet=%s,mux=%s",
		 sv[0], how & 1 ? "on" : "off", how & 2 ? "on" : "off");
	chr = chardev_create(m, spec, NULL);
	if (!chr)
		abort();
	for (i = 0; i < (how & 2 ? 2 : 1); i++)
		chardev_attach(&r[i].end, chr, &user, &r[i], NULL);
	run(m, r, sv[1], data, size, 1 + (how >> 2));
	close(sv[1]);
	for (i = 0; i < 4; i++) {
		r[0].room = r[1].room = 100;
		chardev_accept_input(&r[0].end);
		loop_turn(m->loop, 0);
	}
	chardev_close_all(m);
	loop_unpost(m->loop, &m->request_task);
	loop_free(m->loop);
	machine_fini(m);
	free(m);
	return 0;
}
