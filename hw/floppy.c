/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats of floppy disks, and the drives that -device names. */
#include "hw/floppy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/i82078.h"

/* Data rates by their numbers in the data rate select register. */
enum { RATE_500K, RATE_300K, RATE_250K, RATE_1M };

/*
 * Of formats with the same size the first one counts, and of the formats of a
 * drive the first one is for images of no format's size.
 */
static const struct floppy_format formats[] = {
	/* 3.5 inch, high density: 1.44M and more */
	{FLOPPY_144, 18, 80, 2, RATE_500K},
	{FLOPPY_144, 20, 80, 2, RATE_500K},
	{FLOPPY_144, 21, 80, 2, RATE_500K},
	{FLOPPY_144, 21, 82, 2, RATE_500K},
	{FLOPPY_144, 21, 83, 2, RATE_500K},
	{FLOPPY_144, 22, 80, 2, RATE_500K},
	{FLOPPY_144, 23, 80, 2, RATE_500K},
	{FLOPPY_144, 24, 80, 2, RATE_500K},
	/* extended density: 2.88M and more */
	{FLOPPY_288, 36, 80, 2, RATE_1M},
	{FLOPPY_288, 39, 80, 2, RATE_1M},
	{FLOPPY_288, 40, 80, 2, RATE_1M},
	{FLOPPY_288, 44, 80, 2, RATE_1M},
	{FLOPPY_288, 48, 80, 2, RATE_1M},
	/* double density: 720K and more */
	{FLOPPY_144, 9, 80, 2, RATE_250K},
	{FLOPPY_144, 10, 80, 2, RATE_250K},
	{FLOPPY_144, 10, 82, 2, RATE_250K},
	{FLOPPY_144, 10, 83, 2, RATE_250K},
	{FLOPPY_144, 13, 80, 2, RATE_250K},
	{FLOPPY_144, 14, 80, 2, RATE_250K},
	/* 5.25 inch, high density: 1.2M and more */
	{FLOPPY_120, 15, 80, 2, RATE_500K},
	{FLOPPY_120, 18, 80, 2, RATE_500K},
	{FLOPPY_120, 18, 82, 2, RATE_500K},
	{FLOPPY_120, 18, 83, 2, RATE_500K},
	{FLOPPY_120, 20, 80, 2, RATE_500K},
	/* 720K, 880K */
	{FLOPPY_120, 9, 80, 2, RATE_250K},
	{FLOPPY_120, 11, 80, 2, RATE_250K},
	/* 360K, 180K, 410K, 420K */
	{FLOPPY_120, 9, 40, 2, RATE_300K},
	{FLOPPY_120, 9, 40, 1, RATE_300K},
	{FLOPPY_120, 10, 41, 2, RATE_300K},
	{FLOPPY_120, 10, 42, 2, RATE_300K},
	/* 320K, 160K */
	{FLOPPY_120, 8, 40, 2, RATE_250K},
	{FLOPPY_120, 8, 40, 1, RATE_250K},
	/* 3.5 inch, one side */
	{FLOPPY_144, 9, 80, 1, RATE_250K},
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

const char *const floppy_choices[] = {
	[FLOPPY_CHOOSE_144] = "144",   [FLOPPY_CHOOSE_288] = "288",
	[FLOPPY_CHOOSE_120] = "120",   [FLOPPY_CHOOSE_NONE] = "none",
	[FLOPPY_CHOOSE_AUTO] = "auto", NULL};

static bool has_size(const struct floppy_format *f, uint64_t bytes)
{
	return (uint64_t)f->sectors * f->tracks * f->heads ==
	       bytes / BLK_SECTOR + (bytes % BLK_SECTOR != 0);
}

const struct floppy_format *floppy_find_format(uint64_t bytes)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (has_size(&formats[i], bytes))
			return &formats[i];
	return NULL;
}

static bool same_width(enum floppy_type a, enum floppy_type b)
{
	return (a == FLOPPY_120) == (b == FLOPPY_120);
}

const struct floppy_format *floppy_format_in(enum floppy_type type,
					     uint64_t bytes)
{
	const struct floppy_format *similar = NULL, *first = NULL;
	size_t i;

	for (i = FORMATS; i-- > 0;) {
		if (formats[i].type == type)
			first = &formats[i];
		if (has_size(&formats[i], bytes) &&
		    same_width(formats[i].type, type))
			similar = &formats[i];
	}
	for (i = 0; i < FORMATS; i++)
		if (formats[i].type == type && has_size(&formats[i], bytes))
			return &formats[i];
	return type == FLOPPY_NONE ? NULL : similar ? similar : first;
}

