/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to open a file of the host as an image, and its locks. */
#ifndef BLOCK_HOST_FILE_H
#define BLOCK_HOST_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"

/*
 * Opens a regular file or block device and locks it.  Returns the descriptor
 * or -errno; *size is in bytes.
 */
int host_file_open(const char *file, bool readonly, uint64_t *size,
		   struct error *err);

#endif
