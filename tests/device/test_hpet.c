/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The high-precision event timers, driven over their registers. */
#include <stdlib.h>
#include <string.h>

#include "hw/hpet.h"
#include "tests/device/harness.h"

#define ID	 (HPET_BASE + 0x000)
#define CONFIG	 (HPET_BASE + 0x010)
#define STATUS	 (HPET_BASE + 0x020)
#define COUNTER	 (HPET_BASE + 0x0f0)
#define TIMER(n) (HPET_BASE + 0x100 + 0x20 * (n))
#define CMP(n)	 (TIMER(n) + 8)
#define FSB(n)	 (TIMER(n) + 16)

enum { ON = 1, LEGACY = 2 };
enum {
	LEVEL = 1 << 1,
	ENABLE = 1 << 2,
	PERIODIC = 1 << 3,
	SET = 1 << 6,
	BITS32 = 1 << 8,
	ROUTE2 = 2 << 9,
	MESSAGE = 1 << 14
};

#define START  (INT64_C(5) * NS_PER_SEC)
#define TICK   10 /* ns */
#define PIN    2
#define GATE   30 /* recorded lines of the test */
#define RTC    31
#define SECOND UINT64_C(100000000) /* ticks */

static struct harness h;
static struct hpet *hpet;
static uint64_t sent_addr;
static uint32_t sent_data;
static unsigned sent;

static void send(void *ctx, uint64_t addr, uint32_t data)
{
	sent_addr = addr;
	sent_data = data;
	sent++;
}

static void start_with(const char *key, const char *value)
{
	struct device *dev;
	struct error err = {0};
	unsigned i;

	harness_init(&h, START);
	dev = harness_new(&h, &hpet_class);
	hpet = (struct hpet *)dev;
	if (key)
		ck_assert(device_set(dev, key, value, &err) == 0);
	for (i = 0; i < HPET_PINS; i++)
		dev->irq[i] = harness_irq(&h, i);
	hpet->legacy = harness_irq(&h, GATE);
	hpet->rtc_out = harness_irq(&h, RTC);
	hpet->send = send;
	sent = 0;
	harness_mmio(&h, dev, 0, HPET_BASE);
	harness_start(dev);
}

static void start(void)
{
	start_with(NULL, NULL);
}

static uint64_t get(uint64_t reg)
{
	return mmio_read(&h, reg, 8);
}

static void set(uint64_t reg, uint64_t val)
{
	mmio_write(&h, reg, val, 8);
}

static void ticks(uint64_t n)
{
	harness_advance(&h, (int64_t)(n * TICK));
}

START_TEST(registers_after_power_on)
{
	unsigned n;

	start();
	ck_assert_uint_eq(get(ID), UINT64_C(0x009896808086a201));
	ck_assert_uint_eq(get(CONFIG), 0);
	ck_assert_uint_eq(get(STATUS), 0);
	ck_assert_uint_eq(get(COUNTER), 0);
	for (n = 0; n < HPET_TIMERS; n++) {
		ck_assert_uint_eq(get(TIMER(n)), UINT64_C(0x400000030));
		ck_assert_uint_eq(get(CMP(n)), UINT64_MAX);
		ck_assert_uint_eq(get(FSB(n)), 0);
	}
	ck_assert_uint_eq(get(TIMER(3)), 0);
	ck_assert_uint_eq(mmio_read(&h, ID + 4, 4), 0x00989680);
	ck_assert_uint_eq(mmio_read(&h, ID + 1, 1), 0xa2);
	ck_assert_uint_eq(mmio_read(&h, ID + 2, 2), 0x8086);
	harness_fini(&h);
}
END_TEST

