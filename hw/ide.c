/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IDE channel: the task file, interrupts, resets, and the ways that data
 * takes.  ATA/ATAPI-6 (T13/1410D).
 *
 * Not modelled: overlapped and queued commands, host-protected areas, timing.
 */
#include "hw/ide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

enum reg {
	REG_DATA,
	REG_ERROR, /* FEATURE when written */
	REG_COUNT,
	REG_LBA_LOW,
	REG_LBA_MID,
	REG_LBA_HIGH,
	REG_DEVICE,
	REG_STATUS /* COMMAND when written */
};

#define CONTROL_NIEN	0x02u
#define CONTROL_SRST	0x04u
#define CONTROL_HOB	0x80u
#define DEVICE_OBSOLETE 0xa0u /* bits that read as ones */

static struct ide_drive *selected(struct ide_channel *ch)
{
	return &ch->drive[ch->selected];
}

static void update_irq(struct ide_channel *ch)
{
	irq_set(&ch->irq, ch->irq_pending && !(ch->control & CONTROL_NIEN));
}

void ide_raise(struct ide_drive *d)
{
	d->channel->irq_pending = true;
	update_irq(d->channel);
}

void ide_signature(struct ide_drive *d)
{
	d->count = d->lba_low = 1;
	d->lba_mid = d->cdrom ? 0x14 : 0;
	d->lba_high = d->cdrom ? 0xeb : 0;
	d->device &= ATA_DEV_UNIT;
}

static void end_command(struct ide_drive *d)
{
	d->way = IDE_NO_DATA;
	d->left = d->len = d->pos = 0;
	d->block_done = NULL;
}

void ide_done(struct ide_drive *d)
{
	bool dma = d->way == IDE_DMA;

	end_command(d);
	d->error = 0;
	d->status = ATA_DRDY | ATA_DSC;
	if (dma)
		d->channel->dma_end(d->channel->ctx, false);
	ide_raise(d);
}

void ide_fail(struct ide_drive *d, uint8_t error)
{
	bool dma = d->way == IDE_DMA;

	end_command(d);
	d->error = error;
	d->status = ATA_DRDY | ATA_ERR | (d->cdrom ? 0 : ATA_DSC);
	if (dma)
		d->channel->dma_end(d->channel->ctx, true);
	ide_raise(d);
}

void ide_pio(struct ide_drive *d, uint32_t len, bool from_guest,
	     void (*next)(struct ide_drive *d))
{
	d->pos = 0;
	d->len = len;
	d->writing = from_guest;
	d->block_done = next;
	d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
}

static void on_io_done(struct blk_req *req, int rc)
{
	struct ide_io *io = container_of(req, struct ide_io, req);
	struct ide_drive *d = io->drive;

	/* A reset came in between: nobody waits for this any more. */
	if (io->generation == d->generation) {
		if (rc < 0 && ide_error_keeps(io, &rc))
			return;
		d->io = NULL;
		if (rc == 0 && req->op == BLK_READ)
			memcpy(d->buf, io->buf, io->iov.iov_len);
		io->then(d, rc);
	}
	free(io);
}

void ide_submit(struct ide_drive *d, enum blk_op op, uint64_t off, uint32_t len,
		void (*then)(struct ide_drive *d, int rc))
{
	struct ide_io *io = malloc(sizeof(*io));

	if (!io) {
		then(d, -ENOMEM);
		return;
	}
	memset(&io->req, 0, sizeof(io->req));
	io->drive = d;
	io->kept = false;
	io->generation = d->generation;
	io->then = then;
	io->iov = (struct iovec){io->buf, len};
	io->req.len = len;
	if (op == BLK_WRITE)
		memcpy(io->buf, d->buf, len);
	io->req.op = op;
	io->req.off = off;
	io->req.iov = &io->iov;
	io->req.niov = op == BLK_READ || op == BLK_WRITE ? 1 : 0;
	io->req.loop = d->channel->m->loop;
	io->req.done = on_io_done;
	d->io = io;
	d->status = ATA_BSY;
	blk_submit(d->blk, &io->req);
}

void ide_dma_ready(struct ide_drive *d)
{
	if (d->way != IDE_DMA || d->io)
		return;
	if (d->cdrom)
		atapi_dma_run(d);
	else
		ata_dma_run(d);
}

static void reset_drive(struct ide_drive *d)
{
	ide_forget_io(d);
	end_command(d);
	d->command = 0;
	d->error = 1; /* diagnostics passed */
	d->status = d->cdrom ? 0 : ATA_DRDY | ATA_DSC;
	d->device = 0;
	d->set_multiple = 0;
	d->sense = d->asc = d->ascq = 0;
	ide_signature(d);
}

void ide_channel_reset(struct ide_channel *ch)
{
	unsigned i;

	for (i = 0; i < IDE_DRIVES; i++)
		reset_drive(&ch->drive[i]);
	ch->selected = 0;
	ch->control = 0;
	ch->irq_pending = false;
	update_irq(ch);
}

