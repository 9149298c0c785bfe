/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An encoder for ACPI Machine Language: names, integers, packages, methods,
 * fields.  ACPI Specification 6.4, chapter 20.
 */
#include "hw/aml.h"

#include <assert.h>
#include <string.h>

/* Prefixes of data objects and names (20.2.2, 20.2.3). */
#define PREFIX_BYTE	  0x0a
#define PREFIX_WORD	  0x0b
#define PREFIX_DWORD	  0x0c
#define PREFIX_STRING	  0x0d
#define PREFIX_QWORD	  0x0e
#define PREFIX_DUAL_NAME  0x2e
#define PREFIX_MULTI_NAME 0x2f
#define NAME_SEG	  4

#define OP_EXTENDED_SHIFT 8

/* PkgLength (20.2.4): how much fits into 1 to 4 bytes. */
#define LENGTH_BYTES	   4
#define LENGTH_FIRST_BITS  6 /* in a length of one byte */
#define LENGTH_NIBBLE_BITS 4 /* in the first byte of a longer one */
#define LENGTH_NIBBLE	   0x0f
#define LENGTH_COUNT_SHIFT 6
#define FIELD_GAP	   0x00
#define MUTEX_SYNC_LEVEL   0

void aml_init(struct aml *a, struct blob *blob)
{
	*a = (struct aml){.blob = blob};
}

/* Encodes len, which counts itself if self is set; returns the bytes used. */
static unsigned encode_length(uint8_t out[LENGTH_BYTES], uint32_t len,
			      bool self)
{
	unsigned n = 1, i;

	if (len + self < UINT32_C(1) << LENGTH_FIRST_BITS) {
		out[0] = len + self;
		return 1;
	}
	do
		n++;
	while ((len + (self ? n : 0)) >> (LENGTH_NIBBLE_BITS + 8 * (n - 1)));
	len += self ? n : 0;
	out[0] = (n - 1) << LENGTH_COUNT_SHIFT | (len & LENGTH_NIBBLE);
	for (i = 1; i < n; i++)
		out[i] = len >> (LENGTH_NIBBLE_BITS + 8 * (i - 1));
	return n;
}

void aml_op(struct aml *a, unsigned op)
{
	if (op >> OP_EXTENDED_SHIFT)
		blob_add_u8(a->blob, op >> OP_EXTENDED_SHIFT);
	blob_add_u8(a->blob, op);
}

void aml_int(struct aml *a, uint64_t v)
{
	static const struct {
		uint64_t max;
		uint8_t prefix, size;
	} widths[] = {
		{UINT8_MAX, PREFIX_BYTE, 1},
		{UINT16_MAX, PREFIX_WORD, 2},
		{UINT32_MAX, PREFIX_DWORD, 4},
		{UINT64_MAX, PREFIX_QWORD, 8},
	};
	unsigned i = 0;

	if (v <= AML_ONE) {
		blob_add_u8(a->blob, v);
		return;
	}
	while (v > widths[i].max)
		i++;
	blob_add_u8(a->blob, widths[i].prefix);
	blob_add_le(a->blob, v, widths[i].size);
}

void aml_string(struct aml *a, const char *text)
{
	blob_add_u8(a->blob, PREFIX_STRING);
	blob_add(a->blob, text, strlen(text) + 1);
}

static void name_seg(struct aml *a, const char *seg, size_t len)
{
	uint8_t padded[NAME_SEG] = {'_', '_', '_', '_'};

	memcpy(padded, seg, len < NAME_SEG ? len : NAME_SEG);
	blob_add(a->blob, padded, NAME_SEG);
}

void aml_path(struct aml *a, const char *path)
{
	unsigned segs;
	const char *p;
	size_t len;

	for (; *path == '\\' || *path == '^'; path++)
		blob_add_u8(a->blob, *path);
	segs = *path != 0;
	for (p = path; *p; p++)
		segs += *p == '.';
	if (segs == 0)
		blob_add_u8(a->blob, 0);
	if (segs == 2)
		blob_add_u8(a->blob, PREFIX_DUAL_NAME);
	if (segs > 2) {
		blob_add_u8(a->blob, PREFIX_MULTI_NAME);
		blob_add_u8(a->blob, segs);
	}
	for (; *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		name_seg(a, path, len);
	}
}

