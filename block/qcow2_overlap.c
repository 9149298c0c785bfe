/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where metadata is, so that nothing else is written there: a damaged or
 * malicious image may say that a cluster of a table is data, or free.  Covered
 * are the header, the active L1 and its L2 tables, the refcount structures,
 * the directory of bitmaps, and the snapshot table with its L1 tables; their
 * L2 tables if the user wants that (overlap-check=all).
 *
 * A set of clusters, hashed with open addressing; a deleted one leaves a mark.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/options.h"
#include "block/qcow2_image.h"
#include "vmm/endian.h"
#include "vmm/log.h"

#define FREE	 UINT64_MAX
#define DELETED	 (UINT64_MAX - 1)
#define SIZE_MIN 256u
/* 128 MiB: the largest tables that are not made to be large need half of it. */
#define SIZE_MAX_SLOTS (16u << 20)

/* The header extension of bitmaps: where their directory is. */
#define EXT_BITMAPS	0x23852875u
#define EXT_BITMAPS_LEN 24u
#define BITMAPS_MAX	(64u << 20)

static size_t slot_of(const struct qcow2 *q, uint64_t cluster)
{
	return (size_t)(cluster * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
	       (q->meta_size - 1);
}

static bool has(const struct qcow2 *q, uint64_t cluster)
{
	size_t i;

	if (!q->meta_size)
		return false;
	for (i = slot_of(q, cluster); q->meta[i] != FREE;
	     i = (i + 1) & (q->meta_size - 1))
		if (q->meta[i] == cluster)
			return true;
	return false;
}

static void put(struct qcow2 *q, uint64_t cluster)
{
	size_t i = slot_of(q, cluster);

	while (q->meta[i] != FREE)
		i = (i + 1) & (q->meta_size - 1);
	q->meta[i] = cluster;
	q->meta_used++;
}

/* Without memory for it there is less to check against. */
static bool grow(struct qcow2 *q)
{
	size_t old_size = q->meta_size, i;
	size_t size = old_size ? old_size * 2 : SIZE_MIN;
	uint64_t *old = q->meta, *fresh = NULL;

	if (size <= SIZE_MAX_SLOTS)
		fresh = malloc(size * sizeof(*fresh));
	if (!fresh)
		return false;
	memset(fresh, 0xff, size * sizeof(*fresh));
	q->meta = fresh;
	q->meta_size = size;
	q->meta_used = 0;
	for (i = 0; i < old_size; i++)
		if (old[i] < DELETED)
			put(q, old[i]);
	free(old);
	return true;
}

void qcow2_overlap_add(struct qcow2 *q, enum qcow2_meta kind, uint64_t off,
		       uint64_t len)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;

	for (; c < end && (q->watched & 1u << kind); c++) {
		if (has(q, c))
			continue;
		if (q->meta_used * 2 >= q->meta_size && !grow(q))
			return;
		put(q, c);
	}
}

void qcow2_overlap_del(struct qcow2 *q, uint64_t off, uint64_t len)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;
	size_t i;

	for (; q->meta_size && c < end; c++)
		for (i = slot_of(q, c); q->meta[i] != FREE;
		     i = (i + 1) & (q->meta_size - 1))
			if (q->meta[i] == c)
				q->meta[i] = DELETED;
}

bool qcow2_overlaps(const struct qcow2 *q, uint64_t off, uint64_t len)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;

	for (; c < end; c++)
		if (has(q, c))
			return true;
	return false;
}

/* A table, and the clusters that it names. */
static void add_table(struct qcow2 *q, const struct qcow2_table *t,
		      enum qcow2_meta table, enum qcow2_meta entries,
		      uint64_t mask)
{
	uint32_t i;

	qcow2_overlap_add(q, table, t->off, (uint64_t)t->n * sizeof(*t->val));
	for (i = 0; i < t->n; i++)
		if (t->val[i] & mask)
			qcow2_overlap_add(q, entries, t->val[i] & mask,
					  q->cluster_size);
}

