/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's requests to the block layer, one at a time.  By werror= and
 * rerror= the guest is told of errors, or takes them for success, or the
 * machine stops and the request is made again when it goes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/i82078.h"

/* Outlives a reset of the controller. */
struct i82078_io {
	struct blk_req req;
	struct iovec iov;
	struct i82078 *fdc;
	struct blk_front *front;
	uint32_t generation;
	uint8_t buf[];
};

/* Did it fail so that it waits for the machine to go on? */
static bool waits(struct i82078_io *io, int *rc)
{
	struct machine *m = io->fdc->dev.machine;
	enum blk_action action = blk_error_action(io->front, io->req.op, *rc);

	blk_error_tell(m, io->front, io->req.op, action, *rc);
	if (action == BLK_IGNORE) {
		/* What the guest reads is nothing of ours. */
		if (io->req.op == BLK_READ)
			memset(io->buf, 0, io->iov.iov_len);
		*rc = 0;
	}
	if (action == BLK_STOP)
		machine_request_stop(m, RUN_STATE_IO_ERROR);
	return action == BLK_STOP;
}

static void on_done(struct blk_req *req, int rc)
{
	struct i82078_io *io = container_of(req, struct i82078_io, req);
	struct i82078 *f = io->fdc;

	/* A reset came in between: nobody waits for this any more. */
	if (io->generation == f->generation) {
		f->io = NULL;
		if (rc == 0 || !waits(io, &rc))
			i82078_on_io(f, rc, io->buf, io->iov.iov_len);
	}
	free(io);
}

void i82078_io_start(struct i82078 *f, enum blk_op op, uint64_t off,
		     const uint8_t *data, size_t len)
{
	struct i82078_io *io = malloc(sizeof(*io) + len);

	if (!io) {
		i82078_on_io(f, -ENOMEM, NULL, 0);
		return;
	}
	memset(&io->req, 0, sizeof(io->req));
	io->fdc = f;
	io->front = f->drive[f->t.drive].blk;
	io->generation = f->generation;
	io->iov = (struct iovec){io->buf, len};
	if (op == BLK_WRITE)
		memcpy(io->buf, data, len);
	io->req.op = op;
	io->req.off = off;
	io->req.iov = &io->iov;
	io->req.niov = 1;
	io->req.loop = f->dev.machine->loop;
	io->req.done = on_done;
	f->io = io;
	blk_submit(io->front, &io->req);
}

void i82078_io_settle(struct i82078 *f)
{
	struct i82078_io *io = f->io;

	if (!io)
		return;
	blk_drain(io->front);
	if (loop_unpost(f->dev.machine->loop, &io->req.task))
		on_done(&io->req, io->req.rc);
}

void i82078_io_forget(struct i82078 *f)
{
	unsigned i;

	f->generation++;
	f->io = NULL;
	for (i = 0; i < I82078_DRIVES; i++)
		if (f->drive[i].blk)
			f->drive[i].blk->failed = 0;
}
