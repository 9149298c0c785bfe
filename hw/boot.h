/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that are booted directly: what -kernel, -initrd and -append name is
 * recognised, loaded into guest memory, and the place and state to enter it in
 * come out.  Independent of the machine: hw/pc_boot.c does what is a PC's.
 * Machine lock.
 */
#ifndef HW_BOOT_H
#define HW_BOOT_H

#include "hw/boot_memory.h"
#include "vmm/vcpu_entry.h"

#define BOOT_MODULES_MAX 64
#define BOOT_MODULE_PAGE UINT64_C(0x1000)
#define BOOT_RSDP_MAX	 36

struct boot_image;

/* Memory below 1 MiB that loaders choose places in for what is small. */
#define BOOT_LOW_FIRST UINT64_C(0x1000)
#define BOOT_LOW_END   UINT64_C(0xa0000)
#define BOOT_HIGH      UINT64_C(0x100000)
#define BOOT_4G	       (UINT64_C(1) << 32)

/* What firmware would tell a kernel. */
struct boot_firmware {
	uint64_t rsdp; /* 0: no ACPI */
	uint8_t rsdp_copy[BOOT_RSDP_MAX];
	unsigned rsdp_len;
	bool text_mode; /* a VGA shows text mode 3 */
};

struct boot_loader {
	const char *name;
	bool modules; /* -initrd is a list, with arguments */
	/*
	 * Is it an image for this loader?  Fills what load needs.  Returns 1,
	 * or 0 when it is not, or an error when it is but cannot be booted.
	 */
	int (*probe)(struct boot_image *img, struct error *err);
	/* Fills memory and entry (without tables); may be called again. */
	int (*load)(const struct boot_image *img, struct boot_memory *mem,
		    const struct boot_firmware *fw, struct vcpu_entry *entry,
		    struct error *err);
};

struct boot_module {
	struct boot_file file;
	char *text; /* of a list: file name and arguments, as given */
};

struct boot_image {
	const struct boot_loader *loader;
	struct boot_file kernel;
	const char *kernel_name, *append; /* not owned */
	struct boot_module module[BOOT_MODULES_MAX];
	unsigned nmodules;
	/* Only the image's own real-mode code can start it. */
	bool needs_firmware;
	uint64_t header; /* offset of the multiboot header */
};

extern const struct boot_loader boot_linux, boot_multiboot, boot_multiboot2,
	boot_pvh;

/*
 * Opens the files.  append and initrd may be NULL; all strings must stay.
 * Errors are about -kernel, -initrd or -append, and say which.
 */
int boot_image_open(struct boot_image *img, const char *kernel,
		    const char *initrd, const char *append, struct error *err);
void boot_image_close(struct boot_image *img);
/* Which loader img->kernel is for; all else but append may be zero. */
int boot_image_recognise(struct boot_image *img, struct error *err);

/* Loads it and fills the tables that entry needs. */
int boot_image_load(const struct boot_image *img, struct boot_memory *mem,
		    const struct boot_firmware *fw, struct vcpu_entry *entry,
		    struct error *err);

/* For loaders. */

/* Something small of len bytes somewhere below 1 MiB, or an error. */
int boot_take_low(struct boot_memory *mem, uint64_t len, uint64_t align,
		  gpa_t *gpa, struct error *err);
/* The same for what is copied there. */
int boot_put_low(struct boot_memory *mem, const void *data, size_t len,
		 gpa_t *gpa, struct error *err);
/* Loads a module as high as it may be, below end. */
int boot_put_module(const struct boot_module *module, struct boot_memory *mem,
		    gpa_t end, gpa_t *gpa, struct error *err);

#endif
