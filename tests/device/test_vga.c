/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA over its ports, its window and its BARs. */
#include <string.h>

#include "hw/pci_regs.h"
#include "hw/vga.h"
#include "tests/device/harness.h"
#include "vmm/endian.h"

#define WINDOW 0xa0000u
#define BAR0   0x20000000u /* above the harness's RAM */
#define BAR2   0x30000000u
#define VRAM   (16u << 20)

enum { SEQ = 0x3c4, GFX = 0x3ce, CRTC = 0x3d4, ATTR = 0x3c0, STATUS = 0x3da };
enum { DISPI_INDEX = 0x1ce, DISPI_DATA = 0x1cf };
enum {
	ID,
	XRES,
	YRES,
	BPP,
	ENABLE,
	BANK,
	VIRT_WIDTH,
	VIRT_HEIGHT,
	X_OFFSET,
	Y_OFFSET,
	MEMORY
};

static struct harness h;
static struct pci_bus bus;
static struct vga *vga;

static void start(void)
{
	struct device *dev;

	harness_init(&h, 0);
	pci_bus_init(&bus, &h.m, "pci.0");
	dev = harness_new(&h, &vga_class);
	vga = (struct vga *)dev;
	vga->pci.bus = &bus;
	harness_start(dev);
	dev->class->reset(dev);
	pci_config_write(&bus, 0, PCI_BASE_ADDRESS_0, BAR0, 4);
	pci_config_write(&bus, 0, PCI_BASE_ADDRESS_2, BAR2, 4);
	pci_config_write(&bus, 0, PCI_COMMAND,
			 PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
	outb(&h, 0x3c2, 0x01); /* colour */
}

static void stop(void)
{
	harness_fini(&h);
}

static void set(uint16_t port, uint8_t index, uint8_t val)
{
	outw(&h, port, (uint16_t)(val << 8 | index));
}

static uint8_t get(uint16_t port, uint8_t index)
{
	outb(&h, port, index);
	return inb(&h, port + 1);
}

static void dispi(uint16_t index, uint16_t val)
{
	outw(&h, DISPI_INDEX, index);
	outw(&h, DISPI_DATA, val);
}

static uint16_t dispi_get(uint16_t index)
{
	outw(&h, DISPI_INDEX, index);
	return inw(&h, DISPI_DATA);
}

static uint8_t peek(uint32_t off)
{
	return (uint8_t)mmio_read(&h, WINDOW + off, 1);
}

static void poke(uint32_t off, uint8_t val)
{
	mmio_write(&h, WINDOW + off, val, 1);
}

/* The planes of a group of four bytes, plane 0 in the low byte. */
static uint32_t planes(uint32_t off)
{
	uint8_t raw[4];

	ck_assert(gmem_read(&h.m.gmem, BAR0 + 4 * off, raw, 4));
	return load_le32(raw);
}

static void set_planes(uint32_t off, uint32_t val)
{
	uint8_t raw[4];

	store_le32(raw, val);
	ck_assert(gmem_write(&h.m.gmem, BAR0 + 4 * off, raw, 4));
}

/* 16 colours in planes at 0xa0000: what mode 0x12 sets. */
static void planar(void)
{
	set(SEQ, 2, 0x0f);
	set(SEQ, 4, 0x06);
	set(GFX, 0, 0);
	set(GFX, 1, 0);
	set(GFX, 3, 0);
	set(GFX, 4, 0);
	set(GFX, 5, 0);
	set(GFX, 6, 0x05);
	set(GFX, 7, 0x0f);
	set(GFX, 8, 0xff);
}

START_TEST(test_registers_keep_their_bits)
{
	static const struct {
		uint16_t port;
		uint8_t index, mask;
	} regs[] = {
		{SEQ, 0, 0x03},	    {SEQ, 1, 0x3d},	{SEQ, 2, 0x0f},
		{SEQ, 3, 0x3f},	    {SEQ, 4, 0x0e},	{GFX, 0, 0x0f},
		{GFX, 1, 0x0f},	    {GFX, 2, 0x0f},	{GFX, 3, 0x1f},
		{GFX, 4, 0x03},	    {GFX, 5, 0x7b},	{GFX, 6, 0x0f},
		{GFX, 7, 0x0f},	    {GFX, 8, 0xff},	{CRTC, 0, 0xff},
		{CRTC, 0x0c, 0xff}, {CRTC, 0x18, 0xff},
	};
	size_t i;

	start();
	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++) {
		set(regs[i].port, regs[i].index, 0xff);
		ck_assert_uint_eq(get(regs[i].port, regs[i].index),
				  regs[i].mask);
		set(regs[i].port, regs[i].index, 0);
		ck_assert_uint_eq(get(regs[i].port, regs[i].index), 0);
	}
	/* The index is read back. */
	outb(&h, SEQ, 0xff);
	ck_assert_uint_eq(inb(&h, SEQ), 0x07);
	outb(&h, GFX, 0xff);
	ck_assert_uint_eq(inb(&h, GFX), 0x0f);
	outb(&h, CRTC, 0xff);
	ck_assert_uint_eq(inb(&h, CRTC), 0xff);
	stop();
}
END_TEST

