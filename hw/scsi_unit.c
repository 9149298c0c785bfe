/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scsi-hd and scsi-cd: units of a SCSI bus that -device names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/pci.h"
#include "hw/scsi.h"

#define PROPERTY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct scsi_unit, field)

/* clang-format off */
#define UNIT_OPTS \
	DISK_OPTS(struct scsi_unit), \
	{PROPERTY("bus", OPT_STRING, bus_name), \
	 .help = "a SCSI bus, ID.0 of the adapter [the first]"}, \
	{PROPERTY("channel", OPT_U32, channel), .dflt = "0", \
	 .help = "0, there is but one"}, \
	{PROPERTY("scsi-id", OPT_I64, id), .max = UINT32_MAX, \
	 .dflt = "4294967295", .help = "the target's number [a free one]"}, \
	{PROPERTY("lun", OPT_I64, lun), .max = UINT32_MAX, \
	 .dflt = "4294967295", .help = "the unit's number in it [a free one]"}, \
	{PROPERTY("vendor", OPT_STRING, vendor), \
	 .help = "8 letters that the guest sees [QEMU]"}, \
	{PROPERTY("product", OPT_STRING, product), \
	 .help = "16 letters that the guest sees"}, \
	{PROPERTY("ver", OPT_STRING, version), \
	 .help = "4 letters that the guest sees [2.5+]"}, \
	{PROPERTY("device_id", OPT_STRING, device_id), \
	 .help = "what identifies it [serial, or the drive's id]"}, \
	{PROPERTY("wwn", OPT_U64, wwn), .dflt = "0", \
	 .help = "its world wide name, 0 for none"}, \
	{PROPERTY("port_wwn", OPT_U64, port_wwn), .dflt = "0", \
	 .help = "its port's, 0 for none"}, \
	{PROPERTY("port_index", OPT_U16, port_index), .dflt = "0", \
	 .help = "its port's number, 0 for none"}, \
	{PROPERTY("scsi_version", OPT_I64, level), .max = 255, .dflt = "5", \
	 .help = "of the standard; 5 is SPC-3"}, \
	{PROPERTY("max_io_size", OPT_U64, max_io_size), \
	 .dflt = "2147483647", .help = "bytes that a command moves at most"}, \
	{PROPERTY("logical_block_size", OPT_SIZE, block_size), .dflt = "0", \
	 .help = "bytes of what is read and written at least"}, \
	{PROPERTY("physical_block_size", OPT_SIZE, physical_block_size), \
	 .dflt = "0", .help = "bytes of what is best written at once"}, \
	{PROPERTY("min_io_size", OPT_SIZE, min_io_size), .dflt = "0", \
	 .help = "bytes of the smallest good request, 0: unknown"}, \
	{PROPERTY("opt_io_size", OPT_SIZE, opt_io_size), .dflt = "0", \
	 .help = "bytes of the best request, 0: unknown"}, \
	REFUSED_BUT("quirk_mode_page_vendor_specific_apple", \
		    "off false no n"), \
	DISK_REFUSED

static const struct opt_desc hd_opts[] = {
	UNIT_OPTS,
	{PROPERTY("removable", OPT_BOOL, removable), .dflt = "off",
	 .help = "on: its medium can be taken out"},
	{PROPERTY("dpofua", OPT_BOOL, dpofua), .dflt = "off",
	 .help = "on: tell that writes can be forced to the disk"},
	{PROPERTY("rotation_rate", OPT_U16, rotation_rate), .dflt = "0",
	 .help = "a minute; 1: it does not turn, 0: unknown"},
	{PROPERTY("max_unmap_size", OPT_U64, max_unmap_size),
	 .dflt = "1073741824",
	 .help = "bytes that a command gives back at most"},
	{.type = OPT_END},
};

