/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard controller with its keyboard. */
#include <linux/input-event-codes.h>

#include "hw/i8042.h"
#include "tests/device/harness.h"

#define IRQ 1

static struct harness h;
static struct device *kbc;

static void start(void)
{
	harness_init(&h, 0);
	kbc = harness_new(&h, &i8042_class);
	harness_io(&h, kbc, 0, 0x60);
	harness_io(&h, kbc, 1, 0x64);
	kbc->irq[0] = harness_irq(&h, IRQ);
	kbc->irq[1] = harness_irq(&h, 12);
	harness_start(kbc);
}

static void command(uint8_t c)
{
	outb(&h, 0x64, c);
}

static uint8_t data(void)
{
	ck_assert_uint_eq(inb(&h, 0x64) & 1, 1);
	return inb(&h, 0x60);
}

static void mode(uint8_t val)
{
	command(0x60);
	outb(&h, 0x60, val);
}

static void expect(const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert_uint_eq(data(), bytes[i]);
	ck_assert_uint_eq(inb(&h, 0x64) & 1, 0);
}

#define EXPECT(...) \
	do { \
		static const uint8_t want[] = {__VA_ARGS__}; \
		expect(want, sizeof(want)); \
	} while (0)

START_TEST(self_tests)
{
	start();
	command(0xaa);
	EXPECT(0x55);
	command(0xab);
	EXPECT(0x00);
	ck_assert_uint_eq(inb(&h, 0x64) & 4, 4);
	harness_fini(&h);
}
END_TEST

START_TEST(keyboard_reset_and_identify)
{
	start();
	outb(&h, 0x60, 0xff);
	EXPECT(0xfa, 0xaa);
	outb(&h, 0x60, 0xf2);
	EXPECT(0xfa, 0xab, 0x83);
	outb(&h, 0x60, 0xee);
	EXPECT(0xee);
	outb(&h, 0x60, 0xed);
	EXPECT(0xfa);
	outb(&h, 0x60, 0x02);
	EXPECT(0xfa);
	harness_fini(&h);
}
END_TEST

START_TEST(keys_in_both_sets)
{
	start();
	mode(0x01);
	input_key(&h.m.input, KEY_A, true);
	input_key(&h.m.input, KEY_A, false);
	ck_assert(h.level[IRQ]);
	EXPECT(0x1c, 0xf0, 0x1c);
	ck_assert(!h.level[IRQ]);
	mode(0x41); /* translate to set 1 */
	input_key(&h.m.input, KEY_A, true);
	input_key(&h.m.input, KEY_A, false);
	EXPECT(0x1e, 0x9e);
	input_key(&h.m.input, KEY_UP, true);
	input_key(&h.m.input, KEY_UP, false);
	EXPECT(0xe0, 0x48, 0xe0, 0xc8);
	harness_fini(&h);
}
END_TEST

START_TEST(pause_and_print_screen)
{
	start();
	mode(0x41);
	input_key(&h.m.input, KEY_PAUSE, true);
	input_key(&h.m.input, KEY_PAUSE, false);
	EXPECT(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5);
	input_key(&h.m.input, KEY_SYSRQ, true);
	EXPECT(0xe0, 0x2a, 0xe0, 0x37);
	harness_fini(&h);
}
END_TEST

START_TEST(disabled_keyboard_waits)
{
	start();
	mode(0x41);
	command(0xad);
	input_key(&h.m.input, KEY_B, true);
	ck_assert_uint_eq(inb(&h, 0x64) & 1, 0);
	command(0xae);
	EXPECT(0x30);
	harness_fini(&h);
}
END_TEST

START_TEST(pulse_resets_the_machine)
{
	start();
	command(0xf0);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_GUEST_RESET);
	h.m.reset_cause = CAUSE_NONE;
	command(0xff);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_NONE);
	command(0xfe);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_GUEST_RESET);
	harness_fini(&h);
}
END_TEST

START_TEST(a_full_queue_takes_whole_keys_only)
{
	unsigned i;

	start();
	mode(0x01);
	for (i = 0; i < 100; i++) {
		input_key(&h.m.input, KEY_UP, true);
		input_key(&h.m.input, KEY_UP, false);
	}
	for (i = 0; inb(&h, 0x64) & 1; i++)
		inb(&h, 0x60);
	ck_assert_uint_le(i, 40);
	input_key(&h.m.input, KEY_A, true);
	EXPECT(0x1c);
	harness_fini(&h);
}
END_TEST

START_TEST(anything_at_all)
{
	unsigned i, seed = 3;

	start();
	for (i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		outb(&h, seed >> 9 & 1 ? 0x60 : 0x64, (uint8_t)(seed >> 16));
		inb(&h, 0x60);
		input_key(&h.m.input, seed >> 8 & 0x3ff, seed & 1);
	}
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trip)
{
	start();
	mode(0x41);
	input_key(&h.m.input, KEY_A, true);
	harness_roundtrip(kbc);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("i8042", self_tests, keyboard_reset_and_identify,
	     keys_in_both_sets, pause_and_print_screen, disabled_keyboard_waits,
	     pulse_resets_the_machine, a_full_queue_takes_whole_keys_only,
	     anything_at_all, state_round_trip)
