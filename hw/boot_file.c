/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are booted: kernels and modules. */
#include "hw/boot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/fd_sets.h"

static const char *name_of(const struct boot_file *f)
{
	return f->name ? f->name : "the kernel";
}

int boot_file_open(struct boot_file *f, const char *what, const char *name,
		   struct error *err)
{
	struct stat st;

	*f = (struct boot_file){
		.fd = fd_sets_open(name, O_RDONLY | O_CLOEXEC, 0)};
	if (f->fd < 0)
		return error_errno(err, errno, "%s %s", what, name);
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		close(f->fd);
		return error_set(err, EINVAL,
				 "%s %s: it is empty or not a file", what,
				 name);
	}
	f->size = (uint64_t)st.st_size;
	f->name = strdup(name);
	if (f->name)
		return 0;
	close(f->fd);
	return error_set(err, ENOMEM, "out of memory");
}

void boot_file_of(struct boot_file *f, const void *data, size_t size)
{
	*f = (struct boot_file){.fd = -1, .data = data, .size = size};
}

void boot_file_close(struct boot_file *f)
{
	if (f->name)
		close(f->fd);
	free(f->name);
	*f = (struct boot_file){.fd = -1};
}

bool boot_file_has(const struct boot_file *f, uint64_t off, uint64_t len)
{
	return off <= f->size && len <= f->size - off;
}

static int read_fd(const struct boot_file *f, uint64_t off, uint8_t *buf,
		   size_t len, struct error *err)
{
	ssize_t n;

	for (; len; off += (size_t)n, buf += n, len -= (size_t)n) {
		n = pread(f->fd, buf, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return error_errno(err, errno, "cannot read %s",
					   name_of(f));
		else if (n == 0)
			return error_set(err, EIO, "%s is shorter than it was",
					 name_of(f));
	}
	return 0;
}

int boot_file_read(const struct boot_file *f, uint64_t off, void *buf,
		   size_t len, struct error *err)
{
	if (!boot_file_has(f, off, len))
		return error_set(err, EINVAL, "%s is cut short", name_of(f));
	if (!f->data)
		return read_fd(f, off, buf, len, err);
	if (len)
		memcpy(buf, f->data + off, len);
	return 0;
}

uint8_t *boot_file_copy(const struct boot_file *f, uint64_t off, size_t len,
			struct error *err)
{
	uint8_t *copy;

	if (!boot_file_has(f, off, len)) {
		error_set(err, EINVAL, "%s is cut short", name_of(f));
		return NULL;
	}
	copy = malloc(len + 1);
	if (!copy)
		error_set(err, ENOMEM, "out of memory");
	else if (boot_file_read(f, off, copy, len, err) == 0)
		return copy;
	free(copy);
	return NULL;
}
