/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real-time clock with its CMOS memory. */
#ifndef HW_MC146818_H
#define HW_MC146818_H

#include "vmm/device.h"
#include "vmm/machine.h"

#define MC146818_RAM 128

struct mc146818 {
	struct device dev; /* irq[0]: the interrupt */
	struct clock *clock; /* what drives it */
	uint8_t ram[MC146818_RAM]; /* registers A to D at 0xa to 0xd */
	uint8_t index;
	int64_t offset; /* guest's time less the clock's, in ns */
	int64_t set_at; /* its time while SET holds it, in ns */
	int64_t checked; /* its time, in s, up to which flags are set */
	uint32_t owed; /* coalesced ones, to be sent again */
	struct timer second, periodic;
	bool slew; /* send coalesced interrupts again */
	struct irq wakeup; /* raised by an alarm, for the chipset */
};

extern const struct device_class mc146818_class;

/*
 * Before device_start: the guest's clock begins at start_ns (since 1970, in
 * the guest's idea of local time) and is driven by clock.
 */
void mc146818_set_base(struct mc146818 *rtc, struct clock *clock,
		       int64_t start_ns);
/* CMOS bytes from 0xe on, as the firmware finds them; survive a reset. */
void mc146818_set_cmos(struct mc146818 *rtc, unsigned addr, uint8_t val);

#endif
