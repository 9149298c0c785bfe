/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm: from the command line to a running machine, or to another program. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vmm/background.h"
#include "vmm/config.h"
#include "vmm/log.h"
#include "vmm/program.h"
#include "vmm/vm.h"

static const char *const families[] = {"pcvm-", "qemu-"};

#define FAMILIES (sizeof(families) / sizeof(*families))

/* Does called end with pcvm-NAME or qemu-NAME? */
static bool is_called(const char *called, const char *name)
{
	size_t n = strlen(called), len = strlen(name), i, family;

	for (i = 0; i < FAMILIES; i++) {
		family = strlen(families[i]);
		if (n >= family + len && !strcmp(called + n - len, name) &&
		    !strncmp(called + n - len - family, families[i], family))
			return true;
	}
	return false;
}

static const struct program *find_by_name(const char *called)
{
	const struct program *p = programs;

	while (p->name && !is_called(called, p->name))
		p++;
	return p->name ? p : NULL;
}

/* "pcvm NAME"; a qemu's first argument may be the name of a disk. */
static const struct program *find_by_argument(const char *called,
					      const char *argument)
{
	const struct program *p = programs;

	while (p->name && strcmp(argument, p->name) != 0)
		p++;
	return p->name && !strcmp(called, "pcvm") ? p : NULL;
}

static int run_machine(int argc, char **argv)
{
	struct error err = {0};
	struct config conf;
	struct background bg = {.fd = -1, .null = -1};
	int rc = config_parse(&conf, argc, argv, &err), status = 0;

	log_prefix(conf.msg.timestamp,
		   conf.msg.guest_name ? conf.name.guest : NULL);
	if (rc == 0 && conf.daemonize)
		rc = background_fork(&bg, &status, &err);
	if (rc == 0)
		status = vm_run(&conf, &bg, &err);
	else if (rc < 0)
		status = 1;
	if (err.code)
		log_info("%s", err.msg);
	background_fail(&bg);
	log_prefix(false, NULL);
	config_free(&conf);
	return status;
}

int main(int argc, char **argv)
{
	const char *called = argc ? strrchr(argv[0], '/') : NULL;
	const struct program *p;

	called = called ? called + 1 : argc ? argv[0] : "pcvm";
	p = find_by_name(called);
	if (p)
		return p->main(argc, argv);
	p = argc > 1 ? find_by_argument(called, argv[1]) : NULL;
	return p ? p->main(argc - 1, argv + 1) : run_machine(argc, argv);
}
