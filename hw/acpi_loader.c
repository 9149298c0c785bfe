/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script for the firmware's table loader. */
#include "hw/acpi_loader.h"

#include <assert.h>
#include <string.h>

#include "vmm/endian.h"

#define NAME_SIZE  56 /* with the zero */
#define ENTRY_SIZE 128

enum { CMD_ALLOCATE = 1, CMD_POINTER = 2, CMD_CHECKSUM = 3 };

struct entry {
	le32 command;
	char file[NAME_SIZE];
	union {
		struct {
			le32 align;
			uint8_t zone;
		} allocate;
		struct {
			char target[NAME_SIZE];
			le32 off;
			uint8_t size;
		} pointer;
		struct {
			le32 off, start, len;
		} checksum;
		uint8_t pad[ENTRY_SIZE - sizeof(le32) - NAME_SIZE];
	};
};

static_assert(sizeof(struct entry) == ENTRY_SIZE, "entry of the loader");

static void set_name(char name[NAME_SIZE], const char *text)
{
	size_t len = strlen(text);

	assert(len < NAME_SIZE);
	memcpy(name, text, len + 1);
}

static void add(struct blob *script, struct entry *entry, unsigned command,
		const char *file)
{
	entry->command = le32_of(command);
	set_name(entry->file, file);
	blob_add(script, entry, sizeof(*entry));
}

void acpi_loader_allocate(struct blob *script, const char *file, uint32_t align,
			  enum acpi_loader_zone zone)
{
	struct entry entry = {0};

	entry.allocate.align = le32_of(align);
	entry.allocate.zone = zone;
	add(script, &entry, CMD_ALLOCATE, file);
}

void acpi_loader_pointer(struct blob *script, const char *file, uint32_t off,
			 unsigned size, const char *target)
{
	struct entry entry = {0};

	set_name(entry.pointer.target, target);
	entry.pointer.off = le32_of(off);
	entry.pointer.size = size;
	add(script, &entry, CMD_POINTER, file);
}

void acpi_loader_checksum(struct blob *script, const char *file, uint32_t off,
			  uint32_t start, uint32_t len)
{
	struct entry entry = {0};

	entry.checksum.off = le32_of(off);
	entry.checksum.start = le32_of(start);
	entry.checksum.len = le32_of(len);
	add(script, &entry, CMD_CHECKSUM, file);
}
