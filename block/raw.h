/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw images. */
#ifndef BLOCK_RAW_H
#define BLOCK_RAW_H

#include "block/driver.h"

extern const struct blk_driver blk_raw;

#endif
