/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queued commands of disks; ATA8-ACS, 4.13, 7.24 and 7.61.  Each has a request
 * and a buffer of its own, and they end in the order in which the host is
 * done with them.  The first that fails ends all.
 *
 * Not modelled: priorities, the other queued commands of later standards.
 */
#include "hw/ata_ncq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	   (IDE_BUFFER / BLK_SECTOR)
#define TAG_SHIFT  3 /* in the count register */
#define DEVICE_FUA 0x80u
#define SECTORS_0  65536u /* what a count of 0 means */

/* 4.13.6: the log page. */
enum log_byte {
	LOG_TAG = 0,
	LOG_STATUS = 2,
	LOG_ERROR = 3,
	LOG_LBA = 4,
	LOG_DEVICE = 7,
	LOG_LBA_HIGH = 8,
	LOG_COUNT = 12,
	LOG_CHECKSUM = 511
};
#define LOG_UNQUEUED 0x80u

static struct ata_ncq_tag *tag_of(struct ide_io *io)
{
	return container_of(io, struct ata_ncq_tag, io);
}

static unsigned number(const struct ata_ncq *q, const struct ata_ncq_tag *t)
{
	return (unsigned)(t - q->tag);
}

void ata_ncq_forget(struct ata_ncq *q)
{
	struct ata_ncq_tag *t;

	for (t = q->tag; t < q->tag + ATA_NCQ_TAGS; t++) {
		if (t->active)
			ide_io_forget(&t->io);
		t->active = t->waits = t->loaded = false;
	}
}

static void abort_all(struct ata_ncq *q, uint8_t error)
{
	const struct ide_drive *d = q->drive;

	ata_ncq_forget(q);
	q->failed = true;
	q->log.status = ATA_DRDY | ATA_ERR;
	q->log.error = error;
	q->log.device = d->device;
}

static void fail(struct ata_ncq_tag *t, uint8_t error)
{
	struct ide_drive *d = t->io.drive;
	struct ata_ncq *q = d->ncq;

	q->log = (struct ata_ncq_error){.tag = (uint8_t)number(q, t),
					.lba = t->lba,
					.count = t->left};
	abort_all(q, error);
	d->error = error;
	d->status = q->log.status;
	d->transport->queue_failed(d);
}

static void next_chunk(struct ata_ncq_tag *t);

static void on_done(struct ide_io *io, int rc)
{
	struct ata_ncq_tag *t = tag_of(io);
	struct ide_drive *d = io->drive;
	unsigned tag = number(d->ncq, t);
	size_t len = io->iov.iov_len;

	if (rc < 0) {
		fail(t, ATA_UNC);
		return;
	}
	if (!t->writing &&
	    d->transport->queue_dma(d, tag, io->buf, len, true) < len) {
		fail(t, ATA_ABRT);
		return;
	}
	t->loaded = false;
	t->lba += len / BLK_SECTOR;
	t->left -= (uint32_t)(len / BLK_SECTOR);
	if (t->left) {
		next_chunk(t);
		return;
	}
	t->active = false;
	d->transport->queue_done(d, tag);
}

static uint32_t chunk(const struct ata_ncq_tag *t)
{
	return (t->left < CHUNK ? t->left : CHUNK) * BLK_SECTOR;
}

static void next_chunk(struct ata_ncq_tag *t)
{
	struct ide_drive *d = t->io.drive;
	uint32_t len = chunk(t);

	t->waits = d->stopped;
	if (t->waits)
		return;
	if (t->writing && !t->loaded &&
	    d->transport->queue_dma(d, number(d->ncq, t), t->io.buf, len,
				    false) < len) {
		fail(t, ATA_ABRT);
		return;
	}
	t->loaded = t->writing;
	ide_io_start(&t->io, t->writing ? BLK_WRITE : BLK_READ,
		     t->lba * BLK_SECTOR, len, t->fua ? BLK_FUA : 0, on_done);
}

static void on_idle(struct ide_io *io)
{
	struct ata_ncq_tag *t = tag_of(io);

	if (t->waits)
		next_chunk(t);
}

bool ata_ncq_is_queued(const struct ide_drive *d)
{
	return d->command == ATA_CMD_NCQ_READ ||
	       d->command == ATA_CMD_NCQ_WRITE;
}

