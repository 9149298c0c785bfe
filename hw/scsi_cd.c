/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI CD-ROM drive's commands: MMC-6 (INCITS 468).  What all CD-ROM drives
 * answer alike is in mmc.c.
 */
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

static void read_cd(struct scsi_request *r)
{
	uint32_t lba;
	int64_t n = mmc_read_cd(&r->unit->mmc, r->cdb, &lba);

	if (n < 0)
		scsi_fail(r, r->unit->mmc.sense);
	else if ((r->overrun = (uint64_t)n * MMC_SECTOR > r->in_len))
		scsi_complete(r);
	else
		scsi_transfer(r, false, lba, (uint32_t)n);
}

static void answer(struct scsi_request *r)
{
	const struct mmc_command *c = mmc_find(r->cdb[0]);
	uint8_t buf[MMC_REPLY] = {0};
	int len = c->run(&r->unit->mmc, r->cdb, buf);

	if (len < 0)
		scsi_fail(r, r->unit->mmc.sense);
	else
		scsi_reply(r, buf, (size_t)len);
}

#define READ_IT SCSI_MEDIUM | SCSI_BLOCKS, SCSI_IN, 0, 0
#define NO_DATA SCSI_NO_DATA, 0, 0

/* As mmc.c has them, which says itself whether it needs a medium. */
#define SHARED(flags, at) \
	{ \
		answer, flags, SCSI_IN, at, 2 \
	}

const struct scsi_command *scsi_cd_find(uint8_t opcode)
{
	static const struct scsi_command commands[256] = {
		[0x00] = {scsi_good, SCSI_MEDIUM, NO_DATA},
		[0x03] = {scsi_request_sense, SCSI_ALWAYS, SCSI_IN, 4, 1},
		[0x08] = {scsi_read, READ_IT},
		[0x12] = {scsi_inquiry, SCSI_ALWAYS, SCSI_IN, 3, 2},
		[0x15] = {scsi_mode_select, 0, SCSI_OUT, 4, 1},
		[0x1a] = {scsi_mode_sense, 0, SCSI_IN, 4, 1},
		[0x1b] = {scsi_move_tray, 0, NO_DATA},
		[0x1e] = {scsi_lock_tray, 0, NO_DATA},
		[0x25] = {scsi_read_capacity_10, SCSI_MEDIUM, SCSI_IN, 0, 0},
		[0x28] = {scsi_read, READ_IT},
		[0x2b] = {scsi_good, SCSI_MEDIUM, NO_DATA},
		[0x2f] = {scsi_verify, SCSI_MEDIUM, NO_DATA},
		[0x35] = {scsi_good, SCSI_MEDIUM, NO_DATA},
		[0x43] = SHARED(MMC_MEDIUM, 7),
		[0x46] = SHARED(MMC_ALWAYS, 7),
		[0x4a] = SHARED(MMC_ALWAYS, 7),
		[0x51] = SHARED(MMC_MEDIUM, 7),
		[0x55] = {scsi_mode_select, 0, SCSI_OUT, 7, 2},
		[0x5a] = {scsi_mode_sense, 0, SCSI_IN, 7, 2},
		[0x88] = {scsi_read, READ_IT},
		[0x9e] = {scsi_service_action_in, SCSI_MEDIUM, SCSI_IN, 10, 4},
		[0xa0] = {scsi_report_luns, SCSI_ALWAYS, SCSI_IN, 6, 4},
		[0xa8] = {scsi_read, READ_IT},
		[0xad] = SHARED(MMC_MEDIUM, 8),
		[0xbb] = {scsi_good, 0, NO_DATA}, /* SET CD SPEED */
		[0xbd] = SHARED(MMC_ALWAYS, 8),
		[0xbe] = {read_cd, SCSI_MEDIUM, NO_DATA},
	};

	return &commands[opcode];
}
