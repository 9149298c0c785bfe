/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where metadata is, so that nothing else is written there: a damaged or
 * malicious image may say that a cluster of a table is data, or free.  Covered
 * are the header, the active L1 and its L2 tables, the refcount structures,
 * and the snapshot table with its L1 tables.
 *
 * A set of clusters, hashed with open addressing; a deleted one leaves a mark.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "vmm/log.h"

#define FREE	 UINT64_MAX
#define DELETED	 (UINT64_MAX - 1)
#define SIZE_MIN 256u

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
	uint64_t *old = q->meta, *fresh = malloc(size * sizeof(*fresh));

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

void qcow2_overlap_add(struct qcow2 *q, uint64_t off, uint64_t len)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;

	for (; c < end; c++) {
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

static void add_table(struct qcow2 *q, const struct qcow2_table *t,
		      uint64_t mask)
{
	uint32_t i;

	qcow2_overlap_add(q, t->off, (uint64_t)t->n * sizeof(*t->val));
	for (i = 0; i < t->n; i++)
		if (t->val[i] & mask)
			qcow2_overlap_add(q, t->val[i] & mask, q->cluster_size);
}

int qcow2_overlap_init(struct qcow2 *q)
{
	uint32_t i;

	free(q->meta);
	q->meta = NULL;
	q->meta_size = q->meta_used = 0;
	qcow2_overlap_add(q, 0, q->cluster_size);
	add_table(q, &q->l1, QCOW2_OFFSET);
	add_table(q, &q->reftable, QCOW2_REF_OFFSET);
	for (i = 0; i < q->nsnapshots; i++)
		qcow2_overlap_add(q, q->snapshots[i].l1_off,
				  q->snapshots[i].l1_n * sizeof(uint64_t));
	if (q->snapshots_off)
		qcow2_overlap_add(q, q->snapshots_off, q->snaptable_len);
	return q->meta ? 0 : -ENOMEM;
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
