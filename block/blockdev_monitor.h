/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that change the block graph while the machine is there. */
#ifndef BLOCK_BLOCKDEV_MONITOR_H
#define BLOCK_BLOCKDEV_MONITOR_H

#include "vmm/monitor.h"

/*
 * The drive that a command names as device, by its id, or as id, by the device
 * that has it; NULL: the call has failed.
 */
struct blk_front *blk_monitor_front(struct monitor_call *call);

extern const struct monitor_cmd blockdev_monitor_cmds[];

#endif
