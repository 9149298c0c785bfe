/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI: configuration cycles as a BIOS makes them, BARs, interrupt pins. */
#include <errno.h>
#include <string.h>

#include "hw/i440fx.h"
#include "hw/pci_regs.h"
#include "tests/device/harness.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define ENABLE	       (1u << 31)

#define IO_SIZE	       16u
#define MEM_SIZE       4096u
#define RAM_SIZE       0x20000u

enum { BAR_IO, BAR_MEM, BAR_RAM, BAR_RAM_HIGH };

struct toy {
	struct pci_device pci;
	struct ram_block *ram;
	uint32_t port, reg;
	unsigned writes, written_off, written_len;
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	return ((struct toy *)dev)->port + off;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	((struct toy *)dev)->port = (uint32_t)val;
}

static uint64_t reg_read(void *dev, uint64_t off, unsigned size)
{
	return ((struct toy *)dev)->reg + off;
}

static void reg_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	((struct toy *)dev)->reg = (uint32_t)val;
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};
static const struct bus_ops reg_ops = {.read = reg_read, .write = reg_write};

static const struct pci_id id = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subvendor = 0x9abc,
	.subdevice = 0xdef0,
	.class = 0x010203,
	.revision = 4,
	.pin = 1,
	.multifunction = true,
};

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	struct toy *toy = (struct toy *)pci;

	toy->writes++;
	toy->written_off = off;
	toy->written_len = len;
}

static int toy_init(struct device *dev, struct error *err)
{
	struct toy *toy = (struct toy *)dev;
	struct pci_device *pci = &toy->pci;
	int rc = pci_attach(pci, &id, err);

	if (rc < 0)
		return rc;
	toy->ram = gmem_block_new(&dev->machine->gmem, "toy", RAM_SIZE, err);
	pci->bar[BAR_RAM].is64 = true;
	pci->config_written = config_written;
	rc = pci_add_bar(pci, BAR_IO, PCI_BAR_IO, "toy-io", IO_SIZE, &port_ops,
			 toy, err);
	if (rc == 0)
		rc = pci_add_bar(pci, BAR_MEM, PCI_BAR_MEM, "toy-mem", MEM_SIZE,
				 &reg_ops, toy, err);
	if (rc == 0)
		rc = pci_add_ram_bar(pci, BAR_RAM, PCI_BAR_PREFETCH, toy->ram,
				     err);
	return rc;
}

static void toy_reset(struct device *dev)
{
	pci_reset((struct pci_device *)dev);
}

static void toy_fini(struct device *dev)
{
	struct toy *toy = (struct toy *)dev;

	pci_detach(&toy->pci);
	gmem_block_free(&dev->machine->gmem, toy->ram);
}

static const struct opt_desc opts[] = {PCI_OPTS, {.type = OPT_END}};

static const struct state_field fields[] = {PCI_STATE, {.kind = STATE_END}};

static const struct state_desc state = {.name = "toy",
					.version = 1,
					.fields = fields,
					.restored = pci_restored};

static const struct device_class toy_class = {
	.name = "toy",
	.bus = DEVICE_PCI,
	.size = sizeof(struct toy),
	.opts = opts,
	.state = &state,
	.init = toy_init,
	.reset = toy_reset,
	.fini = toy_fini,
};

static struct harness h;
static struct i440fx *fx;
static struct toy *toy;

static struct toy *add(const char *addr)
{
	struct device *dev = harness_new(&h, &toy_class);
	struct error err = {0};

	((struct pci_device *)dev)->bus = &fx->bus;
	if (addr)
		ck_assert_int_eq(device_set(dev, "addr", addr, &err), 0);
	harness_start(dev);
	return (struct toy *)dev;
}

static void start(void)
{
	struct device *dev;
	unsigned i;

	harness_init(&h, 0);
	dev = harness_new(&h, &i440fx_class);
	fx = (struct i440fx *)dev;
	harness_io(&h, dev, 0, CONFIG_ADDRESS);
	harness_io(&h, dev, 1, CONFIG_DATA);
	fx->pci.devfn = 0;
	harness_start(dev);
	dev->class->reset(dev);
	for (i = 0; i < 4; i++)
		fx->bus.pin[i] = harness_irq(&h, i);
	toy = add("3");
	toy_reset(&toy->pci.dev);
}

static void stop(void)
{
	harness_fini(&h);
}

