/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial port in loopback: registers, FIFO, interrupts. */
#include "hw/ns16550a.h"
#include "tests/device/harness.h"

#define PORT 0x3f8
#define IRQ  4

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct harness h;
static struct device *com;

static void start(void)
{
	harness_init(&h, 0);
	com = harness_new(&h, &ns16550a_class);
	harness_io(&h, com, 0, PORT);
	com->irq[0] = harness_irq(&h, IRQ);
	harness_start(com);
}

static uint8_t get(unsigned reg)
{
	return inb(&h, (uint16_t)(PORT + reg));
}

static void set(unsigned reg, uint8_t val)
{
	outb(&h, (uint16_t)(PORT + reg), val);
}

START_TEST(power_on_values)
{
	start();
	ck_assert_uint_eq(get(IER), 0);
	ck_assert_uint_eq(get(IIR), 1);
	ck_assert_uint_eq(get(LSR), 0x60);
	ck_assert_uint_eq(get(MSR), 0xb0);
	harness_fini(&h);
}
END_TEST

START_TEST(scratch_and_divisor)
{
	start();
	set(SCR, 0x5a);
	ck_assert_uint_eq(get(SCR), 0x5a);
	set(LCR, 0x83);
	set(DATA, 0x34);
	set(IER, 0x12);
	ck_assert_uint_eq(get(DATA), 0x34);
	ck_assert_uint_eq(get(IER), 0x12);
	set(LCR, 0x03);
	ck_assert_uint_eq(get(IER), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(transmitter_empty_interrupt)
{
	start();
	set(IER, 2);
	ck_assert(h.level[IRQ]);
	ck_assert_uint_eq(get(IIR), 2);
	ck_assert(!h.level[IRQ]); /* reading it took it */
	set(DATA, 'x');
	ck_assert(h.level[IRQ]);
	harness_fini(&h);
}
END_TEST

START_TEST(loopback_fifo_and_trigger)
{
	unsigned i;

	start();
	set(IIR, 0x41); /* FIFO, trigger 4 */
	set(MCR, 0x10);
	set(IER, 1);
	for (i = 0; i < 3; i++)
		set(DATA, (uint8_t)('a' + i));
	ck_assert(!h.level[IRQ]);
	set(DATA, 'd');
	ck_assert(h.level[IRQ]);
	ck_assert_uint_eq(get(IIR), 0xc4);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(get(DATA), 'a' + i);
	ck_assert_uint_eq(get(LSR) & 1, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(character_timeout)
{
	start();
	set(IIR, 0xc1); /* trigger 14 */
	set(MCR, 0x10);
	set(IER, 1);
	set(DATA, 'q');
	ck_assert(!h.level[IRQ]);
	harness_advance(&h, 5 * NS_PER_MSEC);
	ck_assert(h.level[IRQ]);
	ck_assert_uint_eq(get(IIR), 0xcc);
	ck_assert_uint_eq(get(DATA), 'q');
	ck_assert(!h.level[IRQ]);
	harness_fini(&h);
}
END_TEST

START_TEST(overrun)
{
	unsigned i;

	start();
	set(IIR, 0x01);
	set(MCR, 0x10);
	for (i = 0; i < 17; i++)
		set(DATA, (uint8_t)i);
	ck_assert_uint_eq(get(LSR) & 2, 2);
	ck_assert_uint_eq(get(LSR) & 2, 0);
	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(get(DATA), i);
	harness_fini(&h);
}
END_TEST

START_TEST(modem_lines_in_loopback)
{
	start();
	set(MCR, 0x1f);
	ck_assert_uint_eq(get(MSR) & 0xf0, 0xf0);
	set(MCR, 0x12);
	ck_assert_uint_eq(get(MSR) & 0xf0, 0x10);
	harness_fini(&h);
}
END_TEST

START_TEST(anything_at_all)
{
	unsigned i, seed = 7;

	start();
	for (i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		set(seed >> 8 & 7, (uint8_t)(seed >> 16));
		get(seed >> 24 & 7);
		if (i % 100 == 0)
			harness_advance(&h, seed & 0xfffff);
	}
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trip)
{
	start();
	set(IIR, 0x81);
	set(MCR, 0x10);
	set(IER, 7);
	set(DATA, 'z');
	harness_roundtrip(com);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("ns16550a", power_on_values, scratch_and_divisor,
	     transmitter_empty_interrupt, loopback_fifo_and_trigger,
	     character_timeout, overrun, modem_lines_in_loopback,
	     anything_at_all, state_round_trip)
