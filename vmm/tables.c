/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition root: every device class, monitor command and machine there
 * is.  One line each, sorted.
 */
#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_pci_hotplug.h"
#include "hw/fw_cfg.h"
#include "vmm/device.h"
#include "vmm/monitor.h"

const struct device_class *const device_classes[] = {
	&acpi_cpu_hotplug_class,
	&acpi_pci_hotplug_class,
	&fw_cfg_class,
	NULL,
};

const struct monitor_cmd *const monitor_tables[] = {
	NULL,
};
