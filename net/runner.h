/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that makes taps and runs their scripts.
 *
 * It can be asked for two things: to make an interface and run its script, and
 * to run the downscript of one that it made.  When who asks has gone, however
 * that came, it runs the downscripts that are left, and ends.
 */
#ifndef NET_RUNNER_H
#define NET_RUNNER_H

#include "net/tap.h"
#include "vmm/runner.h"

extern const struct runner_class net_runner;

/* As tap_start, which see; main loop. */
int runner_start_tap(struct runner *r, const struct tap_conf *conf,
		     struct tap_files *files, struct error *err);
int runner_stop_tap(struct runner *r, const char *ifname, struct error *err);

#endif