static const struct opt_desc cd_opts[] = {
	UNIT_OPTS,
	REFUSED_BUT("quirk_mode_page_apple_vendor", "off false no n"),
	REFUSED_BUT("quirk_mode_page_truncated", "off false no n"),
	REFUSED_BUT("quirk_mode_sense_rom_use_dbd", "off false no n"),
	{.type = OPT_END},
};
/* clang-format on */

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int check_blocks(const struct scsi_unit *u, struct error *err)
{
	if (u->type == SCSI_CDROM && u->block_size != MMC_SECTOR)
		return error_set(err, EINVAL,
				 "logical_block_size is %u with CD-ROMs",
				 MMC_SECTOR);
	if (!is_power_of_two(u->block_size) || u->block_size < BLK_SECTOR ||
	    u->block_size > SCSI_BLOCK_SIZE_MAX)
		return error_set(err, EINVAL,
				 "logical_block_size must be a power of two "
				 "from %u to %u",
				 BLK_SECTOR, SCSI_BLOCK_SIZE_MAX);
	if (!is_power_of_two(u->physical_block_size) ||
	    u->physical_block_size < u->block_size)
		return error_set(err, EINVAL,
				 "physical_block_size must be a power of two, "
				 "and logical_block_size or more");
	if (u->min_io_size % u->block_size || u->opt_io_size % u->block_size)
		return error_set(err, EINVAL,
				 "min_io_size and opt_io_size must be "
				 "multiples of logical_block_size");
	return 0;
}

static int check_limits(const struct scsi_unit *u, struct error *err)
{
	if (u->max_io_size / u->block_size > UINT32_MAX ||
	    u->max_unmap_size / u->block_size > UINT32_MAX)
		return error_set(err, EINVAL,
				 "max_io_size and max_unmap_size must be less "
				 "than 4294967296 blocks");
	if (u->min_io_size / u->block_size > UINT16_MAX ||
	    u->opt_io_size / u->block_size > UINT32_MAX)
		return error_set(err, EINVAL,
				 "min_io_size and opt_io_size must be less "
				 "than 65536 and 4294967296 blocks");
	if (u->disk.serial && strlen(u->disk.serial) > 36)
		return error_set(err, EINVAL, "serial: longer than 36 letters");
	return 0;
}

static int check(const struct scsi_unit *u, struct error *err)
{
	int rc = check_blocks(u, err);

	if (rc == 0)
		rc = check_limits(u, err);
	if (rc < 0)
		return rc;
	if (u->type == SCSI_DISK && !u->removable && !u->front->node)
		return error_set(err, EINVAL,
				 "Device needs media, but drive is empty");
	return 0;
}

static void choose_sizes(struct scsi_unit *u)
{
	if (!u->block_size)
		u->block_size = u->type == SCSI_CDROM ? MMC_SECTOR : BLK_SECTOR;
	if (!u->physical_block_size)
		u->physical_block_size = u->block_size;
}

static int take(struct scsi_unit *u, struct error *err)
{
	bool has_tray = u->type == SCSI_CDROM || u->removable;
	const char *path = u->dev.id ? u->dev.id : u->dev.path;
	int rc = 0;

	if (u->bus->iothread)
		rc = blk_front_move(u->front, u->bus->iothread, err);
	if (rc == 0)
		rc = disk_take(&u->disk, path, u->front,
			       u->type == SCSI_DISK && !u->front->readonly,
			       err);
	if (rc < 0)
		return rc;
	u->writethrough = u->front->writethrough;
	u->front->removable = has_tray;
	u->front->media = has_tray ? &scsi_media_ops : &scsi_fixed_media_ops;
	u->front->media_ctx = u;
	return 0;
}

static void join(void *ctx)
{
	struct scsi_unit *u = ctx, *next;

	/* In the order of their numbers, as guests like to hear of them. */
	list_for_each (next, &u->bus->units, struct scsi_unit, link)
		if (next->id > u->id ||
		    (next->id == u->id && next->lun > u->lun))
			break;
	list_insert(&next->link, &u->link);
	scsi_look(u);
}

