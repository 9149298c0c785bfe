/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SMBIOS tables, as a guest's dmidecode walks them. */
#include <stdlib.h>
#include <string.h>

#include "hw/smbios.h"
#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define GIB	   (UINT64_C(1) << 30)
#define MIB	   (UINT64_C(1) << 20)
#define TIB	   (UINT64_C(1) << 40)

#define STRUCTURES 1000

static struct harness h;
static struct fw_cfg *fw;

static const uint8_t uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
				 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
				 0xdd, 0xee, 0xff, 0x00};

static const struct smbios_fields none;

static const struct smbios_conf small = {
	.fields = &none,
	.below_4g = 512 * MIB,
	.sockets = 1,
	.cores = 2,
	.threads = 1,
	.cpuid_eax = 0x60fb1,
	.cpuid_edx = 0x78bfbfd,
};

struct smbios {
	uint8_t *anchor, *tables;
	size_t anchor_len, len, largest;
	const uint8_t *structure[STRUCTURES];
	unsigned n;
};

/* A handle stands for one structure. */
static void check_handle(const struct smbios *s)
{
	const uint8_t *last = s->structure[s->n - 1];
	unsigned i;

	for (i = 0; i + 1 < s->n; i++)
		ck_assert_uint_ne(load_le16(s->structure[i] + 2),
				  load_le16(last + 2));
}

/* Walks the structures as dmidecode does. */
static struct smbios build(const struct smbios_conf *conf)
{
	struct smbios s = {.n = 0};
	struct error err = {0};
	size_t off = 0, end;

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_msg(smbios_build(conf, fw, &err) == 0, "%s", err.msg);
	s.anchor = fw_load(&h, "etc/smbios/smbios-anchor", &s.anchor_len);
	s.tables = fw_load(&h, "etc/smbios/smbios-tables", &s.len);
	while (off < s.len) {
		ck_assert_uint_lt(s.n, STRUCTURES);
		s.structure[s.n++] = s.tables + off;
		check_handle(&s);
		ck_assert_uint_ge(s.tables[off + 1], 4);
		for (end = off + s.tables[off + 1];
		     s.tables[end] || s.tables[end + 1]; end++)
			ck_assert_uint_lt(end + 2, s.len);
		if (end + 2 - off > s.largest)
			s.largest = end + 2 - off;
		off = end + 2;
	}
	ck_assert_uint_eq(off, s.len);
	ck_assert_uint_eq(s.structure[s.n - 1][0], 127);
	return s;
}

static void done(struct smbios *s)
{
	free(s->anchor);
	free(s->tables);
	harness_fini(&h);
}

/* Number n of its type, from 0; NULL if there is none. */
static const uint8_t *find(const struct smbios *s, uint8_t type, unsigned n)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->structure[i][0] == type && n-- == 0)
			return s->structure[i];
	return NULL;
}

static const char *string(const uint8_t *structure, unsigned off)
{
	const char *text = (const char *)structure + structure[1];
	unsigned n = structure[off];

	ck_assert_uint_gt(n, 0);
	while (--n)
		text += strlen(text) + 1;
	return text;
}

START_TEST(identity)
{
	struct smbios_conf conf = small;
	struct smbios s;
	const uint8_t *t;

	memcpy(conf.uuid, uuid, sizeof(uuid));
	s = build(&conf);
	t = find(&s, 1, 0);
	ck_assert_str_eq(string(t, 4), "QEMU");
	ck_assert_str_eq(string(t, 5), "Standard PC (i440FX + PIIX, 1996)");
	ck_assert_str_eq(string(t, 6), "pc-i440fx-7.2");
	ck_assert_mem_eq(t + 8,
			 "\x44\x33\x22\x11\x66\x55\x88\x77"
			 "\x99\xaa\xbb\xcc\xdd\xee\xff\0",
			 16);
	t = find(&s, 3, 0);
	ck_assert_str_eq(string(t, 4), "QEMU");
	ck_assert_str_eq(string(t, 6), "pc-i440fx-7.2");
	done(&s);
}
END_TEST

