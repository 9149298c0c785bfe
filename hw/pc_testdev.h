/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA device of kvm-unit-tests. */
#ifndef HW_PC_TESTDEV_H
#define HW_PC_TESTDEV_H

#include "vmm/device.h"

/* Regions, and where kvm-unit-tests look for them. */
enum {
	PC_TESTDEV_LATCH, /* ports */
	PC_TESTDEV_FLUSH,
	PC_TESTDEV_LATCH_BYTES,
	PC_TESTDEV_LINES,
	PC_TESTDEV_MEMORY, /* memory-mapped */
	PC_TESTDEV_REGIONS
};

#define PC_TESTDEV_IRQS 24 /* outputs: interrupts by their GSIs */

extern const struct device_class pc_testdev_class;

#endif
