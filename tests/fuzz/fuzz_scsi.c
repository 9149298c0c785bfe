/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes a SCSI disk and a CD-ROM by the commands that bytes give them, with
 * data in pieces of any length, and with media that come and go.  No KVM, and
 * an adapter of its own: that on virtio is fuzz_virtio's like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/pci.h"
#include "hw/scsi.h"
#include "tests/fuzz/fuzz.h"

#define IMAGE	 (256u << 10)
#define ROOM	 (64u << 10) /* of data */
#define PIECES	 4
#define OPS_MAX	 200
#define TURNS	 2000
#define TURN_MS	 5
#define TEXT_MAX 64

struct guest {
	struct machine m;
	struct blk_fronts fronts;
	struct device adapter;
	struct scsi_bus bus;
	struct pci_device controller;
	struct scsi_unit *unit[2];
	uint8_t out[ROOM], in[ROOM];
	bool done;
	const uint8_t *at, *end;
};

#define must(fine) ((fine) ? (void)0 : abort())

static uint32_t take(struct guest *g, unsigned n)
{
	uint32_t val = 0;

	while (n-- && g->at < g->end)
		val = val << 8 | *g->at++;
	return val;
}

static struct guest *from(struct scsi_bus *bus)
{
	return container_of(bus, struct guest, bus);
}

static void complete(struct scsi_request *r)
{
	from(r->bus)->done = true;
}

static void failed(struct scsi_request *r)
{
	scsi_settle(r, BLK_REPORT);
}

static void defer(struct scsi_request *r)
{
	r->in_main(r);
	scsi_look(r->unit);
	scsi_complete(r);
}

static void call(struct scsi_bus *bus, void (*fn)(void *ctx), void *ctx)
{
	fn(ctx);
}

static void nothing(struct scsi_bus *bus)
{
}

static void changed(struct scsi_unit *u, struct scsi_sense what)
{
}

static const struct scsi_hba hba = {
	.ids = 256,
	.luns = 16384,
	.complete = complete,
	.failed = failed,
	.defer = defer,
	.call = call,
	.hold = nothing,
	.let_go = nothing,
	.changed = changed,
};

static unsigned cut(struct guest *g, uint8_t *data, size_t len,
		    struct iovec *iov)
{
	unsigned n = 0;
	size_t part;

	for (; len; len -= part, data += part) {
		part = n + 1 < PIECES ? 1 + take(g, 1) % 64 : len;
		if (part > len)
			part = len;
		iov[n++] = (struct iovec){data, part};
	}
	return n;
}

static void command(struct guest *g)
{
	struct iovec out[PIECES], in[PIECES];
	struct scsi_request r = {.bus = &g->bus, .out = out, .in = in};
	unsigned i;

	r.id = take(g, 1) % 3;
	r.lun = take(g, 1) % 4 ? 0 : 3;
	r.unit = scsi_find(&g->bus, r.id, r.lun);
	r.in_len = take(g, 1) % 8 ? take(g, 2) : 0;
	r.out_len = take(g, 1) % 2 ? take(g, 2) % ROOM : 0;
	for (i = 0; i < SCSI_CDB; i++)
		r.cdb[i] = (uint8_t)take(g, 1);
	for (i = 0; i < TEXT_MAX && i < r.out_len; i++)
		g->out[i] = (uint8_t)take(g, 1);
	r.nin = cut(g, g->in, r.in_len, in);
	r.nout = cut(g, g->out, r.out_len, out);
	g->done = false;
	scsi_start(&r);
	for (i = 0; !g->done && i < TURNS; i++)
		loop_turn(g->m.loop, TURN_MS);
	must(g->done && r.moved <= r.in_len + r.out_len);
}

static void medium(struct guest *g)
{
	struct scsi_unit *u = g->unit[take(g, 1) % 2];
	bool force = take(g, 1) % 2;

	switch (take(g, 1) % 4) {
	case 0:
		u->front->media->resized(u->front->media_ctx);
		break;
	case 1:
		blk_media_open_tray(&g->m, u->front, force, NULL);
		break;
	case 2:
		blk_media_close_tray(&g->m, u->front, NULL);
		break;
	default:
		u->dev.class->reset(&u->dev);
	}
}

static struct blk_front *image(struct guest *g, bool writable)
{
	struct blk_node *node;
	char path[64];
	const struct blk_open how = {.filename = path,
				     .format = "raw",
				     .flags = writable ? BLK_O_RDWR : 0};
	int fd = memfd_create("disk", 0);

	must(fd >= 0 && ftruncate(fd, IMAGE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	node = blk_open_alone(&how, NULL);
	close(fd);
	must(node != NULL);
	return blk_front_new(&g->fronts, "d", node, false, NULL);
}

static void add(struct guest *g, unsigned n, const struct device_class *class)
{
	struct scsi_unit *u = (struct scsi_unit *)device_new(&g->m, class, NULL,
							     NULL, NULL, NULL);

	must(u != NULL);
	g->unit[n] = u;
	u->bus = &g->bus;
	u->controller = &g->controller;
	u->id = n;
	u->lun = 0;
	if (class == &scsi_hd_class)
		u->removable = true;
	u->front = image(g, class == &scsi_hd_class);
	must(u->front && device_start(&u->dev, NULL) == 0);
}

static void start(struct guest *g)
{
	must(machine_init(&g->m, NULL) == 0);
	g->m.loop = loop_new(NULL, NULL);
	must(g->m.loop != NULL);
	blk_fronts_init(&g->fronts);
	g->m.fronts = &g->fronts;
	scsi_bus_init(&g->bus, &hba, &g->adapter);
	g->bus.loop = g->m.loop;
	add(g, 0, &scsi_hd_class);
	add(g, 1, &scsi_cd_class);
}

static void end(struct guest *g)
{
	while (!list_empty(&g->m.devices))
		device_free(
			container_of(g->m.devices.prev, struct device, link));
	blk_fronts_fini(&g->fronts);
	loop_free(g->m.loop);
	machine_fini(&g->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g;
	unsigned n;

	memset(&g, 0, sizeof(g));
	g.at = data;
	g.end = data + size;
	start(&g);
	for (n = 0; g.at < g.end && n < OPS_MAX; n++)
		if (take(&g, 1) % 8)
			command(&g);
		else
			medium(&g);
	end(&g);
	return 0;
}
