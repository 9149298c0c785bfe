/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands of the network. */
#ifndef NET_NET_MONITOR_H
#define NET_NET_MONITOR_H

#include "vmm/monitor.h"

extern const struct monitor_cmd net_monitor_cmds[];

#endif
