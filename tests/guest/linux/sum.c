/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32, bit by bit into a table. */
#include "sum.h"

#define POLYNOMIAL 0xedb88320u

void sum_start(struct sum *sum)
{
	sum->crc = 0;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
		sum->table[i] = c;
	}
}

void sum_add(struct sum *sum, const uint8_t *data, size_t len)
{
	uint32_t crc = ~sum->crc;

	while (len--)
		crc = crc >> 8 ^ sum->table[(crc ^ *data++) & 0xff];
	sum->crc = ~crc;
}
