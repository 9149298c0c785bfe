/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers that Bochs introduced for linear video modes ("dispi"), as
 * the VGA BIOS and drivers use them: an index and a data port, and the same
 * registers in memory.
 */
#include "hw/vga.h"

#include <string.h>

#define ID_FIRST  0xb0c0u
#define ID_LAST	  0xb0c5u
#define MAX_XRES  16000u
#define MAX_YRES  12000u
#define MAX_BPP	  32u
#define BANK_SIZE 0x10000u

bool vbe_enabled(const struct vga *vga)
{
	return vga->vbe[VBE_ENABLE] & VBE_ENABLED;
}

bool vbe_8bit_dac(const struct vga *vga)
{
	return vga->vbe[VBE_ENABLE] & VBE_8BIT_DAC;
}

uint32_t vbe_bank_offset(const struct vga *vga)
{
	return vbe_enabled(vga) ? vga->vbe[VBE_BANK] * BANK_SIZE : 0;
}

static uint32_t bytes_per_pixel(const struct vga *vga)
{
	return (vga->vbe[VBE_BPP] + 7u) / 8;
}

/* Keeps what is shown within VRAM. */
static void fit(struct vga *vga)
{
	uint16_t *r = vga->vbe;
	uint64_t line, lines;

	if (r[VBE_VIRT_WIDTH] < r[VBE_XRES])
		r[VBE_VIRT_WIDTH] = r[VBE_XRES];
	line = (uint64_t)r[VBE_VIRT_WIDTH] * bytes_per_pixel(vga);
	lines = line ? vga->vram->size / line : 0;
	r[VBE_VIRT_HEIGHT] =
		(uint16_t)(lines < UINT16_MAX ? lines : UINT16_MAX);
	if (r[VBE_YRES] > r[VBE_VIRT_HEIGHT])
		r[VBE_YRES] = r[VBE_VIRT_HEIGHT];
}

static void clear(struct vga *vga)
{
	uint64_t len = (uint64_t)vga->vbe[VBE_VIRT_WIDTH] * vga->vbe[VBE_YRES] *
		       bytes_per_pixel(vga);

	if (len > vga->vram->size)
		len = vga->vram->size;
	memset(vga->vram->host, 0, (size_t)len);
	gmem_mark_dirty(vga->vram, 0, (size_t)len);
}

static void write_enable(struct vga *vga, uint16_t val)
{
	bool was = vbe_enabled(vga);

	vga->vbe[VBE_ENABLE] = val;
	if (was || !(val & VBE_ENABLED))
		return;
	vga->vbe[VBE_VIRT_WIDTH] = vga->vbe[VBE_XRES];
	vga->vbe[VBE_X_OFFSET] = vga->vbe[VBE_Y_OFFSET] = 0;
	vga->vbe[VBE_BANK] = 0;
	fit(vga);
	if (!(val & VBE_NO_CLEAR))
		clear(vga);
}

static uint16_t capability(unsigned reg)
{
	switch (reg) {
	case VBE_XRES:
		return MAX_XRES;
	case VBE_YRES:
		return MAX_YRES;
	default:
		return MAX_BPP;
	}
}

uint16_t vbe_read(const struct vga *vga, unsigned reg)
{
	if (reg == VBE_MEMORY_64K)
		return (uint16_t)(vga->vram->size / BANK_SIZE);
	if (reg >= VBE_REGS)
		return 0;
	if ((vga->vbe[VBE_ENABLE] & VBE_GET_CAPS) && reg >= VBE_XRES &&
	    reg <= VBE_BPP)
		return capability(reg);
	return vga->vbe[reg];
}

static uint16_t at_most(uint16_t val, unsigned max)
{
	return val < max ? val : (uint16_t)max;
}

