/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter "throttle": the limits of a group for all that use a node. */
#ifndef BLOCK_THROTTLE_FILTER_H
#define BLOCK_THROTTLE_FILTER_H

#include "block/driver.h"

extern const struct blk_driver blk_throttle;

#endif
