/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -drive is made of.  What concerns the block layer alone is passed on
 * to it as it is, and checked there.
 */
#include "vmm/cmdline.h"

#define THROTTLE_MAX UINT64_C(1000000000000000)

#define KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct drive_conf, field)

/* A number from 0 on; -1 in the struct stands for none. */
#define PLACE(key, field) KEY(key, OPT_I64, field), .max = 255

#define PASS(key)	  KEY(key, OPT_PASS, node)
#define PASS_ALL(prefix)  KEY(prefix, OPT_PASS, node)

#define LIMIT(key, field) KEY(key, OPT_U64, throttle.field), .max = THROTTLE_MAX

#define REFUSED(key, reason) \
	{ \
		.name = key, .type = OPT_STRING, .refused = reason \
	}

#define REFUSED_BUT(key, value) \
	{ \
		.name = key, .type = OPT_STRING, .refused = OPT_LATER, \
		.accepts = value \
	}

static const char *const interfaces[] = {"ide", "none", NULL};
static const char *const later_interfaces[] = {"floppy", "scsi", "virtio",
					       "pflash", "sd",	 "mtd",
					       "xen",	 NULL};
static const char *const medias[] = {"disk", "cdrom", NULL};
static const char *const caches[] = {[CACHE_WRITEBACK] = "writeback",
				     [CACHE_WRITETHROUGH] = "writethrough",
				     [CACHE_NONE] = "none",
				     [CACHE_OFF] = "off",
				     [CACHE_DIRECTSYNC] = "directsync",
				     [CACHE_UNSAFE] = "unsafe",
				     NULL};
static const char *const write_actions[] = {[ACTION_REPORT] = "report",
					    [ACTION_IGNORE] = "ignore",
					    [ACTION_STOP] = "stop",
					    [ACTION_ENOSPC] = "enospc",
					    NULL};
static const char *const read_actions[] = {[ACTION_REPORT] = "report",
					   [ACTION_IGNORE] = "ignore",
					   [ACTION_STOP] = "stop",
					   NULL};

