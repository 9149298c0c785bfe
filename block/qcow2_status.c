/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is where in a qcow2 image.  Clusters of an image with preallocated
 * metadata are holes of its file, mostly: there the file is asked as well, and
 * its zeros count.  Elsewhere that would find little, at the price of a system
 * call for each extent.
 */
#include <errno.h>

#include "block/qcow2_image.h"
#include "block/qcow2_ops.h"

static unsigned flags_of(const struct qcow2 *q, enum qcow2_type type,
			 uint64_t off)
{
	switch (type) {
	case QCOW2_NORMAL:
		return BLK_ALLOCATED | BLK_HAS_DATA | BLK_OFFSET_VALID;
	case QCOW2_PACKED:
		return BLK_ALLOCATED | BLK_HAS_DATA | BLK_COMPRESSED;
	case QCOW2_ZERO_PLAIN:
		return BLK_ALLOCATED | BLK_ZERO;
	case QCOW2_ZERO_HOST:
		return BLK_ALLOCATED | BLK_ZERO | BLK_OFFSET_VALID;
	case QCOW2_UNALLOCATED_HOST:
		return BLK_OFFSET_VALID |
		       (qcow2_reads_zero(q, type, off) ? BLK_ZERO : 0);
	case QCOW2_UNALLOCATED:
		break;
	}
	return qcow2_reads_zero(q, type, off) ? BLK_ZERO : 0;
}

/* Are there clearly more clusters in use than the file has blocks for? */
static bool has_many_holes(struct qcow2 *q)
{
	int64_t bytes = blk_allocated_size(q->file);
	uint64_t real, limit, used = 0, i, n, count;

	if (bytes < 0 || q->external)
		return false;
	real = (uint64_t)bytes >> q->cluster_bits;
	limit = real / 9 * 10 + real % 9 * 10 / 9;
	if (limit < real + 2)
		limit = real + 2;
	n = qcow2_clusters(q, q->file->size);
	for (i = 0; i < n && used < limit; i++) {
		if (qcow2_refcount_sync(q, i, &count) < 0)
			return false;
		used += count != 0;
	}
	return used >= limit;
}

static bool is_sparse(struct qcow2 *q)
{
	if (!q->sparse_known)
		q->sparse = has_many_holes(q);
	q->sparse_known = true;
	return q->sparse;
}

static int ask_file(struct qcow2 *q, struct blk_extent *ext)
{
	struct blk_extent below;
	uint64_t len = ext->len;
	int rc;

	if (ext->map >= q->data->size)
		return 0;
	if (len > q->data->size - ext->map)
		len = q->data->size - ext->map;
	rc = blk_status(q->data, ext->map, len, &below);
	if (rc < 0)
		return rc;
	/* Nothing follows zeros at the end of the file. */
	if (!(below.flags & BLK_ZERO) || ext->map + below.len < q->data->size)
		ext->len = below.len;
	ext->flags |= below.flags & BLK_ZERO;
	return 0;
}

int qcow2_status(struct blk_node *node, uint64_t off, uint64_t len,
		 struct blk_extent *ext)
{
	struct qcow2 *q = node->state;
	struct qcow2_wait wait;
	struct qcow2_map map;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = qcow2_map(q, &wait, off, len, &map);
	} while (qcow2_again(q, &wait, &rc));
	if (rc < 0)
		return rc;
	*ext = (struct blk_extent){.len = map.len,
				   .flags = flags_of(q, map.type, off)};
	if (!(ext->flags & BLK_OFFSET_VALID))
		return 0;
	ext->map = map.host;
	ext->host_name = q->data->filename;
	return (ext->flags & BLK_HAS_DATA) && is_sparse(q) ? ask_file(q, ext)
							   : 0;
}
