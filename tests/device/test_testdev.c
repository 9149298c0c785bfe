/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of kvm-unit-tests, driven as these do. */
#include <string.h>

#include "hw/i440fx.h"
#include "hw/pc_testdev.h"
#include "hw/pci_testdev.h"
#include "tests/device/harness.h"

#define LATCH  0xe0
#define FLUSH  0xe4
#define BYTES  0xe8
#define LINES  0x2000
#define MEMORY UINT64_C(0xff000000)

static struct harness h;
static struct device *dev;
static struct i440fx *fx;

static void start_isa(void)
{
	unsigned i;

	harness_init(&h, 0);
	dev = harness_new(&h, &pc_testdev_class);
	harness_io(&h, dev, PC_TESTDEV_LATCH, LATCH);
	harness_io(&h, dev, PC_TESTDEV_FLUSH, FLUSH);
	harness_io(&h, dev, PC_TESTDEV_LATCH_BYTES, BYTES);
	harness_io(&h, dev, PC_TESTDEV_LINES, LINES);
	harness_mmio(&h, dev, PC_TESTDEV_MEMORY, MEMORY);
	for (i = 0; i < PC_TESTDEV_IRQS; i++)
		dev->irq[i] = harness_irq(&h, i);
	harness_start(dev);
}

START_TEST(ports_keep_what_is_written)
{
	start_isa();
	outl(&h, LATCH, 0x12345678);
	ck_assert_uint_eq(inl(&h, LATCH), 0x12345678);
	ck_assert_uint_eq(inw(&h, LATCH + 2), 0x1234);
	outb(&h, LATCH + 1, 0xaa);
	ck_assert_uint_eq(inl(&h, BYTES), 0x1234aa78);
	outl(&h, BYTES, 0xcafebabe);
	ck_assert_uint_eq(inl(&h, LATCH), 0xcafebabe);
	outw(&h, LATCH + 3, 0x1122); /* the second byte is another device's */
	ck_assert_uint_eq(inl(&h, LATCH), 0x22febabe);
	ck_assert_uint_eq(inb(&h, LINES), 0);
	ck_assert_uint_eq(inl(&h, FLUSH), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(lines_follow_their_ports)
{
	uint16_t i;

	start_isa();
	for (i = 0; i < PC_TESTDEV_IRQS; i++) {
		outb(&h, LINES + i, 1);
		ck_assert(h.level[i]);
		outb(&h, LINES + i, 0);
		ck_assert(!h.level[i]);
		ck_assert_uint_eq(h.edges[i], 1);
	}
	outb(&h, LINES + 5, 0x80);
	ck_assert(h.level[5]);
	dev->class->reset(dev);
	ck_assert(!h.level[5]);
	harness_fini(&h);
}
END_TEST

START_TEST(memory_of_any_width)
{
	start_isa();
	mmio_write(&h, MEMORY, UINT64_C(0x1122334455667788), 8);
	ck_assert_uint_eq(mmio_read(&h, MEMORY, 8),
			  UINT64_C(0x1122334455667788));
	ck_assert_uint_eq(mmio_read(&h, MEMORY + 1, 2), 0x6677);
	mmio_write(&h, MEMORY + 0xffff, 0x99, 1);
	ck_assert_uint_eq(mmio_read(&h, MEMORY + 0xffff, 1), 0x99);
	mmio_write(&h, MEMORY + 0xfffc, UINT64_MAX, 8);
	ck_assert_uint_eq(mmio_read(&h, MEMORY + 0xfffc, 4), 0xffffffff);
	ck_assert_uint_eq(mmio_read(&h, MEMORY + 0xfffd, 4), 0xffffffff);
	harness_fini(&h);
}
END_TEST

START_TEST(an_evicted_page_keeps_its_content)
{
	struct gmem_span span;
	struct iovec iov;

	start_isa();
	memset(h.ram->host + 0x5000, 0x5a, 0x1000);
	outl(&h, FLUSH, 0x5123);
	ck_assert_uint_eq(h.ram->host[0x5fff], 0x5a);
	h.ram->host[0x5000] = 1; /* and can be written */
	ck_assert_int_eq(gmem_span(&h.m.gmem, 0x5000, 16, GMEM_TO_GUEST, &iov,
				   1, &span),
			 1);
	outl(&h, FLUSH, 0x5000);
	((uint8_t *)iov.iov_base)[0] = 2;
	gmem_done(&span, 16);
	outl(&h, FLUSH, 0xfffff000); /* nothing there */
	outl(&h, FLUSH, HARNESS_RAM);
	outb(&h, FLUSH, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(isa_state_round_trip)
{
	start_isa();
	outl(&h, LATCH, 0xdeadbeef);
	outb(&h, LINES + 9, 1);
	mmio_write(&h, MEMORY + 0x8000, 0x77, 1);
	harness_roundtrip(dev);
	ck_assert(h.level[9]);
	harness_fini(&h);
}
END_TEST

#define DEVFN	 (5 << 3)
#define BAR_MEM	 0xe0000000
#define BAR_PORT 0xc000
#define BAR_64	 UINT64_C(0x100000000)

enum { WIDTH = 1, OFFSET = 4, DATA = 8, COUNT = 12, NAME = 16 };

static uint32_t conf(unsigned reg)
{
	outl(&h, 0xcf8, 0x80000000 | DEVFN << 8 | reg);
	return inl(&h, 0xcfc);
}

static void set_conf(unsigned reg, uint32_t val)
{
	outl(&h, 0xcf8, 0x80000000 | DEVFN << 8 | reg);
	outl(&h, 0xcfc, val);
}

static int start_pci(const char *membar)
{
	struct error err = {0};
	int rc;

	harness_init(&h, 0);
	fx = (struct i440fx *)harness_new(&h, &i440fx_class);
	harness_io(&h, &fx->pci.dev, 0, 0xcf8);
	harness_io(&h, &fx->pci.dev, 1, 0xcfc);
	harness_start(&fx->pci.dev);
	dev = harness_new(&h, &pci_testdev_class);
	((struct pci_device *)dev)->bus = &fx->bus;
	((struct pci_device *)dev)->devfn = DEVFN;
	ck_assert(device_set(dev, "membar", membar, &err) == 0);
	rc = device_start(dev, &err);
	if (rc < 0)
		return rc;
	set_conf(0x10, BAR_MEM);
	set_conf(0x14, BAR_PORT);
	set_conf(0x1c, 1);
	set_conf(0x04, 7);
	return 0;
}

static void get_name(bool ports, char name[32])
{
	unsigned i;

	for (i = 0; i < 32; i++)
		name[i] =
			(char)(ports ? inb(&h, (uint16_t)(BAR_PORT + NAME + i))
				     : mmio_read(&h, BAR_MEM + NAME + i, 1));
}

START_TEST(identity_and_bars)
{
	ck_assert(!start_pci("16M"));
	ck_assert_uint_eq(conf(0x00), 0x00051b36);
	ck_assert_uint_eq(conf(0x08), 0x00ff0000);
	ck_assert_uint_eq(conf(0x2c), 0x11001af4);
	set_conf(0x10, UINT32_MAX);
	ck_assert_uint_eq(conf(0x10), 0xfffff000);
	set_conf(0x14, UINT32_MAX);
	ck_assert_uint_eq(conf(0x14), 0xffffff01);
	ck_assert_uint_eq(mmio_read(&h, BAR_64, 4), 0);
	set_conf(0x18, UINT32_MAX);
	set_conf(0x1c, UINT32_MAX);
	ck_assert_uint_eq(conf(0x18), 0xff00000c);
	ck_assert_uint_eq(conf(0x1c), UINT32_MAX);
	harness_fini(&h);
	ck_assert(!start_pci("0"));
	set_conf(0x18, UINT32_MAX);
	ck_assert_uint_eq(conf(0x18), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(a_membar_is_a_power_of_two)
{
	ck_assert(start_pci("3M") < 0);
	harness_fini(&h);
	ck_assert(start_pci("1K") < 0);
	harness_fini(&h);
}
END_TEST

static const char *const names[2][4] = {
	{"mmio-no-eventfd", "mmio-wildcard-eventfd", "mmio-datamatch-eventfd",
	 ""},
	{"portio-no-eventfd", "portio-wildcard-eventfd",
	 "portio-datamatch-eventfd", ""},
};

START_TEST(tests_by_their_numbers)
{
	char name[32];
	uint8_t n;

	start_pci("0");
	get_name(false, name);
	ck_assert_str_eq(name, "");
	for (n = 0; n < 4; n++) {
		mmio_write(&h, BAR_MEM, n, 1);
		get_name(false, name);
		ck_assert_str_eq(name, names[0][n]);
		ck_assert_uint_eq(mmio_read(&h, BAR_MEM + OFFSET, 4),
				  n < 3 ? 0x800 + n : 0);
		ck_assert_uint_eq(mmio_read(&h, BAR_MEM + WIDTH, 1), n < 3);
		outb(&h, BAR_PORT, n);
		get_name(true, name);
		ck_assert_str_eq(name, names[1][n]);
		ck_assert_uint_eq(inl(&h, BAR_PORT + OFFSET),
				  n < 3 ? 0x83 + n : 0);
	}
	mmio_write(&h, BAR_MEM, 0xff, 1);
	get_name(false, name);
	ck_assert_str_eq(name, "");
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + 0xffc, 4), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(writes_are_counted)
{
	unsigned i;

	start_pci("0");
	mmio_write(&h, BAR_MEM, 0, 1);
	for (i = 0; i < 16; i++)
		mmio_write(&h, BAR_MEM + 0x800,
			   mmio_read(&h, BAR_MEM + DATA, 1), 1);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 16);
	mmio_write(&h, BAR_MEM + 0x800, 0xfb, 1); /* other data */
	mmio_write(&h, BAR_MEM + 0x801, 0xfa, 1); /* another place */
	outb(&h, BAR_PORT + 0x83, 0xfa); /* another BAR */
	mmio_write(&h, BAR_MEM + COUNT, 0, 4);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 16);
	mmio_write(&h, BAR_MEM, 0, 1);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 0);
	outb(&h, BAR_PORT, 0);
	outb(&h, BAR_PORT + 0x83, inb(&h, BAR_PORT + DATA));
	mmio_write(&h, BAR_MEM + 0x83, 0xfa, 1);
	ck_assert_uint_eq(inl(&h, BAR_PORT + COUNT), 1);
	harness_fini(&h);
}
END_TEST

START_TEST(what_rings_the_bell_is_not_counted)
{
	start_pci("0");
	mmio_write(&h, BAR_MEM, 1, 1);
	mmio_write(&h, BAR_MEM + 0x801, 0xce, 1);
	mmio_write(&h, BAR_MEM + 0x801, 0xce, 4);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 0);
	mmio_write(&h, BAR_MEM, 2, 1);
	mmio_write(&h, BAR_MEM + 0x802, 0xfa, 1);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 0);
	mmio_write(&h, BAR_MEM + 0x802, 0xfa, 2);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 1);
	harness_fini(&h);
}
END_TEST

