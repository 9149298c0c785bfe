/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vCPU left the guest for, and what is done about it. */
#ifndef VMM_EXIT_H
#define VMM_EXIT_H

#include <stdbool.h>

struct vcpu;

/*
 * Serves the exit in vcpu->run.  vCPU thread, without the machine lock.
 * Returns whether KVM must be entered once more to complete the instruction.
 */
bool exit_handle(struct vcpu *vcpu);

/* A KVM_RUN that failed with errno code: stops the machine. */
void exit_run_failed(struct vcpu *vcpu, int code);

#endif
