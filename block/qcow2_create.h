/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making qcow2 images. */
#ifndef BLOCK_QCOW2_CREATE_H
#define BLOCK_QCOW2_CREATE_H

#include "block/driver.h"

extern const struct opt_desc qcow2_create_opts[];

int qcow2_create(struct blk_ctx *ctx, const struct blk_create *how,
		 struct error *err);
/* Gives clusters to from..to, which has none. */
int qcow2_preallocate(struct blk_node *node, uint64_t from, uint64_t to,
		      enum blk_prealloc prealloc, struct error *err);
int qcow2_measure(struct opt_list *options, uint64_t size, uint64_t data,
		  struct blk_measure *out, struct error *err);

#endif
