/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 keyboard.  IBM Personal System/2 Hardware Interface Technical
 * Reference, keyboard section: commands, scan code sets.  Codes of newer keys:
 * Microsoft's Keyboard Scan Code Specification, 1.3a.
 *
 * Not modelled: typematic repetition (displays repeat by themselves), the
 * shift codes around cursor keys while Num Lock shines (as if it did not).
 */
#include "hw/ps2_keyboard.h"

#include <linux/input-event-codes.h>
#include <stddef.h>
#include <string.h>

enum command {
	CMD_SET_LEDS = 0xed,
	CMD_ECHO = 0xee,
	CMD_SCAN_SET = 0xf0,
	CMD_IDENTIFY = 0xf2,
	CMD_TYPEMATIC = 0xf3,
	CMD_ENABLE = 0xf4,
	CMD_DISABLE = 0xf5,
	CMD_DEFAULTS = 0xf6,
	CMD_ALL_TYPEMATIC = 0xf7, /* these seven are for set 3 */
	CMD_ALL_BREAK = 0xf8,
	CMD_ALL_MAKE = 0xf9,
	CMD_ALL_BOTH = 0xfa,
	CMD_KEY_TYPEMATIC = 0xfb,
	CMD_KEY_BREAK = 0xfc,
	CMD_KEY_MAKE = 0xfd,
	CMD_RESEND = 0xfe,
	CMD_RESET = 0xff
};

#define REPLY_ACK	  0xfau
#define REPLY_RESEND	  0xfeu
#define REPLY_TEST_OK	  0xaau
#define REPLY_OVERRUN1	  0xffu
#define REPLY_OVERRUN2	  0x00u
#define ID_FIRST	  0xabu
#define ID_SECOND	  0x83u
#define BREAK_SET1	  0x80u
#define BREAK_SET2	  0xf0u
#define PREFIX		  0xe0u
#define TYPEMATIC_DEFAULT 0x2bu
#define SET1_CODE	  0x7fu
#define HANJA		  0xf1u
#define HANGUL		  0xf2u
#define EXTENDED	  0x100u /* in the tables here: a prefix comes first */

/* Set 1 codes to set 2. */
static const uint8_t set2_of[0x80] = {
	0x00, 0x76, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45,
	0x4e, 0x55, 0x66, 0x0d, 0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43,
	0x44, 0x4d, 0x54, 0x5b, 0x5a, 0x14, 0x1c, 0x1b, 0x23, 0x2b, 0x34, 0x33,
	0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e, 0x12, 0x5d, 0x1a, 0x22, 0x21, 0x2a,
	0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7c, 0x11, 0x29, 0x58, 0x05,
	0x06, 0x04, 0x0c, 0x03, 0x0b, 0x83, 0x0a, 0x01, 0x09, 0x77, 0x7e, 0x6c,
	0x75, 0x7d, 0x7b, 0x6b, 0x73, 0x74, 0x79, 0x69, 0x72, 0x7a, 0x70, 0x71,
	0x84, 0x60, 0x61, 0x78, 0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f,
	0x47, 0x4f, 0x56, 0x5e, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40,
	0x48, 0x50, 0x57, 0x6f, 0x13, 0x19, 0x39, 0x51, 0x53, 0x5c, 0x5f, 0x62,
	0x63, 0x64, 0x65, 0x67, 0x68, 0x6a, 0x6d, 0x6e,
};

