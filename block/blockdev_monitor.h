/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that change the block graph while the machine is there. */
#ifndef BLOCK_BLOCKDEV_MONITOR_H
#define BLOCK_BLOCKDEV_MONITOR_H

#include "vmm/monitor.h"

extern const struct monitor_cmd blockdev_monitor_cmds[];

#endif
