/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM and SIGHUP end the machine in order. */
#include "vmm/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/loop.h"
#include "vmm/machine.h"

struct signals {
	struct machine *m;
	int fd;
	struct loop_fd *lfd;
	sigset_t set;
};

/* The name of the process that sent the signal, for the log. */
static void sender_name(uint32_t pid, char *buf, size_t size)
{
	char path[32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	if (n > 0)
		buf[n] = 0; /* what follows the first word is arguments */
	else
		snprintf(buf, size, "<unknown process>");
}

static void on_signal(void *ctx, uint32_t events)
{
	struct signals *s = ctx;
	struct signalfd_siginfo info;
	char name[256];

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_code == SI_USER || info.ssi_code == SI_QUEUE) {
		sender_name(info.ssi_pid, name, sizeof(name));
		log_info("terminating on signal %u from pid %u (%s)",
			 info.ssi_signo, info.ssi_pid, name);
	} else {
		log_info("terminating on signal %u", info.ssi_signo);
	}
	machine_request_shutdown(s->m, CAUSE_HOST_SIGNAL);
}

struct signals *signals_init(struct machine *m, struct error *err)
{
	struct signals *s = calloc(1, sizeof(*s));

	if (!s) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	s->m = m;
	sigemptyset(&s->set);
	sigaddset(&s->set, SIGINT);
	sigaddset(&s->set, SIGTERM);
	sigaddset(&s->set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &s->set, NULL);
	s->fd = signalfd(-1, &s->set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0) {
		error_errno(err, errno, "signalfd");
		free(s);
		return NULL;
	}
	s->lfd = loop_add_fd(m->loop, s->fd, EPOLLIN, on_signal, s, err);
	if (!s->lfd) {
		close(s->fd);
		free(s);
		return NULL;
	}
	return s;
}

void signals_fini(struct signals *s)
{
	if (!s)
		return;
	loop_del_fd(s->lfd);
	close(s->fd);
	free(s);
}
