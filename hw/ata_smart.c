/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMART (ATA8-ACS, 7.52): a disk that is always well.  Self-tests pass at
 * once; the last of them are in their log.
 */
#include <string.h>

#include "hw/ide_drive.h"
#include "vmm/endian.h"

/* What the LBA registers must hold. */
#define KEY_MID	 0x4fu
#define KEY_HIGH 0xc2u

enum subcommand {
	READ_DATA = 0xd0,
	READ_THRESHOLDS = 0xd1,
	AUTOSAVE = 0xd2,
	EXECUTE_TEST = 0xd4,
	READ_LOG = 0xd5,
	ENABLE = 0xd8,
	DISABLE = 0xd9,
	RETURN_STATUS = 0xda
};

#define AUTOSAVE_ON 0xf1u

enum log { LOG_DIRECTORY = 0, LOG_ERRORS = 1, LOG_TESTS = 6 };

/* 7.52.6.2: the bytes of READ DATA. */
enum data {
	DATA_ATTRIBUTES = 2,
	DATA_COLLECTION = 362, /* off-line */
	DATA_SECONDS = 364,
	DATA_OFFLINE = 367,
	DATA_CAPABILITY = 368,
	DATA_ERROR_LOG = 370,
	DATA_SHORT_MINUTES = 372,
	DATA_LONG_MINUTES = 373,
	DATA_CHECKSUM = 511
};

#define REVISION	   1u
#define ATTRIBUTE_SIZE	   12u
#define COLLECTION_DONE	   0x82u /* and goes on by itself */
#define COLLECTION_SECONDS 1u
#define OFFLINE_TESTS	   0x11u /* off-line, and self-tests */
#define CAPABILITY_SAVES   0x0003u
#define TEST_MINUTES	   1u
#define TEST_ENTRY	   24u
#define TESTS_NEWEST	   508u

/* Flags: 1 it warns of failure, 2 kept up to date, 0x10 counts events. */
struct attribute {
	uint8_t id, flags, value, threshold, raw;
};

static const struct attribute attributes[] = {
	{1, 0x03, 100, 6, 0}, /* read errors */
	{3, 0x03, 100, 0, 16}, /* spin-up time */
	{4, 0x02, 100, 20, 100}, /* starts and stops */
	{5, 0x03, 100, 36, 0}, /* sectors put elsewhere */
	{9, 0x03, 100, 0, 1}, /* hours */
	{12, 0x03, 100, 0, 0}, /* power cycles */
	{190, 0x03, 69, 50, 31}, /* temperature */
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

static void put_checksum(uint8_t *page)
{
	uint8_t sum = 0;
	unsigned i;

	for (i = 0; i < DATA_CHECKSUM; i++)
		sum = (uint8_t)(sum + page[i]);
	page[DATA_CHECKSUM] = (uint8_t)-sum;
}

static bool fill_data(struct ide_drive *d)
{
	uint8_t *page = d->buf, *e = page + DATA_ATTRIBUTES;
	const struct attribute *a;

	store_le16(page, REVISION);
	for (a = attributes; a < attributes + ATTRIBUTES; a++) {
		e[0] = a->id;
		store_le16(e + 1, a->flags);
		e[3] = e[4] = a->value; /* now, and at worst */
		e[5] = a->raw;
		e += ATTRIBUTE_SIZE;
	}
	page[DATA_COLLECTION] = COLLECTION_DONE;
	store_le16(page + DATA_SECONDS, COLLECTION_SECONDS);
	page[DATA_OFFLINE] = OFFLINE_TESTS;
	store_le16(page + DATA_CAPABILITY, CAPABILITY_SAVES);
	page[DATA_ERROR_LOG] = 1;
	page[DATA_SHORT_MINUTES] = page[DATA_LONG_MINUTES] = TEST_MINUTES;
	return true;
}

static bool fill_thresholds(struct ide_drive *d)
{
	uint8_t *e = d->buf + DATA_ATTRIBUTES;
	const struct attribute *a;

	store_le16(d->buf, REVISION);
	for (a = attributes; a < attributes + ATTRIBUTES; a++) {
		e[0] = a->id;
		e[1] = a->threshold;
		e += ATTRIBUTE_SIZE;
	}
	return true;
}

/* The newest is where the next but one would be. */
static void fill_tests(const struct ide_drive *d)
{
	unsigned i;

	store_le16(d->buf, REVISION);
	for (i = 0; i < d->smart_tests && i < IDE_SMART_TESTS; i++) {
		uint8_t *e = d->buf + 2 + i * TEST_ENTRY;

		e[0] = d->smart_test[i];
		e[2] = 1; /* hours, as the attribute has them */
	}
	if (d->smart_tests)
		d->buf[TESTS_NEWEST] =
			(uint8_t)((d->smart_tests - 1) % IDE_SMART_TESTS + 1);
}

static bool fill_log(struct ide_drive *d)
{
	switch (d->lba_low) {
	case LOG_DIRECTORY:
		store_le16(d->buf, REVISION);
		d->buf[2 * LOG_ERRORS] = d->buf[2 * LOG_TESTS] = 1;
		return true;
	case LOG_ERRORS:
		d->buf[0] = REVISION; /* none */
		return true;
	case LOG_TESTS:
		fill_tests(d);
		return true;
	default:
		return false;
	}
}

static void side_end_pio(struct ide_drive *d, bool (*fill)(struct ide_drive *d))
{
	memset(d->buf, 0, BLK_SECTOR);
	if (!fill(d)) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	/* The directory of logs alone has none. */
	if (d->feature != READ_LOG || d->lba_low != LOG_DIRECTORY)
		put_checksum(d->buf);
	ide_pio(d, BLK_SECTOR, false, ide_end_pio);
	ide_raise(d);
}

/* Off-line collection, or a self-test: short, extended, captive or not. */
static void run_test(struct ide_drive *d)
{
	static const uint8_t known[] = {0, 1, 2, 0x81, 0x82};
	unsigned at = d->smart_tests % IDE_SMART_TESTS;

	if (!memchr(known, d->lba_low, sizeof(known))) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	if (d->lba_low) {
		d->smart_test[at] = d->lba_low;
		/* The same place again, 21 later. */
		if (++d->smart_tests == 2 * IDE_SMART_TESTS)
			d->smart_tests = IDE_SMART_TESTS;
	}
	ide_done(d);
}

static void set_autosave(struct ide_drive *d)
{
	if (d->count && d->count != AUTOSAVE_ON) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	d->smart_autosave = d->count;
	ide_done(d);
}

void ata_smart(struct ide_drive *d)
{
	if (d->lba_mid != KEY_MID || d->lba_high != KEY_HIGH ||
	    (d->smart_off && d->feature != ENABLE)) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	switch (d->feature) {
	case READ_DATA:
		side_end_pio(d, fill_data);
		break;
	case READ_THRESHOLDS:
		side_end_pio(d, fill_thresholds);
		break;
	case READ_LOG:
		side_end_pio(d, fill_log);
		break;
	case AUTOSAVE:
		set_autosave(d);
		break;
	case EXECUTE_TEST:
		run_test(d);
		break;
	case ENABLE:
	case DISABLE:
		d->smart_off = d->feature == DISABLE;
		ide_done(d);
		break;
	case RETURN_STATUS: /* the key stays: no threshold was passed */
		ide_done(d);
		break;
	default:
		ide_fail(d, ATA_ABRT);
	}
}
