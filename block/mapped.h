/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading images whose blocks lie anywhere in their file, as a table says, or
 * nowhere, and then are zeros.  All in the thread that owns the node.
 */
#ifndef BLOCK_MAPPED_H
#define BLOCK_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "block/node.h"

/* Bytes of a table of blocks, which is in memory as a whole. */
#define MAPPED_TABLE_MAX (64u << 20)

struct mapped_run {
	uint64_t len; /* from the offset on; at least 1 */
	uint64_t host; /* where in BLK_FILE */
	bool zero; /* nowhere */
};

/* Where off lies, which is within the disk; 0 or -errno. */
typedef int mapped_lookup(const struct blk_node *node, uint64_t off,
			  struct mapped_run *run);

/* As struct blk_driver has them. */
void mapped_submit(struct blk_node *node, struct blk_req *req,
		   mapped_lookup *lookup);
int mapped_status(struct blk_node *node, uint64_t off, uint64_t len,
		  struct blk_extent *ext, mapped_lookup *lookup);
/* Says so, if node is to be written to. */
int mapped_check_readonly(const struct blk_node *node, struct error *err);

#endif
