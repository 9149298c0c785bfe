/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC: i440FX, PIIX3 and what stood on such a board. */
#ifndef HW_PC_H
#define HW_PC_H

#include "vmm/machine.h"

/*
 * Builds the machine that config describes: memory, KVM's interrupt
 * controllers, devices, firmware and its tables, vCPUs.  On failure what was
 * made is ended by machine_fini.
 */
int pc_build(struct machine *m, struct error *err);

#endif
