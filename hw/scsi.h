/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI targets: SPC-4 (INCITS 513), SAM-5 (INCITS 515).  A bus has units
 * (logical units of targets), a host adapter gives requests to it.
 *
 * scsi.c has the bus and a request's way, scsi_target.c what a target answers
 * for units that it has not, scsi_unit.c the units as devices, scsi_medium.c
 * what is done with the host's image, scsi_inquiry.c and scsi_mode.c what units
 * tell of themselves, scsi_disk.c, scsi_zero.c and scsi_cd.c their commands.
 *
 * Requests belong to the thread of the bus's loop, and so does what a unit
 * knows for them; it has a copy of what the machine lock guards.  The rest
 * belongs to the machine lock.
 */
#ifndef HW_SCSI_H
#define HW_SCSI_H

#include "hw/disk.h"
#include "hw/mmc.h"
#include "vmm/machine.h"

#define SCSI_CDB	    16 /* bytes that are looked at */
#define SCSI_SENSE_SIZE	    18u /* fixed format */
#define SCSI_BLOCK_SIZE_MAX 32768u

/* SAM-5, 5.3.1. */
enum scsi_status { SCSI_GOOD = 0, SCSI_CHECK_CONDITION = 2 };
/* SPC-4, 6.4.2: the peripheral device type. */
enum scsi_type { SCSI_DISK = 0, SCSI_CDROM = 5 };

struct scsi_bus;
struct scsi_request;
struct scsi_unit;

/* Why nobody waits for a request any more. */
enum scsi_cancel { SCSI_LIVE, SCSI_ABORTED, SCSI_WAS_RESET };

/* What a host adapter does for its bus. */
struct scsi_hba {
	unsigned ids, luns; /* from 0 to below that */
	/* r has its answer.  The bus's thread. */
	void (*complete)(struct scsi_request *r);
	/*
	 * The host failed r (r->io.rc).  Calls, when users were told,
	 * scsi_settle; with BLK_STOP it keeps r, for scsi_retry or
	 * scsi_complete.  The bus's thread.
	 */
	void (*failed)(struct scsi_request *r);
	/* Soon calls r->in_main with the machine lock, then scsi_complete. */
	void (*defer)(struct scsi_request *r);
	/* Runs fn in the bus's thread.  Machine lock. */
	void (*call)(struct scsi_bus *bus, void (*fn)(void *ctx), void *ctx);
	/* Until let_go no unit has anything in flight.  Machine lock. */
	void (*hold)(struct scsi_bus *bus);
	void (*let_go)(struct scsi_bus *bus);
	/* What the unit is changed.  The bus's thread. */
	void (*changed)(struct scsi_unit *u, struct scsi_sense what);
};

struct scsi_bus {
	const struct scsi_hba *hba;
	struct device *dev; /* the adapter */
	struct loop *loop; /* where its requests are */
	const char *iothread; /* that serves the units, or NULL */
	struct list units;
};

/* What the adapter fills in before scsi_start. */
struct scsi_request {
	struct list link; /* of the unit's */
	struct scsi_bus *bus;
	struct scsi_unit *unit; /* NULL: the target has none of this number */
	unsigned id, lun;
	uint8_t cdb[SCSI_CDB];
	/* Data from and to the guest; cut to what is moved. */
	struct iovec *out, *in;
	unsigned nout, nin;
	size_t out_len, in_len;

	/* The answer. */
	enum scsi_status status;
	struct scsi_sense sense;
	size_t moved; /* bytes of data */
	bool overrun; /* the CDB wants more than there is room for */
	enum scsi_cancel cancelled;

	/* While it runs. */
	size_t room; /* bytes that the CDB asks for */
	struct blk_req io;
	void (*then)(struct scsi_request *r); /* when io went well */
	void (*in_main)(struct scsi_request *r);
	uint64_t lba, left; /* blocks to go */
	unsigned next; /* descriptor */
	uint8_t *pattern; /* of WRITE SAME */
	struct iovec piece;
};

struct scsi_command {
	void (*run)(struct scsi_request *r);
	uint8_t flags, dir;
	/* Of the allocation or list length in the CDB; none: 8 bytes. */
	uint8_t at, size;
};

/* What a command needs; directions of its data. */
enum {
	SCSI_MEDIUM = MMC_MEDIUM,
	SCSI_ALWAYS = MMC_ALWAYS, /* also before an attention was told */
	SCSI_WRITES = 4,
	SCSI_BLOCKS = 8, /* its data are the blocks that it names */
	SCSI_ONE_BLOCK = 0x10, /* its data are one block */
};
enum { SCSI_NO_DATA, SCSI_IN, SCSI_OUT };

