/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SCSI units do with the host's images, and with media and trays. */
#include <errno.h>
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

#define LBA_21_BITS 0x1fffffu
#define BLOCKS_6    256u /* what a length of 0 stands for */
#define START	    0x01u
#define LOAD_EJECT  0x02u
#define POWER	    0xf0u
#define PREVENT	    0x01u
#define FUA	    0x08u
#define PROTECTION  0xe0u

/* SPC-4, 4.2.2: where the CDB has its LBA goes by its group. */
void scsi_parse_blocks(const uint8_t *cdb, uint64_t *lba, uint32_t *n)
{
	switch (cdb[0] >> 5) {
	case 0:
		*lba = load_be32(cdb) & LBA_21_BITS;
		*n = cdb[4] ? cdb[4] : BLOCKS_6;
		break;
	case 4:
		*lba = load_be64(cdb + 2);
		*n = load_be32(cdb + 10);
		break;
	case 5:
		*lba = load_be32(cdb + 2);
		*n = load_be32(cdb + 6);
		break;
	default:
		*lba = load_be32(cdb + 2);
		*n = load_be16(cdb + 7);
	}
}

bool scsi_in_range(const struct scsi_unit *u, uint64_t lba, uint64_t n)
{
	return lba <= u->blocks && n <= u->blocks - lba;
}

static struct scsi_sense sense_of(int rc)
{
	switch (rc) {
	case -ENOMEDIUM:
		return SENSE_NO_MEDIUM;
	case -ENOMEM:
		return SENSE_TARGET_FAILURE;
	case -EINVAL:
	case -ENOTSUP:
		return SENSE_BAD_FIELD;
	case -ENOSPC:
		return SENSE_NO_SPACE;
	default:
		return SENSE_IO_ERROR;
	}
}

static void io_done(struct blk_req *io, int rc)
{
	struct scsi_request *r = container_of(io, struct scsi_request, io);

	if (r->cancelled) {
		scsi_complete(r);
	} else if (rc == -ENOMEDIUM || rc == -ENOTSUP) {
		scsi_fail(r, sense_of(rc));
	} else if (rc < 0) {
		io->rc = rc;
		r->bus->hba->failed(r);
	} else {
		r->then(r);
	}
}

void scsi_settle(struct scsi_request *r, enum blk_action action)
{
	if (r->cancelled)
		scsi_complete(r);
	else if (action == BLK_IGNORE)
		r->then(r);
	else
		scsi_fail(r, sense_of(r->io.rc));
}

void scsi_retry(struct scsi_request *r)
{
	blk_submit(r->unit->front, &r->io);
}

static void submit(struct scsi_request *r, enum blk_op op,
		   void (*then)(struct scsi_request *r))
{
	struct blk_front *front = r->unit->front;

	r->io.op = op;
	r->io.loop = r->bus->loop == front->loop ? NULL : r->bus->loop;
	r->io.done = io_done;
	r->then = then;
	blk_submit(front, &r->io);
}

void scsi_submit(struct scsi_request *r, enum blk_op op, uint64_t lba,
		 uint64_t blocks, void (*then)(struct scsi_request *r))
{
	r->io.off = lba * r->unit->block_size;
	r->io.len = blocks * r->unit->block_size;
	submit(r, op, then);
}

void scsi_flush(struct scsi_request *r, void (*then)(struct scsi_request *r))
{
	submit(r, BLK_FLUSH, then);
}

/* The pieces that hold len bytes, the last of them made shorter. */
static unsigned cut(struct iovec *iov, size_t len)
{
	unsigned n = 0;

	for (; len; n++) {
		if (iov[n].iov_len > len)
			iov[n].iov_len = len;
		len -= iov[n].iov_len;
	}
	return n;
}

static void transferred(struct scsi_request *r)
{
	r->moved = r->left * r->unit->block_size;
	scsi_good(r);
}

