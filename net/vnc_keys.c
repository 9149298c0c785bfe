/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which key it is: by the number that a keyboard of a PC/XT sends for it
 * (extended key events), or by the symbol that is on it (X11's keysyms).
 */
#include <linux/input-event-codes.h>

#include "net/vnc_impl.h"
#include "net/vnc_layout.h"

enum { SCANCODES = 256, EXTENDED = 0x80, SAME_LAST = 0x58 };

/* With 0x80 for those that come after 0xe0. */
static const uint8_t scancodes[SCANCODES] = {
	[0x54] = KEY_SYSRQ,
	[0x59] = KEY_KPEQUAL,
	[0x70] = KEY_KATAKANAHIRAGANA,
	[0x73] = KEY_RO,
	[0x79] = KEY_HENKAN,
	[0x7b] = KEY_MUHENKAN,
	[0x7d] = KEY_YEN,
	[0x7e] = KEY_KPCOMMA,
	[EXTENDED | 0x10] = KEY_PREVIOUSSONG,
	[EXTENDED | 0x19] = KEY_NEXTSONG,
	[EXTENDED | 0x1c] = KEY_KPENTER,
	[EXTENDED | 0x1d] = KEY_RIGHTCTRL,
	[EXTENDED | 0x20] = KEY_MUTE,
	[EXTENDED | 0x21] = KEY_CALC,
	[EXTENDED | 0x22] = KEY_PLAYPAUSE,
	[EXTENDED | 0x24] = KEY_STOPCD,
	[EXTENDED | 0x2e] = KEY_VOLUMEDOWN,
	[EXTENDED | 0x30] = KEY_VOLUMEUP,
	[EXTENDED | 0x32] = KEY_HOMEPAGE,
	[EXTENDED | 0x35] = KEY_KPSLASH,
	[EXTENDED | 0x37] = KEY_SYSRQ,
	[EXTENDED | 0x38] = KEY_RIGHTALT,
	[EXTENDED | 0x45] = KEY_NUMLOCK,
	[EXTENDED | 0x46] = KEY_PAUSE,
	[EXTENDED | 0x47] = KEY_HOME,
	[EXTENDED | 0x48] = KEY_UP,
	[EXTENDED | 0x49] = KEY_PAGEUP,
	[EXTENDED | 0x4b] = KEY_LEFT,
	[EXTENDED | 0x4d] = KEY_RIGHT,
	[EXTENDED | 0x4f] = KEY_END,
	[EXTENDED | 0x50] = KEY_DOWN,
	[EXTENDED | 0x51] = KEY_PAGEDOWN,
	[EXTENDED | 0x52] = KEY_INSERT,
	[EXTENDED | 0x53] = KEY_DELETE,
	[EXTENDED | 0x5b] = KEY_LEFTMETA,
	[EXTENDED | 0x5c] = KEY_RIGHTMETA,
	[EXTENDED | 0x5d] = KEY_COMPOSE,
	[EXTENDED | 0x5e] = KEY_POWER,
	[EXTENDED | 0x5f] = KEY_SLEEP,
	[EXTENDED | 0x63] = KEY_WAKEUP,
};

unsigned vnc_key_of_scancode(uint32_t scancode)
{
	if (scancode >= SCANCODES)
		return 0;
	if (scancodes[scancode])
		return scancodes[scancode];
	/* Codes of Linux are those of the XT where it had the key. */
	return scancode <= SAME_LAST ? scancode : 0;
}

/* Keys with letters, row by row: without Shift, and with it. */
static const struct row {
	const char *plain, *shifted;
	uint8_t first; /* codes go on from here */
} rows[] = {
	{"1234567890-=", "!@#$%^&*()_+", KEY_1},
	{"qwertyuiop[]", "QWERTYUIOP{}", KEY_Q},
	{"asdfghjkl;'`", "ASDFGHJKL:\"~", KEY_A},
	{"\\zxcvbnm,./", "|ZXCVBNM<>?", KEY_BACKSLASH},
	{" ", " ", KEY_SPACE},
};

static unsigned letter_key(uint32_t keysym)
{
	const struct row *r;
	unsigned i;

	for (r = rows; r < rows + sizeof(rows) / sizeof(*rows); r++)
		for (i = 0; r->plain[i]; i++)
			if (keysym == (uint8_t)r->plain[i] ||
			    keysym == (uint8_t)r->shifted[i])
				return r->first + i;
	return 0;
}

/* Those that have the same place in every layout. */
static const struct vnc_symbol symbols[] = {
	{0xfe03, KEY_RIGHTALT}, /* ISO_Level3_Shift */
	{0xfe20, KEY_TAB}, /* ISO_Left_Tab */
	{0xff08, KEY_BACKSPACE},  {0xff09, KEY_TAB},
	{0xff0a, KEY_ENTER}, /* Linefeed */
	{0xff0d, KEY_ENTER},	  {0xff13, KEY_PAUSE},
	{0xff14, KEY_SCROLLLOCK}, {0xff15, KEY_SYSRQ},
	{0xff1b, KEY_ESC},	  {0xff22, KEY_MUHENKAN},
	{0xff23, KEY_HENKAN},	  {0xff27, KEY_KATAKANAHIRAGANA},
	{0xff50, KEY_HOME},	  {0xff51, KEY_LEFT},
	{0xff52, KEY_UP},	  {0xff53, KEY_RIGHT},
	{0xff54, KEY_DOWN},	  {0xff55, KEY_PAGEUP},
	{0xff56, KEY_PAGEDOWN},	  {0xff57, KEY_END},
	{0xff61, KEY_SYSRQ}, /* Print */
	{0xff63, KEY_INSERT},	  {0xff67, KEY_COMPOSE}, /* Menu */
	{0xff6b, KEY_PAUSE}, /* Break */
	{0xff7e, KEY_RIGHTALT}, /* Mode_switch */
	{0xff7f, KEY_NUMLOCK},	  {0xff80, KEY_SPACE}, /* KP_Space */
	{0xff89, KEY_TAB}, /* KP_Tab */
	{0xff8d, KEY_KPENTER},	  {0xff95, KEY_KP7}, /* KP_Home */
	{0xff96, KEY_KP4},	  {0xff97, KEY_KP8},
	{0xff98, KEY_KP6},	  {0xff99, KEY_KP2},
	{0xff9a, KEY_KP9},	  {0xff9b, KEY_KP3},
	{0xff9c, KEY_KP1},	  {0xff9d, KEY_KP5}, /* KP_Begin */
	{0xff9e, KEY_KP0},	  {0xff9f, KEY_KPDOT}, /* KP_Delete */
	{0xffaa, KEY_KPASTERISK}, {0xffab, KEY_KPPLUS},
	{0xffac, KEY_KPCOMMA},	  {0xffad, KEY_KPMINUS},
	{0xffae, KEY_KPDOT},	  {0xffaf, KEY_KPSLASH},
	{0xffb0, KEY_KP0},	  {0xffb1, KEY_KP1},
	{0xffb2, KEY_KP2},	  {0xffb3, KEY_KP3},
	{0xffb4, KEY_KP4},	  {0xffb5, KEY_KP5},
	{0xffb6, KEY_KP6},	  {0xffb7, KEY_KP7},
	{0xffb8, KEY_KP8},	  {0xffb9, KEY_KP9},
	{0xffbd, KEY_KPEQUAL},	  {0xffbe, KEY_F1},
	{0xffbf, KEY_F2},	  {0xffc0, KEY_F3},
	{0xffc1, KEY_F4},	  {0xffc2, KEY_F5},
	{0xffc3, KEY_F6},	  {0xffc4, KEY_F7},
	{0xffc5, KEY_F8},	  {0xffc6, KEY_F9},
	{0xffc7, KEY_F10},	  {0xffc8, KEY_F11},
	{0xffc9, KEY_F12},	  {0xffe1, KEY_LEFTSHIFT},
	{0xffe2, KEY_RIGHTSHIFT}, {0xffe3, KEY_LEFTCTRL},
	{0xffe4, KEY_RIGHTCTRL},  {0xffe5, KEY_CAPSLOCK},
	{0xffe7, KEY_LEFTALT}, /* Meta_L */
	{0xffe8, KEY_RIGHTALT},	  {0xffe9, KEY_LEFTALT},
	{0xffea, KEY_RIGHTALT},	  {0xffeb, KEY_LEFTMETA}, /* Super_L */
	{0xffec, KEY_RIGHTMETA},  {0xffff, KEY_DELETE},
};

unsigned vnc_key_of_keysym(const struct vnc_layout *layout, uint32_t keysym)
{
	unsigned code = 0;
	size_t i;

	for (i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (symbols[i].keysym == keysym)
			return symbols[i].code;
	if (layout)
		code = vnc_layout_key(layout, keysym);
	return code ? code : letter_key(keysym);
}