/* The same to set 3; 0: such a keyboard has no such key. */
static const uint8_t set3_of[0x80] = {
	0x00,	       0x08,	      0x16,	     0x1e,
	0x26,	       0x25,	      0x2e,	     0x36,
	0x3d,	       0x3e,	      0x46,	     0x45,
	0x4e,	       0x55,	      0x66,	     0x0d,
	0x15,	       0x1d,	      0x24,	     0x2d,
	0x2c,	       0x35,	      0x3c,	     0x43,
	0x44,	       0x4d,	      0x54,	     0x5b,
	0x5a,	       0x11,	      0x1c,	     0x1b,
	0x23,	       0x2b,	      0x34,	     0x33,
	0x3b,	       0x42,	      0x4b,	     0x4c,
	0x52,	       0x0e,	      0x12,	     0x5c,
	0x1a,	       0x22,	      0x21,	     0x2a,
	0x32,	       0x31,	      0x3a,	     0x41,
	0x49,	       0x4a,	      0x59,	     0x7e,
	0x19,	       0x29,	      0x14,	     0x07,
	0x0f,	       0x17,	      0x1f,	     0x27,
	0x2f,	       0x37,	      0x3f,	     0x47,
	0x4f,	       0x76,	      0x5f,	     0x6c,
	0x75,	       0x7d,	      0x84,	     0x6b,
	0x73,	       0x74,	      0x7c,	     0x69,
	0x72,	       0x7a,	      0x70,	     0x71,
	[0x54] = 0x57, [0x56] = 0x13, [0x57] = 0x56, [0x58] = 0x5e,
	[0x70] = 0x87, [0x73] = 0x51, [0x79] = 0x86, [0x7b] = 0x85,
	[0x7d] = 0x5d, [0x7e] = 0x7b,
};

/* Set 3 of keys whose set 1 code has the prefix. */
static const uint8_t extended_set3[][2] = {
	{0x1c, 0x79}, {0x1d, 0x58}, {0x35, 0x77}, {0x37, 0x57}, {0x38, 0x39},
	{0x46, 0x62}, {0x47, 0x6e}, {0x48, 0x63}, {0x49, 0x6f}, {0x4b, 0x61},
	{0x4d, 0x6a}, {0x4f, 0x65}, {0x50, 0x60}, {0x51, 0x6d}, {0x52, 0x67},
	{0x53, 0x64}, {0x5b, 0x8b}, {0x5c, 0x8c}, {0x5d, 0x8d},
};

/* Of set 3, that tell their release until told otherwise. */
static const uint8_t breaking_keys[] = {0x11, 0x12, 0x14, 0x19, 0x59};

/*
 * Event codes up to KEY_F12 are set 1 codes, as the input layer chose them;
 * these are the others.
 */
