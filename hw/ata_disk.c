/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an IDE hard disk does: ATA/ATAPI-6 (T13/1410D), clause 8. */
#include <errno.h>
#include <string.h>

#include "hw/ata_ncq.h"
#include "vmm/endian.h"

#define LBA28_MAX	  (UINT64_C(1) << 28)
#define IDENTIFY	  512u

#define FEATURE_CACHE_ON  0x02u
#define FEATURE_CACHE_OFF 0x82u

/* What drive kinds know a command. */
enum { DISK = 1, CDROM = 2 };

enum { WRITE = 1, EXT = 2, MULTIPLE = 4, USE_DMA = 8 };

struct command {
	void (*run)(struct ide_drive *d);
	uint8_t kinds, flags;
};

static const struct command commands[256];

static void set_lba(struct ide_drive *d, uint64_t lba)
{
	if (d->ext) {
		d->hob_low = (uint8_t)(lba >> 24);
		d->hob_mid = (uint8_t)(lba >> 32);
		d->hob_high = (uint8_t)(lba >> 40);
	} else {
		d->device = (uint8_t)((d->device & 0xf0) | (lba >> 24 & 0xf));
	}
	d->lba_low = (uint8_t)lba;
	d->lba_mid = (uint8_t)(lba >> 8);
	d->lba_high = (uint8_t)(lba >> 16);
}

static uint64_t chs_to_lba(const struct ide_drive *d)
{
	uint64_t cylinder = d->lba_high << 8 | d->lba_mid;

	if (!d->lba_low)
		return UINT64_MAX; /* sectors are numbered from 1 */
	return (cylinder * d->heads + (d->device & 0xf)) * d->sectors +
	       d->lba_low - 1;
}

/* Where and how much; false when it is not on the disk. */
static bool take_address(struct ide_drive *d)
{
	uint64_t sectors = blk_size(d->blk) / BLK_SECTOR;

	if (d->ext) {
		d->lba = (uint64_t)d->hob_high << 40 |
			 (uint64_t)d->hob_mid << 32 |
			 (uint64_t)d->hob_low << 24 |
			 (uint64_t)d->lba_high << 16 |
			 (uint64_t)d->lba_mid << 8 | d->lba_low;
		d->left = (uint32_t)(d->hob_count << 8 | d->count);
		d->left = d->left ? d->left : 65536;
	} else {
		d->lba = d->device & ATA_DEV_LBA
				 ? (uint64_t)(d->device & 0xf) << 24 |
					   (uint64_t)d->lba_high << 16 |
					   (uint64_t)d->lba_mid << 8 |
					   d->lba_low
				 : chs_to_lba(d);
		d->left = d->count ? d->count : 256;
	}
	return d->lba < sectors && d->left <= sectors - d->lba;
}

static uint32_t chunk(const struct ide_drive *d, uint32_t most)
{
	return d->left < most ? d->left : most;
}

static void moved(struct ide_drive *d, uint32_t sectors)
{
	d->lba += sectors;
	d->left -= sectors;
}

static uint8_t error_of(int rc)
{
	return rc == -EPERM || rc == -EROFS ? ATA_ABRT : ATA_UNC;
}

static void read_next(struct ide_drive *d);

static void on_read(struct ide_drive *d, int rc)
{
	uint32_t n = chunk(d, d->multiple);

	if (rc < 0) {
		set_lba(d, d->lba);
		ide_fail(d, error_of(rc));
		return;
	}
	moved(d, n);
	ide_pio(d, n * BLK_SECTOR, false, read_next);
	ide_raise(d);
}

static void read_next(struct ide_drive *d)
{
	if (!d->left) { /* the last block needs no interrupt of its own */
		d->way = IDE_NO_DATA;
		d->status = ATA_DRDY | ATA_DSC;
		return;
	}
	ide_submit(d, BLK_READ, d->lba * BLK_SECTOR,
		   chunk(d, d->multiple) * BLK_SECTOR, on_read);
}

static void write_next(struct ide_drive *d);

static void on_written(struct ide_drive *d, int rc)
{
	if (rc < 0) {
		set_lba(d, d->lba);
		ide_fail(d, error_of(rc));
		return;
	}
	moved(d, chunk(d, d->multiple));
	if (!d->left) {
		ide_done(d);
		return;
	}
	ide_pio(d, chunk(d, d->multiple) * BLK_SECTOR, true, write_next);
	ide_raise(d);
}

static void write_next(struct ide_drive *d)
{
	ide_submit(d, BLK_WRITE, d->lba * BLK_SECTOR, d->len, on_written);
}