START_TEST(entry_points)
{
	struct smbios_conf conf = small;
	struct smbios s = build(&conf);

	ck_assert_uint_eq(s.anchor_len, 31);
	ck_assert_mem_eq(s.anchor, "_SM_", 4);
	ck_assert_uint_eq(s.anchor[5], 31);
	ck_assert_mem_eq(s.anchor + 6, "\2\x08", 2);
	ck_assert_uint_eq(load_le16(s.anchor + 8), s.largest);
	ck_assert_mem_eq(s.anchor + 16, "_DMI_", 5);
	ck_assert_uint_eq(load_le16(s.anchor + 22), s.len);
	ck_assert_uint_eq(load_le16(s.anchor + 28), s.n);
	ck_assert_uint_eq(find(&s, 4, 0)[1], 0x2a);
	done(&s);
	conf.v3 = true;
	s = build(&conf);
	ck_assert_uint_eq(s.anchor_len, 24);
	ck_assert_mem_eq(s.anchor, "_SM3_", 5);
	ck_assert_uint_eq(s.anchor[6], 24);
	ck_assert_mem_eq(s.anchor + 7, "\3\0\0\1", 4);
	ck_assert_uint_eq(load_le32(s.anchor + 12), s.len);
	ck_assert_uint_eq(find(&s, 4, 0)[1], 0x30);
	done(&s);
}
END_TEST

START_TEST(processors)
{
	struct smbios_conf conf = small;
	struct smbios s;
	const uint8_t *t;

	conf.sockets = 2;
	conf.cores = conf.threads = 2;
	s = build(&conf);
	ck_assert_ptr_null(find(&s, 4, 2));
	t = find(&s, 4, 1);
	ck_assert_str_eq(string(t, 4), "CPU 1");
	ck_assert_uint_eq(load_le16(t + 2), 0x401);
	ck_assert_uint_eq(load_le32(t + 8), 0x60fb1);
	ck_assert_uint_eq(load_le32(t + 12), 0x78bfbfd);
	ck_assert_uint_eq(t[35], 2);
	ck_assert_uint_eq(t[37], 4);
	done(&s);
	conf.sockets = 1;
	conf.cores = 300;
	conf.threads = 1;
	conf.v3 = true;
	s = build(&conf);
	t = find(&s, 4, 0);
	ck_assert_uint_eq(t[35], 255);
	ck_assert_uint_eq(load_le16(t + 42), 300);
	done(&s);
}
END_TEST

START_TEST(memory)
{
	struct smbios_conf conf = small;
	struct smbios s = build(&conf);
	const uint8_t *t;

	ck_assert_uint_eq(load_le32(find(&s, 16, 0) + 7), 512 << 10);
	ck_assert_uint_eq(load_le16(find(&s, 17, 0) + 12), 512);
	t = find(&s, 19, 0);
	ck_assert_uint_eq(load_le32(t + 4), 0);
	ck_assert_uint_eq(load_le32(t + 8), (512 << 10) - 1);
	ck_assert_ptr_null(find(&s, 19, 1));
	done(&s);
	conf.below_4g = 3 * GIB;
	conf.above_4g = 17 * GIB;
	s = build(&conf);
	ck_assert_uint_eq(load_le16(find(&s, 16, 0) + 13), 2);
	ck_assert_uint_eq(load_le16(find(&s, 17, 0) + 12), 16384);
	ck_assert_uint_eq(load_le16(find(&s, 17, 1) + 12), 4096);
	ck_assert_str_eq(string(find(&s, 17, 1), 16), "DIMM 1");
	t = find(&s, 19, 1);
	ck_assert_uint_eq(load_le32(t + 4), 4u << 20);
	ck_assert_uint_eq(load_le32(t + 8), (21u << 20) - 1);
	done(&s);
	/* Too much for 32-bit fields. */
	conf.above_4g = 10 * TIB - 3 * GIB;
	s = build(&conf);
	t = find(&s, 16, 0);
	ck_assert_uint_eq(load_le32(t + 7), 0x80000000);
	ck_assert_uint_eq(load_le64(t + 15), 10 * TIB);
	t = find(&s, 17, 0);
	ck_assert_uint_eq(load_le16(t + 12), 0x7fff);
	ck_assert_uint_eq(load_le32(t + 28), 32768);
	ck_assert_ptr_null(find(&s, 17, 320));
	t = find(&s, 19, 1);
	ck_assert_uint_eq(load_le32(t + 4), UINT32_MAX);
	ck_assert_uint_eq(load_le64(t + 15), 4 * GIB);
	done(&s);
}
END_TEST