static const uint16_t extended_keys[][2] = {
	{KEY_KPENTER, EXTENDED | 0x1c},
	{KEY_RIGHTCTRL, EXTENDED | 0x1d},
	{KEY_KPSLASH, EXTENDED | 0x35},
	{KEY_RIGHTALT, EXTENDED | 0x38},
	{KEY_HOME, EXTENDED | 0x47},
	{KEY_UP, EXTENDED | 0x48},
	{KEY_PAGEUP, EXTENDED | 0x49},
	{KEY_LEFT, EXTENDED | 0x4b},
	{KEY_RIGHT, EXTENDED | 0x4d},
	{KEY_END, EXTENDED | 0x4f},
	{KEY_DOWN, EXTENDED | 0x50},
	{KEY_PAGEDOWN, EXTENDED | 0x51},
	{KEY_INSERT, EXTENDED | 0x52},
	{KEY_DELETE, EXTENDED | 0x53},
	{KEY_LEFTMETA, EXTENDED | 0x5b},
	{KEY_RIGHTMETA, EXTENDED | 0x5c},
	{KEY_COMPOSE, EXTENDED | 0x5d},
	{KEY_POWER, EXTENDED | 0x5e},
	{KEY_SLEEP, EXTENDED | 0x5f},
	{KEY_WAKEUP, EXTENDED | 0x63},
	{KEY_PREVIOUSSONG, EXTENDED | 0x10},
	{KEY_NEXTSONG, EXTENDED | 0x19},
	{KEY_MUTE, EXTENDED | 0x20},
	{KEY_CALC, EXTENDED | 0x21},
	{KEY_PLAYPAUSE, EXTENDED | 0x22},
	{KEY_STOPCD, EXTENDED | 0x24},
	{KEY_VOLUMEDOWN, EXTENDED | 0x2e},
	{KEY_VOLUMEUP, EXTENDED | 0x30},
	{KEY_HOMEPAGE, EXTENDED | 0x32},
	{KEY_SEARCH, EXTENDED | 0x65},
	{KEY_BOOKMARKS, EXTENDED | 0x66},
	{KEY_REFRESH, EXTENDED | 0x67},
	{KEY_STOP, EXTENDED | 0x68},
	{KEY_FORWARD, EXTENDED | 0x69},
	{KEY_BACK, EXTENDED | 0x6a},
	{KEY_COMPUTER, EXTENDED | 0x6b},
	{KEY_MAIL, EXTENDED | 0x6c},
	{KEY_MEDIA, EXTENDED | 0x6d},
	{KEY_102ND, 0x56},
	{KEY_KPEQUAL, 0x59},
	{KEY_F13, 0x64},
	{KEY_F14, 0x65},
	{KEY_F15, 0x66},
	{KEY_F16, 0x67},
	{KEY_F17, 0x68},
	{KEY_F18, 0x69},
	{KEY_F19, 0x6a},
	{KEY_F20, 0x6b},
	{KEY_F21, 0x6c},
	{KEY_F22, 0x6d},
	{KEY_F23, 0x6e},
	{KEY_F24, 0x76},
	{KEY_ZENKAKUHANKAKU, 0x76},
	{KEY_KATAKANAHIRAGANA, 0x70},
	{KEY_RO, 0x73},
	{KEY_HIRAGANA, 0x77},
	{KEY_KATAKANA, 0x78},
	{KEY_HENKAN, 0x79},
	{KEY_MUHENKAN, 0x7b},
	{KEY_YEN, 0x7d},
	{KEY_KPCOMMA, 0x7e},
};

static bool room(const struct ps2_keyboard *kbd, unsigned n)
{
	return kbd->count + n <= PS2_QUEUE;
}

static void put(struct ps2_keyboard *kbd, uint8_t val)
{
	if (!room(kbd, 1))
		return;
	kbd->queue[(kbd->head + kbd->count++) % PS2_QUEUE] = val;
	if (kbd->count == 1 && kbd->ready)
		kbd->ready(kbd->ctx);
}

bool ps2_keyboard_pending(const struct ps2_keyboard *kbd)
{
	return kbd->count > 0;
}

uint8_t ps2_keyboard_read(struct ps2_keyboard *kbd)
{
	if (kbd->count) {
		kbd->last = kbd->queue[kbd->head];
		kbd->head = (kbd->head + 1) % PS2_QUEUE;
		kbd->count--;
	}
	return kbd->last;
}

static void set_break(struct ps2_keyboard *kbd, uint8_t key, bool tells)
{
	uint8_t bit = (uint8_t)(1 << key % 8);

	if (key >= PS2_KEYS)
		return;
	if (tells)
		kbd->breaks[key / 8] |= bit;
	else
		kbd->breaks[key / 8] &= (uint8_t)~bit;
}

static void defaults(struct ps2_keyboard *kbd)
{
	size_t i;

	kbd->typematic = TYPEMATIC_DEFAULT;
	kbd->set = 2;
	memset(kbd->breaks, 0, sizeof(kbd->breaks));
	for (i = 0; i < sizeof(breaking_keys); i++)
		set_break(kbd, breaking_keys[i], true);
}

void ps2_keyboard_reset(struct ps2_keyboard *kbd)
{
	kbd->head = kbd->count = kbd->command = 0;
	kbd->leds = 0;
	kbd->scanning = true;
	kbd->ctrl = kbd->alt = false;
	defaults(kbd);
}

static bool takes_keys(uint8_t command)
{
	return command >= CMD_KEY_TYPEMATIC && command <= CMD_KEY_MAKE;
}

