/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed options: splitting, values of every type, suggestions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/opt.h"

struct conf {
	bool flag;
	int tri, kind, devfn;
	struct opt_bits bits;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64, size, mib;
	int64_t i64, near;
	char *text;
	uint8_t mac[6];
};

static const char *const kinds[] = {"apple", "pear", NULL};
static const char *const later[] = {"plum", NULL};

#define FIELD(f) .offset = offsetof(struct conf, f)

static const struct opt_desc desc[] = {
	{.name = "flag", .type = OPT_BOOL, FIELD(flag), .dflt = "on"},
	{.name = "tri", .type = OPT_ONOFFAUTO, FIELD(tri), .dflt = "auto"},
	{.name = "kind",
	 .type = OPT_ENUM,
	 FIELD(kind),
	 .choices = kinds,
	 .later = later,
	 .dflt = "pear"},
	{.name = "u8", .type = OPT_U8, FIELD(u8), .dflt = "0x10"},
	{.name = "u16", .type = OPT_U16, FIELD(u16), .min = 2, .max = 1000},
	{.name = "u32", .type = OPT_U32, FIELD(u32)},
	{.name = "u64", .type = OPT_U64, FIELD(u64)},
	{.name = "i64", .type = OPT_I64, FIELD(i64)},
	{.name = "near",
	 .type = OPT_I64,
	 FIELD(near),
	 .min = (uint64_t)-1,
	 .max = 10},
	{.name = "size", .type = OPT_SIZE, FIELD(size), .dflt = "4K"},
	{.name = "mib", .type = OPT_SIZE_MIB, FIELD(mib), .dflt = "4"},
	{.name = "text", .type = OPT_STRING, FIELD(text), .dflt = "hello"},
	{.name = "mac", .type = OPT_MAC, FIELD(mac)},
	{.name = "bits", .type = OPT_BITS, FIELD(bits), .max = 200},
	{.name = "devfn", .type = OPT_DEVFN, FIELD(devfn), .dflt = "-1"},
	{.name = "usb",
	 .type = OPT_BOOL,
	 .refused = OPT_LATER,
	 .accepts = "off auto"},
	{.type = OPT_END},
};

static struct error err;

static void split(const char *text, const char *implied, const char *expected)
{
	struct opt_list list;
	char got[400] = "";
	size_t i, at = 0;

	ck_assert_int_eq(opt_split(text, implied, &list, &err), 0);
	for (i = 0; i < list.n && at < sizeof(got); i++)
		at += (size_t)snprintf(got + at, sizeof(got) - at, "[%s%s%s]",
				       list.pair[i].key,
				       list.pair[i].bare ? "!" : "=",
				       list.pair[i].value);
	ck_assert_str_eq(got, expected);
	opt_list_free(&list);
	ck_assert_ptr_null(list.pair);
}

START_TEST(test_split)
{
	split("", "x", "");
	split("a=1,b=2", NULL, "[a=1][b=2]");
	split("first,b=2", "x", "[x=first][b=2]");
	split("x=first,b=2", "y", "[x=first][b=2]");
	split("a,,b,c=d,,e,f=,,", "x", "[x=a,b][c=d,e][f=,]");
	split("a=,,,b=1", NULL, "[a=,][b=1]");
	split("a=b=c", NULL, "[a=b=c]");
	split("server,nowait,x=no", NULL, "[server!on][wait!off][x=no]");
	split("no,node", NULL, "[no!on][de!off]");
	split("a=,b", NULL, "[a=][b!on]");
	split("a=1,", NULL, "[a=1]");
	split(",", NULL, "[!on]");
	split(",a=1", "x", "[x=][a=1]");
	split("=1", "x", "[=1]");
	/* Only the first value has the implied key. */
	split("a,b", "x", "[x=a][b!on]");
}
END_TEST

