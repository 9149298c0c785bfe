/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal that pcvm was started from, and output files.
 *
 * A terminal is put into character mode and back again: at the end, when
 * stopped by the user (SIGTSTP), and when a fatal signal comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/config.h"
#include "vmm/fd_sets.h"
#include "vmm/machine.h"

/*
 * What a signal handler has to put back: the one place where there is no
 * object to pass.
 */
static struct {
	volatile sig_atomic_t active, changed;
	struct termios before;
	int in_flags, out_flags;
} terminal;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGABRT,
				    SIGFPE,  SIGILL, SIGQUIT};

struct stdio {
	struct chardev chr;
	struct fd_pair pair;
};

static void restore(void)
{
	if (!terminal.active)
		return;
	terminal.active = 0;
	if (terminal.changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	fcntl(STDIN_FILENO, F_SETFL, terminal.in_flags);
	fcntl(STDOUT_FILENO, F_SETFL, terminal.out_flags);
}

static void on_fatal(int sig)
{
	restore();
	raise(sig); /* with the default action: SA_RESETHAND */
}

static void catch_fatal(void)
{
	struct sigaction act = {.sa_handler = on_fatal,
				.sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	size_t i;

	for (i = 0; i < sizeof(fatal_signals) / sizeof(*fatal_signals); i++)
		sigaction(fatal_signals[i], &act, NULL);
}

static void character_mode(bool signals)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal.before) < 0)
		return;
	raw = terminal.before;
	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
				   IGNCR | ICRNL | IXON);
	raw.c_oflag |= OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	if (!signals)
		raw.c_lflag &= ~(tcflag_t)ISIG;
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	terminal.changed = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

struct stdio_conf {
	bool signal;
};

static const struct opt_desc stdio_opts[] = {
	{.name = "signal",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct stdio_conf, signal),
	 .dflt = "on"},
	{.type = OPT_END},
};

static int stdio_open(struct chardev *chr, const struct opt_list *opts,
		      struct error *err)
{
	struct stdio *s = (struct stdio *)chr;
	struct stdio_conf conf = {0};
	int rc = chardev_conf(stdio_opts, opts, &conf, err);

	if (rc < 0)
		return rc;
	if (chr->m->config && chr->m->config->daemonize)
		return error_set(err, EINVAL,
				 "cannot use stdio with -daemonize");
	if (terminal.active)
		return error_set(err, EBUSY,
				 "cannot use stdio by multiple character "
				 "devices");
	terminal.in_flags = fcntl(STDIN_FILENO, F_GETFL);
	terminal.out_flags = fcntl(STDOUT_FILENO, F_GETFL);
	if (terminal.out_flags < 0)
		return error_set(err, EBADF, "stdio: stdout is closed");
	terminal.active = 1;
	terminal.changed = 0;
	catch_fatal();
	character_mode(conf.signal);
	chr->open = true;
	return fd_pair_start(&s->pair, chr,
			     terminal.in_flags < 0 ? -1 : STDIN_FILENO,
			     STDOUT_FILENO, err);
}

static size_t stdio_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	return fd_pair_write(&((struct stdio *)chr)->pair, buf, len);
}

static void stdio_update(struct chardev *chr)
{
	fd_pair_update(&((struct stdio *)chr)->pair);
}

static void stdio_close(struct chardev *chr)
{
	fd_pair_stop(&((struct stdio *)chr)->pair);
	restore();
}

const struct chardev_ops chardev_stdio = {
	.name = "stdio",
	.size = sizeof(struct stdio),
	.open = stdio_open,
	.write = stdio_write,
	.update = stdio_update,
	.close = stdio_close,
};

struct file {
	struct chardev chr;
	int fd;
};

struct file_conf {
	char *path;
	bool append;
};

static const struct opt_desc file_opts[] = {
	{.name = "path",
	 .type = OPT_STRING,
	 .offset = offsetof(struct file_conf, path)},
	{.name = "append",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct file_conf, append)},
	{.type = OPT_END},
};

static int open_path(struct file *f, const struct file_conf *conf,
		     struct error *err)
{
	int how = conf->append ? O_APPEND : O_TRUNC;

	if (!conf->path || !*conf->path)
		return error_set(err, EINVAL,
				 "chardev: file: no filename given");
	f->fd = fd_sets_open(conf->path,
			     O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | how,
			     0666);
	if (f->fd < 0)
		return error_errno(err, errno, "cannot open '%s'", conf->path);
	return 0;
}

static int file_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err)
{
	struct file_conf conf = {0};
	int rc = chardev_conf(file_opts, opts, &conf, err);

	if (rc == 0)
		rc = open_path((struct file *)chr, &conf, err);
	opt_free(file_opts, &conf);
	chr->open = rc == 0;
	return rc;
}

static size_t file_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	struct file *f = (struct file *)chr;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(f->fd, buf + done, len - done);
		if (n < 0 && errno != EINTR)
			break; /* a full disk or pipe must not stop a guest */
		done += n > 0 ? (size_t)n : 0;
	}
	return len;
}

static void file_close(struct chardev *chr)
{
	close(((struct file *)chr)->fd);
}

const struct chardev_ops chardev_file = {
	.name = "file",
	.size = sizeof(struct file),
	.open = file_open,
	.write = file_write,
	.close = file_close,
};
