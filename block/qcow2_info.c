/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a qcow2 image, and the name of its backing file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "block/qcow2_ops.h"

static json_t *specific(const struct qcow2 *q)
{
	json_t *o =
		json_pack("{s:s}", "compat", q->version < 3 ? "0.10" : "1.1");

	json_object_set_new(o, "compression-type",
			    json_string(
				    qcow2_compression_name(q->compression)));
	if (q->version < 3) {
		json_object_set_new(o, "refcount-bits", json_integer(16));
		return o;
	}
	json_object_set_new(o, "lazy-refcounts",
			    json_boolean(q->compatible & QCOW2_LAZY_REFCOUNTS));
	json_object_set_new(o, "refcount-bits",
			    json_integer(1 << q->refcount_order));
	if (q->incompatible & QCOW2_DATA_FILE) {
		if (q->data_file)
			json_object_set_new(o, "data-file",
					    json_string(q->data_file));
		json_object_set_new(o, "data-file-raw",
				    json_boolean(q->raw_data));
	}
	json_object_set_new(o, "corrupt",
			    json_boolean(q->incompatible & QCOW2_CORRUPT));
	json_object_set_new(o, "extended-l2", json_boolean(q->extended));
	return o;
}

void qcow2_info(struct blk_node *node, struct blk_info *info)
{
	struct qcow2 *q = node->state;

	info->cluster_size = (uint32_t)q->cluster_size;
	info->vmstate_offset = qcow2_l1_entries(q, node->size)
			       << (q->cluster_bits + q->l2_bits);
	info->dirty = q->incompatible & QCOW2_DIRTY;
	info->backing_file = q->backing_file;
	info->backing_format = q->backing_format;
	info->specific = specific(q);
}

static int replace(char **field, const char *text)
{
	char *copy = text && *text ? strdup(text) : NULL;

	if (text && *text && !copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int qcow2_change_backing(struct blk_node *node, const char *file,
			 const char *format, struct error *err)
{
	struct qcow2 *q = node->state;
	int rc;

	if (q->raw_data && file && *file)
		return error_set(err, EINVAL,
				 "Cannot set a backing file for an image with "
				 "data-file-raw");
	if (file && strlen(file) > QCOW2_MAX_NAME)
		return error_set(err, EINVAL,
				 "the name of the backing file is too long");
	rc = replace(&q->backing_file, file);
	rc = rc < 0 ? rc : replace(&q->backing_format, file ? format : NULL);
	rc = rc < 0 ? rc : qcow2_header_write(q);
	return rc < 0 ? error_errno(err, -rc,
				    "Could not change the backing file to '%s'",
				    file ? file : "")
		      : 0;
}
