/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host bridge, ISA bridge and power management, over their ports. */
#include <string.h>

#include "hw/i440fx.h"
#include "hw/piix3.h"
#include "hw/piix4_pm.h"
#include "tests/device/harness.h"

#define HOST	0
#define ISA	(1 << 3)
#define PM	(1 << 3 | 3)
#define PM_BASE 0x600
#define SCI	20

static struct harness h;
static struct i440fx *fx;
static struct piix3 *isa;
static struct piix4_pm *pm;
static struct ram_block *bios;

static void start_pm(void)
{
	pm = (struct piix4_pm *)harness_new(&h, &piix4_pm_class);
	pm->pci.bus = &fx->bus;
	pm->pci.devfn = PM;
	pm->pci.dev.irq[0] = harness_irq(&h, SCI);
	harness_io(&h, &pm->pci.dev, 0, PIIX4_SMI_PORT);
	harness_io(&h, &pm->pci.dev, 1, PIIX4_GPE_BASE);
	harness_start(&pm->pci.dev);
}

static void start(void)
{
	unsigned i;

	harness_init(&h, 0);
	fx = (struct i440fx *)harness_new(&h, &i440fx_class);
	harness_io(&h, &fx->pci.dev, 0, 0xcf8);
	harness_io(&h, &fx->pci.dev, 1, 0xcfc);
	harness_start(&fx->pci.dev);
	bios = gmem_block_new(&h.m.gmem, "bios", 0x40000, NULL);
	memset(bios->host, 0xb1, bios->size);
	ck_assert(!i440fx_set_memory(fx, h.ram, bios, NULL));
	isa = (struct piix3 *)harness_new(&h, &piix3_class);
	isa->pci.bus = &fx->bus;
	isa->pci.devfn = ISA;
	harness_io(&h, &isa->pci.dev, 0, 0xcf9);
	for (i = 0; i < PIIX3_ISA_IRQS; i++)
		isa->pci.dev.irq[i] = harness_irq(&h, i);
	for (i = 0; i < PIIX3_PINS; i++)
		fx->bus.pin[i] = piix3_pin(isa, i);
	harness_start(&isa->pci.dev);
	start_pm();
}

static void select_reg(unsigned devfn, unsigned reg)
{
	outl(&h, 0xcf8, 0x80000000 | devfn << 8 | (reg & 0xfc));
}

static uint32_t conf(unsigned devfn, unsigned reg)
{
	select_reg(devfn, reg);
	return inl(&h, 0xcfc);
}

static void set_conf(unsigned devfn, unsigned reg, uint8_t val)
{
	select_reg(devfn, reg);
	outb(&h, (uint16_t)(0xcfc + (reg & 3)), val);
}

static uint8_t peek(gpa_t gpa)
{
	uint8_t v;

	gmem_read(&h.m.gmem, gpa, &v, 1);
	return v;
}

static void poke(gpa_t gpa, uint8_t v)
{
	gmem_write(&h.m.gmem, gpa, &v, 1);
}

