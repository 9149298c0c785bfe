/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of ATA drives to the host.  A reset does not wait for those in
 * flight: each has a buffer of its own, and is left to end by itself.  As long
 * as all are taken that way, the next command waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/ata_ncq.h"

int ide_io_init(struct ide_io *io, struct ide_drive *d,
		void (*idle)(struct ide_io *io))
{
	io->drive = d;
	io->idle = idle;
	io->buf = malloc(IDE_BUFFER);
	return io->buf ? 0 : -ENOMEM;
}

void ide_io_fini(struct ide_io *io)
{
	if (io->busy && !io->kept)
		loop_unpost(io->drive->m->loop, &io->req.task);
	free(io->buf);
	*io = (struct ide_io){0};
}

static void on_done(struct blk_req *req, int rc)
{
	struct ide_io *io = container_of(req, struct ide_io, req);

	if (!io->stale && rc < 0 && ide_error_keeps(io, &rc))
		return;
	io->busy = false;
	if (io->stale)
		io->idle(io);
	else
		io->done(io, rc);
}

void ide_io_start(struct ide_io *io, enum blk_op op, uint64_t off, uint32_t len,
		  unsigned flags, void (*done)(struct ide_io *io, int rc))
{
	memset(&io->req, 0, sizeof(io->req));
	io->busy = true;
	io->stale = io->kept = false;
	io->done = done;
	io->iov = (struct iovec){io->buf, len};
	io->req.op = op;
	io->req.flags = flags;
	io->req.off = off;
	io->req.len = len;
	io->req.iov = &io->iov;
	io->req.niov = op == BLK_READ || op == BLK_WRITE ? 1 : 0;
	io->req.loop = io->drive->m->loop;
	io->req.done = on_done;
	blk_submit(io->drive->blk, &io->req);
}

void ide_io_forget(struct ide_io *io)
{
	io->stale = io->busy;
	if (io->kept)
		io->busy = io->stale = io->kept = false;
}

void ide_io_retry(struct ide_io *io)
{
	if (!io->kept)
		return;
	io->kept = false;
	blk_submit(io->drive->blk, &io->req);
}

void ide_io_settle(struct ide_io *io)
{
	if (!io->busy || io->kept)
		return;
	blk_drain(io->drive->blk);
	if (loop_unpost(io->drive->m->loop, &io->req.task))
		on_done(&io->req, io->req.rc);
}

static void command_done(struct ide_io *io, int rc)
{
	struct ide_drive *d = io->drive;
	void (*then)(struct ide_drive *, int) = d->wish.then;

	d->io = NULL;
	d->wish.then = NULL;
	if (rc == 0 && io->req.op == BLK_READ)
		memcpy(d->buf, io->buf, io->iov.iov_len);
	then(d, rc);
}

/* Starts what the command wants, if it waits and there is a request free. */
static void grant_wish(struct ide_drive *d)
{
	const struct ide_wish *w = &d->wish;
	struct ide_io *io = d->ios;

	if (!w->then || d->io || d->stopped)
		return;
	while (io < d->ios + IDE_IOS && io->busy)
		io++;
	if (io == d->ios + IDE_IOS)
		return;
	d->io = io;
	if (w->op == BLK_WRITE)
		memcpy(io->buf, d->buf, w->len);
	ide_io_start(io, w->op, w->off, w->len, 0, command_done);
}

void ide_io_next(struct ide_io *io)
{
	grant_wish(io->drive);
}

void ide_submit(struct ide_drive *d, enum blk_op op, uint64_t off, uint32_t len,
		void (*then)(struct ide_drive *d, int rc))
{
	d->wish = (struct ide_wish){op, off, len, then};
	d->status = ATA_BSY;
	grant_wish(d);
}

void ide_forget_io(struct ide_drive *d)
{
	if (d->blk)
		d->blk->failed = 0;
	if (d->io)
		ide_io_forget(d->io);
	d->io = NULL;
	d->wish.then = NULL;
	if (d->ncq)
		ata_ncq_forget(d->ncq);
}

void ide_settle(struct ide_drive *d)
{
	unsigned i;

	d->stopped = true;
	for (i = 0; i < IDE_IOS; i++)
		ide_io_settle(&d->ios[i]);
	if (d->ncq)
		ata_ncq_settle(d->ncq);
}

void ide_retry(struct ide_drive *d)
{
	d->stopped = false;
	if (d->blk)
		d->blk->failed = 0;
	if (d->io)
		ide_io_retry(d->io);
	grant_wish(d);
	if (d->ncq)
		ata_ncq_retry(d->ncq);
}