static void on_dma_read(struct ide_drive *d, int rc)
{
	uint32_t n = chunk(d, IDE_BUFFER / BLK_SECTOR);

	if (rc < 0) {
		set_lba(d, d->lba);
		ide_fail(d, error_of(rc));
		return;
	}
	/* A table that is too short ends the transfer in the middle. */
	if (d->transport->dma(d, d->buf, n * BLK_SECTOR, true) <
	    n * BLK_SECTOR) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	moved(d, n);
	if (d->left)
		ata_dma_run(d);
	else
		ide_done(d);
}

static void on_dma_written(struct ide_drive *d, int rc)
{
	if (rc < 0) {
		set_lba(d, d->lba);
		ide_fail(d, error_of(rc));
		return;
	}
	moved(d, chunk(d, IDE_BUFFER / BLK_SECTOR));
	if (d->left)
		ata_dma_run(d);
	else
		ide_done(d);
}

void ata_dma_run(struct ide_drive *d)
{
	uint32_t len = chunk(d, IDE_BUFFER / BLK_SECTOR) * BLK_SECTOR;

	if (d->command == ATA_CMD_DATA_SET_MANAGEMENT) {
		ata_trim_run(d);
		return;
	}
	if (!d->writing) {
		ide_submit(d, BLK_READ, d->lba * BLK_SECTOR, len, on_dma_read);
		return;
	}
	if (d->transport->dma(d, d->buf, len, false) < len)
		ide_fail(d, ATA_ABRT);
	else
		ide_submit(d, BLK_WRITE, d->lba * BLK_SECTOR, len,
			   on_dma_written);
}

static void transfer(struct ide_drive *d)
{
	const struct command *c = &commands[d->command];

	if (!take_address(d)) {
		ide_fail(d, ATA_IDNF);
		return;
	}
	if ((c->flags & MULTIPLE) && !d->set_multiple) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->multiple = c->flags & MULTIPLE ? d->set_multiple : 1;
	d->writing = c->flags & WRITE;
	d->way = c->flags & USE_DMA ? IDE_DMA : IDE_PIO;
	if (d->way == IDE_DMA) {
		d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
		d->transport->dma_begin(d);
	} else if (d->writing) {
		ide_pio(d, chunk(d, d->multiple) * BLK_SECTOR, true,
			write_next);
	} else {
		read_next(d);
	}
}

static void verify(struct ide_drive *d)
{
	if (take_address(d))
		ide_done(d);
	else
		ide_fail(d, ATA_IDNF);
}

static void on_flushed(struct ide_drive *d, int rc)
{
	if (rc < 0)
		ide_fail(d, ATA_ABRT);
	else
		ide_done(d);
}

static void flush(struct ide_drive *d)
{
	ide_submit(d, BLK_FLUSH, 0, 0, on_flushed);
}

static void put(uint8_t *id, unsigned word, uint16_t val)
{
	store_le16(id + 2 * word, val);
}

static void put32(uint8_t *id, unsigned word, uint32_t val)
{
	store_le32(id + 2 * word, val);
}

