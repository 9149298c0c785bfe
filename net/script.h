/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that tie an interface to the host's network. */
#ifndef NET_SCRIPT_H
#define NET_SCRIPT_H

#include <stdbool.h>

#include "vmm/error.h"

#define NET_PROGRAM_FD 3

/*
 * Runs a program, what errors call kind, and waits for it; a status other than
 * 0 is an error.  fd, if it is not -1, is its NET_PROGRAM_FD.  The program is
 * ended once told says that we are to end.
 */
int net_run_program(const char *kind, const char *const argv[], int fd,
		    bool (*told)(void *ctx), void *ctx, struct error *err);

/*
 * Runs path with the interface's name as its one argument and waits for it;
 * a status other than 0 is an error.  told and ctx as above.
 */
int net_run_script(const char *path, const char *ifname,
		   bool (*told)(void *ctx), void *ctx, struct error *err);
/* One for told: by a signal that waits.  ctx is not looked at. */
bool net_told_to_end(void *ctx);

#endif
