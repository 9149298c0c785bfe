/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition root: every device class, monitor command and machine there
 * is.  One line each, sorted.
 */
#include "block/block_monitor.h"
#include "block/blockdev_monitor.h"
#include "block/img/img.h"
#include "block/img/io_main.h"
#include "block/media_monitor.h"
#include "build.h"
#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_pci_hotplug.h"
#include "hw/ahci.h"
#include "hw/e1000.h"
#include "hw/floppy.h"
#include "hw/fw_cfg.h"
#include "hw/hpet.h"
#include "hw/i440fx.h"
#include "hw/i8042.h"
#include "hw/i82078.h"
#include "hw/i8237.h"
#include "hw/ide_unit.h"
#include "hw/isa_debug_exit.h"
#include "hw/isa_debugcon.h"
#include "hw/machine_none.h"
#include "hw/mc146818.h"
#include "hw/ns16550a.h"
#include "hw/pc.h"
#include "hw/pc_testdev.h"
#include "hw/pci_monitor.h"
#include "hw/pci_testdev.h"
#include "hw/piix3.h"
#include "hw/piix3_ide.h"
#include "hw/piix4_pm.h"
#include "hw/port92.h"
#include "hw/pvpanic.h"
#include "hw/rtl8139.h"
#include "hw/scsi.h"
#include "hw/vga.h"
#include "hw/virtio_blk.h"
#include "hw/virtio_net.h"
#include "hw/virtio_scsi.h"
#include "net/net_monitor.h"
#include "net/netdev.h"
#include "net/runner.h"
#include "net/vnc.h"
#include "vmm/cmdline.h"
#include "vmm/device.h"
#include "vmm/display.h"
#include "vmm/monitor.h"
#include "vmm/program.h"
#include "vmm/vm.h"

const struct machine_class machine_classes[] = {
	{.name = "pc-i440fx-7.2", .build = pc_build},
	{.name = "none", .build = machine_none_build},
	{.name = NULL},
};

/* clang-format off */
const struct device_class *const device_classes[] = {
	&acpi_cpu_hotplug_class,
	&acpi_pci_hotplug_class,
	&ahci_class,
	&e1000_class,
	&floppy_class,
	&fw_cfg_class,
	&hpet_class,
	&i440fx_class,
	&i8042_class,
	&i82078_class,
	&i8237_class,
	&ide_cd_class,
	&ide_hd_class,
	&isa_debug_exit_class,
	&isa_debugcon_class,
	&mc146818_class,
	&ns16550a_class,
	&pc_testdev_class,
	&pci_testdev_class,
	&piix3_class,
	&piix4_pm_class,
	&port92_class,
	&pvpanic_class,
	&rtl8139_class,
	&scsi_cd_class,
	&scsi_hd_class,
	&vga_class,
	&virtio_blk_pci_class,
	&virtio_blk_pci_non_transitional_class,
	&virtio_blk_pci_transitional_class,
	&virtio_net_pci_class,
	&virtio_net_pci_non_transitional_class,
	&virtio_net_pci_transitional_class,
	&virtio_scsi_pci_class,
	&virtio_scsi_pci_non_transitional_class,
	&virtio_scsi_pci_transitional_class,
	NULL,
};

const struct monitor_cmd *const monitor_tables[] = {
	block_monitor_cmds,
	blockdev_monitor_cmds,
	chardev_monitor_cmds,
	fds_monitor_cmds,
	input_monitor_cmds,
	interrupt_monitor_cmds,
	irq_monitor_cmds,
	machine_monitor_cmds,
	machines_monitor_cmds,
	media_monitor_cmds,
	memory_monitor_cmds,
	net_monitor_cmds,
	numa_monitor_cmds,
	paging_monitor_cmds,
	pci_monitor_cmds,
	save_monitor_cmds,
	schema_monitor_cmds,
	screendump_monitor_cmds,
	thread_monitor_cmds,
	types_monitor_cmds,
	virtio_net_monitor_cmds,
	vnc_monitor_cmds,
	yank_monitor_cmds,
	NULL,
};
/* clang-format on */

const struct netdev_kind netdev_kinds[] = {
	{"bridge", net_bridge_opts},
	{"hubport", net_hubport_opts},
	{"tap", net_tap_opts},
#ifdef HAVE_SLIRP
	{"user", net_user_opts},
#endif
	{.name = NULL},
};

const struct runner_class *const runner_class = &net_runner;

const struct display_server *const display_server = &vnc_display_server;

const struct program programs[] = {
	{.name = "img", .main = img_main},
	{.name = "io", .main = io_main},
	{.name = NULL},
};
