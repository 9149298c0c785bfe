/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATAPI CD-ROM drive: INCITS MMC-3 commands in packets, read-only.
 *
 * What all CD-ROM drives answer alike is in mmc.c.
 */
#include <errno.h>
#include <string.h>

#include "hw/ide_drive.h"
#include "vmm/endian.h"

/* SFF-8020i: the interrupt reason in the count register. */
#define REASON_COMMAND 0x01u
#define REASON_TO_HOST 0x02u
#define FEATURE_DMA    0x01u
#define IDENTIFY       512u
#define LIMIT_DEFAULT  0xfffeu

struct packet_command {
	void (*run)(struct ide_drive *d);
	uint8_t flags; /* MMC_* */
};

static const struct packet_command commands[256];

static bool has_medium(const struct ide_drive *d)
{
	return d->blk->node && !d->blk->tray_open;
}

static uint32_t sectors(const struct ide_drive *d)
{
	return (uint32_t)(blk_size(d->blk) / ATAPI_SECTOR);
}

static void look_at_medium(struct ide_drive *d)
{
	d->mmc.interface = MMC_ATAPI;
	d->mmc.present = has_medium(d);
	d->mmc.tray_open = d->blk->tray_open;
	d->mmc.sectors = sectors(d);
}

static void check_condition(struct ide_drive *d, struct scsi_sense sense)
{
	d->mmc.sense = sense;
	d->count = REASON_TO_HOST | REASON_COMMAND;
	ide_fail(d, (uint8_t)(sense.key << 4 | ATA_ABRT));
}

static void finish(struct ide_drive *d)
{
	d->mmc.sense = SENSE_NONE;
	d->count = REASON_TO_HOST | REASON_COMMAND;
	ide_done(d);
}

static void pio_next(struct ide_drive *d);

/* Shows the guest up to its limit of the len bytes that are in buf. */
static void pio_block(struct ide_drive *d, uint32_t len)
{
	uint32_t n = len < d->limit ? len : d->limit;

	d->count = REASON_TO_HOST;
	d->lba_mid = (uint8_t)n;
	d->lba_high = (uint8_t)(n >> 8);
	d->reply = len - n;
	ide_pio(d, n, false, pio_next);
	ide_raise(d);
}

static void read_more(struct ide_drive *d);

static void pio_next(struct ide_drive *d)
{
	if (d->reply) {
		memmove(d->buf, d->buf + d->len, d->reply);
		pio_block(d, d->reply);
	} else if (d->left) {
		read_more(d);
	} else {
		finish(d);
	}
}

static void dma_reply(struct ide_drive *d, uint32_t len)
{
	d->transport->dma(d, d->buf, len, true);
	if (d->left)
		read_more(d);
	else
		finish(d);
}

/* Sends len bytes of buf, but not more than the guest has room for. */
static void reply(struct ide_drive *d, uint32_t len, uint32_t room)
{
	if (len > room)
		len = room;
	d->left = 0;
	if (!len) {
		finish(d);
	} else if (d->atapi_dma) {
		d->reply = len;
		d->way = IDE_DMA;
		d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
		d->transport->dma_begin(d);
	} else {
		d->way = IDE_PIO;
		pio_block(d, len);
	}
}

void atapi_dma_run(struct ide_drive *d)
{
	if (d->left)
		read_more(d);
	else
		dma_reply(d, d->reply);
}

static void on_read(struct ide_drive *d, int rc)
{
	uint32_t n = d->left < IDE_BUFFER / d->block ? d->left
						     : IDE_BUFFER / d->block;

	if (rc < 0) {
		check_condition(d, SENSE_READ_ERROR);
		return;
	}
	d->lba += n;
	d->left -= n;
	if (d->way == IDE_DMA)
		dma_reply(d, n * d->block);
	else
		pio_block(d, n * d->block);
}

static void read_more(struct ide_drive *d)
{
	uint32_t n = d->left < IDE_BUFFER / d->block ? d->left
						     : IDE_BUFFER / d->block;

	ide_submit(d, BLK_READ, d->lba * ATAPI_SECTOR, n * d->block, on_read);
}

static void read_sectors(struct ide_drive *d, uint32_t lba, uint32_t n)
{
	if (lba > sectors(d) || n > sectors(d) - lba) {
		check_condition(d, SENSE_BAD_LBA);
		return;
	}
	if (!n) {
		finish(d);
		return;
	}
	d->lba = lba;
	d->left = n;
	d->block = ATAPI_SECTOR;
	if (d->atapi_dma) {
		d->way = IDE_DMA;
		d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
		d->transport->dma_begin(d);
	} else {
		d->way = IDE_PIO;
		read_more(d);
	}
}

