/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ports of an IBM VGA (IBM Personal System/2 Hardware Interface Technical
 * Reference, Video Subsystem): sequencer, CRT controller, graphics and
 * attribute controllers, DAC.
 */
#include "hw/vga.h"

#include <string.h>

#define PORT_FIRST 0x3b0u

enum port {
	PORT_CRTC_INDEX_MONO = 0x3b4,
	PORT_CRTC_DATA_MONO = 0x3b5,
	PORT_STATUS_MONO = 0x3ba,
	PORT_ATTR = 0x3c0,
	PORT_ATTR_READ = 0x3c1,
	PORT_MISC = 0x3c2,
	PORT_SEQ_INDEX = 0x3c4,
	PORT_SEQ_DATA = 0x3c5,
	PORT_DAC_MASK = 0x3c6,
	PORT_DAC_READ = 0x3c7,
	PORT_DAC_WRITE = 0x3c8,
	PORT_DAC_DATA = 0x3c9,
	PORT_FEATURE_READ = 0x3ca,
	PORT_MISC_READ = 0x3cc,
	PORT_GFX_INDEX = 0x3ce,
	PORT_GFX_DATA = 0x3cf,
	PORT_CRTC_INDEX = 0x3d4,
	PORT_CRTC_DATA = 0x3d5,
	PORT_STATUS = 0x3da
};

#define MISC_COLOUR    0x01u
#define STATUS_BLANK   0x01u
#define STATUS_RETRACE 0x08u
#define DAC_STATE_READ 3u
#define DAC_BITS       0x3fu

/* A picture of 60 Hz and 449 lines, as text modes are nearly. */
#define FRAME_NS    (NS_PER_SEC / 60)
#define LINES	    449
#define LINES_SHOWN 400

static const uint8_t seq_mask[VGA_SEQ_REGS] = {0x03, 0x3d, 0x0f, 0x3f,
					       0x0e, 0x00, 0x00, 0xff};
static const uint8_t gfx_mask[VGA_GFX_REGS] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03,
					       0x7b, 0x0f, 0x0f, 0xff};

/* Mono and colour have their CRTC and status at different ports. */
static bool answers(const struct vga *vga, unsigned port)
{
	bool colour = vga->misc & MISC_COLOUR;

	if (port >= 0x3b0 && port <= 0x3bf)
		return !colour;
	if (port >= 0x3d0 && port <= 0x3df)
		return colour;
	return true;
}

static uint8_t status(struct vga *vga)
{
	int64_t now = clock_now(&vga->pci.dev.machine->virt) % FRAME_NS;
	int64_t line = now * LINES / FRAME_NS;
	int64_t in_line = now * LINES % FRAME_NS;

	vga->attr_data = false;
	if (line >= LINES_SHOWN)
		return STATUS_BLANK | STATUS_RETRACE;
	return in_line > FRAME_NS / 5 * 4 ? STATUS_BLANK : 0;
}

static uint8_t dac_next(struct vga *vga)
{
	uint8_t val = vga->dac[vga->dac_read][vga->dac_part];

	if (++vga->dac_part == 3) {
		vga->dac_part = 0;
		vga->dac_read++;
	}
	return val;
}

uint8_t vga_port_read(struct vga *vga, unsigned port)
{
	if (!answers(vga, port))
		return UINT8_MAX;
	switch (port) {
	case PORT_ATTR:
		return vga->attr_data ? 0 : vga->attr_index;
	case PORT_ATTR_READ:
		return (vga->attr_index & ATTR_INDEX) < VGA_ATTR_REGS
			       ? vga->attr[vga->attr_index & ATTR_INDEX]
			       : 0;
	case PORT_MISC:
		return 0; /* no interrupt, no switches */
	case PORT_SEQ_INDEX:
		return vga->seq_index;
	case PORT_SEQ_DATA:
		return vga->seq[vga->seq_index];
	case PORT_DAC_MASK:
		return vga->dac_mask;
	case PORT_DAC_READ:
		return vga->dac_state;
	case PORT_DAC_WRITE:
		return vga->dac_write;
	case PORT_DAC_DATA:
		return dac_next(vga);
	case PORT_FEATURE_READ:
		return vga->feature;
	case PORT_MISC_READ:
		return vga->misc;
	case PORT_GFX_INDEX:
		return vga->gfx_index;
	case PORT_GFX_DATA:
		return vga->gfx_index < VGA_GFX_REGS ? vga->gfx[vga->gfx_index]
						     : 0;
	case PORT_CRTC_INDEX:
	case PORT_CRTC_INDEX_MONO:
		return vga->crtc_index;
	case PORT_CRTC_DATA:
	case PORT_CRTC_DATA_MONO:
		return vga->crtc_index < VGA_CRTC_REGS
			       ? vga->crtc[vga->crtc_index]
			       : 0;
	case PORT_STATUS:
	case PORT_STATUS_MONO:
		return status(vga);
	default:
		return 0;
	}
}

