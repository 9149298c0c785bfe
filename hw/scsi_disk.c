/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI disk's commands: SBC-3 (INCITS 514), SPC-4 (INCITS 513).
 *
 * Not modelled: protection information (fields that ask for it are refused),
 * reservations (there is one initiator, which has them), defect lists, logs.
 */
#include "hw/scsi.h"
#include "vmm/endian.h"

#define READ_CAPACITY_16 0x10 /* service action */
#define SERVICE_ACTION	 0x1f
#define PARTIAL_MEDIUM	 0x01
#define BYTE_CHECK	 0x06
#define THIRD_PARTY	 0x01
#define GIVES_BACK	 0x80

static void read_(struct scsi_request *r, bool write)
{
	uint64_t lba;
	uint32_t n;

	scsi_parse_blocks(r->cdb, &lba, &n);
	scsi_transfer(r, write, lba, n);
}

void scsi_read(struct scsi_request *r)
{
	read_(r, false);
}

void scsi_write(struct scsi_request *r)
{
	read_(r, true);
}

/* Images are right, or the host says that they are not. */
void scsi_verify(struct scsi_request *r)
{
	uint64_t lba;
	uint32_t n;

	scsi_parse_blocks(r->cdb, &lba, &n);
	if (r->cdb[1] & BYTE_CHECK)
		scsi_fail(r, SENSE_BAD_FIELD);
	else if (!scsi_in_range(r->unit, lba, n))
		scsi_fail(r, SENSE_BAD_LBA);
	else
		scsi_good(r);
}

static void synchronize(struct scsi_request *r)
{
	scsi_flush(r, scsi_good);
}

static void seek(struct scsi_request *r)
{
	if (scsi_in_range(r->unit, load_be32(r->cdb + 2), 1))
		scsi_good(r);
	else
		scsi_fail(r, SENSE_BAD_LBA);
}

static void reserve(struct scsi_request *r)
{
	if (r->cdb[1] & THIRD_PARTY)
		scsi_fail(r, SENSE_BAD_FIELD);
	else
		scsi_good(r);
}

void scsi_read_capacity_10(struct scsi_request *r)
{
	const struct scsi_unit *u = r->unit;
	uint64_t last = u->blocks - 1;
	uint8_t buf[8];

	if (!(r->cdb[8] & PARTIAL_MEDIUM) && load_be32(r->cdb + 2)) {
		scsi_fail(r, SENSE_BAD_FIELD);
	} else if (!u->blocks) {
		scsi_fail(r, SENSE_NO_MEDIUM);
	} else {
		store_be32(buf,
			   last < UINT32_MAX ? (uint32_t)last : UINT32_MAX);
		store_be32(buf + 4, (uint32_t)u->block_size);
		scsi_reply(r, buf, sizeof(buf));
	}
}

static uint8_t exponent(const struct scsi_unit *u)
{
	uint64_t size = u->block_size;
	uint8_t e = 0;

	for (; size < u->physical_block_size; size *= 2)
		e++;
	return e;
}

void scsi_service_action_in(struct scsi_request *r)
{
	const struct scsi_unit *u = r->unit;
	uint8_t buf[32] = {0};

	if ((r->cdb[1] & SERVICE_ACTION) != READ_CAPACITY_16) {
		scsi_fail(r, SENSE_BAD_FIELD);
	} else if (!u->blocks) {
		scsi_fail(r, SENSE_NO_MEDIUM);
	} else {
		store_be64(buf, u->blocks - 1);
		store_be32(buf + 8, (uint32_t)u->block_size);
		buf[13] = exponent(u);
		buf[14] = u->type == SCSI_DISK ? GIVES_BACK : 0;
		scsi_reply(r, buf, sizeof(buf));
	}
}

#define READ_IT	 SCSI_MEDIUM | SCSI_BLOCKS, SCSI_IN, 0, 0
#define WRITE_IT SCSI_MEDIUM | SCSI_WRITES | SCSI_BLOCKS, SCSI_OUT, 0, 0
#define SAME_IT	 SCSI_MEDIUM | SCSI_WRITES | SCSI_ONE_BLOCK, SCSI_OUT, 0, 0
#define NO_DATA	 SCSI_NO_DATA, 0, 0

const struct scsi_command *scsi_disk_find(uint8_t opcode)
{
	static const struct scsi_command commands[256] = {
		[0x00] = {scsi_good, SCSI_MEDIUM, NO_DATA},
		[0x03] = {scsi_request_sense, SCSI_ALWAYS, SCSI_IN, 4, 1},
		[0x04] = {scsi_good, SCSI_MEDIUM | SCSI_WRITES, NO_DATA},
		[0x08] = {scsi_read, READ_IT},
		[0x0a] = {scsi_write, WRITE_IT},
		[0x12] = {scsi_inquiry, SCSI_ALWAYS, SCSI_IN, 3, 2},
		[0x15] = {scsi_mode_select, 0, SCSI_OUT, 4, 1},
		[0x16] = {reserve, 0, NO_DATA},
		[0x17] = {reserve, 0, NO_DATA},
		[0x1a] = {scsi_mode_sense, 0, SCSI_IN, 4, 1},
		[0x1b] = {scsi_move_tray, 0, NO_DATA},
		[0x1e] = {scsi_lock_tray, 0, NO_DATA},
		[0x25] = {scsi_read_capacity_10, SCSI_MEDIUM, SCSI_IN, 0, 0},
		[0x28] = {scsi_read, READ_IT},
		[0x2a] = {scsi_write, WRITE_IT},
		[0x2b] = {seek, SCSI_MEDIUM, NO_DATA},
		[0x2e] = {scsi_write, WRITE_IT},
		[0x2f] = {scsi_verify, SCSI_MEDIUM, NO_DATA},
		[0x35] = {synchronize, SCSI_MEDIUM, NO_DATA},
		[0x41] = {scsi_write_same, SAME_IT},
		[0x42] = {scsi_unmap, SCSI_MEDIUM | SCSI_WRITES, SCSI_OUT, 7,
			  2},
		[0x55] = {scsi_mode_select, 0, SCSI_OUT, 7, 2},
		[0x56] = {reserve, 0, NO_DATA},
		[0x57] = {reserve, 0, NO_DATA},
		[0x5a] = {scsi_mode_sense, 0, SCSI_IN, 7, 2},
		[0x88] = {scsi_read, READ_IT},
		[0x8a] = {scsi_write, WRITE_IT},
		[0x8e] = {scsi_write, WRITE_IT},
		[0x8f] = {scsi_verify, SCSI_MEDIUM, NO_DATA},
		[0x91] = {synchronize, SCSI_MEDIUM, NO_DATA},
		[0x93] = {scsi_write_same, SAME_IT},
		[0x9e] = {scsi_service_action_in, SCSI_MEDIUM, SCSI_IN, 10, 4},
		[0xa0] = {scsi_report_luns, SCSI_ALWAYS, SCSI_IN, 6, 4},
		[0xa8] = {scsi_read, READ_IT},
		[0xaa] = {scsi_write, WRITE_IT},
		[0xae] = {scsi_write, WRITE_IT},
		[0xaf] = {scsi_verify, SCSI_MEDIUM, NO_DATA},
	};

	return &commands[opcode];
}
