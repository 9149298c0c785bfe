/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/floppy_guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TURNS	      2000
#define RATES	      4
#define DMA_CHANNEL   2
#define DMA_PAGE      0x81
#define MODE_TO_MEM   0x46
#define MODE_FROM_MEM 0x4a

static void fill(uint8_t *buf, uint32_t lba)
{
	unsigned i;

	for (i = 0; i < BLK_SECTOR; i++)
		buf[i] = (uint8_t)(lba * 7 + i);
}

void floppy_start(struct floppy_guest *g)
{
	*g = (struct floppy_guest){.nresult = 0};
	harness_init(&g->h, 0);
	g->h.m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&g->fronts);
	g->h.m.fronts = &g->fronts;
	g->dma = (struct i8237 *)harness_new(&g->h, &i8237_class);
	harness_io(&g->h, &g->dma->dev, 0, 0x00);
	harness_io(&g->h, &g->dma->dev, 1, 0xc0);
	harness_io(&g->h, &g->dma->dev, 2, 0x80);
	harness_start(&g->dma->dev);
	g->fdc = (struct i82078 *)harness_new(&g->h, &i82078_class);
	g->fdc->dma = g->dma;
	harness_io(&g->h, &g->fdc->dev, I82078_REGION_PORTS, 0x3f1);
	harness_io(&g->h, &g->fdc->dev, I82078_REGION_DIR, 0x3f7);
	g->fdc->dev.irq[0] = harness_irq(&g->h, FDC_IRQ);
	harness_start(&g->fdc->dev);
	outb(&g->h, 0xd6, 0xc0); /* the second chip's channel for the first */
	outb(&g->h, 0xd4, 0);
}

void floppy_end(struct floppy_guest *g)
{
	unsigned i;

	g->fdc->dev.class->quiesce(&g->fdc->dev);
	loop_turn(g->h.m.loop, 0);
	while (!list_empty(&g->h.m.devices))
		device_free(
			container_of(g->h.m.devices.prev, struct device, link));
	blk_fronts_fini(&g->fronts);
	loop_free(g->h.m.loop);
	machine_fini(&g->h.m);
	for (i = 0; i < I82078_PLACES; i++)
		if (*g->path[i])
			unlink(g->path[i]);
}

