/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks on virtio, and on a SCSI adapter on virtio. */
#include <linux/virtio_blk.h>

#include "tests/device/disk_rig.h"
#include "tests/device/scsi_guest.h"
#include "tests/device/virtio_disk.h"

#define HEADER 0x400000u
#define STATUS 0x401000u
#define DATA   0x500000u
#define PER_CD (MMC_SECTOR / BLK_SECTOR)

#define ALL    (~VIRTIO_BIT(VIRTIO_F_RING_PACKED))

enum { LEGACY, SPLIT, PACKED };

static struct {
	struct driver d, old;
	uint32_t len;
	bool write;
	struct scsi_guest guest;
} g;

static void start_blk(const struct disk_rig *r)
{
	driver_find(&g.d, &disk.h, &disk.bus, DISK_DEVFN, r->way == LEGACY);
	ck_assert(driver_agree(&g.d, r->way == LEGACY  ? 0
				     : r->way == SPLIT ? ALL
						       : UINT64_MAX));
	driver_queue(&g.d, 0, 64);
	driver_ready(&g.d);
}

static void set_up_blk(const struct disk_rig *r)
{
	static const char *const packed[] = {"packed", "on", NULL};

	disk_set_up(packed, false);
	start_blk(r);
}

static struct blk_front *front_blk(void)
{
	return disk.blk->front;
}

static const char *path_blk(void)
{
	return disk.path;
}

static void begin_blk(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		      bool write)
{
	const uint32_t half = sectors * BLK_SECTOR / 2;
	const struct driver_piece piece[] = {{HEADER, 16, false},
					     {DATA, half, !write},
					     {DATA + half, half, !write},
					     {STATUS, 1, true}};
	uint8_t header[16] = {0};

	g.write = write;
	g.len = 2 * half;
	store_le32(header, write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN);
	store_le64(header + 8, lba);
	ram_write(&g.d, HEADER, header, sizeof(header));
	ram_write(&g.d, STATUS, "\xee", 1);
	if (write)
		ram_write(&g.d, DATA, rig_data, g.len);
	driver_add(&g.d, 0, piece, 4, r->way == SPLIT);
	driver_kick(&g.d, 0);
}

static enum rig_end poll_blk(const struct disk_rig *r)
{
	uint32_t used;
	uint16_t id;
	uint8_t status;

	if (!driver_used(&g.d, 0, &id, &used, 0))
		return RIG_BUSY;
	ck_assert_uint_eq(used, g.write ? 1 : g.len + 1);
	ram_read(&g.d, STATUS, &status, 1);
	ram_read(&g.d, DATA, rig_data, g.len);
	return status == VIRTIO_BLK_S_OK ? RIG_GOOD : RIG_BAD;
}

static bool is_quiet_blk(const struct disk_rig *r)
{
	uint32_t used;
	uint16_t id;

	return !driver_used(&g.d, 0, &id, &used, 0);
}

static void before_save_blk(void)
{
	g.old = g.d;
}

static void after_restore_blk(void)
{
	g.d = g.old;
}

static void set_up_scsi(const struct disk_rig *r)
{
	guest_set_up(NULL);
	guest_add(r->removable ? &scsi_cd_class : &scsi_hd_class, 1, 0, NULL,
		  true);
	guest_begin(false, r->way == PACKED ? UINT64_MAX : ALL);
}

static struct blk_front *front_scsi(void)
{
	return scsi_find(&guest.hba->bus, 1, 0)->front;
}

static const char *path_scsi(void)
{
	return guest.path[0];
}

static void begin_scsi(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		       bool write)
{
	uint8_t cdb[16] = {write ? 0x2a : 0x28};
	unsigned per = r->removable ? PER_CD : 1;

	g.write = write;
	g.len = sectors * BLK_SECTOR;
	store_be32(cdb + 2, lba / per);
	store_be16(cdb + 7, (uint16_t)(sectors / per));
	if (write)
		ram_write(&guest.d, guest_out_at(0), rig_data, g.len);
	guest_post(0, 1, cdb, write ? g.len : 0, write ? 0 : g.len);
}

static enum rig_end poll_scsi(const struct disk_rig *r)
{
	struct answer a;
	uint32_t used;
	uint16_t id;

	if (!driver_used(&guest.d, guest.queue, &id, &used, 0))
		return RIG_BUSY;
	a = guest_answer(0, g.write ? 0 : g.len);
	if (!g.write)
		memcpy(rig_data, guest.data, g.len);
	return a.response == VIRTIO_SCSI_S_OK && a.status == SCSI_GOOD
		       ? RIG_GOOD
		       : RIG_BAD;
}

static bool is_quiet_scsi(const struct disk_rig *r)
{
	uint32_t used;
	uint16_t id;

	return !driver_used(&guest.d, guest.queue, &id, &used, 0);
}

static void reset_scsi(const struct disk_rig *r)
{
	guest_begin(false, r->way == PACKED ? UINT64_MAX : ALL);
}

static void before_save_scsi(void)
{
	g.guest = guest;
}

static void after_restore_scsi(void)
{
	guest.d = g.guest.d;
	guest.control = g.guest.control;
	guest.events = g.guest.events;
}

#define BLK(name_, way_) \
	{ \
		.name = name_, .h = &disk.h, .way = way_, .sectors = 64, \
		.steps = 1, .set_up = set_up_blk, .tear_down = disk_tear_down, \
		.front = front_blk, .path = path_blk, .begin = begin_blk, \
		.poll = poll_blk, .is_quiet = is_quiet_blk, \
		.reset = start_blk, .before_save = before_save_blk, \
		.after_restore = after_restore_blk \
	}

#define SCSI(name_, way_, cdrom) \
	{ \
		.name = name_, .h = &guest.h, .way = way_, .sectors = 64, \
		.steps = 1, .readonly = cdrom, .removable = cdrom, \
		.set_up = set_up_scsi, .tear_down = guest_tear_down, \
		.front = front_scsi, .path = path_scsi, .begin = begin_scsi, \
		.poll = poll_scsi, .is_quiet = is_quiet_scsi, \
		.reset = reset_scsi, .before_save = before_save_scsi, \
		.after_restore = after_restore_scsi \
	}

const struct disk_rig rigs_virtio[] = {
	BLK("virtio-blk, legacy", LEGACY),
	BLK("virtio-blk, modern", SPLIT),
	BLK("virtio-blk, packed", PACKED),
	SCSI("virtio-scsi, disk", SPLIT, false),
	SCSI("virtio-scsi, CD-ROM", SPLIT, true),
	{.name = NULL},
};
