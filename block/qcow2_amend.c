/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing what an image was made with: version, width of refcounts, names.
 * Until the header is written nothing of it can be seen in the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_amend.h"
#include "block/qcow2_ops.h"

#define AT_CREATION "only a new image can have it; convert makes one"

struct conf {
	char *compat, *backing_file, *backing_fmt, *data_file;
	uint64_t size, refcount_bits;
	int lazy, data_file_raw; /* as OPT_ONOFFAUTO: 2 is no change */
};

#define FIELD(name) offsetof(struct conf, name)

const struct opt_desc qcow2_amend_opts[] = {
	{.name = "backing_file",
	 .type = OPT_STRING,
	 .offset = FIELD(backing_file),
	 .help = "image that has what this one has not (only rebase changes "
		 "it)"},
	{.name = "backing_fmt",
	 .type = OPT_STRING,
	 .offset = FIELD(backing_fmt),
	 .help = "format of the backing file (only rebase changes it)"},
	{.name = "cluster_size", .type = OPT_STRING, .refused = AT_CREATION},
	{.name = "compat",
	 .type = OPT_STRING,
	 .offset = FIELD(compat),
	 .help = "version of the format: v2 (0.10) or v3 (1.1)"},
	{.name = "compression_type",
	 .type = OPT_STRING,
	 .refused = AT_CREATION},
	{.name = "data_file",
	 .type = OPT_STRING,
	 .offset = FIELD(data_file),
	 .help = "name of the other file that has the data"},
	{.name = "data_file_raw",
	 .type = OPT_ONOFFAUTO,
	 .offset = FIELD(data_file_raw),
	 .dflt = "auto",
	 .help = "keep the data file readable as a raw image"},
	{.name = "extended_l2", .type = OPT_STRING, .refused = AT_CREATION},
	{.name = "lazy_refcounts",
	 .type = OPT_ONOFFAUTO,
	 .offset = FIELD(lazy),
	 .dflt = "auto",
	 .help = "write refcounts late"},
	{.name = "preallocation", .type = OPT_STRING, .refused = AT_CREATION},
	{.name = "refcount_bits",
	 .type = OPT_U64,
	 .offset = FIELD(refcount_bits),
	 .help = "width of a reference count, 1 to 64"},
	{.name = "size",
	 .type = OPT_SIZE,
	 .offset = FIELD(size),
	 .help = "size of the disk"},
	{.name = NULL},
};

static bool is_v2(const char *compat)
{
	return compat && (!strcmp(compat, "0.10") || !strcmp(compat, "v2"));
}

static bool is_v3(const char *compat)
{
	return compat && (!strcmp(compat, "1.1") || !strcmp(compat, "v3"));
}

static bool differs(const char *given, const char *now)
{
	return given && (!now || strcmp(given, now) != 0);
}

static int check_names(const struct qcow2 *q, const struct conf *c,
		       struct error *err)
{
	if (differs(c->backing_file, q->backing_file) ||
	    differs(c->backing_fmt, q->backing_format))
		return error_set(err, EINVAL,
				 "Cannot amend the backing file; rebase does "
				 "that");
	if (c->data_file && !q->external)
		return error_set(err, EINVAL,
				 "data-file can only be set for images that "
				 "use an external data file");
	if (c->data_file_raw == 1 && !q->raw_data)
		return error_set(err, EINVAL,
				 "data-file-raw cannot be set on existing "
				 "images");
	return 0;
}

/* Before anything is changed. */
static int check_conf(const struct qcow2 *q, const struct conf *c,
		      struct error *err)
{
	uint64_t bits = c->refcount_bits ? c->refcount_bits
					 : UINT64_C(1) << q->refcount_order;
	bool v2 = is_v2(c->compat) || (q->version < 3 && !is_v3(c->compat));

	if (c->compat && !is_v2(c->compat) && !is_v3(c->compat))
		return error_set(err, EINVAL, "Unknown compatibility level %s",
				 c->compat);
	if (bits > 64 || (bits & (bits - 1)))
		return error_set(err, EINVAL,
				 "Refcount width must be a power of two and "
				 "may not exceed 64 bits");
	if (v2 && bits != 16)
		return error_set(err, ENOTSUP,
				 "compat=0.10 requires refcount_bits=16");
	if (v2 && c->lazy == 1)
		return error_set(err, EINVAL,
				 "Lazy refcounts only supported with "
				 "compatibility level 1.1 and above (use "
				 "compat=1.1 or greater)");
	return check_names(q, c, err);
}

static void to_v3(struct qcow2 *q)
{
	if (q->version == 2)
		q->header_length = QCOW2_HEADER;
	q->version = 3;
}

static int to_v2(struct qcow2 *q, struct error *err)
{
	int rc;

	if (q->version == 2)
		return 0;
	if ((q->incompatible & ~(uint64_t)QCOW2_DIRTY) || q->autoclear)
		return error_set(err, ENOTSUP,
				 "the image uses features that compat=0.10 "
				 "does not have; convert -o compat=0.10 makes "
				 "a copy");
	rc = qcow2_expand_zeros(q, err);
	if (rc < 0)
		return rc;
	q->version = 2;
	q->incompatible = q->compatible = 0;
	q->lazy = false;
	q->header_length = QCOW2_V2_HEADER;
	return 0;
}

static void set_lazy(struct qcow2 *q, int lazy)
{
	if (lazy == 2)
		return;
	q->compatible = lazy ? q->compatible | QCOW2_LAZY_REFCOUNTS
			     : q->compatible & ~(uint64_t)QCOW2_LAZY_REFCOUNTS;
	q->lazy = lazy;
	if (!lazy)
		q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
}

static int set_data_file(struct qcow2 *q, const struct conf *c)
{
	char *name;

	if (c->data_file) {
		name = strdup(c->data_file);
		if (!name)
			return -ENOMEM;
		free(q->data_file);
		q->data_file = name;
	}
	if (c->data_file_raw == 0) {
		q->autoclear &= ~(uint64_t)QCOW2_RAW_DATA_FILE;
		q->raw_data = false;
	}
	return 0;
}

static int change(struct qcow2 *q, const struct conf *c, struct error *err)
{
	int rc = qcow2_flush_all(q);

	if (rc < 0)
		return error_errno(err, -rc, "cannot flush the image");
	if (is_v3(c->compat))
		to_v3(q);
	if (c->refcount_bits)
		rc = qcow2_change_width(q, (unsigned)c->refcount_bits, err);
	if (rc == 0 && is_v2(c->compat))
		rc = to_v2(q, err);
	if (rc < 0)
		return rc;
	set_lazy(q, c->lazy);
	rc = set_data_file(q, c);
	rc = rc < 0 ? rc : qcow2_header_write(q);
	if (rc < 0)
		return error_errno(err, -rc, "Could not write header");
	return c->size ? qcow2_truncate(q->node, c->size, BLK_PREALLOC_OFF, err)
		       : 0;
}

int qcow2_amend(struct blk_node *node, struct opt_list *options,
		struct error *err)
{
	struct conf c = {0};
	int rc;

	opt_defaults(qcow2_amend_opts, &c);
	rc = opt_set_all(qcow2_amend_opts, &c, options, err);
	rc = rc < 0 ? rc : check_conf(node->state, &c, err);
	rc = rc < 0 ? rc : change(node->state, &c, err);
	opt_free(qcow2_amend_opts, &c);
	return rc;
}
