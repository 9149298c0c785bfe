/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making qcow2 images: header, refcounts and an empty L1 table. */
#include "block/qcow2_create.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/file.h"
#include "block/formats.h"
#include "block/path.h"
#include "block/qcow2_image.h"
#include "vmm/endian.h"

struct conf {
	uint64_t size, cluster_size, refcount_bits, extent_size_hint;
	char *backing_file, *backing_fmt, *data_file;
	char *compat;
	int compression, preallocation;
	bool data_file_raw, extended_l2, lazy_refcounts, nocow;
};

#define FIELD(name)   offsetof(struct conf, name)
#define NO_ENCRYPTION "pcvm does not support encrypted images (LUKS, AES)"

static const char *const preallocations[] = {"off", "metadata", "falloc",
					     "full", NULL};
static const char *const compressions[] = {"zlib", "zstd", NULL};

const struct opt_desc qcow2_create_opts[] = {
	{.name = "backing_file",
	 .type = OPT_STRING,
	 .offset = FIELD(backing_file),
	 .help = "image that has what this one has not"},
	{.name = "backing_fmt",
	 .type = OPT_STRING,
	 .offset = FIELD(backing_fmt),
	 .help = "format of the backing file"},
	{.name = "cluster_size",
	 .type = OPT_SIZE,
	 .offset = FIELD(cluster_size),
	 .dflt = "65536",
	 .help = "bytes of a cluster, 512 to 2M"},
	{.name = "compat",
	 .type = OPT_STRING,
	 .offset = FIELD(compat),
	 .help = "version of the format: v2 (0.10) or v3 (1.1)"},
	{.name = "compression_type",
	 .type = OPT_ENUM,
	 .offset = FIELD(compression),
	 .choices = compressions,
	 .help = "how compressed clusters are packed: zlib, zstd"},
	{.name = "data_file",
	 .type = OPT_STRING,
	 .offset = FIELD(data_file),
	 .help = "another file that has the data"},
	{.name = "data_file_raw",
	 .type = OPT_BOOL,
	 .offset = FIELD(data_file_raw),
	 .help = "keep the data file readable as a raw image"},
	{.name = "encryption",
	 .type = OPT_BOOL,
	 .refused = NO_ENCRYPTION,
	 .accepts = "off"},
	REFUSED("encrypt.cipher-alg", NO_ENCRYPTION),
	REFUSED("encrypt.cipher-mode", NO_ENCRYPTION),
	REFUSED("encrypt.format", NO_ENCRYPTION),
	REFUSED("encrypt.hash-alg", NO_ENCRYPTION),
	REFUSED("encrypt.iter-time", NO_ENCRYPTION),
	REFUSED("encrypt.ivgen-alg", NO_ENCRYPTION),
	REFUSED("encrypt.ivgen-hash-alg", NO_ENCRYPTION),
	REFUSED("encrypt.key-secret", NO_ENCRYPTION),
	{.name = "extended_l2",
	 .type = OPT_BOOL,
	 .offset = FIELD(extended_l2),
	 .help = "allocate parts of clusters"},
	{.name = "extent_size_hint",
	 .type = OPT_SIZE,
	 .offset = FIELD(extent_size_hint),
	 .help = "hint of the file system's extent size, 0 for none"},
	{.name = "lazy_refcounts",
	 .type = OPT_BOOL,
	 .offset = FIELD(lazy_refcounts),
	 .help = "write refcounts late"},
	{.name = "nocow",
	 .type = OPT_BOOL,
	 .offset = FIELD(nocow),
	 .help = "turn off copy-on-write (btrfs only)"},
	{.name = "preallocation",
	 .type = OPT_ENUM,
	 .offset = FIELD(preallocation),
	 .choices = preallocations,
	 .help = "allocate now: off, metadata, falloc, full"},
	{.name = "refcount_bits",
	 .type = OPT_SIZE,
	 .offset = FIELD(refcount_bits),
	 .dflt = "16",
	 .help = "width of a reference count, 1 to 64"},
	{.name = "size",
	 .type = OPT_SIZE,
	 .offset = FIELD(size),
	 .help = "size of the disk"},
	{.name = NULL},
};

static bool is_power(uint64_t n)
{
	return n && !(n & (n - 1));
}

static unsigned log2_of(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n);
}

static int take_version(struct qcow2 *q, const struct conf *c,
			struct error *err)
{
	const char *v = c->compat ? c->compat : "1.1";

	if (!strcmp(v, "0.10") || !strcmp(v, "v2"))
		q->version = 2;
	else if (!strcmp(v, "1.1") || !strcmp(v, "v3"))
		q->version = 3;
	else
		return error_set(err, EINVAL,
				 "Invalid compatibility level: '%s'", v);
	return 0;
}