static void write_attr(struct vga *vga, uint8_t val)
{
	unsigned reg = vga->attr_index & ATTR_INDEX;

	vga->attr_data = !vga->attr_data;
	if (vga->attr_data) {
		vga->attr_index = val & (ATTR_INDEX | ATTR_PAS);
		return;
	}
	if (reg < 16)
		vga->attr[reg] = val & 0x3f;
	else if (reg < VGA_ATTR_REGS)
		vga->attr[reg] = val;
}

static void write_dac(struct vga *vga, uint8_t val)
{
	vga->dac_cache[vga->dac_part] =
		vbe_8bit_dac(vga) ? val : val & DAC_BITS;
	if (++vga->dac_part == 3) {
		memcpy(vga->dac[vga->dac_write++], vga->dac_cache, 3);
		vga->dac_part = 0;
	}
}

static void write_crtc(struct vga *vga, uint8_t val)
{
	unsigned reg = vga->crtc_index;

	if (reg >= VGA_CRTC_REGS)
		return;
	if ((vga->crtc[CRTC_VSYNC_END] & CRTC_PROTECT) && reg <= 7) {
		/* Only one bit of the overflow register is not protected. */
		if (reg == CRTC_OVERFLOW) {
			vga->crtc[reg] &= (uint8_t)~OVERFLOW_LINE_COMPARE;
			vga->crtc[reg] |= val & OVERFLOW_LINE_COMPARE;
		}
		return;
	}
	vga->crtc[reg] = val;
}

void vga_port_write(struct vga *vga, unsigned port, uint8_t val)
{
	if (!answers(vga, port))
		return;
	switch (port) {
	case PORT_ATTR:
		write_attr(vga, val);
		break;
	case PORT_MISC:
		vga->misc = val & 0xef;
		break;
	case PORT_SEQ_INDEX:
		vga->seq_index = val & (VGA_SEQ_REGS - 1);
		break;
	case PORT_SEQ_DATA:
		vga->seq[vga->seq_index] = val & seq_mask[vga->seq_index];
		break;
	case PORT_DAC_MASK:
		vga->dac_mask = val;
		break;
	case PORT_DAC_READ:
		vga->dac_read = val;
		vga->dac_part = 0;
		vga->dac_state = DAC_STATE_READ;
		break;
	case PORT_DAC_WRITE:
		vga->dac_write = val;
		vga->dac_part = 0;
		vga->dac_state = 0;
		break;
	case PORT_DAC_DATA:
		write_dac(vga, val);
		break;
	case PORT_GFX_INDEX:
		vga->gfx_index = val & 0x0f;
		break;
	case PORT_GFX_DATA:
		if (vga->gfx_index < VGA_GFX_REGS)
			vga->gfx[vga->gfx_index] =
				val & gfx_mask[vga->gfx_index];
		break;
	case PORT_CRTC_INDEX:
	case PORT_CRTC_INDEX_MONO:
		vga->crtc_index = val;
		break;
	case PORT_CRTC_DATA:
	case PORT_CRTC_DATA_MONO:
		write_crtc(vga, val);
		break;
	case PORT_STATUS:
	case PORT_STATUS_MONO:
		vga->feature = val & 0x10;
		break;
	default:
		break;
	}
}

static uint64_t ports_read(void *dev, uint64_t off, unsigned size)
{
	return vga_port_read(dev, PORT_FIRST + (unsigned)off);
}

/* A 16-bit write is an index and its data. */
static void ports_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	vga_port_write(dev, PORT_FIRST + (unsigned)off, (uint8_t)val);
}

const struct bus_ops vga_port_ops = {
	.read = ports_read,
	.write = ports_write,
	.max = 1,
};

void vga_ports_reset(struct vga *vga)
{
	vga->misc = vga->feature = 0;
	vga->seq_index = vga->gfx_index = vga->crtc_index = 0;
	vga->attr_index = 0;
	vga->attr_data = false;
	memset(vga->seq, 0, sizeof(vga->seq));
	memset(vga->gfx, 0, sizeof(vga->gfx));
	memset(vga->crtc, 0, sizeof(vga->crtc));
	memset(vga->attr, 0, sizeof(vga->attr));
	memset(vga->dac, 0, sizeof(vga->dac));
	memset(vga->latch, 0, sizeof(vga->latch));
	vga->dac_mask = UINT8_MAX;
	vga->dac_state = vga->dac_read = vga->dac_write = vga->dac_part = 0;
}