void vbe_write(struct vga *vga, unsigned reg, uint16_t val)
{
	switch (reg) {
	case VBE_ID:
		if (val >= ID_FIRST && val <= ID_LAST)
			vga->vbe[reg] = val;
		break;
	case VBE_XRES:
		if (!vbe_enabled(vga))
			vga->vbe[reg] = at_most(val, MAX_XRES) & 0xfff8;
		break;
	case VBE_YRES:
		if (!vbe_enabled(vga))
			vga->vbe[reg] = at_most(val, MAX_YRES);
		break;
	case VBE_BPP:
		if (!vbe_enabled(vga) && (val == 4 || val == 8 || val == 15 ||
					  val == 16 || val == 24 || val == 32))
			vga->vbe[reg] = val;
		break;
	case VBE_ENABLE:
		write_enable(vga, val);
		break;
	case VBE_BANK:
		if ((val + UINT64_C(1)) * BANK_SIZE <= vga->vram->size)
			vga->vbe[reg] = val;
		break;
	case VBE_VIRT_WIDTH:
		vga->vbe[reg] = at_most(val, MAX_XRES) & 0xfff8;
		fit(vga);
		break;
	case VBE_X_OFFSET:
	case VBE_Y_OFFSET:
		vga->vbe[reg] = val;
		break;
	default:
		break;
	}
}

/* Ports 0x1ce (index), 0x1cf and 0x1d0 (data, 16 bits at each). */
static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	const struct vga *vga = dev;

	return off == 0 ? vga->vbe_index : vbe_read(vga, vga->vbe_index);
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct vga *vga = dev;

	if (off == 0)
		vga->vbe_index = (uint16_t)val;
	else
		vbe_write(vga, vga->vbe_index, (uint16_t)val);
}

const struct bus_ops vbe_port_ops = {
	.read = port_read,
	.write = port_write,
	.max = 2,
};

/* BAR 2: EDID, VGA ports at 0x400, dispi registers at 0x500. */
#define MMIO_VGA      0x400u
#define MMIO_VGA_LEN  0x20u
#define MMIO_VBE      0x500u
#define MMIO_VBE_LEN  (2u * VBE_REGS)
#define VGA_PORT_BASE 0x3c0u

static bool in_ports(uint64_t off)
{
	return off >= MMIO_VGA && off < MMIO_VGA + MMIO_VGA_LEN;
}

static unsigned port_at(uint64_t off)
{
	return (unsigned)(off - MMIO_VGA) + VGA_PORT_BASE;
}

static uint64_t mmio_read(void *dev, uint64_t off, unsigned size)
{
	struct vga *vga = dev;
	uint64_t val;

	if (in_ports(off)) {
		val = vga_port_read(vga, port_at(off));
		if (size == 2)
			val |= (uint64_t)vga_port_read(vga, port_at(off + 1))
			       << 8;
		return val;
	}
	if (off >= MMIO_VBE && off < MMIO_VBE + MMIO_VBE_LEN)
		return vbe_read(vga, (unsigned)(off - MMIO_VBE) / 2) >>
		       8 * (off & 1);
	if (vga->has_edid && off < EDID_SIZE)
		return vga->edid[off] |
		       (off + 1 < EDID_SIZE ? vga->edid[off + 1] << 8 : 0);
	return UINT64_MAX;
}

/* Two bytes at a VGA port are an index and its data. */
static void mmio_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct vga *vga = dev;
	unsigned i;

	if (in_ports(off))
		for (i = 0; i < size; i++)
			vga_port_write(vga, port_at(off + i),
				       (uint8_t)(val >> 8 * i));
	else if (off >= MMIO_VBE && off < MMIO_VBE + MMIO_VBE_LEN)
		vbe_write(vga, (unsigned)(off - MMIO_VBE) / 2, (uint16_t)val);
}

const struct bus_ops vga_mmio_ops = {
	.read = mmio_read,
	.write = mmio_write,
	.max = 2,
};

void vbe_reset(struct vga *vga)
{
	memset(vga->vbe, 0, sizeof(vga->vbe));
	vga->vbe[VBE_ID] = ID_LAST;
	vga->vbe_index = 0;
}
