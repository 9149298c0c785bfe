/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2 images, versions 2 and 3. */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H

#include "block/driver.h"

extern const struct blk_driver blk_qcow2;

#endif