START_TEST(the_counter_counts_while_it_is_enabled)
{
	start();
	ticks(100);
	ck_assert_uint_eq(get(COUNTER), 0);
	set(CONFIG, ON);
	ticks(100);
	ck_assert_uint_eq(get(COUNTER), 100);
	set(COUNTER, 7); /* not while it runs */
	ck_assert_uint_eq(get(COUNTER), 100);
	set(CONFIG, 0);
	ticks(100);
	ck_assert_uint_eq(get(COUNTER), 100);
	mmio_write(&h, COUNTER, 0xfffffff0, 4);
	mmio_write(&h, COUNTER + 4, 1, 4);
	ck_assert_uint_eq(get(COUNTER), UINT64_C(0x1fffffff0));
	set(CONFIG, ON);
	ticks(0x20);
	ck_assert_uint_eq(mmio_read(&h, COUNTER, 4), 0x10);
	ck_assert_uint_eq(mmio_read(&h, COUNTER + 4, 4), 2);
	harness_fini(&h);
}
END_TEST

START_TEST(the_counter_wraps_at_64_bits)
{
	start();
	set(COUNTER, UINT64_MAX - 9);
	set(TIMER(2), ENABLE | ROUTE2);
	set(CMP(2), 5);
	set(CONFIG, ON);
	ticks(14);
	ck_assert_uint_eq(h.edges[PIN], 0);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 1);
	ck_assert_uint_eq(get(COUNTER), 5);
	harness_fini(&h);
}
END_TEST

START_TEST(one_shot_fires_once_at_its_tick)
{
	start();
	set(CONFIG, ON);
	set(TIMER(1), ENABLE | ROUTE2);
	set(CMP(1), 1000);
	ticks(999);
	ck_assert_uint_eq(h.edges[PIN], 0);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 1);
	ck_assert(!h.level[PIN]);
	ck_assert_uint_eq(get(STATUS), 0);
	ticks(3600 * SECOND);
	ck_assert_uint_eq(h.edges[PIN], 1);
	harness_fini(&h);
}
END_TEST

START_TEST(of_32_bits_it_fires_again_when_the_counter_comes_round)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | BITS32 | ROUTE2);
	ck_assert_uint_eq(get(CMP(0)), UINT32_MAX);
	set(CMP(0), UINT64_C(0xabcdef0000001000));
	ck_assert_uint_eq(get(CMP(0)), 0x1000);
	ticks(0x1000);
	ck_assert_uint_eq(h.edges[PIN], 1);
	ticks(UINT64_C(0xffffffff));
	ck_assert_uint_eq(h.edges[PIN], 1);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 2);
	harness_fini(&h);
}
END_TEST

START_TEST(a_comparator_written_too_late_fires_at_once)
{
	start();
	set(CONFIG, ON);
	ticks(1000);
	set(TIMER(0), ENABLE | ROUTE2);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 0); /* nothing was written yet */
	set(CMP(0), 990);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 1);
	set(TIMER(0), ENABLE | ROUTE2); /* met before */
	set(CONFIG, 0);
	set(CONFIG, ON);
	ticks(SECOND);
	ck_assert_uint_eq(h.edges[PIN], 1);
	harness_fini(&h);
}
END_TEST

START_TEST(periodic_with_the_first_tick_set_apart)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | PERIODIC | SET | ROUTE2);
	set(CMP(0), 50000);
	ck_assert_uint_eq(get(TIMER(0)) & SET, 0);
	set(CMP(0), 10000); /* the period */
	ck_assert_uint_eq(get(CMP(0)), 50000);
	ticks(49999);
	ck_assert_uint_eq(h.edges[PIN], 0);
	ticks(1);
	ck_assert_uint_eq(h.edges[PIN], 1);
	ck_assert_uint_eq(get(CMP(0)), 60000);
	ticks(100 * 10000);
	ck_assert_uint_eq(h.edges[PIN], 101);
	harness_fini(&h);
}
END_TEST

START_TEST(periodic_set_by_one_write)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | PERIODIC | SET | BITS32 | ROUTE2);
	mmio_write(&h, CMP(0), 20000, 4);
	ticks(10 * 20000);
	ck_assert_uint_eq(h.edges[PIN], 10);
	set(TIMER(0), PERIODIC | BITS32 | ROUTE2); /* masked */
	ticks(10 * 20000);
	ck_assert_uint_eq(h.edges[PIN], 10);
	set(TIMER(0), ENABLE | PERIODIC | BITS32 | ROUTE2);
	ticks(10 * 20000);
	ck_assert_uint_ge(h.edges[PIN], 20);
	ck_assert_uint_le(h.edges[PIN], 21);
	harness_fini(&h);
}
END_TEST

