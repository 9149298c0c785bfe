/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller's commands with data: 82078 data sheet (order number
 * 290468), section 6.2.  Sectors go between the disk and buf, a side of a
 * track at a time, and between buf and the guest by DMA or byte by byte.
 *
 * Where the guest gives no terminal count, reaching the sector EOT ends a
 * command without an error, as under other emulators: byte by byte a PC has no
 * way to give one, and programs take the chip's "end of cylinder" for success.
 */
#include <string.h>

#include "hw/i82078.h"

#define CMD_MT		0x80u
#define VERIFY_COUNT	0x80u /* in the byte with the drive */
#define SELECT_DRIVE	0x03u
#define SELECT_HEAD	2 /* shift */
#define CONFIG_EIS	0x40u
#define SPECIFY_NON_DMA 0x01u /* in its second byte */
#define DOR_DMA		0x08u
#define ID_BYTES	4u
#define ANYTHING	0xffu /* a byte that scans do not compare */

/* Places in the command. */
enum { AT_SELECT = 1, AT_C, AT_H, AT_R, AT_N, AT_EOT, AT_GAP, AT_STEP };
enum { AT_FORMAT_N = 2, AT_FORMAT_SECTORS, AT_FORMAT_GAP, AT_FORMAT_FILLER };

static bool from_guest(const struct i82078 *f)
{
	return f->t.kind >= KIND_WRITE;
}

static bool writes(const struct i82078 *f)
{
	return f->t.kind == KIND_WRITE || f->t.kind == KIND_FORMAT;
}

static bool scans(const struct i82078 *f)
{
	return f->t.kind >= KIND_SCAN_EQUAL;
}

static struct i82078_drive *drive_of(struct i82078 *f)
{
	return &f->drive[f->t.drive];
}

static void fail(struct i82078 *f, uint8_t st1, uint8_t st2)
{
	i82078_end(f, ST0_ABNORMAL, st1, st2);
}

static void done(struct i82078 *f)
{
	if (f->t.st1)
		fail(f, f->t.st1, 0);
	else
		i82078_end(f, 0, 0, 0);
}

static bool uses_dma(const struct i82078 *f)
{
	return !(f->specify[1] & SPECIFY_NON_DMA) && (f->dor & DOR_DMA);
}

/* The guest is to move len bytes of buf. */
static void move(struct i82078 *f, uint32_t len)
{
	f->t.pos = 0;
	f->t.len = len;
	if (uses_dma(f)) {
		f->phase = PHASE_DMA;
		i8237_request(f->dma, f->channel, true);
	} else {
		f->phase = from_guest(f) ? PHASE_FROM_GUEST : PHASE_TO_GUEST;
		i82078_set_irq(f, true);
	}
}

/* Sectors from r on that can be had together. */
static uint8_t run(struct i82078 *f)
{
	const struct floppy_format *format = drive_of(f)->format;
	const struct i82078_transfer *t = &f->t;
	unsigned last = format->sectors;

	if (t->single || scans(f))
		return 1;
	if (t->eot >= t->r && t->eot < last)
		last = t->eot;
	if (t->left && t->r + t->left - 1u < last)
		last = t->r + t->left - 1u;
	return (uint8_t)(last - t->r + 1);
}

/* Is the sector there?  If not, the command has ended. */
static bool find(struct i82078 *f)
{
	const struct floppy_format *format = drive_of(f)->format;
	const struct i82078_transfer *t = &f->t;

	if (!format) {
		fail(f, ST1_NO_ID, 0);
		return false;
	}
	if (t->c >= format->tracks || t->h >= format->heads || !t->r ||
	    t->r > format->sectors) {
		fail(f, ST1_NO_DATA, 0);
		return false;
	}
	return true;
}

/* The next sectors from the disk, or for it. */
static void next(struct i82078 *f)
{
	if (!find(f))
		return;
	f->t.count = run(f);
	if (from_guest(f))
		move(f, f->t.count * BLK_SECTOR);
	else
		i82078_submit(f);
}

