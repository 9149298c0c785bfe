/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of ATA drives that the host failed: by werror= and rerror= the guest
 * is told, or takes them for done, or the machine stops and they wait until it
 * goes on.
 */
#include <string.h>

#include "hw/ide_drive.h"

bool ide_error_keeps(struct ide_io *io, int *rc)
{
	struct machine *m = io->drive->m;
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
