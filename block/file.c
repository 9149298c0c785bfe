/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and block devices of the host: reading and writing, by worker threads
 * or by native AIO where that was asked for.
 */
#include "block/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "block/options.h"
#include "block/path.h"

/* Below this, what the page cache has is copied without asking a thread. */
#define INLINE_MAX (64u << 10)

struct job {
	struct blk_work work;
	struct file_state *f;
	struct blk_req *req;
	size_t done;
	int rc;
};

void file_grown(struct file_state *f, uint64_t end)
{
	if (end > f->node->size && !f->host.is_device)
		f->node->size = end;
}

/* Takes n bytes that have been done off the front of iov. */
static void advance(struct iovec **iov, int *niov, size_t n)
{
	while (*niov && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		++*iov;
		--*niov;
	}
	if (*niov) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

/* preadv and pwritev in full, over short ones and interruptions. */
static int transfer(int fd, struct iovec *iov, int niov, uint64_t off,
		    bool writing)
{
	ssize_t n;
	int batch;

	while (niov) {
		batch = niov < IOV_MAX ? niov : IOV_MAX;
		n = writing ? pwritev(fd, iov, batch, (off_t)off)
			    : preadv(fd, iov, batch, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 && writing)
			return -ENOSPC;
		if (n == 0) { /* behind the end of the file */
			blk_iov_zero(iov, niov, 0, SIZE_MAX);
			return 0;
		}
		off += (uint64_t)n;
		advance(&iov, &niov, (size_t)n);
	}
	return 0;
}

int file_transfer(struct file_state *f, const struct blk_req *req, size_t done)
{
	struct iovec few[16], *iov = few, *all;
	int n, rc;

	all = req->niov > 16 ? calloc((size_t)req->niov, sizeof(*iov)) : few;
	if (!all)
		return -ENOMEM;
	iov = all;
	n = blk_iov_slice(req->iov, req->niov, done, req->len - done, iov);
	rc = transfer(f->host.fd, iov, n, req->at + done, req->op == BLK_WRITE);
	if (all != few)
		free(all);
	return rc;
}

static int flush(struct file_state *f)
{
	if (f->node->flags & BLK_O_NO_FLUSH)
		return 0;
	return fdatasync(f->host.fd) < 0 ? -errno : 0;
}

static int run(struct file_state *f, const struct blk_req *req, size_t done)
{
	int rc;

	switch (req->op) {
	case BLK_READ:
		return file_transfer(f, req, done);
	case BLK_FLUSH:
		return flush(f);
	case BLK_DISCARD:
		return file_discard(f, req->at, req->len);
	case BLK_WRITE_ZEROES:
		rc = file_zero(f, req->at, req->len,
			       req->flags & BLK_MAY_UNMAP);
		if (rc == -ENOTSUP && !(req->flags & BLK_NO_FALLBACK))
			rc = file_write_zeroes(f, req->at, req->len);
		break;
	default:
		rc = file_transfer(f, req, done);
	}
	return rc == 0 && (req->flags & BLK_FUA) ? flush(f) : rc;
}

int file_run(struct file_state *f, const struct blk_req *req)
{
	int rc = run(f, req, 0);

	if (rc == 0 && (req->op == BLK_WRITE || req->op == BLK_WRITE_ZEROES))
		file_grown(f, req->at + req->len);
	return rc;
}

static void work_run(struct blk_work *work)
{
	struct job *job = container_of(work, struct job, work);

	job->rc = run(job->f, job->req, job->done);
}

static void work_done(struct blk_work *work)
{
	struct job *job = container_of(work, struct job, work);
	struct blk_req *req = job->req;

	if (job->rc == 0 &&
	    (req->op == BLK_WRITE || req->op == BLK_WRITE_ZEROES))
		file_grown(job->f, req->at + req->len);
	blk_ctx_complete(job->f->node->ctx, req, job->rc);
	free(job);
}

void file_submit_work(struct file_state *f, struct blk_req *req, size_t done)
{
	struct job *job = malloc(sizeof(*job));

	if (!job) {
		blk_ctx_complete(f->node->ctx, req, -ENOMEM);
		return;
	}
	*job = (struct job){.work = {.run = work_run, .done = work_done},
			    .f = f,
			    .req = req,
			    .done = done};
	blk_ctx_work(f->node->ctx, &job->work);
}

/* What the page cache has needs no thread. */
static bool read_cached(struct file_state *f, struct blk_req *req)
{
	ssize_t n;

	if (req->op != BLK_READ || req->len > INLINE_MAX ||
	    req->niov > IOV_MAX || (f->node->flags & BLK_O_DIRECT))
		return false;
	n = preadv2(f->host.fd, req->iov, req->niov, (off_t)req->at,
		    RWF_NOWAIT);
	if (n < 0 || (size_t)n < req->len)
		return false;
	blk_ctx_complete(f->node->ctx, req, 0);
	return true;
}

static void file_submit(struct blk_node *node, struct blk_req *req)
{
	struct file_state *f = node->state;
	bool plain = req->op == BLK_READ ||
		     (req->op == BLK_WRITE && !(req->flags & BLK_FUA));

	if (req->op == BLK_FLUSH && (node->flags & BLK_O_NO_FLUSH)) {
		blk_ctx_complete(node->ctx, req, 0);
		return;
	}
	if (f->engine && plain && f->engine->submit(f, req))
		return;
	if (!read_cached(f, req))
		file_submit_work(f, req, 0);
}

static int node_run(struct blk_node *node, struct blk_req *req)
{
	return file_run(node->state, req);
}

static int open_engine(struct file_state *f, struct error *err)
{
	switch (f->node->aio) {
	case BLK_AIO_NATIVE:
		if (!(f->node->flags & BLK_O_DIRECT))
			return error_set(err, EINVAL,
					 "aio=native was specified, but it "
					 "requires cache.direct=on, which was "
					 "not specified.");
		return file_native_open(f, err);
	case BLK_AIO_URING:
		return file_uring_open(f, err);
	default:
		return 0;
	}
}

static int take_locking(struct blk_node *node, json_t *options,
			struct error *err)
{
	static const char *const choices[] = {"off", "on", "auto", NULL};
	int choice = node->flags & BLK_O_NO_LOCK ? 0 : 2;
	int rc = blk_take_choice(options, "locking", choices, &choice, err);

	if (choice == 0)
		node->flags |= BLK_O_NO_LOCK;
	return rc;
}

static int open_host(struct file_state *f, json_t *options, struct error *err)
{
	struct blk_node *node = f->node;
	/* In a machine the locks come with the users. */
	unsigned late = blk_ctx_is_shared(node->ctx) ? BLK_O_NO_LOCK : 0;
	int rc = take_locking(node, options, err);

	if (rc < 0)
		return rc;
	rc = host_file_open(blk_path_plain(node->filename), node->flags | late,
			    &f->host, err);
	if ((rc == -EACCES || rc == -EPERM || rc == -EROFS) &&
	    (node->flags & BLK_O_RDWR) &&
	    (node->flags & BLK_O_AUTO_READ_ONLY)) {
		node->flags &= ~(unsigned)BLK_O_RDWR;
		node->readonly = true;
		rc = host_file_open(blk_path_plain(node->filename),
				    node->flags | late, &f->host, err);
	}
	if (rc < 0)
		return rc;
	node->size = f->host.size;
	if (node->flags & BLK_O_DIRECT)
		file_probe_align(node, f->host.fd);
	rc = open_engine(f, err);
	if (rc < 0)
		close(f->host.fd);
	return rc;
}

static int file_open(struct blk_node *node, json_t *options, struct error *err)
{
	struct file_state *f = node->state;

	node->filename = blk_take_string(options, "filename");
	if (!node->filename)
		return error_set(err, EINVAL,
				 "The 'file' block driver requires a file "
				 "name");
	f->node = node;
	return open_host(f, options, err);
}

static void file_close(struct blk_node *node)
{
	struct file_state *f = node->state;

	if (f->engine)
		f->engine->close(f);
	close(f->host.fd);
}

static int file_grant(struct blk_node *node, const struct blk_grant *grant,
		      struct error *err)
{
	struct file_state *f = node->state;
	struct host_locks locks = {.does = grant->need,
				   .forbids = BLK_PERM_ALL & ~grant->share};

	if (node->flags & BLK_O_NO_LOCK)
		return 0;
	return host_file_lock(&f->host, &locks, err);
}

static bool file_has_zero_init(const struct blk_node *node)
{
	const struct file_state *f = node->state;

	return !f->host.is_device;
}

static const char *const options[] = {"filename", "locking", NULL};

#define FILE_DRIVER(driver_name) \
	{ \
		.name = driver_name, .protocol = true, .options = options, \
		.state_size = sizeof(struct file_state), .open = file_open, \
		.close = file_close, .grant = file_grant, \
		.submit = file_submit, .run = node_run, .status = file_status, \
		.has_zero_init = file_has_zero_init, \
		.allocated_size = file_allocated, .truncate = file_truncate, \
	}

const struct blk_driver blk_file = FILE_DRIVER("file");
const struct blk_driver blk_host_device = FILE_DRIVER("host_device");
