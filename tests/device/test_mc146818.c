/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real-time clock, driven over its ports. */
#include "hw/mc146818.h"
#include "tests/device/harness.h"

#define PORT 0x70
#define IRQ  8
/* 2006-06-17T16:01:21Z, a Saturday */
#define START (INT64_C(1150560081) * NS_PER_SEC)

enum { SEC = 0, MIN = 2, HOUR = 4, WDAY = 6, DAY = 7, MONTH = 8, YEAR = 9 };
enum { A = 10, B = 11, C = 12, D = 13 };

static struct harness h;
static struct device *rtc;

static void start(void)
{
	harness_init(&h, START);
	rtc = harness_new(&h, &mc146818_class);
	harness_io(&h, rtc, 0, PORT);
	rtc->irq[0] = harness_irq(&h, IRQ);
	harness_start(rtc);
}

static uint8_t get(unsigned reg)
{
	outb(&h, PORT, (uint8_t)reg);
	return inb(&h, PORT + 1);
}

static void set(unsigned reg, uint8_t val)
{
	outb(&h, PORT, (uint8_t)reg);
	outb(&h, PORT + 1, val);
}

START_TEST(time_is_the_hosts_in_bcd)
{
	start();
	ck_assert_uint_eq(get(SEC), 0x21);
	ck_assert_uint_eq(get(MIN), 0x01);
	ck_assert_uint_eq(get(HOUR), 0x16);
	ck_assert_uint_eq(get(WDAY), 7);
	ck_assert_uint_eq(get(DAY), 0x17);
	ck_assert_uint_eq(get(MONTH), 0x06);
	ck_assert_uint_eq(get(YEAR), 0x06);
	ck_assert_uint_eq(get(0x32), 0x20);
	ck_assert_uint_eq(get(D), 0x80);
	harness_fini(&h);
}
END_TEST

START_TEST(binary_and_twelve_hours)
{
	start();
	set(B, 0x04);
	ck_assert_uint_eq(get(HOUR), 0x84);
	ck_assert_uint_eq(get(SEC), 21);
	set(B, 0x00);
	ck_assert_uint_eq(get(HOUR), 0x84);
	harness_advance(&h, INT64_C(8) * 3600 * NS_PER_SEC);
	ck_assert_uint_eq(get(HOUR), 0x12); /* midnight */
	harness_fini(&h);
}
END_TEST

START_TEST(a_second_later)
{
	start();
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(get(SEC), 0x22);
	harness_advance(&h, 38 * NS_PER_SEC);
	ck_assert_uint_eq(get(SEC), 0x00);
	ck_assert_uint_eq(get(MIN), 0x02);
	harness_fini(&h);
}
END_TEST

START_TEST(set_holds_the_time_and_takes_another)
{
	start();
	set(B, 0x82);
	harness_advance(&h, 5 * NS_PER_SEC);
	ck_assert_uint_eq(get(SEC), 0x21);
	set(SEC, 0x59);
	set(MIN, 0x59);
	set(HOUR, 0x23);
	set(DAY, 0x31);
	set(MONTH, 0x12);
	set(YEAR, 0x99);
	set(0x32, 0x19);
	set(B, 0x02);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(get(SEC), 0);
	ck_assert_uint_eq(get(HOUR), 0);
	ck_assert_uint_eq(get(YEAR), 0);
	ck_assert_uint_eq(get(0x32), 0x20);
	ck_assert_uint_eq(get(DAY), 1);
	harness_fini(&h);
}
END_TEST

