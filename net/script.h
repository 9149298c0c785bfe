/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that tie an interface to the host's network. */
#ifndef NET_SCRIPT_H
#define NET_SCRIPT_H

#include "vmm/error.h"

#define NET_PROGRAM_FD 3

/*
 * Runs a program, what errors call kind, and waits for it; a status other than
 * 0 is an error.  fd, if it is not -1, is its NET_PROGRAM_FD.  Main loop.
 */
int net_run_program(const char *kind, const char *const argv[], int fd,
		    struct error *err);

/*
 * Runs path with the interface's name as its one argument and waits for it;
 * a status other than 0 is an error.  Main loop.
 */
int net_run_script(const char *path, const char *ifname, struct error *err);

#endif
