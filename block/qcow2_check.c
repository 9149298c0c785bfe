/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checking and repairing qcow2 images: what refers to each cluster is counted
 * and compared with the refcounts, and these with the COPIED bits.
 */
#include "block/qcow2_check.h"

#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_snapshot.h"
#include "vmm/endian.h"

static void is_leaked(struct qcow2_checking *c, uint64_t cluster,
		      uint64_t count, uint64_t wanted)
{
	bool fix = c->fix & BLK_FIX_LEAKS;

	qcow2_say(c, "%s cluster %llu refcount=%llu reference=%llu",
		  fix ? "Repairing" : "Leaked", (unsigned long long)cluster,
		  (unsigned long long)count, (unsigned long long)wanted);
	if (fix && qcow2_refcount_set_sync(c->q, cluster, wanted) == 0)
		c->res->leaks_fixed++;
	else
		c->res->leaks++;
}

static void is_missing(struct qcow2_checking *c, uint64_t cluster,
		       uint64_t count, uint64_t wanted)
{
	bool fix = c->fix & BLK_FIX_ERRORS;
	int rc;

	qcow2_say(c, "%s cluster %llu refcount=%llu reference=%llu",
		  fix ? "Repairing" : "ERROR", (unsigned long long)cluster,
		  (unsigned long long)count, (unsigned long long)wanted);
	if (!fix) {
		c->res->corruptions++;
		return;
	}
	rc = wanted > c->q->refcount_max
		     ? -EOVERFLOW
		     : qcow2_refcount_set_sync(c->q, cluster, wanted);
	if (rc == -ENOENT)
		c->rebuild = true;
	if (rc == 0 || rc == -ENOENT)
		c->res->corruptions_fixed++;
	else
		c->res->corruptions++;
}

static int compare(struct qcow2_checking *c)
{
	struct qcow2 *q = c->q;
	uint64_t end = c->file_end >> q->cluster_bits, i, count, wanted;
	int rc;

	end = end > c->counts.end ? end : c->counts.end;
	for (i = 0; i < end; i++) {
		wanted = qcow2_counted(&c->counts, i);
		rc = qcow2_refcount_sync(q, i, &count);
		if (rc < 0) /* its block has been complained about */
			count = 0;
		if (count || wanted)
			c->highest = i + 1;
		if (count > wanted)
			is_leaked(c, i, count, wanted);
		else if (count < wanted)
			is_missing(c, i, count, wanted);
	}
	return 0;
}

static bool copied_is_right(struct qcow2_checking *c, uint64_t entry,
			    const char *what)
{
	uint64_t off = entry & QCOW2_OFFSET, count;

	if (off >= c->file_end)
		count = 0;
	else if (qcow2_refcount_sync(c->q, off >> c->q->cluster_bits, &count) <
		 0)
		return true;
	if ((count == 1) == !!(entry & QCOW2_COPIED))
		return true;
	qcow2_say(c, "%s OFLAG_COPIED %s: entry=0x%llx refcount=%llu",
		  c->fix_copied ? "Repairing" : "ERROR", what,
		  (unsigned long long)entry, (unsigned long long)count);
	if (c->fix_copied)
		c->res->corruptions_fixed++;
	else
		c->res->corruptions++;
	return false;
}

static bool is_usable(const struct qcow2_checking *c, uint64_t off)
{
	return off && !qcow2_in_cluster(c->q, off) && off < c->file_end;
}

/*
 * The bits follow the refcounts: where those are right, nothing is lost by it
 * even if only leaks are to be repaired.
 */
static bool may_fix_copied(const struct qcow2_checking *c)
{
	const struct blk_check *r = c->res;

	if (c->fix & BLK_FIX_ERRORS)
		return true;
	return (c->fix & BLK_FIX_LEAKS) && !r->check_errors &&
	       !r->corruptions && !r->leaks;
}

static int check_copied_table(struct qcow2_checking *c, uint64_t off,
			      uint8_t *buf, bool *wrong)
{
	struct qcow2 *q = c->q;
	unsigned i;
	int rc = blk_pread(q->file, off, buf, q->cluster_size);
	uint64_t entry;

	for (i = 0; i < 1u << q->l2_bits && rc == 0; i++) {
		entry = load_be64(buf + i * q->entry_size);
		if ((entry & QCOW2_COMPRESSED) || q->external ||
		    !(entry & QCOW2_OFFSET))
			continue;
		if (!copied_is_right(c, entry, "data cluster"))
			*wrong = true;
	}
	return rc;
}

static int check_copied(struct qcow2_checking *c, bool *wrong)
{
	struct qcow2 *q = c->q;
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	uint32_t i;
	int rc = buf ? 0 : -ENOMEM;

	c->fix_copied = may_fix_copied(c);
	for (i = 0; i < q->l1.n && rc == 0; i++) {
		uint64_t off = q->l1.val[i] & QCOW2_OFFSET;

		if (off && !copied_is_right(c, q->l1.val[i], "L2 cluster"))
			*wrong = true;
		if (is_usable(c, off))
			rc = check_copied_table(c, off, buf, wrong);
	}
	free(buf);
	return rc;
}

static int repair(struct qcow2_checking *c, bool wrong)
{
	struct qcow2 *q = c->q;
	int rc = 0;

	if (c->rebuild && (c->fix & BLK_FIX_ERRORS))
		rc = qcow2_rebuild(c);
	if (rc == 0)
		rc = qcow2_flush_all(q);
	if (rc == 0 && c->fix_copied && (wrong || c->rebuild))
		rc = qcow2_update_copied(q);
	if (rc < 0 || !(c->fix & BLK_FIX_ERRORS) || c->res->corruptions ||
	    c->res->check_errors)
		return rc;
	q->incompatible &= ~(uint64_t)(QCOW2_CORRUPT | QCOW2_DIRTY);
	return qcow2_header_update(q);
}

static int check_all(struct qcow2_checking *c, struct error *err)
{
	struct qcow2 *q = c->q;
	bool wrong = false;
	int rc = q->node->readonly ? 0 : qcow2_flush_all(q);

	qcow2_cache_empty(&q->l2_cache);
	q->quiet = true;
	rc = rc < 0 ? rc : qcow2_count_all(c);
	rc = rc < 0 ? rc : compare(c);
	rc = rc < 0 ? rc : check_copied(c, &wrong);
	if (rc == 0 && c->fix)
		rc = repair(c, wrong);
	q->quiet = false;
	c->res->image_end_offset = c->highest << q->cluster_bits;
	return rc < 0 ? error_errno(err, -rc, "Check failed") : 0;
}

int qcow2_check(struct blk_node *node, unsigned fix, struct blk_check *result,
		struct error *err)
{
	struct qcow2 *q = node->state;
	struct qcow2_checking c = {.q = q, .res = result, .fix = fix};
	int rc;

	if (fix && node->readonly)
		return error_set(err, EACCES, "Image is read-only");
	c.file_end = qcow2_up(q, q->file->size);
	rc = check_all(&c, err);
	qcow2_counts_free(&c.counts);
	return rc;
}
