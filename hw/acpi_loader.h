/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script for the firmware's table loader: which files to place in memory,
 * which pointers to relocate, which checksums to compute.
 * Interface: the BIOS linker/loader of QEMU's documentation.
 */
#ifndef HW_ACPI_LOADER_H
#define HW_ACPI_LOADER_H

#include "hw/blob.h"

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