bool ata_ncq_active(const struct ata_ncq *q)
{
	unsigned i;

	for (i = 0; i < ATA_NCQ_TAGS; i++)
		if (q->tag[i].active)
			return true;
	return false;
}

bool ata_ncq_admits(struct ata_ncq *q)
{
	const struct ide_drive *d = q->drive;
	unsigned tag = d->count >> TAG_SHIFT;

	if (q->failed)
		return d->command == ATA_CMD_READ_LOG &&
		       d->lba_low == ATA_LOG_NCQ_ERROR;
	if (ata_ncq_is_queued(d) ? !q->tag[tag].active : !ata_ncq_active(q))
		return true;
	q->log = (struct ata_ncq_error){.unqueued = !ata_ncq_is_queued(d),
					.tag = (uint8_t)tag};
	abort_all(q, ATA_ABRT);
	return false;
}

static void take_command(struct ata_ncq_tag *t)
{
	const struct ide_drive *d = t->io.drive;

	t->lba = (uint64_t)d->hob_high << 40 | (uint64_t)d->hob_mid << 32 |
		 (uint64_t)d->hob_low << 24 | (uint64_t)d->lba_high << 16 |
		 (uint64_t)d->lba_mid << 8 | d->lba_low;
	t->left = (uint32_t)(d->hob_feature << 8 | d->feature);
	t->left = t->left ? t->left : SECTORS_0;
	t->writing = d->command == ATA_CMD_NCQ_WRITE;
	t->fua = t->writing && d->device & DEVICE_FUA;
	t->active = true;
}

void ata_ncq_begin(struct ata_ncq *q)
{
	struct ide_drive *d = q->drive;
	struct ata_ncq_tag *t = &q->tag[d->count >> TAG_SHIFT];
	uint64_t sectors = blk_size(d->blk) / BLK_SECTOR;

	take_command(t);
	if (t->lba >= sectors || t->left > sectors - t->lba)
		fail(t, ATA_IDNF);
	else if (t->io.busy)
		t->waits = true;
	else
		next_chunk(t);
}

void ata_ncq_read_log(struct ata_ncq *q, uint8_t *page)
{
	const struct ata_ncq_error *e = &q->log;
	uint8_t sum = 0;
	unsigned i;

	page[LOG_TAG] = (uint8_t)(e->tag | (e->unqueued ? LOG_UNQUEUED : 0));
	page[LOG_STATUS] = e->status;
	page[LOG_ERROR] = e->error;
	for (i = 0; i < 3; i++) {
		page[LOG_LBA + i] = (uint8_t)(e->lba >> 8 * i);
		page[LOG_LBA_HIGH + i] = (uint8_t)(e->lba >> (24 + 8 * i));
	}
	page[LOG_DEVICE] = e->device;
	page[LOG_COUNT] = (uint8_t)e->count;
	page[LOG_COUNT + 1] = (uint8_t)(e->count >> 8);
	for (i = 0; i < LOG_CHECKSUM; i++)
		sum = (uint8_t)(sum + page[i]);
	page[LOG_CHECKSUM] = (uint8_t)-sum;
	q->failed = false;
}

void ata_ncq_retry(struct ata_ncq *q)
{
	struct ata_ncq_tag *t;

	for (t = q->tag; t < q->tag + ATA_NCQ_TAGS; t++) {
		ide_io_retry(&t->io);
		if (t->waits && !t->io.busy)
			next_chunk(t);
	}
}

void ata_ncq_settle(struct ata_ncq *q)
{
	unsigned i;

	for (i = 0; i < ATA_NCQ_TAGS; i++)
		ide_io_settle(&q->tag[i].io);
}

void ata_ncq_reset(struct ata_ncq *q)
{
	ata_ncq_forget(q);
	q->failed = false;
	q->log = (struct ata_ncq_error){0};
}

struct ata_ncq *ata_ncq_new(struct ide_drive *d)
{
	struct ata_ncq *q = calloc(1, sizeof(*q));
	unsigned i;

	if (!q)
		return NULL;
	q->drive = d;
	for (i = 0; i < ATA_NCQ_TAGS; i++) {
		if (ide_io_init(&q->tag[i].io, d, on_idle) < 0) {
			ata_ncq_free(q);
			return NULL;
		}
	}
	return q;
}