static void test_unit_ready(struct ide_drive *d)
{
	finish(d);
}

static void request_sense(struct ide_drive *d)
{
	uint8_t room = d->packet[4];

	memset(d->buf, 0, 18);
	d->buf[0] = 0x70 | 0x80;
	d->buf[2] = d->mmc.sense.key;
	d->buf[7] = 10;
	d->buf[12] = d->mmc.sense.asc;
	d->buf[13] = d->mmc.sense.ascq;
	reply(d, 18, room);
}

static void pad(uint8_t *dst, size_t len, const char *text)
{
	size_t n = strlen(text);

	memset(dst, ' ', len);
	memcpy(dst, text, n < len ? n : len);
}

static void inquiry(struct ide_drive *d)
{
	memset(d->buf, 0, 36);
	d->buf[0] = 5; /* CD-ROM */
	d->buf[1] = 0x80; /* removable */
	d->buf[3] = 0x21;
	d->buf[4] = 31;
	pad(d->buf + 8, 8, "QEMU");
	pad(d->buf + 16, 16, d->model);
	pad(d->buf + 32, 4, d->firmware);
	reply(d, 36, d->packet[4]);
}

static void read_capacity(struct ide_drive *d)
{
	store_be32(d->buf, sectors(d) ? sectors(d) - 1 : 0);
	store_be32(d->buf + 4, ATAPI_SECTOR);
	reply(d, 8, 8);
}

static void read_10(struct ide_drive *d)
{
	read_sectors(d, load_be32(d->packet + 2), load_be16(d->packet + 7));
}

static void read_12(struct ide_drive *d)
{
	read_sectors(d, load_be32(d->packet + 2), load_be32(d->packet + 6));
}

static void read_cd(struct ide_drive *d)
{
	uint32_t lba;
	int64_t n = mmc_read_cd(&d->mmc, d->packet, &lba);

	if (n < 0)
		check_condition(d, d->mmc.sense);
	else
		read_sectors(d, lba, (uint32_t)n);
}

static uint32_t page_recovery(uint8_t *p)
{
	memset(p, 0, 8);
	p[0] = 0x01;
	p[1] = 6;
	p[3] = 5; /* retries */
	return 8;
}

static uint32_t page_capabilities(const struct ide_drive *d, uint8_t *p)
{
	memset(p, 0, 20);
	p[0] = 0x2a;
	p[1] = 18;
	p[2] = 0x3b; /* reads CD-R, CD-RW, DVD-ROM, DVD-R */
	p[4] = 0x70; /* mode 2 and multisession */
	p[6] = (uint8_t)(0x29 | (d->blk->locked ? 2 : 0)); /* tray, eject */
	store_be16(p + 8, 706); /* KB/s: 4 times */
	p[11] = 2;
	store_be16(p + 12, 512); /* KB of buffer */
	store_be16(p + 14, 706);
	return 20;
}

static void mode_sense_10(struct ide_drive *d)
{
	uint8_t page = d->packet[2] & 0x3f;
	uint32_t len = 8;

	if (d->packet[2] >> 6 == 3) { /* saved values: there are none */
		check_condition(d, SENSE_NOT_SAVED);
		return;
	}
	memset(d->buf, 0, 8);
	d->buf[2] = has_medium(d) ? 0x01 : 0x70;
	if (page == 0x01 || page == 0x3f)
		len += page_recovery(d->buf + len);
	if (page == 0x2a || page == 0x3f)
		len += page_capabilities(d, d->buf + len);
	if (len == 8) {
		check_condition(d, SENSE_BAD_FIELD);
		return;
	}
	store_be16(d->buf, (uint16_t)(len - 2));
	reply(d, len, load_be16(d->packet + 7));
}

static void medium_changed(void *ctx)
{
	struct ide_drive *d = ctx;

	d->mmc.media_changed = true;
	d->mmc.sense = SENSE_NONE;
}

static void medium_wanted(void *ctx)
{
	((struct ide_drive *)ctx)->mmc.medium_wanted = true;
}

const struct blk_media_ops atapi_media_ops = {.changed = medium_changed,
					      .ask = medium_wanted};

static void start_stop(struct ide_drive *d)
{
	bool eject = (d->packet[4] & 3) == 2, load = (d->packet[4] & 3) == 3;

	if (eject && d->blk->locked) {
		check_condition(d, SENSE_PREVENTED);
		return;
	}
	if (eject || load)
		blk_front_move_tray(d->m, d->blk, eject);
	finish(d);
}

