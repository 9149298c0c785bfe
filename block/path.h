/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of images: protocols before them. */
#ifndef BLOCK_PATH_H
#define BLOCK_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/error.h"

/* Of "nbd:...": "nbd", *len letters; NULL for the name of a file. */
const char *blk_path_protocol(const char *name, size_t *len);
/* Is it a file, or of a protocol that there is? */
int blk_path_check(const char *name, struct error *err);
/* Without "file:". */
const char *blk_path_plain(const char *name);
/* Are both names of one file that there is? */
bool blk_same_file(const char *a, const char *b);

#endif
