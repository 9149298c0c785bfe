/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control port A. */
#ifndef HW_PORT92_H
#define HW_PORT92_H

#include "vmm/device.h"

extern const struct device_class port92_class;

#endif
