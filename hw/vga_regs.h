/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a VGA and their bits (IBM VGA XGA Technical Reference, section
 * 2), and those that Bochs added for linear modes.
 */
#ifndef HW_VGA_REGS_H
#define HW_VGA_REGS_H

enum vga_seq_reg {
	SEQ_RESET,
	SEQ_CLOCK,
	SEQ_MAP_MASK,
	SEQ_FONTS,
	SEQ_MEMORY,
	VGA_SEQ_REGS = 8
};

#define CLOCK_8_DOTS	  0x01u
#define CLOCK_HALF	  0x08u
#define CLOCK_SCREEN_OFF  0x20u
#define MEMORY_SEQUENTIAL 0x04u /* not odd and even */
#define MEMORY_CHAIN4	  0x08u

enum vga_gfx_reg {
	GFX_SET_RESET,
	GFX_ENABLE_SET_RESET,
	GFX_COMPARE,
	GFX_ROTATE,
	GFX_READ_MAP,
	GFX_MODE,
	GFX_MISC,
	GFX_DONT_CARE,
	GFX_BIT_MASK,
	VGA_GFX_REGS
};

#define MODE_READ_COMPARE 0x08u
#define MODE_ODD_EVEN	  0x10u
#define MODE_SHIFT_2BIT	  0x20u /* pixels of two bits, as a CGA has them */
#define MODE_SHIFT_256	  0x40u
#define GFX_MISC_GRAPHICS 0x01u

enum vga_crtc_reg {
	CRTC_HTOTAL,
	CRTC_HDISPLAY_END,
	CRTC_OVERFLOW = 0x07,
	CRTC_PRESET_ROW,
	CRTC_MAX_SCAN,
	CRTC_CURSOR_START,
	CRTC_CURSOR_END,
	CRTC_START_HIGH,
	CRTC_START_LOW,
	CRTC_CURSOR_HIGH,
	CRTC_CURSOR_LOW,
	CRTC_VSYNC_END = 0x11,
	CRTC_VDISPLAY_END,
	CRTC_OFFSET,
	CRTC_UNDERLINE,
	CRTC_MODE = 0x17,
	CRTC_LINE_COMPARE,
	VGA_CRTC_REGS
};

#define OVERFLOW_VDISPLAY_8   0x02u
#define OVERFLOW_LINE_COMPARE 0x10u /* its bit 8 */
#define OVERFLOW_VDISPLAY_9   0x40u
#define PRESET_ROW_MASK	      0x1fu
#define PRESET_PAN_SHIFT      5 /* panning by whole characters, two bits */
#define MAX_SCAN_MASK	      0x1fu
#define MAX_SCAN_LINE_COMPARE 0x40u /* its bit 9 */
#define MAX_SCAN_DOUBLE	      0x80u
#define CURSOR_LINE_MASK      0x1fu
#define CURSOR_START_OFF      0x20u
#define CURSOR_END_SKEW_SHIFT 5
#define CRTC_PROTECT	      0x80u
#define UNDERLINE_MASK	      0x1fu
#define UNDERLINE_DWORD	      0x40u
#define CRTC_MODE_NO_CGA      0x01u /* bit 13 is an address bit */
#define CRTC_MODE_NO_HERCULES 0x02u /* so is bit 14 */
#define CRTC_MODE_WRAP_15     0x20u /* in word mode bit 15 comes round */
#define CRTC_MODE_BYTE	      0x40u

enum vga_attr_reg {
	ATTR_PALETTE,
	ATTR_MODE = 0x10,
	ATTR_OVERSCAN,
	ATTR_PLANES,
	ATTR_PANNING,
	ATTR_COLOUR_SELECT,
	VGA_ATTR_REGS
};

#define ATTR_INDEX	   0x1fu
#define ATTR_PAS	   0x20u /* the palette is the screen's */
#define ATTR_MODE_9TH_DOT  0x04u /* line graphics go on to the ninth dot */
#define ATTR_MODE_BLINK	   0x08u
#define ATTR_MODE_PAN_TOP  0x20u /* what is below the split is not panned */
#define ATTR_MODE_SELECT_5 0x80u /* bits 4 and 5 are colour select's, too */
#define PANNING_MASK	   0x0fu

enum vbe_reg {
	VBE_ID,
	VBE_XRES,
	VBE_YRES,
	VBE_BPP,
	VBE_ENABLE,
	VBE_BANK,
	VBE_VIRT_WIDTH,
	VBE_VIRT_HEIGHT,
	VBE_X_OFFSET,
	VBE_Y_OFFSET,
	VBE_MEMORY_64K,
	VBE_REGS
};

#define VBE_ENABLED    0x01u
#define VBE_GET_CAPS   0x02u
#define VBE_8BIT_DAC   0x20u
#define VBE_NO_CLEAR   0x80u

#define VGA_PALETTE    256
#define VGA_PLANES     4
#define VGA_FONTS      2 /* at once */
#define VGA_GLYPHS     256
#define VGA_GLYPH_ROOM 32 /* bytes for each in plane 2 */
#define PLANE_LETTER   0
#define PLANE_COLOUR   1
#define PLANE_FONT     2

#endif
