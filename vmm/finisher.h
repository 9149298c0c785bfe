/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finishes the instructions that KVM's emulator leaves: between a vCPU of
 * KVM's and insn.h.
 */
#ifndef VMM_FINISHER_H
#define VMM_FINISHER_H

#include <stdbool.h>
#include <stdint.h>

struct finisher;
struct vcpu;

/* NULL without memory. */
struct finisher *finisher_new(struct vcpu *vcpu);
void finisher_free(struct finisher *f);

/*
 * Finishes the instruction of an emulation failure in vcpu->run.  False when
 * it cannot; then nothing has changed.  vCPU thread, no machine lock.
 */
bool finisher_run(struct finisher *f);

/*
 * Delivers the interrupt whose frame KVM could not push, which it takes for a
 * triple fault.  False when it was no such; then nothing has changed.  vCPU
 * thread, no machine lock.
 */
bool finisher_deliver(struct finisher *f);

/* How many instructions of a kind (see insn.h) it has finished.  Any thread. */
uint64_t finisher_count(const struct finisher *f, unsigned kind);

#endif
