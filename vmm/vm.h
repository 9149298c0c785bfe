/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine's life: built, run, ended. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "vmm/error.h"

struct background;
struct config;
struct machine;

/* What builds the machines of -machine (vmm/tables.c). */
struct machine_class {
	const char *name;
	int (*build)(struct machine *m, struct error *err);
};

/* The first is the default; ends with a NULL name. */
extern const struct machine_class machine_classes[];

/*
 * Runs the VM to its end, and tells bg when it runs.  Returns the exit status;
 * 1 with err filled.
 */
int vm_run(const struct config *conf, struct background *bg, struct error *err);

#endif
