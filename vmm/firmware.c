/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware files: found through -L and the directories of configure. */
#include "vmm/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "vmm/config.h"
#include "vmm/fd_sets.h"

struct package {
	const char *prefix, *name;
};

static const struct package packages[] = {
	{"bios", "seabios"},   {"vgabios", "seabios"}, {"pxe-", "ipxe-qemu"},
	{"efi-", "ipxe-qemu"}, {"OVMF", "ovmf"},
};

static const char *package_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(packages) / sizeof(*packages); i++)
		if (!strncmp(name, packages[i].prefix,
			     strlen(packages[i].prefix)))
			return packages[i].name;
	return NULL;
}

static int open_in(const char *dir, size_t len, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, name) >=
	    (int)sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int find(const struct config *conf, const char *name)
{
	const char *dir = PCVM_FIRMWAREDIR;
	unsigned i;
	size_t len;
	int fd = -1;

	for (i = 0; conf && fd < 0 && i < conf->firmware_dirs.n; i++)
		fd = open_in(conf->firmware_dirs.str[i],
			     strlen(conf->firmware_dirs.str[i]), name);
	for (; fd < 0 && *dir; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		fd = open_in(dir, len, name);
	}
	if (fd < 0)
		fd = fd_sets_open(name, O_RDONLY | O_CLOEXEC, 0);
	return fd;
}

static int not_found(const char *name, struct error *err)
{
	const char *package = package_of(name);

	if (package)
		return error_set(err, ENOENT,
				 "firmware '%s' not found; install the package "
				 "%s, or name its directory with -L",
				 name, package);
	return error_errno(err, errno ? errno : ENOENT,
			   "cannot load firmware '%s'", name);
}

int firmware_load(const struct config *conf, const char *name,
		  struct firmware_file *file, struct error *err)
{
	int fd = find(conf, name), code;
	struct stat st;
	void *p;

	if (fd < 0)
		return not_found(name, err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		close(fd);
		return error_set(err, EINVAL,
				 "firmware '%s' is empty or not a file", name);
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	code = errno;
	close(fd);
	if (p == MAP_FAILED)
		return error_errno(err, code, "cannot load firmware '%s'",
				   name);
	file->data = p;
	file->len = (size_t)st.st_size;
	return 0;
}

void firmware_free(struct firmware_file *file)
{
	if (file->data)
		munmap(file->data, file->len);
	file->data = NULL;
}
