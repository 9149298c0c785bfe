/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SCSI bus and a request's way over it; SAM-5 (INCITS 515), 5. */
#include "hw/scsi.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

#define SENSE_CURRENT 0x70
#define OP_REQ_SENSE  0x03
#define OP_WRITE_SAME 0x93
#define CAPACITY      8u /* bytes, of what says no length */
#define NDOB	      0x01 /* WRITE SAME (16): without data */

void scsi_bus_init(struct scsi_bus *bus, const struct scsi_hba *hba,
		   struct device *dev)
{
	bus->hba = hba;
	bus->dev = dev;
	bus->loop = NULL;
	list_init(&bus->units);
}

struct scsi_unit *scsi_find(const struct scsi_bus *bus, unsigned id,
			    unsigned lun)
{
	struct scsi_unit *u;

	list_for_each (u, &bus->units, struct scsi_unit, link)
		if (u->id == id && u->lun == lun)
			return u;
	return NULL;
}

bool scsi_has_target(const struct scsi_bus *bus, unsigned id)
{
	struct scsi_unit *u;

	list_for_each (u, &bus->units, struct scsi_unit, link)
		if (u->id == id)
			return true;
	return false;
}

struct loop *scsi_bus_loop(const struct scsi_bus *bus)
{
	const struct list *first = bus->units.next;

	if (first == &bus->units)
		return NULL;
	return container_of(first, struct scsi_unit, link)->front->loop;
}

void scsi_put_sense(uint8_t *buf, struct scsi_sense sense)
{
	memset(buf, 0, SCSI_SENSE_SIZE);
	buf[0] = SENSE_CURRENT;
	buf[2] = sense.key;
	buf[7] = SCSI_SENSE_SIZE - 8;
	buf[12] = sense.asc;
	buf[13] = sense.ascq;
}

void scsi_complete(struct scsi_request *r)
{
	if (r->unit)
		list_del(&r->link);
	free(r->pattern);
	r->pattern = NULL;
	r->bus->hba->complete(r);
}

void scsi_good(struct scsi_request *r)
{
	r->status = SCSI_GOOD;
	scsi_complete(r);
}

void scsi_fail(struct scsi_request *r, struct scsi_sense sense)
{
	r->status = SCSI_CHECK_CONDITION;
	r->sense = sense;
	if (r->unit)
		r->unit->sense = sense;
	scsi_complete(r);
}

void scsi_reply(struct scsi_request *r, const void *data, size_t len)
{
	if (len > r->room)
		len = r->room;
	blk_iov_from_buf(r->in, (int)r->nin, 0, data, len);
	r->moved = len;
	scsi_good(r);
}

static uint64_t load_be(const uint8_t *p, unsigned size)
{
	uint64_t val = 0;

	while (size--)
		val = val << 8 | *p++;
	return val;
}

/* Bytes of data that the CDB asks for. */
static uint64_t wanted(const struct scsi_request *r,
		       const struct scsi_command *c)
{
	uint64_t lba;
	uint32_t n;

	if (c->flags & SCSI_BLOCKS) {
		scsi_parse_blocks(r->cdb, &lba, &n);
		return n * r->unit->block_size;
	}
	if (c->flags & SCSI_ONE_BLOCK)
		return r->cdb[0] == OP_WRITE_SAME && r->cdb[1] & NDOB
			       ? 0
			       : r->unit->block_size;
	return c->size ? load_be(r->cdb + c->at, c->size) : CAPACITY;
}

/* Has the guest made room for what it asks for? */
static bool fits(struct scsi_request *r, const struct scsi_command *c)
{
	uint64_t len = c->dir == SCSI_NO_DATA ? 0 : wanted(r, c);

	if (len > (c->dir == SCSI_IN ? r->in_len : r->out_len) && len)
		return false;
	r->room = (size_t)len;
	return true;
}

/* A unit tells of its attention condition once; SAM-5, 5.14. */
static bool is_attention(struct scsi_request *r, const struct scsi_command *c)
{
	struct scsi_unit *u = r->unit;
	struct scsi_sense what;

	if (!u || !u->attention.key || (c && c->flags & SCSI_ALWAYS))
		return false;
	what = u->attention;
	u->attention = SENSE_NONE;
	scsi_fail(r, what);
	return true;
}

static bool is_fine(struct scsi_request *r, const struct scsi_command *c)
{
	const struct scsi_unit *u = r->unit;

	if (is_attention(r, c))
		return false;
	if (!c || !c->run)
		scsi_fail(r,
			  r->lun && !u ? SENSE_NO_SUCH_LUN : SENSE_BAD_OPCODE);
	else if ((r->overrun = !fits(r, c)))
		scsi_complete(r);
	else if (c->flags & SCSI_MEDIUM && !u->present)
		scsi_fail(r, SENSE_NO_MEDIUM);
	else if (c->flags & SCSI_WRITES && u->readonly)
		scsi_fail(r, SENSE_WRITE_PROTECTED);
	else
		return true;
	return false;
}

static const struct scsi_command *find(const struct scsi_request *r)
{
	if (!r->unit)
		return scsi_target_find(r);
	return r->unit->type == SCSI_DISK ? scsi_disk_find(r->cdb[0])
					  : scsi_cd_find(r->cdb[0]);
}

void scsi_start(struct scsi_request *r)
{
	const struct scsi_command *c = find(r);

	r->status = SCSI_GOOD;
	r->sense = SENSE_NONE;
	r->moved = r->room = 0;
	r->cancelled = SCSI_LIVE;
	r->overrun = false;
	r->pattern = NULL;
	memset(&r->io, 0, sizeof(r->io));
	if (r->unit)
		list_add_tail(&r->unit->requests, &r->link);
	if (!is_fine(r, c))
		return;
	if (r->unit && r->cdb[0] != OP_REQ_SENSE)
		r->unit->sense = SENSE_NONE;
	c->run(r);
}

void scsi_cancel(struct scsi_request *r, enum scsi_cancel why)
{
	if (r->cancelled == SCSI_LIVE)
		r->cancelled = why;
}

void scsi_unit_reset(struct scsi_unit *u)
{
	u->attention = SENSE_RESET;
	u->sense = SENSE_NONE;
	u->mmc.medium_wanted = false;
}