static void argument(struct ps2_keyboard *kbd, uint8_t val)
{
	uint8_t command = kbd->command;

	/* Keys follow until there is another command. */
	if (!takes_keys(command))
		kbd->command = 0;
	if (command == CMD_SCAN_SET && val > 3) {
		put(kbd, REPLY_RESEND);
		return;
	}
	put(kbd, REPLY_ACK);
	switch (command) {
	case CMD_SET_LEDS:
		kbd->leds = val & 7;
		break;
	case CMD_TYPEMATIC:
		kbd->typematic = val & 0x7f;
		break;
	case CMD_SCAN_SET:
		if (val)
			kbd->set = val;
		else
			put(kbd, kbd->set);
		break;
	default:
		set_break(kbd, val, command == CMD_KEY_BREAK);
		break;
	}
}

static void command(struct ps2_keyboard *kbd, uint8_t val)
{
	kbd->command = 0;
	switch (val) {
	case CMD_SET_LEDS:
	case CMD_SCAN_SET:
	case CMD_TYPEMATIC:
	case CMD_KEY_TYPEMATIC:
	case CMD_KEY_BREAK:
	case CMD_KEY_MAKE:
		kbd->command = val;
		put(kbd, REPLY_ACK);
		break;
	case CMD_ECHO:
		put(kbd, CMD_ECHO);
		break;
	case CMD_IDENTIFY:
		put(kbd, REPLY_ACK);
		put(kbd, ID_FIRST);
		put(kbd, ID_SECOND);
		break;
	case CMD_ENABLE:
	case CMD_DISABLE:
	case CMD_DEFAULTS:
		kbd->head = kbd->count = 0;
		kbd->scanning = val != CMD_DISABLE;
		if (val != CMD_ENABLE)
			defaults(kbd);
		put(kbd, REPLY_ACK);
		break;
	case CMD_RESEND:
		put(kbd, kbd->last);
		break;
	case CMD_RESET:
		ps2_keyboard_reset(kbd);
		put(kbd, REPLY_ACK);
		put(kbd, REPLY_TEST_OK);
		break;
	case CMD_ALL_TYPEMATIC:
	case CMD_ALL_BREAK:
	case CMD_ALL_MAKE:
	case CMD_ALL_BOTH:
		memset(kbd->breaks,
		       val == CMD_ALL_BREAK || val == CMD_ALL_BOTH ? 0xff : 0,
		       sizeof(kbd->breaks));
		put(kbd, REPLY_ACK);
		break;
	default:
		put(kbd, REPLY_RESEND);
	}
}

void ps2_keyboard_write(struct ps2_keyboard *kbd, uint8_t val)
{
	if (kbd->command && val < CMD_SET_LEDS)
		argument(kbd, val);
	else
		command(kbd, val);
}

static uint8_t find_set3(unsigned code)
{
	size_t i;

	if (!(code & EXTENDED))
		return set3_of[code & SET1_CODE];
	for (i = 0; i < sizeof(extended_set3) / sizeof(*extended_set3); i++)
		if (extended_set3[i][0] == (code & SET1_CODE))
			return extended_set3[i][1];
	return 0;
}

/* There each key has one code, and tells its release if it was told to. */
static void send_set3(struct ps2_keyboard *kbd, unsigned code, bool down)
{
	uint8_t key = find_set3(code);

	if (!key)
		return;
	if (!down && !(kbd->breaks[key / 8] >> key % 8 & 1))
		return;
	if (!down)
		put(kbd, BREAK_SET2);
	put(kbd, key);
}

/* Sends a make or break code, given as set 1 with EXTENDED. */
static void send(struct ps2_keyboard *kbd, unsigned code, bool down)
{
	if (kbd->set == 3) {
		send_set3(kbd, code, down);
		return;
	}
	if (code & EXTENDED)
		put(kbd, PREFIX);
	code &= SET1_CODE;
	if (kbd->set == 1) {
		put(kbd, (uint8_t)(code | (down ? 0 : BREAK_SET1)));
		return;
	}
	if (!down)
		put(kbd, BREAK_SET2);
	put(kbd, set2_of[code]);
}

