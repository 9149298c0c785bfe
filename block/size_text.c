/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes for people. */
#include "block/size_text.h"

#include <stdio.h>

void blk_size_text(uint64_t bytes, char text[BLK_SIZE_TEXT])
{
	static const char *const units[] = {"",	  "Ki", "Mi", "Gi",
					    "Ti", "Pi", "Ei"};
	double n = (double)bytes;
	unsigned i = 0;

	while (n >= 1000) {
		n /= 1024;
		i++;
	}
	snprintf(text, BLK_SIZE_TEXT, "%.3g %sB", n, units[i]);
}
