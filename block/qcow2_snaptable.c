/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of snapshots: reading, checking, writing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_snapshot.h"
#include "vmm/endian.h"

enum offsets {
	S_L1_OFF = 0,
	S_L1_N = 8,
	S_ID_LEN = 12,
	S_NAME_LEN = 14,
	S_DATE = 16,
	S_DATE_NSEC = 20,
	S_CLOCK = 24,
	S_VM_SIZE = 32,
	S_EXTRA_LEN = 36,
	S_EXTRA = 40,
};

/* Of the extra data. */
enum { X_VM_SIZE = 0, X_DISK_SIZE = 8, X_ICOUNT = 16, X_LEN = 24 };

#define EXTRA_MAX 1024u

void qcow2_snapshot_free(struct qcow2_snapshot *s)
{
	free(s->id);
	free(s->name);
	free(s->extra);
}

void qcow2_snapshots_forget(struct qcow2 *q)
{
	uint32_t i;

	for (i = 0; q->snapshots && i < q->nsnapshots; i++)
		qcow2_snapshot_free(&q->snapshots[i]);
	free(q->snapshots);
	q->snapshots = NULL;
}

static void take_extra(const struct qcow2 *q, struct qcow2_snapshot *s)
{
	s->disk_size = q->node->size;
	s->icount = UINT64_MAX;
	if (s->extra_len >= X_VM_SIZE + 8)
		s->vm_state_size = load_be64(s->extra + X_VM_SIZE);
	if (s->extra_len >= X_DISK_SIZE + 8)
		s->disk_size = load_be64(s->extra + X_DISK_SIZE);
	if (s->extra_len >= X_ICOUNT + 8)
		s->icount = load_be64(s->extra + X_ICOUNT);
}

static int check_table(const struct qcow2 *q, const struct qcow2_snapshot *s,
		       struct error *err)
{
	if (s->l1_n > QCOW2_MAX_L1 / sizeof(uint64_t))
		return error_set(err, EFBIG, "Snapshot L1 table too large");
	if (qcow2_in_cluster(q, s->l1_off) ||
	    s->l1_off > INT64_MAX - QCOW2_MAX_L1)
		return error_set(err, EINVAL,
				 "Snapshot L1 table offset invalid");
	return 0;
}

int qcow2_snapshot_check(const struct qcow2 *q, const struct qcow2_snapshot *s,
			 struct error *err)
{
	int rc = check_table(q, s, err);

	if (rc < 0)
		return rc;
	if (s->disk_size > INT64_MAX ||
	    qcow2_l1_entries(q, s->disk_size) > s->l1_n)
		return error_set(err, EINVAL,
				 "Snapshot L1 table is too small for its disk "
				 "size");
	return 0;
}

/* Reads what has a variable length, behind the fixed part. */
static int read_rest(struct qcow2 *q, struct qcow2_snapshot *s, uint64_t at,
		     uint16_t id_len, uint16_t name_len)
{
	int rc;

	s->extra = calloc(1, s->extra_len + 1u);
	s->id = calloc(1, id_len + 1u);
	s->name = calloc(1, name_len + 1u);
	if (!s->extra || !s->id || !s->name)
		return -ENOMEM;
	rc = s->extra_len ? blk_pread(q->file, at, s->extra, s->extra_len) : 0;
	at += s->extra_len;
	if (rc == 0 && id_len)
		rc = blk_pread(q->file, at, s->id, id_len);
	if (rc == 0 && name_len)
		rc = blk_pread(q->file, at + id_len, s->name, name_len);
	return rc;
}

static int read_one(struct qcow2 *q, struct qcow2_snapshot *s, uint64_t *at,
		    struct error *err)
{
	uint8_t fixed[S_EXTRA];
	uint16_t id_len, name_len;
	int rc = blk_pread(q->file, *at, fixed, sizeof(fixed));

	if (rc < 0)
		return error_errno(err, -rc, "Failed to read snapshot table");
	s->l1_off = load_be64(fixed + S_L1_OFF);
	s->l1_n = load_be32(fixed + S_L1_N);
	id_len = load_be16(fixed + S_ID_LEN);
	name_len = load_be16(fixed + S_NAME_LEN);
	s->date_sec = load_be32(fixed + S_DATE);
	s->date_nsec = load_be32(fixed + S_DATE_NSEC);
	s->vm_clock_ns = load_be64(fixed + S_CLOCK);
	s->vm_state_size = load_be32(fixed + S_VM_SIZE);
	s->extra_len = load_be32(fixed + S_EXTRA_LEN);
	if (s->extra_len > EXTRA_MAX)
		return error_set(err, EFBIG,
				 "Too much extra metadata in snapshot table "
				 "entry");
	rc = read_rest(q, s, *at + S_EXTRA, id_len, name_len);
	if (rc < 0)
		return error_errno(err, -rc, "Failed to read snapshot table");
	take_extra(q, s);
	*at += S_EXTRA + s->extra_len + id_len + name_len;
	*at = (*at + 7) & ~UINT64_C(7);
	/* The others, and the disk as it is now, are there all the same. */
	s->broken = check_table(q, s, NULL) < 0;
	return 0;
}

