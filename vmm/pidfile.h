/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -pidfile: a file with the process's number, held while it runs. */
#ifndef VMM_PIDFILE_H
#define VMM_PIDFILE_H

#include "vmm/error.h"

struct pidfile {
	char *path; /* absolute; NULL: there is none */
	int fd; /* holds the lock */
};

/*
 * Creates the file and locks it; -EAGAIN, which names the holder, when another
 * process has it.  The lock is this process's: after any fork.
 */
int pidfile_create(struct pidfile *p, const char *path, struct error *err);
/* After chroot to root, an absolute path: a file outside of it will stay. */
void pidfile_rebase(struct pidfile *p, const char *root);
void pidfile_remove(struct pidfile *p);

#endif
