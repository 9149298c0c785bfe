/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode pages of SCSI units: SPC-4, 6.11 to 6.14; SBC-3, 6.5; MMC-6, 7.  What
 * can be changed is the write cache.
 */
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

#define OP_SELECT_6	0x15
#define OP_SENSE_6	0x1a
#define DISABLE_BLOCKS	0x08
#define PAGE_FORMAT	0x10
#define SAVE_PAGES	0x01
#define SUBPAGES	0x40
#define CODE		0x3f
#define ALL_PAGES	0x3f
#define READ_ONLY	0x80
#define DPO_FUA		0x10
#define BLOCK_DESC	8u
#define BLOCKS_MAX	0xffffffu
#define LIST_MAX	512u /* bytes of pages that are looked at */
#define PAGE_MAX	34u

#define CACHING		0x08
#define WRITE_CACHE	0x04 /* in byte 2 of the caching page */
#define RELOCATES	0x80
#define RETRIES		0x20
#define CAN_LOCK_LOCKED 0x02

/* What no guest of today asks a disk for in earnest. */
enum {
	HEADS = 16,
	SECTORS = 63,
	CYLINDERS_MAX = 65535,
	ROTATION = 5400,
	TRANSFER_RATE = 5000,
	STEP_NS = 200,
};

enum control { CURRENT, CHANGEABLE, DEFAULT, SAVED };

static uint32_t cylinders(const struct scsi_unit *u)
{
	uint64_t n = u->blocks * u->block_size / BLK_SECTOR / HEADS / SECTORS;

	if (n < 2)
		return 2;
	return (uint32_t)(n < CYLINDERS_MAX ? n : CYLINDERS_MAX);
}

static void put_be24(uint8_t *p, uint32_t val)
{
	p[0] = (uint8_t)(val >> 16);
	store_be16(p + 1, (uint16_t)val);
}

static void recovery(const struct scsi_unit *u, uint8_t *p)
{
	p[2] = RELOCATES;
	if (u->type == SCSI_CDROM)
		p[3] = RETRIES;
}

static void geometry(const struct scsi_unit *u, uint8_t *p)
{
	uint32_t n = cylinders(u);

	put_be24(p + 2, n);
	p[5] = HEADS;
	put_be24(p + 6, n); /* write precompensation: none */
	put_be24(p + 9, n);
	store_be16(p + 12, STEP_NS);
	memset(p + 14, 0xff, 3); /* landing zone */
	store_be16(p + 20, ROTATION);
}

static void flexible(const struct scsi_unit *u, uint8_t *p)
{
	uint16_t n = (uint16_t)cylinders(u);

	store_be16(p + 2, TRANSFER_RATE);
	p[4] = HEADS;
	p[5] = SECTORS;
	store_be16(p + 6, (uint16_t)u->block_size);
	store_be16(p + 8, n);
	store_be16(p + 10, n);
	store_be16(p + 12, n);
	p[15] = p[16] = p[18] = p[19] = p[20] = 1;
	store_be16(p + 28, ROTATION);
}

static void caching(const struct scsi_unit *u, uint8_t *p)
{
	if (!u->front->writethrough)
		p[2] = WRITE_CACHE;
}

static void audio(const struct scsi_unit *u, uint8_t *p)
{
}

/* MMC-3, 5.5.10: reads everything, has a tray. */
static void capabilities(const struct scsi_unit *u, uint8_t *p)
{
	static const uint8_t fixed[] = {0x3b, 0x00, 0x7f, 0xff, 0x2d, 0x00};

	memcpy(p + 2, fixed, sizeof(fixed));
	p[6] |= u->locked ? CAN_LOCK_LOCKED : 0;
	store_be16(p + 8, 50 * 176); /* KB/s: 50 times */
	store_be16(p + 10, 2);
	store_be16(p + 12, 2048); /* KB of buffer */
	store_be16(p + 14, 16 * 176);
	store_be16(p + 18, 16 * 176);
	store_be16(p + 20, 16 * 176);
}

enum { DISK = 1 << SCSI_DISK, CDROM = 1 << SCSI_CDROM };

static const struct page {
	uint8_t code, types, len;
	void (*fill)(const struct scsi_unit *u, uint8_t *p);
} pages[] = {
	{0x01, DISK | CDROM, 12, recovery},
	{0x04, DISK, 24, geometry},
	{0x05, DISK, 32, flexible},
	{CACHING, DISK | CDROM, 20, caching},
	{0x0e, CDROM, 16, audio},
	{0x2a, CDROM, 22, capabilities},
};

#define PAGES (sizeof(pages) / sizeof(*pages))

static bool has_page(const struct scsi_unit *u, const struct page *page)
{
	return page->types & 1u << u->type;
}

static size_t put_page(const struct scsi_unit *u, const struct page *page,
		       enum control control, uint8_t *p)
{
	memset(p, 0, page->len);
	if (control != CHANGEABLE)
		page->fill(u, p);
	else if (page->code == CACHING)
		p[2] = WRITE_CACHE;
	p[0] = page->code;
	p[1] = (uint8_t)(page->len - 2);
	return page->len;
}

static size_t put_blocks(const struct scsi_unit *u, uint8_t *p)
{
	put_be24(p + 1, u->blocks > BLOCKS_MAX ? 0 : (uint32_t)u->blocks);
	put_be24(p + 5, (uint32_t)u->block_size);
	return BLOCK_DESC;
}

