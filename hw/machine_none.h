/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -machine none: monitors, and nothing to run. */
#ifndef HW_MACHINE_NONE_H
#define HW_MACHINE_NONE_H

#include "vmm/error.h"

struct machine;

int machine_none_build(struct machine *m, struct error *err);

#endif
