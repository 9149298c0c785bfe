/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties that all disks which -device names have.  Machine lock. */
#ifndef HW_DISK_H
#define HW_DISK_H

#include "block/block.h"
#include "vmm/device.h"

struct disk_props {
	char *drive, *serial;
	int werror, rerror; /* enum blk_action, or 4: as the drive says */
	int write_cache; /* 0 off, 1 on, 2 as the drive says */
	bool share; /* the node with others that write */
	int64_t bootindex; /* -1: firmware decides */
};

extern const char *const disk_actions[];

#define DISK_PROPERTY(owner, key, kind, field) \
	.name = key, .type = kind, \
	.offset = offsetof(owner, disk) + offsetof(struct disk_props, field)

/* For the table of a struct that has a struct disk_props called disk. */
#define DISK_OPTS(owner) \
	{DISK_PROPERTY(owner, "drive", OPT_STRING, drive), \
	 .help = "id of a -drive with if=none, or a node-name"}, \
		{DISK_PROPERTY(owner, "serial", OPT_STRING, serial), \
		 .help = "the serial number that the guest sees"}, \
		{DISK_PROPERTY(owner, "werror", OPT_ENUM, werror), \
		 .choices = disk_actions, .dflt = "auto", \
		 .help = "when the host cannot write"}, \
		{DISK_PROPERTY(owner, "rerror", OPT_ENUM, rerror), \
		 .choices = disk_actions, .dflt = "auto", \
		 .help = "when the host cannot read"}, \
		{DISK_PROPERTY(owner, "bootindex", OPT_I64, bootindex), \
		 .min = (uint64_t)INT32_MIN, .max = INT32_MAX, .dflt = "-1", \
		 .help = "0 is booted from first, -1: as -boot says"}, \
		{DISK_PROPERTY(owner, "write-cache", OPT_ONOFFAUTO, \
			       write_cache), \
		 .dflt = "auto", \
		 .help = "off: each write is on the disk before the " \
			 "guest goes on"}, \
	{ \
		DISK_PROPERTY(owner, "share-rw", OPT_BOOL, share), \
			.help = "on: others may write to the same node" \
	}

/* What qemu's disks have too, and these do not. */
#define DISK_REFUSED \
	REFUSED_BUT("account-failed", "auto"), \
		REFUSED_BUT("account-invalid", "auto"), \
		REFUSED_BUT("backend_defaults", "auto"), \
		REFUSED_BUT("cyls", "0"), \
		REFUSED_BUT("discard_granularity", "4294967295"), \
		REFUSED_BUT("heads", "0"), REFUSED_BUT("lcyls", "0"), \
		REFUSED_BUT("lheads", "0"), REFUSED_BUT("lsecs", "0"), \
		REFUSED_BUT("secs", "0")

/*
 * What the property drive names, for a device that needs a medium or not: the
 * id of a drive, the name of a node; NULL for an empty drive.
 */
struct blk_front *disk_find(const struct disk_props *disk,
			    const struct device *dev, bool empty,
			    struct error *err);
/* The device at path reads, or writes too; share: others may do so as well. */
int disk_claim(struct blk_front *front, const char *path, bool writes,
	       bool share, struct error *err);
/* It is the device's at path from now on, with the other properties. */
int disk_take(const struct disk_props *disk, const char *path,
	      struct blk_front *front, bool writes, struct error *err);

#endif