static void choose(unsigned bus, unsigned slot, unsigned reg)
{
	outl(&h, CONFIG_ADDRESS,
	     ENABLE | bus << 16 | slot << 11 | (reg & 0xfc));
}

static uint32_t rd(unsigned reg, unsigned size)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (reg & 3));

	choose(0, 3, reg);
	return size == 1   ? inb(&h, port)
	       : size == 2 ? inw(&h, port)
			   : inl(&h, port);
}

static void wr(unsigned reg, uint32_t val, unsigned size)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (reg & 3));

	choose(0, 3, reg);
	if (size == 1)
		outb(&h, port, (uint8_t)val);
	else if (size == 2)
		outw(&h, port, (uint16_t)val);
	else
		outl(&h, port, val);
}

static void command(uint16_t val)
{
	wr(PCI_COMMAND, val, 2);
}

START_TEST(test_header_in_all_widths)
{
	start();
	ck_assert_uint_eq(rd(PCI_VENDOR_ID, 4), 0x56781234);
	ck_assert_uint_eq(rd(PCI_VENDOR_ID, 2), 0x1234);
	ck_assert_uint_eq(rd(PCI_DEVICE_ID, 2), 0x5678);
	ck_assert_uint_eq(rd(PCI_VENDOR_ID + 1, 1), 0x12);
	ck_assert_uint_eq(rd(PCI_DEVICE_ID + 1, 1), 0x56);
	ck_assert_uint_eq(rd(PCI_CLASS_REVISION, 4), 0x01020304);
	ck_assert_uint_eq(rd(PCI_CLASS_DEVICE, 2), 0x0102);
	ck_assert_uint_eq(rd(PCI_HEADER_TYPE, 1), 0x80);
	ck_assert_uint_eq(rd(PCI_SUBSYSTEM_VENDOR_ID, 4), 0xdef09abc);
	ck_assert_uint_eq(rd(PCI_INTERRUPT_PIN, 1), 1);
	/* A word in the middle of a register. */
	choose(0, 3, PCI_VENDOR_ID);
	ck_assert_uint_eq(inw(&h, CONFIG_DATA + 1), 0x7812);
	/* What says who it is cannot be changed. */
	wr(PCI_VENDOR_ID, 0, 4);
	wr(PCI_CLASS_REVISION, 0, 4);
	wr(PCI_SUBSYSTEM_VENDOR_ID, 0, 4);
	wr(PCI_INTERRUPT_PIN, 0, 1);
	wr(PCI_HEADER_TYPE, 0, 1);
	ck_assert_uint_eq(rd(PCI_VENDOR_ID, 4), 0x56781234);
	ck_assert_uint_eq(rd(PCI_CLASS_REVISION, 4), 0x01020304);
	ck_assert_uint_eq(rd(PCI_SUBSYSTEM_VENDOR_ID, 4), 0xdef09abc);
	ck_assert_uint_eq(rd(PCI_INTERRUPT_PIN, 1), 1);
	ck_assert_uint_eq(rd(PCI_HEADER_TYPE, 1), 0x80);
	stop();
}
END_TEST

START_TEST(test_writes_in_all_widths)
{
	start();
	wr(PCI_INTERRUPT_LINE, 0x0b, 1);
	ck_assert_uint_eq(rd(PCI_INTERRUPT_LINE, 1), 0x0b);
	ck_assert_uint_eq(toy->written_off, PCI_INTERRUPT_LINE);
	ck_assert_uint_eq(toy->written_len, 1);
	wr(PCI_BASE_ADDRESS_1, 0x12345678, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_1, 4), 0x12345000);
	wr(PCI_BASE_ADDRESS_1 + 2, 0xfedc, 2);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_1, 4), 0xfedc5000);
	wr(PCI_BASE_ADDRESS_1 + 1, 0x9f, 1);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_1, 4), 0xfedc9000);
	wr(PCI_BASE_ADDRESS_1 + 3, 0x80, 1);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_1, 4), 0x80dc9000);
	/* Where nothing is, nothing is kept. */
	wr(PCI_BASE_ADDRESS_4, 0xffffffff, 4);
	wr(PCI_BASE_ADDRESS_5, 0xffffffff, 4);
	wr(PCI_ROM_ADDRESS, 0xffffffff, 4);
	wr(0xfc, 0xffffffff, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_4, 4), 0);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_5, 4), 0);
	ck_assert_uint_eq(rd(PCI_ROM_ADDRESS, 4), 0);
	ck_assert_uint_eq(rd(0xfc, 4), 0);
	stop();
}
END_TEST

