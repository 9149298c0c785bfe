/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of offsets that are in memory as a whole: L1 and refcount table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

static size_t steps(uint32_t n)
{
	return (n + QCOW2_TABLE_STEP - 1) / QCOW2_TABLE_STEP;
}

int qcow2_table_resize(struct qcow2_table *t, uint32_t n)
{
	uint64_t *val = calloc(n + 1u, sizeof(*val));
	uint8_t *dirty = calloc(steps(n) + 1, 1);

	if (!val || !dirty) {
		free(val);
		free(dirty);
		return -ENOMEM;
	}
	if (t->val) {
		memcpy(val, t->val, (t->n < n ? t->n : n) * sizeof(*val));
		memcpy(dirty, t->dirty, steps(t->n < n ? t->n : n));
	}
	free(t->val);
	free(t->dirty);
	t->val = val;
	t->dirty = dirty;
	t->n = n;
	return 0;
}

void qcow2_table_free(struct qcow2_table *t)
{
	free(t->val);
	free(t->dirty);
	*t = (struct qcow2_table){.n = 0};
}

int qcow2_table_load(struct qcow2 *q, struct qcow2_table *t, uint64_t off,
		     uint32_t n)
{
	uint32_t i;
	int rc = qcow2_table_resize(t, n);

	if (rc < 0)
		return rc;
	t->off = off;
	rc = n ? blk_pread(q->file, off, t->val, (size_t)n * sizeof(*t->val))
	       : 0;
	for (i = 0; i < n; i++)
		t->val[i] = load_be64(&t->val[i]);
	return rc;
}

void qcow2_table_dirty(struct qcow2_table *t, uint32_t from, uint32_t n)
{
	uint32_t i;

	for (i = from; i < from + n; i++)
		t->dirty[i / QCOW2_TABLE_STEP] = 1;
	t->any_dirty = true;
}

void qcow2_table_set(struct qcow2_table *t, uint32_t i, uint64_t val)
{
	t->val[i] = val;
	qcow2_table_dirty(t, i, 1);
}

int qcow2_table_store(struct qcow2 *q, const uint64_t *val, uint32_t n,
		      uint64_t off)
{
	uint64_t *be = calloc(n + 1u, sizeof(*be));
	uint32_t i;
	int rc;

	if (!be)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		store_be64(&be[i], val[i]);
	rc = n ? blk_pwrite(q->file, off, be, n * sizeof(*be), 0) : 0;
	free(be);
	return rc;
}
