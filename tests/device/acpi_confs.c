/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines whose ACPI tables the tests look at. */
#include "tests/device/acpi_confs.h"

#include <check.h>
#include <string.h>

static const uint32_t odd_ids[] = {0, 1, 4, 5, 254, 255, 256, 1000};

/* Memory on both sides of 4 GiB, and a node that has none. */
static const struct numa_conf nodes = {
	.n = 3,
	.node =
		{
			{.present = true, .mem = UINT64_C(0x80000000)},
			{.present = true},
			{.present = true, .mem = UINT64_C(0xc0000000)},
		},
	.cpu = {0, 0, 1, 1, 2, 2, 2, 1},
	.has_distance = true,
	.distance = {{10, 20, 40}, {21, 10, 255}, {40, 30, 10}},
};

static const struct numa_conf one_node = {
	.n = 1,
	.node = {{.present = true, .mem = UINT64_C(0x20000000)}},
};

const struct acpi_test_conf acpi_test_confs[] = {
	{"usual",
	 {
		 .ncpus = 2,
		 .max_cpus = 2,
		 .hole_first = 0x20000000,
		 .hole_last = 0xfebfffff,
		 .hole64_first = 0x100000000,
		 .hole64_last = 0x17fffffff,
		 .pm_base = 0x600,
		 .hotplug_slots = 0xfffffff8,
		 .hpet = true,
		 .i8042 = true,
		 .fdc = true,
		 .floppy = {5, 0},
		 .serial = {true},
		 .fw_cfg = true,
		 .s3 = true,
		 .s4 = true,
	 }},
	{"bare",
	 {
		 .ncpus = 1,
		 .max_cpus = 1,
		 .hole_first = 0xe0000000,
		 .hole_last = 0xfebfffff,
		 .pm_base = 0xb000,
		 .oem_id = "ACME",
		 .oem_table_id = "ROADRUN",
	 }},
	{"full",
	 {
		 .ncpus = 100,
		 .max_cpus = 255,
		 .hole_first = 0xc0000000,
		 .hole_last = 0xfebfffff,
		 .hole64_first = 0x1c0000000,
		 .hole64_last = 0x23fffffff,
		 .pm_base = 0xb000,
		 .hotplug_slots = 0xfffffffc,
		 .hpet = true,
		 .i8042 = true,
		 .fdc = true,
		 .floppy = {4, 2},
		 .serial = {true, true, true, true},
		 .pvpanic_port = 0x505,
		 .fw_cfg = true,
		 .s3 = true,
		 .s4 = true,
	 }},
	{"x2apic",
	 {
		 .ncpus = 7,
		 .max_cpus = 8,
		 .apic_ids = odd_ids,
		 .hole_first = 0x80000000,
		 .hole_last = 0xfebfffff,
		 .pm_base = 0x600,
		 .i8042 = true,
		 .s4 = true,
	 }},
	{"nodes",
	 {
		 .ncpus = 7,
		 .max_cpus = 8,
		 .apic_ids = odd_ids,
		 .numa = &nodes,
		 .below_4g = 0xc0000000,
		 .hole_first = 0xc0000000,
		 .hole_last = 0xfebfffff,
		 .hole64_first = 0x1c0000000,
		 .hole64_last = 0x23fffffff,
		 .pm_base = 0x600,
		 .hpet = true,
		 .i8042 = true,
		 .s4 = true,
	 }},
	{"one node",
	 {
		 .ncpus = 2,
		 .max_cpus = 2,
		 .numa = &one_node,
		 .below_4g = 0x20000000,
		 .hole_first = 0x20000000,
		 .hole_last = 0xfebfffff,
		 .pm_base = 0x600,
	 }},
};

const unsigned acpi_test_nconfs =
	sizeof(acpi_test_confs) / sizeof(*acpi_test_confs);

const struct acpi_conf *acpi_test_conf(const char *name)
{
	unsigned i;

	for (i = 0; i < acpi_test_nconfs; i++)
		if (!strcmp(acpi_test_confs[i].name, name))
			return &acpi_test_confs[i].conf;
	ck_abort_msg("no configuration %s", name);
	return NULL;
}
