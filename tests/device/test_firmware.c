/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware is told of the machine: keys and files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/firmware.h"
#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

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

HARNESS_MAIN("firmware", keys, memory_map, sleep_states, boot)
