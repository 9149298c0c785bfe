/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for device tests that is late with its answers, gives them in another
 * order, or fails one of them: a node in place of the image's file.
 */
#ifndef TESTS_DEVICE_SLOW_HOST_H
#define TESTS_DEVICE_SLOW_HOST_H

#include "block/block.h"

/* Of the requests since host_plan, counted from 0. */
struct host_plan {
	unsigned at; /* this one ... */
	int error; /* fails, if not 0 */
	unsigned late_us; /* ends so late */
	bool backwards; /* of some, the last ends first */
};

/* The file below the front end's image is such a host from now on. */
void host_take(struct blk_front *front);
void host_plan(const struct host_plan *plan);
/* Both, so that of some requests the last ends first. */
void host_turn_round(struct blk_front *front);
/* How many requests have come since. */
unsigned host_begun(void);

#endif
