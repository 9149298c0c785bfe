/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA and ATAPI drives, apart from what carries their commands and data: a
 * channel with its task file (ide.c), or a port of an AHCI controller.
 *
 * ide_drive.c has a command's life, ide_io.c the requests to the host,
 * ide_error.c what happens when the host fails, ide_state.c what is saved of
 * it all, ata_disk.c what disks do
 * (ata_trim.c and the other ata_*.c some things more), atapi.c what CD-ROMs
 * do.  Machine lock.
 */
#ifndef HW_IDE_DRIVE_H
#define HW_IDE_DRIVE_H

#include "block/block.h"
#include "hw/mmc.h"
#include "vmm/device.h"
#include "vmm/machine.h"

#define IDE_BUFFER	 (128u * BLK_SECTOR) /* bytes moved at a time */
#define IDE_IOS		 2
#define IDE_SMART_TESTS	 21u /* that their log keeps */
#define ATAPI_SECTOR	 MMC_SECTOR
#define ATAPI_PACKET	 12u
#define ATA_MULTIPLE_MAX 16u /* sectors */

/* ATA/ATAPI-6 (T13/1410D), 7.15: the status register. */
#define ATA_BSY	 0x80u
#define ATA_DRDY 0x40u
#define ATA_DF	 0x20u
#define ATA_DSC	 0x10u
#define ATA_DRQ	 0x08u
#define ATA_ERR	 0x01u
/* 7.9: the error register. */
#define ATA_UNC	     0x40u
#define ATA_IDNF     0x10u
#define ATA_ABRT     0x04u

#define ATA_DEV_LBA  0x40u
#define ATA_DEV_UNIT 0x10u

/* Commands that those who carry them must know. */
#define ATA_CMD_DATA_SET_MANAGEMENT 0x06u
#define ATA_CMD_DEVICE_RESET	    0x08u
#define ATA_CMD_DIAGNOSE	    0x90u
#define ATA_CMD_PACKET		    0xa0u

struct ide_drive;
struct ide_io;
struct ata_ncq;

/* How a command's data goes. */
enum ide_way { IDE_NO_DATA, IDE_PIO, IDE_DMA };

/* What carries a drive's commands and data. */
struct ide_transport {
	/* The drive asks for attention: a PIO block is ready, or the end. */
	void (*raise)(struct ide_drive *d);
	/*
	 * Moves len bytes between buf and the guest, and returns how many it
	 * moved before the guest's table ended.
	 */
	size_t (*dma)(struct ide_drive *d, uint8_t *buf, size_t len,
		      bool to_guest);
	/* The drive wants to begin or is done with a DMA transfer. */
	void (*dma_begin)(struct ide_drive *d);
	void (*dma_end)(struct ide_drive *d, bool failed);
	/* As dma, for a queued command; NULL: it carries none. */
	size_t (*queue_dma)(struct ide_drive *d, unsigned tag, uint8_t *buf,
			    size_t len, bool to_guest);
	/* A queued command is done; or one failed, and all are gone. */
	void (*queue_done)(struct ide_drive *d, unsigned tag);
	void (*queue_failed)(struct ide_drive *d);
};

/* A request to the block layer, that outlives a reset of the drive. */
struct ide_io {
	struct blk_req req;
	struct iovec iov;
	struct ide_drive *drive;
	bool busy; /* in flight */
	bool stale; /* and nobody waits for it any more */
	bool kept; /* failed; waits for the machine to go on */
	void (*done)(struct ide_io *io, int rc);
	void (*idle)(struct ide_io *io); /* it was stale, and is no more */
	uint8_t *buf; /* IDE_BUFFER bytes */
};

/* What to do next at the host, or when a request is free for it. */
struct ide_wish {
	enum blk_op op;
	uint64_t off;
	uint32_t len;
	void (*then)(struct ide_drive *drive, int rc);
};

/* What is saved of a drive, as long as that takes. */
struct ide_saved {
	bool wish; /* something is to be done at the host */
	struct state_list buf; /* bytes */
	struct state_list queued, queued_data; /* struct ata_ncq_saved; bytes */
	struct state_list failure; /* struct ata_ncq_error; or none */
};

struct ide_drive {
	const struct ide_transport *transport;
	void *carrier; /* whose transport it is */
	struct machine *m;
	struct blk_front *blk; /* NULL: no drive here */
	bool cdrom;
	char serial[21], model[41], firmware[9];
	uint16_t cylinders, heads, sectors; /* as firmware sees it */
	/* Task file; each register's previous value for 48-bit commands. */
	uint8_t feature, error, status, device;
	uint8_t count, lba_low, lba_mid, lba_high;
	uint8_t hob_feature, hob_count, hob_low, hob_mid, hob_high;
	/* The command in progress. */
	uint8_t command;
	bool writing, ext;
	enum ide_way way;
	uint64_t lba; /* of the next block */
	uint32_t left; /* blocks to go */
	uint32_t block; /* of so many bytes; TRIM: the next entry */
	uint32_t multiple; /* sectors in a PIO block */
	uint8_t set_multiple;
	bool smart_off, smart_autosave;
	uint8_t smart_tests; /* how many, or so many that all are kept */
	uint8_t smart_test[IDE_SMART_TESTS];
	struct ide_io ios[IDE_IOS];
	struct ide_io *io; /* the command's, in flight or kept */
	struct ide_wish wish; /* then is NULL when there is none */
	bool stopped; /* the machine: nothing is begun */
	struct ide_saved saved;
	struct ata_ncq *ncq; /* queued commands; NULL: it knows none */
	uint8_t *buf; /* IDE_BUFFER bytes, for PIO */
	uint32_t pos, len; /* what of buf the guest has taken */
	void (*block_done)(struct ide_drive *drive);
	/* ATAPI */
	uint8_t packet[ATAPI_PACKET];
	struct mmc mmc;
	bool atapi_dma;
	uint32_t reply; /* bytes of a reply that are in buf */
	uint32_t limit; /* bytes in a PIO block */
};

