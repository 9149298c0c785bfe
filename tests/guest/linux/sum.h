/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32 as zlib has it, so that a test on the host can compute it. */
#ifndef SUM_H
#define SUM_H

#include <stddef.h>
#include <stdint.h>

struct sum {
	uint32_t crc;
	uint32_t table[256];
};

void sum_start(struct sum *sum);
void sum_add(struct sum *sum, const uint8_t *data, size_t len);

#endif