START_TEST(test_indices_without_a_register)
{
	unsigned i;

	start();
	for (i = 0; i < 256; i++) {
		if (i >= 0x19) {
			set(CRTC, (uint8_t)i, 0xff);
			ck_assert_uint_eq(get(CRTC, (uint8_t)i), 0);
		}
		set(GFX, (uint8_t)i, 0xff);
		get(GFX, (uint8_t)i);
		set(SEQ, (uint8_t)i, 0xff);
		get(SEQ, (uint8_t)i);
		inb(&h, STATUS);
		outb(&h, ATTR, (uint8_t)i);
		outb(&h, ATTR, 0xff);
		inb(&h, STATUS);
		outb(&h, ATTR, (uint8_t)i);
		inb(&h, ATTR + 1);
		inb(&h, STATUS);
	}
	outb(&h, GFX, 9);
	ck_assert_uint_eq(inb(&h, GFX + 1), 0);
	outb(&h, ATTR, 0x15);
	ck_assert_uint_eq(inb(&h, ATTR + 1), 0);
	stop();
}
END_TEST

START_TEST(test_mono_and_colour_ports)
{
	start();
	set(CRTC, 0x0f, 0x55);
	ck_assert_uint_eq(inb(&h, 0x3b5), 0xff);
	outb(&h, 0x3c2, 0x00);
	ck_assert_uint_eq(inb(&h, 0x3d5), 0xff);
	ck_assert_uint_eq(inb(&h, 0x3da), 0xff);
	ck_assert_uint_eq(get(0x3b4, 0x0f), 0x55);
	set(CRTC, 0x0f, 0x66); /* nobody hears */
	ck_assert_uint_eq(get(0x3b4, 0x0f), 0x55);
	ck_assert_uint_eq(inb(&h, 0x3cc), 0x00);
	outb(&h, 0x3c2, 0xff);
	ck_assert_uint_eq(inb(&h, 0x3cc), 0xef);
	stop();
}
END_TEST

START_TEST(test_crtc_protection)
{
	unsigned i;

	start();
	for (i = 0; i < 8; i++)
		set(CRTC, (uint8_t)i, 0x11);
	set(CRTC, 0x11, 0x80);
	for (i = 0; i < 8; i++)
		set(CRTC, (uint8_t)i, 0xee);
	for (i = 0; i < 7; i++)
		ck_assert_uint_eq(get(CRTC, (uint8_t)i), 0x11);
	ck_assert_uint_eq(get(CRTC, 7), 0x01); /* line compare, bit 8 */
	set(CRTC, 7, 0xff);
	ck_assert_uint_eq(get(CRTC, 7), 0x11);
	set(CRTC, 8, 0xee);
	ck_assert_uint_eq(get(CRTC, 8), 0xee);
	set(CRTC, 0x11, 0);
	set(CRTC, 0, 0xee);
	ck_assert_uint_eq(get(CRTC, 0), 0xee);
	stop();
}
END_TEST

