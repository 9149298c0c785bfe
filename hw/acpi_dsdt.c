/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Differentiated System Description Table: its frame, the sleep states,
 * and what is not a device of one bus.  ACPI Specification 6.4, section 5.2.11
 * and chapter 7.
 */
#include "hw/acpi_tables.h"

#define DSDT_REVISION 1 /* integers of 32 bits, for guests of all ages */

#define HPET_LEN      0x400

/* The values for SLP_TYP of the PIIX4's PM1 control register. */
static void add_sleep_state(struct aml *a, const char *name, uint8_t type)
{
	const uint8_t values[] = {type, type, 0, 0};

	aml_name_bytes(a, name, values, sizeof(values));
}

static void add_sleep_states(struct aml *a, const struct acpi_conf *conf)
{
	if (conf->s3)
		add_sleep_state(a, "\\_S3", 1);
	if (conf->s4)
		add_sleep_state(a, "\\_S4", 2);
	add_sleep_state(a, "\\_S5", 0);
}

static void add_hpet_device(struct aml *a)
{
	aml_device(a, "HPET");
	aml_name_eisa_id(a, "_HID", "PNP0103");
	aml_name_int(a, "_UID", 0);
	aml_resources(a, "_CRS");
	aml_res_memory32(a, ACPI_HPET_BASE, HPET_LEN);
	aml_resources_end(a);
	aml_close(a);
}

size_t acpi_add_dsdt(struct acpi_image *image)
{
	size_t start = acpi_table_begin(image, "DSDT", DSDT_REVISION);
	const struct acpi_conf *conf = image->conf;
	struct aml a;

	aml_init(&a, &image->tables);
	add_sleep_states(&a, conf);
	aml_scope(&a, "\\_SB");
	acpi_dsdt_pci(&a, conf);
	if (conf->hpet)
		add_hpet_device(&a);
	acpi_dsdt_cpus(&a, conf);
	aml_close(&a);
	acpi_table_end(image, start);
	return start;
}