/* Puts a drive at its place; number is its number in the machine. */
int ide_attach(struct ide_drive *d, struct machine *m, struct blk_front *blk,
	       bool cdrom, unsigned number, const char *serial,
	       struct error *err);
/* Ends it, once nothing is in flight (ide_drive_quiesce). */
void ide_detach(struct ide_drive *d);
/* Gives up what is in flight and waits for it. */
void ide_drive_quiesce(struct ide_drive *d);
void ide_drive_reset(struct ide_drive *d);
/* With the machine: locks no medium any more. */
void ide_drive_power_on(struct ide_drive *d);
/*
 * The machine stops: what is in flight ends, or is kept with what would have
 * followed, until ide_retry.
 */
void ide_settle(struct ide_drive *d);
/* The machine goes on: tries again what was kept. */
void ide_retry(struct ide_drive *d);
/* For state_desc: -ENOMEM.  What was kept or in flight is done by ide_retry. */
int ide_drive_saving(struct ide_drive *d);
void ide_drive_restored(struct ide_drive *d);

/* For those who carry commands. */

/* Bytes of buf that the guest may move now. */
uint32_t ide_available(const struct ide_drive *d, bool from_guest);
/* It moved n of them. */
void ide_advance(struct ide_drive *d, uint32_t n);
/* The bus master is ready, if a command waits for it. */
void ide_dma_ready(struct ide_drive *d);
/* Runs d->command. */
void ata_command(struct ide_drive *d);
/* Diagnostics passed. */
void ata_diagnose(struct ide_drive *d);

/* For the drives' own files. */
void ide_raise(struct ide_drive *d);
/* Ends the command: with status DRDY, or with an error. */
void ide_done(struct ide_drive *d);
void ide_fail(struct ide_drive *d, uint8_t error);
/* Lets the guest take len bytes of buf, or give them, then calls next. */
void ide_pio(struct ide_drive *d, uint32_t len, bool from_guest,
	     void (*next)(struct ide_drive *d));
/* For next: that was all of the data. */
void ide_end_pio(struct ide_drive *d);
void ide_put_string(uint8_t *dst, size_t len, const char *text);
void ide_signature(struct ide_drive *d);

/* ide_io.c: the requests of a drive. */
int ide_io_init(struct ide_io *io, struct ide_drive *d,
		void (*idle)(struct ide_io *io));
void ide_io_fini(struct ide_io *io);
/* Starts it, with len bytes of its buffer if it reads or writes; BLK_FUA. */
void ide_io_start(struct ide_io *io, enum blk_op op, uint64_t off, uint32_t len,
		  unsigned flags, void (*done)(struct ide_io *io, int rc));
/* Gives it up: what is in flight, or kept, is nobody's any more. */
void ide_io_forget(struct ide_io *io);
void ide_io_retry(struct ide_io *io);
/* Waits for it, and calls done if it was not kept. */
void ide_io_settle(struct ide_io *io);
/*
 * For the command in progress: reads or writes len bytes at off (bytes) of the
 * medium by buf, or discards.
 */
void ide_submit(struct ide_drive *d, enum blk_op op, uint64_t off, uint32_t len,
		void (*then)(struct ide_drive *d, int rc));
/* An io's idle, for those of commands. */
void ide_io_next(struct ide_io *io);
void ide_forget_io(struct ide_drive *d);

/* ide_error.c: did it fail so that it is kept?  *rc may become another. */
bool ide_error_keeps(struct ide_io *io, int *rc);

extern const struct blk_media_ops atapi_media_ops;
void atapi_packet_begin(struct ide_drive *d);
void atapi_identify(struct ide_drive *d);
void atapi_dma_run(struct ide_drive *d);
void ata_dma_run(struct ide_drive *d);

/* ata_trim.c: DATA SET MANAGEMENT. */
void ata_trim(struct ide_drive *d);
void ata_trim_run(struct ide_drive *d);

/* ata_smart.c: SMART. */
void ata_smart(struct ide_drive *d);

/* ata_log.c: READ LOG EXT. */
void ata_read_log(struct ide_drive *d);

/* ide_state.c; and by a command that was restored, what its steps are. */
extern const struct state_field ide_drive_fields[];
void ata_restore_steps(struct ide_drive *d);
void atapi_restore_steps(struct ide_drive *d);
bool ata_trim_fits(const struct ide_drive *d);
void ata_trim_restore(struct ide_drive *d);

#endif