START_TEST(test_the_address_port)
{
	start();
	outl(&h, CONFIG_ADDRESS, 0xffffffff);
	ck_assert_uint_eq(inl(&h, CONFIG_ADDRESS), 0x80fffffc);
	ck_assert_uint_eq(inb(&h, CONFIG_ADDRESS + 3), 0x80);
	ck_assert_uint_eq(inw(&h, CONFIG_ADDRESS), 0xfffc);
	/* Narrow writes are not for it. */
	outb(&h, CONFIG_ADDRESS, 0);
	outw(&h, CONFIG_ADDRESS + 2, 0);
	outb(&h, CONFIG_ADDRESS + 3, 0);
	ck_assert_uint_eq(inl(&h, CONFIG_ADDRESS), 0x80fffffc);
	/* Without the enable bit there is no cycle. */
	choose(0, 3, PCI_VENDOR_ID);
	outl(&h, CONFIG_ADDRESS, inl(&h, CONFIG_ADDRESS) & ~ENABLE);
	ck_assert_uint_eq(inl(&h, CONFIG_DATA), 0xffffffff);
	outl(&h, CONFIG_DATA, 0xffffffff);
	ck_assert_uint_eq(toy->writes, 0);
	stop();
}
END_TEST

START_TEST(test_nobody_answers)
{
	unsigned bus, slot, seen = 0;

	start();
	for (bus = 0; bus < 256; bus++)
		for (slot = 0; slot < 32; slot++) {
			choose(bus, slot, PCI_VENDOR_ID);
			if (inl(&h, CONFIG_DATA) != 0xffffffff)
				seen++;
			ck_assert(bus == 0 || inb(&h, CONFIG_DATA) == 0xff);
			if (bus || slot > 3) {
				choose(bus, slot, PCI_INTERRUPT_LINE);
				outl(&h, CONFIG_DATA, 0xffffffff);
			}
		}
	ck_assert_uint_eq(seen, 2);
	ck_assert_uint_eq(toy->writes, 0);
	/* Functions that are not there. */
	outl(&h, CONFIG_ADDRESS, ENABLE | 3 << 11 | 1 << 8);
	ck_assert_uint_eq(inw(&h, CONFIG_DATA), 0xffff);
	stop();
}
END_TEST

/* 6.2.5.1: all ones are written, and what can be 0 says the size. */
START_TEST(test_bar_sizing)
{
	start();
	wr(PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_0, 4), 0xfffffff1);
	wr(PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_1, 4), 0xfffff000);
	wr(PCI_BASE_ADDRESS_2, 0xffffffff, 4);
	wr(PCI_BASE_ADDRESS_3, 0xffffffff, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_2, 4), 0xfffe000c);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_3, 4), 0xffffffff);
	wr(PCI_BASE_ADDRESS_0, 0, 4);
	wr(PCI_BASE_ADDRESS_2, 0, 4);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_0, 4), 1);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_2, 4), 0xc);
	stop();
}
END_TEST