void ata_ncq_free(struct ata_ncq *q)
{
	unsigned i;

	for (i = 0; q && i < ATA_NCQ_TAGS; i++)
		ide_io_fini(&q->tag[i].io);
	free(q);
}

static int save_tag(struct ata_ncq *q, const struct ata_ncq_tag *t)
{
	struct ide_saved *to = &q->drive->saved;
	struct ata_ncq_saved *saved =
		state_list_add(&to->queued, 1, sizeof(*saved));
	uint32_t len = t->loaded ? chunk(t) : 0;
	void *data = state_list_add(&to->queued_data, len, 1);

	if (!saved || !data)
		return -ENOMEM;
	*saved = (struct ata_ncq_saved){.tag = (uint8_t)number(q, t),
					.writing = t->writing,
					.fua = t->fua,
					.loaded = t->loaded,
					.lba = t->lba,
					.left = t->left};
	memcpy(data, t->io.buf, len);
	return 0;
}

int ata_ncq_saving(struct ata_ncq *q)
{
	struct state_list *failure = &q->drive->saved.failure;
	struct ata_ncq_error *error;
	unsigned i;
	int rc = 0;

	for (i = 0; i < ATA_NCQ_TAGS && rc == 0; i++)
		if (q->tag[i].active)
			rc = save_tag(q, &q->tag[i]);
	if (rc < 0 || !q->failed)
		return rc;
	error = state_list_add(failure, 1, sizeof(*error));
	if (!error)
		return -ENOMEM;
	*error = q->log;
	return 0;
}

/* Takes its data from those of all; false: they are not there. */
static bool restore_tag(struct ata_ncq *q, const struct ata_ncq_saved *from,
			uint32_t *at)
{
	const struct state_list *data = &q->drive->saved.queued_data;
	struct ata_ncq_tag *t = &q->tag[from->tag];
	uint32_t len;

	t->left = from->left;
	len = from->loaded ? chunk(t) : 0;
	/* What is in flight for nobody has the buffer. */
	if (len > data->n - *at || t->active || t->io.busy)
		return false;
	t->writing = from->writing;
	t->fua = from->fua;
	t->loaded = from->writing && from->loaded;
	t->lba = from->lba;
	t->active = t->waits = true;
	memcpy(t->io.buf, (const char *)data->at + *at, len);
	*at += len;
	return true;
}

void ata_ncq_restored(struct ata_ncq *q)
{
	const struct ide_saved *from = &q->drive->saved;
	const struct ata_ncq_saved *saved = from->queued.at;
	const struct ata_ncq_error *error = from->failure.at;
	uint32_t i, at = 0;

	ata_ncq_reset(q);
	q->failed = from->failure.n;
	if (q->failed)
		q->log = *error;
	for (i = 0; i < from->queued.n; i++) {
		if (restore_tag(q, &saved[i], &at))
			continue;
		ata_ncq_forget(q);
		return;
	}
}

const struct state_field ata_ncq_fields[] = {
	{STATE_ELEM(STATE_U8, struct ata_ncq_saved, tag),
	 .hi = ATA_NCQ_TAGS - 1},
	{STATE_ELEM(STATE_BOOL, struct ata_ncq_saved, writing)},
	{STATE_ELEM(STATE_BOOL, struct ata_ncq_saved, fua)},
	{STATE_ELEM(STATE_BOOL, struct ata_ncq_saved, loaded)},
	{STATE_ELEM(STATE_U64, struct ata_ncq_saved, lba)},
	{STATE_ELEM(STATE_U32, struct ata_ncq_saved, left), .lo = 1,
	 .hi = SECTORS_0},
	{.kind = STATE_END},
};

const struct state_field ata_ncq_error_fields[] = {
	{STATE_ELEM(STATE_BOOL, struct ata_ncq_error, unqueued)},
	{STATE_ELEM(STATE_U8, struct ata_ncq_error, tag)},
	{STATE_ELEM(STATE_U8, struct ata_ncq_error, status)},
	{STATE_ELEM(STATE_U8, struct ata_ncq_error, error)},
	{STATE_ELEM(STATE_U8, struct ata_ncq_error, device)},
	{STATE_ELEM(STATE_U64, struct ata_ncq_error, lba)},
	{STATE_ELEM(STATE_U32, struct ata_ncq_error, count)},
	{.kind = STATE_END},
};
