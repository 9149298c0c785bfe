/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of Virtual PC (VHD), read-only. */
#ifndef BLOCK_VPC_H
#define BLOCK_VPC_H

extern const struct blk_driver blk_vpc;

#endif