START_TEST(test_sizing_shows_nothing)
{
	start();
	command(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	wr(PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	wr(PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	wr(PCI_BASE_ADDRESS_2, 0xffffffff, 4);
	wr(PCI_BASE_ADDRESS_3, 0xffffffff, 4);
	ck_assert(!bus_has(&h.m.io, 0xfff0));
	ck_assert(!bus_has(&h.m.mem, 0xfffff000));
	ck_assert(!gmem_read(&h.m.gmem, UINT64_MAX - 0xfff, (char[4]){0}, 4));
	stop();
}
END_TEST

START_TEST(test_mapping_and_the_command_register)
{
	char buf[4];

	start();
	toy->port = toy->reg = 0x40;
	wr(PCI_BASE_ADDRESS_0, 0xc000, 4);
	wr(PCI_BASE_ADDRESS_1, 0xfebf0000, 4);
	wr(PCI_BASE_ADDRESS_2, 0x00000000, 4);
	wr(PCI_BASE_ADDRESS_3, 0x00000001, 4);
	ck_assert_uint_eq(inb(&h, 0xc000), 0xff);
	command(PCI_COMMAND_IO);
	ck_assert_uint_eq(inb(&h, 0xc005), 0x45);
	ck_assert_uint_eq(inb(&h, 0xc010), 0xff);
	ck_assert_uint_eq(mmio_read(&h, 0xfebf0000, 4), 0xffffffff);
	command(PCI_COMMAND_MEMORY);
	ck_assert_uint_eq(inb(&h, 0xc005), 0xff);
	ck_assert_uint_eq(mmio_read(&h, 0xfebf0008, 4), 0x48);
	ck_assert(gmem_write(&h.m.gmem, UINT64_C(0x100000000), "high", 4));
	ck_assert_mem_eq(toy->ram->host, "high", 4);
	/* Moved, it is at the new place alone. */
	wr(PCI_BASE_ADDRESS_1, 0xfebe0000, 4);
	ck_assert_uint_eq(mmio_read(&h, 0xfebf0008, 4), 0xffffffff);
	ck_assert_uint_eq(mmio_read(&h, 0xfebe0008, 4), 0x48);
	wr(PCI_BASE_ADDRESS_3, 0x00000002, 4);
	ck_assert(!gmem_read(&h.m.gmem, UINT64_C(0x100000000), buf, 4));
	ck_assert(gmem_read(&h.m.gmem, UINT64_C(0x200000000), buf, 4));
	ck_assert_mem_eq(buf, "high", 4);
	command(0);
	ck_assert_uint_eq(mmio_read(&h, 0xfebe0008, 4), 0xffffffff);
	ck_assert(!gmem_read(&h.m.gmem, UINT64_C(0x200000000), buf, 4));
	/* Bits that mean nothing are not kept. */
	command(0xffff);
	ck_assert_uint_eq(rd(PCI_COMMAND, 2), 0x0547);
	ck_assert(pci_is_master(&toy->pci));
	command(0);
	ck_assert(!pci_is_master(&toy->pci));
	stop();
}
END_TEST

START_TEST(test_places_where_a_bar_cannot_be)
{
	char buf[4];

	start();
	command(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	/* 0 is no address; ports end at 64 Ki. */
	ck_assert(!bus_has(&h.m.io, 0));
	ck_assert(!bus_has(&h.m.mem, 0));
	wr(PCI_BASE_ADDRESS_0, 0x0001c000, 4);
	ck_assert(!bus_has(&h.m.io, 0xc000));
	wr(PCI_BASE_ADDRESS_0, 0xfff0, 4);
	ck_assert(bus_has(&h.m.io, 0xffff));
	/* The end of 4 GiB belongs to the BIOS. */
	wr(PCI_BASE_ADDRESS_1, 0xfffff000, 4);
	ck_assert(!bus_has(&h.m.mem, 0xfffff000));
	wr(PCI_BASE_ADDRESS_1, 0xffffe000, 4);
	ck_assert(bus_has(&h.m.mem, 0xffffe000));
	/* The end of 64 bits. */
	wr(PCI_BASE_ADDRESS_2, 0xfffe0000, 4);
	wr(PCI_BASE_ADDRESS_3, 0xffffffff, 4);
	ck_assert(!gmem_read(&h.m.gmem, 0 - UINT64_C(0x20000), buf, 4));
	wr(PCI_BASE_ADDRESS_2, 0xfffc0000, 4);
	ck_assert(gmem_read(&h.m.gmem, 0 - UINT64_C(0x40000), buf, 4));
	stop();
}
END_TEST

START_TEST(test_bars_over_each_other_and_over_ram)
{
	struct toy *other;
	char buf[4];

	start();
	other = add("5.1");
	toy->reg = 0x100;
	other->reg = 0x200;
	command(PCI_COMMAND_MEMORY);
	pci_config_write(&fx->bus, PCI_DEVFN(5, 1), PCI_COMMAND,
			 PCI_COMMAND_MEMORY, 2);
	wr(PCI_BASE_ADDRESS_1, 0xfeb00000, 4);
	pci_config_write(&fx->bus, PCI_DEVFN(5, 1), PCI_BASE_ADDRESS_1,
			 0xfeb00000, 4);
	mmio_read(&h, 0xfeb00000, 4); /* one of the two */
	wr(PCI_BASE_ADDRESS_1, 0xfea00000, 4);
	ck_assert_uint_eq(mmio_read(&h, 0xfeb00000, 4), 0x200);
	ck_assert_uint_eq(mmio_read(&h, 0xfea00000, 4), 0x100);
	/* Main memory is not hidden by a BAR that shows memory. */
	memset(h.ram->host + 0x400000, 0x11, RAM_SIZE);
	wr(PCI_BASE_ADDRESS_3, 0, 4);
	wr(PCI_BASE_ADDRESS_2, 0x400000, 4);
	ck_assert(gmem_read(&h.m.gmem, 0x400000, buf, 4));
	ck_assert_mem_eq(buf, "\x11\x11\x11\x11", 4);
	/* Half over its end the rest shows. */
	toy->ram->host[0x10000] = 0x22;
	wr(PCI_BASE_ADDRESS_2, HARNESS_RAM, 4);
	ck_assert(gmem_read(&h.m.gmem, HARNESS_RAM + 0x10000, buf, 1));
	ck_assert_uint_eq((uint8_t)buf[0], 0x22);
	stop();
}
END_TEST

START_TEST(test_interrupt_pins)
{
	struct toy *other;

	start();
	other = add("7"); /* INTA of slots 3 and 7 are one line */
	pci_set_intx(&toy->pci, true);
	ck_assert(h.level[3]);
	ck_assert_uint_eq(rd(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT,
			  PCI_STATUS_INTERRUPT);
	pci_set_intx(&other->pci, true);
	pci_set_intx(&toy->pci, false);
	ck_assert(h.level[3]);
	ck_assert_uint_eq(rd(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
	pci_set_intx(&other->pci, false);
	ck_assert(!h.level[3]);
	pci_set_intx(&toy->pci, true);
	command(PCI_COMMAND_INTX_DISABLE);
	ck_assert(!h.level[3]);
	ck_assert(rd(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	command(0);
	ck_assert(h.level[3]);
	ck_assert(!h.level[0] && !h.level[1] && !h.level[2]);
	/* One that is taken away lets go. */
	device_free(&toy->pci.dev);
	ck_assert(!h.level[3]);
	stop();
}
END_TEST

START_TEST(test_places_on_the_bus)
{
	struct error err = {0};
	struct device *dev;
	unsigned i;

	start();
	dev = harness_new(&h, &toy_class);
	((struct pci_device *)dev)->bus = &fx->bus;
	ck_assert_int_eq(device_set(dev, "addr", "3", &err), 0);
	ck_assert_int_eq(device_start(dev, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "slot 3 function 0 not available "
					      "for toy, in use by toy"));
	device_free(dev);
	/* Without a place it gets the first that is free. */
	ck_assert_int_eq(add(NULL)->pci.devfn, PCI_DEVFN(1, 0));
	for (i = 2; i < 31; i++)
		add(NULL);
	dev = harness_new(&h, &toy_class);
	((struct pci_device *)dev)->bus = &fx->bus;
	ck_assert_int_eq(device_start(dev, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "no slot/function available"));
	device_free(dev);
	stop();
}
END_TEST

START_TEST(test_reset_and_state)
{
	start();
	command(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	wr(PCI_BASE_ADDRESS_0, 0xc000, 4);
	wr(PCI_BASE_ADDRESS_1, 0xfebf0000, 4);
	wr(PCI_INTERRUPT_LINE, 11, 1);
	pci_set_intx(&toy->pci, true);
	harness_roundtrip(&toy->pci.dev);
	ck_assert(bus_has(&h.m.io, 0xc000));
	ck_assert(bus_has(&h.m.mem, 0xfebf0000));
	ck_assert(h.level[3]);
	toy_reset(&toy->pci.dev);
	ck_assert(!bus_has(&h.m.io, 0xc000));
	ck_assert(!bus_has(&h.m.mem, 0xfebf0000));
	ck_assert(!h.level[3]);
	ck_assert_uint_eq(rd(PCI_COMMAND, 2), 0);
	ck_assert_uint_eq(rd(PCI_INTERRUPT_LINE, 1), 0);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_0, 4), 1);
	ck_assert_uint_eq(rd(PCI_BASE_ADDRESS_2, 4), 0xc);
	ck_assert_uint_eq(rd(PCI_VENDOR_ID, 4), 0x56781234);
	choose(0, 3, 0x40);
	harness_roundtrip(&fx->pci.dev);
	ck_assert_uint_eq(inl(&h, CONFIG_ADDRESS), ENABLE | 3 << 11 | 0x40);
	stop();
}
END_TEST

HARNESS_MAIN("pci", test_header_in_all_widths, test_writes_in_all_widths,
	     test_the_address_port, test_nobody_answers, test_bar_sizing,
	     test_sizing_shows_nothing, test_mapping_and_the_command_register,
	     test_places_where_a_bar_cannot_be,
	     test_bars_over_each_other_and_over_ram, test_interrupt_pins,
	     test_places_on_the_bus, test_reset_and_state)
