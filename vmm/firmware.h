/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware files: found through -L and the directories of configure. */
#ifndef VMM_FIRMWARE_H
#define VMM_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

struct config;

struct firmware_file {
	uint8_t *data; /* read-only mapping */
	size_t len;
};

/*
 * Maps a file; name is a path, or a name in one of the directories.  conf may
 * be NULL.  The error names the Debian package that has the file.
 */
int firmware_load(const struct config *conf, const char *name,
		  struct firmware_file *file, struct error *err);
void firmware_free(struct firmware_file *file);

#endif
