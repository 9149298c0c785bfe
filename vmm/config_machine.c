/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -machine and -accel: which there are. */
#include <errno.h>
#include <string.h>

#include "vmm/cmdline.h"

#define MACHINES (sizeof(machine_names) / sizeof(*machine_names) - 1)

const struct machine_name machine_names[] = {
	{"pc", "PC with i440FX and PIIX3 (alias of pc-i440fx-7.2)"},
	{"pc-i440fx-7.2", "PC with i440FX and PIIX3 (default)"},
	{NULL, NULL},
};

/* Machines of qemu's; of some every name that begins so. */
static const char *const later[] = {
	"isapc",       "microvm",  "none",     "q35",
	"pc-i440fx-*", "pc-q35-*", "x-remote", "xenfv*",
};

static bool is_later(const char *type)
{
	size_t i, n;

	for (i = 0; i < sizeof(later) / sizeof(*later); i++) {
		n = strcspn(later[i], "*");
		if (!strncmp(type, later[i], n) && (later[i][n] || !type[n]))
			return true;
	}
	return false;
}

static int check_type(const char *type, struct error *err)
{
	const char *near;
	size_t i;

	for (i = 0; i < MACHINES; i++)
		if (!strcmp(type, machine_names[i].name))
			return 0;
	near = opt_nearest(type, machine_names, MACHINES,
			   sizeof(*machine_names));
	if (is_later(type))
		return error_set(err, ENOTSUP,
				 "-machine %s: " OPT_LATER
				 "; -machine help lists what is",
				 type);
	if (near)
		return error_set(err, EINVAL,
				 "-machine %s: there is no such machine; did "
				 "you mean %s?",
				 type, near);
	return error_set(err, EINVAL,
			 "-machine %s: there is no such machine; -machine help "
			 "lists them",
			 type);
}

/* Is kvm in a list like "kvm:tcg"? */
static bool names_kvm(const char *accels)
{
	size_t n;

	for (; *accels; accels += n + (accels[n] == ':')) {
		n = strcspn(accels, ":");
		if (n == strlen("kvm") && !strncmp(accels, "kvm", n))
			return true;
	}
	return false;
}

static int check_accel(const struct config *c, struct error *err)
{
	const char *name = c->machine.accel;
	unsigned i;

	for (i = 0; i < c->accels.n; i++) {
		name = c->accels.str[i];
		if (names_kvm(name))
			return 0;
	}
	if (!name || names_kvm(name) ||
	    (c->machine.accel && names_kvm(c->machine.accel)))
		return 0;
	return error_set(
		err, ENOTSUP,
		"-accel %s: pcvm runs guests with kvm and nothing else", name);
}

int config_check_machine(const struct config *c, struct error *err)
{
	const char *type = c->machine.type;
	int rc = 0;

	if (type && *type)
		rc = check_type(type, err);
	return rc < 0 ? rc : check_accel(c, err);
}