static bool present(const struct ide_drive *d)
{
	return d->blk != NULL;
}

/* Bytes that the guest may move now. */
static uint32_t available(const struct ide_drive *d, bool from_guest)
{
	if (!(d->status & ATA_DRQ) || d->writing != from_guest)
		return 0;
	return d->len - d->pos;
}

static void advance(struct ide_drive *d, uint32_t n)
{
	void (*next)(struct ide_drive *) = d->block_done;

	d->pos += n;
	if (d->pos < d->len)
		return;
	d->status &= (uint8_t)~ATA_DRQ;
	d->block_done = NULL;
	if (next)
		next(d);
}

static size_t data_read_rep(void *dev, uint64_t off, void *buf, unsigned size,
			    size_t count)
{
	struct ide_drive *d = selected(dev);
	uint8_t *out = buf;
	size_t left = count * size;
	uint32_t n;

	while (left && (n = available(d, false))) {
		if (n > left)
			n = (uint32_t)left;
		memcpy(out, d->buf + d->pos, n);
		out += n;
		left -= n;
		advance(d, n);
	}
	memset(out, 0xff, left);
	return count;
}

static size_t data_write_rep(void *dev, uint64_t off, const void *buf,
			     unsigned size, size_t count)
{
	struct ide_drive *d = selected(dev);
	const uint8_t *in = buf;
	size_t left = count * size;
	uint32_t n;

	while (left && (n = available(d, true))) {
		if (n > left)
			n = (uint32_t)left;
		memcpy(d->buf + d->pos, in, n);
		in += n;
		left -= n;
		advance(d, n);
	}
	return count;
}

static uint64_t data_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t raw[8] = {0};

	data_read_rep(dev, off, raw, size, 1);
	return load_le64(raw);
}

static void data_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	uint8_t raw[8];

	store_le64(raw, val);
	data_write_rep(dev, off, raw, size, 1);
}

const struct bus_ops ide_data_ops = {
	.read = data_read,
	.write = data_write,
	.read_rep = data_read_rep,
	.write_rep = data_write_rep,
	.max = 4,
};

/* Drive 0 answers for a missing drive 1, with a status of 0. */
static uint8_t status_of(struct ide_channel *ch)
{
	struct ide_drive *d = selected(ch);

	return present(d) ? d->status : 0;
}

static uint64_t command_read(void *dev, uint64_t off, unsigned size)
{
	struct ide_channel *ch = dev;
	struct ide_drive *d = selected(ch);
	bool hob = ch->control & CONTROL_HOB;

	if (!present(&ch->drive[0]) && !present(&ch->drive[1]))
		return off + 1 == REG_STATUS ? 0 : UINT8_MAX;
	switch (off + 1) {
	case REG_ERROR:
		return present(d) ? d->error : 0;
	case REG_COUNT:
		return hob ? d->hob_count : d->count;
	case REG_LBA_LOW:
		return hob ? d->hob_low : d->lba_low;
	case REG_LBA_MID:
		return hob ? d->hob_mid : d->lba_mid;
	case REG_LBA_HIGH:
		return hob ? d->hob_high : d->lba_high;
	case REG_DEVICE:
		return d->device | DEVICE_OBSOLETE |
		       (ch->selected ? ATA_DEV_UNIT : 0);
	default:
		ch->irq_pending = false;
		update_irq(ch);
		return status_of(ch);
	}
}

static void run_command(struct ide_channel *ch, uint8_t command)
{
	struct ide_drive *d = selected(ch);

	ch->irq_pending = false;
	update_irq(ch);
	if (!present(d))
		return;
	/* Only a device reset may come while a packet command is busy. */
	if ((d->status & (ATA_BSY | ATA_DRQ)) && command != 0x08)
		return;
	d->command = command;
	d->error = 0;
	ata_command(d);
}

static void write_reg(uint8_t *reg, uint8_t *hob, uint8_t val)
{
	*hob = *reg;
	*reg = val;
}

/* Both drives hear the writes to the task file. */
static void command_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ide_channel *ch = dev;
	uint8_t v = (uint8_t)val;
	unsigned i;

	if (off + 1 == REG_STATUS) {
		run_command(ch, v);
		return;
	}
	ch->control &= (uint8_t)~CONTROL_HOB;
	if (off + 1 == REG_DEVICE)
		ch->selected = v & ATA_DEV_UNIT ? 1 : 0;
	for (i = 0; i < IDE_DRIVES; i++) {
		struct ide_drive *d = &ch->drive[i];

		if (d->status & (ATA_BSY | ATA_DRQ) && off + 1 != REG_DEVICE)
			continue;
		switch (off + 1) {
		case REG_ERROR:
			write_reg(&d->feature, &d->hob_feature, v);
			break;
		case REG_COUNT:
			write_reg(&d->count, &d->hob_count, v);
			break;
		case REG_LBA_LOW:
			write_reg(&d->lba_low, &d->hob_low, v);
			break;
		case REG_LBA_MID:
			write_reg(&d->lba_mid, &d->hob_mid, v);
			break;
		case REG_LBA_HIGH:
			write_reg(&d->lba_high, &d->hob_high, v);
			break;
		case REG_DEVICE:
			d->device = v;
			break;
		default:
			break;
		}
	}
}

