/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VNC server (RFB 3.3 to 3.8, RFC 6143).  Machine lock, or no vCPUs yet. */
#ifndef NET_VNC_H
#define NET_VNC_H

#include "vmm/display.h"
#include "vmm/monitor.h"
#include "vmm/opt.h"

/* struct vnc_conf */
extern const struct opt_desc vnc_opts[];
/* What vmm/vm.c opens, by way of vmm/tables.c. */
extern const struct display_server vnc_display_server;
extern const struct monitor_cmd vnc_monitor_cmds[];

#endif
