/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SCSI target answers itself: which units it has, and for numbers that
 * it has no unit of.  SPC-4 (INCITS 513), 6.4.1, 6.33, 6.38.
 */
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

#define OP_TEST_UNIT_READY 0x00
#define OP_REQUEST_SENSE   0x03
#define OP_INQUIRY	   0x12
#define OP_REPORT_LUNS	   0xa0

#define DESCRIPTOR	   0x72 /* sense data, descriptor format */
#define NO_SUCH_DEVICE	   0x7f /* peripheral qualifier 3, no type */
#define NOT_CONNECTED	   0x3f /* qualifier 1, no type */
#define LUN_ENTRY	   8u
#define LUNS_LENGTH_MIN	   16u
#define FLAT_SPACE	   0x40 /* SAM-5, 4.7.7.3: 14 bits of number */

void scsi_request_sense(struct scsi_request *r)
{
	struct scsi_sense sense = SENSE_NO_SUCH_LUN;
	struct scsi_unit *u = r->unit;
	uint8_t buf[SCSI_SENSE_SIZE];

	if (u) {
		sense = u->attention.key ? u->attention : u->sense;
		u->attention = u->sense = SENSE_NONE;
	}
	if (!(r->cdb[1] & 1)) {
		scsi_put_sense(buf, sense);
		scsi_reply(r, buf, sizeof(buf));
		return;
	}
	memset(buf, 0, sizeof(buf));
	buf[0] = DESCRIPTOR;
	buf[1] = sense.key;
	buf[2] = sense.asc;
	buf[3] = sense.ascq;
	scsi_reply(r, buf, 8);
}

static size_t put_lun(struct scsi_request *r, size_t at, unsigned lun)
{
	uint8_t entry[LUN_ENTRY] = {0};
	size_t n = at < r->room ? r->room - at : 0;

	entry[0] = (uint8_t)(lun > UINT8_MAX ? FLAT_SPACE | lun >> 8 : 0);
	entry[1] = (uint8_t)lun;
	blk_iov_from_buf(r->in, (int)r->nin, at, entry,
			 n < sizeof(entry) ? n : sizeof(entry));
	return at + sizeof(entry);
}

/* The list may be longer than a buffer of ours. */
void scsi_report_luns(struct scsi_request *r)
{
	uint8_t head[LUN_ENTRY] = {0};
	size_t at = sizeof(head);
	struct scsi_unit *u;

	if (r->room < LUNS_LENGTH_MIN || r->cdb[2] > 2) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	/* Number 0 is there in any case, to be asked. */
	if (r->cdb[2] != 1 && !scsi_find(r->bus, r->id, 0))
		at = put_lun(r, at, 0);
	list_for_each (u, &r->bus->units, struct scsi_unit, link)
		if (u->id == r->id && r->cdb[2] != 1)
			at = put_lun(r, at, (unsigned)u->lun);
	store_be32(head, (uint32_t)(at - sizeof(head)));
	blk_iov_from_buf(r->in, (int)r->nin, 0, head, sizeof(head));
	r->moved = at < r->room ? at : r->room;
	scsi_good(r);
}

static void inquiry(struct scsi_request *r)
{
	uint8_t buf[36] = {NOT_CONNECTED, 0, 5, 0x12, 31};

	if (r->cdb[1] & 1) { /* vital product data: the list of pages */
		static const uint8_t pages[] = {NOT_CONNECTED, 0, 0, 1, 0};

		if (r->cdb[2])
			scsi_fail(r, SENSE_BAD_FIELD);
		else
			scsi_reply(r, pages, sizeof(pages));
		return;
	}
	if (r->cdb[2]) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	if (r->lun) {
		memset(buf, 0, sizeof(buf));
		buf[0] = NO_SUCH_DEVICE;
		buf[4] = 31;
	} else {
		memcpy(buf + 8, "QEMU    QEMU TARGET     2.5+", 28);
	}
	scsi_reply(r, buf, sizeof(buf));
}

/* SPC-4, 5.10: unit 0 without a device answers a few commands. */
const struct scsi_command *scsi_target_find(const struct scsi_request *r)
{
	static const struct scsi_command sense = {scsi_request_sense, 0,
						  SCSI_IN, 4, 1},
					 what = {inquiry, 0, SCSI_IN, 3, 2},
					 ready = {scsi_good, 0, SCSI_NO_DATA, 0,
						  0},
					 luns = {scsi_report_luns, 0, SCSI_IN,
						 6, 4};

	switch (r->cdb[0]) {
	case OP_REQUEST_SENSE:
		return &sense;
	case OP_INQUIRY:
		return &what;
	case OP_TEST_UNIT_READY:
		return r->lun ? NULL : &ready;
	case OP_REPORT_LUNS:
		return r->lun ? NULL : &luns;
	default:
		return NULL;
	}
}