static int add_snapshot(struct qcow2 *q, const struct qcow2_snapshot *s)
{
	struct qcow2_table l1 = {.off = s->l1_off, .n = s->l1_n};
	int rc = 0;

	if (s->broken)
		return 0;
	if (q->watched & 1u << QCOW2_META_SNAP_L2)
		rc = qcow2_table_load(q, &l1, s->l1_off, s->l1_n);
	else
		l1.n = 0;
	qcow2_overlap_add(q, QCOW2_META_SNAP_L1, s->l1_off,
			  s->l1_n * sizeof(uint64_t));
	if (rc == 0)
		add_table(q, &l1, QCOW2_META_SNAP_L1, QCOW2_META_SNAP_L2,
			  QCOW2_OFFSET);
	qcow2_table_free(&l1);
	return rc;
}

static void add_bitmaps(struct qcow2 *q)
{
	const struct qcow2_ext *e;

	list_for_each (e, &q->exts, const struct qcow2_ext, link)
		if (e->type == EXT_BITMAPS && e->len >= EXT_BITMAPS_LEN &&
		    load_be64(e->data + 8) <= BITMAPS_MAX)
			qcow2_overlap_add(q, QCOW2_META_BITMAPS,
					  load_be64(e->data + 16),
					  load_be64(e->data + 8));
}

int qcow2_overlap_init(struct qcow2 *q)
{
	uint32_t i;
	int rc = 0;

	free(q->meta);
	q->meta = NULL;
	q->meta_size = q->meta_used = 0;
	qcow2_overlap_add(q, QCOW2_META_HEADER, 0, q->cluster_size);
	add_table(q, &q->l1, QCOW2_META_L1, QCOW2_META_L2, QCOW2_OFFSET);
	add_table(q, &q->reftable, QCOW2_META_REFTABLE, QCOW2_META_REFBLOCK,
		  QCOW2_REF_OFFSET);
	for (i = 0; i < q->nsnapshots && rc == 0; i++)
		rc = add_snapshot(q, &q->snapshots[i]);
	if (q->snapshots_off)
		qcow2_overlap_add(q, QCOW2_META_SNAPTABLE, q->snapshots_off,
				  q->snaptable_len);
	add_bitmaps(q);
	return rc < 0 || q->meta || !q->watched ? rc : -ENOMEM;
}

/* Where tables are: clusters, with the kind in the lowest bits. */
struct places {
	uint64_t *val;
	size_t n;
	unsigned cluster_bits;
};

#define KIND_BITS 4u
#define KIND_MASK ((UINT64_C(1) << KIND_BITS) - 1)

static void place(struct places *p, enum qcow2_meta kind, uint64_t off,
		  uint64_t len)
{
	uint64_t c = off >> p->cluster_bits;
	uint64_t end = (off + len - 1) >> p->cluster_bits;

	for (; len && c <= end; c++)
		p->val[p->n++] = c << KIND_BITS | kind;
}

static void place_all(const struct qcow2 *q, struct places *p)
{
	uint64_t off;
	uint32_t i;

	place(p, QCOW2_META_HEADER, 0, q->cluster_size);
	place(p, QCOW2_META_L1, q->l1.off, q->l1.n * sizeof(uint64_t));
	place(p, QCOW2_META_REFTABLE, q->reftable.off,
	      (uint64_t)q->reftable_clusters << q->cluster_bits);
	if (q->nsnapshots)
		place(p, QCOW2_META_SNAPTABLE, q->snapshots_off,
		      q->snaptable_len);
	for (i = 0; i < q->l1.n; i++) {
		off = q->l1.val[i] & QCOW2_OFFSET;
		place(p, QCOW2_META_L2, off, !!off);
	}
	for (i = 0; i < q->reftable.n; i++) {
		off = q->reftable.val[i] & QCOW2_REF_OFFSET;
		place(p, QCOW2_META_REFBLOCK, off, !!off);
	}
}

