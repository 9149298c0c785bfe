/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of Linux's bzImage, for both ways of booting it.  Any thread. */
#ifndef HW_BOOT_LINUX_H
#define HW_BOOT_LINUX_H

#include <asm/bootparam.h>

#include "hw/boot.h"

#define LINUX_HEADER_OFFSET 0x1f1

/* Decompressed, no kernel is larger. */
#define LINUX_KERNEL_MAX (UINT64_C(1) << 30)

/* Returns 1 when the file has such a header, 0 when not. */
int linux_header_read(const struct boot_file *f, struct setup_header *h,
		      struct error *err);
/* The header's length, in a file that begins with image. */
size_t linux_header_len(const uint8_t *image);
/* Bytes of the file that are for real mode. */
uint64_t linux_setup_len(const struct setup_header *h);
/* The end of the memory where an initrd may be. */
uint64_t linux_initrd_end(const struct setup_header *h);
int linux_check_cmdline(const struct setup_header *h, const char *cmdline,
			struct error *err);

#endif
