/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image formats by the bytes that they begin with. */
#ifndef BLOCK_FORMATS_H
#define BLOCK_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

/* The format that the first len bytes of an image are of; NULL for raw. */
const char *format_probe(const uint8_t *buf, size_t len);
/* Is it one that qemu has? */
bool format_is_known(const char *name);
/* Says that there is no driver of that name, or why; negative. */
int format_refuse(const char *name, struct error *err);

#endif
