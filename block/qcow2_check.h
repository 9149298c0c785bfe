/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking qcow2 images: what the parts of the check share. */
#ifndef BLOCK_QCOW2_CHECK_H
#define BLOCK_QCOW2_CHECK_H

#include "block/qcow2_image.h"

/* References found to each cluster, in pages that exist where there are any. */
struct qcow2_counts {
	uint32_t **page;
	uint64_t pages;
	uint64_t end; /* behind the last cluster that has any */
};

struct qcow2_checking {
	struct qcow2 *q;
	struct blk_check *res;
	unsigned fix;
	struct qcow2_counts counts;
	uint64_t file_end; /* clusters may reach up to here */
	bool rebuild; /* refcounts cannot be repaired in place */
	bool fix_copied; /* COPIED bits, too */
	bool no_refcounts; /* do not count the refcounts' own clusters */
	uint64_t highest; /* behind the last cluster in use */
};

void qcow2_say(struct qcow2_checking *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
uint64_t qcow2_counted(const struct qcow2_counts *counts, uint64_t cluster);
/* One more reference to each cluster of the range; an error is said. */
int qcow2_count(struct qcow2_checking *c, uint64_t off, uint64_t len);
void qcow2_counts_free(struct qcow2_counts *counts);
/* qcow2_check_tables.c: everything that refers to clusters. */
int qcow2_count_all(struct qcow2_checking *c);
/* qcow2_rebuild.c: new refcounts, by what was counted. */
int qcow2_rebuild(struct qcow2_checking *c);
/* -ENOENT where no block counts the cluster. */
int qcow2_refcount_set_sync(struct qcow2 *q, uint64_t cluster, uint64_t count);

#endif
