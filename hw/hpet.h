/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The high-precision event timers. */
#ifndef HW_HPET_H
#define HW_HPET_H

#include "vmm/device.h"
#include "vmm/machine.h"

#define HPET_BASE   UINT64_C(0xfed00000)
#define HPET_TIMERS 3
#define HPET_PINS   24 /* of the I/O APIC */

struct hpet;

struct hpet_timer {
	struct hpet *hpet;
	unsigned n;
	uint64_t config, comparator, period;
	uint64_t message; /* address << 32 | data */
	bool fresh; /* the comparator was written and not met yet */
	struct timer timer;
};

struct hpet {
	struct device dev; /* irq[n]: pin n of the I/O APIC */
	struct irq legacy; /* high while timers 0 and 1 replace PIT and RTC */
	struct irq rtc_out; /* the RTC's line, but for that time */
	/* Sends a message-signalled interrupt; only with the property msi. */
	void (*send)(void *ctx, uint64_t addr, uint32_t data);
	void *send_ctx;
	uint32_t pins; /* property: where timers may be routed to */
	bool msi; /* property */
	uint64_t config, status;
	uint64_t counter; /* at the time since, while it runs */
	int64_t since;
	uint32_t levels; /* of the pins, for level-triggered timers */
	bool rtc_level;
	struct hpet_timer timer[HPET_TIMERS];
};

extern const struct device_class hpet_class;

/* Where the RTC's interrupt goes in a machine with these timers. */
struct irq hpet_rtc_input(struct hpet *hpet);

#endif
