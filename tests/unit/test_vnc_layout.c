/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts of keyboards other than en-us, as the host's XKB has them. */
#include <dlfcn.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "net/vnc_impl.h"
#include "net/vnc_layout.h"
#include "tests/unit/unit.h"

struct key {
	uint32_t keysym;
	unsigned code;
};

/* False: the host has no libxkbcommon, which is optional. */
static bool has_library(void)
{
	void *library = dlopen("libxkbcommon.so.0", RTLD_NOW);

	if (library)
		dlclose(library);
	else
		fprintf(stderr, "skipped: no libxkbcommon\n");
	return library;
}

static void has_keys(const char *language, const struct key *keys)
{
	struct vnc_layout *layout;
	struct error err = {0};

	if (!has_library())
		return;
	ck_assert_msg(vnc_layout_open(language, &layout, &err) == 0, "%s",
		      err.msg);
	for (; keys->keysym; keys++)
		ck_assert_msg(vnc_key_of_keysym(layout, keys->keysym) ==
				      keys->code,
			      "%s: keysym %x is key %u, not %u", language,
			      (unsigned)keys->keysym,
			      vnc_key_of_keysym(layout, keys->keysym),
			      keys->code);
	vnc_layout_free(layout);
}

START_TEST(test_german)
{
	static const struct key keys[] = {
		{'z', KEY_Y},
		{'Z', KEY_Y},
		{'y', KEY_Z},
		{0xfc, KEY_LEFTBRACE}, /* u umlaut */
		{0xdc, KEY_LEFTBRACE},
		{0xf6, KEY_SEMICOLON},
		{0xe4, KEY_APOSTROPHE},
		{0xdf, KEY_MINUS}, /* sharp s */
		{'?', KEY_MINUS},
		{'-', KEY_SLASH},
		{'_', KEY_SLASH},
		{'/', KEY_7},
		{'@', KEY_Q},
		{'{', KEY_7},
		{'<', KEY_102ND},
		{'|', KEY_102ND},
		{'#', KEY_BACKSLASH},
		{'\'', KEY_BACKSLASH},
		{'+', KEY_RIGHTBRACE},
		{'~', KEY_RIGHTBRACE},
		{'^', KEY_GRAVE},
		{0xfe52, KEY_GRAVE}, /* dead ^ */
		{0xb0, KEY_GRAVE},
		{'`', KEY_EQUAL},
		{0x20ac, KEY_E},
		{0xfe03, KEY_RIGHTALT},
		{0},
	};

	has_keys("de", keys);
}
END_TEST

START_TEST(test_french)
{
	static const struct key keys[] = {
		{'a', KEY_Q},
		{'q', KEY_A},
		{'z', KEY_W},
		{'w', KEY_Z},
		{'m', KEY_SEMICOLON},
		{',', KEY_M},
		{'1', KEY_1},
		{'&', KEY_1},
		{0xe9, KEY_2}, /* e acute */
		{0xe7, KEY_9}, /* c cedilla */
		{0xe0, KEY_0}, /* a grave */
		{'!', KEY_SLASH},
		{';', KEY_COMMA},
		{':', KEY_DOT},
		{'<', KEY_102ND},
		{'@', KEY_0},
		{'^', KEY_9},
		{0xfe52, KEY_LEFTBRACE},
		{0xf9, KEY_APOSTROPHE}, /* u grave */
		{'$', KEY_RIGHTBRACE},
		{0},
	};

	has_keys("fr", keys);
}
END_TEST

/* Keys without letters are the same in all; en-us needs no library. */
START_TEST(test_other_layouts)
{
	static const char *const languages[] = {
		"ar", "bepo",  "cz",	"da",	 "de-ch", "en-gb", "es", "et",
		"fi", "fo",    "fr-be", "fr-ca", "fr-ch", "hr",	   "hu", "is",
		"it", "ja",    "lt",	"lv",	 "mk",	  "nl",	   "no", "pl",
		"pt", "pt-br", "ru",	"sl",	 "sv",	  "th",	   "tr", NULL};
	static const struct key keys[] = {
		{0xff0d, KEY_ENTER},   {0xffbe, KEY_F1},      {' ', KEY_SPACE},
		{0xff8d, KEY_KPENTER}, {0xffe9, KEY_LEFTALT}, {0},
	};
	struct vnc_layout *layout = NULL;
	struct error err = {0};
	unsigned i;

	for (i = 0; languages[i]; i++)
		has_keys(languages[i], keys);
	ck_assert_int_eq(vnc_layout_open("en-us", &layout, &err), 0);
	ck_assert_ptr_null(layout);
	ck_assert_int_lt(vnc_layout_open("xx", &layout, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, " de "));
}
END_TEST

UNIT_MAIN("vnc layout", test_german, test_french, test_other_layouts)