static int check_sizes(const struct qcow2 *q, const struct conf *c,
		       struct error *err)
{
	if (!is_power(c->cluster_size) ||
	    c->cluster_size < (1u << QCOW2_MIN_BITS) ||
	    c->cluster_size > (1u << QCOW2_MAX_BITS))
		return error_set(err, EINVAL,
				 "Cluster size must be a power of two between "
				 "%u and %uk",
				 1u << QCOW2_MIN_BITS,
				 (1u << QCOW2_MAX_BITS) / 1024);
	if (!is_power(c->refcount_bits) || c->refcount_bits > 64)
		return error_set(err, EINVAL,
				 "Refcount width must be a power of two and "
				 "may not exceed 64 bits");
	if (c->extended_l2 && c->cluster_size < (1u << QCOW2_EXT_BITS))
		return error_set(err, EINVAL,
				 "Extended L2 entries are only supported with "
				 "cluster sizes of at least %u bytes",
				 1u << QCOW2_EXT_BITS);
	if (q->version < 3 &&
	    (c->refcount_bits != 16 || c->lazy_refcounts || c->extended_l2 ||
	     c->data_file || c->compression))
		return error_set(err, EINVAL,
				 "Different refcount widths than 16 bits, lazy "
				 "refcounts, extended L2 entries, data files "
				 "and compression types require compatibility "
				 "level 1.1 or above (use version=v3 or "
				 "greater)");
	return 0;
}

static int check_backing(const struct conf *c, struct error *err)
{
	if (c->backing_file && strlen(c->backing_file) > QCOW2_MAX_NAME)
		return error_set(err, ENAMETOOLONG,
				 "the name of the backing file is longer than "
				 "%u bytes",
				 QCOW2_MAX_NAME);
	if (c->backing_fmt && !blk_driver_find(c->backing_fmt) &&
	    !format_is_known(c->backing_fmt))
		return error_set(err, EINVAL,
				 "the backing file's format '%.100s' is "
				 "unknown",
				 c->backing_fmt);
	return 0;
}

static int check_together(const struct conf *c, struct error *err)
{
	if (c->backing_file && c->preallocation && !c->extended_l2)
		return error_set(err, EINVAL,
				 "Backing file and preallocation can only be "
				 "used at the same time if extended_l2 is "
				 "enabled");
	if (c->data_file_raw && !c->data_file)
		return error_set(err, EINVAL,
				 "data-file-raw requires data-file");
	if (c->data_file_raw && c->backing_file)
		return error_set(err, EINVAL,
				 "Backing file and data-file-raw cannot be "
				 "used at the same time");
	if (c->backing_fmt && !c->backing_file)
		return error_set(err, EINVAL,
				 "Backing format cannot be used without "
				 "backing file");
	if (!qcow2_compression_is_built((unsigned)c->compression))
		return error_set(
			err, ENOTSUP,
			"compression type %s was not built in: install "
			"libzstd-dev and configure pcvm again",
			compressions[c->compression]);
	return 0;
}

static void set_features(struct qcow2 *q, const struct conf *c)
{
	q->cluster_size = c->cluster_size;
	q->cluster_bits = log2_of(c->cluster_size);
	q->refcount_order = log2_of(c->refcount_bits);
	q->compression = (unsigned)c->compression;
	q->header_length = q->version < 3 ? QCOW2_V2_HEADER : QCOW2_HEADER;
	if (c->extended_l2)
		q->incompatible |= QCOW2_EXTENDED_L2;
	if (c->data_file)
		q->incompatible |= QCOW2_DATA_FILE;
	if (c->compression)
		q->incompatible |= QCOW2_COMPRESSION;
	if (c->lazy_refcounts)
		q->compatible |= QCOW2_LAZY_REFCOUNTS;
	if (c->data_file_raw)
		q->autoclear |= QCOW2_RAW_DATA_FILE;
	q->backing_file = c->backing_file;
	q->backing_format = c->backing_fmt;
	q->data_file = c->data_file;
	list_init(&q->exts);
	qcow2_geometry(q);
}

static int parse(struct opt_list *options, struct conf *c, struct qcow2 *q,
		 struct error *err)
{
	int rc;

	opt_defaults(qcow2_create_opts, c);
	rc = options ? opt_set_all(qcow2_create_opts, c, options, err) : 0;
	if (rc < 0)
		return rc;
	if (c->backing_file && !*c->backing_file) {
		free(c->backing_file);
		c->backing_file = NULL;
	}
	rc = take_version(q, c, err);
	rc = rc < 0 ? rc : check_sizes(q, c, err);
	rc = rc < 0 ? rc : check_together(c, err);
	rc = rc < 0 ? rc : check_backing(c, err);
	if (rc == 0)
		set_features(q, c);
	return rc;
}