START_TEST(test_attribute_flip_flop)
{
	start();
	inb(&h, STATUS);
	outb(&h, ATTR, 0x03);
	outb(&h, ATTR, 0xff);
	outb(&h, ATTR, 0x10);
	outb(&h, ATTR, 0x0c);
	/* Half a write is forgotten when the status is read. */
	outb(&h, ATTR, 0x03);
	inb(&h, STATUS);
	outb(&h, ATTR, 0x20 | 0x03);
	ck_assert_uint_eq(inb(&h, ATTR + 1), 0x3f);
	inb(&h, STATUS);
	ck_assert_uint_eq(inb(&h, ATTR), 0x23);
	outb(&h, ATTR, 0x10);
	ck_assert_uint_eq(inb(&h, ATTR + 1), 0x0c);
	stop();
}
END_TEST

START_TEST(test_palette)
{
	unsigned i;

	start();
	outb(&h, 0x3c8, 254);
	ck_assert_uint_eq(inb(&h, 0x3c8), 254);
	for (i = 0; i < 9; i++) /* goes on at 0 after 255 */
		outb(&h, 0x3c9, (uint8_t)(0xc1 + i));
	outb(&h, 0x3c7, 254);
	ck_assert_uint_eq(inb(&h, 0x3c7), 3);
	for (i = 0; i < 9; i++)
		ck_assert_uint_eq(inb(&h, 0x3c9), 0x01 + i);
	/* Half a colour is no colour. */
	outb(&h, 0x3c8, 7);
	outb(&h, 0x3c9, 1);
	outb(&h, 0x3c9, 2);
	outb(&h, 0x3c9, 3);
	outb(&h, 0x3c8, 7);
	ck_assert_uint_eq(inb(&h, 0x3c7), 0);
	outb(&h, 0x3c9, 0x3f);
	outb(&h, 0x3c9, 0x3f);
	outb(&h, 0x3c7, 7);
	ck_assert_uint_eq(inb(&h, 0x3c9), 1);
	ck_assert_uint_eq(inb(&h, 0x3c6), 0xff);
	outb(&h, 0x3c6, 0x0f);
	ck_assert_uint_eq(inb(&h, 0x3c6), 0x0f);
	stop();
}
END_TEST

/* Programs wait for the retrace to begin, and for it to end. */
START_TEST(test_retrace_comes_60_times_a_second)
{
	unsigned i, blank = 0, rises = 0;
	uint8_t last = 0, now;

	start();
	for (i = 0; i < 100000; i++) {
		harness_advance(&h, 10000);
		now = inb(&h, STATUS);
		blank += now & 1;
		rises += (now & 8) && !(last & 8);
		ck_assert(!(now & 8) || (now & 1));
		last = now;
	}
	ck_assert_uint_ge(rises, 59);
	ck_assert_uint_le(rises, 61);
	ck_assert_uint_gt(blank, 20000);
	ck_assert_uint_lt(blank, 40000);
	stop();
}
END_TEST

START_TEST(test_write_mode_0)
{
	start();
	planar();
	poke(5, 0xa5);
	ck_assert_uint_eq(planes(5), 0xa5a5a5a5);
	set(SEQ, 2, 0x05); /* two planes */
	poke(5, 0x00);
	ck_assert_uint_eq(planes(5), 0xa500a500);
	set(SEQ, 2, 0x0f);
	set(GFX, 0, 0x09); /* set/reset, for planes 0, 1 and 3 */
	set(GFX, 1, 0x0b);
	poke(6, 0x3c);
	ck_assert_uint_eq(planes(6), 0xff3c00ff);
	set(GFX, 1, 0);
	set(GFX, 3, 3); /* rotated right */
	poke(7, 0x0f);
	ck_assert_uint_eq(planes(7), 0xe1e1e1e1);
	stop();
}
END_TEST