/* 8.16: the words of IDENTIFY DEVICE. */
static void fill_identify(struct ide_drive *d)
{
	uint64_t sectors = blk_size(d->blk) / BLK_SECTOR;
	uint32_t chs = (uint32_t)d->cylinders * d->heads * d->sectors;
	uint32_t lba28 =
		(uint32_t)(sectors < LBA28_MAX ? sectors : LBA28_MAX - 1);
	uint8_t *id = d->buf;

	memset(id, 0, IDENTIFY);
	put(id, 0, 0x0040); /* fixed disk */
	put(id, 1, d->cylinders);
	put(id, 3, d->heads);
	put(id, 4, (uint16_t)(BLK_SECTOR * d->sectors));
	put(id, 5, BLK_SECTOR);
	put(id, 6, d->sectors);
	ide_put_string(id + 20, 20, d->serial);
	put(id, 20, 3);
	put(id, 21, BLK_SECTOR); /* buffer, in sectors */
	put(id, 22, 4);
	ide_put_string(id + 46, 8, d->firmware);
	ide_put_string(id + 54, 40, d->model);
	put(id, 47, 0x8000 | ATA_MULTIPLE_MAX);
	put(id, 48, 1); /* 32-bit transfers */
	put(id, 49, 1 << 11 | 1 << 9 | 1 << 8); /* IORDY, LBA, DMA */
	put(id, 51, 0x200);
	put(id, 52, 0x200);
	put(id, 53, 1 | 1 << 1 | 1 << 2);
	put(id, 54, d->cylinders);
	put(id, 55, d->heads);
	put(id, 56, d->sectors);
	put32(id, 57, chs);
	put(id, 59, d->set_multiple ? 0x100 | d->set_multiple : 0);
	put32(id, 60, lba28);
	put(id, 62, 0x07);
	put(id, 63, 0x07); /* multiword DMA 0 to 2 */
	put(id, 64, 0x03); /* PIO 3 and 4 */
	put(id, 65, 120);
	put(id, 66, 120);
	put(id, 67, 120);
	put(id, 68, 120);
	if (d->ncq) { /* that is, on Serial ATA */
		put(id, 75, ATA_NCQ_TAGS - 1);
		put(id, 76, 1 << 8 | 1 << 1); /* queues, 1.5 Gb/s */
	}
	put(id, 80, 0xf0); /* ATA-4 to ATA-7 */
	put(id, 81, 0x16);
	put(id, 82, 1 << 14 | 1 << 5 | 1); /* NOP, cache, SMART */
	put(id, 83, 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10); /* flush, LBA48 */
	put(id, 84, (uint16_t)(1 << 14 | (d->ncq ? 1 << 5 : 0))); /* logs */
	put(id, 85,
	    (uint16_t)(1 << 14 | !d->blk->writethrough << 5 | !d->smart_off));
	put(id, 86, 1 << 13 | 1 << 12 | 1 << 10);
	put(id, 87, (uint16_t)(1 << 14 | (d->ncq ? 1 << 5 : 0)));
	put(id, 88, 0x3f | 1 << 13); /* UDMA 0 to 5, 5 chosen */
	if (!d->ncq)
		put(id, 93, 1 | 1 << 14 | 0x2000);
	store_le64(id + 200, sectors);
	put(id, 106, 3 << 13); /* physical sectors are as long */
	put(id, 169, 1); /* TRIM */
}

static void identify(struct ide_drive *d)
{
	if (d->cdrom) { /* it says what it is, and aborts */
		ide_signature(d);
		ide_fail(d, ATA_ABRT);
		return;
	}
	fill_identify(d);
	ide_pio(d, IDENTIFY, false, ide_end_pio);
	ide_raise(d);
}

static void set_multiple(struct ide_drive *d)
{
	if (d->count > ATA_MULTIPLE_MAX || (d->count & (d->count - 1))) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->set_multiple = d->count;
	ide_done(d);
}

/* 8.46: transfer modes and read-ahead cost nothing to accept. */
static void set_features(struct ide_drive *d)
{
	static const uint8_t known[] = {0x02, 0x03, 0x05, 0x42, 0x55,
					0x66, 0x67, 0x69, 0x82, 0x85,
					0x96, 0x9a, 0xaa, 0xc2, 0xcc};

	if (!memchr(known, d->feature, sizeof(known))) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	if (d->feature == FEATURE_CACHE_ON)
		d->blk->writethrough = false;
	if (d->feature != FEATURE_CACHE_OFF) {
		ide_done(d);
		return;
	}
	d->blk->writethrough = true;
	flush(d); /* what is in it, out */
}

void ata_diagnose(struct ide_drive *d)
{
	ide_signature(d);
	d->status = d->cdrom ? 0 : ATA_DRDY | ATA_DSC;
	d->error = 1;
}

static void diagnose(struct ide_drive *d)
{
	ata_diagnose(d);
	ide_raise(d);
}

static void init_parameters(struct ide_drive *d)
{
	if (!d->count) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->sectors = d->count;
	d->heads = (uint16_t)((d->device & 0xf) + 1);
	ide_done(d);
}

static void check_power(struct ide_drive *d)
{
	d->count = 0xff; /* active */
	ide_done(d);
}

static void read_native_max(struct ide_drive *d)
{
	uint64_t last = blk_size(d->blk) / BLK_SECTOR;

	last = last ? last - 1 : 0;
	if (!d->ext && last >= LBA28_MAX)
		last = LBA28_MAX - 1;
	set_lba(d, last);
	ide_done(d);
}

static void device_reset(struct ide_drive *d)
{
	ide_forget_io(d);
	d->way = IDE_NO_DATA;
	d->block_done = NULL;
	ide_signature(d);
	d->error = 1;
	d->status = 0; /* no interrupt */
}