/* At the end of a side; true if the other one is next. */
static bool turn(struct i82078 *f)
{
	struct i82078_transfer *t = &f->t;
	const struct floppy_format *format = drive_of(f)->format;
	bool other = t->multi && t->h == 0 && (!format || format->heads > 1);

	t->r = 1;
	if (other) {
		t->h = 1;
		return true;
	}
	t->c++;
	t->st0 |= ST0_SEEK_END;
	if (t->multi)
		t->h = 0;
	return false;
}

/* Beyond n sectors; true if there are more to come. */
static bool advance(struct i82078 *f, unsigned n)
{
	struct i82078_transfer *t = &f->t;
	unsigned last = t->r + n - 1u;

	if (last != t->eot && !(scans(f) && last + t->step > t->eot)) {
		t->r = (uint8_t)(last + t->step);
		return true;
	}
	return turn(f);
}

static void next_or_done(struct i82078 *f, unsigned n)
{
	struct i82078_transfer *t = &f->t;
	bool more = advance(f, n);

	if (t->left && !(t->left = (uint8_t)(t->left - n)))
		more = false;
	if (t->tc || !more)
		done(f);
	else
		next(f);
}

/* 512-byte sectors that the guest has touched. */
static unsigned touched(const struct i82078_transfer *t)
{
	return (t->pos + BLK_SECTOR - 1) / BLK_SECTOR;
}

/* The guest has moved all of buf, or has said that it wants no more. */
static void moved(struct i82078 *f)
{
	struct i82078_transfer *t = &f->t;
	unsigned n = touched(t);

	f->phase = PHASE_BUSY;
	if (t->kind == KIND_FORMAT) {
		t->count = (uint8_t)(t->pos / ID_BYTES);
		t->id = 0;
		i82078_submit(f);
	} else if (from_guest(f)) {
		/* What the guest left out is zeros, or matches. */
		memset(f->buf + t->pos, scans(f) ? ANYTHING : 0,
		       n * BLK_SECTOR - t->pos);
		t->count = (uint8_t)n;
		i82078_submit(f);
	} else {
		next_or_done(f, n);
	}
}

void i82078_serve(void *ctx)
{
	struct i82078 *f = ctx;
	struct i82078_transfer *t = &f->t;
	bool tc;

	if (f->phase != PHASE_DMA)
		return;
	t->pos +=
		(uint32_t)i8237_transfer(f->dma, f->channel,
					 from_guest(f) ? I8237_FROM_MEMORY
						       : I8237_TO_MEMORY,
					 f->buf + t->pos, t->len - t->pos, &tc);
	if (!tc && t->pos < t->len)
		return; /* until the channel is ready again */
	t->tc = tc;
	i8237_request(f->dma, f->channel, false);
	moved(f);
}

void i82078_moved_byte(struct i82078 *f)
{
	i82078_set_irq(f, false);
	if (++f->t.pos == f->t.len)
		moved(f);
}

static uint64_t offset_of(struct i82078 *f)
{
	const struct i82078_transfer *t = &f->t;
	const struct floppy_format *format = drive_of(f)->format;

	return (((uint64_t)t->c * format->heads + t->h) * format->sectors +
		t->r - 1) *
	       BLK_SECTOR;
}

/* Beyond the end of an image of an odd size there are zeros to read. */
static void submit_read(struct i82078 *f, size_t len)
{
	uint64_t size = blk_size(drive_of(f)->blk), off = offset_of(f);

	if (off >= size)
		i82078_on_io(f, 0, f->buf, 0);
	else
		i82078_io_start(f, BLK_READ, off, NULL,
				len < size - off ? len : (size_t)(size - off));
}

static void submit_write(struct i82078 *f, const uint8_t *data, size_t len)
{
	uint64_t size = blk_size(drive_of(f)->blk), off = offset_of(f);

	if (off > size || size - off < len)
		fail(f, ST1_NO_DATA, 0);
	else
		i82078_io_start(f, BLK_WRITE, off, data, len);
}

