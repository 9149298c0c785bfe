/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine for device tests. */
#include "tests/device/harness.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

static void on_event(void *ctx, enum machine_event event)
{
	struct harness *h = ctx;

	h->events[event]++;
}

void harness_init(struct harness *h, int64_t now_ns)
{
	struct error err = {0};

	memset(h, 0, sizeof(*h));
	ck_assert_msg(machine_init(&h->m, &err) == 0, "%s", err.msg);
	net_init(&h->net, NULL, &h->m.virt);
	h->m.net = &h->net;
	clock_init_manual(&h->m.virt, now_ns);
	clock_init_manual(&h->m.host, now_ns);
	clock_init_manual(&h->m.realtime, now_ns);
	h->ram = gmem_block_new(&h->m.gmem, "ram", HARNESS_RAM, &err);
	ck_assert_msg(h->ram != NULL, "%s", err.msg);
	ck_assert(gmem_map(&h->m.gmem, &h->ram_map, 0, h->ram, 0, HARNESS_RAM,
			   GMEM_RAM, 0, &err) == 0);
	machine_add_notifier(&h->m, &h->notifier, on_event, h);
}

void harness_fini(struct harness *h)
{
	while (!list_empty(&h->m.devices))
		device_free(
			container_of(h->m.devices.prev, struct device, link));
	net_fini(&h->net);
	machine_fini(&h->m);
}

struct device *harness_new(struct harness *h, const struct device_class *class)
{
	struct error err = {0};
	struct device *dev =
		device_new(&h->m, class, NULL, class->name, NULL, &err);

	ck_assert_msg(dev != NULL, "%s", err.msg);
	return dev;
}

void harness_set(struct device *dev, const char *const *properties)
{
	struct error err = {0};

	for (; properties && *properties; properties += 2)
		ck_assert_msg(device_set(dev, properties[0], properties[1],
					 &err) == 0,
			      "%s", err.msg);
}

void harness_io(struct harness *h, struct device *dev, unsigned n,
		uint64_t base)
{
	ck_assert(device_map(dev, n, &h->m.io, base, NULL) == 0);
}

void harness_mmio(struct harness *h, struct device *dev, unsigned n,
		  uint64_t base)
{
	ck_assert(device_map(dev, n, &h->m.mem, base, NULL) == 0);
}

void harness_start(struct device *dev)
{
	struct error err = {0};

	ck_assert_msg(device_start(dev, &err) == 0, "%s", err.msg);
}

static bool record(void *ctx, unsigned n, bool level)
{
	struct harness *h = ctx;

	if (level && !h->level[n])
		h->edges[n]++;
	h->level[n] = level;
	return true;
}

struct irq harness_irq(struct harness *h, unsigned n)
{
	return (struct irq){.set = record, .ctx = h, .n = n};
}

void harness_advance(struct harness *h, int64_t ns)
{
	clock_advance(&h->m.virt, ns);
	clock_advance(&h->m.host, ns);
	clock_advance(&h->m.realtime, ns);
}

static uint64_t rd(struct bus *bus, uint64_t addr, unsigned size)
{
	uint8_t raw[8] = {0};

	bus_access(bus, NULL, addr, raw, size, false);
	return load_le64(raw);
}

static void wr(struct bus *bus, uint64_t addr, uint64_t val, unsigned size)
{
	uint8_t raw[8];

	store_le64(raw, val);
	bus_access(bus, NULL, addr, raw, size, true);
}

uint8_t inb(struct harness *h, uint16_t port)
{
	return rd(&h->m.io, port, 1);
}

uint16_t inw(struct harness *h, uint16_t port)
{
	return rd(&h->m.io, port, 2);
}

uint32_t inl(struct harness *h, uint16_t port)
{
	return rd(&h->m.io, port, 4);
}

void outb(struct harness *h, uint16_t port, uint8_t val)
{
	wr(&h->m.io, port, val, 1);
}

void outw(struct harness *h, uint16_t port, uint16_t val)
{
	wr(&h->m.io, port, val, 2);
}

void outl(struct harness *h, uint16_t port, uint32_t val)
{
	wr(&h->m.io, port, val, 4);
}

uint64_t mmio_read(struct harness *h, uint64_t addr, unsigned size)
{
	return rd(&h->m.mem, addr, size);
}

void mmio_write(struct harness *h, uint64_t addr, uint64_t val, unsigned size)
{
	wr(&h->m.mem, addr, val, size);
}

void harness_roundtrip(struct device *dev)
{
	const struct state_desc *desc = dev->class->state;
	size_t size = 0, again = 0;
	void *before = state_save(desc, dev, &size), *after;
	struct error err = {0};

	if (dev->class->reset)
		dev->class->reset(dev);
	ck_assert_msg(state_load(desc, dev, before, size, desc->version,
				 &err) == 0,
		      "%s", err.msg);
	after = state_save(desc, dev, &again);
	ck_assert_uint_eq(size, again);
	ck_assert_mem_eq(before, after, size);
	free(before);
	free(after);
}
