/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the test guest finds of the HPET, the DMA controllers and the devices
 * of kvm-unit-tests.  Interrupts are off all the time, and looked for in the
 * registers of the interrupt controllers.
 */
#include "io.h"

#define HPET		0xfed00000u
#define HPET_CONFIG	0x10
#define HPET_COUNTER	0xf0
#define HPET_TIMER(n)	(0x100 + 0x20 * (n))
#define HPET_COMPARE(n) (HPET_TIMER(n) + 8)
#define HPET_ON		1
#define HPET_LEGACY	2
#define TIMER_ON	4
#define TIMER_32BIT	0x100
#define TIMER_PIN(n)	((n) << 9)
#define MHZ		1000000u
#define SOON		MHZ /* 10 ms of 100 MHz */

#define PIC1		0x20
#define PIC2		0xa0
#define PIC_EOI		0x20
#define PIC_READ_IRR	0x0a
#define PIC_POLL	0x0c
#define PIC_POLLED	0x80

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_B		0x0b
#define RTC_C		0x0c
#define RTC_PERIODIC	0x42 /* and 24 hours */
#define RTC_QUIET	0x02

#define LAPIC		0xfee00000u
#define LAPIC_SPURIOUS	0xf0
#define LAPIC_ON	0x1ff
#define LAPIC_IRR	0x200
#define IOAPIC_INDEX	0xfec00000u
#define IOAPIC_DATA	0xfec00010u
#define IOAPIC_ENTRY(n) (0x10 + 2 * (n))
#define VECTOR		0x42

#define TESTDEV_LATCH	0xe0
#define TESTDEV_FLUSH	0xe4
#define TESTDEV_BYTES	0xe8
#define TESTDEV_LINES	0x2000
#define TESTDEV_MEMORY	0xff000000u
#define PAGE_TO_EVICT	0x200000u

#define PCI_TESTDEV	0x00051b36u
#define PCI_COMMAND	4
#define PCI_BAR(n)	(0x10 + 4 * (n))
#define HEADER_OFFSET	4
#define HEADER_DATA	8
#define HEADER_COUNT	12
#define HEADER_NAME	16
#define WRITES		16

static void mem_write(uint32_t addr, uint32_t v)
{
	*(volatile uint32_t *)addr = v;
}

static uint32_t mem_read(uint32_t addr)
{
	return *(volatile uint32_t *)addr;
}

static void say_value(const char *what, uint32_t v)
{
	say(what);
	say(" ");
	say_hex(v, 8);
	say("\r\n");
}

static uint8_t requested(uint16_t pic)
{
	out8(pic, PIC_READ_IRR);
	return in8(pic);
}

/* Takes what is requested, as the processor would. */
static void drain(uint16_t pic)
{
	unsigned i;

	out8(pic + 1, 0);
	for (i = 0; i < 8; i++) {
		out8(pic, PIC_POLL);
		if (!(in8(pic) & PIC_POLLED))
			break;
		out8(pic, PIC_EOI);
	}
	out8(pic + 1, 0xff);
}

/* Its interrupt falls, so that there can be another edge. */
static void rtc_take(void)
{
	out8(RTC_INDEX, RTC_C);
	in8(RTC_DATA);
}

/* Whether IRQ 0 or IRQ 8 comes within two seconds. */
static void say_irqs(const char *what)
{
	drain(PIC2);
	drain(PIC1);
	rtc_take();
	wait_second();
	wait_second();
	say(what);
	say(requested(PIC1) & 1 ? " irq0" : "");
	say(requested(PIC2) & 1 ? " irq8" : "");
	say("\r\n");
}

static void rtc(uint8_t b)
{
	out8(RTC_INDEX, RTC_B);
	out8(RTC_DATA, b);
	rtc_take();
}

static uint32_t counter(void)
{
	return mem_read(HPET + HPET_COUNTER);
}

/* Timer n, once, soon. */
static void shoot(unsigned n, uint32_t pin)
{
	mem_write(HPET + HPET_TIMER(n), TIMER_ON | TIMER_32BIT | pin);
	mem_write(HPET + HPET_COMPARE(n), counter() + SOON);
}

static void hpet_rate(void)
{
	uint32_t before;

	mem_write(HPET + HPET_CONFIG, HPET_ON);
	wait_second();
	before = counter();
	wait_second();
	say_value("hpet mhz", (counter() - before) / MHZ);
}