static int init(struct device *dev, struct error *err)
{
	struct scsi_unit *u = (struct scsi_unit *)dev;
	int rc;

	u->type = dev->class == &scsi_cd_class ? SCSI_CDROM : SCSI_DISK;
	list_init(&u->requests);
	choose_sizes(u);
	if (!u->front)
		u->front =
			disk_find(&u->disk, dev,
				  u->type == SCSI_CDROM || u->removable, err);
	if (!u->front)
		return -EINVAL;
	rc = check(u, err);
	if (rc == 0)
		rc = take(u, err);
	if (rc < 0)
		return rc;
	u->bus->hba->hold(u->bus);
	u->bus->hba->call(u->bus, join, u);
	u->bus->hba->let_go(u->bus);
	return 0;
}

static void power_on(void *ctx)
{
	struct scsi_unit *u = ctx;

	scsi_look(u);
	scsi_unit_reset(u);
}

static void reset(struct device *dev)
{
	struct scsi_unit *u = (struct scsi_unit *)dev;

	u->front->locked = false;
	u->front->writethrough = u->writethrough;
	u->bus->hba->call(u->bus, power_on, u);
}

static void leave(void *ctx)
{
	list_del(&((struct scsi_unit *)ctx)->link);
}

static void fini(struct device *dev)
{
	struct scsi_unit *u = (struct scsi_unit *)dev;

	u->front->media = NULL;
	u->bus->hba->hold(u->bus);
	u->bus->hba->call(u->bus, leave, u);
	u->bus->hba->let_go(u->bus);
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct scsi_unit *u = (const struct scsi_unit *)dev;
	size_t n;

	pci_firmware_path(u->controller, buf, size);
	n = strlen(buf);
	snprintf(buf + n, size - n, "/channel@%x/disk@%x,%x", u->channel,
		 (unsigned)u->id, (unsigned)u->lun);
	return u->disk.bootindex;
}

/* The rest is its medium's, which the block layer has. */
static const struct state_field fields[] = {
	{STATE_ELEM(STATE_U8, struct scsi_unit, attention.key)},
	{STATE_ELEM(STATE_U8, struct scsi_unit, attention.asc)},
	{STATE_ELEM(STATE_U8, struct scsi_unit, attention.ascq)},
	{STATE_ELEM(STATE_U8, struct scsi_unit, sense.key)},
	{STATE_ELEM(STATE_U8, struct scsi_unit, sense.asc)},
	{STATE_ELEM(STATE_U8, struct scsi_unit, sense.ascq)},
	{STATE_ELEM(STATE_BOOL, struct scsi_unit, tray_open)},
	{STATE_ELEM(STATE_BOOL, struct scsi_unit, locked)},
	{STATE_ELEM(STATE_BOOL, struct scsi_unit, mmc.media_changed)},
	{STATE_ELEM(STATE_BOOL, struct scsi_unit, mmc.medium_wanted)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	struct scsi_unit *u = dev;

	u->front->tray_open = u->tray_open;
	u->front->locked = u->locked;
	scsi_look(u);
}

static const struct state_desc state = {.name = "scsi-unit",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class scsi_cd_class = {
	.name = "scsi-cd",
	.desc = "virtual SCSI CD-ROM",
	.bus = DEVICE_SCSI,
	.user = true,
	.size = sizeof(struct scsi_unit),
	.opts = cd_opts,
	.state = &state,
	.boot_path = boot_path,
	.init = init,
	.reset = reset,
	.fini = fini,
};

const struct device_class scsi_hd_class = {
	.name = "scsi-hd",
	.desc = "virtual SCSI disk",
	.bus = DEVICE_SCSI,
	.user = true,
	.size = sizeof(struct scsi_unit),
	.opts = hd_opts,
	.state = &state,
	.boot_path = boot_path,
	.init = init,
	.reset = reset,
	.fini = fini,
};