START_TEST(test_latches_bit_mask_and_functions)
{
	static const struct {
		uint8_t function;
		uint32_t want;
	} ops[] = {
		{0x00, 0x1b2b3b4b}, /* replace */
		{0x08, 0x1a2a3a4a}, /* and */
		{0x10, 0x1f2f3f4f}, /* or */
		{0x18, 0x15253545}, /* xor */
	};
	size_t i;

	start();
	planar();
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		set_planes(1, 0x1e2e3e4e);
		set(GFX, 8, 0x0f);
		set(GFX, 3, ops[i].function);
		ck_assert_uint_eq(peek(1), 0x4e);
		poke(1, 0x5b);
		ck_assert_uint_eq(planes(1), ops[i].want);
	}
	stop();
}
END_TEST

START_TEST(test_write_modes_1_2_and_3)
{
	start();
	planar();
	set_planes(1, 0x12345678);
	set(GFX, 5, 1); /* copies latches */
	peek(1);
	poke(2, 0xff);
	ck_assert_uint_eq(planes(2), 0x12345678);
	set(GFX, 5, 2); /* a colour, through the bit mask */
	set(GFX, 8, 0xf0);
	peek(1);
	poke(3, 0x0a);
	ck_assert_uint_eq(planes(3), 0xf204f608);
	set(GFX, 5, 3); /* set/reset, data is a mask too */
	set(GFX, 8, 0xff);
	set(GFX, 0, 0x0c);
	set(GFX, 3, 4);
	peek(1);
	poke(4, 0x0f);
	ck_assert_uint_eq(planes(4), 0xf2f40608);
	stop();
}
END_TEST

START_TEST(test_read_modes)
{
	unsigned p;

	start();
	planar();
	set_planes(9, 0x0f3355ff);
	for (p = 0; p < 4; p++) {
		set(GFX, 4, (uint8_t)p);
		ck_assert_uint_eq(peek(9), 0x0f3355ffu >> 8 * p & 0xff);
	}
	set(GFX, 5, 8); /* which pixels have colour 3? */
	set(GFX, 2, 3);
	ck_assert_uint_eq(peek(9), 0x55 & ~0x33 & ~0x0f);
	set(GFX, 7, 0x03); /* only planes 0 and 1 count */
	ck_assert_uint_eq(peek(9), 0x55);
	set(GFX, 7, 0);
	ck_assert_uint_eq(peek(9), 0xff);
	stop();
}
END_TEST

START_TEST(test_chain_4)
{
	uint8_t raw[8];

	start();
	planar();
	set(SEQ, 4, 0x0e);
	mmio_write(&h, WINDOW + 0x100, 0x44332211, 4);
	ck_assert(gmem_read(&h.m.gmem, BAR0 + 0x100, raw, 4));
	ck_assert_uint_eq(load_le32(raw), 0x44332211);
	ck_assert_uint_eq(mmio_read(&h, WINDOW + 0x100, 4), 0x44332211);
	set(SEQ, 2, 0x05);
	mmio_write(&h, WINDOW + 0x100, 0, 4);
	ck_assert_uint_eq(mmio_read(&h, WINDOW + 0x100, 4), 0x44002200);
	stop();
}
END_TEST