START_TEST(level_triggered_until_the_status_is_cleared)
{
	start();
	set(CONFIG, ON);
	set(TIMER(1), ENABLE | LEVEL | ROUTE2);
	set(TIMER(2), ENABLE | LEVEL | ROUTE2);
	set(CMP(1), 100);
	set(CMP(2), 200);
	ticks(200);
	ck_assert(h.level[PIN]);
	ck_assert_uint_eq(get(STATUS), 6);
	set(STATUS, 1 << 1);
	ck_assert(h.level[PIN]);
	ck_assert_uint_eq(get(STATUS), 4);
	set(STATUS, 0);
	ck_assert(h.level[PIN]);
	set(TIMER(2), LEVEL | ROUTE2); /* masked */
	ck_assert(!h.level[PIN]);
	set(TIMER(2), ENABLE | LEVEL | ROUTE2);
	ck_assert(h.level[PIN]);
	mmio_write(&h, STATUS, 4, 4);
	ck_assert(!h.level[PIN]);
	harness_fini(&h);
}
END_TEST

START_TEST(status_is_kept_without_an_interrupt)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), LEVEL | ROUTE2);
	set(CMP(0), 100);
	ticks(100);
	ck_assert_uint_eq(get(STATUS), 1);
	ck_assert(!h.level[PIN]);
	set(TIMER(0), ROUTE2); /* edges have none */
	ck_assert_uint_eq(get(STATUS), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(timers_stand_for_pit_and_rtc)
{
	struct irq rtc;

	start();
	rtc = hpet_rtc_input(hpet);
	irq_raise(&rtc);
	ck_assert(h.level[RTC] && !h.level[GATE]);
	set(CONFIG, ON | LEGACY);
	ck_assert(h.level[GATE]);
	ck_assert(!h.level[RTC]);
	irq_lower(&rtc);
	irq_raise(&rtc);
	ck_assert_uint_eq(h.edges[RTC], 1);
	set(TIMER(0), ENABLE);
	set(TIMER(1), ENABLE);
	set(TIMER(2), ENABLE | ROUTE2);
	set(CMP(0), 10);
	set(CMP(1), 20);
	set(CMP(2), 30);
	ticks(30);
	ck_assert_uint_eq(h.edges[0], 1);
	ck_assert_uint_eq(h.edges[8], 1);
	ck_assert_uint_eq(h.edges[PIN], 1);
	set(CONFIG, ON);
	ck_assert(!h.level[GATE]);
	ck_assert(h.level[RTC]);
	set(CONFIG, ON | LEGACY);
	hpet_class.reset(&hpet->dev);
	ck_assert(!h.level[GATE]);
	ck_assert(h.level[RTC]);
	harness_fini(&h);
}
END_TEST

START_TEST(a_level_moves_with_its_route)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | LEVEL | ROUTE2);
	set(CMP(0), 10);
	ticks(10);
	ck_assert(h.level[PIN] && !h.level[0]);
	set(CONFIG, ON | LEGACY);
	ck_assert(!h.level[PIN] && h.level[0]);
	set(CONFIG, 0);
	ck_assert(!h.level[PIN] && !h.level[0]);
	harness_fini(&h);
}
END_TEST

