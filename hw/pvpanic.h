/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port by which a guest tells of its panic. */
#ifndef HW_PVPANIC_H
#define HW_PVPANIC_H

#include "vmm/device.h"

extern const struct device_class pvpanic_class;

#endif
