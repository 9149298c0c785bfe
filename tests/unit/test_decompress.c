/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompression of kernels, and of what only looks like one. */
#include "vmm/decompress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "build.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define LEN	    (9u << 20) /* more than is made room for at first */
#define ROOM	    (2 * LEN)
#define GZIP_WINDOW (16 + MAX_WBITS)

struct packed {
	uint8_t *data;
	size_t len;
};

/* As kernels are: some of it repeats, some does not. */
static uint8_t *make_data(void)
{
	uint8_t *data = malloc(LEN);
	uint32_t x = 1;
	size_t i;

	ck_assert(data != NULL);
	for (i = 0; i < LEN; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = i % 4096 < 512 ? (uint8_t)(x >> 24)
					 : (uint8_t)(i / 4096);
	}
	return data;
}

static bool pack_gzip(const uint8_t *data, struct packed *p)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data,
		      .avail_in = LEN,
		      .next_out = p->data,
		      .avail_out = ROOM};

	ck_assert(deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 8,
			       Z_DEFAULT_STRATEGY) == Z_OK);
	ck_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
	p->len = z.total_out;
	deflateEnd(&z);
	return true;
}

#ifdef HAVE_LZMA
static bool pack_xz(const uint8_t *data, struct packed *p)
{
	p->len = 0;
	ck_assert(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, LEN,
					  p->data, &p->len, ROOM) == LZMA_OK);
	return true;
}

static bool pack_lzma(const uint8_t *data, struct packed *p)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	ck_assert(!lzma_lzma_preset(&options, 0));
	/* The dictionary as Linux has it: that is in the magic. */
	options.dict_size = 1u << 26;
	ck_assert(lzma_alone_encoder(&z, &options) == LZMA_OK);
	z.next_in = data;
	z.avail_in = LEN;
	z.next_out = p->data;
	z.avail_out = ROOM;
	ck_assert(lzma_code(&z, LZMA_FINISH) == LZMA_STREAM_END);
	p->len = z.total_out;
	lzma_end(&z);
	return true;
}
#else
#define pack_xz	  NULL
#define pack_lzma NULL
#endif

#ifdef HAVE_LZ4
#define LZ4_BLOCK (8u << 20)

static bool pack_lz4(const uint8_t *data, struct packed *p)
{
	size_t off, n;
	int len;

	store_le32(p->data, 0x184c2102);
	p->len = 4;
	for (off = 0; off < LEN; off += n) {
		n = LEN - off < LZ4_BLOCK ? LEN - off : LZ4_BLOCK;
		len = LZ4_compress_default((const char *)data + off,
					   (char *)p->data + p->len + 4, (int)n,
					   ROOM - (int)p->len - 4);
		ck_assert_int_gt(len, 0);
		store_le32(p->data + p->len, (uint32_t)len);
		p->len += 4 + (size_t)len;
	}
	return true;
}
#else
#define pack_lz4 NULL
#endif

#ifdef HAVE_ZSTD
static bool pack_zstd(const uint8_t *data, struct packed *p)
{
	p->len = ZSTD_compress(p->data, ROOM, data, LEN, 1);
	return !ZSTD_isError(p->len);
}
#else
#define pack_zstd NULL
#endif

static bool (*const packers[])(const uint8_t *,
			       struct packed *) = {pack_gzip, pack_xz,
						   pack_lzma, pack_lz4,
						   pack_zstd};

#define PACKERS (sizeof(packers) / sizeof(*packers))

/* What Linux's build appends: the size before compression. */
static void append_size(struct packed *p)
{
	store_le32(p->data + p->len, LEN);
	p->len += 4;
}

START_TEST(test_round_trips)
{
	struct packed p = {malloc(ROOM + 4), 0};
	uint8_t *data = make_data(), *out;
	struct error err = {0};
	size_t len, i;

	for (i = 0; i < PACKERS; i++) {
		if (!packers[i])
			continue;
		ck_assert(packers[i](data, &p));
		append_size(&p);
		ck_assert_msg(decompress(p.data, p.len, LEN, &out, &len,
					 &err) == 0,
			      "%zu: %s", i, err.msg);
		ck_assert_uint_eq(len, LEN);
		ck_assert(!memcmp(out, data, LEN));
		free(out);
		/* A byte less than it needs is not enough. */
		ck_assert_int_eq(decompress(p.data, p.len, LEN - 1, &out, &len,
					    &err),
				 -EFBIG);
	}
	free(data);
	free(p.data);
}
END_TEST

START_TEST(test_damage)
{
	struct packed p = {malloc(ROOM + 4), 0};
	uint8_t *data = make_data(), *out, old;
	struct error err;
	size_t len, i, round, at;

	srand(2);
	for (i = 0; i < PACKERS; i++) {
		if (!packers[i])
			continue;
		ck_assert(packers[i](data, &p));
		for (round = 0; round < 3; round++) {
			err = (struct error){0};
			at = 8 + (size_t)rand() % (p.len - 8);
			old = p.data[at];
			p.data[at] ^= 0x55;
			if (decompress(p.data, p.len, LEN, &out, &len, &err) ==
			    0)
				free(out);
			else
				ck_assert_int_ne(err.code, 0);
			p.data[at] = old;
			ck_assert(decompress(p.data, at, LEN, &out, &len,
					     &err) != 0 ||
				  len < LEN);
		}
	}
	free(data);
	free(p.data);
}
END_TEST

START_TEST(test_unknown)
{
	static const uint8_t bzip2[] = "BZh91AY&SY", nothing[1] = {0};
	struct error err = {0};
	uint8_t *out;
	size_t len;

	ck_assert_int_eq(decompress(bzip2, sizeof(bzip2), LEN, &out, &len,
				    &err),
			 -ENOTSUP);
	ck_assert_int_eq(decompress(nothing, 0, LEN, &out, &len, &err),
			 -ENOTSUP);
	ck_assert_int_eq(decompress(nothing, 1, LEN, &out, &len, &err),
			 -ENOTSUP);
}
END_TEST

UNIT_MAIN("decompress", test_round_trips, test_damage, test_unknown)
