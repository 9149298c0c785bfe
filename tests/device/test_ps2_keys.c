/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of a keyboard, in the scan code sets, as the specification says. */
#include <linux/input-event-codes.h>

#include "hw/i8042.h"
#include "tests/device/harness.h"
#include "vmm/input.h"

#define PREFIX	   0xe0
#define TRANSLATED 0x41
#define RAW	   0x01

struct key {
	uint16_t code;
	uint16_t set1, set2; /* with the prefix, if there is one */
};

/* Microsoft, Keyboard Scan Code Specification 1.3a, appendix A. */
static const struct key keys[] = {
	{KEY_ESC, 0x01, 0x76},
	{KEY_1, 0x02, 0x16},
	{KEY_2, 0x03, 0x1e},
	{KEY_3, 0x04, 0x26},
	{KEY_4, 0x05, 0x25},
	{KEY_5, 0x06, 0x2e},
	{KEY_6, 0x07, 0x36},
	{KEY_7, 0x08, 0x3d},
	{KEY_8, 0x09, 0x3e},
	{KEY_9, 0x0a, 0x46},
	{KEY_0, 0x0b, 0x45},
	{KEY_MINUS, 0x0c, 0x4e},
	{KEY_EQUAL, 0x0d, 0x55},
	{KEY_BACKSPACE, 0x0e, 0x66},
	{KEY_TAB, 0x0f, 0x0d},
	{KEY_Q, 0x10, 0x15},
	{KEY_W, 0x11, 0x1d},
	{KEY_E, 0x12, 0x24},
	{KEY_R, 0x13, 0x2d},
	{KEY_T, 0x14, 0x2c},
	{KEY_Y, 0x15, 0x35},
	{KEY_U, 0x16, 0x3c},
	{KEY_I, 0x17, 0x43},
	{KEY_O, 0x18, 0x44},
	{KEY_P, 0x19, 0x4d},
	{KEY_LEFTBRACE, 0x1a, 0x54},
	{KEY_RIGHTBRACE, 0x1b, 0x5b},
	{KEY_ENTER, 0x1c, 0x5a},
	{KEY_LEFTCTRL, 0x1d, 0x14},
	{KEY_A, 0x1e, 0x1c},
	{KEY_S, 0x1f, 0x1b},
	{KEY_D, 0x20, 0x23},
	{KEY_F, 0x21, 0x2b},
	{KEY_G, 0x22, 0x34},
	{KEY_H, 0x23, 0x33},
	{KEY_J, 0x24, 0x3b},
	{KEY_K, 0x25, 0x42},
	{KEY_L, 0x26, 0x4b},
	{KEY_SEMICOLON, 0x27, 0x4c},
	{KEY_APOSTROPHE, 0x28, 0x52},
	{KEY_GRAVE, 0x29, 0x0e},
	{KEY_LEFTSHIFT, 0x2a, 0x12},
	{KEY_BACKSLASH, 0x2b, 0x5d},
	{KEY_Z, 0x2c, 0x1a},
	{KEY_X, 0x2d, 0x22},
	{KEY_C, 0x2e, 0x21},
	{KEY_V, 0x2f, 0x2a},
	{KEY_B, 0x30, 0x32},
	{KEY_N, 0x31, 0x31},
	{KEY_M, 0x32, 0x3a},
	{KEY_COMMA, 0x33, 0x41},
	{KEY_DOT, 0x34, 0x49},
	{KEY_SLASH, 0x35, 0x4a},
	{KEY_RIGHTSHIFT, 0x36, 0x59},
	{KEY_KPASTERISK, 0x37, 0x7c},
	{KEY_LEFTALT, 0x38, 0x11},
	{KEY_SPACE, 0x39, 0x29},
	{KEY_CAPSLOCK, 0x3a, 0x58},
	{KEY_F1, 0x3b, 0x05},
	{KEY_F2, 0x3c, 0x06},
	{KEY_F3, 0x3d, 0x04},
	{KEY_F4, 0x3e, 0x0c},
	{KEY_F5, 0x3f, 0x03},
	{KEY_F6, 0x40, 0x0b},
	{KEY_F7, 0x41, 0x83},
	{KEY_F8, 0x42, 0x0a},
	{KEY_F9, 0x43, 0x01},
	{KEY_F10, 0x44, 0x09},
	{KEY_NUMLOCK, 0x45, 0x77},
	{KEY_SCROLLLOCK, 0x46, 0x7e},
	{KEY_KP7, 0x47, 0x6c},
	{KEY_KP8, 0x48, 0x75},
	{KEY_KP9, 0x49, 0x7d},
	{KEY_KPMINUS, 0x4a, 0x7b},
	{KEY_KP4, 0x4b, 0x6b},
	{KEY_KP5, 0x4c, 0x73},
	{KEY_KP6, 0x4d, 0x74},
	{KEY_KPPLUS, 0x4e, 0x79},
	{KEY_KP1, 0x4f, 0x69},
	{KEY_KP2, 0x50, 0x72},
	{KEY_KP3, 0x51, 0x7a},
	{KEY_KP0, 0x52, 0x70},
	{KEY_KPDOT, 0x53, 0x71},
	{KEY_102ND, 0x56, 0x61},
	{KEY_F11, 0x57, 0x78},
	{KEY_F12, 0x58, 0x07},
	{KEY_KPENTER, 0xe01c, 0xe05a},
	{KEY_RIGHTCTRL, 0xe01d, 0xe014},
	{KEY_KPSLASH, 0xe035, 0xe04a},
	{KEY_RIGHTALT, 0xe038, 0xe011},
	{KEY_HOME, 0xe047, 0xe06c},
	{KEY_UP, 0xe048, 0xe075},
	{KEY_PAGEUP, 0xe049, 0xe07d},
	{KEY_LEFT, 0xe04b, 0xe06b},
	{KEY_RIGHT, 0xe04d, 0xe074},
	{KEY_END, 0xe04f, 0xe069},
	{KEY_DOWN, 0xe050, 0xe072},
	{KEY_PAGEDOWN, 0xe051, 0xe07a},
	{KEY_INSERT, 0xe052, 0xe070},
	{KEY_DELETE, 0xe053, 0xe071},
	{KEY_LEFTMETA, 0xe05b, 0xe01f},
	{KEY_RIGHTMETA, 0xe05c, 0xe027},
	{KEY_COMPOSE, 0xe05d, 0xe02f},
	{KEY_POWER, 0xe05e, 0xe037},
	{KEY_SLEEP, 0xe05f, 0xe03f},
	{KEY_WAKEUP, 0xe063, 0xe05e},
	{KEY_PREVIOUSSONG, 0xe010, 0xe015},
	{KEY_NEXTSONG, 0xe019, 0xe04d},
	{KEY_MUTE, 0xe020, 0xe023},
	{KEY_CALC, 0xe021, 0xe02b},
	{KEY_PLAYPAUSE, 0xe022, 0xe034},
	{KEY_STOPCD, 0xe024, 0xe03b},
	{KEY_VOLUMEDOWN, 0xe02e, 0xe021},
	{KEY_VOLUMEUP, 0xe030, 0xe032},
	{KEY_HOMEPAGE, 0xe032, 0xe03a},
	{KEY_SEARCH, 0xe065, 0xe010},
	{KEY_BOOKMARKS, 0xe066, 0xe018},
	{KEY_REFRESH, 0xe067, 0xe020},
	{KEY_STOP, 0xe068, 0xe028},
	{KEY_FORWARD, 0xe069, 0xe030},
	{KEY_BACK, 0xe06a, 0xe038},
	{KEY_COMPUTER, 0xe06b, 0xe040},
	{KEY_MAIL, 0xe06c, 0xe048},
	{KEY_MEDIA, 0xe06d, 0xe050},
	{KEY_KPEQUAL, 0x59, 0x0f},
	{KEY_F13, 0x64, 0x08},
	{KEY_F14, 0x65, 0x10},
	{KEY_F15, 0x66, 0x18},
	{KEY_F16, 0x67, 0x20},
	{KEY_F17, 0x68, 0x28},
	{KEY_F18, 0x69, 0x30},
	{KEY_F19, 0x6a, 0x38},
	{KEY_F20, 0x6b, 0x40},
	{KEY_F21, 0x6c, 0x48},
	{KEY_F22, 0x6d, 0x50},
	{KEY_F23, 0x6e, 0x57},
	{KEY_F24, 0x76, 0x5f},
	{KEY_ZENKAKUHANKAKU, 0x76, 0x5f},
	{KEY_KATAKANAHIRAGANA, 0x70, 0x13},
	{KEY_RO, 0x73, 0x51},
	{KEY_HENKAN, 0x79, 0x64},
	{KEY_MUHENKAN, 0x7b, 0x67},
	{KEY_YEN, 0x7d, 0x6a},
	{KEY_KPCOMMA, 0x7e, 0x6d},
};

