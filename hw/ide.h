/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE: a channel with its task file and two drives.  ide.c has the registers
 * and the ways data takes, ide_error.c what happens when the host fails,
 * ata_disk.c what disks do (ata_trim.c one thing
 * more), atapi.c what CD-ROMs do,
 * piix3_ide.c the controller.  Machine lock.
 */
#ifndef HW_IDE_H
#define HW_IDE_H

#include "block/block.h"
#include "vmm/device.h"
#include "vmm/machine.h"

#define IDE_DRIVES   2
#define IDE_BUFFER   (128u * BLK_SECTOR) /* bytes moved at a time */
#define ATAPI_SECTOR 2048u
#define ATAPI_PACKET 12u

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

struct ide_channel;
struct ide_drive;

/* How a command's data goes. */
enum ide_way { IDE_NO_DATA, IDE_PIO, IDE_DMA };

/* One request to the block layer; outlives a reset of the drive. */
struct ide_io {
	struct blk_req req;
	struct iovec iov;
	struct ide_drive *drive;
	uint32_t generation;
	bool kept; /* failed; waits for the machine to go on */
	void (*then)(struct ide_drive *drive, int rc);
	uint8_t buf[IDE_BUFFER];
};

struct ide_drive {
	struct ide_channel *channel;
	unsigned unit;
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
	uint32_t generation; /* bumped by every reset */
	struct ide_io *io; /* in flight for this generation */
	uint8_t *buf; /* IDE_BUFFER bytes, for PIO */
	uint32_t pos, len; /* what of buf the guest has taken */
	void (*block_done)(struct ide_drive *drive);
	/* ATAPI */
	uint8_t packet[ATAPI_PACKET];
	uint8_t sense, asc, ascq;
	bool media_changed, atapi_dma;
	uint32_t reply; /* bytes of a reply that are in buf */
	uint32_t limit; /* bytes in a PIO block */
};

struct ide_channel {
	struct machine *m;
	struct irq irq;
	struct ide_drive drive[IDE_DRIVES];
	unsigned selected;
	uint8_t control;
	bool irq_pending;
	/*
	 * The bus master: moves len bytes between buf and the guest, and
	 * returns how many it moved before its table ended.
	 */
	size_t (*dma)(void *ctx, uint8_t *buf, size_t len, bool to_guest);
	/* The drive wants to begin or is done with a DMA transfer. */
	void (*dma_begin)(void *ctx, struct ide_drive *drive);
	void (*dma_end)(void *ctx, bool failed);
	void *ctx;
};

extern const struct bus_ops ide_command_ops, ide_control_ops, ide_data_ops;

int ide_channel_init(struct ide_channel *ch, struct machine *m,
		     struct error *err);
void ide_channel_fini(struct ide_channel *ch);
void ide_channel_reset(struct ide_channel *ch);
/* Puts a drive at its place; number is its number in the machine. */
void ide_attach(struct ide_channel *ch, unsigned unit, struct blk_front *blk,
		bool cdrom, unsigned number, const char *serial);

/* For the drives' own files. */
void ide_raise(struct ide_drive *d);
/* Ends the command: with status DRDY, or with an error. */
void ide_done(struct ide_drive *d);
void ide_fail(struct ide_drive *d, uint8_t error);
/* Lets the guest take len bytes of buf, or give them, then calls next. */
void ide_pio(struct ide_drive *d, uint32_t len, bool from_guest,
	     void (*next)(struct ide_drive *d));
/* Reads or writes len bytes at off (bytes) of the medium by buf, or discards.
 */
void ide_submit(struct ide_drive *d, enum blk_op op, uint64_t off, uint32_t len,
		void (*then)(struct ide_drive *d, int rc));
/* The bus master was started while a command waits for it. */
void ide_dma_ready(struct ide_drive *d);
void ide_put_string(uint8_t *dst, size_t len, const char *text);
void ide_signature(struct ide_drive *d);

/* ide_error.c: did it fail so that it is kept?  *rc may become another. */
bool ide_error_keeps(struct ide_io *io, int *rc);
/* The machine goes on: tries again what was kept. */
void ide_error_retry(struct ide_drive *d);
/* What is in flight, or kept, is nobody's any more. */
void ide_forget_io(struct ide_drive *d);

/* Runs d->command. */
void ata_command(struct ide_drive *d);
void atapi_packet_begin(struct ide_drive *d);
void atapi_identify(struct ide_drive *d);
void atapi_dma_run(struct ide_drive *d);
void ata_dma_run(struct ide_drive *d);

/* ata_trim.c: DATA SET MANAGEMENT. */
void ata_trim(struct ide_drive *d);
void ata_trim_run(struct ide_drive *d);

extern const struct state_field ide_drive_fields[];

#endif