/* Registers 1 to 7; the data port is a region of its own. */
const struct bus_ops ide_command_ops = {
	.read = command_read,
	.write = command_write,
	.max = 1,
};

static uint64_t control_read(void *dev, uint64_t off, unsigned size)
{
	return status_of(dev); /* the interrupt stays */
}

static void control_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ide_channel *ch = dev;
	uint8_t was = ch->control, v = (uint8_t)val;
	unsigned i;

	if (!(was & CONTROL_SRST) && (v & CONTROL_SRST)) {
		for (i = 0; i < IDE_DRIVES; i++) {
			reset_drive(&ch->drive[i]);
			ch->drive[i].status = ATA_BSY;
		}
		ch->irq_pending = false;
	} else if ((was & CONTROL_SRST) && !(v & CONTROL_SRST)) {
		for (i = 0; i < IDE_DRIVES; i++)
			reset_drive(&ch->drive[i]);
		ch->selected = 0;
	}
	ch->control = v;
	update_irq(ch);
}

const struct bus_ops ide_control_ops = {
	.read = control_read,
	.write = control_write,
	.max = 1,
};

int ide_channel_init(struct ide_channel *ch, struct machine *m,
		     struct error *err)
{
	unsigned i;

	ch->m = m;
	for (i = 0; i < IDE_DRIVES; i++) {
		ch->drive[i].channel = ch;
		ch->drive[i].unit = i;
		ch->drive[i].buf = calloc(1, IDE_BUFFER);
		if (!ch->drive[i].buf)
			return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

void ide_channel_fini(struct ide_channel *ch)
{
	unsigned i;

	for (i = 0; i < IDE_DRIVES; i++) {
		free(ch->drive[i].buf);
		ch->drive[i].buf = NULL;
	}
}

/* What a translating firmware would choose for a disk of this size. */
static void choose_geometry(struct ide_drive *d)
{
	uint64_t n = blk_size(d->blk) / BLK_SECTOR;

	d->heads = 16;
	d->sectors = 63;
	n /= (uint64_t)d->heads * d->sectors;
	d->cylinders = (uint16_t)(n > 16383 ? 16383 : n < 2 ? 2 : n);
}

void ide_attach(struct ide_channel *ch, unsigned unit, struct blk_front *blk,
		bool cdrom, unsigned number, const char *serial)
{
	struct ide_drive *d = &ch->drive[unit];

	d->blk = blk;
	d->cdrom = cdrom;
	if (serial && *serial)
		snprintf(d->serial, sizeof(d->serial), "%s", serial);
	else
		snprintf(d->serial, sizeof(d->serial), "QM%05u", number);
	snprintf(d->model, sizeof(d->model), "%s",
		 cdrom ? "QEMU DVD-ROM" : "QEMU HARDDISK");
	snprintf(d->firmware, sizeof(d->firmware), "2.5+");
	choose_geometry(d);
}

/* IDENTIFY's strings have the letters of each word exchanged. */
void ide_put_string(uint8_t *dst, size_t len, const char *text)
{
	size_t i, n = strlen(text);

	for (i = 0; i < len; i++)
		dst[i ^ 1] = i < n ? (uint8_t)text[i] : ' ';
}

const struct state_field ide_drive_fields[] = {
	{STATE_ELEM(STATE_U8, struct ide_drive, feature)},
	{STATE_ELEM(STATE_U8, struct ide_drive, error)},
	{STATE_ELEM(STATE_U8, struct ide_drive, status)},
	{STATE_ELEM(STATE_U8, struct ide_drive, device)},
	{STATE_ELEM(STATE_U8, struct ide_drive, count)},
	{STATE_ELEM(STATE_U8, struct ide_drive, lba_low)},
	{STATE_ELEM(STATE_U8, struct ide_drive, lba_mid)},
	{STATE_ELEM(STATE_U8, struct ide_drive, lba_high)},
	{STATE_ELEM(STATE_U8, struct ide_drive, hob_feature)},
	{STATE_ELEM(STATE_U8, struct ide_drive, hob_count)},
	{STATE_ELEM(STATE_U8, struct ide_drive, hob_low)},
	{STATE_ELEM(STATE_U8, struct ide_drive, hob_mid)},
	{STATE_ELEM(STATE_U8, struct ide_drive, hob_high)},
	{STATE_ELEM(STATE_U8, struct ide_drive, command)},
	{STATE_ELEM(STATE_U8, struct ide_drive, set_multiple)},
	{STATE_ELEM(STATE_U8, struct ide_drive, sense)},
	{STATE_ELEM(STATE_U8, struct ide_drive, asc)},
	{STATE_ELEM(STATE_U8, struct ide_drive, ascq)},
	{.kind = STATE_END},
};