void scsi_transfer(struct scsi_request *r, bool write, uint64_t lba, uint32_t n)
{
	struct iovec *iov = write ? r->out : r->in;
	bool group_0 = !(r->cdb[0] >> 5);

	if (!group_0 && r->cdb[1] & PROTECTION && r->unit->type == SCSI_DISK) {
		scsi_fail(r, SENSE_BAD_FIELD);
	} else if (!scsi_in_range(r->unit, lba, n)) {
		scsi_fail(r, SENSE_BAD_LBA);
	} else if (!n) {
		scsi_good(r);
	} else {
		r->left = n;
		r->io.iov = iov;
		r->io.niov = (int)cut(iov, n * r->unit->block_size);
		if (write && !group_0 && r->cdb[1] & FUA)
			r->io.flags = BLK_FUA;
		scsi_submit(r, write ? BLK_WRITE : BLK_READ, lba, n,
			    transferred);
	}
}

void scsi_look(struct scsi_unit *u)
{
	const struct blk_front *front = u->front;

	u->tray_open = front->tray_open;
	u->locked = front->locked;
	u->present = front->node && !front->tray_open;
	u->readonly = front->readonly || u->type == SCSI_CDROM;
	u->blocks = blk_size(front) / u->block_size;
	u->mmc.interface = MMC_SCSI;
	u->mmc.present = u->present;
	u->mmc.tray_open = u->tray_open;
	u->mmc.sectors =
		(uint32_t)(u->blocks < UINT32_MAX ? u->blocks : UINT32_MAX);
}

static void open_or_close(struct scsi_request *r)
{
	struct scsi_unit *u = r->unit;

	blk_front_move_tray(u->dev.machine, u->front, !(r->cdb[4] & START));
}

static bool has_tray(const struct scsi_unit *u)
{
	return u->type == SCSI_CDROM || u->removable;
}

/* SBC-3, 5.25: START STOP UNIT. */
void scsi_move_tray(struct scsi_request *r)
{
	struct scsi_unit *u = r->unit;
	bool open = !(r->cdb[4] & START);

	if (r->cdb[4] & POWER || !(r->cdb[4] & LOAD_EJECT) || !has_tray(u) ||
	    u->tray_open == open) {
		scsi_good(r);
	} else if (open && u->locked) {
		scsi_fail(r, SENSE_PREVENTED);
	} else {
		r->in_main = open_or_close;
		r->bus->hba->defer(r);
	}
}

static void lock(struct scsi_request *r)
{
	r->unit->front->locked = r->cdb[4] & PREVENT;
}

void scsi_lock_tray(struct scsi_request *r)
{
	if (!has_tray(r->unit)) {
		scsi_good(r);
		return;
	}
	r->in_main = lock;
	r->bus->hba->defer(r);
}

static void look_again(void *ctx)
{
	struct scsi_unit *u = ctx;

	scsi_look(u);
	u->mmc.media_changed = true;
	u->sense = SENSE_NONE;
	u->attention = u->present ? SENSE_MEDIUM_CHANGED : SENSE_MEDIUM_REMOVED;
}

static void changed(void *ctx)
{
	struct scsi_unit *u = ctx;

	u->bus->hba->call(u->bus, look_again, u);
}

static void look_wanted(void *ctx)
{
	((struct scsi_unit *)ctx)->mmc.medium_wanted = true;
}

static void wanted(void *ctx)
{
	struct scsi_unit *u = ctx;

	u->bus->hba->call(u->bus, look_wanted, u);
}

static void look_resized(void *ctx)
{
	struct scsi_unit *u = ctx;

	scsi_look(u);
	if (u->attention.asc != SENSE_RESET.asc)
		u->attention = SENSE_CAPACITY_CHANGED;
	u->bus->hba->changed(u, SENSE_CAPACITY_CHANGED);
}

static void resized(void *ctx)
{
	struct scsi_unit *u = ctx;

	u->bus->hba->call(u->bus, look_resized, u);
}

const struct blk_media_ops scsi_media_ops = {.changed = changed,
					     .ask = wanted,
					     .resized = resized};

const struct blk_media_ops scsi_fixed_media_ops = {.changed = changed,
						   .resized = resized};
