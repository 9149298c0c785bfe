/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing run of bytes, for building tables. */
#include "hw/blob.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

#define BLOB_SMALLEST 256

static bool reserve(struct blob *b, size_t capacity)
{
	uint8_t *data;

	if (b->failed)
		return false;
	if (capacity <= b->capacity)
		return true;
	if (capacity < 2 * b->capacity)
		capacity = 2 * b->capacity;
	if (capacity < BLOB_SMALLEST)
		capacity = BLOB_SMALLEST;
	data = realloc(b->data, capacity);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->capacity = capacity;
	return true;
}

void blob_init(struct blob *b, size_t capacity)
{
	*b = (struct blob){.failed = false};
	reserve(b, capacity);
}

void blob_fini(struct blob *b)
{
	free(b->data);
	*b = (struct blob){.failed = false};
}

void *blob_extend(struct blob *b, size_t len)
{
	uint8_t *at;

	if (!reserve(b, b->len + len))
		return NULL;
	at = b->data + b->len;
	memset(at, 0, len);
	b->len += len;
	return at;
}

void blob_add(struct blob *b, const void *data, size_t len)
{
	void *at = blob_extend(b, len);

	if (at && len)
		memcpy(at, data, len);
}

void blob_add_u8(struct blob *b, uint8_t v)
{
	blob_add(b, &v, 1);
}

void blob_add_le(struct blob *b, uint64_t v, unsigned size)
{
	le64 raw = le64_of(v);

	blob_add(b, &raw, size);
}

void blob_align(struct blob *b, size_t align)
{
	blob_extend(b, -b->len & (align - 1));
}

void blob_insert(struct blob *b, size_t off, const void *data, size_t len)
{
	if (!blob_extend(b, len))
		return;
	memmove(b->data + off + len, b->data + off, b->len - len - off);
	memcpy(b->data + off, data, len);
}