/* Text: characters in plane 0, attributes in plane 1, at 0xb8000. */
START_TEST(test_text)
{
	start();
	set(SEQ, 2, 0x03);
	set(SEQ, 4, 0x02);
	set(GFX, 4, 0);
	set(GFX, 5, 0x10);
	set(GFX, 6, 0x0e);
	mmio_write(&h, 0xb8000, 0x0741, 2);
	mmio_write(&h, 0xb8002, 0x1742, 2);
	ck_assert_uint_eq(planes(0), 0x0741);
	ck_assert_uint_eq(planes(2), 0x1742);
	ck_assert_uint_eq(mmio_read(&h, 0xb8000, 4), 0x17420741);
	/* The font is in plane 2, set and read one after another. */
	set(SEQ, 2, 0x04);
	set(SEQ, 4, 0x06);
	set(GFX, 4, 2);
	set(GFX, 5, 0);
	set(GFX, 6, 0x04);
	set(GFX, 8, 0xff);
	poke(0x20, 0x7e);
	ck_assert_uint_eq(peek(0x20), 0x7e);
	ck_assert_uint_eq(planes(0x20), 0x7e0000);
	stop();
}
END_TEST

START_TEST(test_windows)
{
	static const struct {
		uint8_t misc;
		uint32_t first, last;
	} windows[] = {
		{0x01, 0x00000, 0x1ffff},
		{0x05, 0x00000, 0x0ffff},
		{0x09, 0x10000, 0x17fff},
		{0x0d, 0x18000, 0x1ffff},
	};
	uint32_t off;
	size_t i;

	start();
	planar();
	for (i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		set(GFX, 6, windows[i].misc);
		memset(vga->vram->host, 0x11, 1u << 20);
		for (off = 0; off < 0x20000; off += 0x7ff) {
			bool in = off >= windows[i].first &&
				  off <= windows[i].last;

			ck_assert_uint_eq(peek(off), in ? 0x11 : 0xff);
			poke(off, 0x22);
			if (in)
				ck_assert_uint_eq(planes(off -
							 windows[i].first),
						  0x22222222);
		}
		ck_assert_uint_eq(peek(windows[i].last), 0x11);
		if (windows[i].last < 0x1ffff)
			ck_assert_uint_eq(peek(windows[i].last + 1), 0xff);
		if (windows[i].first)
			ck_assert_uint_eq(peek(windows[i].first - 1), 0xff);
	}
	/* A byte on each side of the edge. */
	set(GFX, 6, 0x05);
	ck_assert_uint_eq(mmio_read(&h, WINDOW + 0xfffe, 4), 0xffff1111);
	stop();
}
END_TEST

START_TEST(test_dispi)
{
	start();
	ck_assert_uint_eq(dispi_get(ID), 0xb0c5);
	dispi(ID, 0xb0c2);
	ck_assert_uint_eq(dispi_get(ID), 0xb0c2);
	dispi(ID, 0x1234);
	dispi(ID, 0xb0c6);
	ck_assert_uint_eq(dispi_get(ID), 0xb0c2);
	ck_assert_uint_eq(dispi_get(MEMORY), VRAM / 0x10000);
	dispi(ENABLE, 2); /* what can be */
	ck_assert_uint_eq(dispi_get(XRES), 16000);
	ck_assert_uint_eq(dispi_get(YRES), 12000);
	ck_assert_uint_eq(dispi_get(BPP), 32);
	dispi(ENABLE, 0);
	dispi(XRES, 1024);
	dispi(YRES, 768);
	dispi(BPP, 32);
	dispi(BPP, 17);
	memset(vga->vram->host, 0x77, VRAM);
	dispi(ENABLE, 0x41);
	ck_assert_uint_eq(dispi_get(XRES), 1024);
	ck_assert_uint_eq(dispi_get(YRES), 768);
	ck_assert_uint_eq(dispi_get(BPP), 32);
	ck_assert_uint_eq(dispi_get(VIRT_WIDTH), 1024);
	ck_assert_uint_eq(dispi_get(VIRT_HEIGHT), VRAM / 4096);
	ck_assert_uint_eq(vga->vram->host[1024 * 768 * 4 - 1], 0);
	ck_assert_uint_eq(vga->vram->host[1024 * 768 * 4], 0x77);
	dispi(XRES, 640); /* not while it is on */
	ck_assert_uint_eq(dispi_get(XRES), 1024);
	dispi(VIRT_WIDTH, 2048);
	ck_assert_uint_eq(dispi_get(VIRT_HEIGHT), VRAM / 8192);
	dispi(VIRT_WIDTH, 8); /* not less than what is shown */
	ck_assert_uint_eq(dispi_get(VIRT_WIDTH), 1024);
	dispi(Y_OFFSET, 768);
	ck_assert_uint_eq(dispi_get(Y_OFFSET), 768);
	dispi(ENABLE, 0);
	memset(vga->vram->host, 0x77, VRAM);
	dispi(ENABLE, 0x81); /* without clearing */
	ck_assert_uint_eq(vga->vram->host[0], 0x77);
	ck_assert_uint_eq(dispi_get(Y_OFFSET), 0);
	stop();
}
END_TEST