/* clang-format off */
const struct opt_desc drive_opts[] = {
	{KEY("file", OPT_STRING, file),
	 .help = "the image, or a block device"},
	{KEY("format", OPT_STRING, format),
	 .help = "the format of the image; probed if it is not given"},
	{KEY("driver", OPT_STRING, format), .help = "the same as format"},
	{KEY("if", OPT_ENUM, interface), .choices = interfaces,
	 .later = later_interfaces,
	 .help = "what it is attached to; none: what -device says"},
	{KEY("media", OPT_ENUM, media), .choices = medias,
	 .help = "disk or cdrom"},
	{PLACE("index", index),
	 .help = "its number among the drives of the interface"},
	{PLACE("bus", bus), .help = "the bus it is at"},
	{PLACE("unit", unit), .help = "its place on the bus"},
	{KEY("id", OPT_STRING, id), .help = "a name for it"},
	{KEY("serial", OPT_STRING, serial), .help = "its serial number"},
	{KEY("read-only", OPT_BOOL, readonly),
	 .help = "on: the guest cannot write"},
	{KEY("readonly", OPT_BOOL, readonly), .help = "the same as read-only"},
	{KEY("snapshot", OPT_BOOL, snapshot),
	 .help = "on: what is written goes to a file that is gone at the end"},
	{KEY("cache", OPT_ENUM, cache), .choices = caches,
	 .help = "when writes are on the disk, and what caches them"},
	{KEY("cache.writeback", OPT_ONOFFAUTO, cache_writeback),
	 .help = "off: each write is on the disk before the guest goes on"},
	{PASS("cache.direct"), .help = "on: pass the host's page cache by"},
	{PASS("cache.no-flush"),
	 .help = "on: flushes do nothing; a crash of the host may cost all"},
	{PASS("aio"), .help = "threads, native or io_uring"},
	{PASS("discard"),
	 .help = "unmap: what the guest discards is given back to the host"},
	{PASS("detect-zeroes"),
	 .help = "on, unmap: writes of zeros take no space"},
	{KEY("copy-on-read", OPT_BOOL, copy_on_read),
	 .help = "on: what is read from a backing file is kept in the image"},
	{KEY("werror", OPT_ENUM, werror), .choices = write_actions,
	 .help = "when the host cannot write: report, ignore, stop, enospc"},
	{KEY("rerror", OPT_ENUM, rerror), .choices = read_actions,
	 .help = "when the host cannot read: report, ignore, stop"},
	{PASS("node-name"), .help = "a name for the image in the block graph"},
	{PASS("auto-read-only"),
	 .help = "on: open what cannot be written to read-only"},
	{PASS("force-share"),
	 .help = "on: beside others that write; for read-only ones"},
	{PASS("locking"), .help = "off: do not lock the file against others"},
	{PASS_ALL("file."), .help = "of what the image is in"},
	{PASS("backing"), .help = "the node of the backing file"},
	{PASS_ALL("backing."), .help = "of the image's backing file"},
	{PASS("data-file"), .help = "qcow2: the node of its data"},
	{PASS_ALL("data-file."), .help = "qcow2: of the file with its data"},
	{PASS("offset"), .help = "raw: where the disk begins in the file"},
	{PASS("size"), .help = "raw: its size there"},
	{PASS("lazy-refcounts"),
	 .help = "qcow2: on: write refcounts late, and repair after a crash"},
	{PASS("pass-discard-request"),
	 .help = "qcow2: give back what the guest discards"},
	{PASS("pass-discard-snapshot"),
	 .help = "qcow2: give back what deleted snapshots had"},
	{PASS("pass-discard-other"),
	 .help = "qcow2: give back what else becomes free"},
	{PASS("overlap-check"),
	 .help = "qcow2: none, constant, cached or all"},
	{PASS_ALL("overlap-check."), .help = "qcow2: single checks"},
	{PASS("cache-size"), .help = "qcow2: bytes of metadata in memory"},
	{PASS("l2-cache-size"), .help = "qcow2: of these, for L2 tables"},
	{PASS("l2-cache-entry-size"), .help = "qcow2: bytes read at a time"},
	{PASS("refcount-cache-size"), .help = "qcow2: of these, for refcounts"},
	{PASS("cache-clean-interval"),
	 .help = "qcow2: seconds until what is not used is forgotten"},
	{LIMIT("throttling.bps-total", avg[THROTTLE_BPS_TOTAL]),
	 .help = "bytes in a second, reading and writing"},
	{LIMIT("throttling.bps-read", avg[THROTTLE_BPS_READ]),
	 .help = "bytes in a second, reading"},
	{LIMIT("throttling.bps-write", avg[THROTTLE_BPS_WRITE]),
	 .help = "bytes in a second, writing"},
	{LIMIT("throttling.iops-total", avg[THROTTLE_IOPS_TOTAL]),
	 .help = "requests in a second, reading and writing"},
	{LIMIT("throttling.iops-read", avg[THROTTLE_IOPS_READ]),
	 .help = "requests in a second, reading"},
	{LIMIT("throttling.iops-write", avg[THROTTLE_IOPS_WRITE]),
	 .help = "requests in a second, writing"},
	{LIMIT("throttling.bps-total-max", max[THROTTLE_BPS_TOTAL]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.bps-read-max", max[THROTTLE_BPS_READ]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.bps-write-max", max[THROTTLE_BPS_WRITE]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.iops-total-max", max[THROTTLE_IOPS_TOTAL]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.iops-read-max", max[THROTTLE_IOPS_READ]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.iops-write-max", max[THROTTLE_IOPS_WRITE]),
	 .help = "the same in bursts"},
	{LIMIT("throttling.bps-total-max-length", length[THROTTLE_BPS_TOTAL]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.bps-read-max-length", length[THROTTLE_BPS_READ]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.bps-write-max-length", length[THROTTLE_BPS_WRITE]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.iops-total-max-length", length[THROTTLE_IOPS_TOTAL]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.iops-read-max-length", length[THROTTLE_IOPS_READ]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.iops-write-max-length", length[THROTTLE_IOPS_WRITE]),
	 .help = "seconds that a burst may last"},
	{LIMIT("throttling.iops-size", iops_size),
	 .help = "bytes from which on a request counts as several"},
	{KEY("throttling.group", OPT_STRING, throttle.group),
	 .help = "drives with the same name share their limits"},
	{LIMIT("bps", avg[THROTTLE_BPS_TOTAL]),
	 .help = "the same as throttling.bps-total"},
	{LIMIT("bps_rd", avg[THROTTLE_BPS_READ]),
	 .help = "the same as throttling.bps-read"},
	{LIMIT("bps_wr", avg[THROTTLE_BPS_WRITE]),
	 .help = "the same as throttling.bps-write"},
	{LIMIT("iops", avg[THROTTLE_IOPS_TOTAL]),
	 .help = "the same as throttling.iops-total"},
	{LIMIT("iops_rd", avg[THROTTLE_IOPS_READ]),
	 .help = "the same as throttling.iops-read"},
	{LIMIT("iops_wr", avg[THROTTLE_IOPS_WRITE]),
	 .help = "the same as throttling.iops-write"},
	{LIMIT("bps_max", max[THROTTLE_BPS_TOTAL]),
	 .help = "the same as throttling.bps-total-max"},
	{LIMIT("bps_rd_max", max[THROTTLE_BPS_READ]),
	 .help = "the same as throttling.bps-read-max"},
	{LIMIT("bps_wr_max", max[THROTTLE_BPS_WRITE]),
	 .help = "the same as throttling.bps-write-max"},
	{LIMIT("iops_max", max[THROTTLE_IOPS_TOTAL]),
	 .help = "the same as throttling.iops-total-max"},
	{LIMIT("iops_rd_max", max[THROTTLE_IOPS_READ]),
	 .help = "the same as throttling.iops-read-max"},
	{LIMIT("iops_wr_max", max[THROTTLE_IOPS_WRITE]),
	 .help = "the same as throttling.iops-write-max"},
	{LIMIT("iops_size", iops_size),
	 .help = "the same as throttling.iops-size"},
	{KEY("group", OPT_STRING, throttle.group),
	 .help = "the same as throttling.group"},
	REFUSED("stats-intervals", OPT_LATER),
	REFUSED_BUT("stats-account-invalid", "on off"),
	REFUSED_BUT("stats-account-failed", "on off"),
	REFUSED("addr", "gone from qemu; say it with -device"),
	REFUSED("cyls", "gone from qemu; say it with -device"),
	REFUSED("heads", "gone from qemu; say it with -device"),
	REFUSED("secs", "gone from qemu; say it with -device"),
	REFUSED("trans", "gone from qemu; say it with -device"),
	{.type = OPT_END},
};
/* clang-format on */

const struct drive_alias drive_aliases[] = {
	{"driver", "format"},
	{"readonly", "read-only"},
	{"locking", "file.locking"},
	{"bps", "throttling.bps-total"},
	{"bps_rd", "throttling.bps-read"},
	{"bps_wr", "throttling.bps-write"},
	{"iops", "throttling.iops-total"},
	{"iops_rd", "throttling.iops-read"},
	{"iops_wr", "throttling.iops-write"},
	{"bps_max", "throttling.bps-total-max"},
	{"bps_rd_max", "throttling.bps-read-max"},
	{"bps_wr_max", "throttling.bps-write-max"},
	{"iops_max", "throttling.iops-total-max"},
	{"iops_rd_max", "throttling.iops-read-max"},
	{"iops_wr_max", "throttling.iops-write-max"},
	{"iops_size", "throttling.iops-size"},
	{"group", "throttling.group"},
	{NULL, NULL},
};
