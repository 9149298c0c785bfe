/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines whose ACPI tables the tests look at. */
#ifndef TESTS_DEVICE_ACPI_CONFS_H
#define TESTS_DEVICE_ACPI_CONFS_H

#include "hw/acpi.h"

struct acpi_test_conf {
	const char *name;
	struct acpi_conf conf;
};

extern const struct acpi_test_conf acpi_test_confs[];
extern const unsigned acpi_test_nconfs;

/* The one named so. */
const struct acpi_conf *acpi_test_conf(const char *name);

#endif
