/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels are compressed in one of several ways; the host is faster at undoing
 * that than a guest.  Any thread.
 */
#ifndef VMM_DECOMPRESS_H
#define VMM_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

/*
 * Decompresses len bytes whose format they tell themselves to at most max
 * bytes.  *data is the caller's to free.  -ENOTSUP when the format is unknown
 * or its library is not there, -EFBIG when there is more, -EINVAL for damage.
 */
int decompress(const uint8_t *in, size_t len, size_t max, uint8_t **data,
	       size_t *data_len, struct error *err);

#endif
