/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What amending changes below the header; sync, with the image flushed. */
#ifndef BLOCK_QCOW2_AMEND_H
#define BLOCK_QCOW2_AMEND_H

#include "block/qcow2_image.h"

/* Refcounts of so many bits, a power of two; all are counted anew. */
int qcow2_change_width(struct qcow2 *q, unsigned bits, struct error *err);
/* No entry says "zeros" any more, as version 2 wants it. */
int qcow2_expand_zeros(struct qcow2 *q, struct error *err);

#endif