/* An image has no room for IDs: they must be what they are. */
static void submit_format(struct i82078 *f)
{
	uint8_t sector[BLK_SECTOR];
	struct i82078_transfer *t = &f->t;
	const uint8_t *id = f->buf + t->id * ID_BYTES;

	if (t->id >= t->count) {
		done(f);
		return;
	}
	t->r = id[2];
	if (id[0] != t->c || id[1] != t->h || id[3] != I82078_SECTOR_SIZE) {
		fail(f, ST1_NO_DATA, 0);
		return;
	}
	if (!find(f))
		return;
	memset(sector, t->filler, sizeof(sector));
	submit_write(f, sector, sizeof(sector));
}

void i82078_submit(struct i82078 *f)
{
	size_t len = f->t.count * BLK_SECTOR;

	f->phase = PHASE_BUSY;
	if (f->stopped) /* it is submitted when the machine goes on */
		return;
	if (f->t.kind == KIND_FORMAT)
		submit_format(f);
	else if (!find(f)) /* another medium may be there by now */
		return;
	else if (f->t.kind == KIND_WRITE)
		submit_write(f, f->buf, len);
	else
		submit_read(f, len);
}

/* Table 6-12: does a byte of the disk fit, that differs? */
static bool fits(const struct i82078 *f, uint8_t disk, uint8_t wanted)
{
	return f->t.kind == KIND_SCAN_LOW    ? disk < wanted
	       : f->t.kind == KIND_SCAN_HIGH ? disk > wanted
					     : false;
}

/* ST2 of a sector that was scanned. */
static uint8_t scan(const struct i82078 *f, const uint8_t *disk)
{
	const uint8_t *wanted = f->buf;
	unsigned i;

	for (i = 0; i < BLK_SECTOR; i++)
		if (disk[i] != wanted[i] && disk[i] != ANYTHING &&
		    wanted[i] != ANYTHING)
			return fits(f, disk[i], wanted[i]) ? 0 : ST2_NOT_FOUND;
	return ST2_EQUAL;
}

static void on_scanned(struct i82078 *f, const uint8_t *disk)
{
	uint8_t st2 = scan(f, disk);

	if (st2 != ST2_NOT_FOUND)
		i82078_end(f, 0, 0, st2); /* r is the sector that was found */
	else if (!advance(f, 1) || f->t.tc)
		i82078_end(f, 0, 0, st2);
	else
		next(f);
}

static void on_read(struct i82078 *f, const uint8_t *data, size_t len)
{
	size_t want = f->t.count * BLK_SECTOR;
	uint8_t sector[BLK_SECTOR] = {0};

	if (scans(f)) { /* buf has what the guest compares with */
		memcpy(sector, data, len);
		on_scanned(f, sector);
		return;
	}
	memmove(f->buf, data, len);
	memset(f->buf + len, 0, want - len);
	if (f->t.kind == KIND_VERIFY)
		next_or_done(f, f->t.count);
	else
		move(f, (uint32_t)want);
}

static void on_written(struct i82078 *f)
{
	if (f->t.kind == KIND_FORMAT) {
		f->t.id++;
		i82078_submit(f);
	} else {
		next_or_done(f, f->t.count);
	}
}

static void on_error(struct i82078 *f)
{
	struct i82078_transfer *t = &f->t;

	/* The sectors before the bad one are to be had. */
	if (!writes(f) && t->count > 1) {
		t->single = true;
		next(f);
	} else {
		fail(f, ST1_CRC, ST2_CRC);
	}
}

void i82078_on_io(struct i82078 *f, int rc, const uint8_t *data, size_t len)
{
	if (rc < 0)
		on_error(f);
	else if (!drive_of(f)->format) /* it went, with what was on its way */
		fail(f, ST1_NO_ID, 0);
	else if (writes(f))
		on_written(f);
	else
		on_read(f, data, len);
}

