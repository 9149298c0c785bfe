/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What multiboot 1 and 2 have in common.  Machine lock. */
#ifndef HW_BOOT_MULTIBOOT_H
#define HW_BOOT_MULTIBOOT_H

#include "hw/boot.h"

#define MULTIBOOT_LOADER_NAME "pcvm"

/* Text that both may tell of: 80 columns, 25 lines at 0xb8000. */
#define MULTIBOOT_TEXT_ADDR   0xb8000
#define MULTIBOOT_TEXT_WIDTH  80
#define MULTIBOOT_TEXT_HEIGHT 25
#define MULTIBOOT_TEXT_PITCH  160
#define MULTIBOOT_TEXT_BPP    16
#define MULTIBOOT_FB_TEXT     2

/* Addresses in the header instead of an ELF image's. */
struct multiboot_addresses {
	uint32_t header, load, load_end, bss_end;
};

/* at: where the header is in the file.  end: where the image ends in memory. */
int multiboot_load_addresses(const struct boot_image *img,
			     const struct multiboot_addresses *a, uint64_t at,
			     struct boot_memory *mem, gpa_t *end,
			     struct error *err);

struct multiboot_module {
	gpa_t base, text;
	uint64_t len;
};

/* Loads the modules above the kernel's end; out has room for all. */
int multiboot_load_modules(const struct boot_image *img,
			   struct boot_memory *mem, gpa_t end,
			   struct multiboot_module *out, struct error *err);

/* The kernel's name and -append, for free; NULL with the error. */
char *multiboot_cmdline(const struct boot_image *img, struct error *err);

/* KiB of RAM from 0 and from 1 MiB on. */
uint32_t multiboot_lower(const struct boot_memory *mem);
uint32_t multiboot_upper(const struct boot_memory *mem);

#endif
