/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scripts that tie an interface to the host's network. */
#ifndef NET_SCRIPT_H
#define NET_SCRIPT_H

#include "vmm/error.h"

/*
 * Runs path with the interface's name as its one argument and waits for it;
 * a status other than 0 is an error.  Main loop.
 */
int net_run_script(const char *path, const char *ifname, struct error *err);

#endif