#define KEYS (sizeof(keys) / sizeof(*keys))

static struct harness h;
static struct device *kbc;

static void mode(uint8_t val)
{
	outb(&h, 0x64, 0x60);
	outb(&h, 0x60, val);
}

static void start(uint8_t how)
{
	harness_init(&h, 0);
	kbc = harness_new(&h, &i8042_class);
	harness_io(&h, kbc, 0, 0x60);
	harness_io(&h, kbc, 1, 0x64);
	kbc->irq[0] = harness_irq(&h, 1);
	kbc->irq[1] = harness_irq(&h, 12);
	harness_start(kbc);
	kbc->class->reset(kbc);
	mode(how);
}

static uint8_t data(void)
{
	ck_assert_uint_eq(inb(&h, 0x64) & 0x21, 1);
	return inb(&h, 0x60);
}

static void expect_none(void)
{
	ck_assert_uint_eq(inb(&h, 0x64) & 1, 0);
}

static void send(uint8_t val)
{
	outb(&h, 0x60, val);
	ck_assert_uint_eq(data(), 0xfa);
}

static void press(unsigned code, bool down)
{
	input_key(&h.m.input, code, down);
}

static void check_set1(const struct key *k)
{
	press(k->code, true);
	if (k->set1 >> 8)
		ck_assert_uint_eq(data(), PREFIX);
	ck_assert_uint_eq(data(), k->set1 & 0xff);
	expect_none();
	press(k->code, false);
	if (k->set1 >> 8)
		ck_assert_uint_eq(data(), PREFIX);
	ck_assert_uint_eq(data(), (k->set1 & 0xff) | 0x80);
	expect_none();
}

