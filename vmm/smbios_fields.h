/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -smbios says of the tables.  A string that is NULL, and a number that
 * is 0, is as the machine has it.  Immutable once the machine is built.
 */
#ifndef VMM_SMBIOS_FIELDS_H
#define VMM_SMBIOS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/opt.h"

#define SMBIOS_TYPES	   256
#define SMBIOS_STRINGS_MAX 255 /* of one structure: their number is a byte */
#define SMBIOS_PREFIX_MAX  100 /* letters before the number of a socket */
#define SMBIOS_HEADER_LEN  4 /* type, length of the formatted part, handle */

/* Types that the machine's tables and -smbios have to do with. */
enum smbios_type {
	SMBIOS_BIOS = 0,
	SMBIOS_SYSTEM = 1,
	SMBIOS_BOARD = 2,
	SMBIOS_CHASSIS = 3,
	SMBIOS_PROCESSOR = 4,
	SMBIOS_PORT = 8,
	SMBIOS_OEM_STRINGS = 11,
	SMBIOS_MEMORY_ARRAY = 16,
	SMBIOS_MEMORY_DEVICE = 17,
	SMBIOS_MEMORY_MAPPED = 19,
	SMBIOS_BOOT = 32,
	SMBIOS_ONBOARD = 41,
	SMBIOS_END = 127,
};

struct smbios_bios_fields {
	char *vendor, *version, *date;
	char *release; /* as written */
	uint8_t major, minor; /* of the release */
	bool uefi;
};

struct smbios_system_fields {
	char *manufacturer, *product, *version, *serial, *sku, *family;
	char *uuid; /* as written */
};

struct smbios_board_fields {
	char *manufacturer, *product, *version, *serial, *asset, *location;
};

struct smbios_chassis_fields {
	char *manufacturer, *version, *serial, *asset, *sku;
};

struct smbios_processor_fields {
	char *socket, *manufacturer, *version, *serial, *asset, *part;
	uint16_t max_speed, speed; /* MHz */
	uint64_t id;
};

struct smbios_port_fields {
	char *internal, *external;
	uint8_t connector, kind;
};

struct smbios_memory_fields {
	char *locator, *bank, *manufacturer, *serial, *asset, *part;
	uint16_t speed;
};

struct smbios_onboard_fields {
	char *designation;
	int kind; /* one less than the table's number for it */
	uint8_t instance;
	char *device; /* id of the PCI device; NULL: none is named */
};

/* Structures as they were in a file: well formed, the end not among them. */
struct smbios_file {
	uint8_t *data;
	size_t len;
};

struct smbios_fields {
	struct smbios_bios_fields bios;
	struct smbios_system_fields system;
	struct smbios_board_fields board;
	struct smbios_chassis_fields chassis;
	struct smbios_processor_fields processor;
	struct smbios_memory_fields memory;
	struct smbios_port_fields *ports;
	unsigned nports;
	struct smbios_onboard_fields *onboard;
	unsigned nonboard;
	struct str_list oem_strings;
	struct smbios_file *files;
	unsigned nfiles;
	bool given[SMBIOS_TYPES]; /* by fields */
	bool from_file[SMBIOS_TYPES]; /* these replace the machine's own */
};

#endif
