/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of VirtualBox, read-only. */
#ifndef BLOCK_VDI_H
#define BLOCK_VDI_H

extern const struct blk_driver blk_vdi;

#endif
