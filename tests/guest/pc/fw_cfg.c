/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the test guest reads of fw_cfg: the boot order. */
#include "io.h"

#define SELECTOR  0x510
#define DATA	  0x511
#define DIRECTORY 0x19
#define NAME_LEN  56

static uint32_t read_be(unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | in8(DATA);
	return v;
}

/* Reads the name of an entry whole. */
static int is_named(const char *name)
{
	int same = 1;
	unsigned i, end = 0;
	char c;

	for (i = 0; i < NAME_LEN; i++) {
		c = (char)in8(DATA);
		if (!end && c != name[i])
			same = 0;
		end |= !c;
	}
	return same;
}

/* Selects the file; its length, 0 if it is not there. */
static uint32_t find(const char *name)
{
	uint32_t n, len;
	uint16_t key;

	out16(SELECTOR, DIRECTORY);
	for (n = read_be(4); n; n--) {
		len = read_be(4);
		key = (uint16_t)read_be(2);
		read_be(2);
		if (is_named(name)) {
			out16(SELECTOR, key);
			return len;
		}
	}
	return 0;
}

void boot_order(void)
{
	uint32_t len = find("bootorder");
	char c[2] = "";

	while (len--) {
		c[0] = (char)in8(DATA);
		if (c[0] == '\n')
			say("\r");
		say(c);
	}
	say("\r\n");
}
