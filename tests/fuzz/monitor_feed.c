/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor without vCPUs that is fed bytes, and whose replies are counted. */
#include "tests/fuzz/monitor_feed.h"

#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "vmm/chardev_ops.h"
#include "vmm/config.h"
#include "vmm/loop.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"

static int sink_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err)
{
	chr->open = true;
	return 0;
}

static size_t sink_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	return len;
}

static void sink_close(struct chardev *chr)
{
}

static const struct chardev_ops sink = {
	.name = "sink",
	.size = sizeof(struct chardev),
	.open = sink_open,
	.write = sink_write,
	.close = sink_close,
};

/* Keys are let go, so that whoever waits for that goes on. */
static void wait(struct machine *m)
{
	clock_advance(&m->realtime, 61 * NS_PER_SEC);
}

static void feed(struct machine *m, struct chardev *chr, const uint8_t *data,
		 size_t size, size_t piece)
{
	size_t n;

	for (; size; data += n, size -= n) {
		n = chardev_can_read(chr);
		if (!n) {
			wait(m);
			continue;
		}
		n = n < piece ? n : piece;
		n = n < size ? n : size;
		chardev_push(chr, data, n);
	}
}

void monitor_feed(bool control, const char *first, const uint8_t *data,
		  size_t size, size_t piece)
{
	static const struct opt_list none;
	struct mon_conf mon = {.chardev = (char *)"c", .mode = control};
	struct config conf = {.mons = &mon, .nmons = 1};
	struct machine *m = malloc(sizeof(*m));
	struct blk_fronts fronts;
	struct chardev *chr;

	if (!m || machine_init(m, NULL) < 0)
		abort();
	clock_init_manual(&m->realtime, NS_PER_SEC);
	blk_fronts_init(&fronts);
	m->fronts = &fronts;
	m->config = &conf;
	m->loop = loop_new(NULL, NULL);
	if (!m->loop)
		abort();
	chr = chardev_make(m, "c", &sink, &none, NULL);
	if (!chr || monitors_open(m, NULL) < 0)
		abort();
	feed(m, chr, (const uint8_t *)first, strlen(first), SIZE_MAX);
	feed(m, chr, data, size, piece);
	wait(m);
	monitors_close(m);
	chardev_close_all(m);
	loop_unpost(m->loop, &m->request_task);
	loop_free(m->loop);
	machine_fini(m);
	free(m);
}
