/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a qcow2 image and its extensions: reading and writing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

enum offsets {
	H_MAGIC = 0,
	H_VERSION = 4,
	H_BACKING_OFF = 8,
	H_BACKING_LEN = 16,
	H_CLUSTER_BITS = 20,
	H_SIZE = 24,
	H_CRYPT = 32,
	H_L1_N = 36,
	H_L1_OFF = 40,
	H_REFTABLE_OFF = 48,
	H_REFTABLE_CLUSTERS = 56,
	H_SNAPSHOTS_N = 60,
	H_SNAPSHOTS_OFF = 64,
	H_INCOMPATIBLE = 72,
	H_COMPATIBLE = 80,
	H_AUTOCLEAR = 88,
	H_REFCOUNT_ORDER = 96,
	H_LENGTH = 100,
	H_COMPRESSION = 104,
};

enum extension {
	EXT_END = 0,
	EXT_BACKING_FORMAT = 0xe2792aca,
	EXT_FEATURES = 0x6803f857,
	EXT_CRYPTO = 0x0537be77,
	EXT_DATA_FILE = 0x44415441,
};

#define EXT_HEAD 8u

/* An entry of the feature name table. */
#define FEATURE_LEN  48u
#define FEATURE_NAME 46u

struct feature {
	uint8_t type, bit;
	const char *name;
};

static const struct feature features[] = {
	{0, 0, "dirty bit"},
	{0, 1, "corrupt bit"},
	{0, 2, "external data file"},
	{0, 3, "compression type"},
	{0, 4, "extended L2 entries"},
	{1, 0, "lazy refcounts"},
	{2, 0, "bitmaps"},
	{2, 1, "raw external data"},
};

#define FEATURES (sizeof(features) / sizeof(*features))

static char *text_of(const uint8_t *p, size_t len)
{
	return strndup((const char *)p, len);
}

/* The table in the image knows the names of bits that we do not know. */
static void name_features(const uint8_t *table, size_t len, uint64_t bits,
			  char *out, size_t size)
{
	size_t at = 0, i;
	unsigned bit;

	for (bit = 0; bit < 64 && at < size; bit++) {
		const char *name = NULL;

		if (!(bits >> bit & 1))
			continue;
		for (i = 0; i + FEATURE_LEN <= len; i += FEATURE_LEN)
			if (table[i] == 0 && table[i + 1] == bit)
				name = (const char *)table + i + 2;
		if (name)
			at += (size_t)snprintf(out + at, size - at, "%s%.*s",
					       at ? ", " : "",
					       (int)FEATURE_NAME, name);
		else
			at += (size_t)snprintf(out + at, size - at,
					       "%sunknown incompatible feature "
					       "bit %u",
					       at ? ", " : "", bit);
	}
}

static int keep_ext(struct qcow2 *q, uint32_t type, const uint8_t *data,
		    uint32_t len)
{
	struct qcow2_ext *e = malloc(sizeof(*e) + len);

	if (!e)
		return -ENOMEM;
	e->type = type;
	e->len = len;
	memcpy(e->data, data, len);
	list_add_tail(&q->exts, &e->link);
	return 0;
}

/* A string of its own in *field; the first one counts. */
static int keep_text(char **field, const uint8_t *data, uint32_t len)
{
	if (*field)
		return 0;
	*field = text_of(data, len);
	return *field ? 0 : -ENOMEM;
}

struct parse {
	struct qcow2 *q;
	const uint8_t *features; /* the table in the image */
	uint32_t features_len;
};

static int take_ext(struct parse *p, uint32_t type, const uint8_t *data,
		    uint32_t len, struct error *err)
{
	struct qcow2 *q = p->q;

	switch (type) {
	case EXT_BACKING_FORMAT:
		if (len >= 1024)
			return error_set(
				err, EINVAL,
				"the name of the backing file's format "
				"is too long (%u bytes)",
				len);
		return keep_text(&q->backing_format, data, len);
	case EXT_DATA_FILE:
		return keep_text(&q->data_file, data, len);
	case EXT_FEATURES:
		p->features = data;
		p->features_len = len;
		return 0;
	default:
		return keep_ext(q, type, data, len);
	}
}

static int take_exts(struct parse *p, const uint8_t *buf, size_t off,
		     size_t end, struct error *err)
{
	uint32_t type, len;
	int rc;

	while (off + EXT_HEAD <= end) {
		type = load_be32(buf + off);
		len = load_be32(buf + off + 4);
		off += EXT_HEAD;
		if (type == EXT_END)
			return 0;
		if (len > end - off)
			return error_set(err, EINVAL,
					 "a header extension is too long");
		rc = take_ext(p, type, buf + off, len, err);
		if (rc < 0)
			return rc;
		off += ((size_t)len + 7) & ~(size_t)7;
	}
	return 0;
}

