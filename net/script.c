/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running scripts.  posix_spawn shares memory until exec: a guest's RAM costs
 * nothing, however much it is.
 */
#include "net/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/log.h"

enum {
	LOOK_MS = 200, /* how often signals to us are looked for */
	PATIENCE_MS = 10000, /* until a word is said */
};

/* The signals that end us, which others block and read in the main loop. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

#define ENDINGS (sizeof(endings) / sizeof(*endings))

/* No files of ours but stdout, stderr and fd. */
static int choose_files(posix_spawn_file_actions_t *files, int fd)
{
	int first = STDERR_FILENO + 1;
	int rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
						  "/dev/null", O_RDONLY, 0);

	if (rc == 0 && fd >= 0) {
		first = NET_PROGRAM_FD + 1;
		rc = posix_spawn_file_actions_adddup2(files, fd,
						      NET_PROGRAM_FD);
	}
	return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, first);
}

/* Signals as a program wants them. */
static int spawn(const char *const argv[], int fd, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, dflt;
	size_t i;
	int rc;

	sigemptyset(&none);
	sigemptyset(&dflt);
	sigaddset(&dflt, SIGPIPE);
	for (i = 0; i < ENDINGS; i++)
		sigaddset(&dflt, endings[i]);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	rc = choose_files(&files, fd);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &dflt);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawn(pid, argv[0], &files, &attr,
				 (char **)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

bool net_told_to_end(void *ctx)
{
	sigset_t pending;
	size_t i;

	(void)ctx;
	sigpending(&pending);
	for (i = 0; i < ENDINGS; i++)
		if (sigismember(&pending, endings[i]))
			return true;
	return false;
}

/* Without pidfds waitpid alone waits. */
static void watch(const char *path, pid_t pid, bool (*told)(void *ctx),
		  void *ctx)
{
	struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int waited = 0;
	bool ended = false;

	while (p.fd >= 0 && poll(&p, 1, LOOK_MS) == 0) {
		waited += LOOK_MS;
		if (waited == PATIENCE_MS)
			log_warn("%s takes its time", path);
		if (!ended && told(ctx)) {
			kill(pid, SIGTERM);
			ended = true;
		}
	}
	if (p.fd >= 0)
		close(p.fd);
}

static int tell_status(const char *kind, const char *const argv[], int status,
		       struct error *err)
{
	const char *last = argv[0];
	size_t i;

	for (i = 0; argv[i]; i++)
		last = argv[i];
	if (WIFSIGNALED(status))
		return error_set(err, EIO, "%s %s %s was ended by %s", kind,
				 argv[0], last, strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(err, EIO, "%s %s %s failed with status %d",
				 kind, argv[0], last, WEXITSTATUS(status));
	return 0;
}

int net_run_program(const char *kind, const char *const argv[], int fd,
		    bool (*told)(void *ctx), void *ctx, struct error *err)
{
	int rc, status = 0;
	pid_t pid;

	rc = spawn(argv, fd, &pid);
	if (rc == ENOEXEC)
		return error_set(err, rc,
				 "%s %s: no program; its first line may lack "
				 "#!/bin/sh",
				 kind, argv[0]);
	if (rc)
		return error_errno(err, rc, "%s %s", kind, argv[0]);
	watch(argv[0], pid, told, ctx);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "%s %s", kind, argv[0]);
	return tell_status(kind, argv, status, err);
}

int net_run_script(const char *path, const char *ifname,
		   bool (*told)(void *ctx), void *ctx, struct error *err)
{
	const char *const argv[] = {path, ifname, NULL};

	return net_run_program("script", argv, -1, told, ctx, err);
}
