/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ LOG EXT (ATA8-ACS, 7.23) of disks on Serial ATA: the directory, and why
 * queued commands failed.
 */
#include <string.h>

#include "hw/ata_ncq.h"
#include "vmm/endian.h"

#define LOG_DIRECTORY 0x00u
#define DIRECTORY_1   1u /* its version */

/* How many pages each log has. */
static void fill_directory(uint8_t *page)
{
	store_le16(page + 2 * LOG_DIRECTORY, DIRECTORY_1);
	store_le16(page + 2 * ATA_LOG_NCQ_ERROR, 1);
}

void ata_read_log(struct ide_drive *d)
{
	bool first = !d->lba_mid && !d->hob_mid;
	uint32_t pages = (uint32_t)(d->hob_count << 8 | d->count);

	if (!d->ncq || !first || pages != 1) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	memset(d->buf, 0, BLK_SECTOR);
	if (d->lba_low == LOG_DIRECTORY) {
		fill_directory(d->buf);
	} else if (d->lba_low == ATA_LOG_NCQ_ERROR) {
		ata_ncq_read_log(d->ncq, d->buf);
	} else {
		ide_fail(d, ATA_ABRT);
		return;
	}
	ide_pio(d, BLK_SECTOR, false, ide_end_pio);
	ide_raise(d);
}
