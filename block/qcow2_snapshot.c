/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots inside the image: L1 tables of their own, which share L2 tables
 * and clusters with the active one.  While refcounts and COPIED bits change,
 * which cannot be done in one step, version 3 images are marked as dirty; at
 * every moment what is in use is counted at least as often as it is.
 */
#include "block/qcow2_snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_ops.h"
#include "vmm/endian.h"

/* All that an L1 table refers to. */
struct walk {
	struct qcow2 *q;
	int delta;
	uint64_t done, limit; /* references: for undoing a part */
	uint64_t unused, unused_n; /* clusters side by side, for the host */
	uint8_t *table;
};

/* A hint: the host keeps what it does not want to give up. */
static void give_back(struct walk *w)
{
	unsigned bits = w->q->cluster_bits;

	if (w->unused_n)
		blk_discard(w->q->file, w->unused << bits, w->unused_n << bits);
	w->unused_n = 0;
}

/* Did the cluster lose its last reference? */
static int look_at(struct walk *w, uint64_t cluster)
{
	uint64_t count;
	int rc;

	if (w->delta > 0 || !w->q->discards[QCOW2_DISCARD_SNAPSHOT])
		return 0;
	rc = qcow2_refcount_sync(w->q, cluster, &count);
	if (rc < 0 || count)
		return rc;
	if (w->unused + w->unused_n != cluster)
		give_back(w);
	if (!w->unused_n)
		w->unused = cluster;
	w->unused_n++;
	return 0;
}

static int add(struct walk *w, uint64_t off, uint64_t len)
{
	int rc;

	if (w->done >= w->limit)
		return 0;
	rc = qcow2_refcount_add_sync(w->q, off, len, w->delta);
	if (rc == 0)
		w->done++;
	return rc < 0 ? rc : look_at(w, off >> w->q->cluster_bits);
}

static int walk_entry(struct walk *w, uint64_t entry)
{
	uint64_t off, len, c, end;
	int rc = 0;

	if (!(entry & QCOW2_COMPRESSED)) {
		off = entry & QCOW2_OFFSET;
		if (qcow2_in_cluster(w->q, off))
			return -EIO;
		return off ? add(w, off, 1) : 0;
	}
	qcow2_packed_range(w->q, entry, &off, &len);
	c = off >> w->q->cluster_bits;
	end = (off + len - 1) >> w->q->cluster_bits;
	for (; c <= end && rc == 0; c++)
		rc = add(w, c << w->q->cluster_bits, 1);
	return rc;
}

static int walk_table(struct walk *w, uint64_t off)
{
	struct qcow2 *q = w->q;
	unsigned i;
	int rc;

	if (qcow2_in_cluster(q, off))
		return -EIO;
	rc = blk_pread(q->file, off, w->table, q->cluster_size);
	for (i = 0; i < 1u << q->l2_bits && rc == 0; i++)
		rc = walk_entry(w, load_be64(w->table + i * q->entry_size));
	return rc < 0 ? rc : add(w, off, 1);
}

static int walk_l1(struct walk *w, const uint64_t *l1, uint32_t n)
{
	uint32_t i;
	int rc = 0;

	w->done = 0;
	for (i = 0; i < n && rc == 0; i++)
		if (l1[i] & QCOW2_OFFSET)
			rc = walk_table(w, l1[i] & QCOW2_OFFSET);
	return rc;
}

/* One more, or one less reference from all of the table; or nothing. */
static int count_l1(struct qcow2 *q, const uint64_t *l1, uint32_t n, int delta)
{
	struct walk w = {.q = q, .delta = delta, .limit = UINT64_MAX};
	int rc;

	w.table = blk_alloc(q->file, q->cluster_size);
	if (!w.table)
		return -ENOMEM;
	rc = walk_l1(&w, l1, n);
	if (rc < 0 && delta > 0) { /* take it back */
		w.limit = w.done;
		w.delta = -delta;
		walk_l1(&w, l1, n);
	}
	give_back(&w);
	free(w.table);
	return rc;
}

static int copied_entry(struct qcow2 *q, uint8_t *p, bool *changed)
{
	uint64_t entry = load_be64(p), count, want;
	int rc;

	if ((entry & QCOW2_COMPRESSED) || !(entry & QCOW2_OFFSET) ||
	    qcow2_in_cluster(q, entry & QCOW2_OFFSET))
		return 0;
	rc = qcow2_refcount_sync(q, (entry & QCOW2_OFFSET) >> q->cluster_bits,
				 &count);
	if (rc < 0)
		return rc;
	want = count == 1 ? entry | QCOW2_COPIED : entry & ~QCOW2_COPIED;
	if (want != entry) {
		store_be64(p, want);
		*changed = true;
	}
	return 0;
}

