/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the host as images.
 *
 * Users of an image keep out of each other's way by locks on single bytes, as
 * QEMU has them (observed in /proc/locks): a shared lock on byte 100 + n says
 * "I do n", one on 200 + n says "nobody else may do n".  The locks belong to
 * the open file (OFD), not to the process.
 */
#include "block/host_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "block/node.h"
#include "vmm/fd_sets.h"

#define LOCK_DOES    100
#define LOCK_FORBIDS 200
#define PERMS	     4 /* read, write, write-unchanged, resize */

static int lock_byte(int fd, unsigned byte, short type)
{
	struct flock lock = {.l_type = type,
			     .l_whence = SEEK_SET,
			     .l_start = byte,
			     .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

/* Does somebody else have a lock on the byte? */
static bool is_locked(int fd, off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = byte,
			     .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Does /proc/PID/fdinfo/FD tell of a lock on the file? */
static bool fdinfo_has_lock(const char *pid, const char *fd, dev_t dev,
			    ino_t ino)
{
	char path[300], line[200], want[64];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
	snprintf(want, sizeof(want), "%02x:%02x:%lu ", major(dev), minor(dev),
		 (unsigned long)ino);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "lock:", 5) && strstr(line, want);
	if (f)
		fclose(f);
	return found;
}

/* Other than by the file own_fd of ours. */
static bool process_has_lock(const char *pid, int own_fd, dev_t dev, ino_t ino)
{
	bool ours = strtol(pid, NULL, 10) == getpid();
	char path[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo", pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir)))
		if (isdigit((unsigned char)*e->d_name) &&
		    !(ours && strtol(e->d_name, NULL, 10) == own_fd))
			found = fdinfo_has_lock(pid, e->d_name, dev, ino);
	if (dir)
		closedir(dir);
	return found;
}

/* OFD locks do not tell their owner: look through the processes. */
static void find_holder(int fd, char *buf, size_t size)
{
	char path[64], name[64] = "";
	struct dirent *e;
	struct stat st;
	DIR *proc = opendir("/proc");
	FILE *f;

	snprintf(buf, size, "another process");
	if (!proc || fstat(fd, &st) < 0) {
		if (proc)
			closedir(proc);
		return;
	}
	while ((e = readdir(proc))) {
		if (!isdigit((unsigned char)*e->d_name) ||
		    !process_has_lock(e->d_name, fd, st.st_dev, st.st_ino))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		f = fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = 0;
		if (f)
			fclose(f);
		if (strtol(e->d_name, NULL, 10) == getpid())
			snprintf(buf, size, "another drive of this machine");
		else
			snprintf(buf, size, "process %.16s (%s)", e->d_name,
				 name);
		break;
	}
	closedir(proc);
}

static int in_use(int fd, unsigned n, struct error *err)
{
	static const char *const names[PERMS] = {"shared \"read\"", "\"write\"",
						 "\"write unchanged\"",
						 "\"resize\""};
	char holder[128];

	find_holder(fd, holder, sizeof(holder));
	return error_set(err, EAGAIN,
			 "cannot get %s lock: the image is in use by %s",
			 names[n], holder);
}

static void drop_locks(int fd, const struct host_locks *locks)
{
	unsigned n;

	for (n = 0; n < PERMS; n++) {
		if (locks->does & 1u << n)
			lock_byte(fd, LOCK_DOES + n, F_UNLCK);
		if (locks->forbids & 1u << n)
			lock_byte(fd, LOCK_FORBIDS + n, F_UNLCK);
	}
}

static int take_locks(int fd, const struct host_locks *locks)
{
	unsigned n;
	int rc = 0;

	for (n = 0; n < PERMS && rc == 0; n++) {
		if (locks->does & 1u << n)
			rc = lock_byte(fd, LOCK_DOES + n, F_RDLCK);
		if (rc == 0 && (locks->forbids & 1u << n))
			rc = lock_byte(fd, LOCK_FORBIDS + n, F_RDLCK);
	}
	return rc;
}

static bool clashes(int fd, const struct host_locks *locks, unsigned n)
{
	unsigned bit = 1u << n;

	return ((locks->does & bit) && is_locked(fd, LOCK_FORBIDS + n)) ||
	       ((locks->forbids & bit) && is_locked(fd, LOCK_DOES + n));
}

/*
 * Ours first, then a look at the others': of two who start at once, one sees
 * the other.
 */
int host_file_lock(struct host_file *f, const struct host_locks *locks,
		   struct error *err)
{
	struct host_locks more = {locks->does & ~f->locks.does,
				  locks->forbids & ~f->locks.forbids};
	struct host_locks less = {f->locks.does & ~locks->does,
				  f->locks.forbids & ~locks->forbids};
	int rc = take_locks(f->fd, &more);
	unsigned n = 0;

	/* File systems without locks: nobody has any. */
	if (rc == -EINVAL || rc == -ENOLCK || rc == -EOPNOTSUPP)
		return 0;
	while (rc == 0 && n < PERMS && !clashes(f->fd, &more, n))
		n++;
	if (n < PERMS)
		rc = -EAGAIN;
	drop_locks(f->fd, rc < 0 ? &more : &less);
	if (rc < 0)
		return in_use(f->fd, n, err);
	f->locks = *locks;
	return 0;
}

/* Of one who is alone with the image. */
static int lock_image(struct host_file *f, unsigned flags, struct error *err)
{
	struct host_locks locks = {.does = BLK_PERM_READ,
				   .forbids = BLK_PERM_WRITE};

	if (flags & BLK_O_RDWR)
		locks.does |= BLK_PERM_WRITE;
	if (flags & BLK_O_FORCE_SHARE)
		locks.forbids = 0;
	return host_file_lock(f, &locks, err);
}

int host_file_size(const struct host_file *file, uint64_t *size)
{
	struct stat st;

	if (file->is_device)
		return ioctl(file->fd, BLKGETSIZE64, size) < 0 ? -errno : 0;
	if (fstat(file->fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

static int check_kind(struct host_file *f, struct error *err)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return error_errno(err, errno, "cannot open");
	f->is_device = S_ISBLK(st.st_mode);
	if (S_ISREG(st.st_mode) || f->is_device)
		return 0;
	return error_set(err, EINVAL, "cannot open: it is %s",
			 S_ISDIR(st.st_mode)
				 ? "a directory"
				 : "neither a file nor a block device");
}

static int open_flags(unsigned flags)
{
	/* O_NONBLOCK: a fifo must not hold us up before it is refused. */
	return (flags & BLK_O_RDWR ? O_RDWR : O_RDONLY) | O_CLOEXEC |
	       O_NONBLOCK | (flags & BLK_O_DIRECT ? O_DIRECT : 0);
}

static int prepare(struct host_file *f, unsigned flags, struct error *err)
{
	int rc = check_kind(f, err);

	if (rc < 0)
		return rc;
	rc = host_file_size(f, &f->size);
	if (rc < 0)
		return error_errno(err, -rc, "cannot get the size");
	return flags & BLK_O_NO_LOCK ? 0 : lock_image(f, flags, err);
}

int host_file_open(const char *file, unsigned flags, struct host_file *out,
		   struct error *err)
{
	int rc;

	out->locks = (struct host_locks){0, 0};
	out->fd = fd_sets_open(file, open_flags(flags), 0);
	if (out->fd < 0 && errno == EISDIR)
		return error_set(err, EISDIR, "cannot open: it is a directory");
	if (out->fd < 0 && errno == EINVAL && (flags & BLK_O_DIRECT))
		return error_set(err, EINVAL,
				 "cannot open: its file system does not "
				 "support O_DIRECT; use another cache mode");
	if (out->fd < 0)
		return error_errno(err, errno, "cannot open");
	rc = prepare(out, flags, err);
	if (rc < 0)
		close(out->fd);
	return rc;
}
