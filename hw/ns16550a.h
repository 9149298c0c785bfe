/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A serial port. */
#ifndef HW_NS16550A_H
#define HW_NS16550A_H

#include "vmm/device.h"

/* Class isa-serial; region 0: its eight registers, irq[0]: the interrupt. */
extern const struct device_class ns16550a_class;

#endif
