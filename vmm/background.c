/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -daemonize: out of the terminal, when the machine runs. */
#include "vmm/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* What the background says of itself, in one byte. */
enum { SAYS_RUNS = 'r', SAYS_FAILED = 'f' };

/* Silence: it died without a word. */
static int wait_for(int fd, struct error *err)
{
	char byte = 0;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n == 1 && byte == SAYS_RUNS)
		return 0;
	if (n < 1)
		error_set(err, ECHILD,
			  "-daemonize: the process in the background ended "
			  "before the machine ran");
	return 1;
}

/*
 * Not the leader of its session: no terminal that it opens becomes its own.
 * 0 in the child; its parent is for waiting, or is done.
 */
static int detach(struct error *err)
{
	pid_t pid;

	if (setsid() < 0)
		return error_errno(err, errno, "-daemonize");
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "-daemonize");
	if (pid)
		_exit(0);
	return 0;
}

int background_fork(struct background *bg, int *status, struct error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "-daemonize");
	pid = fork();
	if (pid < 0) {
		error_errno(err, errno, "-daemonize");
		close(ends[0]);
		close(ends[1]);
		return -err->code;
	}
	if (pid) {
		close(ends[1]);
		*status = wait_for(ends[0], err);
		return 1;
	}
	close(ends[0]);
	bg->fd = ends[1];
	bg->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (bg->null < 0)
		return error_errno(err, errno, "/dev/null");
	return detach(err);
}

static int leave_terminal(int null, struct error *err)
{
	int i;

	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(null, i) < 0)
			return error_errno(err, errno, "/dev/null");
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

static int say(struct background *bg, char byte)
{
	ssize_t n;

	do
		n = write(bg->fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(bg->fd);
	bg->fd = -1;
	return n == 1 ? 0 : -EPIPE;
}

int background_tell(struct background *bg, struct error *err)
{
	int rc;

	if (bg->fd < 0)
		return 0;
	rc = leave_terminal(bg->null, err);
	if (rc == 0 && say(bg, SAYS_RUNS) < 0)
		rc = error_set(err, EPIPE,
			       "-daemonize: who started it did not wait");
	return rc;
}

void background_fail(struct background *bg)
{
	if (bg->fd >= 0)
		say(bg, SAYS_FAILED);
}