static int copied_table(struct qcow2 *q, uint32_t i, uint8_t *buf)
{
	uint64_t off = q->l1.val[i] & QCOW2_OFFSET, count;
	bool changed = false;
	unsigned k;
	int rc = blk_pread(q->file, off, buf, q->cluster_size);

	for (k = 0; k < 1u << q->l2_bits && rc == 0; k++)
		rc = copied_entry(q, buf + k * q->entry_size, &changed);
	if (rc == 0 && changed)
		rc = blk_pwrite(q->file, off, buf, q->cluster_size, 0);
	if (rc == 0)
		rc = qcow2_refcount_sync(q, off >> q->cluster_bits, &count);
	if (rc == 0)
		qcow2_table_set(&q->l1, i,
				off | (count == 1 ? QCOW2_COPIED : 0));
	return rc;
}

int qcow2_update_copied(struct qcow2 *q)
{
	uint8_t *buf = blk_alloc(q->file, q->cluster_size);
	uint32_t i;
	int rc = buf ? qcow2_flush_all(q) : -ENOMEM;

	qcow2_cache_empty(&q->l2_cache);
	for (i = 0; i < q->l1.n && rc == 0; i++)
		if ((q->l1.val[i] & QCOW2_OFFSET) &&
		    !qcow2_in_cluster(q, q->l1.val[i] & QCOW2_OFFSET))
			rc = copied_table(q, i, buf);
	free(buf);
	return rc < 0 ? rc : qcow2_flush_all(q);
}

/* Between these, refcounts and COPIED bits need not agree. */
static int begin(struct qcow2 *q)
{
	int rc = qcow2_flush_all(q);

	qcow2_cache_empty(&q->l2_cache);
	q->packed_off = 0;
	if (rc < 0)
		return rc;
	q->unsettled = true;
	if (q->version < 3)
		return 0;
	q->incompatible |= QCOW2_DIRTY;
	return qcow2_header_update(q);
}

static int end(struct qcow2 *q, int rc)
{
	int rc2 = qcow2_update_copied(q);

	if (rc == 0)
		rc = rc2;
	q->unsettled = rc2 < 0;
	if (rc2 < 0 || q->version < 3 || q->lazy)
		return rc;
	q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
	rc2 = qcow2_header_update(q);
	return rc < 0 ? rc : rc2;
}

static struct qcow2_snapshot *find(struct qcow2 *q, const char *id_or_name)
{
	uint32_t i;

	for (i = 0; i < q->nsnapshots; i++)
		if (!strcmp(q->snapshots[i].id, id_or_name))
			return &q->snapshots[i];
	for (i = 0; i < q->nsnapshots; i++)
		if (!strcmp(q->snapshots[i].name, id_or_name))
			return &q->snapshots[i];
	return NULL;
}

static int not_found(const char *id_or_name, struct error *err)
{
	return error_set(err, ENOENT, "Can't find the snapshot '%s'",
			 id_or_name);
}

/* Numbers go on from the highest. */
static char *new_id(const struct qcow2 *q)
{
	unsigned long max = 0, n;
	uint32_t i;
	char *text;

	for (i = 0; i < q->nsnapshots; i++) {
		n = strtoul(q->snapshots[i].id, NULL, 10);
		max = n > max ? n : max;
	}
	return asprintf(&text, "%lu", max + 1) < 0 ? NULL : text;
}

static int fill(struct qcow2 *q, struct qcow2_snapshot *s,
		const struct blk_snapshot *from)
{
	*s = (struct qcow2_snapshot){
		.l1_n = q->l1.n,
		.date_sec = from->date_sec,
		.date_nsec = from->date_nsec,
		.vm_clock_ns = from->vm_clock_ns,
		.vm_state_size = from->vm_state_size,
		.disk_size = q->node->size,
		.icount = from->icount,
		.id = from->id ? strdup(from->id) : new_id(q),
		.name = strdup(from->name ? from->name : ""),
	};
	if (s->id && s->name)
		return 0;
	qcow2_snapshot_free(s);
	return -ENOMEM;
}

static int store_l1(struct qcow2 *q, struct qcow2_snapshot *s)
{
	uint64_t n = qcow2_clusters(q, s->l1_n * sizeof(uint64_t));
	int rc = qcow2_alloc_table(q, n ? n : 1, &s->l1_off);

	if (rc < 0)
		return rc;
	return qcow2_table_store(q, q->l1.val, s->l1_n, s->l1_off);
}

static int append(struct qcow2 *q, const struct qcow2_snapshot *s)
{
	struct qcow2_snapshot *grown =
		realloc(q->snapshots, (q->nsnapshots + 1) * sizeof(*grown));
	int rc;

	if (!grown)
		return -ENOMEM;
	q->snapshots = grown;
	grown[q->nsnapshots++] = *s;
	rc = qcow2_snapshots_write(q);
	if (rc < 0)
		q->nsnapshots--;
	return rc;
}

