/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATAPI CD-ROM drive: INCITS MMC-3 commands in packets, read-only.
 *
 * Not modelled: audio, sessions other than the first, region codes.
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
#define FRAMES	       75u
#define MSF_OFFSET     150u
#define LEADOUT	       0xaau
#define LIMIT_DEFAULT  0xfffeu

enum sense {
	SENSE_NONE = 0,
	SENSE_NOT_READY = 2,
	SENSE_MEDIUM = 3,
	SENSE_ILLEGAL = 5,
	SENSE_ATTENTION = 6
};
enum asc {
	ASC_READ_ERROR = 0x11,
	ASC_BAD_OPCODE = 0x20,
	ASC_BAD_LBA = 0x21,
	ASC_BAD_FIELD = 0x24,
	ASC_MEDIUM_CHANGED = 0x28,
	ASC_NO_MEDIUM = 0x3a,
	ASC_PREVENTED = 0x53,
};

/* MMC-6, table 340: what GET EVENT STATUS NOTIFICATION says of the medium. */
enum media_event {
	EVENT_NONE = 0,
	EVENT_EJECT_REQUEST = 1,
	EVENT_NEW_MEDIUM = 2,
	EVENT_MEDIUM_REMOVAL = 3,
};

/* Needs a medium; may run while a change waits to be reported. */
enum { MEDIUM = 1, ALWAYS = 2 };

struct packet_command {
	void (*run)(struct ide_drive *d);
	uint8_t flags;
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

static void check_condition(struct ide_drive *d, enum sense sense, enum asc asc)
{
	d->sense = sense;
	d->asc = asc;
	d->ascq = 0;
	d->count = REASON_TO_HOST | REASON_COMMAND;
	ide_fail(d, (uint8_t)(sense << 4 | ATA_ABRT));
}

static void finish(struct ide_drive *d)
{
	d->sense = d->asc = d->ascq = 0;
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
		check_condition(d, SENSE_MEDIUM, ASC_READ_ERROR);
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
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_LBA);
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
	d->buf[2] = d->sense;
	d->buf[7] = 10;
	d->buf[12] = d->asc;
	d->buf[13] = d->ascq;
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

/* User data only: the raw frames are not in an ISO image. */
static void read_cd(struct ide_drive *d)
{
	uint32_t n = (uint32_t)d->packet[6] << 16 | load_be16(d->packet + 7);
	uint8_t what = d->packet[9] & 0xf8;

	if (!what)
		finish(d);
	else if (what == 0x10)
		read_sectors(d, load_be32(d->packet + 2), n);
	else
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
}

static void put_position(uint8_t *dst, uint32_t lba, bool msf)
{
	if (!msf) {
		store_be32(dst, lba);
		return;
	}
	lba += MSF_OFFSET;
	dst[0] = 0;
	dst[1] = (uint8_t)(lba / FRAMES / 60);
	dst[2] = (uint8_t)(lba / FRAMES % 60);
	dst[3] = (uint8_t)(lba % FRAMES);
}

static uint32_t put_track(uint8_t *dst, uint8_t number, uint32_t lba, bool msf)
{
	memset(dst, 0, 8);
	dst[1] = 0x14; /* a data track */
	dst[2] = number;
	put_position(dst + 4, lba, msf);
	return 8;
}

static uint32_t toc_tracks(struct ide_drive *d, bool msf, uint8_t first)
{
	uint32_t len = 4;

	d->buf[2] = d->buf[3] = 1;
	if (first <= 1)
		len += put_track(d->buf + len, 1, 0, msf);
	len += put_track(d->buf + len, LEADOUT, sectors(d), msf);
	return len;
}

static uint32_t toc_raw(struct ide_drive *d, bool msf)
{
	static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};
	uint32_t len = 4, i;

	d->buf[2] = d->buf[3] = 1;
	for (i = 0; i < sizeof(points); i++, len += 11) {
		uint8_t *e = d->buf + len;

		memset(e, 0, 11);
		e[0] = 1;
		e[1] = 0x14;
		e[3] = points[i];
		if (points[i] == 0xa0 || points[i] == 0xa1)
			e[8] = 1;
		else
			put_position(e + 7, points[i] == 0xa2 ? sectors(d) : 0,
				     msf);
	}
	return len;
}

