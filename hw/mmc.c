/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CD-ROM drives' answers about themselves and their media: MMC-6 (INCITS 468),
 * chapter 6.  A medium is one session with one data track.
 *
 * Not modelled: audio, sessions other than the first, region codes.
 */
#include "hw/mmc.h"

#include <stddef.h>
#include <string.h>

#include "vmm/endian.h"

#define FRAMES	       75u
#define MSF_OFFSET     150u
#define LEADOUT	       0xaau
#define DATA_TRACK     0x14u /* ADR 1, control 4 */
#define CD_MAX_SECTORS 0x57e3fu /* more than that is a DVD */
#define DVD_FIRST      0x30000u /* physical sector number of LBA 0 */
#define READ_USER_DATA 0x10u
#define READ_WHAT      0xf8u

enum { PROFILE_CD = 8, PROFILE_DVD = 0x10 };

/* 6.6.2.1: what GET EVENT STATUS NOTIFICATION says of the medium. */
enum media_event {
	EVENT_NONE = 0,
	EVENT_EJECT_REQUEST = 1,
	EVENT_NEW_MEDIUM = 2,
	EVENT_MEDIUM_REMOVAL = 3,
};

static int fail(struct mmc *c, struct scsi_sense sense)
{
	c->sense = sense;
	return -1;
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

static int put_track(uint8_t *dst, uint8_t number, uint32_t lba, bool msf)
{
	dst[1] = DATA_TRACK;
	dst[2] = number;
	put_position(dst + 4, lba, msf);
	return 8;
}

static int toc_tracks(const struct mmc *c, uint8_t *reply, bool msf,
		      uint8_t first)
{
	int len = 4;

	if (first <= 1)
		len += put_track(reply + len, 1, 0, msf);
	return len + put_track(reply + len, LEADOUT, c->sectors, msf);
}

static int toc_raw(const struct mmc *c, uint8_t *reply, bool msf)
{
	static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};
	uint8_t *e = reply + 4;
	size_t i;

	for (i = 0; i < sizeof(points); i++, e += 11) {
		e[0] = 1;
		e[1] = DATA_TRACK;
		e[3] = points[i];
		if (points[i] == 0xa0 || points[i] == 0xa1)
			e[8] = 1;
		else
			put_position(e + 7, points[i] == 0xa2 ? c->sectors : 0,
				     msf);
	}
	return (int)(e - reply);
}

/* 6.26: of one session, that begins with track 1. */
static int read_toc(struct mmc *c, const uint8_t *cdb, uint8_t *reply)
{
	bool msf = cdb[1] & 2;
	uint8_t format = cdb[2] & 0xf, first = cdb[6];
	int len;

	if (!format)
		format = cdb[9] >> 6; /* where SFF-8020i has it */
	reply[2] = reply[3] = 1;
	if (format == 0 && (first <= 1 || first == LEADOUT))
		len = toc_tracks(c, reply, msf, first);
	else if (format == 1)
		len = 4 + put_track(reply + 4, 1, 0, msf);
	else if (format == 2)
		len = toc_raw(c, reply, msf);
	else
		return fail(c, SENSE_BAD_FIELD);
	store_be16(reply, (uint16_t)(len - 2));
	return len;
}

static unsigned profile(const struct mmc *c)
{
	if (!c->present)
		return 0;
	return c->sectors > CD_MAX_SECTORS ? PROFILE_DVD : PROFILE_CD;
}

static int put_feature(uint8_t *p, uint16_t code, uint8_t version, uint8_t len)
{
	store_be16(p, code);
	p[2] = (uint8_t)(version << 2 | 0x03); /* persistent, current */
	p[3] = len;
	return 4 + len;
}

static int profiles(const struct mmc *c, uint8_t *p)
{
	unsigned current = profile(c);

	store_be16(p + 4, PROFILE_DVD);
	p[6] = current == PROFILE_DVD;
	store_be16(p + 8, PROFILE_CD);
	p[10] = current == PROFILE_CD;
	return put_feature(p, 0, 0, 8);
}

static int core_feature(const struct mmc *c, uint8_t *p)
{
	store_be32(p + 4, c->interface);
	p[8] = 1; /* tells of device busy events */
	return put_feature(p, 1, 2, 8);
}

static int removable_feature(const struct mmc *c, uint8_t *p)
{
	p[4] = 0x39; /* tray, eject, lock */
	return put_feature(p, 3, 2, 4);
}

/* 5.3: features, each of them always current. */
static const struct {
	uint16_t code;
	int (*put)(const struct mmc *c, uint8_t *p);
} features[] = {{0, profiles}, {1, core_feature}, {3, removable_feature}};