static int create(struct qcow2 *q, struct qcow2_snapshot *s)
{
	int rc = store_l1(q, s);

	rc = rc < 0 ? rc : count_l1(q, q->l1.val, q->l1.n, 1);
	if (rc < 0)
		return rc;
	/* Once the snapshot is there, nothing of it may be written in place. */
	rc = qcow2_update_copied(q);
	rc = rc < 0 ? rc : append(q, s);
	if (rc < 0) {
		count_l1(q, q->l1.val, q->l1.n, -1);
		return rc;
	}
	qcow2_overlap_add(q, QCOW2_META_SNAP_L1, s->l1_off,
			  s->l1_n * sizeof(uint64_t));
	return 0;
}

/* The machine's state now belongs to the snapshot alone. */
static int drop_vmstate(struct qcow2 *q)
{
	uint64_t from = qcow2_l1_entries(q, q->node->size);
	unsigned shift = q->cluster_bits + q->l2_bits;
	struct blk_req req = {.op = BLK_DISCARD,
			      .off = from << shift,
			      .len = ((uint64_t)q->l1.n - from) << shift};

	return q->l1.n > from ? qcow2_run(q, &req) : 0;
}

int qcow2_snapshot_create(struct blk_node *node,
			  const struct blk_snapshot *snap, struct error *err)
{
	struct qcow2 *q = node->state;
	struct qcow2_snapshot s;
	bool taken = false; /* s belongs to the image */
	int rc;

	if (q->external)
		return error_set(err, ENOTSUP,
				 "an image with an external data file cannot "
				 "have snapshots");
	if (q->nsnapshots >= QCOW2_MAX_SNAPSHOTS)
		return error_set(err, EFBIG, "there are too many snapshots");
	if ((snap->name && strlen(snap->name) > UINT16_MAX) ||
	    (snap->id && strlen(snap->id) > UINT16_MAX))
		return error_set(err, ENAMETOOLONG,
				 "the snapshot's name is longer than %u bytes",
				 UINT16_MAX);
	if (snap->id && find(q, snap->id))
		return error_set(err, EEXIST, "there is a snapshot '%s'",
				 snap->id);
	rc = fill(q, &s, snap);
	if (rc == 0) {
		rc = begin(q);
		if (rc == 0) {
			rc = create(q, &s);
			taken = rc == 0;
			rc = end(q, rc);
		}
		if (!taken)
			qcow2_snapshot_free(&s);
	}
	if (rc == 0)
		rc = drop_vmstate(q);
	return rc < 0 ? error_errno(err, -rc, "Could not create the snapshot")
		      : 0;
}

static int load_l1(struct qcow2 *q, const struct qcow2_snapshot *s,
		   struct qcow2_table *t)
{
	int rc = qcow2_table_load(q, t, s->l1_off, s->l1_n);
	uint32_t i;

	for (i = 0; i < t->n && rc == 0; i++) {
		t->val[i] &= QCOW2_OFFSET;
		if (qcow2_in_cluster(q, t->val[i]))
			rc = -EIO;
	}
	return rc;
}

static void take_out(struct qcow2 *q, struct qcow2_snapshot *s)
{
	size_t behind = (size_t)(q->snapshots + q->nsnapshots - (s + 1));

	memmove(s, s + 1, behind * sizeof(*s));
	q->nsnapshots--;
}

static void put_back(struct qcow2 *q, struct qcow2_snapshot *at,
		     const struct qcow2_snapshot *s)
{
	size_t behind = (size_t)(q->snapshots + q->nsnapshots - at);

	memmove(at + 1, at, behind * sizeof(*s));
	*at = *s;
	q->nsnapshots++;
}

static int delete (struct qcow2 *q, struct qcow2_snapshot *at,
		   const struct qcow2_table *l1)
{
	struct qcow2_snapshot s = *at;
	uint64_t bytes = s.l1_n * sizeof(uint64_t);
	int rc;

	take_out(q, at);
	rc = qcow2_snapshots_write(q);
	if (rc < 0) {
		put_back(q, at, &s);
		return rc;
	}
	qcow2_snapshot_free(&s);
	qcow2_overlap_del(q, l1->off, bytes);
	rc = count_l1(q, l1->val, l1->n, -1);
	qcow2_free_clusters(q, l1->off, bytes ? qcow2_clusters(q, bytes) : 1,
			    QCOW2_DISCARD_SNAPSHOT);
	return rc;
}

int qcow2_snapshot_delete(struct blk_node *node, const char *id_or_name,
			  struct error *err)
{
	struct qcow2 *q = node->state;
	struct qcow2_snapshot *s = find(q, id_or_name);
	struct qcow2_table l1 = {.n = 0};
	int rc;

