/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy disk controller.  i82078.c has the registers, i82078_commands.c
 * the commands without data, i82078_transfer.c those with data, i82078_io.c
 * the way to the host.  Machine lock.
 */
#ifndef HW_I82078_H
#define HW_I82078_H

#include "hw/floppy.h"
#include "hw/i8237.h"
#include "vmm/timer.h"

#define I82078_DRIVES 4 /* that it can select */
#define I82078_PLACES 2 /* that a PC has cables for */
#define I82078_FIFO   17u /* the longest command, RESTORE */
#define I82078_BUFFER (FLOPPY_TRACK_SECTORS * BLK_SECTOR)

enum i82078_region { I82078_REGION_PORTS, I82078_REGION_DIR };

/* Status register 0. */
#define ST0_ABNORMAL 0x40u
#define ST0_INVALID  0x80u
#define ST0_POLLED   0xc0u
#define ST0_SEEK_END 0x20u
#define ST0_HEAD     0x04u
/* Status register 1. */
#define ST1_NO_ID     0x01u /* missing address mark */
#define ST1_READ_ONLY 0x02u
#define ST1_NO_DATA   0x04u /* the sector is not there */
#define ST1_CRC	      0x20u
/* Status register 2. */
#define ST2_NOT_FOUND	   0x04u /* scan not satisfied */
#define ST2_EQUAL	   0x08u /* scan hit */
#define ST2_CYLINDER	   0x10u /* wrong cylinder */
#define ST2_CRC		   0x20u

#define I82078_SECTOR_SIZE 2u /* N of 512 bytes, all that disks have */

enum i82078_phase {
	PHASE_COMMAND,
	PHASE_RESULT,
	PHASE_BUSY, /* without the guest */
	PHASE_DMA,
	PHASE_TO_GUEST, /* byte by byte */
	PHASE_FROM_GUEST,
	PHASES
};

enum i82078_kind {
	KIND_NONE,
	KIND_READ,
	KIND_READ_TRACK,
	KIND_VERIFY,
	KIND_WRITE,
	KIND_FORMAT,
	KIND_SCAN_EQUAL,
	KIND_SCAN_LOW,
	KIND_SCAN_HIGH,
	KINDS
};

struct i82078_drive {
	struct blk_front *blk; /* NULL: there is no drive */
	enum floppy_type type;
	const struct floppy_format *format; /* NULL: there is no disk */
	uint8_t track;
	uint8_t passing; /* the sector that READ ID found last */
	bool changed; /* disk change line */
	struct i82078 *fdc;
};

/* A command with data. */
struct i82078_transfer {
	uint8_t kind, drive;
	bool multi, tc, single;
	uint8_t c, h, r, eot; /* r: the first sector in buf, or the next one */
	uint8_t step, filler; /* of scans, of formatting */
	uint8_t left; /* sectors to verify; 0: up to eot */
	uint8_t st0, st1;
	uint8_t count; /* sectors in buf, IDs when formatting */
	uint8_t id; /* the ID in buf that is being formatted */
	uint32_t pos, len; /* what of buf the guest has moved */
};

struct i82078_io;

struct i82078 {
	struct device dev;
	/* Properties. */
	int type_choice[I82078_PLACES], fallback; /* enum floppy_choice */
	int64_t bootindex[I82078_PLACES];
	/* Wires. */
	struct i8237 *dma;
	unsigned channel;

	struct i82078_drive drive[I82078_DRIVES];
	uint8_t dor, tdr, rate;
	uint8_t specify[2], config, precompensation, perpendicular, power;
	uint8_t last_eot; /* for DUMPREG */
	bool lock, irq;
	uint8_t phase;
	uint8_t fifo[I82078_FIFO], pos, len;
	uint8_t reset_senses; /* that SENSE INTERRUPT STATUS has to report */
	uint8_t sought; /* drives whose seek has not been sensed */
	struct i82078_transfer t;
	uint8_t buf[I82078_BUFFER];
	struct timer id_timer; /* when the next sector passes, for READ ID */

	uint32_t generation; /* bumped by every reset */
	struct i82078_io *io; /* in flight for this generation */
	bool stopped; /* the machine: nothing is begun */
	struct machine_notifier notifier;
};

extern const struct device_class i82078_class;

/* Puts a drive at its place. */
void i82078_attach(struct i82078 *f, unsigned place, struct blk_front *blk,
		   enum floppy_type type);
void i82078_detach(struct i82078 *f, unsigned place);
/* What firmware is told of the drive at a place. */
enum floppy_type i82078_drive_type(const struct i82078 *f, unsigned place);

/* For the controller's own files. */
void i82078_set_irq(struct i82078 *f, bool level);
/* Gives n bytes of fifo as a result without an interrupt. */
void i82078_result(struct i82078 *f, uint8_t n);
/* Waits for the next command. */
void i82078_command_end(struct i82078 *f);
/* Ends a command with the seven bytes of a result and an interrupt. */
void i82078_end(struct i82078 *f, uint8_t st0, uint8_t st1, uint8_t st2);
/* Moves the head; true if it did. */
bool i82078_step(struct i82078 *f, unsigned drive, unsigned track);
/* fifo has a byte more of a command. */
void i82078_take(struct i82078 *f);
void i82078_read_id(void *ctx);

void i82078_transfer_begin(struct i82078 *f, enum i82078_kind kind);
void i82078_format_begin(struct i82078 *f);
/* Ends a command with data at once, with this in status register 0. */
void i82078_transfer_refuse(struct i82078 *f, uint8_t st0);
/* The DMA channel is ready. */
void i82078_serve(void *ctx);
/* The guest has moved a byte of buf. */
void i82078_moved_byte(struct i82078 *f);
/* Starts, or starts anew, what the transfer wants of the host. */
void i82078_submit(struct i82078 *f);
/* It is done, with len bytes that were read. */
void i82078_on_io(struct i82078 *f, int rc, const uint8_t *data, size_t len);

/* Reads or writes len bytes of the drive's disk; data is copied. */
void i82078_io_start(struct i82078 *f, enum blk_op op, uint64_t off,
		     const uint8_t *data, size_t len);
/* Waits for what is in flight. */
void i82078_io_settle(struct i82078 *f);
/* What is in flight is nobody's any more. */
void i82078_io_forget(struct i82078 *f);

#endif
