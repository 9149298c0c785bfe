/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors in the DSDT, and how they come and go: the registers of
 * hw/acpi_cpu_hotplug.c.  ACPI Specification 6.4, sections 6.3 and 8.4.
 */
#include <stdio.h>

#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_tables.h"

static const struct aml_unit byte_registers[] = {
	{NULL, 8 * CPU_HOTPLUG_CONTROL},
	{"CPEN", 1},
	{"CPIN", 1},
	{"CPRM", 1},
	{"CPEJ", 1},
	{NULL, 4},
	{"CPCM", 8},
	{NULL, 0},
};

static const struct aml_unit dword_registers[] = {
	{"CPSL", 32},
	{NULL, 32},
	{"CPDT", 32},
	{NULL, 0},
};

static const char *cpu_name(char name[5], unsigned cpu)
{
	snprintf(name, 5, "C%03X", cpu & 0xfff);
	return name;
}

static void add_processor(struct aml *a, const struct acpi_conf *conf,
			  unsigned cpu)
{
	uint8_t madt[16];
	char name[5];

	cpu_name(name, cpu);
	if (acpi_cpu_is_small(conf, cpu)) {
		aml_processor(a, name, cpu);
	} else {
		aml_device(a, name);
		aml_name_string(a, "_HID", "ACPI0007");
		aml_name_int(a, "_UID", cpu);
	}
	aml_name_buffer(a, "_MAT", madt, acpi_madt_cpu(conf, cpu, true, madt));
	aml_text(a, "method _STA 0 serialized { return CPST %u }", cpu);
	aml_text(a, "method _OST 3 serialized { CPOS %u Arg0 Arg1 }", cpu);
	/* The one that boots stays. */
	if (cpu > 0)
		aml_text(a, "method _EJ0 1 { CPEX %u }", cpu);
	if (acpi_has_numa(conf))
		aml_name_int(a, "_PXM", conf->numa->cpu[cpu]);
	aml_close(a);
}

/* Sends event Arg1 to processor Arg0. */
static void add_notifier(struct aml *a, unsigned max_cpus)
{
	unsigned cpu;
	char name[5];

	aml_method(a, "CPNT", 2);
	for (cpu = 0; cpu < max_cpus; cpu++)
		aml_text(a, "if equal Arg0 %u { notify %s Arg1 }", cpu,
			 cpu_name(name, cpu));
	aml_close(a);
}

static void add_status_methods(struct aml *a)
{
	/* Ends the old bitmap. */
	aml_text(a, "method _INI 0 serialized { store 0 CPSL }");
	/* Is processor Arg0 there? */
	aml_text(a,
		 "method CPST 1 serialized {"
		 "	store 0 Local0"
		 "	acquire CPLK"
		 "	store Arg0 CPSL"
		 "	if CPEN { store %u Local0 }"
		 "	release CPLK"
		 "	return Local0"
		 "}",
		 ACPI_STA_PRESENT);
	/* Of processor Arg0: event Arg1 ended with status Arg2. */
	aml_text(a,
		 "method CPOS 3 serialized {"
		 "	acquire CPLK"
		 "	store Arg0 CPSL"
		 "	store %u CPCM"
		 "	store Arg1 CPDT"
		 "	store %u CPCM"
		 "	store Arg2 CPDT"
		 "	release CPLK"
		 "}",
		 CPU_HOTPLUG_OST_EVENT, CPU_HOTPLUG_OST_STATUS);
}

static void add_hotplug_methods(struct aml *a)
{
	/* Ejects processor Arg0. */
	aml_text(a, "method CPEX 1 serialized {"
		    "	acquire CPLK"
		    "	store Arg0 CPSL"
		    "	store 1 CPEJ"
		    "	release CPLK"
		    "}");
	/*
	 * Finds those with news, from number Local0 on.  The search wraps:
	 * one below Local0 was seen before.  One that cannot be is the answer
	 * of a board without the registers.
	 */
	aml_text(a,
		 "method CPSC 0 serialized {"
		 "	acquire CPLK"
		 "	store 0 Local0"
		 "	while less Local0 CPMX {"
		 "		store Local0 CPSL"
		 "		store %u CPCM"
		 "		store CPDT Local1"
		 "		if less Local1 Local0 { break }"
		 "		if not less Local1 CPMX { break }"
		 "		if CPIN {"
		 "			store 1 CPIN"
		 "			CPNT Local1 %u"
		 "		} else {"
		 "			if CPRM {"
		 "				store 1 CPRM"
		 "				CPNT Local1 %u"
		 "			} else {"
		 "				break"
		 "			}"
		 "		}"
		 "		add Local1 1 Local0"
		 "	}"
		 "	release CPLK"
		 "}",
		 CPU_HOTPLUG_NEXT_EVENT, ACPI_EVENT_DEVICE_CHECK,
		 ACPI_EVENT_EJECT_REQUEST);
	aml_text(a, "method \\_GPE._E02 0 { \\_SB.CPUS.CPSC }");
}

void acpi_dsdt_cpus(struct aml *a, const struct acpi_conf *conf)
{
	unsigned cpu;

	aml_device(a, "CPUS");
	aml_name_string(a, "_HID", "ACPI0010");
	aml_name_eisa_id(a, "_CID", "PNP0A05");
	aml_name_int(a, "CPMX", conf->max_cpus);
	aml_region(a, "CPIO", AML_SYSTEM_IO, ACPI_CPU_HOTPLUG_BASE,
		   CPU_HOTPLUG_REGISTERS_LEN);
	aml_field(a, "CPIO", AML_BYTE_ACCESS | AML_WRITE_ZEROS, byte_registers);
	aml_field(a, "CPIO", AML_DWORD_ACCESS | AML_PRESERVE, dword_registers);
	aml_mutex(a, "CPLK");
	add_notifier(a, conf->max_cpus);
	add_status_methods(a);
	for (cpu = 0; cpu < conf->max_cpus; cpu++)
		add_processor(a, conf, cpu);
	add_hotplug_methods(a);
	aml_close(a);
}