START_TEST(test_dispi_banks)
{
	start();
	planar();
	set(SEQ, 4, 0x0e);
	dispi(XRES, 640);
	dispi(YRES, 480);
	dispi(BPP, 8);
	dispi(ENABLE, 1);
	dispi(BANK, 2);
	poke(0x10, 0x99);
	ck_assert_uint_eq(vga->vram->host[0x20010], 0x99);
	dispi(BANK, VRAM / 0x10000 - 1);
	poke(0xffff, 0x98);
	ck_assert_uint_eq(vga->vram->host[VRAM - 1], 0x98);
	dispi(BANK, VRAM / 0x10000);
	ck_assert_uint_eq(dispi_get(BANK), VRAM / 0x10000 - 1);
	dispi(BANK, 0xffff);
	ck_assert_uint_eq(dispi_get(BANK), VRAM / 0x10000 - 1);
	/* Without linear modes there are no banks. */
	dispi(ENABLE, 0);
	poke(0x11, 0x97);
	ck_assert_uint_eq(vga->vram->host[0x11], 0x97);
	stop();
}
END_TEST

START_TEST(test_dispi_ports)
{
	start();
	/* Words at 0x1d0 too, as on other machines. */
	outw(&h, DISPI_INDEX, XRES);
	outw(&h, 0x1d0, 800);
	ck_assert_uint_eq(inw(&h, 0x1d0), 800);
	ck_assert_uint_eq(inw(&h, DISPI_DATA), 800);
	ck_assert_uint_eq(inw(&h, DISPI_INDEX), XRES);
	outw(&h, DISPI_INDEX, 0xffff);
	ck_assert_uint_eq(inw(&h, DISPI_DATA), 0);
	outw(&h, DISPI_DATA, 0xffff);
	stop();
}
END_TEST

START_TEST(test_registers_in_memory)
{
	start();
	mmio_write(&h, BAR2 + 0x500 + 2 * XRES, 1280, 2);
	ck_assert_uint_eq(dispi_get(XRES), 1280);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x500, 2), 0xb0c5);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x500, 1), 0xc5);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x501, 1), 0xb0);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x500, 4), 0x0500b0c5);
	/* The VGA's ports from 0x3c0 on, an index and data at once too. */
	mmio_write(&h, BAR2 + 0x404, 0x0a02, 2);
	ck_assert_uint_eq(get(SEQ, 2), 0x0a);
	mmio_write(&h, BAR2 + 0x40e, 8, 1);
	mmio_write(&h, BAR2 + 0x40f, 0x5a, 1);
	ck_assert_uint_eq(get(GFX, 8), 0x5a);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x40e, 2), 0x5a08);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x516, 2), 0xffff);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0xffc, 4), 0xffffffff);
	mmio_write(&h, BAR2 + 0xffc, 1, 4);
	stop();
}
END_TEST

