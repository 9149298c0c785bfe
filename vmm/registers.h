/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's registers, as text. */
#ifndef VMM_REGISTERS_H
#define VMM_REGISTERS_H

#include <stdio.h>

struct vcpu;

/*
 * Prints every register in the form of `info registers`.  The vCPU is parked,
 * or the caller is its own thread.
 */
void registers_dump(struct vcpu *vcpu, FILE *out);

#endif
