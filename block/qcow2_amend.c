/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing what an image was made with: what can be changed in its header. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "block/qcow2_ops.h"

struct conf {
	char *compat, *backing_file, *backing_fmt;
	uint64_t size;
	int lazy; /* as OPT_ONOFFAUTO: 2 is no change */
};

const struct opt_desc qcow2_amend_opts[] = {
	{.name = "backing_file",
	 .type = OPT_STRING,
	 .offset = offsetof(struct conf, backing_file),
	 .help = "image that has what this one has not"},
	{.name = "backing_fmt",
	 .type = OPT_STRING,
	 .offset = offsetof(struct conf, backing_fmt),
	 .help = "format of the backing file"},
	{.name = "compat",
	 .type = OPT_STRING,
	 .offset = offsetof(struct conf, compat),
	 .help = "version of the format: v2 (0.10) or v3 (1.1)"},
	{.name = "lazy_refcounts",
	 .type = OPT_ONOFFAUTO,
	 .offset = offsetof(struct conf, lazy),
	 .dflt = "auto",
	 .help = "write refcounts late"},
	{.name = "size",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct conf, size),
	 .help = "size of the disk"},
	{.name = NULL},
};

static int to_v2(struct qcow2 *q, struct error *err)
{
	if (q->refcount_order != 4)
		return error_set(err, ENOTSUP,
				 "compat=0.10 requires refcount_bits=16");
	if (q->incompatible || q->autoclear)
		return error_set(err, ENOTSUP,
				 "the image uses features that compat=0.10 "
				 "does not have; qemu-img convert -o "
				 "compat=0.10 makes a copy");
	q->version = 2;
	q->compatible = 0;
	q->header_length = QCOW2_V2_HEADER;
	return 0;
}

/* Zero clusters would not be seen any more. */
static int has_zero_clusters(struct qcow2 *q, bool *yes)
{
	struct blk_extent ext;
	uint64_t off;
	int rc;

	*yes = false;
	for (off = 0; off < q->node->size && !*yes; off += ext.len) {
		rc = blk_status(q->node, off, q->node->size - off, &ext);
		if (rc < 0)
			return rc;
		*yes = (ext.flags & BLK_ZERO) && (ext.flags & BLK_ALLOCATED) &&
		       !(ext.flags & BLK_HAS_DATA);
	}
	return 0;
}

static int set_version(struct qcow2 *q, const char *compat, struct error *err)
{
	bool zeros = false;
	int rc;

	if (!strcmp(compat, "1.1") || !strcmp(compat, "v3")) {
		if (q->version == 2)
			q->header_length = QCOW2_HEADER;
		q->version = 3;
		return 0;
	}
	if (strcmp(compat, "0.10") != 0 && strcmp(compat, "v2") != 0)
		return error_set(err, EINVAL, "Unknown compatibility level %s",
				 compat);
	if (q->version == 2)
		return 0;
	rc = has_zero_clusters(q, &zeros);
	if (rc < 0)
		return error_errno(err, -rc, "cannot read the image");
	if (zeros || q->nsnapshots)
		return error_set(
			err, ENOTSUP,
			"the image has zero clusters or snapshots, "
			"which cannot be taken to compat=0.10; "
			"qemu-img convert -o compat=0.10 makes a copy");
	return to_v2(q, err);
}

static int set_lazy(struct qcow2 *q, int lazy, struct error *err)
{
	if (lazy == 2)
		return 0;
	if (lazy && q->version < 3)
		return error_set(err, EINVAL,
				 "Lazy refcounts only supported with "
				 "compatibility level 1.1 and above");
	q->compatible = lazy ? q->compatible | QCOW2_LAZY_REFCOUNTS
			     : q->compatible & ~(uint64_t)QCOW2_LAZY_REFCOUNTS;
	q->lazy = lazy;
	if (!lazy)
		q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
	return 0;
}

static int change(struct qcow2 *q, const struct conf *c, struct error *err)
{
	int rc = qcow2_flush_all(q);

	if (rc < 0)
		return error_errno(err, -rc, "cannot flush the image");
	if (c->compat)
		rc = set_version(q, c->compat, err);
	rc = rc < 0 ? rc : set_lazy(q, c->lazy, err);
	if (rc == 0) {
		rc = qcow2_header_write(q);
		if (rc < 0)
			return error_errno(err, -rc, "Could not write header");
	}
	if (rc == 0 && (c->backing_file || c->backing_fmt))
		rc = qcow2_change_backing(q->node,
					  c->backing_file ? c->backing_file
							  : q->backing_file,
					  c->backing_fmt ? c->backing_fmt
							 : q->backing_format,
					  err);
	if (rc == 0 && c->size)
		rc = qcow2_truncate(q->node, c->size, BLK_PREALLOC_OFF, err);
	return rc;
}

int qcow2_amend(struct blk_node *node, struct opt_list *options,
		struct error *err)
{
	struct conf c = {0};
	int rc;

	opt_defaults(qcow2_amend_opts, &c);
	rc = opt_set_all(qcow2_amend_opts, &c, options, err);
	rc = rc < 0 ? rc : change(node->state, &c, err);
	opt_free(qcow2_amend_opts, &c);
	return rc;
}
