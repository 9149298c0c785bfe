/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards, mice and buttons as programs get them. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"

static void device_name(int fd, char *name, size_t size)
{
	if (ioctl(fd, EVIOCGNAME(size), name) < 0)
		snprintf(name, size, "?");
}

static int open_event(const char *node)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/input/%s", node);
	return open(path, O_RDONLY | O_NONBLOCK);
}

static int show_device(const char *node, void *ctx)
{
	struct input_id id = {0};
	char name[80] = "";
	int fd = open_event(node);

	if (fd < 0)
		return 0;
	device_name(fd, name, sizeof(name));
	ioctl(fd, EVIOCGID, &id);
	guest_data("%s id %04x:%04x:%04x name '%s'", node, id.bustype,
		   id.vendor, id.product, name);
	close(fd);
	return 0;
}

static int inputs(int argc, char **argv)
{
	guest_detail("%d devices", guest_each("/dev/input", show_device, NULL));
	return 0;
}

struct search {
	const char *part;
	int fd;
};

static int try_device(const char *node, void *ctx)
{
	struct search *search = ctx;
	char name[80] = "";
	int fd = open_event(node);

	if (fd < 0)
		return 0;
	device_name(fd, name, sizeof(name));
	if (!strcmp(search->part, node) || strstr(name, search->part)) {
		search->fd = fd;
		return 1;
	}
	close(fd);
	return 0;
}

/*
 * Shows N events, what ends a report and scan codes left out, of the first
 * device with NAME in its name, or until nothing came for SECONDS.
 */
static int events(int argc, char **argv)
{
	struct search search = {argc > 1 ? argv[1] : "keyboard", -1};
	uint64_t n = guest_number(argc, argv, 2, 2), seen = 0;
	int ms = (int)guest_number(argc, argv, 3, 10) * 1000;
	struct input_event e;
	struct pollfd p;

	guest_each("/dev/input", try_device, &search);
	if (search.fd < 0)
		return guest_fail("no device '%s'", search.part);
	guest_data("ready");
	p = (struct pollfd){.fd = search.fd, .events = POLLIN};
	while (seen < n && poll(&p, 1, ms) == 1) {
		if (read(search.fd, &e, sizeof(e)) != sizeof(e))
			break;
		if (e.type == EV_SYN || e.type == EV_MSC)
			continue;
		guest_data("type %d code %d value %d", e.type, e.code, e.value);
		seen++;
	}
	close(search.fd);
	if (seen < n)
		return guest_fail("%d events of %d", (int)seen, (int)n);
	guest_detail("%d events", (int)seen);
	return 0;
}

const struct guest_test input_tests[] = {
	{"inputs", inputs, "input devices"},
	{"events", events, "[NAME [N [SECONDS]]]: what a device sends"},
	{NULL},
};
