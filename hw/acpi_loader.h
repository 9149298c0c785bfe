/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script for the firmware's table loader: which files to place in memory,
 * which pointers to relocate, which checksums to compute.
 * Interface: the BIOS linker/loader of QEMU's documentation.
 */
#ifndef HW_ACPI_LOADER_H
#define HW_ACPI_LOADER_H

#include <assert.h>

#include "hw/blob.h"
#include "vmm/endian.h"

#define ACPI_LOADER_NAME 56 /* of a file, with the zero */
#define ACPI_LOADER_SIZE 128 /* of an entry */

enum {
	ACPI_LOADER_ALLOCATE = 1,
	ACPI_LOADER_POINTER = 2,
	ACPI_LOADER_CHECKSUM = 3,
};

struct acpi_loader_entry {
	le32 command;
	char file[ACPI_LOADER_NAME];
	union {
		struct {
			le32 align;
			uint8_t zone;
		} allocate;
		struct {
			char target[ACPI_LOADER_NAME];
			le32 off;
			uint8_t size;
		} pointer;
		struct {
			le32 off, start, len;
		} checksum;
		uint8_t pad[ACPI_LOADER_SIZE - sizeof(le32) - ACPI_LOADER_NAME];
	};
};

static_assert(sizeof(struct acpi_loader_entry) == ACPI_LOADER_SIZE,
	      "entry of the loader");

enum acpi_loader_zone {
	ACPI_ZONE_HIGH = 1, /* anywhere below 4 GiB */
	ACPI_ZONE_FSEG = 2, /* the F segment, where it is searched for */
};

/* Places a file, aligned to align (a power of two). */
void acpi_loader_allocate(struct blob *script, const char *file, uint32_t align,
			  enum acpi_loader_zone zone);
/* Adds where target was placed to the size bytes at off of file. */
void acpi_loader_pointer(struct blob *script, const char *file, uint32_t off,
			 unsigned size, const char *target);
/* Sets the byte at off so that len bytes from start sum up to 0. */
void acpi_loader_checksum(struct blob *script, const char *file, uint32_t off,
			  uint32_t start, uint32_t len);

#endif
