/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes QMP: JSON and junk, in pieces of any size. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/monitor_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] : 1;

	monitor_feed(true, "{\"execute\": \"qmp_capabilities\"}\n", data, size,
		     piece);
	return 0;
}
