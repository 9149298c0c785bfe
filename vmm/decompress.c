/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression of kernels: gzip by zlib; xz, lzma, lz4 and zstd by libraries
 * that are opened when a kernel needs them.
 * Formats: RFC 1952, RFC 8878, the LZ4 legacy frame, the .xz and .lzma file
 * formats.
 */
#include "vmm/decompress.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "build.h"
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

#define GZIP_WINDOW (16 + MAX_WBITS) /* zlib: expect gzip's header */

/* The output grows as it is filled: sizes in the input are not believed. */
#define FIRST_ROOM (8u << 20)

struct output {
	uint8_t *data;
	size_t len, room, max;
};

struct format {
	const char *name, *library;
	uint8_t magic[6];
	size_t magic_len;
	int (*run)(const struct format *f, void *lib, const uint8_t *in,
		   size_t len, struct output *out, struct error *err);
};

static int damaged(const struct format *f, struct error *err)
{
	return error_set(err, EINVAL, "its %s data is damaged", f->name);
}

static int too_large(struct error *err)
{
	return error_set(err, EFBIG,
			 "decompressed, it is larger than guest RAM");
}

static int grow(struct output *out, struct error *err)
{
	size_t room = out->room ? 2 * out->room : FIRST_ROOM;
	uint8_t *data;

	if (room > out->max)
		room = out->max;
	if (room == out->room)
		return too_large(err);
	data = realloc(out->data, room);
	if (!data)
		return error_set(err, ENOMEM, "out of memory");
	out->data = data;
	out->room = room;
	return 0;
}

/* What follows the end of the compressed data is none of it. */
static int run_gzip(const struct format *f, void *lib, const uint8_t *in,
		    size_t len, struct output *out, struct error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)len};
	int state, rc = 0;

	if (len > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return error_set(err, ENOMEM, "out of memory");
	do {
		if (out->len == out->room)
			rc = grow(out, err);
		if (rc < 0)
			break;
		z.next_out = out->data + out->len;
		z.avail_out = (uInt)(out->room - out->len > UINT32_MAX
					     ? UINT32_MAX
					     : out->room - out->len);
		state = inflate(&z, Z_NO_FLUSH);
		out->len = (size_t)(z.next_out - out->data);
		if (state != Z_OK && state != Z_STREAM_END)
			rc = damaged(f, err);
	} while (rc == 0 && state != Z_STREAM_END);
	inflateEnd(&z);
	return rc;
}

#ifdef HAVE_LZMA
static int run_lzma(const struct format *f, void *lib, const uint8_t *in,
		    size_t len, struct output *out, struct error *err)
{
	__typeof__(lzma_auto_decoder) *begin =
		(__typeof__(begin))dlsym(lib, "lzma_auto_decoder");
	__typeof__(lzma_code) *code = (__typeof__(code))dlsym(lib, "lzma_code");
	__typeof__(lzma_end) *end = (__typeof__(end))dlsym(lib, "lzma_end");
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret state;
	int rc = 0;

	if (!begin || !code || !end)
		return error_set(err, ENOTSUP, "%s is unusable", f->library);
	if (begin(&z, UINT64_MAX, 0) != LZMA_OK)
		return error_set(err, ENOMEM, "out of memory");
	z.next_in = in;
	z.avail_in = len;
	do {
		if (out->len == out->room)
			rc = grow(out, err);
		if (rc < 0)
			break;
		z.next_out = out->data + out->len;
		z.avail_out = out->room - out->len;
		state = code(&z, LZMA_RUN);
		out->len = out->room - z.avail_out;
		if (state != LZMA_OK && state != LZMA_STREAM_END)
			rc = damaged(f, err);
	} while (rc == 0 && state != LZMA_STREAM_END);
	end(&z);
	return rc;
}
#else
#define run_lzma NULL
#endif

#ifdef HAVE_LZ4
#define LZ4_MAGIC_LEN 4
#define LZ4_BLOCK     (8 << 20) /* what a block holds at most */

/* Blocks, each with its compressed size before it, up to a size of nothing. */
static int run_lz4(const struct format *f, void *lib, const uint8_t *in,
		   size_t len, struct output *out, struct error *err)
{
	__typeof__(LZ4_decompress_safe) *block =
		(__typeof__(block))dlsym(lib, "LZ4_decompress_safe");
	size_t at = LZ4_MAGIC_LEN, size;
	int n, rc = 0;

	if (!block)
		return error_set(err, ENOTSUP, "%s is unusable", f->library);
	while (rc == 0 && len - at > sizeof(le32)) {
		size = load_le32(in + at);
		at += sizeof(le32);
		if (size == 0 || size > len - at || size > INT32_MAX)
			break;
		while (rc == 0 && out->room - out->len < LZ4_BLOCK &&
		       out->room < out->max)
			rc = grow(out, err);
		if (rc < 0)
			break;
		n = block((const char *)in + at, (char *)out->data + out->len,
			  (int)size,
			  out->room - out->len < LZ4_BLOCK
				  ? (int)(out->room - out->len)
				  : LZ4_BLOCK);
		if (n <= 0)
			return out->room == out->max ? too_large(err)
						     : damaged(f, err);
		out->len += (size_t)n;
		at += size;
	}
	return rc < 0 ? rc : out->len ? 0 : damaged(f, err);
}
#else
#define run_lz4 NULL
#endif

