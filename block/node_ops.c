/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done with whole images: hands it to the driver, or refuses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/path.h"

static int lacks(const struct blk_node *node, const char *what,
		 struct error *err)
{
	return error_set(err, ENOTSUP, "the format %s has no %s",
			 node->driver->name, what);
}

int blk_status(struct blk_node *node, uint64_t off, uint64_t len,
	       struct blk_extent *ext)
{
	*ext = (struct blk_extent){.len = len,
				   .flags = BLK_ALLOCATED | BLK_HAS_DATA};
	if (off > node->size || len > node->size - off)
		return -EINVAL;
	return node->driver->status && len
		       ? node->driver->status(node, off, len, ext)
		       : 0;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int blk_status_above(struct blk_node *node, const struct blk_node *base,
		     uint64_t off, uint64_t len, struct blk_extent *ext,
		     unsigned *depth)
{
	struct blk_node *n = node;
	int rc;

	*depth = 0;
	while (n && n != base) {
		if (off >= n->size) { /* shorter than what is above it */
			*ext = (struct blk_extent){.len = len,
						   .flags = BLK_ZERO | BLK_EOF};
			return 0;
		}
		rc = blk_status(n, off, at_most(len, n->size - off), ext);
		if (rc < 0 || (ext->flags & BLK_ALLOCATED))
			return rc;
		len = ext->len;
		n = n->child[BLK_BACKING];
		++*depth;
	}
	if (!n)
		ext->flags |= BLK_ZERO;
	return 0;
}

bool blk_has_zero_init(const struct blk_node *node)
{
	return node->driver->has_zero_init && node->driver->has_zero_init(node);
}

int64_t blk_allocated_size(struct blk_node *node)
{
	int64_t n = 0, part;

	if (node->driver->allocated_size)
		return node->driver->allocated_size(node);
	if (!node->child[BLK_FILE])
		return -1;
	n = blk_allocated_size(node->child[BLK_FILE]);
	if (n >= 0 && node->child[BLK_DATA]) {
		part = blk_allocated_size(node->child[BLK_DATA]);
		n = part < 0 ? part : n + part;
	}
	return n;
}

int blk_truncate(struct blk_node *node, uint64_t size,
		 enum blk_prealloc prealloc, struct error *err)
{
	if (node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	if (size > INT64_MAX)
		return error_set(err, EFBIG, "the size is too big");
	if (!node->driver->truncate)
		return lacks(node, "resizing", err);
	if (size < node->size && prealloc != BLK_PREALLOC_OFF)
		return error_set(err, EINVAL,
				 "Cannot use preallocation for shrinking "
				 "files");
	blk_node_drain(node);
	return node->driver->truncate(node, size, prealloc, err);
}

int blk_make_empty(struct blk_node *node, struct error *err)
{
	if (!node->driver->make_empty)
		return lacks(node, "backing files", err);
	blk_node_drain(node);
	return node->driver->make_empty(node, err);
}

void blk_get_info(struct blk_node *node, struct blk_info *info)
{
	*info = (struct blk_info){.format = node->driver->name,
				  .virtual_size = node->size,
				  .actual_size = blk_allocated_size(node)};
	if (node->driver->info)
		node->driver->info(node, info);
	if (info->backing_file)
		info->full_backing_file =
			blk_path_combine(node->filename, info->backing_file);
}

void blk_info_free(struct blk_info *info)
{
	free(info->full_backing_file);
	json_decref(info->specific);
}

int blk_change_backing(struct blk_node *node, const char *file,
		       const char *format, struct error *err)
{
	if (!node->driver->change_backing)
		return lacks(node, "backing files", err);
	blk_node_drain(node);
	return node->driver->change_backing(node, file, format, err);
}

int blk_check(struct blk_node *node, unsigned fix, struct blk_check *result,
	      struct error *err)
{
	if (!node->driver->check)
		return lacks(node, "checks", err);
	blk_node_drain(node);
	return node->driver->check(node, fix, result, err);
}

int blk_snapshot_create(struct blk_node *node, const struct blk_snapshot *snap,
			struct error *err)
{
	if (!node->driver->snapshot_create)
		return lacks(node, "snapshots", err);
	if (node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	blk_node_drain(node);
	return node->driver->snapshot_create(node, snap, err);
}

int blk_snapshot_apply(struct blk_node *node, const char *id_or_name,
		       struct error *err)
{
	if (!node->driver->snapshot_apply)
		return lacks(node, "snapshots", err);
	if (node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	blk_node_drain(node);
	return node->driver->snapshot_apply(node, id_or_name, err);
}

int blk_snapshot_delete(struct blk_node *node, const char *id_or_name,
			struct error *err)
{
	if (!node->driver->snapshot_delete)
		return lacks(node, "snapshots", err);
	if (node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	blk_node_drain(node);
	return node->driver->snapshot_delete(node, id_or_name, err);
}

int blk_snapshot_load(struct blk_node *node, const char *id_or_name,
		      struct error *err)
{
	if (!node->driver->snapshot_load)
		return lacks(node, "snapshots", err);
	if (!node->readonly)
		return error_set(err, EINVAL,
				 "a snapshot can be loaded read-only only");
	blk_node_drain(node);
	return node->driver->snapshot_load(node, id_or_name, err);
}

int blk_snapshots(struct blk_node *node, struct blk_snapshot **list, size_t *n,
		  struct error *err)
{
	*list = NULL;
	*n = 0;
	if (!node->driver->snapshots)
		return lacks(node, "snapshots", err);
	return node->driver->snapshots(node, list, n, err);
}

void blk_snapshots_free(struct blk_snapshot *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(list[i].id);
		free(list[i].name);
	}
	free(list);
}

int blk_vmstate_write(struct blk_node *node, uint64_t off, const void *buf,
		      size_t len)
{
	if (!node->driver->vmstate || node->readonly)
		return -ENOTSUP;
	return node->driver->vmstate(node, off, (void *)(uintptr_t)buf, len,
				     true);
}

int blk_vmstate_read(struct blk_node *node, uint64_t off, void *buf, size_t len)
{
	if (!node->driver->vmstate)
		return -ENOTSUP;
	return node->driver->vmstate(node, off, buf, len, false);
}

static const struct blk_driver *find(const char *format, struct error *err)
{
	const struct blk_driver *driver = blk_driver_find(format);

	if (!driver)
		format_refuse(format, err);
	return driver;
}

int blk_create(struct blk_ctx *ctx, const struct blk_create *how,
	       struct error *err)
{
	const struct blk_driver *driver = find(how->format, err);
	int rc;

