/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process beside the machine's that keeps the privileges of the start, for
 * the few things that take them later: making taps, and their scripts.
 */
#ifndef VMM_RUNNER_H
#define VMM_RUNNER_H

#include <stdbool.h>

#include "vmm/error.h"

struct opt_list;
struct runner;

/* What it goes by; outlives it. */
struct runner_conf {
	const struct opt_list **netdevs;
	unsigned n;
	bool confined; /* the machine's process will be somebody else */
};

struct runner_class {
	/*
	 * Before there are threads, files and memory that it would share.
	 * NULL without an error: none of the networks needs one.
	 */
	struct runner *(*start)(const struct runner_conf *conf,
				struct error *err);
	/* -daemonize: leaves stdout and stderr.  r may be NULL. */
	void (*detach)(struct runner *r);
	/* Waits for it; r may be NULL. */
	void (*end)(struct runner *r);
};

/* vmm/tables.c */
extern const struct runner_class *const runner_class;

#endif
