/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -pidfile: written, locked, and removed at the end. */
#include "vmm/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

static struct flock whole(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Is the file that path names the one that is open? */
static bool is_same(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
	       open_file.st_dev == named.st_dev &&
	       open_file.st_ino == named.st_ino;
}

static int held(int fd, struct error *err)
{
	struct flock lock = whole();

	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK &&
	    lock.l_pid > 0)
		return error_set(err, EAGAIN,
				 "process %ld has it, and runs: choose "
				 "another file, or end that process",
				 (long)lock.l_pid);
	return error_set(err, EAGAIN, "another process has it, and runs");
}

/*
 * Returns the descriptor; or -ESTALE when whoever had the file removed it
 * meanwhile, and a new one is to be made.
 */
static int open_locked(const char *path, struct error *err)
{
	struct flock lock = whole();
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600), rc;
	struct stat st;

	if (fd < 0)
		return error_errno(err, errno, "cannot create");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = error_set(err, EINVAL, "it is no regular file");
	else if (fcntl(fd, F_SETLK, &lock) < 0)
		rc = held(fd, err);
	else if (!is_same(fd, path))
		rc = error_set(err, ESTALE, "it comes and goes");
	else
		return fd;
	close(fd);
	return rc;
}

static bool write_text(int fd, const char *text)
{
	return ftruncate(fd, 0) == 0 &&
	       pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text);
}

static int write_pid(int fd, struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (!write_text(fd, text))
		return error_errno(err, errno, "cannot write");
	return 0;
}

int pidfile_create(struct pidfile *p, const char *path, struct error *err)
{
	int fd = -ESTALE, i;

	for (i = 0; i < TRIES && fd == -ESTALE; i++)
		fd = open_locked(path, err);
	if (fd < 0)
		return error_prefix(err, "-pidfile %s", path);
	p->fd = fd;
	p->path = realpath(path, NULL);
	if (!p->path) {
		error_errno(err, errno, "-pidfile %s", path);
	} else if (write_pid(fd, err) < 0) {
		error_prefix(err, "-pidfile %s", path);
		pidfile_remove(p);
		fd = -1;
	} else {
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return -err->code;
}

void pidfile_rebase(struct pidfile *p, const char *root)
{
	size_t n = strlen(root);

	while (n && root[n - 1] == '/')
		n--;
	if (!p->path)
		return;
	if (!strncmp(p->path, root, n) && p->path[n] == '/')
		memmove(p->path, p->path + n, strlen(p->path + n) + 1);
	else
		*p->path = 0;
}

void pidfile_remove(struct pidfile *p)
{
	if (!p->path)
		return;
	/* A number that is no longer right is worse than none. */
	if (!is_same(p->fd, p->path) || unlink(p->path) < 0)
		write_text(p->fd, "");
	close(p->fd);
	free(p->path);
	*p = (struct pidfile){.fd = -1};
}
