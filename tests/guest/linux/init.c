/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first process: mounts what is needed, runs what the kernel's command
 * line says, then gives a shell on the console, again and again.
 *
 *	test=NAME[,ARG]...	runs a test; may be said many times
 *	then=poweroff|reboot|halt|shell	what comes after the tests [shell]
 *
 * It is a program and no script because each process that is started costs
 * where ring 0 is emulated.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

enum { ARGS_MAX = 16, TTY_MAJOR = 4, SERIAL_MINOR = 64, HVC_MAJOR = 229 };

static const struct {
	const char *type, *folder;
} mounts[] = {
	{"devtmpfs", "/dev"},
	{"proc", "/proc"},
	{"sysfs", "/sys"},
};

/*
 * The host's CPUID may be seen through by programs while the kernel saves
 * less of the FPU than they would then use.
 */
static char tunables[] = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,"
			 "-AVX512F,-AVX512VL,-AVX512BW,-XSAVEC";
static char path[] = "PATH=/bin", prompt[] = "PS1=guest# ", home[] = "HOME=/",
	    term[] = "TERM=dumb";
static char *const environment[] = {path, prompt, home, term, tunables, NULL};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].folder, 0755);
		if (mount(mounts[i].type, mounts[i].folder, mounts[i].type, 0,
			  NULL))
			fprintf(stderr, "init: no %s\n", mounts[i].type);
	}
}

/* /dev/console cannot control a session; what is behind it can. */
static void open_console(void)
{
	char name[32] = "/dev/console";
	unsigned int device;
	int fd = -1;

	if (ioctl(STDIN_FILENO, TIOCGDEV, &device) == 0) {
		unsigned int n = minor(device);

		if (major(device) == HVC_MAJOR)
			snprintf(name, sizeof(name), "/dev/hvc%u", n);
		else if (major(device) == TTY_MAJOR && n >= SERIAL_MINOR)
			snprintf(name, sizeof(name), "/dev/ttyS%u",
				 n - SERIAL_MINOR);
		else if (major(device) == TTY_MAJOR)
			snprintf(name, sizeof(name), "/dev/tty%u", n);
	}
	fd = open(name, O_RDWR);
	if (fd < 0)
		return;
	for (int i = 0; i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int run_words(char *words)
{
	char *argv[ARGS_MAX + 1], *rest = words;
	int argc = 0;

	while (argc < ARGS_MAX && rest)
		argv[argc++] = strsep(&rest, ",");
	argv[argc] = NULL;
	return guest_run(argc, argv);
}

/* The word after the tests, a test's name too. */
static void run_command_line(char *then, size_t size)
{
	char line[2048], *rest = line, *word;

	guest_read(line, sizeof(line), "/proc/cmdline");
	while ((word = strsep(&rest, " "))) {
		if (strncmp(word, "test=", 5) == 0)
			run_words(word + 5);
		else if (strncmp(word, "then=", 5) == 0)
			snprintf(then, size, "%s", word + 5);
	}
}

static pid_t start_shell(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		execle("/bin/busybox", "sh", NULL, environment);
		perror("init: /bin/busybox");
		_exit(127);
	}
	return pid;
}

static void keep_shell(void)
{
	for (;;) {
		pid_t shell = start_shell();

		while (shell > 0 && wait(NULL) != shell)
			;
		if (shell < 0)
			sleep(1);
	}
}

static int init(void)
{
	char then[32] = "shell";

	mount_all();
	open_console();
	run_command_line(then, sizeof(then));
	if (strcmp(then, "shell"))
		run_words(then);
	keep_shell();
	return 1;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		return init();
	return guest_run(argc - 1, argv + 1) ? 1 : 0;
}
