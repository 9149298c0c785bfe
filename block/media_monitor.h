/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands for removable media. */
#ifndef BLOCK_MEDIA_MONITOR_H
#define BLOCK_MEDIA_MONITOR_H

#include "vmm/monitor.h"

extern const struct monitor_cmd media_monitor_cmds[];

#endif
