/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script for the firmware's table loader. */
#include "hw/acpi_loader.h"

#include <assert.h>
#include <string.h>

static void set_name(char name[ACPI_LOADER_NAME], const char *text)
{
	size_t len = strlen(text);

	assert(len < ACPI_LOADER_NAME);
	memcpy(name, text, len + 1);
}

static void add(struct blob *script, struct acpi_loader_entry *entry,
		unsigned command, const char *file)
{
	entry->command = le32_of(command);
	set_name(entry->file, file);
	blob_add(script, entry, sizeof(*entry));
}

void acpi_loader_allocate(struct blob *script, const char *file, uint32_t align,
			  enum acpi_loader_zone zone)
{
	struct acpi_loader_entry entry = {0};

	entry.allocate.align = le32_of(align);
	entry.allocate.zone = zone;
	add(script, &entry, ACPI_LOADER_ALLOCATE, file);
}

void acpi_loader_pointer(struct blob *script, const char *file, uint32_t off,
			 unsigned size, const char *target)
{
	struct acpi_loader_entry entry = {0};

	set_name(entry.pointer.target, target);
	entry.pointer.off = le32_of(off);
	entry.pointer.size = size;
	add(script, &entry, ACPI_LOADER_POINTER, file);
}

void acpi_loader_checksum(struct blob *script, const char *file, uint32_t off,
			  uint32_t start, uint32_t len)
{
	struct acpi_loader_entry entry = {0};

	entry.checksum.off = le32_of(off);
	entry.checksum.start = le32_of(start);
	entry.checksum.len = le32_of(len);
	add(script, &entry, ACPI_LOADER_CHECKSUM, file);
}