START_TEST(test_set_1_by_translation)
{
	size_t i;

	start(TRANSLATED);
	for (i = 0; i < KEYS; i++)
		check_set1(&keys[i]);
	harness_fini(&h);
}
END_TEST

START_TEST(test_set_1)
{
	size_t i;

	start(RAW);
	send(0xf0);
	send(0x01);
	for (i = 0; i < KEYS; i++)
		check_set1(&keys[i]);
	harness_fini(&h);
}
END_TEST

START_TEST(test_set_2)
{
	size_t i;

	start(RAW);
	for (i = 0; i < KEYS; i++) {
		press(keys[i].code, true);
		if (keys[i].set2 >> 8)
			ck_assert_uint_eq(data(), PREFIX);
		ck_assert_uint_eq(data(), keys[i].set2 & 0xff);
		expect_none();
		press(keys[i].code, false);
		if (keys[i].set2 >> 8)
			ck_assert_uint_eq(data(), PREFIX);
		ck_assert_uint_eq(data(), 0xf0);
		ck_assert_uint_eq(data(), keys[i].set2 & 0xff);
		expect_none();
	}
	harness_fini(&h);
}
END_TEST

static void expect(const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert_uint_eq(data(), bytes[i]);
	expect_none();
}

#define EXPECT(...) \
	do { \
		static const uint8_t want[] = {__VA_ARGS__}; \
		expect(want, sizeof(want)); \
	} while (0)

START_TEST(test_pause_and_break)
{
	start(TRANSLATED);
	press(KEY_PAUSE, true);
	EXPECT(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5);
	press(KEY_PAUSE, false);
	expect_none();
	press(KEY_RIGHTCTRL, true);
	EXPECT(0xe0, 0x1d);
	press(KEY_PAUSE, true);
	EXPECT(0xe0, 0x46);
	press(KEY_PAUSE, false);
	EXPECT(0xe0, 0xc6);
	press(KEY_RIGHTCTRL, false);
	EXPECT(0xe0, 0x9d);
	mode(RAW);
	press(KEY_PAUSE, true);
	EXPECT(0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77);
	harness_fini(&h);
}
END_TEST

