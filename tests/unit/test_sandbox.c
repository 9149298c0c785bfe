/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -sandbox: each kind of system calls, denied and not, and threads. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/sandbox.h"
#include "vmm/thread.h"

/* Their arguments are such that they do nothing, or nothing that shows. */
static long mount_nothing(void)
{
	return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}

static long sysfs_nothing(void)
{
	return syscall(SYS_sysfs, -1);
}

static long stay_who_we_are(void)
{
	return syscall(SYS_setuid, getuid());
}

static long start_nothing(void)
{
	return syscall(SYS_execve, NULL, NULL, NULL);
}

static long fork_and_wait(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static long keep_priority(void)
{
	return syscall(SYS_setpriority, 0, 0, 0);
}

static void *use_thread(void *arg)
{
	*(bool *)arg = getpid() > 0;
	return NULL;
}

static long start_thread(void)
{
	pthread_t thread;
	bool ran = false;

	errno = pthread_create(&thread, NULL, use_thread, &ran);
	if (errno)
		return -1;
	pthread_join(thread, NULL);
	return ran ? 0 : -1;
}

/* By the table of 32-bit programs, 20 is getpid; by that of x32, 39. */
static long call_as_i386(void)
{
	long rc = 20;

	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory");
	return rc;
}

static long call_as_x32(void)
{
	return syscall(0x40000000 | SYS_getpid);
}

/* What became of a call: an errno value, or a signal's number, negative. */
static int try(const struct sandbox_conf *conf, long (*call)(void))
{
	struct error err;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0); /* no core */
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    sandbox_enter(conf, &err) < 0)
			_exit(255);
		errno = 0;
		_exit(call() < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

enum { ALL = SANDBOX_DENY };

static const struct sandbox_conf off = {.obsolete = ALL, .spawn = ALL},
				 on = {.enable = true},
				 all = {.enable = true,
					.obsolete = ALL,
					.elevate = ALL,
					.spawn = ALL,
					.resource = ALL};

START_TEST(what_is_off_does_nothing)
{
	ck_assert_int_ne(try(&off, mount_nothing), -SIGSYS);
	ck_assert_int_eq(try(&off, fork_and_wait), 0);
}
END_TEST

START_TEST(what_changes_the_host_is_always_denied)
{
	ck_assert_int_eq(try(&on, mount_nothing), -SIGSYS);
	ck_assert_int_eq(try(&on, call_as_i386), -SIGSYS);
	ck_assert_int_eq(try(&on, call_as_x32), -SIGSYS);
	ck_assert_int_ne(try(&on, sysfs_nothing), -SIGSYS);
	ck_assert_int_eq(try(&on, stay_who_we_are), 0);
	ck_assert_int_eq(try(&on, fork_and_wait), 0);
	ck_assert_int_eq(try(&on, start_nothing), EFAULT);
	ck_assert_int_eq(try(&on, keep_priority), 0);
	ck_assert_int_eq(try(&on, start_thread), 0);
}
END_TEST

START_TEST(each_kind_can_be_denied)
{
	static const struct {
		struct sandbox_conf conf;
		long (*call)(void);
		int result;
	} kinds[] = {
		{{.enable = true, .obsolete = ALL}, sysfs_nothing, -SIGSYS},
		{{.enable = true, .elevate = ALL}, stay_who_we_are, -SIGSYS},
		{{.enable = true, .elevate = SANDBOX_CHILDREN},
		 stay_who_we_are,
		 0},
		{{.enable = true, .spawn = ALL}, start_nothing, EPERM},
		{{.enable = true, .spawn = ALL}, fork_and_wait, EPERM},
		{{.enable = true, .spawn = ALL}, stay_who_we_are, 0},
		{{.enable = true, .resource = ALL}, keep_priority, EPERM},
		{{.enable = true, .resource = ALL}, fork_and_wait, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		ck_assert_int_eq(try(&kinds[i].conf, kinds[i].call),
				 kinds[i].result);
		ck_assert_int_eq(try(&all, kinds[i].call) == 0, false);
	}
}
END_TEST

START_TEST(threads_start_when_processes_do_not)
{
	ck_assert_int_eq(try(&all, start_thread), 0);
}
END_TEST

static void *wait_for_filter(void *arg)
{
	int *pipe_end = arg;
	char byte;

	if (read(pipe_end[0], &byte, 1) == 1)
		errno = mount_nothing() < 0 ? errno : 0;
	return NULL;
}

static long mount_in_older_thread(void)
{
	static const struct sandbox_conf conf = {.enable = true};
	struct error err;
	pthread_t thread;
	int ends[2];

	if (pipe(ends) < 0 ||
	    thread_start(&thread, "older", wait_for_filter, ends) != 0 ||
	    sandbox_enter(&conf, &err) < 0 || write(ends[1], "", 1) != 1)
		return -1;
	pthread_join(thread, NULL);
	return 0;
}

START_TEST(threads_that_were_there_are_filtered)
{
	ck_assert_int_eq(try(&off, mount_in_older_thread), -SIGSYS);
}
END_TEST

UNIT_MAIN("sandbox", what_is_off_does_nothing,
	  what_changes_the_host_is_always_denied, each_kind_can_be_denied,
	  threads_start_when_processes_do_not,
	  threads_that_were_there_are_filtered)
