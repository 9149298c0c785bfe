/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hotplug registers of PCI slots and processors, as a guest uses them. */
#include <string.h>

#include "hw/acpi.h"
#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_pci_hotplug.h"
#include "tests/device/harness.h"

#define PCI	       ACPI_PCI_HOTPLUG_BASE
#define PCI_UP	       (PCI + 0x00)
#define PCI_DOWN       (PCI + 0x04)
#define PCI_EJECT      (PCI + 0x08)
#define PCI_RMV	       (PCI + 0x0c)
#define PCI_BUS	       (PCI + 0x10)
#define PCI_INDEX      (PCI + 0x14)

#define CPU	       ACPI_CPU_HOTPLUG_BASE
#define CPU_SELECT     (CPU + 0)
#define CPU_CONTROL    (CPU + 4)
#define CPU_COMMAND    (CPU + 5)
#define CPU_DATA       (CPU + 8)
#define CPU_ENABLED    0x01
#define CPU_INSERTED   0x02
#define CPU_REMOVING   0x04
#define CPU_EJECT      0x08

#define CMD_NEXT       0
#define CMD_OST_EVENT  1
#define CMD_OST_STATUS 2
#define CMD_APIC_ID    3

static struct harness h;
static struct device *dev;
static uint64_t ejected; /* a bit each */
static unsigned nejected;
static uint32_t ost[3];

static void on_eject(void *ctx, unsigned n)
{
	ck_assert_ptr_eq(ctx, &h);
	ejected |= UINT64_C(1) << n;
	nejected++;
}

static void on_status(void *ctx, unsigned cpu, uint32_t event, uint32_t status)
{
	ost[0] = cpu;
	ost[1] = event;
	ost[2] = status;
}

static const struct cpu_hotplug_ops cpu_ops = {on_eject, on_status};

static void start_pci(uint32_t slots)
{
	harness_init(&h, 0);
	dev = harness_new(&h, &acpi_pci_hotplug_class);
	harness_io(&h, dev, 0, PCI);
	acpi_pci_hotplug_wire(dev, slots, on_eject, &h);
	dev->irq[0] = harness_irq(&h, 0);
	harness_start(dev);
}

