/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw images: the guest's disk is the file, or a part of it. */
#include "block/raw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/file.h"
#include "block/formats.h"

struct raw {
	uint64_t offset, size;
	bool has_size;
};

static int set_size(struct blk_node *node, struct error *err)
{
	struct raw *r = node->state;
	uint64_t whole = node->child[BLK_FILE]->size;

	if (r->offset > whole)
		return error_set(err, EINVAL,
				 "Offset (%llu) cannot be greater than size of "
				 "the containing file (%llu)",
				 (unsigned long long)r->offset,
				 (unsigned long long)whole);
	if (r->has_size && r->size > whole - r->offset)
		return error_set(err, EINVAL,
				 "The sum of offset (%llu) and size (%llu) has "
				 "to be smaller or equal to the actual size of "
				 "the containing file (%llu)",
				 (unsigned long long)r->offset,
				 (unsigned long long)r->size,
				 (unsigned long long)whole);
	node->size = r->has_size ? r->size : whole - r->offset;
	/* The last sector of an odd file is padded with zeros. */
	node->size = (node->size + BLK_SECTOR - 1) / BLK_SECTOR * BLK_SECTOR;
	return 0;
}

static int raw_open(struct blk_node *node, json_t *options, struct error *err)
{
	struct raw *r = node->state;
	int rc = blk_take_size(options, "offset", &r->offset, err);

	r->has_size = json_object_get(options, "size");
	if (rc == 0)
		rc = blk_take_size(options, "size", &r->size, err);
	return rc < 0 ? rc : set_size(node, err);
}

static void raw_close(struct blk_node *node)
{
	(void)node;
}

/*
 * A guest must not turn an image whose format was guessed into one of another
 * format, which would name host files of the guest's choice at the next start.
 */
static bool changes_format(const struct blk_node *node,
			   const struct blk_req *req)
{
	uint8_t head[BLK_SECTOR] = {0};
	size_t n;

	if (!node->probed || req->op != BLK_WRITE || req->at >= BLK_SECTOR)
		return false;
	n = sizeof(head) - req->at;
	blk_iov_to_buf(req->iov, req->niov, 0, head + req->at,
		       n < req->len ? n : req->len);
	return format_probe(head, sizeof(head)) != NULL;
}

static int check(const struct blk_node *node, const struct blk_req *req)
{
	if (req->flags & BLK_COMPRESS)
		return -ENOTSUP;
	return changes_format(node, req) ? -EPERM : 0;
}

static void raw_submit(struct blk_node *node, struct blk_req *req)
{
	struct raw *r = node->state;
	int rc = check(node, req);

	if (rc < 0) {
		blk_ctx_complete(node->ctx, req, rc);
		return;
	}
	req->at += r->offset;
	blk_pass(node->child[BLK_FILE], req);
}

static int raw_run(struct blk_node *node, struct blk_req *req)
{
	struct blk_node *file = node->child[BLK_FILE];
	struct raw *r = node->state;
	struct blk_req part = *req;
	int rc = check(node, req);

	if (rc < 0)
		return rc;
	part.off = req->at + r->offset;
	return blk_run(file, &part);
}

static int raw_status(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext)
{
	struct blk_node *file = node->child[BLK_FILE];
	struct raw *r = node->state;
	uint64_t end = off + len;
	int rc;

	/* The padding of the last sector is not in the file. */
	if (r->offset + end > file->size && off + r->offset < file->size)
		len = file->size - r->offset - off;
	if (off + r->offset >= file->size) {
		*ext = (struct blk_extent){.len = len,
					   .flags = BLK_ALLOCATED | BLK_ZERO};
		return 0;
	}
	rc = blk_status(file, off + r->offset, len, ext);
	if (rc == 0 && off + ext->len == file->size - r->offset)
		ext->len = end - off;
	return rc;
}

static bool raw_has_zero_init(const struct blk_node *node)
{
	return blk_has_zero_init(node->child[BLK_FILE]);
}

static int raw_truncate(struct blk_node *node, uint64_t size,
			enum blk_prealloc prealloc, struct error *err)
{
	struct raw *r = node->state;
	int rc;

	if (r->has_size)
		return error_set(err, ENOTSUP,
				 "Cannot resize fixed-size raw disks");
	if (size > INT64_MAX - r->offset)
		return error_set(err, EINVAL,
				 "Disk size too large for the "
				 "chosen offset");
	rc = blk_truncate(node->child[BLK_FILE], size + r->offset, prealloc,
			  err);
	return rc < 0 ? rc : set_size(node, err);
}

struct create_conf {
	uint64_t size;
	int preallocation;
	bool nocow;
	uint64_t extent_size_hint;
};

static const char *const preallocations[] = {"off", "metadata", "falloc",
					     "full", NULL};

static const struct opt_desc create_opts[] = {
	{.name = "extent_size_hint",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct create_conf, extent_size_hint),
	 .help = "hint of the file system's extent size, 0 for none"},
	{.name = "nocow",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct create_conf, nocow),
	 .help = "turn off copy-on-write (btrfs only)"},
	{.name = "preallocation",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct create_conf, preallocation),
	 .choices = preallocations,
	 .help = "allocate the space now: off, falloc, full"},
	{.name = "size",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct create_conf, size),
	 .help = "size of the disk"},
	{.name = NULL},
};

static int parse_create(const struct blk_create *how, struct create_conf *conf,
			struct error *err)
{
	int rc;

	opt_defaults(create_opts, conf);
	rc = how->options ? opt_set_all(create_opts, conf, how->options, err)
			  : 0;
	if (rc < 0)
		return rc;
	if (how->has_size)
		conf->size = how->size;
	if (conf->preallocation == BLK_PREALLOC_METADATA)
		return error_set(err, ENOTSUP,
				 "raw images have no metadata to preallocate");
	return 0;
}

static int raw_create(struct blk_ctx *ctx, const struct blk_create *how,
		      struct error *err)
{
	struct blk_open open = {.filename = how->filename,
				.format = "raw",
				.flags = how->flags | BLK_O_RDWR};
	struct create_conf conf = {0};
	struct file_hints hints;
	struct blk_node *node;
	int rc = parse_create(how, &conf, err);

	hints = file_hints_of(how, conf.nocow, conf.extent_size_hint);
	if (rc == 0)
		rc = file_create_empty(how->filename, &hints, err);
	if (rc < 0)
		return rc;
	node = blk_open(ctx, &open, err);
	if (!node)
		return -EIO;
	rc = blk_truncate(node, conf.size,
			  (enum blk_prealloc)conf.preallocation, err);
	blk_node_unref(node);
	return rc;
}

static int raw_measure(struct opt_list *options, uint64_t size, uint64_t data,
		       struct blk_measure *out, struct error *err)
{
	(void)options;
	(void)data;
	(void)err;
	*out = (struct blk_measure){.required = size, .fully_allocated = size};
	return 0;
}

static const char *const options[] = {"offset", "size", NULL};

const struct blk_driver blk_raw = {
	.name = "raw",
	.state_size = sizeof(struct raw),
	.create_opts = create_opts,
	.plain = true,
	.options = options,
	.open = raw_open,
	.close = raw_close,
	.create = raw_create,
	.measure = raw_measure,
	.submit = raw_submit,
	.run = raw_run,
	.status = raw_status,
	.has_zero_init = raw_has_zero_init,
	.truncate = raw_truncate,
};
