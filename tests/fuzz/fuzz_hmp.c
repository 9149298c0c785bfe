/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the human monitor: keys, lines, commands. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/monitor_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	monitor_feed(false, "", data, size, SIZE_MAX);
	return 0;
}
