/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mouse at the keyboard controller's second port. */
#include <string.h>

#include "hw/i8042.h"
#include "tests/device/harness.h"
#include "vmm/input.h"

#define IRQ_MOUSE   12
#define LEFT	    (1u << INPUT_LEFT)
#define RIGHT	    (1u << INPUT_RIGHT)
#define MIDDLE	    (1u << INPUT_MIDDLE)
#define BACK	    (1u << INPUT_BACK)
#define FORWARD	    (1u << INPUT_FORWARD)
#define STATUS_DATA 0x21 /* a byte, which is the mouse's */

static struct harness h;
static struct device *kbc;

static void start(void)
{
	harness_init(&h, 0);
	kbc = harness_new(&h, &i8042_class);
	harness_io(&h, kbc, 0, 0x60);
	harness_io(&h, kbc, 1, 0x64);
	kbc->irq[0] = harness_irq(&h, 1);
	kbc->irq[1] = harness_irq(&h, IRQ_MOUSE);
	harness_start(kbc);
	kbc->class->reset(kbc);
}

static void send(uint8_t val)
{
	outb(&h, 0x64, 0xd4);
	outb(&h, 0x60, val);
}

static void move(int dx, int dy, int dz, unsigned buttons)
{
	input_mouse(&h.m.input, dx, dy, dz, buttons);
}

static uint8_t data(void)
{
	ck_assert_uint_eq(inb(&h, 0x64) & STATUS_DATA, STATUS_DATA);
	ck_assert(h.level[IRQ_MOUSE]);
	return inb(&h, 0x60);
}

static void expect(const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert_uint_eq(data(), bytes[i]);
	ck_assert_uint_eq(inb(&h, 0x64) & 1, 0);
	ck_assert(!h.level[IRQ_MOUSE]);
}

#define EXPECT(...) \
	do { \
		static const uint8_t want[] = {__VA_ARGS__}; \
		expect(want, sizeof(want)); \
	} while (0)

#define EXPECT_NONE() ck_assert_uint_eq(inb(&h, 0x64) & 1, 0)

static void send_rates(uint8_t a, uint8_t b, uint8_t c)
{
	const uint8_t rates[] = {a, b, c};
	unsigned i;

	for (i = 0; i < 3; i++) {
		send(0xf3);
		EXPECT(0xfa);
		send(rates[i]);
		EXPECT(0xfa);
	}
}

START_TEST(test_reset_and_identify)
{
	start();
	send(0xff);
	EXPECT(0xfa, 0xaa, 0x00);
	send(0xf2);
	EXPECT(0xfa, 0x00);
	send(0xfe);
	EXPECT(0x00);
	send(0xe1); /* no such command */
	EXPECT(0xfe);
	harness_fini(&h);
}
END_TEST

START_TEST(test_motion)
{
	start();
	move(5, 5, 0, LEFT);
	EXPECT_NONE(); /* not enabled */
	send(0xf4);
	EXPECT(0xfa);
	move(5, -3, 0, LEFT);
	EXPECT(0x09, 5, 3);
	move(-1, 2, 0, RIGHT | MIDDLE);
	EXPECT(0x3e, 0xff, 0xfe);
	move(0, 0, 0, RIGHT | MIDDLE);
	EXPECT_NONE(); /* nothing new */
	move(0, 0, 7, 0); /* a wheel that it does not have */
	EXPECT(0x08, 0, 0);
	move(300, 0, 0, 0);
	EXPECT(0x08, 127, 0, 0x08, 127, 0, 0x08, 46, 0);
	send(0xf5);
	EXPECT(0xfa);
	move(1, 1, 0, 0);
	EXPECT_NONE();
	harness_fini(&h);
}
END_TEST

START_TEST(test_wheel)
{
	start();
	send_rates(200, 100, 80);
	send(0xf2);
	EXPECT(0xfa, 0x03);
	send(0xf4);
	EXPECT(0xfa);
	move(0, 0, 1, 0);
	EXPECT(0x08, 0, 0, 1);
	move(1, 0, -2, LEFT);
	EXPECT(0x09, 1, 0, 0xfe);
	send(0xff);
	EXPECT(0xfa, 0xaa, 0x00); /* none again */
	harness_fini(&h);
}
END_TEST

