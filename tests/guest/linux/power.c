/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to end. */
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "guest.h"

static const struct {
	const char *name;
	int command;
} ways[] = {
	{"poweroff", RB_POWER_OFF},
	{"reboot", RB_AUTOBOOT},
	{"halt", RB_HALT_SYSTEM},
};

static int power(int argc, char **argv)
{
	sync();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[0], ways[i].name) == 0)
			reboot(ways[i].command);
	return guest_fail("still here");
}

const struct guest_test power_tests[] = {
	{"poweroff", power, "ends the machine"},
	{"reboot", power, "restarts it"},
	{"halt", power, "stops it"},
	{NULL},
};
