/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges.
 *
 * No capability stays, not even CAP_DAC_OVERRIDE: with that, whoever breaks out
 * of the guest has every file of the host's.  The monitor opens what the user
 * alone may open, who is root (then: root's own) or that of -runas.
 */
#include "vmm/privileges.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/thread.h"

enum {
	WORDS = _LINUX_CAPABILITY_U32S_3,
	STATUS = 4096, /* bytes of a thread's status, at most */
	LOOK_NS = 50000,
	/* Flags of the kernel's tasks, linux/sched.h. */
	IO_WORKER = 0x10,
	USER_WORKER = 0x4000,
};

static int drop_here(void)
{
	static const struct __user_cap_data_struct none[WORDS];
	struct __user_cap_header_struct this_thread = {
		.version = _LINUX_CAPABILITY_VERSION_3};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_capset, &this_thread, none);
}

static void on_signal(int sig)
{
	int code = errno;

	(void)sig;
	drop_here();
	errno = code;
}

void privileges_prepare(struct privileges *p)
{
	p->threads = opendir("/proc/self/task");
}

/* The hexadecimal number after name. */
static uint64_t find_mask(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

/* What a thread's file in /proc says; false: it ended. */
static bool look(const struct privileges *p, const char *tid, const char *file,
		 char text[STATUS])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.16s/%s", tid, file);
	fd = openat(dirfd(p->threads), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, STATUS - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/*
 * Those that the kernel has in this process (io_uring's, vhost's) take no
 * signals, and run nothing of ours.  The flags are the sixth number after the
 * state, which follows the name in brackets: proc(5), stat.
 */
static bool is_kernels(const struct privileges *p, const char *tid)
{
	char stat[STATUS], *at;
	unsigned flags;

	if (!look(p, tid, "stat", stat))
		return true;
	at = strrchr(stat, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return false;
	return flags & (IO_WORKER | USER_WORKER);
}

/* One that just begins may have all signals blocked: it takes ours soon. */
static bool is_to_drop(const struct privileges *p, const char *tid)
{
	char status[STATUS];

	return look(p, tid, "status", status) &&
	       (find_mask(status, "\nCapPrm:") ||
		find_mask(status, "\nCapInh:") ||
		!find_mask(status, "\nNoNewPrivs:")) &&
	       !is_kernels(p, tid);
}

/* Returns whether there was anything to do. */
static bool drop_thread(const struct privileges *p, const char *tid)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	int number = (int)strtol(tid, NULL, 10);

	if (!is_to_drop(p, tid))
		return false;
	syscall(SYS_tgkill, getpid(), number, THREAD_SIGNAL);
	while (is_to_drop(p, tid))
		nanosleep(&pause, NULL);
	return true;
}

/* Until all have none: one may have started another meanwhile. */
static void drop_threads(const struct privileges *p)
{
	struct dirent *e;
	bool any;

	do {
		any = false;
		rewinddir(p->threads);
		while ((e = readdir(p->threads)))
			if (isdigit((unsigned char)*e->d_name))
				any |= drop_thread(p, e->d_name);
	} while (any);
}

static int drop(const struct privileges *p, struct error *err)
{
	const struct sigaction act = {.sa_handler = on_signal,
				      .sa_flags = SA_RESTART};

	if (!p->threads)
		return error_set(err, ENOENT,
				 "privileges cannot be dropped without /proc");
	if (drop_here() < 0)
		return error_errno(err, errno, "privileges cannot be dropped");
	sigaction(THREAD_SIGNAL, &act, NULL);
	drop_threads(p);
	return 0;
}

int privileges_drop(struct privileges *p, struct error *err)
{
	int rc = drop(p, err);

	if (p->threads)
		closedir(p->threads);
	p->threads = NULL;
	return rc;
}