/* The clusters of an empty image, one kind behind the other. */
struct layout {
	uint64_t reftable, refblocks, l1, l1_entries;
};

static int lay_out(const struct qcow2 *q, uint64_t size, struct layout *l,
		   struct error *err)
{
	uint64_t total;

	l->l1_entries = qcow2_l1_entries(q, size);
	if (size > INT64_MAX || l->l1_entries > QCOW2_MAX_L1 / sizeof(uint64_t))
		return error_set(err, EFBIG,
				 "The image size is too large for file format "
				 "'qcow2' (try using a larger cluster size)");
	l->l1 = qcow2_clusters(q, l->l1_entries * sizeof(uint64_t));
	l->reftable = l->refblocks = 0;
	do {
		l->refblocks++;
		l->reftable =
			qcow2_clusters(q, l->refblocks * sizeof(uint64_t));
		total = 1 + l->reftable + l->refblocks + l->l1;
	} while (total > l->refblocks << q->refs_bits);
	return 0;
}

static int write_refblocks(struct qcow2 *q, const struct layout *l)
{
	uint64_t total = 1 + l->reftable + l->refblocks + l->l1, done = 0, i, n;
	uint64_t off = (1 + l->reftable) << q->cluster_bits;
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	int rc = buf ? 0 : -ENOMEM;

	while (done < total && rc == 0) {
		memset(buf, 0, q->cluster_size);
		n = total - done;
		if (n > UINT64_C(1) << q->refs_bits)
			n = UINT64_C(1) << q->refs_bits;
		for (i = 0; i < n; i++)
			qcow2_refcount_write(q, buf, i, 1);
		rc = blk_pwrite(q->file, off, buf, q->cluster_size, 0);
		off += q->cluster_size;
		done += n;
	}
	free(buf);
	return rc;
}

static int write_reftable(struct qcow2 *q, const struct layout *l)
{
	uint64_t n = (l->reftable << q->cluster_bits) / sizeof(uint64_t), i;
	uint64_t *val = calloc(n, sizeof(*val));
	int rc;

	if (!val)
		return -ENOMEM;
	for (i = 0; i < l->refblocks; i++)
		val[i] = (1 + l->reftable + i) << q->cluster_bits;
	rc = qcow2_table_store(q, val, (uint32_t)n, q->cluster_size);
	free(val);
	return rc;
}

static int write_l1(struct qcow2 *q, const struct layout *l)
{
	uint64_t *zeros;
	int rc;

	if (!l->l1_entries)
		return 0;
	zeros = calloc(l->l1_entries, sizeof(*zeros));
	if (!zeros)
		return -ENOMEM;
	rc = qcow2_table_store(q, zeros, (uint32_t)l->l1_entries, q->l1.off);
	free(zeros);
	return rc;
}

static int write_image(struct qcow2 *q, const struct layout *l)
{
	int rc;

	q->reftable.off = q->cluster_size;
	q->reftable_clusters = (uint32_t)l->reftable;
	q->l1.n = (uint32_t)l->l1_entries;
	q->l1.off = (1 + l->reftable + l->refblocks) << q->cluster_bits;
	rc = write_refblocks(q, l);
	rc = rc < 0 ? rc : write_reftable(q, l);
	rc = rc < 0 ? rc : write_l1(q, l);
	return rc < 0 ? rc : qcow2_header_write(q);
}

static int write_empty(struct qcow2 *q, struct blk_ctx *ctx,
		       const struct blk_create *how, const struct conf *c,
		       struct error *err)
{
	struct blk_open open = {.filename = how->filename,
				.flags = how->flags | BLK_O_RDWR | BLK_O_RESIZE,
				.format = "file"};
	struct file_hints hints =
		file_hints_of(how, c->nocow, c->extent_size_hint);
	struct layout l;
	json_t *options;
	int rc = lay_out(q, c->size, &l, err);

	if (rc < 0)
		return rc;
	rc = file_create_empty(how->filename, &hints, err);
	if (rc < 0)
		return rc;
	options = json_object();
	json_object_set_new(options, "driver", json_string("file"));
	json_object_set_new(options, "filename",
			    json_string_nocheck(blk_path_plain(how->filename)));
	open.filename = NULL;
	open.options = options;
	q->file = q->data = blk_open(ctx, &open, err);
	json_decref(options);
	rc = q->file ? write_image(q, &l) : -EIO;
	if (q->file && rc < 0)
		error_errno(err, -rc, "Could not write image");
	blk_node_unref(q->file);
	if (rc < 0)
		file_remove(how->filename);
	return rc;
}

