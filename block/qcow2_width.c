/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another width of refcounts: all references are counted, and new refcounts
 * are written beside the old ones; the header, written last, decides.
 */
#include <errno.h>

#include "block/qcow2_amend.h"
#include "block/qcow2_check.h"

static int count(struct qcow2_checking *c, struct error *err)
{
	int rc = qcow2_count_all(c);

	if (rc < 0)
		return error_errno(err, -rc, "cannot count the references");
	if (c->res->corruptions || c->res->check_errors)
		return error_set(err, EIO,
				 "the image is damaged: repair it first "
				 "(check -r all)");
	return 0;
}

/* bits hold every count. */
static int check_fit(const struct qcow2_checking *c, unsigned bits,
		     struct error *err)
{
	uint64_t max = bits < 64 ? (UINT64_C(1) << bits) - 1 : INT64_MAX, i;

	for (i = 0; i < c->counts.end; i++)
		if (qcow2_counted(&c->counts, i) > max)
			return error_set(
				err, EINVAL,
				"Cannot decrease refcount entry width to %u "
				"bits: the cluster at 0x%llx has a refcount of "
				"%llu",
				bits,
				(unsigned long long)(i << c->q->cluster_bits),
				(unsigned long long)qcow2_counted(&c->counts,
								  i));
	return 0;
}

static void set_order(struct qcow2 *q, unsigned order)
{
	q->refcount_order = order;
	qcow2_geometry(q);
}

static int rebuild(struct qcow2_checking *c, unsigned order, struct error *err)
{
	struct qcow2 *q = c->q;
	uint64_t table = q->reftable.off;
	unsigned old = q->refcount_order;
	int rc;

	set_order(q, order);
	rc = qcow2_rebuild(c);
	if (rc < 0 && q->reftable.off == table)
		set_order(q, old);
	return rc < 0 ? error_errno(err, -rc, "cannot write the new refcounts")
		      : 0;
}

int qcow2_change_width(struct qcow2 *q, unsigned bits, struct error *err)
{
	struct blk_check result = {.say = NULL};
	struct qcow2_checking c = {
		.q = q,
		.res = &result,
		.file_end = qcow2_up(q, q->file->size),
	};
	unsigned order = (unsigned)__builtin_ctz(bits);
	int rc;

	if (order == q->refcount_order)
		return 0;
	rc = count(&c, err);
	rc = rc < 0 ? rc : check_fit(&c, bits, err);
	rc = rc < 0 ? rc : rebuild(&c, order, err);
	qcow2_counts_free(&c.counts);
	return rc;
}