/* 6.11, 6.12: header, block descriptor, pages. */
static void put_header(const struct scsi_request *r, uint8_t *buf, size_t len,
		       size_t blocks)
{
	const struct scsi_unit *u = r->unit;
	uint8_t specific = 0;

	if (u->type == SCSI_DISK)
		specific = (uint8_t)((u->dpofua ? DPO_FUA : 0) |
				     (u->readonly ? READ_ONLY : 0));
	if (r->cdb[0] == OP_SENSE_6) {
		buf[0] = (uint8_t)(len - 1);
		buf[2] = specific;
		buf[3] = (uint8_t)blocks;
	} else {
		store_be16(buf, (uint16_t)(len - 2));
		buf[3] = specific;
		buf[7] = (uint8_t)blocks;
	}
}

void scsi_mode_sense(struct scsi_request *r)
{
	uint8_t buf[8 + BLOCK_DESC + PAGES * PAGE_MAX] = {0};
	uint8_t code = r->cdb[2] & CODE;
	enum control control = (enum control)(r->cdb[2] >> 6);
	size_t header = r->cdb[0] == OP_SENSE_6 ? 4 : 8, len = header;
	size_t i, start, blocks = 0;

	if (control == SAVED) {
		scsi_fail(r, SENSE_NOT_SAVED);
		return;
	}
	if (r->unit->type == SCSI_DISK && !(r->cdb[1] & DISABLE_BLOCKS))
		blocks = put_blocks(r->unit, buf + len);
	len += blocks;
	start = len;
	for (i = 0; i < PAGES; i++)
		if (has_page(r->unit, &pages[i]) &&
		    (code == ALL_PAGES || code == pages[i].code))
			len += put_page(r->unit, &pages[i], control, buf + len);
	if (len == start) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	put_header(r, buf, len, blocks);
	scsi_reply(r, buf, len);
}

/* Is it a page of ours, in which nothing but what may change does? */
static bool check_page(const struct scsi_unit *u, const uint8_t *p)
{
	uint8_t now[PAGE_MAX], mask[PAGE_MAX];
	size_t i, k;

	for (i = 0; i < PAGES; i++)
		if (pages[i].code == (p[0] & CODE) && has_page(u, &pages[i]))
			break;
	if (i == PAGES || p[0] & SUBPAGES || p[1] + 2 != pages[i].len)
		return false;
	put_page(u, &pages[i], CURRENT, now);
	put_page(u, &pages[i], CHANGEABLE, mask);
	for (k = 2; k < pages[i].len; k++)
		if ((p[k] ^ now[k]) & ~mask[k])
			return false;
	return true;
}

static struct scsi_sense check_pages(const struct scsi_unit *u,
				     const uint8_t *p, size_t len)
{
	size_t n;

	for (; len; p += n, len -= n) {
		n = len < 2 ? len + 1 : (size_t)p[1] + 2;
		if (n > len)
			return SENSE_LIST_LENGTH;
		if (!check_page(u, p))
			return SENSE_BAD_PARAMETER;
	}
	return SENSE_NONE;
}

static bool take_pages(const struct scsi_unit *u, const uint8_t *p, size_t len)
{
	bool off = false;
	size_t n;

	for (; len; p += n, len -= n) {
		n = (size_t)p[1] + 2;
		if ((p[0] & CODE) != CACHING)
			continue;
		off = !(p[2] & WRITE_CACHE);
		u->front->writethrough = off;
	}
	return off;
}

/* What the header says of block descriptors; SIZE_MAX: nonsense. */
static size_t skip_blocks(const uint8_t *buf, size_t header)
{
	size_t n = header == 4 ? buf[3] : load_be16(buf + 6);

	return n && n != BLOCK_DESC ? SIZE_MAX : n;
}

static void taken(struct scsi_request *r)
{
	r->moved = r->room;
	scsi_good(r);
}

static void select_pages(struct scsi_request *r, const uint8_t *p, size_t len)
{
	struct scsi_sense sense = check_pages(r->unit, p, len);

	if (sense.key)
		scsi_fail(r, sense);
	else if (take_pages(r->unit, p, len))
		scsi_flush(r, taken); /* what is in the cache, out */
	else
		taken(r);
}

void scsi_mode_select(struct scsi_request *r)
{
	size_t header = r->cdb[0] == OP_SELECT_6 ? 4 : 8, skip;
	uint8_t buf[LIST_MAX];

	if ((r->cdb[1] & (PAGE_FORMAT | SAVE_PAGES)) != PAGE_FORMAT) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	if (!r->room) {
		scsi_good(r);
		return;
	}
	if (r->room < header || r->room > sizeof(buf)) {
		scsi_fail(r, SENSE_LIST_LENGTH);
		return;
	}
	blk_iov_to_buf(r->out, (int)r->nout, 0, buf, r->room);
	skip = skip_blocks(buf, header);
	if (skip == SIZE_MAX)
		scsi_fail(r, SENSE_BAD_PARAMETER);
	else if (r->room < header + skip)
		scsi_fail(r, SENSE_LIST_LENGTH);
	else
		select_pages(r, buf + header + skip, r->room - header - skip);
}