START_TEST(test_list_last_wins)
{
	struct opt_list list;

	ck_assert_int_eq(opt_split("a=1,b=2,a=3", NULL, &list, &err), 0);
	ck_assert_str_eq(opt_list_get(&list, "a"), "3");
	ck_assert_ptr_null(opt_list_get(&list, "c"));
	ck_assert_int_eq(opt_list_add(&list, "c", "4", &err), 0);
	ck_assert_str_eq(opt_list_get(&list, "c"), "4");
	opt_list_free(&list);
}
END_TEST

START_TEST(test_json)
{
	static const char *const bad[] = {
		"",
		"{",
		"[1]",
		"3",
		"{\"a\":{\"b\":{}}}",
		"{\"a\":{\"b\":null}}",
		"{\"a\":[1,true]}",
		"{\"a\":[[1]]}",
		"{\"a\":[\"1\"]}",
		"{\"a\":null}",
		"{\"a\":1.5}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":\"\\u0000\"}",
		"{} x",
		"{\"a\":99999999999999999999}",
		"{\"a\":\"\xff\"}",
	};
	struct opt_list list;
	size_t i;

	ck_assert_int_eq(opt_split_json("{\"driver\": \"x,y\", \"n\": -5, "
					"\"on\": true, \"off\": false, "
					"\"list\": [3, -1], \"none\": [], "
					"\"in\": {\"x\": 2}}",
					&list, &err),
			 0);
	ck_assert_uint_eq(list.n, 6);
	ck_assert_str_eq(opt_list_get(&list, "list"), "3,-1");
	ck_assert_str_eq(opt_list_get(&list, "in.x"), "2");
	ck_assert_ptr_null(opt_list_get(&list, "none"));
	ck_assert_str_eq(opt_list_get(&list, "driver"), "x,y");
	ck_assert_str_eq(opt_list_get(&list, "n"), "-5");
	ck_assert_str_eq(opt_list_get(&list, "on"), "on");
	ck_assert_str_eq(opt_list_get(&list, "off"), "off");
	opt_list_free(&list);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(opt_split_json(bad[i], &list, &err) == -EINVAL,
			      "%s", bad[i]);
		ck_assert_ptr_null(list.pair);
	}
}
END_TEST

START_TEST(test_defaults)
{
	struct conf c = {.u32 = 77};

	opt_defaults(desc, &c);
	ck_assert(c.flag);
	ck_assert_int_eq(c.tri, 2);
	ck_assert_int_eq(c.kind, 1);
	ck_assert_uint_eq(c.u8, 16);
	ck_assert_uint_eq(c.u32, 77);
	ck_assert_uint_eq(c.size, 4096);
	ck_assert_uint_eq(c.mib, 4 << 20);
	ck_assert_str_eq(c.text, "hello");
	ck_assert_int_eq(c.devfn, -1);
	opt_free(desc, &c);
	ck_assert_ptr_null(c.text);
}
END_TEST

static struct conf set(const char *key, const char *value)
{
	struct conf c = {0};

	ck_assert_msg(opt_set(desc, &c, key, value, &err) == 0, "%s=%s: %s",
		      key, value, err.msg);
	return c;
}

/* The value is refused, and the field is as it was. */
static void refuse(const char *key, const char *value)
{
	struct conf c, before;

	memset(&c, 0x5a, sizeof(c));
	before = c;
	err = (struct error){0};
	ck_assert_msg(opt_set(desc, &c, key, value, &err) < 0, "%s=%s", key,
		      value);
	ck_assert_msg(!memcmp(&c, &before, sizeof(c)), "%s=%s", key, value);
	ck_assert_msg(strstr(err.msg, key) != NULL, "%s", err.msg);
}

START_TEST(test_bool)
{
	static const char *const on[] = {"on", "yes", "true", "y"};
	static const char *const off[] = {"off", "no", "false", "n"};
	static const char *const bad[] = {"", "1", "On", "onn", "auto", " on"};
	size_t i;

	for (i = 0; i < 4; i++) {
		ck_assert(set("flag", on[i]).flag);
		ck_assert(!set("flag", off[i]).flag);
		ck_assert_int_eq(set("tri", on[i]).tri, 1);
		ck_assert_int_eq(set("tri", off[i]).tri, 0);
	}
	ck_assert_int_eq(set("tri", "auto").tri, 2);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse("flag", bad[i]);
	refuse("tri", "Auto");
}
END_TEST