/* Can the disk be read, or written to, at all? */
static bool check_disk(struct i82078 *f)
{
	const struct i82078_drive *d = drive_of(f);

	if (!d->format)
		fail(f, ST1_NO_ID, 0);
	else if (writes(f) && d->blk->readonly)
		fail(f, ST1_READ_ONLY, 0);
	else
		return true;
	return false;
}

static bool check_rate(struct i82078 *f)
{
	if (drive_of(f)->format->rate == f->rate)
		return true;
	fail(f, ST1_NO_ID, 0);
	return false;
}

/* The head is over the track, or gets there by itself. */
static bool find_track(struct i82078 *f)
{
	struct i82078_transfer *t = &f->t;
	struct i82078_drive *d = drive_of(f);

	if (t->c >= d->format->tracks) {
		fail(f, ST1_NO_DATA, 0);
		return false;
	}
	if (t->c != d->track && !(f->config & CONFIG_EIS)) {
		fail(f, ST1_NO_DATA, ST2_CYLINDER);
		return false;
	}
	if (i82078_step(f, t->drive, t->c))
		t->st0 |= ST0_SEEK_END;
	return true;
}

void i82078_transfer_begin(struct i82078 *f, enum i82078_kind kind)
{
	const uint8_t *cmd = f->fifo;
	struct i82078_transfer *t = &f->t;

	*t = (struct i82078_transfer){.kind = (uint8_t)kind,
				      .drive = cmd[AT_SELECT] & SELECT_DRIVE,
				      .multi = cmd[0] & CMD_MT,
				      .c = cmd[AT_C],
				      .h = cmd[AT_H],
				      .r = cmd[AT_R],
				      .eot = cmd[AT_EOT],
				      .step = 1};
	f->last_eot = t->eot;
	f->phase = PHASE_BUSY;
	if (!check_disk(f))
		return;
	if (cmd[AT_N] != I82078_SECTOR_SIZE) {
		fail(f, ST1_NO_DATA, 0);
		return;
	}
	if (!find_track(f) || !check_rate(f))
		return;
	if (scans(f) && cmd[AT_STEP] == 2)
		t->step = 2;
	if (kind == KIND_VERIFY && (cmd[AT_SELECT] & VERIFY_COUNT))
		t->left = cmd[AT_STEP];
	if (kind == KIND_READ_TRACK) {
		/* From the index hole on, whatever is asked for. */
		t->multi = false;
		t->st1 = t->r > drive_of(f)->format->sectors ? ST1_NO_DATA : 0;
		t->r = 1;
	}
	next(f);
}

void i82078_format_begin(struct i82078 *f)
{
	const uint8_t *cmd = f->fifo;
	struct i82078_transfer *t = &f->t;

	*t = (struct i82078_transfer){.kind = KIND_FORMAT,
				      .drive = cmd[AT_SELECT] & SELECT_DRIVE,
				      .h = cmd[AT_SELECT] >> SELECT_HEAD & 1,
				      .r = 1,
				      .filler = cmd[AT_FORMAT_FILLER],
				      .step = 1};
	t->c = drive_of(f)->track;
	f->phase = PHASE_BUSY;
	if (!check_disk(f) || !check_rate(f))
		return;
	if (cmd[AT_FORMAT_N] != I82078_SECTOR_SIZE)
		fail(f, ST1_NO_DATA, 0);
	else if (!cmd[AT_FORMAT_SECTORS])
		done(f);
	else
		move(f, cmd[AT_FORMAT_SECTORS] * ID_BYTES);
}

void i82078_transfer_refuse(struct i82078 *f, uint8_t st0)
{
	const uint8_t *cmd = f->fifo;

	f->t = (struct i82078_transfer){.drive = cmd[AT_SELECT] & SELECT_DRIVE,
					.c = cmd[AT_C],
					.h = cmd[AT_H],
					.r = cmd[AT_R]};
	i82078_end(f, st0, 0, 0);
}
