/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of the 82540EM (3.2.7, 3.4.4): causes, and how they are held
 * back, for descriptors by RDTR, RADV, TIDV and TADV, in all by ITR.
 */
#include "hw/e1000.h"

#define ITR_UNIT   256 /* ns: 13.4.18 */
#define DELAY_UNIT 1024 /* ns: 13.4.30 */

void e1000_irq_update(struct e1000 *e)
{
	bool wanted = e1000_get(e, E1000_ICR) & e1000_get(e, E1000_IMS);
	uint32_t itr = e1000_get(e, E1000_ITR);

	if (wanted == e->asserted || (wanted && timer_pending(&e->gap)))
		return;
	e->asserted = wanted;
	if (wanted && itr && e->mitigation)
		timer_set(&e->gap,
			  clock_now(e1000_clock(e)) + (int64_t)itr * ITR_UNIT);
	pci_set_intx(&e->pci, wanted);
}

void e1000_raise(struct e1000 *e, uint32_t causes)
{
	e1000_put(e, E1000_ICR, e1000_get(e, E1000_ICR) | causes);
	e1000_irq_update(e);
}

static int64_t delay_of(const struct e1000 *e, enum e1000_reg reg)
{
	return (int64_t)e1000_get(e, reg) * DELAY_UNIT;
}

void e1000_flush_rx(struct e1000 *e)
{
	if (!timer_pending(&e->rx_delay))
		return;
	timer_cancel(&e->rx_delay);
	e1000_raise(e, E1000_ICR_RXT0);
}

void e1000_flush_tx(struct e1000 *e)
{
	if (!timer_pending(&e->tx_delay))
		return;
	timer_cancel(&e->tx_delay);
	e1000_raise(e, E1000_ICR_TXDW);
}

/*
 * Packets that follow put a deadline off, but not beyond the latest.  The
 * timer is not moved by each of them, but by its own end.
 */
static bool put_off(struct timer *timer, int64_t now, int64_t quiet,
		    int64_t latest)
{
	int64_t due = latest && latest < quiet ? latest : quiet;

	if (due <= now)
		return false;
	timer_set(timer, due);
	return true;
}

static void rx_delay_ends(void *ctx)
{
	struct e1000 *e = ctx;

	if (!put_off(&e->rx_delay, clock_now(e1000_clock(e)), e->rx_quiet,
		     e->rx_latest))
		e1000_raise(e, E1000_ICR_RXT0);
}

static void tx_delay_ends(void *ctx)
{
	struct e1000 *e = ctx;

	if (!put_off(&e->tx_delay, clock_now(e1000_clock(e)), e->tx_quiet,
		     e->tx_latest))
		e1000_raise(e, E1000_ICR_TXDW);
}

static void gap_ends(void *ctx)
{
	e1000_irq_update(ctx);
}

void e1000_raise_rx(struct e1000 *e)
{
	uint32_t causes = e->rx_causes;
	int64_t delay = e->mitigation ? delay_of(e, E1000_RDTR) : 0;
	int64_t absolute = delay_of(e, E1000_RADV);
	int64_t now;

	e->rx_causes = 0;
	if (!causes)
		return;
	if (!delay) {
		timer_cancel(&e->rx_delay);
		e1000_raise(e, causes);
		return;
	}
	e1000_raise(e, causes & ~E1000_ICR_RXT0);
	now = clock_now(e1000_clock(e));
	e->rx_quiet = now + delay;
	if (timer_pending(&e->rx_delay))
		return;
	e->rx_latest = absolute ? now + absolute : 0;
	put_off(&e->rx_delay, now, e->rx_quiet, e->rx_latest);
}

void e1000_raise_tx(struct e1000 *e, bool delayed)
{
	int64_t delay = delayed && e->mitigation ? delay_of(e, E1000_TIDV) : 0;
	int64_t absolute = delay_of(e, E1000_TADV);
	int64_t now;

	if (!delay) {
		timer_cancel(&e->tx_delay);
		e1000_raise(e, E1000_ICR_TXDW);
		return;
	}
	now = clock_now(e1000_clock(e));
	e->tx_quiet = now + delay;
	if (timer_pending(&e->tx_delay))
		return;
	e->tx_latest = absolute ? now + absolute : 0;
	put_off(&e->tx_delay, now, e->tx_quiet, e->tx_latest);
}

void e1000_irq_init(struct e1000 *e)
{
	timer_init(&e->gap, e1000_clock(e), gap_ends, e);
	timer_init(&e->rx_delay, e1000_clock(e), rx_delay_ends, e);
	timer_init(&e->tx_delay, e1000_clock(e), tx_delay_ends, e);
}

void e1000_irq_reset(struct e1000 *e)
{
	timer_cancel(&e->gap);
	timer_cancel(&e->rx_delay);
	timer_cancel(&e->tx_delay);
	e->rx_causes = 0;
	e->asserted = false;
	pci_set_intx(&e->pci, false);
}