	if (!s)
		return not_found(id_or_name, err);
	rc = qcow2_snapshot_check(q, s, err);
	if (rc < 0)
		return rc;
	rc = load_l1(q, s, &l1);
	rc = rc < 0 ? rc : begin(q);
	if (rc == 0)
		rc = end(q, delete (q, s, &l1));
	if (rc == 0 && (q->watched & 1u << QCOW2_META_SNAP_L2))
		rc = qcow2_overlap_init(q);
	qcow2_table_free(&l1);
	return rc < 0 ? error_errno(err, -rc, "Could not delete the snapshot")
		      : 0;
}

/* The snapshot's references become the active ones, the old ones go. */
static int apply(struct qcow2 *q, const struct qcow2_snapshot *s,
		 struct qcow2_table *l1)
{
	struct qcow2_table old;
	uint64_t n, bytes = q->l1.n * sizeof(uint64_t);
	uint64_t size = q->node->size;
	int rc = count_l1(q, l1->val, l1->n, 1);

	if (rc < 0)
		return rc;
	n = qcow2_clusters(q, l1->n * sizeof(uint64_t));
	rc = qcow2_alloc_table(q, n ? n : 1, &l1->off);
	rc = rc < 0 ? rc : qcow2_table_store(q, l1->val, l1->n, l1->off);
	rc = rc < 0 ? rc : qcow2_flush_all(q);
	if (rc < 0) {
		count_l1(q, l1->val, l1->n, -1);
		return rc;
	}
	old = q->l1;
	q->l1 = *l1;
	q->node->size = s->disk_size;
	*l1 = old;
	rc = qcow2_header_update(q);
	if (rc < 0) {
		*l1 = q->l1;
		q->l1 = old;
		q->node->size = size;
		return rc;
	}
	rc = count_l1(q, old.val, old.n, -1);
	qcow2_free_clusters(q, old.off, qcow2_clusters(q, bytes),
			    QCOW2_DISCARD_OTHER);
	return rc;
}

int qcow2_snapshot_apply(struct blk_node *node, const char *id_or_name,
			 struct error *err)
{
	struct qcow2 *q = node->state;
	struct qcow2_snapshot *s = find(q, id_or_name);
	struct qcow2_table l1 = {.n = 0};
	int rc;

	if (!s)
		return not_found(id_or_name, err);
	rc = qcow2_snapshot_check(q, s, err);
	if (rc < 0)
		return rc;
	rc = load_l1(q, s, &l1);
	rc = rc < 0 ? rc : begin(q);
	if (rc == 0) {
		rc = end(q, apply(q, s, &l1));
		qcow2_overlap_init(q);
	}
	qcow2_table_free(&l1);
	return rc < 0 ? error_errno(err, -rc, "Could not apply the snapshot")
		      : 0;
}

int qcow2_snapshot_load(struct blk_node *node, const char *id_or_name,
			struct error *err)
{
	struct qcow2 *q = node->state;
	struct qcow2_snapshot *s = find(q, id_or_name);
	struct qcow2_table l1 = {.n = 0};
	int rc;

	if (!s)
		return not_found(id_or_name, err);
	rc = qcow2_snapshot_check(q, s, err);
	if (rc < 0)
		return rc;
	rc = load_l1(q, s, &l1);
	if (rc < 0) {
		qcow2_table_free(&l1);
		return error_errno(err, -rc, "Could not load the snapshot");
	}
	qcow2_cache_empty(&q->l2_cache);
	qcow2_table_free(&q->l1);
	q->l1 = l1;
	node->size = s->disk_size;
	return 0;
}

static int describe(const struct qcow2_snapshot *s, struct blk_snapshot *out)
{
	*out = (struct blk_snapshot){
		.id = strdup(s->id),
		.name = strdup(s->name),
		.vm_state_size = s->vm_state_size,
		.vm_clock_ns = s->vm_clock_ns,
		.disk_size = s->disk_size,
		.date_sec = s->date_sec,
		.date_nsec = s->date_nsec,
		.icount = s->icount,
	};
	return out->id && out->name ? 0 : -ENOMEM;
}

int qcow2_snapshots_list(struct blk_node *node, struct blk_snapshot **list,
			 size_t *n, struct error *err)
{
	struct qcow2 *q = node->state;
	uint32_t i;
	int rc = 0;

	*list = calloc(q->nsnapshots + 1u, sizeof(**list));
	for (i = 0; *list && i < q->nsnapshots && rc == 0; i++)
		rc = describe(&q->snapshots[i], &(*list)[i]);
	if (*list && rc == 0) {
		*n = q->nsnapshots;
		return 0;
	}
	if (*list)
		blk_snapshots_free(*list, q->nsnapshots);
	*list = NULL;
	return error_set(err, ENOMEM, "out of memory");
}