#define TEXT(s) ((char *)(s))

/* What is not given stays, what is given as nothing is left out. */
START_TEST(fields)
{
	struct smbios_fields f = {
		.system = {.manufacturer = TEXT("ACME"),
			   .product = TEXT(""),
			   .serial = TEXT("7"),
			   .family = TEXT("F")},
		.chassis = {.asset = TEXT("A")},
		.processor = {.socket = TEXT("S"),
			      .part = TEXT("P"),
			      .max_speed = 3000,
			      .id = UINT64_C(0x123456789abcdef0)},
		.memory = {.locator = TEXT("L"),
			   .bank = TEXT("B"),
			   .speed = 1333},
	};
	struct smbios_conf conf = small;
	struct smbios s;
	const uint8_t *t;

	conf.fields = &f;
	s = build(&conf);
	t = find(&s, 1, 0);
	ck_assert_str_eq(string(t, 4), "ACME");
	ck_assert_uint_eq(t[5], 0);
	ck_assert_str_eq(string(t, 6), "pc-i440fx-7.2");
	ck_assert_str_eq(string(t, 7), "7");
	ck_assert_uint_eq(t[25], 0);
	ck_assert_str_eq(string(t, 26), "F");
	t = find(&s, 3, 0);
	ck_assert_str_eq(string(t, 4), "QEMU");
	ck_assert_str_eq(string(t, 8), "A");
	t = find(&s, 4, 0);
	ck_assert_str_eq(string(t, 4), "S 0");
	ck_assert_uint_eq(load_le64(t + 8), UINT64_C(0x123456789abcdef0));
	ck_assert_uint_eq(load_le16(t + 20), 3000);
	ck_assert_uint_eq(load_le16(t + 22), 2000);
	ck_assert_str_eq(string(t, 34), "P");
	t = find(&s, 17, 0);
	ck_assert_str_eq(string(t, 16), "L 0");
	ck_assert_str_eq(string(t, 17), "B");
	ck_assert_uint_eq(load_le16(t + 21), 1333);
	ck_assert_uint_eq(load_le16(t + 32), 1333);
	ck_assert_ptr_null(find(&s, 0, 0));
	ck_assert_ptr_null(find(&s, 2, 0));
	done(&s);
}
END_TEST