static int make_data_file(struct blk_ctx *ctx, const struct blk_create *how,
			  const struct conf *c, struct error *err)
{
	struct blk_create raw = {.format = "raw",
				 .size = c->size,
				 .has_size = true,
				 .flags = how->flags};
	char *path;
	int rc;

	if (!c->data_file)
		return 0;
	path = blk_path_combine(how->filename, c->data_file);
	raw.filename = path;
	rc = path ? blk_create(ctx, &raw, err) : -ENOMEM;
	free(path);
	return rc;
}

/* The size of the backing file is ours if we are given none. */
static int find_size(struct blk_ctx *ctx, const struct blk_create *how,
		     struct conf *c, struct error *err)
{
	struct blk_open open = {.format = c->backing_fmt,
				.flags = BLK_O_NO_BACKING | BLK_O_NO_IO |
					 BLK_O_FORCE_SHARE};
	struct blk_node *node;
	char *path;

	if (how->has_size)
		c->size = how->size;
	c->size = (c->size + BLK_SECTOR - 1) / BLK_SECTOR * BLK_SECTOR;
	if (c->size || how->has_size || !c->backing_file)
		return 0;
	path = blk_path_combine(how->filename, c->backing_file);
	open.filename = path;
	node = path ? blk_open(ctx, &open, err) : NULL;
	free(path);
	if (!node)
		return error_prefix(err, "Could not open backing file '%s'",
				    c->backing_file);
	c->size = node->size;
	blk_node_unref(node);
	return 0;
}

static int preallocate(struct blk_ctx *ctx, const struct blk_create *how,
		       const struct conf *c, struct error *err)
{
	struct blk_open open = {.filename = how->filename,
				.format = "qcow2",
				.flags = how->flags | BLK_O_RDWR |
					 BLK_O_NO_BACKING | BLK_O_NO_FLUSH};
	enum blk_prealloc mode = (enum blk_prealloc)c->preallocation;
	struct blk_node *node;
	int rc;

	if (mode == BLK_PREALLOC_OFF && !c->data_file_raw)
		return 0;
	if (mode == BLK_PREALLOC_OFF)
		mode = BLK_PREALLOC_METADATA;
	node = blk_open(ctx, &open, err);
	if (!node)
		return -EIO;
	rc = qcow2_preallocate(node, 0, node->size, mode, err);
	blk_node_unref(node);
	if (rc < 0)
		file_remove(how->filename);
	return rc;
}

int qcow2_create(struct blk_ctx *ctx, const struct blk_create *how,
		 struct error *err)
{
	struct conf c = {0};
	struct blk_node fake = {0}; /* what the header asks for its size */
	struct qcow2 q = {.node = &fake};
	int rc = parse(how->options, &c, &q, err);

	rc = rc < 0 ? rc : find_size(ctx, how, &c, err);
	fake.size = c.size;
	rc = rc < 0 ? rc : make_data_file(ctx, how, &c, err);
	rc = rc < 0 ? rc : write_empty(&q, ctx, how, &c, err);
	rc = rc < 0 ? rc : preallocate(ctx, how, &c, err);
	opt_free(qcow2_create_opts, &c);
	return rc;
}

/* Bytes of all data and its metadata. */
static uint64_t file_size(const struct qcow2 *q, uint64_t size)
{
	uint64_t entries = qcow2_l1_entries(q, size);
	uint64_t l1 = qcow2_clusters(q, entries * sizeof(uint64_t));
	uint64_t l2 = (qcow2_clusters(q, size) + (1u << q->l2_bits) - 1) >>
		      q->l2_bits;
	uint64_t fixed = 1 + l1 + l2 + qcow2_clusters(q, size);
	uint64_t blocks = 0, table = 0, was;

	do {
		was = blocks;
		blocks = (fixed + blocks + table +
			  ((UINT64_C(1) << q->refs_bits) - 1)) >>
			 q->refs_bits;
		table = qcow2_clusters(q, blocks * sizeof(uint64_t));
	} while (blocks != was);
	return (fixed + blocks + table) << q->cluster_bits;
}

int qcow2_measure(struct opt_list *options, uint64_t size, uint64_t data,
		  struct blk_measure *out, struct error *err)
{
	struct conf c = {0};
	struct qcow2 q = {0};
	struct layout l;
	int rc = parse(options, &c, &q, err);

	if (rc == 0)
		rc = lay_out(&q, size, &l, err);
	if (rc == 0) {
		size = qcow2_up(&q, size);
		if (c.preallocation == BLK_PREALLOC_FULL ||
		    c.preallocation == BLK_PREALLOC_FALLOC)
			data = size;
		out->fully_allocated = file_size(&q, size);
		out->required =
			out->fully_allocated - size + qcow2_up(&q, data);
	}
	opt_free(qcow2_create_opts, &c);
	return rc;
}