START_TEST(update_ended_interrupt)
{
	start();
	set(B, 0x12);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(h.edges[IRQ], 1);
	ck_assert(h.level[IRQ]);
	ck_assert_uint_eq(get(C), 0x90);
	ck_assert(!h.level[IRQ]);
	ck_assert_uint_eq(get(C), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(alarm_each_minute)
{
	start();
	set(1, 0x30); /* seconds */
	set(3, 0xff);
	set(5, 0xc0); /* don't care */
	set(B, 0x22);
	harness_advance(&h, 9 * NS_PER_SEC);
	ck_assert_uint_eq(h.edges[IRQ], 1);
	ck_assert_uint_eq(get(C), 0xb0);
	harness_advance(&h, 59 * NS_PER_SEC);
	ck_assert_uint_eq(h.edges[IRQ], 1);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(h.edges[IRQ], 2);
	harness_fini(&h);
}
END_TEST

START_TEST(flags_are_set_when_nobody_asked_to_be_interrupted)
{
	start();
	ck_assert_uint_eq(get(C), 0);
	ck_assert_int_eq(clock_deadline(&h.m.host), INT64_MAX);
	set(1, 0x00);
	set(3, 0x00);
	set(5, 0x17);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(get(C), 0x10);
	ck_assert_uint_eq(get(C), 0);
	harness_advance(&h, 3600 * NS_PER_SEC);
	ck_assert_uint_eq(get(C), 0x30);
	harness_advance(&h, 22 * 3600 * NS_PER_SEC);
	ck_assert_uint_eq(get(C), 0x10);
	harness_advance(&h, INT64_C(24) * 3600 * NS_PER_SEC);
	ck_assert_uint_eq(get(C), 0x30);
	ck_assert_uint_eq(h.edges[IRQ], 0);
	harness_fini(&h);
}
END_TEST

START_TEST(alarm_at_an_hour_that_never_comes)
{
	start();
	set(5, 0x25);
	set(B, 0x22);
	ck_assert_int_eq(clock_deadline(&h.m.host), INT64_MAX);
	set(5, 0x16);
	set(3, 0x01);
	set(1, 0x22);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(h.edges[IRQ], 1);
	harness_fini(&h);
}
END_TEST

START_TEST(periodic_interrupts_do_not_drift)
{
	unsigned i, n = 0;

	start();
	set(A, 0x26); /* 1024 Hz */
	set(B, 0x42);
	for (i = 0; i < 1024; i++) {
		harness_advance(&h, NS_PER_SEC / 1024 + (i % 2));
		n += get(C) >> 7;
	}
	ck_assert_uint_ge(n, 1023);
	ck_assert_uint_le(n, 1025);
	harness_fini(&h);
}
END_TEST

START_TEST(update_in_progress_before_the_second)
{
	start();
	ck_assert_uint_eq(get(A) & 0x80, 0);
	harness_advance(&h, NS_PER_SEC - 200 * NS_PER_USEC);
	ck_assert_uint_eq(get(A) & 0x80, 0x80);
	harness_advance(&h, 200 * NS_PER_USEC);
	ck_assert_uint_eq(get(A) & 0x80, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(memory_survives_a_reset_and_interrupts_do_not)
{
	start();
	set(0x7f, 0xa5);
	set(B, 0x72);
	rtc->class->reset(rtc);
	ck_assert_uint_eq(get(0x7f), 0xa5);
	ck_assert_uint_eq(get(B), 0x02);
	harness_fini(&h);
}
END_TEST

START_TEST(any_write_to_any_register)
{
	unsigned i, seed = 1;

	start();
	for (i = 0; i < 100000; i++) {
		seed = seed * 1103515245 + 12345;
		set(seed >> 8 & 0xff, (uint8_t)(seed >> 16));
		if (i % 64 == 0)
			harness_advance(&h, 1 + (seed & 0xfffff));
		get(seed >> 24 & 0xff);
	}
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trip)
{
	start();
	set(A, 0x26);
	set(B, 0x52);
	set(0x40, 0x77);
	harness_advance(&h, 3 * NS_PER_SEC / 2);
	harness_roundtrip(rtc);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("mc146818", time_is_the_hosts_in_bcd, binary_and_twelve_hours,
	     a_second_later, set_holds_the_time_and_takes_another,
	     update_ended_interrupt, alarm_each_minute,
	     flags_are_set_when_nobody_asked_to_be_interrupted,
	     alarm_at_an_hour_that_never_comes,
	     periodic_interrupts_do_not_drift,
	     update_in_progress_before_the_second,
	     memory_survives_a_reset_and_interrupts_do_not,
	     any_write_to_any_register, state_round_trip)
