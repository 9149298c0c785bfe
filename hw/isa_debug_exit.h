/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port that ends the program. */
#ifndef HW_ISA_DEBUG_EXIT_H
#define HW_ISA_DEBUG_EXIT_H

#include "vmm/device.h"

extern const struct device_class isa_debug_exit_class;

#endif
