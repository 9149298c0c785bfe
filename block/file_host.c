/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and block devices of the host: holes, sizes, alignment. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/file.h"
#include "block/path.h"
#include "vmm/log.h"

#define ZERO_CHUNK  (1u << 20)
#define ALIGN_MIN   512u
#define ALIGN_MAX   4096u
#define EXTENT_SIZE (1u << 20)

static bool is_unsupported(int rc)
{
	return rc == -EOPNOTSUPP || rc == -ENOTTY || rc == -ENOSYS ||
	       rc == -EINVAL || rc == -ENODEV;
}

static int device_range(int fd, unsigned long request, uint64_t off,
			uint64_t len)
{
	uint64_t range[2] = {off, len};

	return ioctl(fd, request, range) < 0 ? -errno : 0;
}

static int file_fallocate(int fd, int mode, uint64_t off, uint64_t len)
{
	int rc;

	do {
		rc = fallocate(fd, mode, (off_t)off, (off_t)len) < 0 ? -errno
								     : 0;
	} while (rc == -EINTR);
	return rc;
}

static int punch(struct file_state *f, uint64_t off, uint64_t len)
{
	int rc;

	if (f->no_punch)
		return -ENOTSUP;
	rc = f->host.is_device ? device_range(f->host.fd, BLKDISCARD, off, len)
			       : file_fallocate(f->host.fd,
						FALLOC_FL_PUNCH_HOLE |
							FALLOC_FL_KEEP_SIZE,
						off, len);
	if (!is_unsupported(rc))
		return rc;
	f->no_punch = true;
	return -ENOTSUP;
}

/* A regular file reads as zeros where it ended before. */
static int extend(int fd, uint64_t end)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size >= end)
		return 0;
	return ftruncate(fd, (off_t)end) < 0 ? -errno : 0;
}

static int zero_in_place(struct file_state *f, uint64_t off, uint64_t len)
{
	int rc;

	if (f->no_zero)
		return -ENOTSUP;
	rc = f->host.is_device ? device_range(f->host.fd, BLKZEROOUT, off, len)
			       : file_fallocate(f->host.fd,
						FALLOC_FL_ZERO_RANGE, off, len);
	if (!is_unsupported(rc))
		return rc;
	f->no_zero = true;
	return -ENOTSUP;
}

int file_zero(struct file_state *f, uint64_t off, uint64_t len, bool unmap)
{
	int rc = -ENOTSUP;

	/* A device's discarded blocks read as anything. */
	if (unmap && !f->host.is_device) {
		rc = punch(f, off, len);
		if (rc == 0)
			rc = extend(f->host.fd, off + len);
	}
	return rc == -ENOTSUP ? zero_in_place(f, off, len) : rc;
}

int file_write_zeroes(struct file_state *f, uint64_t off, uint64_t len)
{
	struct iovec iov;
	struct blk_req req = {.op = BLK_WRITE, .iov = &iov, .niov = 1};
	void *buf = blk_alloc(f->node, len < ZERO_CHUNK ? len : ZERO_CHUNK);
	int rc = buf ? 0 : -ENOMEM;

	while (len && rc == 0) {
		iov.iov_base = buf;
		iov.iov_len = len < ZERO_CHUNK ? len : ZERO_CHUNK;
		req.at = off;
		req.len = iov.iov_len;
		rc = file_transfer(f, &req, 0);
		off += req.len;
		len -= req.len;
	}
	free(buf);
	return rc;
}

int file_discard(struct file_state *f, uint64_t off, uint64_t len)
{
	int rc;

	if (!(f->node->flags & BLK_O_UNMAP))
		return 0;
	rc = punch(f, off, len);
	return rc == -ENOTSUP ? 0 : rc;
}

static uint64_t extent_end(int fd, uint64_t off, int whence, uint64_t end)
{
	off_t next = lseek(fd, (off_t)off, whence);

	return next < 0 || (uint64_t)next > end ? end : (uint64_t)next;
}

int file_status(struct blk_node *node, uint64_t off, uint64_t len,
		struct blk_extent *ext)
{
	struct file_state *f = node->state;
	uint64_t end = off + len;
	off_t data;

	*ext = (struct blk_extent){.len = len,
				   .flags = BLK_ALLOCATED | BLK_HAS_DATA |
					    BLK_OFFSET_VALID,
				   .map = off,
				   .host_name = node->filename};
	data = f->host.is_device ? (off_t)off
				 : lseek(f->host.fd, (off_t)off, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return 0; /* cannot tell: all data */
	if (data < 0 || (uint64_t)data >= end) {
		ext->flags = BLK_ALLOCATED | BLK_ZERO | BLK_OFFSET_VALID;
		return 0;
	}
	if ((uint64_t)data > off) {
		ext->flags = BLK_ALLOCATED | BLK_ZERO | BLK_OFFSET_VALID;
		ext->len = (uint64_t)data - off;
	} else if (!f->host.is_device) {
		ext->len = extent_end(f->host.fd, off, SEEK_HOLE, end) - off;
	}
	return 0;
}

int64_t file_allocated(struct blk_node *node)
{
	struct file_state *f = node->state;
	struct stat st;

	return fstat(f->host.fd, &st) < 0 ? -1
					  : (int64_t)st.st_blocks * BLK_SECTOR;
}

static int preallocate(struct file_state *f, uint64_t from, uint64_t to,
		       enum blk_prealloc prealloc, struct error *err)
{
	int rc = 0;