static int check_version(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	if (load_be32(buf + H_MAGIC) != QCOW2_MAGIC)
		return error_set(err, EINVAL, "Image is not in qcow2 format");
	q->version = load_be32(buf + H_VERSION);
	if (q->version < 2 || q->version > 3)
		return error_set(err, ENOTSUP, "Unsupported qcow2 version %u",
				 q->version);
	q->cluster_bits = load_be32(buf + H_CLUSTER_BITS);
	if (q->cluster_bits < QCOW2_MIN_BITS ||
	    q->cluster_bits > QCOW2_MAX_BITS)
		return error_set(err, EINVAL, "Unsupported cluster size: 2^%u",
				 q->cluster_bits);
	q->cluster_size = UINT64_C(1) << q->cluster_bits;
	return 0;
}

static int take_v3(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	q->header_length = QCOW2_V2_HEADER;
	q->refcount_order = 4;
	if (q->version < 3)
		return 0;
	q->incompatible = load_be64(buf + H_INCOMPATIBLE);
	q->compatible = load_be64(buf + H_COMPATIBLE);
	q->autoclear = load_be64(buf + H_AUTOCLEAR);
	q->refcount_order = load_be32(buf + H_REFCOUNT_ORDER);
	q->header_length = load_be32(buf + H_LENGTH);
	if (q->header_length < QCOW2_V3_HEADER)
		return error_set(err, EINVAL, "qcow2 header too short");
	if (q->header_length % 8)
		return error_set(err, EINVAL,
				 "the qcow2 header's length %u is not a "
				 "multiple of 8",
				 q->header_length);
	if (q->header_length > q->cluster_size)
		return error_set(err, EINVAL,
				 "qcow2 header exceeds cluster size");
	if (q->refcount_order > 6)
		return error_set(err, EINVAL,
				 "Reference count entry width too large; may "
				 "not exceed 64 bits");
	return 0;
}

/* Of fields that only longer headers have. */
static int take_more(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	if (q->header_length > H_COMPRESSION)
		q->compression = buf[H_COMPRESSION];
	if (!(q->incompatible & QCOW2_COMPRESSION) != !q->compression)
		return error_set(err, EINVAL,
				 "qcow2: the compression type and its feature "
				 "bit do not agree");
	if (!qcow2_compression_name(q->compression))
		return error_set(err, ENOTSUP,
				 "qcow2: unknown compression type: %u",
				 q->compression);
	if (!qcow2_compression_is_built(q->compression))
		return error_set(err, ENOTSUP,
				 "qcow2: compression type %s was not built in: "
				 "install libzstd-dev and configure pcvm again",
				 qcow2_compression_name(q->compression));
	if (q->header_length <= QCOW2_HEADER)
		return 0;
	q->unknown_len = q->header_length - QCOW2_HEADER;
	q->unknown = malloc(q->unknown_len);
	if (!q->unknown)
		return -ENOMEM;
	memcpy(q->unknown, buf + QCOW2_HEADER, q->unknown_len);
	return 0;
}

static int check_crypt(const uint8_t *buf, struct error *err)
{
	static const char *const names[] = {"none", "AES", "LUKS"};
	uint32_t method = load_be32(buf + H_CRYPT);

	if (!method)
		return 0;
	if (method > 2)
		return error_set(err, EINVAL,
				 "Unsupported encryption method %u", method);
	return error_set(err, ENOTSUP,
			 "the image is encrypted (%s), which pcvm does not "
			 "support; qemu-img convert can write an image without "
			 "encryption",
			 names[method]);
}

static int take_tables(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	q->node->size = load_be64(buf + H_SIZE);
	q->l1.n = load_be32(buf + H_L1_N);
	q->l1.off = load_be64(buf + H_L1_OFF);
	q->reftable.off = load_be64(buf + H_REFTABLE_OFF);
	q->reftable_clusters = load_be32(buf + H_REFTABLE_CLUSTERS);
	q->nsnapshots = load_be32(buf + H_SNAPSHOTS_N);
	q->snapshots_off = load_be64(buf + H_SNAPSHOTS_OFF);
	if (q->node->size > INT64_MAX)
		return error_set(err, EFBIG, "the disk is too big");
	if (q->l1.n > QCOW2_MAX_L1 / sizeof(uint64_t))
		return error_set(err, EFBIG, "Active L1 table too large");
	if (qcow2_in_cluster(q, q->l1.off) ||
	    q->l1.off > INT64_MAX - QCOW2_MAX_L1)
		return error_set(err, EINVAL, "Active L1 table offset invalid");
	if (!q->reftable_clusters)
		return error_set(err, EINVAL,
				 "Image does not contain a reference count "
				 "table");
	if ((uint64_t)q->reftable_clusters << q->cluster_bits >
	    QCOW2_MAX_REFTABLE)
		return error_set(err, EFBIG, "Reference count table too large");
	if (qcow2_in_cluster(q, q->reftable.off) ||
	    q->reftable.off > INT64_MAX - QCOW2_MAX_REFTABLE)
		return error_set(err, EINVAL,
				 "Reference count table offset invalid");
	if (q->nsnapshots > QCOW2_MAX_SNAPSHOTS)
		return error_set(err, EFBIG, "Too many snapshots");
	if (qcow2_in_cluster(q, q->snapshots_off) ||
	    q->snapshots_off > INT64_MAX - QCOW2_MAX_SNAPTABLE)
		return error_set(err, EINVAL, "Snapshot table offset invalid");
	return 0;
}