START_TEST(only_pins_that_are_there_can_be_chosen)
{
	unsigned i;

	start_with("hpet-intcap", "0xff0004");
	ck_assert_uint_eq(get(TIMER(0)) >> 32, 0xff0004);
	set(TIMER(0), ENABLE | 17 << 9);
	ck_assert_uint_eq(get(TIMER(0)) >> 9 & 31, 17);
	set(TIMER(0), ENABLE | 3 << 9);
	ck_assert_uint_eq(get(TIMER(0)) >> 9 & 31, 17);
	set(TIMER(0), ENABLE | 31 << 9);
	ck_assert_uint_eq(get(TIMER(0)) >> 9 & 31, 17);
	set(TIMER(1), ENABLE); /* route 0 is not there */
	set(CMP(0), 10);
	set(CMP(1), 10);
	set(CONFIG, ON);
	ticks(10);
	for (i = 0; i < HPET_PINS; i++)
		ck_assert_uint_eq(h.edges[i], i == 17);
	harness_fini(&h);
}
END_TEST

START_TEST(messages_only_with_the_property)
{
	start();
	set(TIMER(0), ENABLE | MESSAGE | ROUTE2);
	set(FSB(0), UINT64_C(0xfee0000000000041));
	ck_assert_uint_eq(get(TIMER(0)) & (1 << 15 | MESSAGE), 0);
	ck_assert_uint_eq(get(FSB(0)), 0);
	set(CMP(0), 10);
	set(CONFIG, ON);
	ticks(10);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(h.edges[PIN], 1);
	harness_fini(&h);

	start_with("msi", "on");
	ck_assert_uint_ne(get(TIMER(0)) & 1 << 15, 0);
	set(TIMER(0), ENABLE | MESSAGE | ROUTE2);
	mmio_write(&h, FSB(0), 0x41, 4);
	mmio_write(&h, FSB(0) + 4, 0xfee00000, 4);
	set(CMP(0), 10);
	set(CONFIG, ON);
	ticks(10);
	ck_assert_uint_eq(sent, 1);
	ck_assert_uint_eq(sent_addr, 0xfee00000);
	ck_assert_uint_eq(sent_data, 0x41);
	ck_assert_uint_eq(h.edges[PIN], 0);
	harness_fini(&h);
}
END_TEST

START_TEST(the_shortest_periods_cost_the_host_little)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | PERIODIC | SET | ROUTE2);
	set(CMP(0), 1);
	ticks(SECOND);
	ck_assert_uint_gt(h.edges[PIN], 1000);
	ck_assert_uint_lt(h.edges[PIN], 25000);
	/* and what is seen of them is right all the same */
	ck_assert_uint_gt(get(CMP(0)), get(COUNTER) - SECOND / 1000);
	harness_fini(&h);
}
END_TEST

START_TEST(a_late_host_skips_periods_and_keeps_the_phase)
{
	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | PERIODIC | SET | ROUTE2);
	set(CMP(0), 100000);
	h.m.virt.offset += 1050000 * TICK; /* nobody ran the clock */
	ticks(0);
	ck_assert_uint_eq(h.edges[PIN], 1);
	ck_assert_uint_eq(get(CMP(0)), 1100000);
	harness_fini(&h);
}
END_TEST

START_TEST(narrow_and_crooked_accesses_do_no_harm)
{
	unsigned size, off;

	start();
	set(CONFIG, ON);
	set(TIMER(0), ENABLE | LEVEL | ROUTE2);
	set(CMP(0), 1);
	ticks(1);
	set(CMP(0), 1 << 16 | 1);
	mmio_write(&h, STATUS, 0xff, 1);
	mmio_write(&h, STATUS + 1, 0xff, 1);
	mmio_write(&h, STATUS, 0xffff, 2);
	mmio_write(&h, STATUS - 2, 0xffffffff, 4);
	mmio_write(&h, CMP(0) + 2, 0, 4);
	ck_assert_uint_eq(get(STATUS), 1);
	ck_assert_uint_eq(get(CMP(0)), 1 << 16 | 1);
	for (size = 1; size <= 8; size *= 2)
		for (off = 0; off < 0x400; off++) {
			mmio_read(&h, HPET_BASE + off, size);
			mmio_write(&h, HPET_BASE + off, UINT64_MAX, size);
		}
	harness_fini(&h);
}
END_TEST

