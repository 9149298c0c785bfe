/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots inside qcow2 images; all sync, with the node drained. */
#ifndef BLOCK_QCOW2_SNAPSHOT_H
#define BLOCK_QCOW2_SNAPSHOT_H

#include "block/qcow2_image.h"

void qcow2_snapshot_free(struct qcow2_snapshot *s);
/* Writes the table anew, and the header. */
int qcow2_snapshots_write(struct qcow2 *q);
/* One request from beginning to end, anywhere in the image. */
int qcow2_run(struct qcow2 *q, struct blk_req *req);
/* Sets the COPIED bits of the active tables by the refcounts. */
int qcow2_update_copied(struct qcow2 *q);
/* Can it be used? */
int qcow2_snapshot_check(const struct qcow2 *q, const struct qcow2_snapshot *s,
			 struct error *err);

#endif
