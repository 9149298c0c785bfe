/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what with nodes that several share.  Each user of a node says
 * what it does and what others may do at the same time; nodes say so to their
 * children, as they are used themselves.  Files are locked accordingly.
 *
 * Owner of the node's context, or the main loop with that owner waiting.
 */
#ifndef BLOCK_PERMS_H
#define BLOCK_PERMS_H

#include "block/node.h"

/*
 * Works it all out again after a change.  opening (or NULL) is a node that is
 * not in its context's list yet.  After a failure the caller takes the
 * change back and calls this again.
 */
int blk_perms_update(struct blk_ctx *ctx, const struct blk_node *opening,
		     struct error *err);

#endif