START_TEST(test_integers)
{
	static const char *const bad[] = {"",	"-1", "+1",  " 1", "1 ", "1x",
					  "0x", "x",  "1.0", "1k", "08", "--1"};
	size_t i;

	ck_assert_uint_eq(set("u8", "255").u8, 255);
	ck_assert_uint_eq(set("u8", "0xfF").u8, 255);
	ck_assert_uint_eq(set("u8", "010").u8, 8);
	refuse("u8", "256");
	ck_assert_uint_eq(set("u16", "2").u16, 2);
	ck_assert_uint_eq(set("u16", "1000").u16, 1000);
	refuse("u16", "1");
	refuse("u16", "1001");
	ck_assert_uint_eq(set("u32", "4294967295").u32, UINT32_MAX);
	refuse("u32", "4294967296");
	ck_assert_uint_eq(set("u64", "18446744073709551615").u64, UINT64_MAX);
	refuse("u64", "18446744073709551616");
	refuse("u64", "99999999999999999999999");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		refuse("u8", bad[i]);
		refuse("u64", bad[i]);
	}
}
END_TEST

START_TEST(test_signed)
{
	ck_assert_int_eq(set("i64", "-5").i64, -5);
	ck_assert_int_eq(set("i64", "0x10").i64, 16);
	ck_assert_int_eq(set("i64", "-9223372036854775808").i64, INT64_MIN);
	ck_assert_int_eq(set("i64", "9223372036854775807").i64, INT64_MAX);
	refuse("i64", "9223372036854775808");
	refuse("i64", "-9223372036854775809");
	refuse("i64", "");
	refuse("i64", "-");
	refuse("i64", "--1");
	refuse("i64", "- 1");
	refuse("i64", "+1");
	refuse("i64", "1x");
	ck_assert_int_eq(set("near", "-1").near, -1);
	ck_assert_int_eq(set("near", "10").near, 10);
	refuse("near", "-2");
	refuse("near", "11");
}
END_TEST

START_TEST(test_sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"0", 0},
		{"512", 512},
		{"512b", 512},
		{"1k", 1024},
		{"1K", 1024},
		{"3M", 3u << 20},
		{"010", 10},
		{"0x10", 16},
		{"0X10", 16},
		{"0x10M", 16u << 20},
		{"1.5k", 1536},
		{"1.5G", UINT64_C(3) << 29},
		{"0.5T", UINT64_C(1) << 39},
		{"1.000000000000000000000000001K", 1024},
		{"1P", UINT64_C(1) << 50},
		{"15E", UINT64_C(15) << 60},
		{"15.5E", UINT64_C(31) << 59},
		{"18446744073709551615", UINT64_MAX},
	};
	static const char *const bad[] = {
		"",
		"K",
		"-1",
		"+1",
		" 1",
		"1 K",
		"1KB",
		"1KiB",
		"1x",
		"1.",
		".5G",
		"1.5",
		"1.5B",
		"1e3",
		"0x",
		"0x1.5K",
		"5%",
		"1,5G",
		"16E",
		"18446744073709551616",
		"99999999999999999999E",
		"1..5G",
		"1.5.5G",
		"1.-5G",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(set("size", good[i].text).size == good[i].bytes,
			      "%s", good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		refuse("size", bad[i]);
		refuse("mib", bad[i]);
	}
	/* Only a number without suffix counts in MiB. */
	ck_assert_uint_eq(set("mib", "3").mib, 3u << 20);
	ck_assert_uint_eq(set("mib", "3B").mib, 3);
	ck_assert_uint_eq(set("mib", "3G").mib, UINT64_C(3) << 30);
	refuse("mib", "17592186044416");
}
END_TEST

