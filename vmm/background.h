/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -daemonize: the machine runs in a process of the background, and the one
 * that was started waits until it does.
 */
#ifndef VMM_BACKGROUND_H
#define VMM_BACKGROUND_H

#include "vmm/error.h"

struct background {
	int fd; /* to who waits; -1: nobody does */
	int null; /* /dev/null, which chroot may hide */
};

/*
 * Goes on in a process of its own, without a terminal.  Before there are
 * threads.  Returns 0 there; 1 where it was called, when the other is in the
 * background or has failed: then *status is what to exit with.
 */
int background_fork(struct background *bg, int *status, struct error *err);
/*
 * The machine runs: ends the waiting, and leaves stdin, stdout and stderr.
 * -EPIPE when nobody waits any more.  Nothing to do in the foreground.
 */
int background_tell(struct background *bg, struct error *err);
/* It failed, and has said why. */
void background_fail(struct background *bg);

#endif