START_TEST(test_edid)
{
	uint8_t edid[EDID_SIZE];
	unsigned i;

	start();
	edid_make(edid, &(struct edid_monitor){0});
	for (i = 0; i < EDID_SIZE; i++)
		ck_assert_uint_eq(mmio_read(&h, BAR2 + i, 1), edid[i]);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 8, 4), 0x12341449);
	mmio_write(&h, BAR2 + 8, 0, 4);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 8, 2), 0x1449);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + EDID_SIZE - 1, 2) & 0xff,
			  edid[EDID_SIZE - 1]);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + EDID_SIZE, 1), 0xff);
	vga->has_edid = false;
	ck_assert_uint_eq(mmio_read(&h, BAR2, 2), 0xffff);
	stop();
}
END_TEST

START_TEST(test_hostile_modes)
{
	static const uint16_t values[] = {0,	  1,	  7,	  8,	 639,
					  0x7fff, 0x8000, 0xfff8, 0xffff};
	size_t i, j, k;

	start();
	for (i = 0; i < 9; i++)
		for (j = 0; j < 9; j++)
			for (k = 0; k < 9; k++) {
				uint32_t w, line;

				dispi(ENABLE, 0);
				dispi(XRES, values[i]);
				dispi(YRES, values[j]);
				dispi(BPP, k % 2 ? 32 : 4);
				dispi(ENABLE, k % 3 ? 1 : 0x41);
				dispi(VIRT_WIDTH, values[k]);
				dispi(X_OFFSET, values[k]);
				dispi(Y_OFFSET, values[k]);
				dispi(BANK, values[k]);
				w = dispi_get(VIRT_WIDTH);
				line = w * (k % 2 ? 4 : 1);
				ck_assert_uint_ge(w, dispi_get(XRES));
				ck_assert_uint_le((uint64_t)line *
							  dispi_get(YRES),
						  VRAM);
				mmio_read(&h, WINDOW + 0xffff, 4);
				mmio_write(&h, WINDOW + 0xffff, ~0ull, 8);
			}
	for (i = 0; i < 0x10000; i++)
		dispi((uint16_t)i, 0xffff);
	stop();
}
END_TEST

START_TEST(test_reset_and_state)
{
	start();
	planar();
	set(CRTC, 0x11, 0x8e);
	outb(&h, 0x3c8, 3);
	outb(&h, 0x3c9, 9);
	dispi(XRES, 1024);
	dispi(YRES, 768);
	dispi(BPP, 16);
	dispi(ENABLE, 0x41);
	dispi(BANK, 3);
	set_planes(0, 0x11223344);
	mmio_read(&h, WINDOW, 1);
	outb(&h, ATTR, 5);
	harness_roundtrip(&vga->pci.dev);
	ck_assert_uint_eq(dispi_get(BANK), 3);
	ck_assert_uint_eq(get(GFX, 6), 5);
	vga->pci.dev.class->reset(&vga->pci.dev);
	outb(&h, 0x3c2, 0x01);
	ck_assert_uint_eq(get(CRTC, 0x11), 0);
	ck_assert_uint_eq(dispi_get(ENABLE), 0);
	ck_assert_uint_eq(dispi_get(ID), 0xb0c5);
	ck_assert_uint_eq(mmio_read(&h, BAR2 + 0x500, 2), 0xffff);
	stop();
}
END_TEST

HARNESS_MAIN("vga", test_registers_keep_their_bits,
	     test_indices_without_a_register, test_mono_and_colour_ports,
	     test_crtc_protection, test_attribute_flip_flop, test_palette,
	     test_retrace_comes_60_times_a_second, test_write_mode_0,
	     test_latches_bit_mask_and_functions, test_write_modes_1_2_and_3,
	     test_read_modes, test_chain_4, test_text, test_windows, test_dispi,
	     test_dispi_banks, test_dispi_ports, test_registers_in_memory,
	     test_edid, test_hostile_modes, test_reset_and_state)