static int take_backing(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	uint64_t off = load_be64(buf + H_BACKING_OFF);
	uint32_t len = load_be32(buf + H_BACKING_LEN);

	if (!off)
		return 0;
	if (off > q->cluster_size)
		return error_set(err, EINVAL, "Invalid backing file offset");
	if (len > QCOW2_MAX_NAME || len > q->cluster_size - off)
		return error_set(err, EINVAL, "Backing file name too long");
	if (!len)
		return 0;
	q->backing_off = off;
	q->backing_len = len;
	q->backing_file = text_of(buf + off, len);
	return q->backing_file ? 0 : -ENOMEM;
}

static int check_features(const struct parse *p, struct error *err)
{
	struct qcow2 *q = p->q;
	uint64_t unknown = q->incompatible & ~(uint64_t)QCOW2_INCOMPATIBLE;
	char names[300] = "";

	if (unknown) {
		name_features(p->features, p->features_len, unknown, names,
			      sizeof(names));
		return error_set(err, ENOTSUP,
				 "Unsupported qcow2 feature(s): %s", names);
	}
	if ((q->incompatible & QCOW2_CORRUPT) && !q->node->readonly &&
	    !(q->node->flags & BLK_O_CHECK))
		return error_set(err, EACCES,
				 "qcow2: Image is corrupt; cannot be opened "
				 "read/write");
	if ((q->incompatible & QCOW2_EXTENDED_L2) &&
	    q->cluster_bits < QCOW2_EXT_BITS)
		return error_set(err, EINVAL,
				 "extended L2 entries need clusters of at "
				 "least 16 KiB");
	return 0;
}

static int parse(struct qcow2 *q, const uint8_t *buf, struct error *err)
{
	struct parse p = {.q = q};
	size_t end = q->cluster_size;
	uint64_t backing = load_be64(buf + H_BACKING_OFF);
	int rc = take_v3(q, buf, err);

	if (rc == 0)
		rc = take_backing(q, buf, err);
	if (backing && backing >= q->header_length && backing < end)
		end = backing;
	if (rc == 0 && q->header_length < end)
		rc = take_exts(&p, buf, q->header_length, end, err);
	if (rc == 0)
		rc = check_features(&p, err);
	if (rc == 0 && q->version > 2)
		rc = take_more(q, buf, err);
	if (rc == 0)
		rc = check_crypt(buf, err);
	return rc < 0 ? rc : take_tables(q, buf, err);
}

int qcow2_header_read(struct qcow2 *q, struct error *err)
{
	uint8_t head[QCOW2_HEADER] = {0}, *buf;
	int rc = blk_pread(q->file, 0, head, sizeof(head));

	if (rc < 0)
		return error_errno(err, -rc, "Could not read qcow2 header");
	rc = check_version(q, head, err);
	if (rc < 0)
		return rc;
	buf = blk_alloc(q->file, q->cluster_size);
	rc = buf ? blk_pread(q->file, 0, buf, q->cluster_size) : -ENOMEM;
	if (rc < 0)
		error_errno(err, -rc, "Could not read qcow2 header");
	else
		rc = parse(q, buf, err);
	free(buf);
	return rc;
}

size_t qcow2_header_fill(const struct qcow2 *q, uint8_t *buf)
{
	store_be32(buf + H_MAGIC, QCOW2_MAGIC);
	store_be32(buf + H_VERSION, q->version);
	store_be64(buf + H_BACKING_OFF, q->backing_off);
	store_be32(buf + H_BACKING_LEN, q->backing_off ? q->backing_len : 0);
	store_be32(buf + H_CLUSTER_BITS, q->cluster_bits);
	store_be64(buf + H_SIZE, q->node->size);
	store_be32(buf + H_CRYPT, 0);
	store_be32(buf + H_L1_N, q->l1.n);
	store_be64(buf + H_L1_OFF, q->l1.off);
	store_be64(buf + H_REFTABLE_OFF, q->reftable.off);
	store_be32(buf + H_REFTABLE_CLUSTERS, q->reftable_clusters);
	store_be32(buf + H_SNAPSHOTS_N, q->nsnapshots);
	store_be64(buf + H_SNAPSHOTS_OFF, q->snapshots_off);
	if (q->version < 3)
		return QCOW2_V2_HEADER;
	store_be64(buf + H_INCOMPATIBLE, q->incompatible);
	store_be64(buf + H_COMPATIBLE, q->compatible);
	store_be64(buf + H_AUTOCLEAR, q->autoclear);
	store_be32(buf + H_REFCOUNT_ORDER, q->refcount_order);
	store_be32(buf + H_LENGTH, q->header_length);
	if (q->header_length <= H_COMPRESSION)
		return QCOW2_V3_HEADER;
	memset(buf + H_COMPRESSION, 0, QCOW2_HEADER - H_COMPRESSION);
	buf[H_COMPRESSION] = (uint8_t)q->compression;
	return QCOW2_HEADER;
}

