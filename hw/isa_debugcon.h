/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port that firmware prints to. */
#ifndef HW_ISA_DEBUGCON_H
#define HW_ISA_DEBUGCON_H

#include "vmm/device.h"

/* Class isa-debugcon; region 0: the port. */
extern const struct device_class isa_debugcon_class;

#endif
