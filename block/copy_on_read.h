/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter that keeps in an image what is read from its backing file. */
#ifndef BLOCK_COPY_ON_READ_H
#define BLOCK_COPY_ON_READ_H

#include "block/driver.h"

extern const struct blk_driver blk_copy_on_read;

#endif
