/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileges, which a running machine does without: capabilities(7), and those
 * that programs have when they are executed (no_new_privs).
 *
 * The kernel keeps them for each thread, and a thread can change its own only;
 * so each is interrupted to do so.  What a library has for it (libcap-ng)
 * serves one thread, and may not be called where a signal interrupts: the one
 * system call that does it is made here.
 */
#ifndef VMM_PRIVILEGES_H
#define VMM_PRIVILEGES_H

#include <dirent.h>

#include "vmm/error.h"

struct privileges {
	DIR *threads; /* of this process; NULL: /proc is not there */
};

/* While the host's file names can be seen. */
void privileges_prepare(struct privileges *p);
/* All threads' of this process; closes p. */
int privileges_drop(struct privileges *p, struct error *err);

#endif
