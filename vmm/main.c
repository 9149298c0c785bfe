/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm: from the command line to a running machine. */
#include <stdio.h>

#include "vmm/config.h"
#include "vmm/vm.h"

int main(int argc, char **argv)
{
	struct error err = {0};
	struct config conf;
	int rc = config_parse(&conf, argc, argv, &err), status = 0;

	if (rc == 0)
		status = vm_run(&conf, &err);
	else if (rc < 0)
		status = 1;
	if (err.code)
		fprintf(stderr, "pcvm: %s\n", err.msg);
	config_free(&conf);
	return status;
}
