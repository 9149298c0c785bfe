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
static const int endings[] = {SIGINT, SIGTERM, SIGHUP};

#define ENDINGS (sizeof(endings) / sizeof(*endings))

/* Signals as a program wants them; no files of ours but stdout, stderr. */
static int spawn(const char *path, const char *ifname, pid_t *pid)
{
	char *const argv[] = {(char *)(uintptr_t)path,
			      (char *)(uintptr_t)ifname, NULL};
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
	rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
					      O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files,
							      STDERR_FILENO +
								      1);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &dflt);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawn(pid, path, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static bool told_to_end(void)
{
	sigset_t pending;
	size_t i;

	sigpending(&pending);
	for (i = 0; i < ENDINGS; i++)
		if (sigismember(&pending, endings[i]))
			return true;
	return false;
}

/* Without pidfds waitpid alone waits. */
static void watch(const char *path, pid_t pid)
{
	struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int waited = 0;
	bool told = false;

	while (p.fd >= 0 && poll(&p, 1, LOOK_MS) == 0) {
		waited += LOOK_MS;
		if (waited == PATIENCE_MS)
			log_warn("%s takes its time", path);
		if (!told && told_to_end()) {
			kill(pid, SIGTERM);
			told = true;
		}
	}
	if (p.fd >= 0)
		close(p.fd);
}

int net_run_script(const char *path, const char *ifname, struct error *err)
{
	int rc, status = 0;
	pid_t pid;

	rc = spawn(path, ifname, &pid);
	if (rc == ENOEXEC)
		return error_set(err, rc,
				 "script %s: no program; its first line may "
				 "lack #!/bin/sh",
				 path);
	if (rc)
		return error_errno(err, rc, "script %s", path);
	watch(path, pid);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "script %s", path);
	if (WIFSIGNALED(status))
		return error_set(err, EIO, "script %s %s was ended by %s", path,
				 ifname, strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(err, EIO, "script %s %s failed with status %d",
				 path, ifname, WEXITSTATUS(status));
	return 0;
}