struct scsi_unit {
	struct device dev;
	/* Properties. */
	struct disk_props disk;
	char *bus_name, *vendor, *product, *version, *device_id;
	uint32_t channel;
	int64_t id, lun; /* -1: the first that is free */
	uint64_t wwn, port_wwn;
	uint16_t port_index, rotation_rate;
	int64_t level; /* of the standard, as INQUIRY tells it */
	uint64_t block_size, physical_block_size; /* bytes */
	uint64_t min_io_size, opt_io_size, max_io_size, max_unmap_size;
	bool removable, dpofua;
	/* Wires. */
	struct scsi_bus *bus;
	struct pci_device *controller;
	struct blk_front *front;
	bool writethrough; /* what the drive had before any guest came */

	struct list link; /* of the bus's */
	enum scsi_type type;
	/* The bus's thread's. */
	struct list requests;
	uint64_t blocks; /* of the medium */
	bool present, readonly, tray_open, locked;
	struct mmc mmc;
	struct scsi_sense attention; /* to be told before anything else */
	struct scsi_sense sense; /* why the last command failed */
};

/* Machine lock. */
void scsi_bus_init(struct scsi_bus *bus, const struct scsi_hba *hba,
		   struct device *dev);
/* NULL: none.  Machine lock, or the bus's thread. */
struct scsi_unit *scsi_find(const struct scsi_bus *bus, unsigned id,
			    unsigned lun);
/* Has the target any unit? */
bool scsi_has_target(const struct scsi_bus *bus, unsigned id);
/* Does the host's part of its requests best: NULL if there are no units. */
struct loop *scsi_bus_loop(const struct scsi_bus *bus);

/* For adapters; the bus's thread. */
void scsi_start(struct scsi_request *r);
void scsi_settle(struct scsi_request *r, enum blk_action action);
void scsi_retry(struct scsi_request *r);
/* Ends r as it is: its unit and the adapter are done with it. */
void scsi_complete(struct scsi_request *r);
/* Nothing more is begun for r; what is in flight ends by itself. */
void scsi_cancel(struct scsi_request *r, enum scsi_cancel why);
/* Back to power-on, but for the medium. */
void scsi_unit_reset(struct scsi_unit *u);
/* Fixed format; SPC-4, 4.5.3. */
void scsi_put_sense(uint8_t *buf, struct scsi_sense sense);

/* For units; the bus's thread. */
void scsi_good(struct scsi_request *r);
void scsi_fail(struct scsi_request *r, struct scsi_sense sense);
/* Ends r with up to len bytes of data. */
void scsi_reply(struct scsi_request *r, const void *data, size_t len);
/* Looks at what the machine lock guards; the machine lock too. */
void scsi_look(struct scsi_unit *u);

/* scsi_target.c */
const struct scsi_command *scsi_target_find(const struct scsi_request *r);
void scsi_report_luns(struct scsi_request *r);
void scsi_request_sense(struct scsi_request *r);

/* scsi_medium.c: the CDB's addresses, and requests to the host. */
void scsi_parse_blocks(const uint8_t *cdb, uint64_t *lba, uint32_t *n);
bool scsi_in_range(const struct scsi_unit *u, uint64_t lba, uint64_t n);
/* Calls then unless the host fails, or r is cancelled. */
void scsi_submit(struct scsi_request *r, enum blk_op op, uint64_t lba,
		 uint64_t blocks, void (*then)(struct scsi_request *r));
void scsi_flush(struct scsi_request *r, void (*then)(struct scsi_request *r));
/* Reads or writes n blocks and ends r. */
void scsi_transfer(struct scsi_request *r, bool write, uint64_t lba,
		   uint32_t n);
void scsi_move_tray(struct scsi_request *r);
void scsi_lock_tray(struct scsi_request *r);
extern const struct blk_media_ops scsi_media_ops, scsi_fixed_media_ops;

/* Commands. */
void scsi_inquiry(struct scsi_request *r);
void scsi_mode_sense(struct scsi_request *r);
void scsi_mode_select(struct scsi_request *r);
void scsi_read_capacity_10(struct scsi_request *r);
void scsi_service_action_in(struct scsi_request *r);
void scsi_read(struct scsi_request *r);
void scsi_write(struct scsi_request *r);
void scsi_verify(struct scsi_request *r);
void scsi_write_same(struct scsi_request *r);
void scsi_unmap(struct scsi_request *r);
const struct scsi_command *scsi_disk_find(uint8_t opcode);
const struct scsi_command *scsi_cd_find(uint8_t opcode);

extern const struct device_class scsi_cd_class, scsi_hd_class;

#endif
