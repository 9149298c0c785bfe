/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DATA SET MANAGEMENT (ATA8-ACS, 7.10): the guest says by TRIM which sectors
 * it needs no more.  A list of ranges comes by DMA; one is discarded after the
 * other.
 */
#include "hw/ide_drive.h"
#include "vmm/endian.h"

#define FEATURE_TRIM 0x01u
#define ENTRY	     8u /* bytes: 48 bits of LBA, 16 of length */
#define ENTRIES	     (BLK_SECTOR / ENTRY)
#define BLOCKS_MAX   (IDE_BUFFER / BLK_SECTOR)

static void next_range(struct ide_drive *d);

static void on_discarded(struct ide_drive *d, int rc)
{
	if (rc < 0)
		ide_fail(d, ATA_ABRT);
	else
		next_range(d);
}

bool ata_trim_fits(const struct ide_drive *d)
{
	uint32_t most = d->status & ATA_DRQ ? BLOCKS_MAX : ENTRIES * BLOCKS_MAX;

	if (d->command != ATA_CMD_DATA_SET_MANAGEMENT)
		return true;
	return d->left <= most && d->block <= ENTRIES * BLOCKS_MAX - d->left;
}

void ata_trim_restore(struct ide_drive *d)
{
	d->wish.then = on_discarded;
}

/* d->block is the next entry, d->left how many there are. */
static void next_range(struct ide_drive *d)
{
	uint64_t sectors = blk_size(d->blk) / BLK_SECTOR, entry, lba;
	uint32_t n = 0;

	while (d->left && !n) {
		entry = load_le64(d->buf + (size_t)d->block++ * ENTRY);
		n = (uint32_t)(entry >> 48);
		lba = entry & ((UINT64_C(1) << 48) - 1);
		d->left--;
	}
	if (!n)
		ide_done(d);
	else if (lba >= sectors || n > sectors - lba)
		ide_fail(d, ATA_ABRT);
	else
		ide_submit(d, BLK_DISCARD, lba * BLK_SECTOR, n * BLK_SECTOR,
			   on_discarded);
}

void ata_trim_run(struct ide_drive *d)
{
	uint32_t len = d->left * BLK_SECTOR;

	if (d->transport->dma(d, d->buf, len, false) < len) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->block = 0;
	d->left *= ENTRIES;
	next_range(d);
}

void ata_trim(struct ide_drive *d)
{
	uint32_t blocks = (uint32_t)(d->hob_count << 8 | d->count);

	if (d->feature != FEATURE_TRIM || !blocks || blocks > BLOCKS_MAX) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->left = blocks;
	d->block = 0;
	d->writing = true;
	d->way = IDE_DMA;
	d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
	d->transport->dma_begin(d);
}
