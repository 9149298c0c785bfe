/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes for people. */
#ifndef BLOCK_SIZE_TEXT_H
#define BLOCK_SIZE_TEXT_H

#include <stdint.h>

#define BLK_SIZE_TEXT 16

/* "1.5 MiB": three digits, and the next unit is taken from 1000 on. */
void blk_size_text(uint64_t bytes, char text[BLK_SIZE_TEXT]);

#endif