int qcow2_snapshots_read(struct qcow2 *q, struct error *err)
{
	uint64_t at = q->snapshots_off;
	uint32_t i;
	int rc;

	if (!q->nsnapshots)
		return 0;
	q->snapshots = calloc(q->nsnapshots, sizeof(*q->snapshots));
	if (!q->snapshots)
		return error_set(err, ENOMEM, "out of memory");
	for (i = 0; i < q->nsnapshots; i++) {
		rc = read_one(q, &q->snapshots[i], &at, err);
		if (rc < 0)
			return rc;
		if (at - q->snapshots_off > QCOW2_MAX_SNAPTABLE)
			return error_set(err, EFBIG,
					 "Snapshot table is too big");
	}
	q->snaptable_len = at - q->snapshots_off;
	return 0;
}

static size_t extra_size(const struct qcow2_snapshot *s)
{
	return s->extra_len > X_LEN ? s->extra_len : X_LEN;
}

static size_t entry_size(const struct qcow2_snapshot *s)
{
	size_t n = S_EXTRA + extra_size(s) + strlen(s->id) + strlen(s->name);

	return (n + 7) & ~(size_t)7;
}

static uint64_t table_size(const struct qcow2 *q)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < q->nsnapshots; i++)
		n += entry_size(&q->snapshots[i]);
	return n;
}

static void put_one(const struct qcow2_snapshot *s, uint8_t *p)
{
	size_t extra = extra_size(s), id = strlen(s->id);

	store_be64(p + S_L1_OFF, s->l1_off);
	store_be32(p + S_L1_N, s->l1_n);
	store_be16(p + S_ID_LEN, (uint16_t)id);
	store_be16(p + S_NAME_LEN, (uint16_t)strlen(s->name));
	store_be32(p + S_DATE, s->date_sec);
	store_be32(p + S_DATE_NSEC, s->date_nsec);
	store_be64(p + S_CLOCK, s->vm_clock_ns);
	store_be32(p + S_VM_SIZE, s->vm_state_size > UINT32_MAX
					  ? 0
					  : (uint32_t)s->vm_state_size);
	store_be32(p + S_EXTRA_LEN, (uint32_t)extra);
	if (s->extra_len)
		memcpy(p + S_EXTRA, s->extra, s->extra_len);
	store_be64(p + S_EXTRA + X_VM_SIZE, s->vm_state_size);
	store_be64(p + S_EXTRA + X_DISK_SIZE, s->disk_size);
	store_be64(p + S_EXTRA + X_ICOUNT, s->icount);
	memcpy(p + S_EXTRA + extra, s->id, id);
	memcpy(p + S_EXTRA + extra + id, s->name, strlen(s->name));
}

static int store(struct qcow2 *q, uint64_t off, uint64_t size)
{
	uint8_t *buf = calloc(1, size + 1), *p = buf;
	uint32_t i;
	int rc;

	if (!buf)
		return -ENOMEM;
	for (i = 0; i < q->nsnapshots; i++) {
		put_one(&q->snapshots[i], p);
		p += entry_size(&q->snapshots[i]);
	}
	rc = blk_pwrite(q->file, off, buf, size, 0);
	free(buf);
	return rc;
}

int qcow2_snapshots_write(struct qcow2 *q)
{
	uint64_t size = table_size(q), off = 0, old_size = q->snaptable_len;
	uint64_t old_off = q->snapshots_off;
	int rc = 0;

	if (size > QCOW2_MAX_SNAPTABLE)
		return -EFBIG;
	if (size) {
		rc = qcow2_alloc_table(q, qcow2_clusters(q, size), &off);
		rc = rc < 0 ? rc : store(q, off, size);
	}
	rc = rc < 0 ? rc : qcow2_flush_all(q);
	if (rc < 0)
		return rc;
	q->snapshots_off = off;
	rc = qcow2_header_update(q);
	if (rc < 0) {
		q->corrupt = true; /* which of the two is it now? */
		return rc;
	}
	q->snaptable_len = size;
	if (size)
		qcow2_overlap_add(q, QCOW2_META_SNAPTABLE, off, size);
	if (old_off && old_size) {
		qcow2_overlap_del(q, old_off, old_size);
		qcow2_free_clusters(q, old_off, qcow2_clusters(q, old_size),
				    QCOW2_DISCARD_SNAPSHOT);
	}
	return 0;
}
