/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are booted: kernels and modules.  They stay open, so that a
 * reset can load them again, and are read where they are wanted.  Any thread.
 */
#ifndef HW_BOOT_FILE_H
#define HW_BOOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

struct boot_file {
	char *name; /* for messages; NULL: bytes in memory */
	int fd;
	const uint8_t *data; /* instead of fd; not owned */
	uint64_t size;
};

/* what: the option, for messages. */
int boot_file_open(struct boot_file *f, const char *what, const char *name,
		   struct error *err);
void boot_file_of(struct boot_file *f, const void *data, size_t size);
void boot_file_close(struct boot_file *f);

/* All of [off, off + len), or an error that names the file. */
int boot_file_read(const struct boot_file *f, uint64_t off, void *buf,
		   size_t len, struct error *err);
/* Does [off, off + len) lie within the file? */
bool boot_file_has(const struct boot_file *f, uint64_t off, uint64_t len);
/* A fresh copy of [off, off + len), for free; NULL with the error. */
uint8_t *boot_file_copy(const struct boot_file *f, uint64_t off, size_t len,
			struct error *err);

#endif
