/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VNC server for tests. */
#include "tests/unit/vnc_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/vnc.h"
#include "tests/unit/unit.h"

#define TURN_NS (40 * NS_PER_MSEC)

static void on_refresh(void *dev)
{
	struct vnc_bed *bed = dev;
	struct display_surface s = {
		.width = bed->width,
		.height = bed->height,
		.stride = bed->width * sizeof(*bed->rgb),
		.pixels = (const uint8_t *)bed->rgb,
	};

	bed->refreshes++;
	if (bed->resized)
		display_resized(&bed->display, &s);
	else if (bed->right > bed->left)
		display_changed(&bed->display, bed->left, bed->top,
				bed->right - bed->left, bed->bottom - bed->top);
	bed->resized = false;
	bed->right = bed->bottom = 0;
	bed->left = bed->top = UINT32_MAX;
}

static const struct display_adapter_ops adapter = {.refresh = on_refresh};

static void on_key(void *dev, unsigned code, bool down)
{
	struct vnc_bed *bed = dev;

	if (bed->nkeys + 16 < sizeof(bed->keys))
		bed->nkeys += (size_t)snprintf(bed->keys + bed->nkeys, 16,
					       "%c%u ", down ? '+' : '-', code);
}

static unsigned on_leds(void *dev)
{
	return ((struct vnc_bed *)dev)->leds;
}

static void on_mouse(void *dev, int dx, int dy, int dz, unsigned buttons)
{
	struct vnc_bed *bed = dev;

	bed->x += dx;
	bed->y += dy;
	bed->z += dz;
	bed->buttons = buttons;
}

static const struct input_ops ops = {.key = on_key,
				     .leds = on_leds,
				     .mouse = on_mouse};

void vnc_bed_resize(struct vnc_bed *bed, unsigned width, unsigned height)
{
	uint32_t *old = bed->rgb;

	bed->rgb = calloc((size_t)width * height, sizeof(*bed->rgb));
	bed->width = width;
	bed->height = height;
	bed->resized = true;
	display_refresh(&bed->display);
	free(old);
}

void vnc_bed_start(struct vnc_bed *bed, const char *options)
{
	struct error err = {0};
	struct display_host host = {
		.clock = &bed->clock,
		.display = &bed->display,
		.input = &bed->input,
		.guest = "test",
	};
	char arg[200];

	memset(bed, 0, sizeof(*bed));
	bed->loop = host.loop = loop_new(NULL, &err);
	clock_init_manual(&bed->clock, NS_PER_SEC);
	bed->input = (struct input){.keyboard = &ops,
				    .keyboard_dev = bed,
				    .pointer = &ops,
				    .pointer_dev = bed};
	display_init(&bed->display);
	display_set_adapter(&bed->display, &adapter, bed);
	vnc_bed_resize(bed, 640, 400);
	snprintf(bed->dir, sizeof(bed->dir), "/tmp/test_vnc.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bed->dir));
	snprintf(bed->path, sizeof(bed->path), "%s/vnc", bed->dir);
	bed->vnc = vnc_display_server.open(&host, &err);
	ck_assert_msg(bed->vnc != NULL, "%s", err.msg);
	snprintf(arg, sizeof(arg), "unix:%s%s", bed->path, options);
	ck_assert_msg(vnc_display_server.add(bed->vnc, arg, &err) == 0, "%s",
		      err.msg);
}

void vnc_bed_stop(struct vnc_bed *bed)
{
	vnc_display_server.close(bed->vnc);
	ck_assert_int_eq(access(bed->path, F_OK), -1);
	rmdir(bed->dir);
	display_fini(&bed->display);
	loop_free(bed->loop);
	free(bed->rgb);
}

void vnc_bed_turn(struct vnc_bed *bed)
{
	loop_turn(bed->loop, 0);
	clock_advance(&bed->clock, TURN_NS);
	poll(NULL, 0, 1);
}

void vnc_bed_drew(struct vnc_bed *bed, unsigned x, unsigned y, unsigned w,
		  unsigned h)
{
	bed->left = x < bed->left ? x : bed->left;
	bed->top = y < bed->top ? y : bed->top;
	bed->right = x + w > bed->right ? x + w : bed->right;
	bed->bottom = y + h > bed->bottom ? y + h : bed->bottom;
}

void vnc_bed_fill(struct vnc_bed *bed, unsigned x, unsigned y, unsigned w,
		  unsigned h, uint32_t rgb)
{
	unsigned i, j;

	for (j = y; j < y + h; j++)
		for (i = x; i < x + w; i++)
			bed->rgb[(size_t)j * bed->width + i] = rgb;
	vnc_bed_drew(bed, x, y, w, h);
}

int vnc_bed_call(struct vnc_bed *bed)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), i, rc = -1;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", bed->path);
	for (i = 0; i < 1000 && rc < 0; i++) {
		rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
		if (rc < 0)
			vnc_bed_turn(bed);
	}
	ck_assert_int_eq(rc, 0);
	return fd;
}
