/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines: wired-OR. */
#include "vmm/irq.h"

static bool or_set(void *ctx, unsigned n, bool level)
{
	struct irq_or * or = ctx;
	bool before = or->levels != 0;

	if (level)
		or->levels |= UINT32_C(1) << n;
	else
		or->levels &= ~(UINT32_C(1) << n);
	if (before == (or->levels != 0))
		return true;
	return irq_set(& or->out, !before);
}

struct irq irq_or_input(struct irq_or * or, unsigned n)
{
	return (struct irq){.set = or_set, .ctx = or, .n = n};
}
