/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files that an option names, in memory. */
#include "vmm/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/fd_sets.h"

#define ROOM_FIRST 4096

/* Up to size bytes; the number that there were, or -errno. */
static ssize_t read_some(int fd, uint8_t *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Room for twice as much, as far as max and the zero byte allow. */
static uint8_t *grow(uint8_t *data, size_t *room, size_t max)
{
	*room = !*room ? ROOM_FIRST : *room > max / 2 ? max + 1 : *room * 2;
	return realloc(data, *room + 1);
}

static int read_all(int fd, const char *path, size_t max, uint8_t **data,
		    size_t *len, struct error *err)
{
	size_t room = 0;
	uint8_t *grown;
	ssize_t n;

	do {
		if (*len == room) {
			grown = grow(*data, &room, max);
			if (!grown)
				return error_set(err, ENOMEM, "out of memory");
			*data = grown;
		}
		n = read_some(fd, *data + *len, room - *len);
		if (n < 0)
			return error_errno(err, (int)-n, "cannot read '%s'",
					   path);
		*len += (size_t)n;
		if (*len > max)
			return error_set(err, EFBIG,
					 "'%s' has more than %zu bytes", path,
					 max);
	} while (n > 0);
	(*data)[*len] = 0;
	return 0;
}

int read_file(const char *path, size_t max, uint8_t **data, size_t *len,
	      struct error *err)
{
	int fd = fd_sets_open(path, O_RDONLY | O_CLOEXEC, 0), rc;

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s'", path);
	rc = read_all(fd, path, max, data, len, err);
	close(fd);
	if (rc < 0) {
		free(*data);
		*data = NULL;
	}
	return rc;
}
