/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that build SMBIOS tables.  Machine lock. */
#ifndef HW_SMBIOS_TABLES_H
#define HW_SMBIOS_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "hw/blob.h"
#include "hw/smbios.h"
#include "vmm/endian.h"

#define SMBIOS_DEFAULT_MANUFACTURER "QEMU"
#define SMBIOS_DEFAULT_PRODUCT	    "Standard PC (i440FX + PIIX, 1996)"
#define SMBIOS_DEFAULT_VERSION	    "pc-i440fx-7.2"

/* The first handle of each kind has its type in the high byte. */
#define SMBIOS_HANDLE(type) ((type) << 8)

struct smbios_header {
	uint8_t type, len;
	le16 handle;
};

struct smbios_tables {
	const struct smbios_conf *conf;
	struct blob blob;
	size_t largest;
	unsigned count;
};

/* Those of one structure, which numbers them from 1 on. */
struct smbios_strings {
	const char *text[SMBIOS_STRINGS_MAX];
	unsigned n;
};

/*
 * The number of one more string, or 0 if it is empty.  text is NULL for what
 * the user does not say: then it is dflt, which may be NULL, too.
 */
uint8_t smbios_string(struct smbios_strings *s, const char *text,
		      const char *dflt);

/*
 * Adds a structure of len bytes, and its strings, which may be NULL.  Fills
 * the header: the handle is number n of its type.
 */
void smbios_add(struct smbios_tables *t, enum smbios_type type, unsigned n,
		void *structure, size_t len, const struct smbios_strings *s);

/* Each adds all tables of a type. */
void smbios_add_bios(struct smbios_tables *t);
void smbios_add_system(struct smbios_tables *t);
void smbios_add_board(struct smbios_tables *t);
void smbios_add_chassis(struct smbios_tables *t);
void smbios_add_ports(struct smbios_tables *t);
void smbios_add_oem_strings(struct smbios_tables *t);
void smbios_add_onboard(struct smbios_tables *t);
void smbios_add_processors(struct smbios_tables *t);
void smbios_add_memory_array(struct smbios_tables *t);
void smbios_add_memory_devices(struct smbios_tables *t);
void smbios_add_memory_mapped(struct smbios_tables *t);

#endif
