/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that are one port: port 92, pvpanic, debug exit and console. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hw/isa_debug_exit.h"
#include "hw/isa_debugcon.h"
#include "hw/port92.h"
#include "hw/pvpanic.h"
#include "tests/device/harness.h"
#include "vmm/chardev.h"

enum { PORT92 = 0x92, PANIC = 0x505, DEBUG_EXIT = 0x501, CONSOLE = 0xe9 };

static struct harness h;

static struct device *start(const struct device_class *class, uint16_t port)
{
	struct device *dev;

	harness_init(&h, 0);
	dev = harness_new(&h, class);
	harness_io(&h, dev, 0, port);
	return dev;
}

START_TEST(port92_resets_on_a_rising_bit_and_keeps_the_gate)
{
	struct device *dev = start(&port92_class, PORT92);

	harness_start(dev);
	dev->class->reset(dev);
	ck_assert_uint_eq(inb(&h, PORT92), 2);
	outb(&h, PORT92, 0);
	ck_assert_uint_eq(inb(&h, PORT92), 0);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_NONE);
	outb(&h, PORT92, 3);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_GUEST_RESET);
	h.m.reset_cause = CAUSE_NONE;
	outb(&h, PORT92, 3); /* it has risen already */
	ck_assert_int_eq(h.m.reset_cause, CAUSE_NONE);
	harness_roundtrip(dev);
	harness_fini(&h);
}
END_TEST

START_TEST(pvpanic_tells_of_what_it_says_it_knows)
{
	struct device *dev = start(&pvpanic_class, PANIC);

	ck_assert(device_set(dev, "events", "1", NULL) == 0);
	harness_start(dev);
	ck_assert_uint_eq(inb(&h, PANIC), 1);
	outb(&h, PANIC, 2);
	outb(&h, PANIC, 0xfc);
	ck_assert(!h.m.panic_told);
	outb(&h, PANIC, 1);
	ck_assert(h.m.panic_told);
	harness_fini(&h);
}
END_TEST

START_TEST(debug_exit_ends_with_an_odd_status)
{
	struct device *dev = start(&isa_debug_exit_class, DEBUG_EXIT);

	harness_start(dev);
	ck_assert_uint_eq(inb(&h, DEBUG_EXIT), 0);
	ck_assert(!h.m.exiting);
	outb(&h, DEBUG_EXIT, 0x10);
	ck_assert(h.m.exiting);
	ck_assert_int_eq(h.m.exit_status, 0x21);
	outw(&h, DEBUG_EXIT, 0x180); /* a status has eight bits */
	ck_assert_int_eq(h.m.exit_status, 1);
	harness_fini(&h);
}
END_TEST

START_TEST(debug_console_writes_to_its_chardev)
{
	struct device *dev = start(&isa_debugcon_class, CONSOLE);
	char path[] = "/tmp/test_isa_ports.XXXXXX", arg[64], got[16] = "";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	snprintf(arg, sizeof(arg), "file,id=c,path=%s", path);
	ck_assert_ptr_nonnull(chardev_create(&h.m, arg, NULL));
	ck_assert(device_set(dev, "chardev", "c", NULL) == 0);
	harness_start(dev);
	ck_assert_uint_eq(inb(&h, CONSOLE), 0xe9);
	outb(&h, CONSOLE, 'h');
	outb(&h, CONSOLE, 'i');
	ck_assert_int_eq(read(fd, got, sizeof(got)), 2);
	ck_assert_str_eq(got, "hi");
	harness_fini(&h);
	chardev_close_all(&h.m);
	close(fd);
	unlink(path);
}
END_TEST

HARNESS_MAIN("isa_ports", port92_resets_on_a_rising_bit_and_keeps_the_gate,
	     pvpanic_tells_of_what_it_says_it_knows,
	     debug_exit_ends_with_an_odd_status,
	     debug_console_writes_to_its_chardev)