/* Tables that are there when they are asked for. */
START_TEST(further_tables)
{
	static char *oem[] = {TEXT("one"), TEXT("two")};
	struct smbios_port_fields ports[2] = {
		{.external = TEXT("E"), .connector = 3, .kind = 16},
		{.internal = TEXT("I")},
	};
	struct smbios_fields f = {
		.bios = {.vendor = TEXT("V"),
			 .major = 4,
			 .minor = 5,
			 .uefi = true},
		.board = {.location = TEXT("L")},
		.given = {[SMBIOS_BIOS] = true, [SMBIOS_BOARD] = true},
		.ports = ports,
		.nports = 2,
		.oem_strings = {oem, 2},
	};
	struct smbios_conf conf = small;
	struct smbios s;
	const uint8_t *t;

	conf.fields = &f;
	s = build(&conf);
	t = find(&s, 0, 0);
	ck_assert_uint_eq(t[1], 24);
	ck_assert_str_eq(string(t, 4), "V");
	ck_assert_uint_eq(t[5], 0);
	ck_assert_uint_eq(t[19], 0x1c);
	ck_assert_mem_eq(t + 20, "\4\5\xff\xff", 4);
	t = find(&s, 2, 0);
	ck_assert_uint_eq(t[1], 15);
	ck_assert_str_eq(string(t, 4), "QEMU");
	ck_assert_str_eq(string(t, 10), "L");
	ck_assert_uint_eq(load_le16(t + 11), load_le16(find(&s, 3, 0) + 2));
	t = find(&s, 8, 0);
	ck_assert_mem_eq(t + 4,
			 "\0\0\1\3\x10"
			 "E",
			 6);
	ck_assert_str_eq(string(find(&s, 8, 1), 4), "I");
	t = find(&s, 11, 0);
	ck_assert_mem_eq(t + 4, "\2one\0two\0", 10);
	done(&s);
}
END_TEST

static int find_devfn(void *ctx, const char *id)
{
	return strcmp(id, ctx) ? -1 : 0x2a;
}

START_TEST(onboard)
{
	struct smbios_onboard_fields devices[2] = {
		{.designation = TEXT("D"),
		 .kind = 4,
		 .instance = 2,
		 .device = TEXT("net0")},
		{.instance = 1},
	};
	struct smbios_fields f = {.onboard = devices, .nonboard = 2};
	struct smbios_conf conf = small;
	struct error err = {0};
	struct smbios s;

	conf.fields = &f;
	conf.find_devfn = find_devfn;
	conf.ctx = TEXT("net0");
	s = build(&conf);
	ck_assert_mem_eq(find(&s, 41, 0) + 4,
			 "\1\x85\2\0\0\0\x2a"
			 "D",
			 9);
	ck_assert_mem_eq(find(&s, 41, 1) + 4, "\0\x81\1\0\0\0\0", 7);
	done(&s);
	conf.ctx = TEXT("net1");
	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_int_lt(smbios_build(&conf, fw, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "pcidev=net0"));
	harness_fini(&h);
}
END_TEST

/* They come first, as they are, in the place of the machine's own. */
START_TEST(files)
{
	static const char one[] = "\1\4\0\1ab\0\0\xc8\4\0\2\0";
	struct smbios_file file = {(uint8_t *)TEXT(one), sizeof(one)};
	struct smbios_fields f = {
		.files = &file,
		.nfiles = 1,
		.from_file = {[1] = true, [200] = true, [17] = true},
	};
	struct smbios_conf conf = small;
	struct smbios s;

	conf.fields = &f;
	s = build(&conf);
	ck_assert_mem_eq(s.tables, one, sizeof(one));
	ck_assert_ptr_null(find(&s, 1, 1));
	ck_assert_ptr_null(find(&s, 17, 0));
	ck_assert_ptr_nonnull(find(&s, 3, 0));
	ck_assert_uint_eq(load_le16(s.anchor + 28), s.n);
	ck_assert_uint_eq(load_le16(s.anchor + 8), s.largest);
	done(&s);
}
END_TEST

START_TEST(too_long)
{
	static char text[65536];
	struct smbios_fields f = {.system = {.serial = text}};
	struct smbios_conf conf = small;
	struct error err = {0};
	struct smbios s;

	memset(text, 'x', sizeof(text) - 1);
	conf.fields = &f;
	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_int_lt(smbios_build(&conf, fw, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "entry-point-type=64"));
	harness_fini(&h);
	conf.v3 = true;
	s = build(&conf);
	ck_assert_str_eq(string(find(&s, 1, 0), 7), text);
	done(&s);
}
END_TEST

HARNESS_MAIN("smbios", identity, entry_points, processors, memory, fields,
	     further_tables, onboard, files, too_long)