/* False when it does not fit. */
static bool put_ext(uint8_t *buf, size_t size, size_t *at, uint32_t type,
		    const void *data, size_t len)
{
	size_t padded = (len + 7) & ~(size_t)7;

	if (size - *at < EXT_HEAD + padded)
		return false;
	store_be32(buf + *at, type);
	store_be32(buf + *at + 4, (uint32_t)len);
	if (len)
		memcpy(buf + *at + EXT_HEAD, data, len);
	*at += EXT_HEAD + padded;
	return true;
}

static bool put_text_ext(uint8_t *buf, size_t size, size_t *at, uint32_t type,
			 const char *text)
{
	return !text || put_ext(buf, size, at, type, text, strlen(text));
}

static bool put_features(uint8_t *buf, size_t size, size_t *at)
{
	uint8_t table[FEATURES * FEATURE_LEN] = {0}, *p = table;
	size_t i;

	for (i = 0; i < FEATURES; i++, p += FEATURE_LEN) {
		p[0] = features[i].type;
		p[1] = features[i].bit;
		memcpy(p + 2, features[i].name, strlen(features[i].name));
	}
	return put_ext(buf, size, at, EXT_FEATURES, table, sizeof(table));
}

static bool put_exts(const struct qcow2 *q, uint8_t *buf, size_t *at)
{
	size_t size = q->cluster_size;
	struct qcow2_ext *e;
	bool fits = put_text_ext(buf, size, at, EXT_BACKING_FORMAT,
				 q->backing_file ? q->backing_format : NULL);

	if (q->incompatible & QCOW2_DATA_FILE)
		fits = fits &&
		       put_text_ext(buf, size, at, EXT_DATA_FILE, q->data_file);
	/* With small clusters there is no room for niceties. */
	if (q->version > 2 && size - *at >= QCOW2_MAX_NAME / 2)
		fits = fits && put_features(buf, size, at);
	list_for_each (e, &q->exts, struct qcow2_ext, link)
		fits = fits && put_ext(buf, size, at, e->type, e->data, e->len);
	return fits && put_ext(buf, size, at, EXT_END, NULL, 0);
}

static int compose(struct qcow2 *q, uint8_t *buf)
{
	size_t at = q->version < 3 ? QCOW2_V2_HEADER : q->header_length, len;

	if (q->unknown)
		memcpy(buf + QCOW2_HEADER, q->unknown, q->unknown_len);
	if (!put_exts(q, buf, &at))
		return -ENOSPC;
	q->backing_off = 0;
	len = q->backing_file ? strlen(q->backing_file) : 0;
	if (len > q->cluster_size - at)
		return -ENAMETOOLONG;
	if (len) {
		memcpy(buf + at, q->backing_file, len);
		q->backing_off = at;
		q->backing_len = (uint32_t)len;
	}
	qcow2_header_fill(q, buf);
	return 0;
}

int qcow2_header_write(struct qcow2 *q)
{
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	int rc;

	if (!buf)
		return -ENOMEM;
	rc = compose(q, buf);
	if (rc == 0)
		rc = blk_pwrite(q->file, 0, buf, q->cluster_size, 0);
	if (rc == 0) {
		q->header_dirty = false;
		rc = blk_flush(q->file);
	}
	free(buf);
	return rc;
}

int qcow2_header_update(struct qcow2 *q)
{
	uint8_t buf[QCOW2_HEADER];
	size_t len = qcow2_header_fill(q, buf);
	int rc = blk_pwrite(q->file, 0, buf, len, 0);

	if (rc == 0) {
		q->header_dirty = false;
		rc = blk_flush(q->file);
	}
	return rc;
}

void qcow2_header_free(struct qcow2 *q)
{
	struct list *e;

	while ((e = list_pop(&q->exts)))
		free(container_of(e, struct qcow2_ext, link));
	free(q->unknown);
	free(q->backing_file);
	free(q->backing_format);
	free(q->data_file);
}
