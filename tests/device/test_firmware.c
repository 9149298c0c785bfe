/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware is told of the machine: keys, files, and SMBIOS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/firmware.h"
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

static const struct e820_range ranges[] = {
	{0xfeffc000, 0x4000, E820_RESERVED},
	{0, 0xc0000000, E820_RAM},
	{4 * GIB, 3 * GIB, E820_RAM},
};

static struct firmware_conf usual(void)
{
	struct firmware_conf conf = {
		.ram_size = 6 * GIB,
		.e820 = ranges,
		.ne820 = 3,
		.ncpus = 2,
		.apic_id_limit = 4,
		.hpet = true,
		.s3 = true,
		.s4 = true,
		.boot_menu_wait = FIRMWARE_NO_TIMEOUT,
		.boot_fail_wait = FIRMWARE_NO_TIMEOUT,
	};

	memcpy(conf.uuid, uuid, sizeof(uuid));
	return conf;
}

static void start(const struct firmware_conf *conf)
{
	struct error err = {0};

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_msg(firmware_build(conf, fw, &err) == 0, "%s", err.msg);
}

static void check_key(uint16_t key, const void *want, size_t len)
{
	uint8_t got[64] = {0};

	fw_select(&h, key);
	fw_read(&h, got, len);
	ck_assert_msg(memcmp(got, want, len) == 0, "key %#x differs", key);
}

static void check_file(const char *name, const void *want, size_t len)
{
	size_t got_len;
	uint8_t *got = fw_load(&h, name, &got_len);

	ck_assert_msg(got_len == len && !memcmp(got, want, len), "%s differs",
		      name);
	free(got);
}

START_TEST(keys)
{
	struct firmware_conf conf = usual();

	start(&conf);
	check_key(FW_CFG_UUID, uuid, sizeof(uuid));
	check_key(FW_CFG_RAM_SIZE, "\0\0\0\x80\1\0\0\0", 8);
	check_key(FW_CFG_NOGRAPHIC, "\0\0", 2);
	check_key(FW_CFG_NB_CPUS, "\2\0", 2);
	check_key(FW_CFG_MAX_CPUS, "\4\0", 2);
	check_key(FW_CFG_BOOT_MENU, "\0\0", 2);
	check_key(FW_CFG_IRQ0_OVERRIDE, "\1\0\0\0", 4);
	check_key(FW_CFG_HPET, "\1\1\xa2\x86\x80\0\0\xd0\xfe\0\0\0\0\0\0\0\0\0",
		  17);
	harness_fini(&h);
	conf.nographic = conf.boot_menu = true;
	conf.hpet = false;
	start(&conf);
	check_key(FW_CFG_NOGRAPHIC, "\1\0", 2);
	check_key(FW_CFG_BOOT_MENU, "\1\0", 2);
	check_key(FW_CFG_HPET, "\0", 1);
	harness_fini(&h);
}
END_TEST

START_TEST(memory_map)
{
	struct firmware_conf conf = usual();

	start(&conf);
	check_file("etc/e820",
		   "\0\xc0\xff\xfe\0\0\0\0\0\x40\0\0\0\0\0\0\2\0\0\0"
		   "\0\0\0\0\0\0\0\0\0\0\0\xc0\0\0\0\0\1\0\0\0"
		   "\0\0\0\0\1\0\0\0\0\0\0\xc0\0\0\0\0\1\0\0\0",
		   60);
	harness_fini(&h);
}
END_TEST

START_TEST(sleep_states)
{
	struct firmware_conf conf = usual();

	start(&conf);
	check_file("etc/system-states", "\x80\0\0\x81\x82\x80", 6);
	harness_fini(&h);
	conf.s3 = conf.s4 = false;
	start(&conf);
	check_file("etc/system-states", "\x80\0\0\1\2\x80", 6);
	harness_fini(&h);
}
END_TEST

START_TEST(boot)
{
	static const char order[] = "/pci@i0cf8/ide@1,1/drive@0/disk@0\nHALT";
	struct firmware_conf conf = usual();
	struct fw_file file;

	start(&conf);
	check_file("bootorder", "", 0);
	check_file("etc/boot-fail-wait", "\xff\xff\xff\xff", 4);
	ck_assert(!fw_find(&h, "etc/boot-menu-wait", &file));
	harness_fini(&h);
	conf.bootorder = order;
	conf.boot_menu_wait = 5;
	conf.boot_fail_wait = 4000;
	start(&conf);
	/* With its zero: SeaBIOS wants a string. */
	check_file("bootorder", order, sizeof(order));
	check_file("etc/boot-fail-wait", "\xa0\x0f\0\0", 4);
	check_file("etc/boot-menu-wait", "\5\0", 2);
	harness_fini(&h);
}
END_TEST

static const struct smbios_conf small = {
	.below_4g = 512 * MIB,
	.ncpus = 2,
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

START_TEST(smbios_identity)
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
	conf.manufacturer = "ACME";
	conf.product = "";
	conf.version = "9";
	s = build(&conf);
	t = find(&s, 1, 0);
	ck_assert_str_eq(string(t, 4), "ACME");
	ck_assert_str_eq(string(t, 5), "Standard PC (i440FX + PIIX, 1996)");
	ck_assert_str_eq(string(t, 6), "9");
	done(&s);
}
END_TEST

START_TEST(smbios_entry_points)
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

START_TEST(smbios_processors)
{
	struct smbios_conf conf = small;
	struct smbios s;
	const uint8_t *t;

	conf.ncpus = 5;
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
	conf.ncpus = conf.cores = 300;
	conf.threads = 1;
	conf.v3 = true;
	s = build(&conf);
	t = find(&s, 4, 0);
	ck_assert_uint_eq(t[35], 255);
	ck_assert_uint_eq(load_le16(t + 42), 300);
	done(&s);
}
END_TEST

START_TEST(smbios_memory)
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

HARNESS_MAIN("firmware", keys, memory_map, sleep_states, boot, smbios_identity,
	     smbios_entry_points, smbios_processors, smbios_memory)
