/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what a VNC client says.  The first byte chooses passwords, and
 * whether what follows comes after a login; the second how much comes at a
 * time.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/vnc.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/input.h"
#include "vmm/loop.h"

enum { WIDTH = 200, HEIGHT = 100 };
enum { PASSWORD = 1, LOGGED_IN = 2 };

struct bed {
	struct loop *loop;
	struct clock clock;
	struct display display;
	struct input input;
	struct vnc *vnc;
	uint32_t rgb[WIDTH * HEIGHT];
	unsigned draws;
};

static void refresh(void *dev)
{
	struct bed *b = dev;
	unsigned height = HEIGHT - b->draws % 3 * 16, i;
	struct display_surface s = {
		.width = WIDTH,
		.height = height,
		.stride = WIDTH * sizeof(*b->rgb),
		.pixels = (const uint8_t *)b->rgb,
	};

	for (i = 0; i < WIDTH; i++)
		b->rgb[b->draws % 50 * WIDTH + i] += i * b->draws * 77;
	if (b->display.surface.height != height)
		display_resized(&b->display, &s);
	else
		display_changed(&b->display, 0, b->draws % 50, WIDTH, 1);
	b->draws++;
}

static const struct display_adapter_ops adapter = {.refresh = refresh};

static void turn(struct bed *b)
{
	loop_turn(b->loop, 0);
	clock_advance(&b->clock, 40 * NS_PER_MSEC);
}

static int connect_to(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		abort();
	return fd;
}

static void say(struct bed *b, int fd, const uint8_t *data, size_t size,
		size_t piece)
{
	static uint8_t heard[65536];
	size_t n, i;

	for (i = 0; i < size; i += n) {
		n = size - i < piece ? size - i : piece;
		if (send(fd, data + i, n, MSG_NOSIGNAL) != (ssize_t)n)
			return;
		turn(b);
		while (recv(fd, heard, sizeof(heard), 0) > 0)
			;
	}
}

/* Until it has ended what we said, or for a while. */
static void hear_out(struct bed *b, int fd)
{
	static uint8_t heard[65536];
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	unsigned i;

	shutdown(fd, SHUT_WR);
	for (i = 0; i < 200; i++) {
		turn(b);
		if (poll(&pfd, 1, 1) > 0 &&
		    recv(fd, heard, sizeof(heard), 0) == 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t login[] = "RFB 003.008\n\1\1";
	struct bed *b = calloc(1, sizeof(*b));
	struct display_host host = {.clock = &b->clock};
	char dir[] = "/tmp/fuzz_vnc.XXXXXX", arg[80];
	unsigned how = size > 1 ? data[0] : 0;
	int fd;

	if (!b || !mkdtemp(dir))
		abort();
	host.loop = b->loop = loop_new(NULL, NULL);
	host.display = &b->display;
	host.input = &b->input;
	clock_init_manual(&b->clock, NS_PER_SEC);
	display_init(&b->display);
	display_set_adapter(&b->display, &adapter, b);
	b->vnc = vnc_display_server.open(&host, NULL);
	snprintf(arg, sizeof(arg), "unix:%s/vnc%s", dir,
		 how & PASSWORD ? ",password=on" : "");
	if (!b->vnc || vnc_display_server.add(b->vnc, arg, NULL) < 0)
		abort();
	snprintf(arg, sizeof(arg), "%s/vnc", dir);
	fd = connect_to(arg);
	if (how & LOGGED_IN)
		say(b, fd, login, sizeof(login) - 1, sizeof(login));
	if (size > 2)
		say(b, fd, data + 2, size - 2, 1 + data[1]);
	hear_out(b, fd);
	close(fd);
	vnc_display_server.close(b->vnc);
	display_fini(&b->display);
	loop_free(b->loop);
	rmdir(dir);
	free(b);
	return 0;
}