START_TEST(any_write_to_any_register)
{
	uint64_t seed = 1;
	unsigned i;

	start_with("msi", "on");
	for (i = 0; i < 200000; i++) {
		seed = seed * UINT64_C(6364136223846793005) +
		       1442695040888963407;
		mmio_write(&h, HPET_BASE + (seed >> 33 & 0x17c),
			   seed ^ seed << (seed >> 60 & 31),
			   seed >> 50 & 1 ? 8 : 4);
		if (i % 16 == 0)
			harness_advance(&h, (int64_t)(seed >> 44));
		mmio_read(&h, HPET_BASE + (seed >> 20 & 0x1f8), 8);
	}
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trip)
{
	struct irq rtc;
	unsigned edges;

	start_with("msi", "on");
	rtc = hpet_rtc_input(hpet);
	irq_raise(&rtc);
	set(COUNTER, UINT64_C(0x123456789abcdef0));
	set(TIMER(0), ENABLE | PERIODIC | SET | BITS32);
	set(CMP(0), 70000);
	set(TIMER(1), ENABLE | LEVEL);
	set(TIMER(2), ENABLE | ROUTE2);
	set(CMP(1), UINT64_C(0x123456789abcdef8));
	set(CMP(2), UINT64_C(0x123456789abcdf00));
	set(FSB(2), UINT64_C(0xfee0000000000041));
	set(CONFIG, ON | LEGACY);
	ticks(12);
	ck_assert(h.level[8] && h.level[GATE]);
	harness_roundtrip(&hpet->dev);
	ck_assert(h.level[8] && h.level[GATE] && !h.level[RTC]);
	ck_assert_uint_eq(get(COUNTER), UINT64_C(0x123456789abcdefc));
	edges = h.edges[PIN];
	ticks(4);
	ck_assert_uint_eq(h.edges[PIN], edges + 1);
	harness_fini(&h);
}
END_TEST

#define TIMER_STATE 41 /* bytes of each, after 33 of the block */

START_TEST(any_saved_state)
{
	const struct state_desc *desc = hpet_class.state;
	size_t size = 0, i;
	uint8_t raw[33 + HPET_TIMERS * TIMER_STATE];
	struct error err = {0};
	uint64_t seed = 1;
	unsigned n, accepted = 0;

	start_with("msi", "on");
	free(state_save(desc, hpet, &size));
	ck_assert_uint_eq(size, sizeof(raw));
	for (n = 0; n < 20000; n++) {
		for (i = 0; i < size; i++) {
			seed = seed * UINT64_C(6364136223846793005) +
			       1442695040888963407;
			raw[i] = seed >> 62 ? (uint8_t)(seed >> 40) : 0;
		}
		memset(raw, 0, 16);
		raw[0] = seed >> 40 & 3;
		raw[8] = seed >> 42 & 7;
		raw[31] &= 0x7f;
		raw[32] &= 1;
		for (i = 0; i < HPET_TIMERS; i++)
			raw[33 + i * TIMER_STATE + 32] &= 1;
		if (state_load(desc, hpet, raw, size, desc->version, &err) < 0)
			continue;
		accepted++;
		ticks(1000);
		get(COUNTER);
		set(CONFIG, ON);
		ticks(10000);
	}
	ck_assert_uint_gt(accepted, 1000);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("hpet", registers_after_power_on,
	     the_counter_counts_while_it_is_enabled,
	     the_counter_wraps_at_64_bits, one_shot_fires_once_at_its_tick,
	     of_32_bits_it_fires_again_when_the_counter_comes_round,
	     a_comparator_written_too_late_fires_at_once,
	     periodic_with_the_first_tick_set_apart, periodic_set_by_one_write,
	     level_triggered_until_the_status_is_cleared,
	     status_is_kept_without_an_interrupt, timers_stand_for_pit_and_rtc,
	     a_level_moves_with_its_route,
	     only_pins_that_are_there_can_be_chosen,
	     messages_only_with_the_property,
	     the_shortest_periods_cost_the_host_little,
	     a_late_host_skips_periods_and_keeps_the_phase,
	     narrow_and_crooked_accesses_do_no_harm, any_write_to_any_register,
	     state_round_trip, any_saved_state)
