/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes a CD-ROM drive at an IDE channel. */
#include "tests/fuzz/drive_board.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ide_steps(data, size, true);
	return 0;
}
