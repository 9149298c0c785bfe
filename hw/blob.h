/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing run of bytes, for building tables.  Running out of memory sticks:
 * what is added afterwards is dropped, and whoever builds looks at failed once
 * at the end.  Any thread.
 */
#ifndef HW_BLOB_H
#define HW_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
	uint8_t *data;
	size_t len, capacity;
	bool failed;
};

/* capacity: what it should hold without growing. */
void blob_init(struct blob *b, size_t capacity);
void blob_fini(struct blob *b);

/* Adds len zero bytes and returns where, or NULL. */
void *blob_extend(struct blob *b, size_t len);
void blob_add(struct blob *b, const void *data, size_t len);
void blob_add_u8(struct blob *b, uint8_t v);
/* The low size bytes of v, little-endian. */
void blob_add_le(struct blob *b, uint64_t v, unsigned size);
/* Zero bytes up to a multiple of align, a power of two. */
void blob_align(struct blob *b, size_t align);
/* Puts len bytes (at most 8) before what is at off. */
void blob_insert(struct blob *b, size_t off, const void *data, size_t len);

#endif
