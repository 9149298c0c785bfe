/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm: from the command line to a running machine. */
#include <stdio.h>

#include "build.h"

int main(void)
{
	printf("pcvm %s\n", PCVM_VERSION);
	return 0;
}
