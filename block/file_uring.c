/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aio=io_uring, where configure found liburing. */
#include <errno.h>

#include "block/file.h"
#include "build.h"

#ifdef HAVE_IO_URING
#include <liburing.h>
#include <limits.h>
#include <stdlib.h>

#define DEPTH	   1024 /* under way */
#define QUEUE	   128 /* not submitted yet */
#define SUBMIT_MAX 16u /* the device begins while the rest is prepared */

struct uring {
	struct file_state *f;
	struct blk_poller poller;
	struct blk_task submit;
	struct io_uring ring;
	unsigned in_flight;
};

static void finish(struct uring *u, struct blk_req *req, int res)
{
	u->in_flight--;
	if (res == -EAGAIN || res == -EINTR)
		res = 0;
	if (res < 0) {
		blk_ctx_complete(u->f->node->ctx, req, res);
	} else if ((size_t)res < req->len) {
		file_submit_work(u->f, req, 0);
	} else {
		if (req->op == BLK_WRITE)
			file_grown(u->f, req->at + req->len);
		blk_ctx_complete(u->f->node->ctx, req, 0);
	}
}

static bool uring_poll(struct blk_poller *poller)
{
	struct uring *u = container_of(poller, struct uring, poller);
	struct io_uring_cqe *cqe;
	bool any = false;

	while (io_uring_peek_cqe(&u->ring, &cqe) == 0) {
		struct blk_req *req = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&u->ring, cqe);
		finish(u, req, res);
		any = true;
	}
	return any;
}

static void submit_queue(struct blk_task *task)
{
	struct uring *u = container_of(task, struct uring, submit);
	int rc;

	do {
		rc = io_uring_submit(&u->ring);
	} while (rc == -EAGAIN || rc == -EINTR);
}

static bool uring_submit(struct file_state *f, struct blk_req *req)
{
	struct uring *u = f->engine_state;
	struct io_uring_sqe *sqe;

	if (req->niov > IOV_MAX || u->in_flight >= DEPTH)
		return false;
	sqe = io_uring_get_sqe(&u->ring);
	if (!sqe)
		return false;
	if (req->op == BLK_WRITE)
		io_uring_prep_writev(sqe, f->host.fd, req->iov,
				     (unsigned)req->niov, req->at);
	else
		io_uring_prep_readv(sqe, f->host.fd, req->iov,
				    (unsigned)req->niov, req->at);
	io_uring_sqe_set_data(sqe, req);
	u->in_flight++;
	if (io_uring_sq_ready(&u->ring) < SUBMIT_MAX)
		blk_ctx_defer(f->node->ctx, &u->submit);
	else
		submit_queue(&u->submit);
	return true;
}

static void uring_close(struct file_state *f)
{
	struct uring *u = f->engine_state;

	blk_ctx_del_poller(&u->poller);
	io_uring_queue_exit(&u->ring);
	free(u);
}

static const struct file_engine uring = {
	.submit = uring_submit,
	.close = uring_close,
};

int file_uring_open(struct file_state *f, struct error *err)
{
	struct uring *u = calloc(1, sizeof(*u));
	struct io_uring_params params = {.flags = IORING_SETUP_CQSIZE,
					 .cq_entries = DEPTH};
	int rc;

	if (!u)
		return error_set(err, ENOMEM, "out of memory");
	rc = io_uring_queue_init_params(QUEUE, &u->ring, &params);
	if (rc == 0) {
		rc = io_uring_register_eventfd(&u->ring,
					       blk_ctx_fd(f->node->ctx));
		if (rc < 0)
			io_uring_queue_exit(&u->ring);
	}
	if (rc < 0) {
		free(u);
		return error_errno(err, -rc, "aio=io_uring: cannot set it up");
	}
	u->f = f;
	u->poller.poll = uring_poll;
	u->submit.run = submit_queue;
	blk_ctx_add_poller(f->node->ctx, &u->poller);
	f->engine = &uring;
	f->engine_state = u;
	return 0;
}
#else
int file_uring_open(struct file_state *f, struct error *err)
{
	(void)f;
	return error_set(err, ENOTSUP,
			 "aio=io_uring was not built in: install liburing-dev "
			 "and configure pcvm again");
}
#endif