static struct blk_node *make_disk(struct floppy_guest *g, unsigned unit,
				  uint64_t bytes, bool readonly)
{
	struct blk_open how = {.format = "raw",
			       .flags = readonly ? 0 : BLK_O_RDWR};
	struct error err = {0};
	struct blk_node *node;
	uint8_t sector[BLK_SECTOR];
	uint64_t at;
	int fd;

	snprintf(g->path[unit], sizeof(g->path[unit]), "/tmp/pcvm-fd-XXXXXX");
	fd = mkstemp(g->path[unit]);
	for (at = 0; at < bytes; at += BLK_SECTOR) {
		fill(sector, (uint32_t)(at / BLK_SECTOR));
		ck_assert(pwrite(fd, sector, BLK_SECTOR, (off_t)at) ==
			  BLK_SECTOR);
	}
	ck_assert(ftruncate(fd, (off_t)bytes) == 0);
	close(fd);
	how.filename = g->path[unit];
	node = blk_open_alone(&how, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	return node;
}

void floppy_insert(struct floppy_guest *g, unsigned unit, uint64_t bytes,
		   bool readonly)
{
	struct blk_node *node =
		bytes ? make_disk(g, unit, bytes, readonly) : NULL;
	struct device *dev = harness_new(&g->h, &floppy_class);

	g->floppy[unit] = (struct floppy *)dev;
	g->floppy[unit]->fdc = g->fdc;
	g->floppy[unit]->unit = unit;
	g->floppy[unit]->blk = blk_front_new(&g->fronts, "", node, true, NULL);
	harness_start(dev);
}

void floppy_change(struct floppy_guest *g, unsigned unit, uint64_t bytes)
{
	struct blk_node *node = NULL;

	unlink(g->path[unit]);
	*g->path[unit] = '\0';
	if (bytes)
		node = make_disk(g, unit, bytes, false);
	ck_assert_int_eq(blk_media_remove(g->floppy[unit]->blk, NULL), 0);
	if (node)
		ck_assert_int_eq(blk_media_insert(g->floppy[unit]->blk, node,
						  NULL),
				 0);
	floppy_settle(g);
}

void floppy_reset(struct floppy_guest *g)
{
	static const uint8_t sense = 0x08;
	unsigned i;

	outb(&g->h, FDC_DOR, 0x08);
	outb(&g->h, FDC_DOR, 0x0c);
	for (i = 0; i < 4; i++)
		floppy_command(g, &sense, 1);
}

void floppy_dma(struct floppy_guest *g, uint32_t addr, uint32_t len,
		bool to_memory)
{
	outb(&g->h, 0x0a, 4 | DMA_CHANNEL);
	outb(&g->h, 0x08, 0);
	outb(&g->h, 0x0c, 0);
	outb(&g->h, 2 * DMA_CHANNEL, (uint8_t)addr);
	outb(&g->h, 2 * DMA_CHANNEL, (uint8_t)(addr >> 8));
	outb(&g->h, DMA_PAGE, (uint8_t)(addr >> 16));
	outb(&g->h, 2 * DMA_CHANNEL + 1, (uint8_t)(len - 1));
	outb(&g->h, 2 * DMA_CHANNEL + 1, (uint8_t)((len - 1) >> 8));
	outb(&g->h, 0x0b, to_memory ? MODE_TO_MEM : MODE_FROM_MEM);
	outb(&g->h, 0x0a, DMA_CHANNEL);
}

void floppy_send(struct floppy_guest *g, const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		outb(&g->h, FDC_FIFO, bytes[i]);
}

void floppy_settle(struct floppy_guest *g)
{
	unsigned i, unit;

	for (unit = 0; unit < I82078_PLACES; unit++)
		if (g->floppy[unit])
			blk_drain(g->floppy[unit]->blk);
	for (i = 0; i < TURNS && g->fdc->io; i++)
		loop_turn(g->h.m.loop, 10);
	loop_turn(g->h.m.loop, 0);
	ck_assert_msg(!g->fdc->io, "busy for ever");
}

void floppy_wait(struct floppy_guest *g)
{
	unsigned i;

	for (i = 0; i < TURNS && g->fdc->io; i++)
		loop_turn(g->h.m.loop, 10);
	ck_assert_msg(!g->fdc->io, "busy for ever");
}

void floppy_take_result(struct floppy_guest *g)
{
	floppy_wait(g);
	for (g->nresult = 0; g->nresult < FDC_RESULT; g->nresult++) {
		if ((inb(&g->h, FDC_MSR) & 0xe0) != 0xc0)
			return;
		g->result[g->nresult] = inb(&g->h, FDC_FIFO);
	}
}

void floppy_command(struct floppy_guest *g, const uint8_t *bytes, size_t n)
{
	floppy_send(g, bytes, n);
	floppy_take_result(g);
}

void floppy_check(struct floppy_guest *g, const uint8_t *buf, uint32_t lba,
		  unsigned sectors)
{
	uint8_t want[BLK_SECTOR];

	for (; sectors--; buf += BLK_SECTOR) {
		fill(want, lba++);
		ck_assert_mem_eq(buf, want, sizeof(want));
	}
}

void floppy_peek(struct floppy_guest *g, unsigned unit, uint8_t *buf,
		 uint32_t lba, unsigned sectors)
{
	int fd = open(g->path[unit], O_RDONLY);
	ssize_t len = (ssize_t)(sectors * BLK_SECTOR);

	ck_assert(pread(fd, buf, (size_t)len, (off_t)lba * BLK_SECTOR) == len);
	close(fd);
}

void floppy_poke(struct floppy_guest *g, unsigned unit, const uint8_t *buf,
		 uint32_t lba)
{
	int fd = open(g->path[unit], O_WRONLY);

	ck_assert(pwrite(fd, buf, BLK_SECTOR, (off_t)lba * BLK_SECTOR) ==
		  BLK_SECTOR);
	close(fd);
}

void floppy_check_disk(struct floppy_guest *g, unsigned unit, uint32_t lba,
		       unsigned sectors)
{
	uint8_t buf[BLK_SECTOR];

	for (; sectors--; lba++) {
		floppy_peek(g, unit, buf, lba, 1);
		floppy_check(g, buf, lba, 1);
	}
}