START_TEST(test_enum)
{
	ck_assert_int_eq(set("kind", "apple").kind, 0);
	ck_assert_int_eq(set("kind", "pear").kind, 1);
	refuse("kind", "");
	refuse("kind", "Apple");
	ck_assert_ptr_nonnull(strstr(err.msg, "apple, pear"));
	refuse("kind", "plum");
	ck_assert_int_eq(err.code, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.msg, OPT_LATER));
}
END_TEST

START_TEST(test_mac)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0xab, 0xCD, 0x0f};
	static const char *const bad[] = {
		"",
		"52:54:00:ab:cd",
		"52:54:00:ab:cd:0f:",
		"52:54:00:ab:cd:0f:00",
		"52:54:00:ab:cd:0g",
		"52:54::ab:cd:0f",
		"525400abcd0f",
		"52:54:00:ab:cd: f",
		"52:54:00:ab:cd:+f",
		":54:00:ab:cd:0f",
		"152:54:00:ab:cd:0f",
	};
	struct conf c = set("mac", "52:54:00:ab:CD:0f");
	size_t i;

	ck_assert_mem_eq(c.mac, mac, 6);
	c = set("mac", "52-54-0-ab-cd-f");
	ck_assert_mem_eq(c.mac, mac, 6);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse("mac", bad[i]);
}
END_TEST

START_TEST(test_bits)
{
	static const char *const bad[] = {
		"",
		"x",
		"-1",
		"1-",
		"3-1",
		"1,",
		",1",
		"1-2-3",
		"1 ",
		"1+2",
		"201",
		"0-201",
		"99999999999999999999",
		"0-99999999999999999999",
	};
	size_t i;

	ck_assert_uint_eq(set("bits", "3").bits.word[0], 8);
	ck_assert_uint_eq(set("bits", "0x3").bits.word[0], 8);
	ck_assert_uint_eq(set("bits", "0-2,5").bits.word[0], 0x27);
	ck_assert_uint_eq(set("bits", "63-64").bits.word[1], 1);
	ck_assert_uint_eq(set("bits", "200").bits.word[3], 1u << 8);
	ck_assert_uint_eq(set("bits", "0-200").bits.word[2], UINT64_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse("bits", bad[i]);
}
END_TEST

START_TEST(test_devfn)
{
	static const char *const bad[] = {"",	  "20", "3.8", "3.",  ".1",
					  "3.1.", "-2", "x",   "3,1", "003"};
	size_t i;

	ck_assert_int_eq(set("devfn", "-1").devfn, -1);
	ck_assert_int_eq(set("devfn", "3").devfn, 3 << 3);
	ck_assert_int_eq(set("devfn", "0x3").devfn, 3 << 3);
	ck_assert_int_eq(set("devfn", "1f.7").devfn, 255);
	ck_assert_int_eq(set("devfn", "1F.0").devfn, 31 << 3);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse("devfn", bad[i]);
}
END_TEST

START_TEST(test_uuid)
{
	static const uint8_t expected[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
					     0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
					     0xcc, 0xdd, 0xee, 0xff};
	static const char *const bad[] = {
		"",
		"1234",
		"00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeefff",
		"00112233-4455-6677-8899-aabbccddeefg",
		"00112233+4455-6677-8899-aabbccddeeff",
		"0011223 -4455-6677-8899-aabbccddeeff",
		"-0112233-4455-6677-8899-aabbccddeeff",
		"+0112233-4455-6677-8899-aabbccddeeff",
		"0x112233-4455-6677-8899-aabbccddeeff",
	};
	uint8_t uuid[16], before[16];
	size_t i;

	ck_assert_int_eq(opt_parse_uuid("00112233-4455-6677-8899-AABBccddeeff",
					uuid, &err),
			 0);
	ck_assert_mem_eq(uuid, expected, 16);
	memcpy(before, uuid, 16);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(opt_parse_uuid(bad[i], uuid, &err) == -EINVAL,
			      "%s", bad[i]);
		ck_assert_mem_eq(uuid, before, 16);
	}
}
END_TEST

