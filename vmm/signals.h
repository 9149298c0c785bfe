/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM and SIGHUP end the machine in order. */
#ifndef VMM_SIGNALS_H
#define VMM_SIGNALS_H

#include "vmm/error.h"

struct machine;
struct signals;

/*
 * Blocks the signals in the calling thread (and those that it starts) and has
 * the main loop take them.  NULL on error.
 */
struct signals *signals_init(struct machine *m, struct error *err);
void signals_fini(struct signals *s);

#endif
