/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of images share: a folder, the real qemu-img, random writing. */
#ifndef TESTS_IMAGE_IMAGE_H
#define TESTS_IMAGE_IMAGE_H

#include <check.h>

#include "block/node.h"
#include "vmm/opt.h"

/* A folder for one test, which becomes the working folder. */
void image_start(void);
void image_end(void);
/* Runs a shell command; its exit status. */
int image_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same; anything but 0 fails the test. */
void image_must(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Is there a qemu-img to compare with? */
bool image_has_qemu(void);

/* Makes an image with our code; options as of -o. */
void image_create(const char *file, const char *format, uint64_t size,
		  const char *options);
/* Opens one; format may be NULL. */
struct blk_node *image_open(const char *file, const char *format,
			    unsigned flags);
/* Reads all of it, compares with len bytes. */
void image_compare(struct blk_node *node, const uint8_t *want, size_t len);
/* The bytes of a file; malloc. */
uint8_t *image_slurp(const char *file, size_t *len);
/* Big-endian numbers in it. */
uint64_t image_get(const char *file, uint64_t off);
void image_put(const char *file, uint64_t off, uint64_t val);

/* A random workload, and what the disk has to look like after it. */
struct image_load {
	struct blk_node *node;
	uint8_t *disk;
	size_t size;
	unsigned depth; /* requests at once */
	bool compress, zeroes, discard;
	uint64_t seed;
	unsigned unit; /* all offsets are multiples of it */
	unsigned max; /* longest request, in units */
};

uint64_t image_random(uint64_t *seed);
/* Does n requests; discarded ranges are read back into disk. */
void image_load(struct image_load *load, unsigned n);

#endif
