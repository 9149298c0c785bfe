/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies what one or several images show to another: holes are skipped where
 * they are known, several requests are under way, and zeros that are read are
 * not written where the target has them anyway.  Everything in the thread that
 * polls the context.
 */
#ifndef BLOCK_IMG_COPY_H
#define BLOCK_IMG_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "block/node.h"

struct img_progress;

#define COPY_MAX_REQUESTS 16

struct copy_source {
	struct blk_node *node;
	/* What only this and what is below it has is left out; or NULL. */
	const struct blk_node *base;
	uint64_t from; /* where to begin */
	uint64_t len;
};

struct copy {
	struct blk_ctx *ctx;
	const struct copy_source *sources; /* one behind the other */
	unsigned nsources;
	struct blk_node *target;
	unsigned write_flags; /* BLK_FUA, BLK_COMPRESS */
	unsigned requests; /* 1 to COPY_MAX_REQUESTS */
	bool unordered; /* writes need not begin in order */
	bool zeroed; /* the target reads as zeros */
	bool salvage; /* zeros for what cannot be read */
	uint64_t zeroed_from; /* the same, but only from here on; or 0 */
	/* Fewer zeros than this are written as data; 0: all are. */
	uint64_t min_sparse;
	bool as_it_is; /* data is not searched for zeros */
	uint64_t rate; /* bytes a second, 0: any */
	const char *program; /* for warnings */
	struct img_progress *progress; /* or NULL */
};

int copy_run(const struct copy *copy, struct error *err);

/* Are all bytes 0? */
bool copy_is_zero(const uint8_t *buf, size_t len);

#endif