START_TEST(test_print_screen_and_sysrq)
{
	start(TRANSLATED);
	press(KEY_SYSRQ, true);
	EXPECT(0xe0, 0x2a, 0xe0, 0x37);
	press(KEY_SYSRQ, false);
	EXPECT(0xe0, 0xb7, 0xe0, 0xaa);
	press(KEY_LEFTALT, true);
	EXPECT(0x38);
	press(KEY_SYSRQ, true);
	EXPECT(0x54);
	press(KEY_SYSRQ, false);
	EXPECT(0xd4);
	mode(RAW);
	press(KEY_LEFTALT, false);
	EXPECT(0xf0, 0x11);
	press(KEY_SYSRQ, true);
	EXPECT(0xe0, 0x12, 0xe0, 0x7c);
	press(KEY_SYSRQ, false);
	EXPECT(0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12);
	harness_fini(&h);
}
END_TEST

/* They have no release, and are not translated. */
START_TEST(test_korean_keys)
{
	start(TRANSLATED);
	press(KEY_HANGEUL, true);
	EXPECT(0xf2);
	press(KEY_HANGEUL, false);
	expect_none();
	press(KEY_HANJA, true);
	EXPECT(0xf1);
	press(KEY_HANJA, false);
	expect_none();
	harness_fini(&h);
}
END_TEST

START_TEST(test_set_3)
{
	start(RAW);
	send(0xf0);
	send(0x03);
	send(0xf0);
	outb(&h, 0x60, 0x00);
	EXPECT(0xfa, 0x03);
	press(KEY_A, true);
	EXPECT(0x1c);
	press(KEY_A, false);
	expect_none(); /* only modifiers tell */
	press(KEY_LEFTSHIFT, true);
	press(KEY_LEFTSHIFT, false);
	EXPECT(0x12, 0xf0, 0x12);
	send(0xfc); /* so does A now */
	send(0x1c);
	send(0xf4);
	press(KEY_A, true);
	press(KEY_A, false);
	EXPECT(0x1c, 0xf0, 0x1c);
	send(0xf8); /* all do */
	press(KEY_PAUSE, true);
	press(KEY_PAUSE, false);
	EXPECT(0x62, 0xf0, 0x62);
	press(KEY_SYSRQ, true);
	press(KEY_UP, true);
	press(KEY_UP, false);
	EXPECT(0x57, 0x63, 0xf0, 0x63);
	send(0xf9); /* none does */
	press(KEY_UP, false);
	press(KEY_MUTE, true); /* no such key */
	expect_none();
	outb(&h, 0x60, 0xf0);
	ck_assert_uint_eq(data(), 0xfa);
	outb(&h, 0x60, 0x04);
	EXPECT(0xfe);
	harness_roundtrip(kbc);
	harness_fini(&h);
}
END_TEST

START_TEST(test_leds)
{
	start(RAW);
	ck_assert_uint_eq(input_leds(&h.m.input), 0);
	send(0xed);
	send(0x06);
	ck_assert_uint_eq(input_leds(&h.m.input), 6);
	harness_fini(&h);
}
END_TEST

/* Each name that the monitor takes is a key that the guest hears of. */
START_TEST(test_names)
{
	const char *name;
	unsigned i;

	start(RAW);
	for (i = 0; (name = input_key_name(i)); i++) {
		press((unsigned)input_key_code(name), true);
		ck_assert_msg(inb(&h, 0x64) & 1, "%s", name);
		press((unsigned)input_key_code(name), false);
		while (inb(&h, 0x64) & 1)
			inb(&h, 0x60);
	}
	ck_assert_uint_gt(i, 140);
	ck_assert_int_eq(input_key_number(0x1e), KEY_A);
	ck_assert_int_eq(input_key_number(0xc8), KEY_UP);
	ck_assert_int_eq(input_key_number(0xff), -1);
	ck_assert_int_eq(input_key_number(0), -1);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("ps2 keys", test_set_1_by_translation, test_set_1, test_set_2,
	     test_pause_and_break, test_print_screen_and_sysrq,
	     test_korean_keys, test_set_3, test_leds, test_names)
