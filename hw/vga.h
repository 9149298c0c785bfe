/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VGA: vga.c has its ports, vga_memory.c the window at 0xa0000, vbe.c the
 * registers for linear modes, vga_pci.c the PCI device that has all three,
 * vga_text.c a text mode to begin with, vga_draw.c what is seen of it all.
 */
#ifndef HW_VGA_H
#define HW_VGA_H

#include "hw/edid.h"
#include "hw/pci.h"
#include "hw/vga_draw.h"
#include "hw/vga_regs.h"

struct vga {
	struct pci_device pci;
	struct ram_block *vram;
	uint32_t vram_mb; /* property vgamem_mb */
	bool has_edid; /* property edid */
	struct edid_monitor monitor; /* properties xres and so on */
	uint8_t edid[EDID_SIZE];
	uint8_t misc, feature, seq_index, gfx_index, crtc_index, attr_index;
	uint8_t seq[VGA_SEQ_REGS], gfx[VGA_GFX_REGS], crtc[VGA_CRTC_REGS];
	uint8_t attr[VGA_ATTR_REGS];
	bool attr_data; /* the flip-flop: data comes next */
	uint8_t dac[VGA_PALETTE][3], dac_mask, dac_state;
	uint8_t dac_read, dac_write, dac_part, dac_cache[3];
	uint8_t latch[4];
	uint16_t vbe_index, vbe[VBE_REGS];
	struct bus_region window; /* 0xa0000 to 0xbffff */
	struct bus_region ports, ports_vbe;
	struct vga_draw draw;
};

extern const struct device_class vga_class;

/* Text mode 3, a blank screen: for guests that start without a VGA BIOS. */
void vga_set_text_mode(struct vga *vga);

extern const struct bus_ops vga_port_ops, vga_window_ops, vbe_port_ops;
extern const struct bus_ops vga_mmio_ops; /* BAR 2 */

uint8_t vga_port_read(struct vga *vga, unsigned port);
void vga_port_write(struct vga *vga, unsigned port, uint8_t val);
void vga_ports_reset(struct vga *vga);

uint16_t vbe_read(const struct vga *vga, unsigned reg);
void vbe_write(struct vga *vga, unsigned reg, uint16_t val);
void vbe_reset(struct vga *vga);
/* Bytes that the window's bank begins at in VRAM. */
uint32_t vbe_bank_offset(const struct vga *vga);
bool vbe_enabled(const struct vga *vga);
/* Colours have eight bits, not six. */
bool vbe_8bit_dac(const struct vga *vga);

#endif
