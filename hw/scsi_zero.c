/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks that are given back or written alike: SBC-3, 5.28, 5.43, 5.44. */
#include <stdlib.h>
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

/* WRITE SAME. */
#define OTHER_DATA 0x06 /* addresses in each block, of old */
#define UNMAP	   0x08
#define ANCHOR	   0x10
#define PATTERN	   65536u
/* UNMAP. */
#define UNMAP_ANCHOR 0x01
#define LIST_HEADER  8u
#define DESCRIPTOR   16u

static void written_alike(struct scsi_request *r)
{
	r->moved = r->room;
	scsi_good(r);
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

static void write_pattern(struct scsi_request *r)
{
	uint64_t n = PATTERN / r->unit->block_size, lba = r->lba;

	if (!r->left) {
		written_alike(r);
		return;
	}
	if (n > r->left)
		n = r->left;
	r->piece = (struct iovec){r->pattern, n * r->unit->block_size};
	r->io.iov = &r->piece;
	r->io.niov = 1;
	r->lba += n;
	r->left -= n;
	scsi_submit(r, BLK_WRITE, lba, n, write_pattern);
}

static void write_alike(struct scsi_request *r, uint32_t n)
{
	size_t size = r->unit->block_size, at;
	bool zero = !r->room;

	r->pattern = malloc(PATTERN);
	if (!r->pattern) {
		scsi_fail(r, SENSE_TARGET_FAILURE);
		return;
	}
	if (!zero) {
		blk_iov_to_buf(r->out, (int)r->nout, 0, r->pattern, size);
		zero = is_zero(r->pattern, size);
	}
	if (zero) {
		r->io.flags = r->cdb[1] & UNMAP ? BLK_MAY_UNMAP : 0;
		scsi_submit(r, BLK_WRITE_ZEROES, r->lba, n, written_alike);
		return;
	}
	for (at = size; at < PATTERN; at += size)
		memcpy(r->pattern + at, r->pattern, size);
	r->left = n;
	write_pattern(r);
}

void scsi_write_same(struct scsi_request *r)
{
	uint32_t n;

	scsi_parse_blocks(r->cdb, &r->lba, &n);
	if (r->cdb[1] & (OTHER_DATA | ANCHOR) || !n)
		scsi_fail(r, SENSE_BAD_FIELD);
	else if (!scsi_in_range(r->unit, r->lba, n))
		scsi_fail(r, SENSE_BAD_LBA);
	else
		write_alike(r, n);
}

/* One descriptor after the other; each is read once. */
static void unmap_next(struct scsi_request *r)
{
	uint8_t raw[DESCRIPTOR];
	uint64_t lba, n = 0;

	while (r->left && !n) {
		blk_iov_to_buf(r->out, (int)r->nout,
			       LIST_HEADER + (size_t)r->next++ * DESCRIPTOR,
			       raw, sizeof(raw));
		lba = load_be64(raw);
		n = load_be32(raw + 8);
		r->left--;
		if (!scsi_in_range(r->unit, lba, n)) {
			scsi_fail(r, SENSE_BAD_LBA);
			return;
		}
	}
	if (n)
		scsi_submit(r, BLK_DISCARD, lba, n, unmap_next);
	else
		written_alike(r);
}

void scsi_unmap(struct scsi_request *r)
{
	uint8_t head[LIST_HEADER];
	size_t len;

	if (r->cdb[1] & UNMAP_ANCHOR) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	if (!r->room) {
		scsi_good(r);
		return;
	}
	if (r->room < LIST_HEADER) {
		scsi_fail(r, SENSE_LIST_LENGTH);
		return;
	}
	blk_iov_to_buf(r->out, (int)r->nout, 0, head, sizeof(head));
	len = load_be16(head + 2);
	if (load_be16(head) + 2u > r->room || len + LIST_HEADER > r->room ||
	    len % DESCRIPTOR) {
		scsi_fail(r, SENSE_LIST_LENGTH);
		return;
	}
	r->left = len / DESCRIPTOR;
	r->next = 0;
	unmap_next(r);
}