/* Two Korean keys have the same code in sets 1 and 2, and no release. */
static void send_korean(struct ps2_keyboard *kbd, unsigned code, bool down)
{
	if (down && kbd->set != 3)
		put(kbd, code == KEY_HANJA ? HANJA : HANGUL);
}

/* Pause has no break code and comes whole; with Ctrl it is Break. */
static void send_pause(struct ps2_keyboard *kbd, bool down)
{
	static const uint8_t set1[] = {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5};
	static const uint8_t set2[] = {0xe1, 0x14, 0x77, 0xe1,
				       0xf0, 0x14, 0xf0, 0x77};
	const uint8_t *bytes = kbd->set == 1 ? set1 : set2;
	size_t i, n = kbd->set == 1 ? sizeof(set1) : sizeof(set2);

	if (kbd->ctrl || kbd->set == 3) {
		send(kbd, EXTENDED | 0x46, down);
		return;
	}
	for (i = 0; down && i < n; i++)
		put(kbd, bytes[i]);
}

/* Print screen pretends to be shifted; with Alt it is SysRq. */
static void send_print(struct ps2_keyboard *kbd, bool down)
{
	if (kbd->alt || kbd->set == 3) {
		send(kbd, 0x54, down);
		return;
	}
	if (down)
		send(kbd, EXTENDED | 0x2a, true);
	send(kbd, EXTENDED | 0x37, down);
	if (!down)
		send(kbd, EXTENDED | 0x2a, false);
}

static unsigned set1_of(unsigned code)
{
	size_t i;

	for (i = 0; i < sizeof(extended_keys) / sizeof(*extended_keys); i++)
		if (extended_keys[i][0] == code)
			return extended_keys[i][1];
	return code <= KEY_F12 ? code : 0;
}

void ps2_keyboard_key(struct ps2_keyboard *kbd, unsigned code, bool down)
{
	unsigned set1 = set1_of(code);

	if (code == KEY_LEFTCTRL || code == KEY_RIGHTCTRL)
		kbd->ctrl = down;
	if (code == KEY_LEFTALT || code == KEY_RIGHTALT)
		kbd->alt = down;
	/* A key comes whole or not at all: eight bytes are the most. */
	if (!kbd->scanning || !room(kbd, 8))
		return;
	if (code == KEY_PAUSE)
		send_pause(kbd, down);
	else if (code == KEY_SYSRQ)
		send_print(kbd, down);
	else if (code == KEY_HANJA || code == KEY_HANGEUL)
		send_korean(kbd, code, down);
	else if (set1)
		send(kbd, set1, down);
}

uint8_t ps2_translate(uint8_t set2)
{
	unsigned i;

	for (i = 1; i < sizeof(set2_of); i++)
		if (set2_of[i] == set2)
			return (uint8_t)i;
	return set2;
}

const struct state_field ps2_keyboard_fields[] = {
	{STATE_ARR(STATE_U8, struct ps2_keyboard, queue)},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, head), .hi = PS2_QUEUE - 1},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, count), .hi = PS2_QUEUE},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, command)},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, set), .lo = 1, .hi = 3},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, leds)},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, typematic)},
	{STATE_ELEM(STATE_U8, struct ps2_keyboard, last)},
	{STATE_ELEM(STATE_BOOL, struct ps2_keyboard, scanning)},
	{STATE_ELEM(STATE_BOOL, struct ps2_keyboard, ctrl)},
	{STATE_ELEM(STATE_BOOL, struct ps2_keyboard, alt)},
	{STATE_ARR(STATE_U8, struct ps2_keyboard, breaks)},
	{.kind = STATE_END},
};
