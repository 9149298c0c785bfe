/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -device bootindex= asks firmware to boot from. */
#ifndef HW_BOOT_ORDER_H
#define HW_BOOT_ORDER_H

#include <stdbool.h>

#include "vmm/error.h"

struct machine;

/*
 * The file bootorder of fw_cfg: a line for each device with a bootindex, the
 * lowest first; first (or NULL) is bootindex 0.  strict: after them firmware
 * tries nothing else.  To be freed; NULL: an error, of an index that two have
 * among others.  Machine lock.
 */
char *boot_order_build(const struct machine *m, const char *first, bool strict,
		       struct error *err);

#endif