void aml_open(struct aml *a, unsigned op)
{
	assert(a->depth < AML_DEPTH);
	aml_op(a, op);
	a->open[a->depth++] = a->blob->len;
}

void aml_close(struct aml *a)
{
	size_t start = a->open[--a->depth];
	uint8_t raw[LENGTH_BYTES];
	unsigned n = encode_length(raw, a->blob->len - start, true);

	blob_insert(a->blob, start, raw, n);
}

void aml_scope(struct aml *a, const char *path)
{
	aml_open(a, AML_SCOPE);
	aml_path(a, path);
}

void aml_device(struct aml *a, const char *name)
{
	aml_open(a, AML_DEVICE);
	aml_path(a, name);
}

/* Without a processor control block (19.6.108). */
void aml_processor(struct aml *a, const char *name, uint8_t id)
{
	aml_open(a, AML_PROCESSOR);
	aml_path(a, name);
	blob_add_u8(a->blob, id);
	blob_extend(a->blob, sizeof(uint32_t) + sizeof(uint8_t));
}

void aml_method(struct aml *a, const char *name, unsigned flags)
{
	aml_open(a, AML_METHOD);
	aml_path(a, name);
	blob_add_u8(a->blob, flags);
}

void aml_package(struct aml *a, uint8_t count)
{
	aml_open(a, AML_PACKAGE);
	blob_add_u8(a->blob, count);
}

void aml_name(struct aml *a, const char *name)
{
	aml_op(a, AML_NAME);
	aml_path(a, name);
}

void aml_name_int(struct aml *a, const char *name, uint64_t v)
{
	aml_name(a, name);
	aml_int(a, v);
}

void aml_name_string(struct aml *a, const char *name, const char *text)
{
	aml_name(a, name);
	aml_string(a, text);
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* EISAID (19.3.4): letters of five bits, big-endian, then four digits. */
void aml_name_eisa_id(struct aml *a, const char *name, const char *id)
{
	unsigned letters =
		(id[0] - '@') << 10 | (id[1] - '@') << 5 | (id[2] - '@');
	uint8_t raw[4] = {
		letters >> 8,
		letters,
		hex_digit(id[3]) << 4 | hex_digit(id[4]),
		hex_digit(id[5]) << 4 | hex_digit(id[6]),
	};

	aml_name(a, name);
	blob_add_u8(a->blob, PREFIX_DWORD);
	blob_add(a->blob, raw, sizeof(raw));
}

void aml_name_buffer(struct aml *a, const char *name, const void *data,
		     size_t len)
{
	aml_name(a, name);
	aml_open(a, AML_BUFFER);
	aml_int(a, len);
	blob_add(a->blob, data, len);
	aml_close(a);
}

void aml_name_bytes(struct aml *a, const char *name, const uint8_t *v,
		    uint8_t n)
{
	uint8_t i;

	aml_name(a, name);
	aml_package(a, n);
	for (i = 0; i < n; i++)
		aml_int(a, v[i]);
	aml_close(a);
}

void aml_mutex(struct aml *a, const char *name)
{
	aml_op(a, AML_MUTEX);
	aml_path(a, name);
	blob_add_u8(a->blob, MUTEX_SYNC_LEVEL);
}

void aml_region(struct aml *a, const char *name, enum aml_space space,
		uint64_t off, uint64_t len)
{
	aml_op(a, AML_OP_REGION);
	aml_path(a, name);
	blob_add_u8(a->blob, space);
	aml_int(a, off);
	aml_int(a, len);
}

void aml_field(struct aml *a, const char *region, unsigned flags,
	       const struct aml_unit *units)
{
	uint8_t raw[LENGTH_BYTES];

	aml_open(a, AML_FIELD);
	aml_path(a, region);
	blob_add_u8(a->blob, flags);
	for (; units->bits; units++) {
		if (units->name)
			name_seg(a, units->name, strlen(units->name));
		else
			blob_add_u8(a->blob, FIELD_GAP);
		blob_add(a->blob, raw, encode_length(raw, units->bits, false));
	}
	aml_close(a);
}
