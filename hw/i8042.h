/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard controller. */
#ifndef HW_I8042_H
#define HW_I8042_H

#include "vmm/device.h"

/* Regions: data, command.  irq[0]: keyboard, irq[1]: second port. */
extern const struct device_class i8042_class;

#endif
