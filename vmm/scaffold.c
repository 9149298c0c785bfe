/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weak stand-ins that let the pieces link while the monitor is being built;
 * goes away with it.
 */
#include "vmm/monitor.h"
#include "vmm/registers.h"

__attribute__((weak)) void monitor_event(struct machine *m, const char *name,
					 json_t *data)
{
	json_decref(data);
}

__attribute__((weak)) void registers_dump(struct vcpu *vcpu, FILE *out)
{
}
