/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A floppy disk at the controller's drive 0, by DMA. */
#include "tests/device/disk_rig.h"
#include "tests/device/floppy_guest.h"

#define DISK	    1474560u
#define AT	    0x30000u
#define PER_TRACK   18u
#define HEADS	    2u
#define DMA_MODE    0xd6
#define DMA_MASK    0xd4 /* of one channel */
#define DMA_CASCADE 0xc0 /* the other chip */
#define READ	    0xc6 /* both sides, MFM */
#define WRITE	    0xc5

static struct floppy_guest fdc;
static struct {
	uint32_t len;
	unsigned edges;
} g;

static void set_up(const struct disk_rig *r)
{
	floppy_start(&fdc);
	fdc.h.m.state = RUN_STATE_RUNNING;
	floppy_insert(&fdc, 0, DISK, false);
	floppy_reset(&fdc);
}

static void tear_down(void)
{
	floppy_end(&fdc);
}

static struct blk_front *front(void)
{
	return fdc.floppy[0]->blk;
}

static const char *path(void)
{
	return fdc.path[0];
}

static void seek(unsigned track)
{
	floppy_send(&fdc, (const uint8_t[]){0x0f, 0, (uint8_t)track}, 3);
	floppy_command(&fdc, (const uint8_t[]){0x08}, 1);
}

static void begin(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		  bool write)
{
	uint8_t track = (uint8_t)(lba / PER_TRACK / HEADS);
	uint8_t head = (uint8_t)(lba / PER_TRACK % HEADS);
	const uint8_t cmd[] = {write ? WRITE : READ,
			       (uint8_t)(head << 2),
			       track,
			       head,
			       (uint8_t)(lba % PER_TRACK + 1),
			       2,
			       PER_TRACK,
			       0x1b,
			       0xff};

	g.len = sectors * BLK_SECTOR;
	seek(track);
	if (write)
		gmem_write(&fdc.h.m.gmem, AT, rig_data, g.len);
	floppy_dma(&fdc, AT, g.len, !write);
	floppy_send(&fdc, cmd, sizeof(cmd));
}

static enum rig_end poll(const struct disk_rig *r)
{
	unsigned i;

	if ((inb(&fdc.h, FDC_MSR) & 0xe0) != 0xc0)
		return RIG_BUSY;
	for (i = 0; (inb(&fdc.h, FDC_MSR) & 0xe0) == 0xc0; i++)
		fdc.result[i % FDC_RESULT] = inb(&fdc.h, FDC_FIFO);
	ck_assert_uint_eq(i, 7);
	g.edges = fdc.h.edges[FDC_IRQ];
	gmem_read(&fdc.h.m.gmem, AT, rig_data, g.len);
	return fdc.result[0] & 0xc0 ? RIG_BAD : RIG_GOOD;
}

static bool is_quiet(const struct disk_rig *r)
{
	return g.edges == fdc.h.edges[FDC_IRQ] &&
	       (inb(&fdc.h, FDC_MSR) & 0xf0) == 0x80;
}

static void reset(const struct disk_rig *r)
{
	outb(&fdc.h, DMA_MODE, DMA_CASCADE);
	outb(&fdc.h, DMA_MASK, 0);
	floppy_reset(&fdc);
	g.edges = fdc.h.edges[FDC_IRQ];
}

const struct disk_rig rigs_floppy[] = {
	{.name = "floppy",
	 .h = &fdc.h,
	 .sectors = 2 * PER_TRACK,
	 .steps = 2,
	 .removable = true,
	 .tries_again = true,
	 .set_up = set_up,
	 .tear_down = tear_down,
	 .front = front,
	 .path = path,
	 .begin = begin,
	 .poll = poll,
	 .is_quiet = is_quiet,
	 .reset = reset},
	{.name = NULL},
};
