/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done with a whole qcow2 image; see struct blk_driver. */
#ifndef BLOCK_QCOW2_OPS_H
#define BLOCK_QCOW2_OPS_H

#include "block/driver.h"

/* qcow2_resize.c */
int qcow2_truncate(struct blk_node *node, uint64_t size,
		   enum blk_prealloc prealloc, struct error *err);
int qcow2_make_empty(struct blk_node *node, struct error *err);

/* qcow2_info.c */
void qcow2_info(struct blk_node *node, struct blk_info *info);
int qcow2_change_backing(struct blk_node *node, const char *file,
			 const char *format, struct error *err);

/* qcow2_amend.c */
extern const struct opt_desc qcow2_amend_opts[];
int qcow2_amend(struct blk_node *node, struct opt_list *options,
		struct error *err);

/* qcow2_status.c */
int qcow2_status(struct blk_node *node, uint64_t off, uint64_t len,
		 struct blk_extent *ext);

/* qcow2_snapshot.c */
int qcow2_snapshot_create(struct blk_node *node,
			  const struct blk_snapshot *snap, struct error *err);
int qcow2_snapshot_apply(struct blk_node *node, const char *id_or_name,
			 struct error *err);
int qcow2_snapshot_delete(struct blk_node *node, const char *id_or_name,
			  struct error *err);
int qcow2_snapshot_load(struct blk_node *node, const char *id_or_name,
			struct error *err);
int qcow2_snapshots_list(struct blk_node *node, struct blk_snapshot **list,
			 size_t *n, struct error *err);
/* qcow2_vmstate.c */
int qcow2_vmstate(struct blk_node *node, uint64_t off, void *buf, size_t len,
		  bool write);

#endif