START_TEST(test_five_buttons)
{
	start();
	send_rates(200, 200, 80); /* not before there is a wheel */
	send(0xf2);
	EXPECT(0xfa, 0x00);
	send_rates(200, 100, 80);
	send_rates(200, 200, 80);
	send(0xf2);
	EXPECT(0xfa, 0x04);
	send(0xf4);
	EXPECT(0xfa);
	move(0, 0, -1, BACK);
	EXPECT(0x08, 0, 0, 0x1f);
	move(0, 0, 9, FORWARD | LEFT);
	EXPECT(0x09, 0, 0, 0x27, 0x09, 0, 0, 0x22);
	harness_fini(&h);
}
END_TEST

START_TEST(test_status)
{
	start();
	send(0xe9);
	EXPECT(0xfa, 0x00, 2, 100);
	send(0xe8);
	EXPECT(0xfa);
	send(3);
	EXPECT(0xfa);
	send(0xf3);
	EXPECT(0xfa);
	send(60);
	EXPECT(0xfa);
	send(0xe7);
	EXPECT(0xfa);
	send(0xf4);
	EXPECT(0xfa);
	move(0, 0, 0, LEFT);
	EXPECT(0x09, 0, 0);
	send(0xe9);
	EXPECT(0xfa, 0x34, 3, 60);
	send(0xe8);
	EXPECT(0xfa);
	send(4); /* no such resolution */
	EXPECT(0xfe);
	send(0xf6);
	EXPECT(0xfa);
	send(0xe9);
	EXPECT(0xfa, 0x04, 2, 100);
	harness_fini(&h);
}
END_TEST

START_TEST(test_remote_and_wrap)
{
	start();
	send(0xf0);
	EXPECT(0xfa);
	move(3, 0, 0, 0);
	move(3, 0, 0, 0);
	EXPECT_NONE();
	send(0xeb);
	EXPECT(0xfa, 0x08, 6, 0);
	send(0xee);
	EXPECT(0xfa);
	send(0x12);
	EXPECT(0x12);
	send(0xf4);
	EXPECT(0xf4);
	send(0xec);
	EXPECT(0xfa);
	send(0xea);
	EXPECT(0xfa);
	send(0xf4);
	EXPECT(0xfa);
	move(1, 0, 0, 0);
	EXPECT(0x08, 1, 0);
	harness_fini(&h);
}
END_TEST

/* What a guest does not fetch adds up, and nothing of it is lost. */
START_TEST(test_slow_guest)
{
	int dx = 0;
	unsigned i;

	start();
	send(0xf4);
	EXPECT(0xfa);
	for (i = 0; i < 1000; i++)
		move(1, 0, 0, 0);
	while (inb(&h, 0x64) & 1) {
		ck_assert_uint_eq(data(), 0x08);
		dx += data();
		ck_assert_uint_eq(data(), 0);
	}
	ck_assert_int_eq(dx, 1000);
	for (i = 0; i < 1000; i++)
		move(INT32_MAX, INT32_MIN, INT32_MAX, 0xff);
	harness_roundtrip(kbc);
	harness_fini(&h);
}
END_TEST

START_TEST(test_port_can_be_off)
{
	start();
	send(0xf4);
	EXPECT(0xfa);
	outb(&h, 0x64, 0xa7);
	move(1, 0, 0, 0);
	EXPECT_NONE();
	outb(&h, 0x64, 0xa8);
	EXPECT(0x08, 1, 0);
	outb(&h, 0x64, 0xa9);
	ck_assert_uint_eq(inb(&h, 0x60), 0);
	/* Without its interrupt. */
	outb(&h, 0x64, 0x60);
	outb(&h, 0x60, 0x01);
	move(1, 0, 0, 0);
	ck_assert(!h.level[IRQ_MOUSE]);
	ck_assert_uint_eq(inb(&h, 0x64) & STATUS_DATA, STATUS_DATA);
	harness_fini(&h);
}
END_TEST

START_TEST(test_anything_at_all)
{
	unsigned i, seed = 3;

	start();
	for (i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		if (seed >> 9 & 1)
			send((uint8_t)(seed >> 16));
		else
			outb(&h, seed >> 10 & 1 ? 0x60 : 0x64,
			     (uint8_t)(seed >> 16));
		inb(&h, 0x60);
		move((int)(seed >> 8), (int)seed, (int)(seed >> 3), seed >> 5);
	}
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("ps2 mouse", test_reset_and_identify, test_motion, test_wheel,
	     test_five_buttons, test_status, test_remote_and_wrap,
	     test_slow_guest, test_port_can_be_off, test_anything_at_all)
