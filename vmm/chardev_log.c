/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logfile=: what goes out by a chardev is also kept in a file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vmm/chardev_ops.h"
#include "vmm/fd_sets.h"

int chardev_log_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err)
{
	const char *path = opt_list_get(opts, "logfile");
	const char *text = opt_list_get(opts, "logappend");
	bool append = false;
	int rc = text ? opt_parse_bool(text, &append, err) : 0;

	chr->log = -1;
	if (rc < 0)
		return error_prefix(err, "logappend");
	if (!path)
		return 0;
	chr->log = fd_sets_open(path,
				O_WRONLY | O_CREAT | O_CLOEXEC |
					(append ? O_APPEND : O_TRUNC),
				0666);
	if (chr->log < 0)
		return error_errno(err, errno, "cannot open '%s'", path);
	return 0;
}

void chardev_log_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (chr->log >= 0 && done < len) {
		n = write(chr->log, buf + done, len - done);
		if (n < 0 && errno != EINTR)
			return; /* a full disk must not stop a guest */
		done += n > 0 ? (size_t)n : 0;
	}
}

void chardev_log_close(struct chardev *chr)
{
	if (chr->log >= 0)
		close(chr->log);
}