/* 6.5: all from a starting number on, or the one of that number. */
static int get_configuration(struct mmc *c, const uint8_t *cdb, uint8_t *p)
{
	uint16_t start = load_be16(cdb + 2);
	uint8_t which = cdb[1] & 3;
	int len = 8;
	size_t i;

	if (which == 3)
		return fail(c, SENSE_BAD_FIELD);
	for (i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (which == 2 ? features[i].code == start
			       : features[i].code >= start)
			len += features[i].put(c, p + len);
	store_be32(p, (uint32_t)len - 4);
	store_be16(p + 6, (uint16_t)profile(c));
	return len;
}

static uint8_t next_event(const struct mmc *c)
{
	if (c->medium_wanted)
		return EVENT_EJECT_REQUEST;
	if (!c->media_changed)
		return EVENT_NONE;
	return c->present ? EVENT_NEW_MEDIUM : EVENT_MEDIUM_REMOVAL;
}

/* 6.6: only polled, and media events are what there is. */
static int get_event_status(struct mmc *c, const uint8_t *cdb, uint8_t *p)
{
	if (!(cdb[1] & 1))
		return fail(c, SENSE_BAD_FIELD);
	p[3] = 0x10;
	if (!(cdb[4] & 0x10)) {
		p[1] = 2;
		p[2] = 0x80;
		return 4;
	}
	p[1] = 6;
	p[2] = 4;
	p[4] = next_event(c);
	p[5] = (uint8_t)((c->tray_open ? 1 : 0) | (c->present ? 2 : 0));
	if (c->medium_wanted)
		c->medium_wanted = false;
	else
		c->media_changed = false;
	return 8;
}

static int mechanism_status(struct mmc *c, const uint8_t *cdb, uint8_t *reply)
{
	reply[5] = 1; /* one slot */
	return 8;
}

static int read_disc_information(struct mmc *c, const uint8_t *cdb, uint8_t *p)
{
	if (cdb[1] & 7)
		return fail(c, SENSE_BAD_FIELD);
	p[1] = 32;
	p[2] = 0x0e; /* complete, finalised */
	p[3] = p[4] = p[5] = p[6] = 1;
	p[7] = 0x20; /* unrestricted use */
	return 34;
}

/* 6.22.3.2: a layer of a DVD-ROM, from its first to its last sector. */
static int dvd_physical(const struct mmc *c, uint8_t *p)
{
	p[4] = 0x01; /* DVD-ROM, version 1 */
	p[5] = 0x0f; /* 120 mm, no limit of the speed */
	p[6] = 0x01; /* one layer, embossed */
	store_be32(p + 8, DVD_FIRST);
	store_be32(p + 12, DVD_FIRST + c->sectors - 1);
	store_be32(p + 16, DVD_FIRST + c->sectors - 1);
	return 4 + 2048;
}

static int dvd_copyright(const struct mmc *c, uint8_t *p)
{
	return 8; /* none */
}

static int dvd_list(const struct mmc *c, uint8_t *p)
{
	static const struct {
		uint8_t format;
		uint16_t size;
	} known[] = {{0, 4 + 2048}, {1, 8}};
	size_t i;

	for (p += 4, i = 0; i < sizeof(known) / sizeof(*known); i++, p += 4) {
		p[0] = known[i].format;
		p[1] = 0x40; /* readable */
		store_be16(p + 2, known[i].size);
	}
	return 4 + 4 * (int)(sizeof(known) / sizeof(*known));
}

static int read_dvd_structure(struct mmc *c, const uint8_t *cdb, uint8_t *p)
{
	uint8_t format = cdb[7];
	int len;

	if (format == UINT8_MAX)
		len = dvd_list(c, p);
	else if (profile(c) != PROFILE_DVD)
		return fail(c, SENSE_WRONG_MEDIUM);
	else if (format == 0 && !cdb[6])
		len = dvd_physical(c, p);
	else if (format == 1)
		len = dvd_copyright(c, p);
	else
		return fail(c, SENSE_BAD_FIELD);
	store_be16(p, (uint16_t)(len - 2));
	return len;
}

const struct mmc_command *mmc_find(uint8_t opcode)
{
	static const struct mmc_command commands[256] = {
		[0x43] = {read_toc, 7, MMC_MEDIUM},
		[0x46] = {get_configuration, 7, MMC_ALWAYS},
		[0x4a] = {get_event_status, 7, MMC_ALWAYS},
		[0x51] = {read_disc_information, 7, MMC_MEDIUM},
		[0xad] = {read_dvd_structure, 8, MMC_MEDIUM},
		[0xbd] = {mechanism_status, 8, MMC_ALWAYS},
	};

	return commands[opcode].run ? &commands[opcode] : NULL;
}

int64_t mmc_read_cd(struct mmc *c, const uint8_t *cdb, uint32_t *lba)
{
	uint32_t n = (uint32_t)cdb[6] << 16 | load_be16(cdb + 7);
	uint8_t what = cdb[9] & READ_WHAT;

	*lba = load_be32(cdb + 2);
	if (!what)
		return 0;
	if (what != READ_USER_DATA)
		return fail(c, SENSE_BAD_FIELD);
	return n;
}