	if (to <= from)
		return 0;
	if (prealloc == BLK_PREALLOC_FALLOC)
		rc = -posix_fallocate(f->host.fd, (off_t)from,
				      (off_t)(to - from));
	else if (prealloc == BLK_PREALLOC_FULL)
		rc = file_write_zeroes(f, from, to - from);
	if (rc == 0)
		return 0;
	if (ftruncate(f->host.fd, (off_t)from) < 0)
		return error_errno(err, -rc,
				   "Could not preallocate, nor undo it");
	return error_errno(err, -rc, "Could not preallocate data");
}

static int device_resize(struct blk_node *node, uint64_t size,
			 struct error *err)
{
	struct file_state *f = node->state;
	uint64_t now;
	int rc = host_file_size(&f->host, &now);

	if (rc < 0)
		return error_errno(err, -rc, "cannot get the size");
	if (size > now)
		return error_set(err, EINVAL, "Cannot grow device files");
	node->size = now;
	return 0;
}

int file_truncate(struct blk_node *node, uint64_t size,
		  enum blk_prealloc prealloc, struct error *err)
{
	struct file_state *f = node->state;
	uint64_t old = node->size;
	int rc;

	if (f->host.is_device)
		return device_resize(node, size, err);
	if (prealloc == BLK_PREALLOC_METADATA)
		return error_set(err, ENOTSUP,
				 "Unsupported preallocation mode 'metadata'");
	if (ftruncate(f->host.fd, (off_t)size) < 0)
		return error_errno(err, errno, "Failed to resize file");
	rc = preallocate(f, old, size, prealloc, err);
	node->size = rc < 0 ? old : size;
	return rc;
}

/* Locks the file before it is emptied: somebody may be using it. */
static int empty(const char *name, struct host_file *host, struct error *err)
{
	int rc = host_file_open(name, BLK_O_RDWR, host, err);

	if (rc < 0)
		return rc;
	if (host->is_device || ftruncate(host->fd, 0) == 0)
		return 0;
	rc = error_errno(err, errno, "Could not clear the file");
	close(host->fd);
	return rc;
}

struct file_hints file_hints_of(const struct blk_create *how, bool nocow,
				uint64_t extent_size)
{
	bool asked =
		how->options && opt_list_get(how->options, "extent_size_hint");

	return (struct file_hints){.nocow = nocow,
				   .asked = asked,
				   .extent_size =
					   asked ? extent_size : EXTENT_SIZE};
}

static void set_extent_size(const char *name, int fd,
			    const struct file_hints *hints)
{
	struct fsxattr attr;
	int rc = ioctl(fd, FS_IOC_FSGETXATTR, &attr);

	if (rc == 0) {
		attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
		attr.fsx_extsize = (uint32_t)hints->extent_size;
		rc = ioctl(fd, FS_IOC_FSSETXATTR, &attr);
	}
	if (rc < 0 && hints->asked)
		log_warn("%s: the file system takes no extent_size_hint: %s",
			 name, strerror(errno));
}

/* Other file systems than btrfs have nothing to turn off. */
static void set_nocow(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_NOCOW_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		return;
}

/* While it is empty: later is too late. */
static void give_hints(const char *name, const struct host_file *host,
		       const struct file_hints *hints)
{
	if (host->is_device)
		return;
	if (hints->nocow)
		set_nocow(host->fd);
	if (hints->extent_size)
		set_extent_size(name, host->fd, hints);
}

int file_create_empty(const char *name, const struct file_hints *hints,
		      struct error *err)
{
	struct host_file host;
	int fd, rc;

	name = blk_path_plain(name);
	if (hints->extent_size > UINT32_MAX)
		return error_set(err, EINVAL, "Extent size hint is too large");
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	if (fd < 0)
		return error_errno(err, errno, "Could not create '%s'", name);
	rc = empty(name, &host, err);
	close(fd);
	if (rc < 0)
		return error_prefix(err, "Could not create '%s'", name);
	give_hints(name, &host, hints);
	close(host.fd);
	return 0;
}

void file_remove(const char *name)
{
	struct stat st;

	name = blk_path_plain(name);
	if (lstat(name, &st) == 0 && S_ISREG(st.st_mode))
		unlink(name);
}

/* The least that O_DIRECT takes, by trying it. */
void file_probe_align(struct blk_node *node, int fd)
{
	uint32_t align = ALIGN_MIN;
	uint8_t *buf;
	struct stat st;

	node->align = node->mem_align = ALIGN_MAX;
	if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && !st.st_size))
		return;
	buf = blk_alloc(node, ALIGN_MAX);
	while (buf && align < ALIGN_MAX && pread(fd, buf, align, 0) < 0)
		align *= 2;
	free(buf);
	node->align = align;
}
