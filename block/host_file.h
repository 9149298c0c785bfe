/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to open a file of the host as an image, and its locks. */
#ifndef BLOCK_HOST_FILE_H
#define BLOCK_HOST_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"

/* Bits 1 << n: locks on byte 100 + n, and on 200 + n. */
struct host_locks {
	unsigned does, forbids;
};

struct host_file {
	int fd;
	uint64_t size; /* bytes */
	bool is_device;
	struct host_locks locks;
};

/*
 * Opens a regular file or block device and locks it; flags are BLK_O_* of
 * block/node.h.  0 or -errno.
 */
int host_file_open(const char *file, unsigned flags, struct host_file *out,
		   struct error *err);
/* Changes the locks, or fails and leaves them as they are. */
int host_file_lock(struct host_file *file, const struct host_locks *locks,
		   struct error *err);
/* The size that it has now. */
int host_file_size(const struct host_file *file, uint64_t *size);

#endif