	if (!driver)
		return -EINVAL;
	if (!driver->create)
		return error_set(err, ENOTSUP,
				 "Format driver '%s' does not support image "
				 "creation",
				 driver->name);
	rc = blk_path_check(how->filename, err);
	return rc < 0 ? rc : driver->create(ctx, how, err);
}

int blk_measure(const char *format, struct opt_list *options, uint64_t size,
		uint64_t data, struct blk_measure *out, struct error *err)
{
	const struct blk_driver *driver = find(format, err);

	if (!driver)
		return -EINVAL;
	if (!driver->measure)
		return error_set(err, ENOTSUP,
				 "Block driver '%s' does not support size "
				 "measurement",
				 driver->name);
	return driver->measure(options, size, data, out, err);
}

int blk_amend(struct blk_node *node, struct opt_list *options,
	      struct error *err)
{
	if (!node->driver->amend)
		return lacks(node, "options that could be amended", err);
	if (node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	blk_node_drain(node);
	return node->driver->amend(node, options, err);
}

int blk_filter_status(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext)
{
	return blk_status(node->child[BLK_FILE], off, len, ext);
}

int blk_filter_truncate(struct blk_node *node, uint64_t size,
			enum blk_prealloc prealloc, struct error *err)
{
	int rc = blk_truncate(node->child[BLK_FILE], size, prealloc, err);

	node->size = node->child[BLK_FILE]->size;
	return rc;
}
