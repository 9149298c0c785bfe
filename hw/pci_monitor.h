/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info pci, query-pci. */
#ifndef HW_PCI_MONITOR_H
#define HW_PCI_MONITOR_H

#include "vmm/monitor.h"

extern const struct monitor_cmd pci_monitor_cmds[];

#endif
