/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -sandbox: system calls that the process is never to make, seccomp(2). */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

#include <stdbool.h>

#include "vmm/error.h"

/* What becomes of a kind of calls; the last is for elevateprivileges= only. */
enum sandbox_choice { SANDBOX_ALLOW, SANDBOX_DENY, SANDBOX_CHILDREN };

struct sandbox_conf {
	bool enable;
	int obsolete, elevate, spawn, resource; /* enum sandbox_choice */
};

/* For all threads there are and will be; after no_new_privs. */
int sandbox_enter(const struct sandbox_conf *conf, struct error *err);

#endif