static void prevent_allow(struct ide_drive *d)
{
	d->blk->locked = d->packet[4] & 1;
	finish(d);
}

static const struct packet_command commands[256] = {
	[0x00] = {test_unit_ready, MMC_MEDIUM},
	[0x03] = {request_sense, MMC_ALWAYS},
	[0x12] = {inquiry, MMC_ALWAYS},
	[0x1b] = {start_stop, 0},
	[0x1e] = {prevent_allow, 0},
	[0x25] = {read_capacity, MMC_MEDIUM},
	[0x28] = {read_10, MMC_MEDIUM},
	[0x2b] = {test_unit_ready, MMC_MEDIUM}, /* SEEK */
	[0x5a] = {mode_sense_10, 0},
	[0xa8] = {read_12, MMC_MEDIUM},
	[0xbb] = {test_unit_ready, 0}, /* SET CD SPEED */
	[0xbe] = {read_cd, MMC_MEDIUM},
};

/* A command that all CD-ROM drives answer alike. */
static void answer(struct ide_drive *d, const struct mmc_command *c)
{
	int len;

	memset(d->buf, 0, MMC_REPLY);
	len = c->run(&d->mmc, d->packet, d->buf);
	if (len < 0)
		check_condition(d, d->mmc.sense);
	else
		reply(d, (uint32_t)len, load_be16(d->packet + c->room));
}

static void packet_received(struct ide_drive *d)
{
	const struct mmc_command *shared;
	const struct packet_command *own;
	uint8_t flags;

	memcpy(d->packet, d->buf, sizeof(d->packet));
	d->status = ATA_BSY;
	own = &commands[d->packet[0]];
	shared = mmc_find(d->packet[0]);
	if (!own->run && !shared) {
		check_condition(d, SENSE_BAD_OPCODE);
		return;
	}
	look_at_medium(d);
	flags = shared ? shared->flags : own->flags;
	if (d->mmc.media_changed && d->mmc.present && !(flags & MMC_ALWAYS)) {
		d->mmc.media_changed = false;
		check_condition(d, SENSE_MEDIUM_CHANGED);
	} else if (flags & MMC_MEDIUM && !d->mmc.present) {
		check_condition(d, SENSE_NO_MEDIUM);
	} else if (shared) {
		answer(d, shared);
	} else {
		own->run(d);
	}
}

void atapi_packet_begin(struct ide_drive *d)
{
	d->atapi_dma = d->feature & FEATURE_DMA;
	d->limit = (uint32_t)d->lba_high << 8 | d->lba_mid;
	if (!d->limit || d->limit == UINT16_MAX)
		d->limit = LIMIT_DEFAULT;
	d->limit &= ~1u; /* an odd limit cannot be met by words */
	if (!d->limit)
		d->limit = 2;
	d->reply = d->left = 0;
	d->way = IDE_NO_DATA;
	d->count = REASON_COMMAND;
	ide_pio(d, ATAPI_PACKET, true, packet_received);
}

static void put(uint8_t *id, unsigned word, uint16_t val)
{
	store_le16(id + 2 * word, val);
}

/* ATA/ATAPI-6, 8.17. */
void atapi_identify(struct ide_drive *d)
{
	uint8_t *id = d->buf;

	memset(id, 0, IDENTIFY);
	put(id, 0, 0x85c0); /* ATAPI, CD-ROM, removable, DRQ in 50 us */
	ide_put_string(id + 20, 20, d->serial);
	put(id, 20, 3);
	put(id, 21, BLK_SECTOR);
	put(id, 22, 4);
	ide_put_string(id + 46, 8, d->firmware);
	ide_put_string(id + 54, 40, d->model);
	put(id, 48, 1);
	put(id, 49, 1 << 9 | 1 << 8); /* LBA, DMA */
	put(id, 53, 7);
	put(id, 62, 7);
	put(id, 63, 7);
	put(id, 64, 3);
	put(id, 65, 180);
	put(id, 66, 180);
	put(id, 67, 300);
	put(id, 68, 180);
	put(id, 71, 30);
	put(id, 72, 30);
	put(id, 80, 0x1e);
	put(id, 88, 0x3f | 1 << 13);
	ide_pio(d, IDENTIFY, false, ide_end_pio);
	ide_raise(d);
}

void atapi_restore_steps(struct ide_drive *d)
{
	d->wish.then = on_read;
	d->block_done = d->writing ? packet_received : pio_next;
}
