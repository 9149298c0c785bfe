/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking qcow2 images: counting what refers to each cluster. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_check.h"
#include "vmm/endian.h"

#define PAGE_BITS	 14u
#define PAGE		 (1u << PAGE_BITS)

#define EXT_BITMAPS	 0x23852875u
#define BITMAP_ENTRY	 24u
#define BITMAPS_MAX	 65535u
#define BITMAP_DIR_MAX	 (64u << 20)
#define BITMAP_TABLE_MAX (32u << 20)

void qcow2_say(struct qcow2_checking *c, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (!c->res->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->res->say(c->res->ctx, text);
}

uint64_t qcow2_counted(const struct qcow2_counts *counts, uint64_t cluster)
{
	uint64_t p = cluster >> PAGE_BITS;

	return p < counts->pages && counts->page[p]
		       ? counts->page[p][cluster & (PAGE - 1)]
		       : 0;
}

void qcow2_counts_free(struct qcow2_counts *counts)
{
	uint64_t i;

	for (i = 0; i < counts->pages; i++)
		free(counts->page[i]);
	free(counts->page);
	*counts = (struct qcow2_counts){.page = NULL};
}

static int count_one(struct qcow2_counts *counts, uint64_t cluster)
{
	uint64_t p = cluster >> PAGE_BITS, n;
	uint32_t **grown;

	if (p >= counts->pages) {
		n = p + p / 2 + 1;
		grown = realloc(counts->page, n * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + counts->pages, 0,
		       (n - counts->pages) * sizeof(*grown));
		counts->page = grown;
		counts->pages = n;
	}
	if (!counts->page[p])
		counts->page[p] = calloc(PAGE, sizeof(uint32_t));
	if (!counts->page[p])
		return -ENOMEM;
	if (counts->page[p][cluster & (PAGE - 1)] < UINT32_MAX)
		counts->page[p][cluster & (PAGE - 1)]++;
	if (cluster >= counts->end)
		counts->end = cluster + 1;
	return 0;
}

int qcow2_count(struct qcow2_checking *c, uint64_t off, uint64_t len)
{
	unsigned bits = c->q->cluster_bits;
	uint64_t cluster, end;
	int rc = 0;

	if (!len)
		return 0;
	if (off >= c->file_end || len > c->file_end - off) {
		qcow2_say(c,
			  "ERROR: counting reference for region exceeding the "
			  "end of the file by one cluster or more: offset "
			  "0x%llx size 0x%llx",
			  (unsigned long long)off, (unsigned long long)len);
		c->res->corruptions++;
		return 0;
	}
	end = (off + len - 1) >> bits;
	for (cluster = off >> bits; cluster <= end && rc == 0; cluster++)
		rc = count_one(&c->counts, cluster);
	return rc;
}

static int misaligned(struct qcow2_checking *c, const char *what, uint64_t off)
{
	qcow2_say(c, "ERROR: %s is not cluster aligned; offset 0x%llx", what,
		  (unsigned long long)off);
	c->res->corruptions++;
	return 0;
}

static void check_reserved(struct qcow2_checking *c, const char *what,
			   uint64_t entry, uint64_t mask)
{
	if (!(entry & mask))
		return;
	qcow2_say(c, "ERROR found %s entry with reserved bits set: %llx", what,
		  (unsigned long long)entry);
	c->res->corruptions++;
}

/* Of the walk through one table. */
struct l2_walk {
	bool active;
	uint64_t next; /* where the following cluster would lie */
};

static int count_packed(struct qcow2_checking *c, uint64_t entry,
			const struct l2_walk *w)
{
	uint64_t off, len;

	if (c->q->external) {
		qcow2_say(c, "ERROR compressed cluster with a data file");
		c->res->corruptions++;
		return 0;
	}
	if (entry & QCOW2_COPIED) {
		qcow2_say(c,
			  "ERROR: coffset=0x%llx: copied flag must never be "
			  "set for compressed clusters",
			  (unsigned long long)entry);
		c->res->corruptions++;
	}
	if (w->active) {
		c->res->allocated_clusters++;
		c->res->compressed_clusters++;
		c->res->fragmented_clusters++;
	}
	qcow2_packed_range(c->q, entry, &off, &len);
	return qcow2_count(c, off, len);
}

static int count_entry(struct qcow2_checking *c, uint64_t entry,
		       uint64_t bitmap, struct l2_walk *w)
{
	uint64_t off = entry & QCOW2_OFFSET;
	enum qcow2_type type = qcow2_entry_type(c->q, entry);

	if (type == QCOW2_PACKED)
		return count_packed(c, entry, w);
	check_reserved(c, "L2", entry,
		       QCOW2_L2_RESERVED | (c->q->extended ? QCOW2_ZERO : 0));
	if (c->q->extended && (bitmap >> 32 & bitmap & UINT32_MAX)) {
		qcow2_say(c, "ERROR: subclusters are both allocated and zero");
		c->res->corruptions++;
	}
	if (type == QCOW2_UNALLOCATED || type == QCOW2_ZERO_PLAIN)
		return 0;
	if (w->active) {
		c->res->allocated_clusters++;
		if (w->next && w->next != off)
			c->res->fragmented_clusters++;
		w->next = off + c->q->cluster_size;
	}
	if (qcow2_in_cluster(c->q, off))
		misaligned(c, "data cluster", off);
	return !c->q->external ? qcow2_count(c, off, c->q->cluster_size) : 0;
}

static int count_l2(struct qcow2_checking *c, uint64_t off, bool active)
{
	struct qcow2 *q = c->q;
	struct l2_walk w = {.active = active};
	uint8_t *buf = blk_alloc(q->file, q->cluster_size), *p;
	unsigned i;
	int rc = buf ? blk_pread(q->file, off, buf, q->cluster_size) : -ENOMEM;

	if (rc < 0)
		c->res->check_errors++;
	for (i = 0; i < 1u << q->l2_bits && rc == 0; i++) {
		p = buf + i * q->entry_size;
		rc = count_entry(c, load_be64(p),
				 q->extended ? load_be64(p + 8) : 0, &w);
	}
	free(buf);
	return rc;
}

static int count_l1(struct qcow2_checking *c, const struct qcow2_table *t,
		    bool active)
{
	uint64_t off;
	uint32_t i;
	int rc = qcow2_count(c, t->off, t->n * sizeof(uint64_t));

	for (i = 0; i < t->n && rc == 0; i++) {
		off = t->val[i] & QCOW2_OFFSET;
		check_reserved(c, "L1", t->val[i], QCOW2_L1_RESERVED);
		if (!off)
			continue;
		rc = qcow2_count(c, off, c->q->cluster_size);
		if (qcow2_in_cluster(c->q, off))
			misaligned(c, "L2 table", off);
		else if (rc == 0 && off < c->file_end)
			rc = count_l2(c, off, active);
	}
	return rc;
}

static int count_snapshots(struct qcow2_checking *c)
{
	struct qcow2 *q = c->q;
	struct qcow2_table t = {.n = 0};
	uint32_t i;
	int rc = 0;

	for (i = 0; i < q->nsnapshots && rc == 0; i++) {
		if (q->snapshots[i].broken) {
			qcow2_say(c,
				  "ERROR snapshot %s (%s): its L1 table is too "
				  "large or at a wrong offset",
				  q->snapshots[i].id, q->snapshots[i].name);
			c->res->corruptions++;
			continue;
		}
		rc = qcow2_table_load(q, &t, q->snapshots[i].l1_off,
				      q->snapshots[i].l1_n);
		rc = rc < 0 ? rc : count_l1(c, &t, false);
		qcow2_table_free(&t);
	}
	if (rc == 0 && q->nsnapshots)
		rc = qcow2_count(c, q->snapshots_off, q->snaptable_len);
	return rc;
}

static int count_refblocks(struct qcow2_checking *c)
{
	struct qcow2 *q = c->q;
	uint64_t off;
	uint32_t i;
	int rc = qcow2_count(c, q->reftable.off,
			     (uint64_t)q->reftable_clusters << q->cluster_bits);

	for (i = 0; i < q->reftable.n && rc == 0; i++) {
		off = q->reftable.val[i] & QCOW2_REF_OFFSET;
		if (!q->reftable.val[i])
			continue;
		if (q->reftable.val[i] & ~QCOW2_REF_OFFSET) {
			qcow2_say(c,
				  "ERROR refcount table entry %u has reserved "
				  "bits set",
				  i);
		} else if (qcow2_in_cluster(q, off)) {
			qcow2_say(c,
				  "ERROR refcount block %u is not cluster "
				  "aligned; refcount table entry corrupted",
				  i);
		} else if (off >= c->file_end) {
			qcow2_say(c, "ERROR refcount block %u is outside image",
				  i);
		} else if (qcow2_counted(&c->counts, off >> q->cluster_bits)) {
			qcow2_say(c,
				  "ERROR refcount block %u is also in use "
				  "for something else",
				  i);
		} else {
			rc = qcow2_count(c, off, q->cluster_size);
			continue;
		}
		c->rebuild = true;
		if (c->fix & BLK_FIX_ERRORS)
			c->res->corruptions_fixed++;
		else
			c->res->corruptions++;
	}
	return rc;
}

static int count_bitmap(struct qcow2_checking *c, const uint8_t *entry)
{
	struct qcow2_table t = {.n = 0};
	uint64_t off = load_be64(entry), data;
	uint32_t n = load_be32(entry + 8), i;
	int rc;

	if (qcow2_in_cluster(c->q, off))
		return misaligned(c, "bitmap table", off);
	if (n > BITMAP_TABLE_MAX / sizeof(uint64_t)) {
		qcow2_say(c, "ERROR: a bitmap table is too large");
		c->res->corruptions++;
		return 0;
	}
	rc = qcow2_count(c, off, n * sizeof(uint64_t));
	if (rc == 0 && off < c->file_end)
		rc = qcow2_table_load(c->q, &t, off, n);
	for (i = 0; i < t.n && rc == 0; i++) {
		data = t.val[i] & QCOW2_OFFSET;
		if (data && qcow2_in_cluster(c->q, data))
			rc = misaligned(c, "bitmap data", data);
		else if (data)
			rc = qcow2_count(c, data, c->q->cluster_size);
	}
	qcow2_table_free(&t);
	return rc;
}

static int count_directory(struct qcow2_checking *c, const uint8_t *dir,
			   uint64_t size, uint32_t n)
{
	uint64_t at = 0, len;
	int rc = 0;

	for (; n && rc == 0; n--) {
		if (size - at < BITMAP_ENTRY)
			break;
		len = BITMAP_ENTRY + load_be16(dir + at + 18) +
		      (uint64_t)load_be32(dir + at + 20);
		len = (len + 7) & ~UINT64_C(7);
		if (len > size - at)
			break;
		rc = count_bitmap(c, dir + at);
		at += len;
	}
	if (n && rc == 0) {
		qcow2_say(c, "ERROR: the bitmap directory is broken");
		c->res->corruptions++;
	}
	return rc;
}

static int count_bitmaps(struct qcow2_checking *c, const struct qcow2_ext *e)
{
	uint32_t n = load_be32(e->data);
	uint64_t size = load_be64(e->data + 8), off = load_be64(e->data + 16);
	uint8_t *dir;
	int rc;

	if (!n || n > BITMAPS_MAX || size > BITMAP_DIR_MAX ||
	    qcow2_in_cluster(c->q, off)) {
		qcow2_say(c, "ERROR: the bitmaps extension is broken");
		c->res->corruptions++;
		return 0;
	}
	rc = qcow2_count(c, off, size);
	if (rc < 0 || off >= c->file_end)
		return rc;
	dir = malloc(size + 1);
	rc = dir ? blk_pread(c->q->file, off, dir, size) : -ENOMEM;
	if (rc == 0)
		rc = count_directory(c, dir, size, n);
	free(dir);
	return rc;
}

static int count_exts(struct qcow2_checking *c)
{
	struct qcow2_ext *e;
	int rc = 0;

	list_for_each (e, &c->q->exts, struct qcow2_ext, link)
		if (e->type == EXT_BITMAPS && e->len >= 24 &&
		    (c->q->autoclear & QCOW2_BITMAPS) && rc == 0)
			rc = count_bitmaps(c, e);
	return rc;
}

int qcow2_count_all(struct qcow2_checking *c)
{
	struct qcow2 *q = c->q;
	int rc = qcow2_count(c, 0, q->cluster_size);

	c->res->total_clusters = qcow2_clusters(q, q->node->size);
	rc = rc < 0 ? rc : count_l1(c, &q->l1, true);
	rc = rc < 0 ? rc : count_snapshots(c);
	rc = rc < 0 ? rc : count_exts(c);
	return rc < 0 || c->no_refcounts ? rc : count_refblocks(c);
}
