/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel images made up in memory, for the tests of what boots them. */
#ifndef TESTS_DEVICE_KERNEL_IMAGES_H
#define TESTS_DEVICE_KERNEL_IMAGES_H

#include <asm/bootparam.h>
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* to be freed */
	size_t len;
};

struct test_elf {
	bool is64;
	uint64_t paddr, entry;
	size_t code_len; /* of the segment in the file: bytes 0, 1, 2, ... */
	uint64_t mem_len;
	uint64_t pvh_entry; /* 0: no note */
};

struct bytes make_elf(const struct test_elf *e);

/* hdr's magic, sizes and payload place are filled in. */
struct bytes make_bzimage(const struct setup_header *hdr, struct bytes payload);
/* The header of a usual 64-bit kernel. */
struct setup_header usual_header(void);

struct bytes make_gzip(struct bytes in);

/* Writes a file that unlink is to remove. */
void write_temporary(char path[32], const void *data, size_t len);

#endif