START_TEST(configuration_mechanism_1)
{
	start();
	ck_assert_uint_eq(conf(HOST, 0), 0x12378086);
	ck_assert_uint_eq(conf(ISA, 0), 0x70008086);
	ck_assert_uint_eq(conf(PM, 0), 0x71138086);
	ck_assert_uint_eq(conf(7 << 3, 0), UINT32_MAX);
	ck_assert_uint_eq(inl(&h, 0xcf8), 0x80000000 | 7 << 11);
	outl(&h, 0xcf8, 0); /* not enabled */
	ck_assert_uint_eq(inl(&h, 0xcfc), UINT32_MAX);
	outb(&h, 0xcf8, 0x55); /* narrow writes are not for the address */
	ck_assert_uint_eq(inl(&h, 0xcf8), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(pam_shows_rom_and_shadows_it)
{
	start();
	ck_assert_uint_eq(peek(0xf0000), 0xb1);
	poke(0xf0000, 1);
	ck_assert_uint_eq(peek(0xf0000), 0xb1);
	set_conf(HOST, 0x59, 0x30); /* RAM */
	poke(0xf0000, 0x22);
	ck_assert_uint_eq(peek(0xf0000), 0x22);
	set_conf(HOST, 0x59, 0x10); /* RAM that cannot be written */
	poke(0xf0000, 0x33);
	ck_assert_uint_eq(peek(0xf0000), 0x22);
	set_conf(HOST, 0x59, 0x00);
	ck_assert_uint_eq(peek(0xf0000), 0xb1);
	fx->pci.dev.class->reset(&fx->pci.dev);
	ck_assert_uint_eq(peek(0xf0000), 0xb1);
	harness_fini(&h);
}
END_TEST

START_TEST(each_pam_area_is_its_own)
{
	unsigned n;

	start();
	for (n = 0; n < 12; n++)
		poke(0xc0000 + n * 0x4000, 0); /* option ROM space, or none */
	set_conf(HOST, 0x5a, 0x30); /* 0xc4000 */
	poke(0xc0000, 1);
	poke(0xc4000, 2);
	set_conf(HOST, 0x5a, 0x00);
	ck_assert_uint_eq(peek(0xc0000), 1);
	ck_assert_uint_eq(peek(0xc4000), 0);
	ck_assert_uint_eq(h.ram->host[0xc4000], 2);
	harness_fini(&h);
}
END_TEST

START_TEST(smram_opens_the_video_area)
{
	start();
	ck_assert_uint_eq(peek(0xa0000), 0xff);
	set_conf(HOST, 0x72, 0x4a);
	poke(0xa0000, 7);
	ck_assert_uint_eq(peek(0xa0000), 7);
	set_conf(HOST, 0x72, 0x0a);
	ck_assert_uint_eq(peek(0xa0000), 0xff);
	harness_fini(&h);
}
END_TEST

START_TEST(pins_are_routed_by_pirqrc)
{
	start();
	pci_set_intx(&pm->pci, true); /* slot 1, pin A: line B */
	ck_assert(!h.level[10]);
	set_conf(ISA, 0x61, 10);
	ck_assert(h.level[10]);
	set_conf(ISA, 0x61, 11);
	ck_assert(!h.level[10]);
	ck_assert(h.level[11]);
	set_conf(PM, 5, 4); /* interrupt disable */
	ck_assert(!h.level[11]);
	set_conf(PM, 5, 0);
	set_conf(ISA, 0x61, 0x80);
	ck_assert(!h.level[11]);
	set_conf(ISA, 0x61, 8); /* reserved */
	ck_assert(!h.level[8]);
	harness_fini(&h);
}
END_TEST

START_TEST(reset_control)
{
	start();
	outb(&h, 0xcf9, 2);
	ck_assert_uint_eq(inb(&h, 0xcf9), 2);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_NONE);
	outb(&h, 0xcf9, 6);
	ck_assert_int_eq(h.m.reset_cause, CAUSE_GUEST_RESET);
	harness_fini(&h);
}
END_TEST

static void enable_pm(void)
{
	select_reg(PM, 0x40);
	outl(&h, 0xcfc, PM_BASE | 1);
	set_conf(PM, 0x80, 1);
	outb(&h, PIIX4_SMI_PORT, PIIX4_ACPI_ENABLE);
}

START_TEST(power_button_raises_the_sci)
{
	start();
	enable_pm();
	ck_assert_uint_eq(inw(&h, PM_BASE + 4), 1);
	outw(&h, PM_BASE + 2, 1 << 8);
	machine_notify(&h.m, EVENT_POWERDOWN);
	ck_assert(h.level[SCI]);
	ck_assert_uint_eq(inw(&h, PM_BASE), 1 << 8);
	outb(&h, PM_BASE + 1, 1); /* a byte clears its own bits */
	ck_assert(!h.level[SCI]);
	harness_fini(&h);
}
END_TEST

START_TEST(alarm_wakes_and_memory_stays_as_it_was)
{
	struct irq alarm;

	start();
	enable_pm();
	set_conf(HOST, 0x59, 0x30);
	poke(0xf0000, 0x22);
	alarm = piix4_pm_alarm(pm);
	outw(&h, PM_BASE + 2, 1 << 10); /* RTC_EN */
	irq_pulse(&alarm);
	ck_assert(!h.m.wakeup_asked); /* it is awake */
	h.m.state = RUN_STATE_SUSPENDED;
	outw(&h, PM_BASE + 2, 0);
	irq_pulse(&alarm);
	ck_assert(!h.m.wakeup_asked);
	outw(&h, PM_BASE + 2, 1 << 10);
	irq_pulse(&alarm);
	ck_assert(h.m.wakeup_asked);
	fx->pci.dev.class->reset(&fx->pci.dev);
	pm->pci.dev.class->reset(&pm->pci.dev);
	h.m.state = RUN_STATE_RUNNING;
	machine_notify(&h.m, EVENT_WAKEUP);
	ck_assert_uint_eq(peek(0xf0000), 0x22);
	ck_assert_uint_eq(pm->pm1_status, 1 << 15 | 1 << 10);
	harness_fini(&h);
}
END_TEST

START_TEST(timer_counts_and_overflows)
{
	uint32_t before;

	start();
	enable_pm();
	before = inl(&h, PM_BASE + 8);
	harness_advance(&h, NS_PER_SEC);
	ck_assert_uint_eq(inl(&h, PM_BASE + 8) - before, 3579545);
	outw(&h, PM_BASE + 2, 1);
	harness_advance(&h, 5 * NS_PER_SEC); /* half of 2^24 ticks: 2.34 s */
	ck_assert(h.level[SCI]);
	outw(&h, PM_BASE, 1);
	ck_assert(!h.level[SCI]);
	harness_fini(&h);
}
END_TEST

START_TEST(sleep_types)
{
	start();
	enable_pm();
	outw(&h, PM_BASE + 4, 1 << 13 | 1 << 10 | 1);
	ck_assert(h.m.suspend_asked);
	outw(&h, PM_BASE + 4, 1 << 13 | 1);
	ck_assert_int_eq(h.m.shutdown_cause, CAUSE_GUEST_SHUTDOWN);
	harness_fini(&h);
}
END_TEST

START_TEST(general_purpose_events)
{
	struct irq line;

	start();
	enable_pm();
	line = piix4_pm_gpe(pm, 1);
	irq_pulse(&line);
	ck_assert_uint_eq(inb(&h, PIIX4_GPE_BASE), 2);
	ck_assert(!h.level[SCI]);
	outb(&h, PIIX4_GPE_BASE + 2, 2);
	ck_assert(h.level[SCI]);
	outb(&h, PIIX4_GPE_BASE, 2);
	ck_assert(!h.level[SCI]);
	harness_fini(&h);
}
END_TEST

START_TEST(anything_in_configuration_space)
{
	unsigned i, seed = 5;

	start();
	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		outl(&h, 0xcf8, 0x80000000 | (seed >> 4 & 0xfffffc));
		outl(&h, (uint16_t)(0xcfc + (seed & 3)), seed * 3);
		inl(&h, (uint16_t)(0xcfc + (seed >> 2 & 3)));
		inw(&h, (uint16_t)seed);
	}
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trips)
{
	start();
	enable_pm();
	outw(&h, PM_BASE + 2, 1);
	set_conf(HOST, 0x5a, 0x33);
	set_conf(ISA, 0x60, 10);
	harness_roundtrip(&fx->pci.dev);
	harness_roundtrip(&isa->pci.dev);
	harness_roundtrip(&pm->pci.dev);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("chipset", configuration_mechanism_1, pam_shows_rom_and_shadows_it,
	     each_pam_area_is_its_own, smram_opens_the_video_area,
	     pins_are_routed_by_pirqrc, reset_control,
	     power_button_raises_the_sci,
	     alarm_wakes_and_memory_stays_as_it_was, timer_counts_and_overflows,
	     sleep_types, general_purpose_events,
	     anything_in_configuration_space, state_round_trips)