START_TEST(any_write_to_any_register)
{
	uint64_t seed = 1;
	unsigned i, where;

	start_pci("4K");
	for (i = 0; i < 100000; i++) {
		seed = seed * UINT64_C(6364136223846793005) +
		       1442695040888963407;
		where = (unsigned)(seed >> 40) & 0xfff;
		if (seed >> 63)
			mmio_write(&h, BAR_MEM + where, seed >> 20,
				   1u << (seed >> 60 & 3));
		else if (seed >> 62)
			outl(&h, (uint16_t)(BAR_PORT + where % 256),
			     (uint32_t)(seed >> 20));
		else
			set_conf(where & 0x3c, (uint32_t)(seed >> 20));
		mmio_read(&h, BAR_MEM + where, 8);
		inl(&h, (uint16_t)(BAR_PORT + where % 256));
	}
	harness_fini(&h);
}
END_TEST

START_TEST(pci_state_round_trip)
{
	start_pci("16M");
	mmio_write(&h, BAR_MEM, 0, 1);
	mmio_write(&h, BAR_MEM + 0x800, 0xfa, 1);
	harness_roundtrip(dev);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), 1);
	dev->class->reset(dev);
	ck_assert_uint_eq(mmio_read(&h, BAR_MEM + COUNT, 4), UINT32_MAX);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("testdev", ports_keep_what_is_written, lines_follow_their_ports,
	     memory_of_any_width, an_evicted_page_keeps_its_content,
	     isa_state_round_trip, identity_and_bars,
	     a_membar_is_a_power_of_two, tests_by_their_numbers,
	     writes_are_counted, what_rings_the_bell_is_not_counted,
	     any_write_to_any_register, pci_state_round_trip)
