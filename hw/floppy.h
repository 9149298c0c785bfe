/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floppy disks and the drives for them, which -device names "floppy".  What
 * drives do is the controller's, hw/i82078.h.  Machine lock.
 */
#ifndef HW_FLOPPY_H
#define HW_FLOPPY_H

#include "hw/disk.h"

#define FLOPPY_TRACK_SECTORS 48 /* the most that a format has on one side */

/* Kinds of drives, by the numbers of CMOS memory. */
enum floppy_type {
	FLOPPY_NONE = 0,
	FLOPPY_120 = 2, /* 5.25 inch */
	FLOPPY_144 = 4, /* 3.5 inch */
	FLOPPY_288 = 5, /* the same, extended density */
};

/* What drive-type and the controller's fdtypeA, fdtypeB, fallback take. */
enum floppy_choice {
	FLOPPY_CHOOSE_144,
	FLOPPY_CHOOSE_288,
	FLOPPY_CHOOSE_120,
	FLOPPY_CHOOSE_NONE,
	FLOPPY_CHOOSE_AUTO,
};

extern const char *const floppy_choices[];

/* How a disk is laid out, in sectors of 512 bytes. */
struct floppy_format {
	enum floppy_type type; /* of the drive that formats so */
	uint8_t sectors, tracks, heads;
	uint8_t rate; /* as in the data rate select register */
};

/* The format of a disk of so many bytes, NULL: there is none of that size. */
const struct floppy_format *floppy_find_format(uint64_t bytes);
/* The same in a drive of this type, which takes anything for something. */
const struct floppy_format *floppy_format_in(enum floppy_type type,
					     uint64_t bytes);
/* The drive that a choice asks for; auto: by the medium, else fallback. */
enum floppy_type floppy_choose(enum floppy_choice choice,
			       enum floppy_choice fallback,
			       const struct blk_front *front);

struct i82078;

struct floppy {
	struct device dev;
	/* Properties. */
	struct disk_props disk;
	char *bus;
	int choice; /* enum floppy_choice */
	int64_t unit; /* -1: the first that is free */
	/* Wires. */
	struct i82078 *fdc;
	struct blk_front *blk; /* NULL: as disk.drive says */
};

extern const struct device_class floppy_class;

#endif
