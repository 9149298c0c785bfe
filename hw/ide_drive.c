/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A drive's life: what it is, and how a command of it begins and ends.
 * ATA/ATAPI-6 (T13/1410D).
 *
 * Not modelled: overlapped commands, host-protected areas, timing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/ata_ncq.h"

void ide_raise(struct ide_drive *d)
{
	d->transport->raise(d);
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
		d->transport->dma_end(d, false);
	ide_raise(d);
}

void ide_fail(struct ide_drive *d, uint8_t error)
{
	bool dma = d->way == IDE_DMA;

	end_command(d);
	d->error = error;
	d->status = ATA_DRDY | ATA_ERR | (d->cdrom ? 0 : ATA_DSC);
	if (dma)
		d->transport->dma_end(d, true);
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

void ide_end_pio(struct ide_drive *d)
{
	d->way = IDE_NO_DATA;
	d->status = ATA_DRDY | ATA_DSC;
}

void ide_dma_ready(struct ide_drive *d)
{
	if (d->way != IDE_DMA || d->wish.then)
		return;
	if (d->cdrom)
		atapi_dma_run(d);
	else
		ata_dma_run(d);
}

void ide_drive_reset(struct ide_drive *d)
{
	ide_forget_io(d);
	if (d->ncq)
		ata_ncq_reset(d->ncq);
	end_command(d);
	d->command = 0;
	d->error = 1; /* diagnostics passed */
	d->status = d->cdrom ? 0 : ATA_DRDY | ATA_DSC;
	d->device = 0;
	d->set_multiple = d->cdrom ? 0 : ATA_MULTIPLE_MAX;
	d->mmc.sense = SENSE_NONE;
	ide_signature(d);
}

void ide_drive_power_on(struct ide_drive *d)
{
	ide_drive_reset(d);
	if (d->cdrom)
		d->blk->locked = false;
}

uint32_t ide_available(const struct ide_drive *d, bool from_guest)
{
	if (!(d->status & ATA_DRQ) || d->writing != from_guest)
		return 0;
	return d->len - d->pos;
}

void ide_advance(struct ide_drive *d, uint32_t n)
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

/* What a translating firmware would choose for a disk of this size. */
static void choose_geometry(struct ide_drive *d)
{
	uint64_t n = blk_size(d->blk) / BLK_SECTOR;

	d->heads = 16;
	d->sectors = 63;
	n /= (uint64_t)d->heads * d->sectors;
	d->cylinders = (uint16_t)(n > 16383 ? 16383 : n < 2 ? 2 : n);
}

static int make_buffers(struct ide_drive *d, bool queue, struct error *err)
{
	unsigned i;
	int rc = 0;

	d->buf = calloc(1, IDE_BUFFER);
	for (i = 0; i < IDE_IOS && rc == 0; i++)
		rc = ide_io_init(&d->ios[i], d, ide_io_next);
	if (queue && rc == 0) {
		d->ncq = ata_ncq_new(d);
		rc = d->ncq ? 0 : -ENOMEM;
	}
	if (d->buf && rc == 0)
		return 0;
	ide_detach(d);
	return error_set(err, ENOMEM, "out of memory");
}

int ide_attach(struct ide_drive *d, struct machine *m, struct blk_front *blk,
	       bool cdrom, unsigned number, const char *serial,
	       struct error *err)
{
	d->m = m;
	if (make_buffers(d, d->transport->queue_dma && !cdrom, err) < 0)
		return -ENOMEM;
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
	if (cdrom) {
		blk->media = &atapi_media_ops;
		blk->media_ctx = d;
	}
	return 0;
}

void ide_detach(struct ide_drive *d)
{
	unsigned i;

	for (i = 0; i < IDE_IOS; i++)
		ide_io_fini(&d->ios[i]);
	ata_ncq_free(d->ncq);
	d->ncq = NULL;
	free(d->buf);
	d->buf = NULL;
	if (d->blk)
		d->blk->media = NULL;
	d->blk = NULL;
}

/* What comes back is thrown away, and not followed by the next. */
void ide_drive_quiesce(struct ide_drive *d)
{
	ide_forget_io(d);
	if (d->blk)
		blk_drain(d->blk);
}

/* IDENTIFY's strings have the letters of each word exchanged. */
void ide_put_string(uint8_t *dst, size_t len, const char *text)
{
	size_t i, n = strlen(text);

	for (i = 0; i < len; i++)
		dst[i ^ 1] = i < n ? (uint8_t)text[i] : ' ';
}