static int by_place(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int find_clash(const struct places *p, struct error *err)
{
	static const char *const names[QCOW2_METAS] = {
		[QCOW2_META_HEADER] = "the header",
		[QCOW2_META_L1] = "the L1 table",
		[QCOW2_META_L2] = "an L2 table",
		[QCOW2_META_REFTABLE] = "the refcount table",
		[QCOW2_META_REFBLOCK] = "a refcount block",
		[QCOW2_META_SNAPTABLE] = "the snapshot table",
	};
	size_t i;

	for (i = 1; i < p->n; i++)
		if (p->val[i] >> KIND_BITS == p->val[i - 1] >> KIND_BITS)
			return error_set(
				err, EIO,
				"qcow2: the image is corrupt: %s and %s are "
				"both at 0x%llx; it can be opened read-only, "
				"and qemu-img check -r all may repair it",
				names[p->val[i - 1] & KIND_MASK],
				names[p->val[i] & KIND_MASK],
				(unsigned long long)(p->val[i] >>
						     KIND_BITS
							     << p->cluster_bits));
	return 0;
}

/*
 * What the guest writes would change the other table, and in a refcount table
 * full of one block the search for a free cluster would take for ever.
 */
int qcow2_overlap_check(const struct qcow2 *q, struct error *err)
{
	uint64_t bytes = q->l1.n * sizeof(uint64_t) + q->snaptable_len;
	size_t max = (bytes >> q->cluster_bits) + q->l1.n +
		     q->reftable_clusters + q->reftable.n + 5;
	struct places p = {.val = malloc(max * sizeof(*p.val)),
			   .cluster_bits = q->cluster_bits};
	int rc;

	if (!p.val)
		return error_set(err, ENOMEM, "out of memory");
	place_all(q, &p);
	qsort(p.val, p.n, sizeof(*p.val), by_place);
	rc = find_clash(&p, err);
	free(p.val);
	return rc;
}

static const char *const kinds[QCOW2_METAS] = {
	[QCOW2_META_HEADER] = "overlap-check.main-header",
	[QCOW2_META_L1] = "overlap-check.active-l1",
	[QCOW2_META_L2] = "overlap-check.active-l2",
	[QCOW2_META_REFTABLE] = "overlap-check.refcount-table",
	[QCOW2_META_REFBLOCK] = "overlap-check.refcount-block",
	[QCOW2_META_SNAPTABLE] = "overlap-check.snapshot-table",
	[QCOW2_META_SNAP_L1] = "overlap-check.inactive-l1",
	[QCOW2_META_SNAP_L2] = "overlap-check.inactive-l2",
	[QCOW2_META_BITMAPS] = "overlap-check.bitmap-directory",
};

enum {
	CONSTANT = 1 << QCOW2_META_HEADER | 1 << QCOW2_META_L1 |
		   1 << QCOW2_META_REFTABLE | 1 << QCOW2_META_SNAPTABLE |
		   1 << QCOW2_META_BITMAPS,
	CACHED = CONSTANT | 1 << QCOW2_META_L2 | 1 << QCOW2_META_REFBLOCK |
		 1 << QCOW2_META_SNAP_L1,
	ALL = CACHED | 1 << QCOW2_META_SNAP_L2
};

/* {"overlap-check": {"template": ...}} to "overlap-check.template". */
static void flatten(json_t *options)
{
	json_t *nested = json_object_get(options, "overlap-check"), *v;
	const char *key;
	char name[64];

	if (!json_is_object(nested))
		return;
	json_incref(nested);
	json_object_del(options, "overlap-check");
	json_object_foreach(nested, key, v)
	{
		snprintf(name, sizeof(name), "overlap-check.%s", key);
		json_object_set(options, name, v);
	}
	json_decref(nested);
}

int qcow2_overlap_options(struct qcow2 *q, json_t *options, struct error *err)
{
	static const char *const names[] = {"none", "constant", "cached", "all",
					    NULL};
	static const unsigned sets[] = {0, CONSTANT, CACHED, ALL};
	int set = 2, rc, i;
	bool on;

	flatten(options);
	rc = blk_take_choice(options, "overlap-check.template", names, &set,
			     err);
	if (rc == 0)
		rc = blk_take_choice(options, "overlap-check", names, &set,
				     err);
	q->watched = sets[set];
	for (i = 0; i < QCOW2_METAS && rc == 0; i++) {
		on = q->watched & 1u << i;
		rc = blk_take_bool(options, kinds[i], &on, err);
		q->watched &= ~(1u << i);
		q->watched |= (unsigned)on << i;
	}
	return rc;
}

int qcow2_corrupted(struct qcow2 *q, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	if (q->corrupt || q->quiet)
		return -EIO;
	q->corrupt = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("qcow2: the image '%s' is corrupt: %s; it will not be written "
		 "any more, qemu-img check -r all may help",
		 q->node->filename, text);
	if (q->node->readonly || q->version < 3)
		return -EIO;
	q->incompatible |= QCOW2_CORRUPT;
	qcow2_header_update(q);
	return -EIO;
}
