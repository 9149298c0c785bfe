/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -add-fd: descriptors that whoever starts us has opened, into sets. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/cmdline.h"
#include "vmm/fd_sets.h"

struct add_fd_conf {
	int64_t fd, set;
	char *opaque;
};

#define KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct add_fd_conf, field)

const struct opt_desc add_fd_opts[] = {
	{KEY("fd", OPT_I64, fd), .dflt = "-1",
	 .help = "an open file descriptor, not one of 0 to 2"},
	{KEY("set", OPT_I64, set), .dflt = "-1",
	 .help = "the number of the set; -1 stands for none"},
	{KEY("opaque", OPT_STRING, opaque), .help = "shown by query-fdsets"},
	{.type = OPT_END},
};

/* One that is ours already is closed when programs are executed. */
static bool is_passed(int64_t fd)
{
	int flags = fd > INT32_MAX ? -1 : fcntl((int)fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int check(const struct add_fd_conf *conf, struct error *err)
{
	if (conf->fd < 0)
		return error_set(err, EINVAL,
				 "fd option is required and must be "
				 "non-negative");
	if (conf->fd <= STDERR_FILENO)
		return error_set(err, EINVAL,
				 "fd cannot be a standard I/O stream");
	if (conf->set < 0)
		return error_set(err, EINVAL,
				 "set option is required and must be "
				 "non-negative");
	if (!is_passed(conf->fd))
		return error_set(err, EBADF,
				 "fd is not valid or already in use");
	return 0;
}

/* The number itself may come again, in another set: a copy is put there. */
static int add(const struct add_fd_conf *conf, struct error *err)
{
	int64_t set = conf->set;
	int fd = fcntl((int)conf->fd, F_DUPFD_CLOEXEC, 0), rc;

	if (fd < 0)
		return error_errno(err, errno, "fd=%d", (int)conf->fd);
	rc = fd_sets_add(&set, fd, conf->opaque, err);
	if (rc < 0)
		close(fd);
	return rc;
}

int config_add_fd(struct config *c, const struct cmdline_opt *o,
		  const char *arg, struct error *err)
{
	struct add_fd_conf conf = {0};
	int rc;

	(void)c;
	opt_defaults(add_fd_opts, &conf);
	rc = opt_set_text(o->keys, &conf, arg, NULL, err);
	if (rc == 0)
		rc = check(&conf, err);
	if (rc == 0)
		rc = add(&conf, err);
	opt_free(add_fd_opts, &conf);
	return rc;
}
