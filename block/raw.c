/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw images: the guest's disk is the host's file. */
#include "block/raw.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "block/formats.h"
#include "block/host_file.h"

static int raw_open(struct blk_node *node, const char *file, bool readonly,
		    struct error *err)
{
	uint64_t size;
	int fd = host_file_open(file, readonly, &size, err);

	if (fd < 0)
		return fd;
	node->fd = fd;
	/* The last sector of an odd file is padded with zeros. */
	node->size = (size + BLK_SECTOR - 1) / BLK_SECTOR * BLK_SECTOR;
	return 0;
}

/* preadv and pwritev in full, over short ones and interruptions. */
static int transfer(struct blk_node *node, struct iovec *iov, int niov,
		    uint64_t off, bool writing)
{
	ssize_t n;

	while (niov) {
		int batch = niov < IOV_MAX ? niov : IOV_MAX;

		n = writing ? pwritev(node->fd, iov, batch, (off_t)off)
			    : preadv(node->fd, iov, batch, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 && writing)
			return -ENOSPC;
		off += (uint64_t)n;
		if (n == 0) { /* behind the end of the file */
			for (; niov; iov++, niov--)
				memset(iov->iov_base, 0, iov->iov_len);
			return 0;
		}
		while (niov && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			niov--;
		}
		if (niov) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static void gather(const struct blk_req *req, uint8_t *buf, size_t len)
{
	size_t n;
	int i;

	for (i = 0; i < req->niov && len; i++, buf += n, len -= n) {
		n = req->iov[i].iov_len < len ? req->iov[i].iov_len : len;
		memcpy(buf, req->iov[i].iov_base, n);
	}
}

/*
 * A guest must not turn an image whose format was guessed into one of another
 * format, which would name host files of the guest's choice at the next start.
 */
static bool changes_format(const struct blk_node *node,
			   const struct blk_req *req)
{
	uint8_t head[BLK_SECTOR] = {0};

	if (!node->probed || req->off >= BLK_SECTOR)
		return false;
	gather(req, head + req->off, sizeof(head) - req->off);
	return format_probe(head, sizeof(head)) != NULL;
}

static int raw_submit(struct blk_node *node, struct blk_req *req)
{
	struct iovec *iov;
	int rc;

	if (req->op == BLK_FLUSH)
		return fdatasync(node->fd) < 0 ? -errno : 0;
	if (req->op == BLK_WRITE && changes_format(node, req))
		return -EPERM;
	iov = calloc((size_t)req->niov, sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	memcpy(iov, req->iov, (size_t)req->niov * sizeof(*iov));
	rc = transfer(node, iov, req->niov, req->off, req->op == BLK_WRITE);
	free(iov);
	if (rc == 0 && (req->flags & BLK_FUA) && fdatasync(node->fd) < 0)
		rc = -errno;
	return rc;
}

static void raw_close(struct blk_node *node)
{
	close(node->fd);
}

const struct blk_driver blk_raw = {
	.name = "raw",
	.open = raw_open,
	.submit = raw_submit,
	.close = raw_close,
};