static void hpet_legacy(void)
{
	rtc(RTC_PERIODIC);
	say_irqs("pit and rtc:");
	rtc(RTC_PERIODIC);
	mem_write(HPET + HPET_CONFIG, HPET_ON | HPET_LEGACY);
	say_irqs("silenced:");
	shoot(0, 0);
	say_irqs("timer 0:");
	shoot(1, 0);
	say_irqs("timer 1:");
}

/* The PIT is silent, so that pin 2 of the I/O APIC is the HPET's alone. */
static void hpet_pin(void)
{
	mem_write(LAPIC + LAPIC_SPURIOUS, LAPIC_ON);
	mem_write(IOAPIC_INDEX, IOAPIC_ENTRY(2) + 1);
	mem_write(IOAPIC_DATA, 0);
	mem_write(IOAPIC_INDEX, IOAPIC_ENTRY(2));
	mem_write(IOAPIC_DATA, VECTOR);
	shoot(2, TIMER_PIN(2));
	wait_second();
	wait_second();
	say_value("i/o apic", mem_read(LAPIC + LAPIC_IRR + VECTOR / 32 * 16));
}

void hpet(void)
{
	say_value("hpet id", mem_read(HPET));
	say_value("hpet period", mem_read(HPET + 4));
	hpet_rate();
	hpet_legacy();
	hpet_pin();
	mem_write(HPET + HPET_CONFIG, 0);
	rtc(RTC_QUIET);
}

/* Registers of channel 2, its page, and a POST code. */
void dma(void)
{
	out8(0x0c, 0);
	out8(0x04, 0x34);
	out8(0x04, 0x12);
	out8(0x05, 0xff);
	out8(0x05, 0x01);
	out8(0x81, 0x56);
	out8(0x80, 0x77);
	out8(0x0c, 0);
	say_value("dma address low", in8(0x04));
	say_value("dma address high", in8(0x04));
	say_value("dma count low", in8(0x05));
	say_value("dma count high", in8(0x05));
	say_value("dma page", in8(0x81));
}

static void pc_testdev(void)
{
	unsigned i;

	out32(TESTDEV_LATCH, 0x12345678);
	out8(TESTDEV_LATCH + 1, 0xaa);
	say_value("latch", in32(TESTDEV_BYTES));
	mem_write(TESTDEV_MEMORY + 0x1000, 0xcafebabe);
	say_value("memory", mem_read(TESTDEV_MEMORY + 0x1000));
	mem_write(PAGE_TO_EVICT, 0xdeadbeef);
	out32(TESTDEV_FLUSH, PAGE_TO_EVICT);
	say_value("evicted", mem_read(PAGE_TO_EVICT));
	drain(PIC2);
	for (i = 3; i < 8; i++) {
		drain(PIC1);
		out8((uint16_t)(TESTDEV_LINES + i), 1);
		say_value("line", requested(PIC1) & 1u << i);
		out8((uint16_t)(TESTDEV_LINES + i), 0);
	}
}

static uint8_t bar_read(uint32_t base, int ports, uint32_t off)
{
	return ports ? in8((uint16_t)(base + off))
		     : *(volatile uint8_t *)(base + off);
}

static void bar_write(uint32_t base, int ports, uint32_t off, uint8_t v)
{
	if (ports)
		out8((uint16_t)(base + off), v);
	else
		*(volatile uint8_t *)(base + off) = v;
}

/* False when there is no such test. */
static int run_test(uint32_t base, int ports, uint8_t n)
{
	uint32_t i, off;
	char c[2] = {0};

	bar_write(base, ports, 0, n);
	if (!bar_read(base, ports, HEADER_NAME))
		return 0;
	for (i = HEADER_NAME; (c[0] = (char)bar_read(base, ports, i)); i++)
		say(c);
	off = bar_read(base, ports, HEADER_OFFSET) |
	      (uint32_t)bar_read(base, ports, HEADER_OFFSET + 1) << 8;
	for (i = 0; i < WRITES; i++)
		bar_write(base, ports, off, bar_read(base, ports, HEADER_DATA));
	say_value("", bar_read(base, ports, HEADER_COUNT));
	return 1;
}

static void pci_testdev(unsigned devfn)
{
	uint8_t n;

	say_value("command", config(devfn, PCI_COMMAND) & 3);
	for (n = 0; run_test(config(devfn, PCI_BAR(0)) & ~15u, 0, n); n++)
		;
	for (n = 0; run_test(config(devfn, PCI_BAR(1)) & ~3u, 1, n); n++)
		;
}

void test_devices(void)
{
	unsigned devfn;

	pc_testdev();
	for (devfn = 0; devfn < 256; devfn++)
		if (config(devfn, 0) == PCI_TESTDEV)
			pci_testdev(devfn);
}
