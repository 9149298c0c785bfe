/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files that an option names, in memory.  Any thread. */
#ifndef VMM_READ_FILE_H
#define VMM_READ_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

/*
 * Reads all of path, which may be a pipe, but at most max bytes; more is an
 * error that names the file.  *data is the caller's to free, and has a zero
 * byte after the *len ones.
 */
int read_file(const char *path, size_t max, uint8_t **data, size_t *len,
	      struct error *err);

#endif
