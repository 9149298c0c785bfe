/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -machine and -accel: which there are. */
#include <errno.h>
#include <string.h>

#include "vmm/cmdline.h"

#define MACHINES (sizeof(machine_names) / sizeof(*machine_names) - 1)

const struct machine_name machine_names[] = {
	{.name = "none", .desc = "monitors, and nothing to run", .cpus = 1},
	{.name = "pc",
	 .desc = "PC with i440FX and PIIX3 (alias of pc-i440fx-7.2)",
	 .alias_of = "pc-i440fx-7.2"},
	{.name = "pc-i440fx-7.2",
	 .desc = "PC with i440FX and PIIX3 (default)",
	 .cpus = SMP_CPUS_MAX,
	 .is_pc = true},
	{.name = NULL},
};

/* Machines of qemu's that are not here, and families that have versions. */
static const char *const later[] = {"isapc", "microvm", "q35", "x-remote",
				    "xenfv"};
static const char *const families[] = {"pc-i440fx-", "pc-q35-", "xenfv-"};
static const char *const versions[] = {
	"1.4",	"1.5", "1.6", "1.7", "2.0",   "2.1", "2.2",  "2.3",
	"2.4",	"2.5", "2.6", "2.7", "2.8",   "2.9", "2.10", "2.11",
	"2.12", "3.0", "3.1", "4.0", "4.0.1", "4.1", "4.2",  "5.0",
	"5.1",	"5.2", "6.0", "6.1", "6.2",   "7.0", "7.1",  "7.2",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_among(const char *word, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

static bool is_later(const char *type)
{
	size_t i, n;

	for (i = 0; i < COUNT(families); i++) {
		n = strlen(families[i]);
		if (!strncmp(type, families[i], n))
			return is_among(type + n, versions, COUNT(versions));
	}
	return is_among(type, later, COUNT(later));
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
