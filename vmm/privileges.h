/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities, which a running machine does without: capabilities(7).
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

/*
 * Before there are threads: nothing that is executed from here on gains
 * privileges (no_new_privs).
 */
int privileges_begin(struct error *err);
/* While the host's file names can be seen. */
void privileges_prepare(struct privileges *p);
/* All threads' of this process; closes p. */
int privileges_drop(struct privileges *p, struct error *err);

#endif
