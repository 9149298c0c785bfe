/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for device tests: no KVM, clocks that the test moves, interrupt
 * lines that are recorded, 16 MiB of RAM at address 0.
 */
#ifndef TESTS_DEVICE_HARNESS_H
#define TESTS_DEVICE_HARNESS_H

#include <check.h>

#include "net/net.h"
#include "tests/unit/unit.h"
#include "vmm/device.h"
#include "vmm/machine.h"

#define HARNESS_IRQS 32
#define HARNESS_RAM  (16u << 20)

struct harness {
	struct machine m;
	struct net net;
	struct ram_block *ram;
	struct gmem_map ram_map;
	bool level[HARNESS_IRQS]; /* of recorded lines */
	unsigned edges[HARNESS_IRQS]; /* rising ones since the start */
	unsigned events[16]; /* machine events and requests seen */
	struct machine_notifier notifier;
};

/* All clocks start at now_ns (0 will do; for an RTC take a date). */
void harness_init(struct harness *h, int64_t now_ns);
/* Frees every device and the machine. */
void harness_fini(struct harness *h);

/* Makes a device; fails the test when it cannot. */
struct device *harness_new(struct harness *h, const struct device_class *class);
/* Pairs of property and value, up to a NULL; or NULL. */
void harness_set(struct device *dev, const char *const *properties);
/* Maps region n at port or address base. */
void harness_io(struct harness *h, struct device *dev, unsigned n,
		uint64_t base);
void harness_mmio(struct harness *h, struct device *dev, unsigned n,
		  uint64_t base);
void harness_start(struct device *dev);
/* A line that is recorded as number n. */
struct irq harness_irq(struct harness *h, unsigned n);
/* Moves all three clocks. */
void harness_advance(struct harness *h, int64_t ns);

uint8_t inb(struct harness *h, uint16_t port);
uint16_t inw(struct harness *h, uint16_t port);
uint32_t inl(struct harness *h, uint16_t port);
void outb(struct harness *h, uint16_t port, uint8_t val);
void outw(struct harness *h, uint16_t port, uint16_t val);
void outl(struct harness *h, uint16_t port, uint32_t val);
uint64_t mmio_read(struct harness *h, uint64_t addr, unsigned size);
void mmio_write(struct harness *h, uint64_t addr, uint64_t val, unsigned size);

/*
 * Saves dev, resets it, loads what was saved, and fails unless a second save
 * gives the same bytes.
 */
void harness_roundtrip(struct device *dev);

/* main of a test program: HARNESS_MAIN("rtc", test_a, test_b) */
#define HARNESS_MAIN UNIT_MAIN

#endif