START_TEST(pci_has_nothing_at_first)
{
	start_pci(0xfffffff8);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0);
	ck_assert_uint_eq(inl(&h, PCI_EJECT), 0);
	ck_assert_uint_eq(inl(&h, PCI_RMV), 0xfffffff8);
	ck_assert_uint_eq(inl(&h, PCI_BUS), 0);
	ck_assert_uint_eq(inl(&h, PCI_INDEX), 0);
	ck_assert_uint_eq(h.edges[0], 0);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_plug)
{
	start_pci(0xfffffff8);
	acpi_pci_hotplug_plugged(dev, 7);
	acpi_pci_hotplug_plugged(dev, 31);
	ck_assert_uint_eq(h.edges[0], 2);
	ck_assert(!h.level[0]);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0x80000080);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_unplug)
{
	start_pci(0xfffffff8);
	acpi_pci_hotplug_request_unplug(dev, 7);
	ck_assert_uint_eq(h.edges[0], 1);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0x80);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0x80);
	ck_assert_uint_eq(nejected, 0);
	outl(&h, PCI_EJECT, 0x80);
	ck_assert_uint_eq(ejected, 0x80);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0);
	/* A guest may let go of a device by itself. */
	outl(&h, PCI_EJECT, 0x100);
	ck_assert_uint_eq(ejected, 0x180);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_fixed_slots_stay)
{
	start_pci(0x10);
	outl(&h, PCI_EJECT, 0xffffffef);
	ck_assert_uint_eq(nejected, 0);
	outl(&h, PCI_EJECT, 0xffffffff);
	ck_assert_uint_eq(ejected, 0x10);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_other_buses_are_empty)
{
	start_pci(0xfffffff8);
	acpi_pci_hotplug_plugged(dev, 5);
	outl(&h, PCI_BUS, 3);
	ck_assert_uint_eq(inl(&h, PCI_BUS), 3);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0);
	ck_assert_uint_eq(inl(&h, PCI_RMV), 0);
	outl(&h, PCI_EJECT, 0x20);
	ck_assert_uint_eq(nejected, 0);
	outl(&h, PCI_BUS, 0);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0x20);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_narrow_accesses_do_nothing)
{
	start_pci(0xffffffff);
	acpi_pci_hotplug_plugged(dev, 5);
	ck_assert_uint_eq(inb(&h, PCI_UP), 0);
	ck_assert_uint_eq(inw(&h, PCI_UP), 0);
	outb(&h, PCI_EJECT, 0x20);
	outw(&h, PCI_EJECT, 0x20);
	outl(&h, PCI_EJECT + 2, 0x20);
	ck_assert_uint_eq(nejected, 0);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0x20);
	/* Nor do writes to what can only be read. */
	outl(&h, PCI_UP, 0xff);
	outl(&h, PCI_DOWN, 0xff);
	outl(&h, PCI_RMV, 0);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0);
	ck_assert_uint_eq(inl(&h, PCI_RMV), 0xffffffff);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_reset_lets_go)
{
	start_pci(0xfffffff8);
	acpi_pci_hotplug_plugged(dev, 4);
	acpi_pci_hotplug_request_unplug(dev, 5);
	outl(&h, PCI_BUS, 9);
	dev->class->reset(dev);
	ck_assert_uint_eq(ejected, 0x20);
	ck_assert_uint_eq(inl(&h, PCI_BUS), 0);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(pci_state)
{
	start_pci(0);
	acpi_pci_hotplug_plugged(dev, 4);
	acpi_pci_hotplug_request_unplug(dev, 5);
	harness_roundtrip(dev);
	ck_assert_uint_eq(inl(&h, PCI_UP), 0x10);
	ck_assert_uint_eq(inl(&h, PCI_DOWN), 0x20);
	harness_fini(&h);
}
END_TEST

static void start_cpus(unsigned ncpus, unsigned max, const uint32_t *ids)
{
	harness_init(&h, 0);
	dev = harness_new(&h, &acpi_cpu_hotplug_class);
	harness_io(&h, dev, 0, CPU);
	acpi_cpu_hotplug_wire(dev, ncpus, max, ids, &cpu_ops, &h);
	dev->irq[0] = harness_irq(&h, 0);
	harness_start(dev);
}

/* As _INI does. */
static void start_registers(unsigned ncpus, unsigned max, const uint32_t *ids)
{
	start_cpus(ncpus, max, ids);
	outl(&h, CPU_SELECT, 0);
}

static uint32_t command(uint8_t cmd)
{
	outb(&h, CPU_COMMAND, cmd);
	return inl(&h, CPU_DATA);
}

START_TEST(cpu_bitmap)
{
	static const uint32_t ids[] = {0, 1, 16, 17};

	start_cpus(3, 4, ids);
	ck_assert_uint_eq(inb(&h, CPU), 3);
	ck_assert_uint_eq(inl(&h, CPU), 0x10003);
	ck_assert_uint_eq(inb(&h, CPU + 31), 0);
	ck_assert_uint_eq(inb(&h, CPU + 32), 0xff);
	/* No write but the one of zero to its start matters. */
	outb(&h, CPU + 2, 0);
	outl(&h, CPU, 1);
	outl(&h, CPU + 28, 0);
	ck_assert_uint_eq(inb(&h, CPU), 3);
	outl(&h, CPU, 0);
	ck_assert_uint_eq(inl(&h, CPU), 0);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	ck_assert_uint_eq(inb(&h, CPU + 12), 0xff);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_status_and_id)
{
	static const uint32_t ids[] = {0, 1, 4, 300};

	start_registers(2, 4, ids);
	outl(&h, CPU_SELECT, 1);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	ck_assert_uint_eq(command(CMD_APIC_ID), 1);
	outl(&h, CPU_SELECT, 3);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), 0);
	ck_assert_uint_eq(inl(&h, CPU_DATA), 300);
	/* The high half is none's; unknown commands are ignored. */
	ck_assert_uint_eq(inl(&h, CPU), 0);
	ck_assert_uint_eq(command(9), 300);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_plug)
{
	start_registers(2, 4, NULL);
	outl(&h, CPU_SELECT, 1);
	/* No news: the selection stays. */
	ck_assert_uint_eq(command(CMD_NEXT), 1);
	acpi_cpu_hotplug_plugged(dev, 2);
	acpi_cpu_hotplug_plugged(dev, 3);
	ck_assert_uint_eq(h.edges[0], 2);
	ck_assert_uint_eq(command(CMD_NEXT), 2);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED | CPU_INSERTED);
	outb(&h, CPU_CONTROL, CPU_INSERTED);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	outl(&h, CPU_SELECT, 3);
	ck_assert_uint_eq(command(CMD_NEXT), 3);
	outb(&h, CPU_CONTROL, CPU_INSERTED);
	ck_assert_uint_eq(command(CMD_NEXT), 3);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_search_wraps)
{
	start_registers(4, 4, NULL);
	acpi_cpu_hotplug_request_unplug(dev, 1);
	outl(&h, CPU_SELECT, 3);
	ck_assert_uint_eq(command(CMD_NEXT), 1);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_unplug)
{
	start_registers(3, 4, NULL);
	acpi_cpu_hotplug_request_unplug(dev, 2);
	ck_assert_uint_eq(h.edges[0], 1);
	ck_assert_uint_eq(command(CMD_NEXT), 2);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED | CPU_REMOVING);
	outb(&h, CPU_CONTROL, CPU_REMOVING);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	outb(&h, CPU_CONTROL, CPU_EJECT);
	ck_assert_uint_eq(ejected, 4);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), 0);
	/* Once is enough. */
	outb(&h, CPU_CONTROL, CPU_EJECT);
	ck_assert_uint_eq(nejected, 1);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_hostile)
{
	static const uint32_t beyond[] = {4, 255, 256, 0x80000000, UINT32_MAX};
	size_t i;

	start_registers(3, 4, NULL);
	for (i = 0; i < sizeof(beyond) / sizeof(*beyond); i++) {
		outl(&h, CPU_SELECT, beyond[i]);
		outb(&h, CPU_CONTROL, 0xff);
		outb(&h, CPU_CONTROL, CPU_EJECT);
		ck_assert_uint_eq(command(CMD_APIC_ID), 0);
		ck_assert_uint_eq(command(CMD_NEXT), 0);
		outl(&h, CPU_DATA, 1);
		ck_assert_uint_eq(inb(&h, CPU_CONTROL), 0);
	}
	/* Neither the first processor nor an absent one can be ejected. */
	outl(&h, CPU_SELECT, 0);
	outb(&h, CPU_CONTROL, CPU_EJECT);
	outl(&h, CPU_SELECT, 3);
	outb(&h, CPU_CONTROL, CPU_EJECT);
	ck_assert_uint_eq(nejected, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_ost)
{
	start_registers(3, 4, NULL);
	outl(&h, CPU_SELECT, 2);
	command(CMD_OST_EVENT);
	outl(&h, CPU_DATA, 3);
	command(CMD_OST_STATUS);
	outl(&h, CPU_DATA, 0x80);
	ck_assert_uint_eq(ost[0], 2);
	ck_assert_uint_eq(ost[1], 3);
	ck_assert_uint_eq(ost[2], 0x80);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_reset)
{
	start_registers(2, 4, NULL);
	acpi_cpu_hotplug_plugged(dev, 2);
	acpi_cpu_hotplug_request_unplug(dev, 1);
	dev->class->reset(dev);
	ck_assert_uint_eq(inb(&h, CPU), 7);
	outl(&h, CPU_SELECT, 0);
	ck_assert_uint_eq(command(CMD_NEXT), 0);
	ck_assert_uint_eq(inb(&h, CPU_CONTROL), CPU_ENABLED);
	harness_fini(&h);
}
END_TEST

START_TEST(cpu_state)
{
	start_registers(2, 4, NULL);
	acpi_cpu_hotplug_plugged(dev, 2);
	outl(&h, CPU_SELECT, 3);
	command(CMD_APIC_ID);
	harness_roundtrip(dev);
	ck_assert_uint_eq(inl(&h, CPU_DATA), 3);
	ck_assert_uint_eq(command(CMD_NEXT), 2);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("acpi_hotplug", pci_has_nothing_at_first, pci_plug, pci_unplug,
	     pci_fixed_slots_stay, pci_other_buses_are_empty,
	     pci_narrow_accesses_do_nothing, pci_reset_lets_go, pci_state,
	     cpu_bitmap, cpu_status_and_id, cpu_plug, cpu_search_wraps,
	     cpu_unplug, cpu_hostile, cpu_ost, cpu_reset, cpu_state)