enum floppy_type floppy_choose(enum floppy_choice choice,
			       enum floppy_choice fallback,
			       const struct blk_front *front)
{
	static const enum floppy_type types[] = {
		[FLOPPY_CHOOSE_144] = FLOPPY_144,
		[FLOPPY_CHOOSE_288] = FLOPPY_288,
		[FLOPPY_CHOOSE_120] = FLOPPY_120,
		[FLOPPY_CHOOSE_NONE] = FLOPPY_NONE,
		[FLOPPY_CHOOSE_AUTO] = FLOPPY_144,
	};
	const struct floppy_format *format = NULL;

	if (choice != FLOPPY_CHOOSE_AUTO)
		return types[choice];
	if (front->node)
		format = floppy_find_format(blk_size(front));
	return format ? format->type : types[fallback];
}

#define PROPERTY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct floppy, field)

/* clang-format off */
static const struct opt_desc opts[] = {
	{DISK_PROPERTY(struct floppy, "drive", OPT_STRING, drive),
	 .help = "id of a -drive with if=none, or a node-name; without it "
		 "the drive is empty"},
	{PROPERTY("drive-type", OPT_ENUM, choice),
	 .choices = floppy_choices, .dflt = "auto",
	 .help = "what the drive is"},
	{PROPERTY("bus", OPT_STRING, bus), .help = "floppy-bus.0"},
	{PROPERTY("unit", OPT_I64, unit), .max = I82078_PLACES - 1,
	 .help = "0 drive a, 1 drive b [the first free one]"},
	{DISK_PROPERTY(struct floppy, "werror", OPT_ENUM, werror),
	 .choices = disk_actions, .dflt = "auto",
	 .help = "when the host cannot write"},
	{DISK_PROPERTY(struct floppy, "rerror", OPT_ENUM, rerror),
	 .choices = disk_actions, .dflt = "auto",
	 .help = "when the host cannot read"},
	{DISK_PROPERTY(struct floppy, "write-cache", OPT_ONOFFAUTO,
		       write_cache), .dflt = "auto",
	 .help = "off: each write is on the disk before the guest goes on"},
	{DISK_PROPERTY(struct floppy, "share-rw", OPT_BOOL, share),
	 .help = "on: others may write to the same node"},
	REFUSED_BUT("account-failed", "auto"),
	REFUSED_BUT("account-invalid", "auto"),
	REFUSED_BUT("backend_defaults", "auto"),
	REFUSED_BUT("discard_granularity", "4294967295"),
	REFUSED_BUT("logical_block_size", "0 512"),
	REFUSED_BUT("min_io_size", "0"),
	REFUSED_BUT("opt_io_size", "0"),
	REFUSED_BUT("physical_block_size", "0 512"),
	{.type = OPT_END},
};
/* clang-format on */

static int choose_unit(struct floppy *p, struct error *err)
{
	const struct i82078 *f = p->fdc;

	if (p->bus && strcmp(p->bus, "floppy-bus.0") != 0)
		return error_set(err, ENODEV,
				 "Bus '%s' not found; a PC has floppy-bus.0",
				 p->bus);
	if (p->unit < 0)
		for (p->unit = 0;
		     p->unit < I82078_PLACES && f->drive[p->unit].blk;)
			p->unit++;
	if (p->unit >= I82078_PLACES)
		return error_set(err, ENOSPC,
				 "Can't create floppy unit %d, bus supports "
				 "only %d units",
				 (int)p->unit, I82078_PLACES);
	if (f->drive[p->unit].blk)
		return error_set(err, EBUSY, "Floppy unit %d is in use",
				 (int)p->unit);
	return 0;
}

static int init(struct device *dev, struct error *err)
{
	struct floppy *p = (struct floppy *)dev;
	int rc = choose_unit(p, err);

	if (rc < 0)
		return rc;
	if (!p->blk)
		p->blk = disk_find(&p->disk, dev, true, err);
	if (!p->blk)
		return -EINVAL;
	rc = disk_take(&p->disk, dev->id ? dev->id : dev->path, p->blk, true,
		       err);
	if (rc < 0)
		return rc;
	p->blk->removable = true;
	i82078_attach(p->fdc, (unsigned)p->unit, p->blk,
		      floppy_choose((enum floppy_choice)p->choice,
				    (enum floppy_choice)p->fdc->fallback,
				    p->blk));
	return 0;
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct floppy *p = (const struct floppy *)dev;

	snprintf(buf, size, "/pci@i0cf8/isa@1/fdc@03f0/floppy@%u",
		 (unsigned)p->unit);
	return p->fdc->bootindex[p->unit];
}

static void fini(struct device *dev)
{
	struct floppy *p = (struct floppy *)dev;

	i82078_detach(p->fdc, (unsigned)p->unit);
}

/* Its state is its controller's. */
const struct device_class floppy_class = {
	.name = "floppy",
	.desc = "virtual floppy drive",
	.bus = DEVICE_FLOPPY,
	.user = true,
	.size = sizeof(struct floppy),
	.opts = opts,
	.state = &stateless,
	.boot_path = boot_path,
	.init = init,
	.fini = fini,
};