static void read_toc(struct ide_drive *d)
{
	bool msf = d->packet[1] & 2;
	uint8_t format = d->packet[2] & 0xf, first = d->packet[6];
	uint32_t len;

	if (!format)
		format = d->packet[9] >> 6;
	switch (format) {
	case 0:
		if (first > 1 && first != LEADOUT) {
			check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
			return;
		}
		len = toc_tracks(d, msf, first);
		break;
	case 1: /* sessions: one, that begins with track 1 */
		memset(d->buf, 0, 12);
		d->buf[2] = d->buf[3] = 1;
		len = 4 + put_track(d->buf + 4, 1, 0, msf);
		break;
	case 2:
		len = toc_raw(d, msf);
		break;
	default:
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	store_be16(d->buf, (uint16_t)(len - 2));
	reply(d, len, load_be16(d->packet + 7));
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
		check_condition(d, SENSE_ILLEGAL, (enum asc)0x39);
		return;
	}
	memset(d->buf, 0, 8);
	d->buf[2] = has_medium(d) ? 0x01 : 0x70;
	if (page == 0x01 || page == 0x3f)
		len += page_recovery(d->buf + len);
	if (page == 0x2a || page == 0x3f)
		len += page_capabilities(d, d->buf + len);
	if (len == 8) {
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	store_be16(d->buf, (uint16_t)(len - 2));
	reply(d, len, load_be16(d->packet + 7));
}

enum { PROFILE_CD = 8, PROFILE_DVD = 0x10 };
#define CD_MAX_SECTORS 0x57e3fu /* more than that is a DVD */

static unsigned profile(const struct ide_drive *d)
{
	if (!has_medium(d))
		return 0;
	return sectors(d) > CD_MAX_SECTORS ? PROFILE_DVD : PROFILE_CD;
}

static void get_configuration(struct ide_drive *d)
{
	unsigned current = profile(d);
	uint8_t *p = d->buf;

	if ((d->packet[1] & 3) == 3 || (d->packet[1] & 2)) {
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	memset(p, 0, 40);
	store_be32(p, 36);
	store_be16(p + 6, (uint16_t)current);
	p[10] = 0x03; /* profile list: persistent, current */
	p[11] = 8;
	store_be16(p + 12, PROFILE_DVD);
	p[14] = current == PROFILE_DVD;
	store_be16(p + 16, PROFILE_CD);
	p[18] = current == PROFILE_CD;
	store_be16(p + 20, 1); /* core */
	p[22] = 0x08 | 0x03;
	p[23] = 8;
	store_be32(p + 24, 2); /* ATAPI */
	p[28] = 1;
	store_be16(p + 32, 3); /* removable medium */
	p[34] = 0x08 | 0x03;
	p[35] = 4;
	p[36] = 0x39; /* tray, eject, lock */
	reply(d, 40, load_be16(d->packet + 7));
}

static void get_event_status(struct ide_drive *d)
{
	bool media = d->packet[4] & 0x10;

	if (!(d->packet[1] & 1)) { /* only polling */
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	memset(d->buf, 0, 8);
	d->buf[3] = 0x10; /* media events are what there is */
	if (!media) {
		d->buf[1] = 2;
		d->buf[2] = 0x80;
		reply(d, 4, load_be16(d->packet + 7));
		return;
	}
	d->buf[1] = 6;
	d->buf[2] = 4;
	d->buf[4] = d->medium_wanted	? EVENT_EJECT_REQUEST
		    : !d->media_changed ? EVENT_NONE
		    : has_medium(d)	? EVENT_NEW_MEDIUM
					: EVENT_MEDIUM_REMOVAL;
	d->medium_wanted = false;
	d->buf[5] = (uint8_t)((d->blk->tray_open ? 1 : 0) |
			      (has_medium(d) ? 2 : 0));
	d->media_changed = false;
	reply(d, 8, load_be16(d->packet + 7));
}

static void medium_changed(void *ctx)
{
	struct ide_drive *d = ctx;

	d->media_changed = true;
	d->sense = d->asc = d->ascq = 0;
}

static void medium_wanted(void *ctx)
{
	((struct ide_drive *)ctx)->medium_wanted = true;
}

const struct blk_media_ops atapi_media_ops = {.changed = medium_changed,
					      .ask = medium_wanted};

static void start_stop(struct ide_drive *d)
{
	bool eject = (d->packet[4] & 3) == 2, load = (d->packet[4] & 3) == 3;

	if (eject && d->blk->locked) {
		check_condition(d, SENSE_ILLEGAL, ASC_PREVENTED);
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

static void mechanism_status(struct ide_drive *d)
{
	memset(d->buf, 0, 8);
	d->buf[5] = 1; /* one slot */
	reply(d, 8, load_be16(d->packet + 8));
}

static void read_disc_information(struct ide_drive *d)
{
	memset(d->buf, 0, 34);
	d->buf[1] = 32;
	d->buf[2] = 0x0e; /* complete, finalised */
	d->buf[3] = d->buf[4] = d->buf[5] = d->buf[6] = 1;
	d->buf[7] = 0x20; /* unrestricted use */
	reply(d, 34, load_be16(d->packet + 7));
}

static const struct packet_command commands[256] = {
	[0x00] = {test_unit_ready, MEDIUM},
	[0x03] = {request_sense, ALWAYS},
	[0x12] = {inquiry, ALWAYS},
	[0x1b] = {start_stop, 0},
	[0x1e] = {prevent_allow, 0},
	[0x25] = {read_capacity, MEDIUM},
	[0x28] = {read_10, MEDIUM},
	[0x2b] = {test_unit_ready, MEDIUM}, /* SEEK */
	[0x43] = {read_toc, MEDIUM},
	[0x46] = {get_configuration, ALWAYS},
	[0x4a] = {get_event_status, ALWAYS},
	[0x51] = {read_disc_information, MEDIUM},
	[0x5a] = {mode_sense_10, 0},
	[0xa8] = {read_12, MEDIUM},
	[0xbb] = {test_unit_ready, 0}, /* SET CD SPEED */
	[0xbd] = {mechanism_status, ALWAYS},
	[0xbe] = {read_cd, MEDIUM},
};

static void packet_received(struct ide_drive *d)
{
	const struct packet_command *c;

	memcpy(d->packet, d->buf, sizeof(d->packet));
	d->status = ATA_BSY;
	c = &commands[d->packet[0]];
	if (!c->run) {
		check_condition(d, SENSE_ILLEGAL, ASC_BAD_OPCODE);
		return;
	}
	if (d->media_changed && has_medium(d) && !(c->flags & ALWAYS)) {
		d->media_changed = false;
		check_condition(d, SENSE_ATTENTION, ASC_MEDIUM_CHANGED);
		return;
	}
	if ((c->flags & MEDIUM) && !has_medium(d)) {
		check_condition(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
		return;
	}
	c->run(d);
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

static void end_identify(struct ide_drive *d)
{
	d->status = ATA_DRDY | ATA_DSC;
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
	ide_pio(d, IDENTIFY, false, end_identify);
	ide_raise(d);
}
