/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines.  A struct irq is one end of a wire; whoever drives it holds
 * a copy.  Machine lock.
 */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct irq {
	/*
	 * Sets the level.  Returns false when a rising edge was coalesced
	 * with one that the guest has not taken yet.
	 */
	bool (*set)(void *ctx, unsigned n, bool level);
	void *ctx;
	unsigned n;
};

/* A line that was not connected swallows what is sent. */
static inline bool irq_set(const struct irq *irq, bool level)
{
	return irq->set ? irq->set(irq->ctx, irq->n, level) : true;
}

static inline void irq_raise(const struct irq *irq)
{
	irq_set(irq, true);
}

static inline void irq_lower(const struct irq *irq)
{
	irq_set(irq, false);
}

static inline bool irq_pulse(const struct irq *irq)
{
	bool taken = irq_set(irq, true);

	irq_set(irq, false);
	return taken;
}

/* Wired-OR of up to 32 sources onto one line. */
struct irq_or {
	struct irq out;
	uint32_t levels;
};

/* The end of the wire for source n (0 to 31). */
struct irq irq_or_input(struct irq_or * or, unsigned n);

#endif
