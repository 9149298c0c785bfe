/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the floppy controller: bytes are what a hostile driver writes to its
 * ports and to the DMA controller's, and what the user does with its media.
 * No KVM; the disk is in memory.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/i82078.h"
#include "tests/fuzz/fuzz.h"

#define RAM_SIZE (1u << 20)
#define FIFO	 0x3f5
#define OPS_MAX	 400
#define TURNS	 20

struct guest {
	struct machine m;
	struct ram_block *ram;
	struct gmem_map map;
	struct blk_fronts fronts;
	struct i8237 *dma;
	struct i82078 *fdc;
	struct floppy *drive;
	const uint8_t *in, *end;
};

#define must(fine) ((fine) ? (void)0 : abort())

static uint8_t take(struct guest *g)
{
	return g->in < g->end ? *g->in++ : 0;
}

static void out(struct guest *g, uint16_t port, uint8_t byte)
{
	uint64_t val = byte;

	bus_access(&g->m.io, NULL, port, &val, 1, true);
}

static void in(struct guest *g, uint16_t port)
{
	uint64_t val = 0;

	bus_access(&g->m.io, NULL, port, &val, 1, false);
}

/* The second chip's channel 0 is the first chip's way in. */
static void cascade(struct guest *g)
{
	out(g, 0xd6, 0xc0);
	out(g, 0xd4, 0);
}

static void program_dma(struct guest *g)
{
	static const uint8_t modes[] = {0x46, 0x4a, 0x42, 0x56, 0x66, 0x06};

	out(g, 0x0c, 0);
	out(g, 0x04, take(g));
	out(g, 0x04, take(g));
	out(g, 0x81, take(g) % 32);
	out(g, 0x05, take(g));
	out(g, 0x05, take(g) % 128);
	out(g, 0x0b, modes[take(g) % sizeof(modes)]);
	out(g, 0x0a, 2);
}

static struct blk_node *medium(uint8_t kind)
{
	static const unsigned sectors[] = {2880, 320, 720, 5760, 7680, 33};
	static int fd = -1;
	char path[64];
	const struct blk_open how = {.filename = path,
				     .format = "raw",
				     .flags = kind & 0x80 ? 0 : BLK_O_RDWR};

	if (fd < 0)
		fd = memfd_create("floppy", 0);
	must(ftruncate(fd, 0) == 0 &&
	     ftruncate(fd, (off_t)sectors[kind % 6] * BLK_SECTOR) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return blk_open_alone(&how, NULL);
}

static void change_medium(struct guest *g)
{
	uint8_t kind = take(g);
	struct blk_node *node;

	must(blk_media_remove(g->drive->blk, NULL) == 0);
	if (kind & 0x40)
		return;
	node = medium(kind);
	must(node && blk_media_insert(g->drive->blk, node, NULL) == 0);
}

/* Through the state table and back, as another machine would have it. */
static void save_and_restore(struct guest *g)
{
	const struct state_desc *desc = i82078_class.state;
	size_t len = 0, n;
	uint8_t *state = state_save(desc, g->fdc, &len);

	must(state != NULL);
	for (n = take(g) % 4; n > 0; n--)
		state[(size_t)(take(g) << 8 | take(g)) % len] = take(g);
	state_load(desc, g->fdc, state, len, 1, NULL);
	free(state);
	machine_notify(&g->m, EVENT_RESUME);
}

static void step(struct guest *g)
{
	uint8_t op = take(g), n;

	switch (op & 7) {
	case 0: /* as many bytes as follow */
		for (n = op >> 3; n > 0; n--)
			out(g, FIFO, take(g));
		break;
	case 1:
		for (n = op >> 3; n > 0; n--)
			in(g, (uint16_t)(0x3f1 + n % 7));
		break;
	case 2:
		out(g, (uint16_t)(0x3f1 + (op >> 3) % 7), take(g));
		break;
	case 3:
		program_dma(g);
		break;
	case 4:
		for (n = 0; n < TURNS && g->fdc->io; n++)
			loop_turn(g->m.loop, 1);
		clock_advance(&g->m.virt, NS_PER_SEC);
		break;
	case 5:
		out(g, op >> 3 & 0xf, take(g)); /* any of the DMA's */
		break;
	case 6:
		for (n = 0; n < 255; n++)
			in(g, FIFO);
		break;
	default:
		if (op & 8)
			save_and_restore(g);
		else
			change_medium(g);
	}
}

static void map(struct device *dev, unsigned n, uint64_t base)
{
	must(device_map(dev, n, &dev->machine->io, base, NULL) == 0);
}

static void start(struct guest *g)
{
	must(machine_init(&g->m, NULL) == 0);
	clock_init_manual(&g->m.virt, 0);
	g->m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&g->fronts);
	g->m.fronts = &g->fronts;
	g->ram = gmem_block_new(&g->m.gmem, "ram", RAM_SIZE, NULL);
	must(g->m.loop && g->ram &&
	     gmem_map(&g->m.gmem, &g->map, 0, g->ram, 0, RAM_SIZE, GMEM_RAM, 0,
		      NULL) == 0);
	g->dma = (struct i8237 *)device_new(&g->m, &i8237_class, NULL, "dma",
					    NULL, NULL);
	map(&g->dma->dev, 0, 0x00);
	map(&g->dma->dev, 1, 0xc0);
	map(&g->dma->dev, 2, 0x80);
	g->fdc = (struct i82078 *)device_new(&g->m, &i82078_class, NULL, "fdc",
					     NULL, NULL);
	map(&g->fdc->dev, I82078_REGION_PORTS, 0x3f1);
	map(&g->fdc->dev, I82078_REGION_DIR, 0x3f7);
	g->fdc->dma = g->dma;
	g->drive = (struct floppy *)device_new(&g->m, &floppy_class, NULL,
					       "floppy0", NULL, NULL);
	g->drive->fdc = g->fdc;
	g->drive->blk =
		blk_front_new(&g->fronts, "floppy0", medium(0), true, NULL);
	must(device_start(&g->dma->dev, NULL) == 0 &&
	     device_start(&g->fdc->dev, NULL) == 0 &&
	     device_start(&g->drive->dev, NULL) == 0);
	cascade(g);
}

static void end(struct guest *g)
{
	i82078_class.quiesce(&g->fdc->dev);
	loop_turn(g->m.loop, 0);
	device_free(&g->drive->dev);
	device_free(&g->fdc->dev);
	device_free(&g->dma->dev);
	blk_fronts_fini(&g->fronts);
	loop_free(g->m.loop);
	gmem_unmap(&g->m.gmem, &g->map);
	machine_fini(&g->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g;
	unsigned n;

	g = (struct guest){.in = data, .end = data + size};
	start(&g);
	for (n = 0; g.in < g.end && n < OPS_MAX; n++)
		step(&g);
	end(&g);
	return 0;
}
