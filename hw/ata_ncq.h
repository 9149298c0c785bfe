/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native command queuing: READ and WRITE FPDMA QUEUED of disks whose transport
 * carries them.  ATA8-ACS, 4.13.  Machine lock.
 */
#ifndef HW_ATA_NCQ_H
#define HW_ATA_NCQ_H

#include "hw/ide_drive.h"

#define ATA_NCQ_TAGS	  32u
#define ATA_CMD_NCQ_READ  0x60u
#define ATA_CMD_NCQ_WRITE 0x61u
#define ATA_CMD_READ_LOG  0x2fu
#define ATA_LOG_NCQ_ERROR 0x10u

struct ata_ncq_tag {
	struct ide_io io;
	bool active; /* the guest waits for it */
	bool waits; /* for its io, which is still busy for nobody */
	bool writing, fua;
	bool loaded; /* what is to be written next is in its io */
	uint64_t lba; /* of what is next */
	uint32_t left; /* sectors */
};

/* What page 10h of the log says. */
struct ata_ncq_error {
	bool unqueued; /* by a command that cannot be queued */
	uint8_t tag, status, error, device;
	uint64_t lba;
	uint32_t count;
};

/* Of a command that waits for the machine to go on. */
struct ata_ncq_saved {
	uint8_t tag;
	bool writing, fua, loaded;
	uint64_t lba;
	uint32_t left;
};

struct ata_ncq {
	struct ide_drive *drive;
	bool failed; /* until the log is read, all is refused */
	struct ata_ncq_error log;
	struct ata_ncq_tag tag[ATA_NCQ_TAGS];
};

/* NULL: out of memory. */
struct ata_ncq *ata_ncq_new(struct ide_drive *d);
void ata_ncq_free(struct ata_ncq *q);
void ata_ncq_reset(struct ata_ncq *q);
/* What is in flight is nobody's any more; or is tried again. */
void ata_ncq_forget(struct ata_ncq *q);
void ata_ncq_retry(struct ata_ncq *q);
/* The machine stops: what is in flight ends, or is kept. */
void ata_ncq_settle(struct ata_ncq *q);

extern const struct state_field ata_ncq_fields[], ata_ncq_error_fields[];
/* -ENOMEM */
int ata_ncq_saving(struct ata_ncq *q);
void ata_ncq_restored(struct ata_ncq *q);

bool ata_ncq_active(const struct ata_ncq *q);
/* Is d->command one of them? */
bool ata_ncq_is_queued(const struct ide_drive *d);
/*
 * May d->command begin?  If not, what was queued has been aborted, and the
 * command is to be refused.
 */
bool ata_ncq_admits(struct ata_ncq *q);
/* Begins d->command, which was admitted; it ends by the transport's queue_*. */
void ata_ncq_begin(struct ata_ncq *q);
/* Fills in page 10h, which ends the failure. */
void ata_ncq_read_log(struct ata_ncq *q, uint8_t *page);

#endif
