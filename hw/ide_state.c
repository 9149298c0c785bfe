/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is saved of a drive.  What it was about to do at the host, had in
 * flight there or kept is done when the machine goes on: the bytes to write
 * are saved, those that were read are read anew.
 */
#include <errno.h>
#include <string.h>

#include "hw/ata_ncq.h"

#define PENDING (ATA_BSY | ATA_DRQ)

/* Without the zeros at its end. */
static int save_buffer(struct ide_drive *d)
{
	uint32_t n = d->buf && d->status & PENDING ? IDE_BUFFER : 0;
	void *to;

	while (n && !d->buf[n - 1])
		n--;
	to = state_list_add(&d->saved.buf, n, 1);
	if (!to)
		return -ENOMEM;
	if (n)
		memcpy(to, d->buf, n);
	return 0;
}

int ide_drive_saving(struct ide_drive *d)
{
	int rc = save_buffer(d);

	d->saved.wish = d->wish.then != NULL;
	if (rc == 0 && d->ncq)
		rc = ata_ncq_saving(d->ncq);
	return rc;
}

static bool packet_fits(const struct ide_drive *d)
{
	return d->limit >= 2 && !(d->limit & 1) &&
	       d->reply <= IDE_BUFFER - d->len &&
	       (d->block == ATAPI_SECTOR || !d->left);
}

/* Does a command in progress that was saved make sense? */
static bool is_sound(const struct ide_drive *d)
{
	const struct ide_wish *w = &d->wish;
	bool pio = d->way != IDE_DMA;

	if (d->saved.wish && w->op <= BLK_WRITE && w->len > IDE_BUFFER)
		return false;
	if (d->status & ATA_DRQ ? pio != (d->pos < d->len) || d->saved.wish
				: !d->saved.wish)
		return false;
	if (d->command == ATA_CMD_PACKET ? !d->cdrom : d->cdrom && !pio)
		return false;
	return ata_trim_fits(d) && (!d->cdrom || packet_fits(d));
}

static void restore_command(struct ide_drive *d)
{
	const struct state_list *buf = &d->saved.buf;

	memset(d->buf, 0, IDE_BUFFER);
	if (buf->n)
		memcpy(d->buf, buf->at, buf->n);
	d->wish.then = NULL;
	d->block_done = NULL;
	if (!d->command) /* a reset may last */
		d->saved.wish = false;
	else if (d->status & PENDING && !is_sound(d))
		ide_drive_reset(d);
	if (d->status & PENDING && d->command)
		ata_restore_steps(d);
	if (!d->saved.wish)
		d->wish.then = NULL;
}

void ide_drive_restored(struct ide_drive *d)
{
	ide_forget_io(d);
	if (d->blk)
		restore_command(d);
	else
		d->status &= (uint8_t)~ATA_DRQ;
	if (d->ncq)
		ata_ncq_restored(d->ncq);
	d->saved.wish = false;
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
	{STATE_ELEM(STATE_U8, struct ide_drive, set_multiple),
	 .hi = ATA_MULTIPLE_MAX},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, smart_off)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, smart_autosave)},
	{STATE_ELEM(STATE_U8, struct ide_drive, smart_tests),
	 .hi = 2 * IDE_SMART_TESTS},
	{STATE_ARR(STATE_U8, struct ide_drive, smart_test)},
	{STATE_ELEM(STATE_U16, struct ide_drive, cylinders)},
	{STATE_ELEM(STATE_U16, struct ide_drive, heads), .hi = 16},
	{STATE_ELEM(STATE_U16, struct ide_drive, sectors), .hi = UINT8_MAX},
	{STATE_ELEM(STATE_U8, struct ide_drive, mmc.sense.key)},
	{STATE_ELEM(STATE_U8, struct ide_drive, mmc.sense.asc)},
	{STATE_ELEM(STATE_U8, struct ide_drive, mmc.sense.ascq)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, mmc.media_changed)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, mmc.medium_wanted)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, writing)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, ext)},
	{STATE_ELEM(STATE_U32, struct ide_drive, way), .hi = IDE_DMA},
	{STATE_ELEM(STATE_U64, struct ide_drive, lba)},
	{STATE_ELEM(STATE_U32, struct ide_drive, left)},
	{STATE_ELEM(STATE_U32, struct ide_drive, block)},
	{STATE_ELEM(STATE_U32, struct ide_drive, multiple),
	 .hi = ATA_MULTIPLE_MAX},
	{STATE_ELEM(STATE_U32, struct ide_drive, pos), .hi = IDE_BUFFER},
	{STATE_ELEM(STATE_U32, struct ide_drive, len), .hi = IDE_BUFFER},
	{STATE_ARR(STATE_U8, struct ide_drive, packet)},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, atapi_dma)},
	{STATE_ELEM(STATE_U32, struct ide_drive, reply), .hi = IDE_BUFFER},
	{STATE_ELEM(STATE_U32, struct ide_drive, limit), .hi = UINT16_MAX},
	{STATE_ELEM(STATE_BOOL, struct ide_drive, saved.wish)},
	{STATE_ELEM(STATE_U32, struct ide_drive, wish.op), .hi = BLK_DISCARD},
	{STATE_ELEM(STATE_U64, struct ide_drive, wish.off)},
	{STATE_ELEM(STATE_U32, struct ide_drive, wish.len)},
	{STATE_LIST_OF(struct ide_drive, saved.buf, uint8_t, IDE_BUFFER,
		       state_byte)},
	{STATE_LIST_OF(struct ide_drive, saved.queued, struct ata_ncq_saved,
		       ATA_NCQ_TAGS, ata_ncq_fields)},
	{STATE_LIST_OF(struct ide_drive, saved.queued_data, uint8_t,
		       ATA_NCQ_TAGS *IDE_BUFFER, state_byte)},
	{STATE_LIST_OF(struct ide_drive, saved.failure, struct ata_ncq_error, 1,
		       ata_ncq_error_fields)},
	{.kind = STATE_END},
};
