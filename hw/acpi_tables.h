/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The single ACPI tables, for hw/acpi.c, which puts them together.  Each
 * function appends one table to the image.  ACPI Specification 6.4, chapter 5.
 */
#ifndef HW_ACPI_TABLES_H
#define HW_ACPI_TABLES_H

#include "hw/acpi.h"
#include "hw/aml.h"
#include "hw/blob.h"
#include "vmm/endian.h"

#define ACPI_FILE_RSDP	 "etc/acpi/rsdp"
#define ACPI_FILE_TABLES "etc/acpi/tables"
#define ACPI_FILE_LOADER "etc/table-loader"

/* Values of _STA (6.3.7). */
#define ACPI_STA_PRESENT  0x0f
#define ACPI_STA_HIDDEN	  0x0b /* works, but is not shown to the user */
#define ACPI_STA_DISABLED 0x09

/* Values to notify a device with (5.6.6). */
#define ACPI_EVENT_DEVICE_CHECK	 1
#define ACPI_EVENT_EJECT_REQUEST 3

#define ACPI_OEM_ID_LEN		 6
#define ACPI_OEM_TABLE_ID_LEN	 8

struct acpi_header {
	uint8_t signature[4];
	le32 length;
	uint8_t revision, checksum;
	uint8_t oem_id[ACPI_OEM_ID_LEN];
	uint8_t oem_table_id[ACPI_OEM_TABLE_ID_LEN];
	le32 oem_revision;
	uint8_t creator_id[4];
	le32 creator_revision;
};

/* A register in an address space (5.2.3.2). */
struct acpi_address {
	uint8_t space, bits, offset, access;
	le64 address;
};

struct acpi_image {
	const struct acpi_conf *conf;
	struct blob tables; /* the file etc/acpi/tables */
	struct blob loader; /* the file etc/table-loader */
};

/* Starts a table; returns its offset, for acpi_table_end. */
size_t acpi_table_begin(struct acpi_image *image, const char *signature,
			uint8_t revision);
/* Sets the length and has the loader compute the checksum. */
void acpi_table_end(struct acpi_image *image, size_t start);
/*
 * Stores where a table is (an offset in etc/acpi/tables) in size bytes at off,
 * and has the loader turn it into an address.
 */
void acpi_table_pointer(struct acpi_image *image, size_t off, unsigned size,
			size_t table);
/* Writes up to len characters of text, padded with spaces. */
void acpi_set_text(uint8_t *out, const char *text, size_t len);

uint32_t acpi_apic_id(const struct acpi_conf *conf, unsigned cpu);
/* Do the tables' 8-bit fields hold the CPU?  Else it is an x2APIC's. */
bool acpi_cpu_is_small(const struct acpi_conf *conf, unsigned cpu);
/* Bytes of the MADT's entry for a CPU, written to out; at most 16. */
size_t acpi_madt_cpu(const struct acpi_conf *conf, unsigned cpu, bool enabled,
		     uint8_t out[16]);

static inline bool acpi_has_numa(const struct acpi_conf *conf)
{
	return conf->numa && conf->numa->n;
}

/* Each returns the table's offset. */
size_t acpi_add_dsdt(struct acpi_image *image);
size_t acpi_add_fadt(struct acpi_image *image, size_t facs, size_t dsdt);
size_t acpi_add_madt(struct acpi_image *image);
size_t acpi_add_hpet(struct acpi_image *image);
size_t acpi_add_srat(struct acpi_image *image);
size_t acpi_add_slit(struct acpi_image *image);
size_t acpi_add_waet(struct acpi_image *image);

/* Parts of the DSDT. */
void acpi_dsdt_pci(struct aml *a, const struct acpi_conf *conf);
void acpi_dsdt_pci_hotplug(struct aml *a, const struct acpi_conf *conf);
void acpi_dsdt_isa(struct aml *a, const struct acpi_conf *conf);
void acpi_dsdt_cpus(struct aml *a, const struct acpi_conf *conf);

#endif
