/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a KVM does, tried in a VM made for that. */
#ifndef VMM_KVM_PROBE_H
#define VMM_KVM_PROBE_H

#include <stdbool.h>

struct kvm;

/*
 * Does SYSCALL in ring 3 of 64-bit code enter ring 0?  Takes about a
 * millisecond.  True also when it could not be tried.  Any thread.
 */
bool kvm_probe_syscall(const struct kvm *kvm);

/*
 * Does the frame of an interrupt in protected mode lie where the base of the
 * stack's segment says?  As above.
 */
bool kvm_probe_stack_base(const struct kvm *kvm);

#endif
