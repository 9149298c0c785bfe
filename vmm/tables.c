/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition root: every device class, monitor command and machine there
 * is.  One line each, sorted.
 */
#include "vmm/device.h"
#include "vmm/monitor.h"

const struct device_class *const device_classes[] = {
	NULL,
};

const struct monitor_cmd *const monitor_tables[] = {
	NULL,
};
