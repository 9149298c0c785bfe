/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info block, query-block. */
#ifndef BLOCK_BLOCK_MONITOR_H
#define BLOCK_BLOCK_MONITOR_H

#include "vmm/monitor.h"

extern const struct monitor_cmd thread_monitor_cmds[];
extern const struct monitor_cmd block_monitor_cmds[];

#endif
