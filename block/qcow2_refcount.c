/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reference counts of clusters. */
#include <errno.h>
#include <stdlib.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

uint64_t qcow2_refcount_read(const struct qcow2 *q, const uint8_t *block,
			     uint64_t i)
{
	unsigned per_byte;

	switch (q->refcount_order) {
	case 3:
		return block[i];
	case 4:
		return load_be16(block + 2 * i);
	case 5:
		return load_be32(block + 4 * i);
	case 6:
		return load_be64(block + 8 * i);
	default: /* less than a byte: the lowest bits first */
		per_byte = 8u >> q->refcount_order;
		return block[i / per_byte] >>
			       (i % per_byte << q->refcount_order) &
		       q->refcount_max;
	}
}

void qcow2_refcount_write(const struct qcow2 *q, uint8_t *block, uint64_t i,
			  uint64_t count)
{
	unsigned per_byte, shift;
	uint8_t *p;

	switch (q->refcount_order) {
	case 3:
		block[i] = (uint8_t)count;
		return;
	case 4:
		store_be16(block + 2 * i, (uint16_t)count);
		return;
	case 5:
		store_be32(block + 4 * i, (uint32_t)count);
		return;
	case 6:
		store_be64(block + 8 * i, count);
		return;
	}
	per_byte = 8u >> q->refcount_order;
	shift = (unsigned)(i % per_byte) << q->refcount_order;
	p = &block[i / per_byte];
	*p = (uint8_t)((*p & ~(q->refcount_max << shift)) | count << shift);
}

uint64_t qcow2_in_refblock(const struct qcow2 *q, uint64_t cluster)
{
	return cluster & ((UINT64_C(1) << q->refs_bits) - 1);
}

int qcow2_refblock(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		   struct qcow2_block **block)
{
	uint64_t i = cluster >> q->refs_bits, off;

	*block = NULL;
	if (i >= q->reftable.n || !(q->reftable.val[i] & QCOW2_REF_OFFSET))
		return 0;
	off = q->reftable.val[i] & QCOW2_REF_OFFSET;
	if (qcow2_in_cluster(q, off) || off > INT64_MAX)
		return qcow2_corrupted(q,
				       "refcount block %llu at the unaligned "
				       "offset 0x%llx",
				       (unsigned long long)i,
				       (unsigned long long)off);
	return qcow2_cache_get(&q->ref_cache, off, wait, block);
}

int qcow2_refcount(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		   uint64_t *count)
{
	struct qcow2_block *block;
	int rc = qcow2_refblock(q, wait, cluster, &block);

	if (rc == 0)
		*count = block ? qcow2_refcount_read(q, block->data,
						     qcow2_in_refblock(q,
								       cluster))
			       : 0;
	return rc;
}

int qcow2_refcount_add(struct qcow2 *q, struct qcow2_wait *wait,
		       uint64_t cluster, int delta)
{
	struct qcow2_block *block;
	uint64_t count;
	int rc = qcow2_refblock(q, wait, cluster, &block);

	if (rc)
		return rc;
	count = block ? qcow2_refcount_read(q, block->data,
					    qcow2_in_refblock(q, cluster))
		      : 0;
	if (delta < 0 ? !count : !block)
		return qcow2_corrupted(q, "cluster %llu is in use but free",
				       (unsigned long long)cluster);
	if (delta > 0 && count == q->refcount_max)
		return -EOVERFLOW;
	rc = qcow2_cache_touch(block);
	if (rc < 0)
		return rc;
	count = delta < 0 ? count - 1 : count + 1;
	qcow2_refcount_write(q, block->data, qcow2_in_refblock(q, cluster),
			     count);
	if (!count && cluster < q->free_hint)
		q->free_hint = cluster;
	if (!count && q->packed_off >> q->cluster_bits == cluster)
		q->packed_off = 0;
	return 0;
}

int qcow2_refcount_sync(struct qcow2 *q, uint64_t cluster, uint64_t *count)
{
	struct qcow2_wait wait;
	int rc;

	qcow2_wait_init(&wait, NULL);
	do {
		rc = qcow2_refcount(q, &wait, cluster, count);
	} while (qcow2_again(q, &wait, &rc));
	return rc;
}

int qcow2_refcount_add_sync(struct qcow2 *q, uint64_t off, uint64_t len,
			    int delta)
{
	uint64_t c = off >> q->cluster_bits;
	uint64_t end = (off + len + q->cluster_size - 1) >> q->cluster_bits;
	struct qcow2_wait wait;
	int rc = 0;

	qcow2_wait_init(&wait, NULL);
	for (; c < end && rc == 0; c++)
		do {
			rc = qcow2_refcount_add(q, &wait, c, delta);
		} while (qcow2_again(q, &wait, &rc));
	return rc;
}