static const struct command commands[256] = {
	[ATA_CMD_DATA_SET_MANAGEMENT] = {ata_trim, DISK, WRITE | EXT | USE_DMA},
	[ATA_CMD_DEVICE_RESET] = {device_reset, CDROM, 0},
	[0x20] = {transfer, DISK, 0},
	[0x21] = {transfer, DISK, 0},
	[0x24] = {transfer, DISK, EXT},
	[0x25] = {transfer, DISK, EXT | USE_DMA},
	[0x27] = {read_native_max, DISK, EXT},
	[0x29] = {transfer, DISK, EXT | MULTIPLE},
	[0x2f] = {ata_read_log, DISK, EXT},
	[0x30] = {transfer, DISK, WRITE},
	[0x31] = {transfer, DISK, WRITE},
	[0x34] = {transfer, DISK, WRITE | EXT},
	[0x35] = {transfer, DISK, WRITE | EXT | USE_DMA},
	[0x39] = {transfer, DISK, WRITE | EXT | MULTIPLE},
	[0x3c] = {transfer, DISK, WRITE}, /* WRITE VERIFY */
	[0x40] = {verify, DISK, 0},
	[0x41] = {verify, DISK, 0},
	[0x42] = {verify, DISK, EXT},
	[0x70] = {ide_done, DISK, 0}, /* SEEK */
	[ATA_CMD_DIAGNOSE] = {diagnose, DISK | CDROM, 0},
	[0x91] = {init_parameters, DISK, 0},
	/* As ATA-3 still had them. */
	[0x94] = {ide_done, DISK | CDROM, 0}, /* STANDBY IMMEDIATE */
	[0x95] = {ide_done, DISK | CDROM, 0}, /* IDLE IMMEDIATE */
	[0x96] = {ide_done, DISK | CDROM, 0}, /* STANDBY */
	[0x97] = {ide_done, DISK | CDROM, 0}, /* IDLE */
	[0x98] = {check_power, DISK | CDROM, 0},
	[0x99] = {ide_done, DISK | CDROM, 0}, /* SLEEP */
	[ATA_CMD_PACKET] = {atapi_packet_begin, CDROM, 0},
	[0xa1] = {atapi_identify, CDROM, 0},
	[0xb0] = {ata_smart, DISK, 0},
	[0xc4] = {transfer, DISK, MULTIPLE},
	[0xc5] = {transfer, DISK, WRITE | MULTIPLE},
	[0xc6] = {set_multiple, DISK, 0},
	[0xc8] = {transfer, DISK, USE_DMA},
	[0xc9] = {transfer, DISK, USE_DMA},
	[0xca] = {transfer, DISK, WRITE | USE_DMA},
	[0xcb] = {transfer, DISK, WRITE | USE_DMA},
	[0xe0] = {ide_done, DISK | CDROM, 0}, /* STANDBY IMMEDIATE */
	[0xe1] = {ide_done, DISK | CDROM, 0}, /* IDLE IMMEDIATE */
	[0xe2] = {ide_done, DISK | CDROM, 0}, /* STANDBY */
	[0xe3] = {ide_done, DISK | CDROM, 0}, /* IDLE */
	[0xe5] = {check_power, DISK | CDROM, 0},
	[0xe6] = {ide_done, DISK | CDROM, 0}, /* SLEEP */
	[0xe7] = {flush, DISK, 0},
	[0xea] = {flush, DISK, 0},
	[0xec] = {identify, DISK | CDROM, 0},
	[0xef] = {set_features, DISK | CDROM, 0},
	[0xf5] = {ide_done, DISK, 0}, /* SECURITY FREEZE LOCK: none to lock */
	[0xf8] = {read_native_max, DISK, 0},
};

void ata_command(struct ide_drive *d)
{
	const struct command *c = &commands[d->command];

	if (!c->run || !(c->kinds & (d->cdrom ? CDROM : DISK))) {
		/* 0x10 to 0x1f are RECALIBRATE. */
		if (!d->cdrom && (d->command & 0xf0) == 0x10)
			ide_done(d);
		else
			ide_fail(d, ATA_ABRT);
		return;
	}
	d->ext = c->flags & EXT;
	c->run(d);
}

static void transfer_steps(struct ide_drive *d)
{
	if (d->way == IDE_DMA)
		d->wish.then = d->writing ? on_dma_written : on_dma_read;
	else
		d->wish.then = d->writing ? on_written : on_read;
	d->block_done = d->writing ? write_next : read_next;
	if (!d->multiple)
		d->multiple = 1;
}

void ata_restore_steps(struct ide_drive *d)
{
	const struct command *c = &commands[d->command];

	if (c->run == atapi_packet_begin) {
		atapi_restore_steps(d);
	} else if (c->run == ata_trim) {
		ata_trim_restore(d);
	} else if (c->run == transfer) {
		transfer_steps(d);
	} else {
		d->wish.then = on_flushed;
		d->block_done = ide_end_pio;
	}
}
