/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE requests that the host failed: by werror= and rerror= the guest is told,
 * or takes them for done, or the machine stops and they wait until it goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "hw/ide.h"

bool ide_error_keeps(struct ide_io *io, int *rc)
{
	struct machine *m = io->drive->channel->m;
	struct blk_front *front = io->drive->blk;
	enum blk_action action = blk_error_action(front, io->req.op, *rc);

	blk_error_tell(m, front, io->req.op, action, *rc);
	if (action == BLK_IGNORE) {
		/* What the guest reads is nothing of ours. */
		if (io->req.op == BLK_READ)
			memset(io->buf, 0, io->iov.iov_len);
		*rc = 0;
	}
	io->kept = action == BLK_STOP;
	if (io->kept)
		machine_request_stop(m, RUN_STATE_IO_ERROR);
	return io->kept;
}

void ide_error_retry(struct ide_drive *d)
{
	if (d->blk)
		d->blk->failed = 0;
	if (!d->io || !d->io->kept)
		return;
	d->io->kept = false;
	blk_submit(d->blk, &d->io->req);
}

void ide_forget_io(struct ide_drive *d)
{
	d->generation++;
	if (d->blk)
		d->blk->failed = 0;
	if (d->io && d->io->kept)
		free(d->io);
	d->io = NULL;
}