START_TEST(test_strings_are_owned)
{
	struct conf c = {0};

	ck_assert_int_eq(opt_set_text(desc, &c, "text=a,,b,text=c", NULL, &err),
			 0);
	ck_assert_str_eq(c.text, "c");
	ck_assert_int_eq(opt_set(desc, &c, "text", "", &err), 0);
	ck_assert_str_eq(c.text, "");
	opt_free(desc, &c);
}
END_TEST

START_TEST(test_unknown_key)
{
	static const char *const cases[][2] = {
		{"flga", "did you mean 'flag'?"},
		{"FLAG", "did you mean 'flag'?"},
		{"sise", "did you mean 'size'?"},
		{"somethingelse", "unknown parameter 'somethingelse'"},
		{"", "unknown parameter ''"},
	};
	struct conf c = {0};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(opt_set(desc, &c, cases[i][0], "1", &err),
				 -EINVAL);
		ck_assert_msg(strstr(err.msg, cases[i][1]) != NULL, "%s",
			      err.msg);
	}
	ck_assert_ptr_null(strstr(err.msg, "mean"));
	/* Nothing after an error is set. */
	ck_assert_int_lt(opt_set_text(desc, &c, "u8=1,x=2,u8=3", NULL, &err),
			 0);
	ck_assert_uint_eq(c.u8, 1);
}
END_TEST

START_TEST(test_refused_key)
{
	struct conf c = {0};

	ck_assert_int_eq(opt_set(desc, &c, "usb", "on", &err), -ENOTSUP);
	ck_assert_str_eq(err.msg, "usb=on: " OPT_LATER);
	ck_assert_int_eq(opt_set(desc, &c, "usb", "", &err), -ENOTSUP);
	/* What asks for nothing is no error. */
	ck_assert_int_eq(opt_set(desc, &c, "usb", "off", &err), 0);
	ck_assert_int_eq(opt_set(desc, &c, "usb", "no", &err), 0);
	ck_assert_int_eq(opt_set(desc, &c, "usb", "auto", &err), 0);
	ck_assert_int_eq(opt_set(desc, &c, "usb", "auto off", &err), -ENOTSUP);
}
END_TEST

START_TEST(test_nearest)
{
	static const char *const names[] = {"cdrom", "cpu", "m",
					    NULL,    "hda", "nographic"};
	static const char *const cases[][2] = {
		{"cdorm", "cdrom"},
		{"cdrom2", "cdrom"},
		{"dcrom", "cdrom"},
		{"CPU", "cpu"},
		{"hdaa", "hda"},
		{"nographics", "nographic"},
		{"no-graphic", "nographic"},
	};
	static const char *const none[] = {"", "x", "zz", "floppy",
					   /* longer than any name */
					   ("abcdefghijklmnopqrstuvwxyzabcdefgh"
					    "ijklmnopqrstuvwxyz")};
	const size_t n = sizeof(names) / sizeof(*names);
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		got = opt_nearest(cases[i][0], names, n, sizeof(*names));
		ck_assert_msg(got && !strcmp(got, cases[i][1]), "%s: %s",
			      cases[i][0], got ? got : "none");
	}
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		ck_assert_ptr_null(
			opt_nearest(none[i], names, n, sizeof(*names)));
}
END_TEST

START_TEST(test_ids)
{
	static const char *const good[] = {"a", "A1", "disk-0_x.y"};
	static const char *const bad[] = {"",	 "1a",	"-a",  ".a",	  "a b",
					  "a/b", "a,b", "a=b", "\xc3\xa4"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_int_eq(opt_check_id(good[i], &err), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(opt_check_id(bad[i], &err) == -EINVAL, "%s",
			      bad[i]);
}
END_TEST

UNIT_MAIN("opt", test_split, test_list_last_wins, test_json, test_defaults,
	  test_bool, test_integers, test_signed, test_sizes, test_enum,
	  test_mac, test_bits, test_devfn, test_uuid, test_strings_are_owned,
	  test_unknown_key, test_refused_key, test_nearest, test_ids)