#ifdef HAVE_ZSTD
#define ZSTD_WINDOW_MAX 31

struct zstd {
	__typeof__(ZSTD_createDStream) *create;
	__typeof__(ZSTD_DCtx_setParameter) *set;
	__typeof__(ZSTD_decompressStream) *decompress;
	__typeof__(ZSTD_isError) *is_error;
	__typeof__(ZSTD_freeDStream) *free;
};

static bool find_zstd(struct zstd *z, void *lib)
{
	z->create = (__typeof__(z->create))dlsym(lib, "ZSTD_createDStream");
	z->set = (__typeof__(z->set))dlsym(lib, "ZSTD_DCtx_setParameter");
	z->decompress =
		(__typeof__(z->decompress))dlsym(lib, "ZSTD_decompressStream");
	z->is_error = (__typeof__(z->is_error))dlsym(lib, "ZSTD_isError");
	z->free = (__typeof__(z->free))dlsym(lib, "ZSTD_freeDStream");
	return z->create && z->set && z->decompress && z->is_error && z->free;
}

static int run_zstd(const struct format *f, void *lib, const uint8_t *in,
		    size_t len, struct output *out, struct error *err)
{
	ZSTD_inBuffer from = {in, len, 0};
	ZSTD_outBuffer to = {NULL, 0, 0};
	ZSTD_DStream *stream;
	struct zstd z;
	size_t more = 1;
	int rc = 0;

	if (!find_zstd(&z, lib))
		return error_set(err, ENOTSUP, "%s is unusable", f->library);
	stream = z.create();
	if (!stream)
		return error_set(err, ENOMEM, "out of memory");
	z.set(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_MAX);
	while (rc == 0 && more) {
		if (out->len == out->room)
			rc = grow(out, err);
		if (rc < 0)
			break;
		to = (ZSTD_outBuffer){out->data, out->room, out->len};
		more = z.decompress(stream, &to, &from);
		if (z.is_error(more) ||
		    (more && from.pos == len && to.pos == out->len))
			rc = damaged(f, err);
		out->len = to.pos;
	}
	z.free(stream);
	return rc;
}
#else
#define run_zstd NULL
#endif

static const struct format formats[] = {
	{"gzip", NULL, {0x1f, 0x8b}, 2, run_gzip},
	{"xz", "liblzma.so.5", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, run_lzma},
	{"lzma", "liblzma.so.5", {0x5d, 0, 0}, 3, run_lzma},
	{"lz4", "liblz4.so.1", {0x02, 0x21, 0x4c, 0x18}, 4, run_lz4},
	{"zstd", "libzstd.so.1", {0x28, 0xb5, 0x2f, 0xfd}, 4, run_zstd},
};

static const struct format *find_format(const uint8_t *in, size_t len)
{
	const struct format *f;
	const struct format *end = formats + sizeof(formats) / sizeof(*formats);

	for (f = formats; f < end; f++)
		if (len >= f->magic_len && !memcmp(in, f->magic, f->magic_len))
			return f;
	return NULL;
}

static int run(const struct format *f, const uint8_t *in, size_t len,
	       struct output *out, struct error *err)
{
	void *lib = NULL;
	int rc;

	if (!f->run)
		return error_set(err, ENOTSUP,
				 "it is compressed by %s, for which pcvm was "
				 "not built",
				 f->name);
	if (f->library) {
		/* Stays mapped: a reset decompresses again. */
		lib = dlopen(f->library, RTLD_NOW | RTLD_NODELETE);
		if (!lib)
			return error_set(err, ENOTSUP,
					 "it is compressed by %s, and %s is "
					 "not there",
					 f->name, f->library);
	}
	rc = f->run(f, lib, in, len, out, err);
	if (lib)
		dlclose(lib);
	return rc;
}

int decompress(const uint8_t *in, size_t len, size_t max, uint8_t **data,
	       size_t *data_len, struct error *err)
{
	const struct format *f = find_format(in, len);
	/* A byte more, so that what is too large shows. */
	struct output out = {.max = max + 1};
	int rc;

	if (!f)
		return error_set(err, ENOTSUP,
				 "it is compressed in an unknown way");
	rc = run(f, in, len, &out, err);
	if (rc == 0 && out.len > max)
		rc = too_large(err);
	if (rc < 0) {
		free(out.data);
		return rc;
	}
	*data = out.data;
	*data_len = out.len;
	return 0;
}
