/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables as a guest finds them, after the firmware linked them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/device/acpi_confs.h"
#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define HEADER	    36
#define RSDP_LEN    36
#define RSDP_V1	    20
#define TABLES_MAX  8
#define TABLE_BYTES (64u << 10)

/* Offsets in the FADT (ACPI 5.2.9). */
#define FADT_FACS     36
#define FADT_DSDT     40
#define FADT_SCI      46
#define FADT_SMI_CMD  48
#define FADT_ENABLE   52
#define FADT_PM1_EVT  56
#define FADT_PM1_CNT  64
#define FADT_TIMER    76
#define FADT_GPE0     80
#define FADT_GPE0_LEN 92
#define FADT_BOOT     109
#define FADT_FLAGS    112
#define FADT_RESET    116
#define FADT_X_DSDT   140
#define FADT_X_PM1    148
#define FADT_LEN_3    244
#define GAS_ADDRESS   4

struct table {
	uint64_t addr;
	uint32_t len;
	uint8_t bytes[TABLE_BYTES];
};

static struct harness h;
static struct fw_cfg *fw;
static struct table table[TABLES_MAX], dsdt;
static unsigned ntables;

static uint64_t guest(uint64_t addr, unsigned size)
{
	uint8_t raw[8] = {0};

	ck_assert(gmem_read(&h.m.gmem, addr, raw, size));
	return load_le64(raw);
}

static void check_sum(uint64_t addr, uint32_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += guest(addr++, 1);
	ck_assert_uint_eq(sum, 0);
}

static void read_table(struct table *t, uint64_t addr)
{
	t->addr = addr;
	t->len = guest(addr + 4, 4);
	ck_assert_uint_ge(t->len, HEADER);
	ck_assert_uint_le(t->len, sizeof(t->bytes));
	ck_assert(gmem_read(&h.m.gmem, addr, t->bytes, t->len));
	check_sum(addr, t->len);
}

static const struct table *find(const char *signature)
{
	unsigned i;

	for (i = 0; i < ntables; i++)
		if (!memcmp(table[i].bytes, signature, 4))
			return &table[i];
	return NULL;
}

/* Both roots lead to the same tables. */
static void read_roots(uint64_t rsdt, uint64_t xsdt)
{
	unsigned i;

	ck_assert_uint_eq(guest(rsdt, 4), load_le32("RSDT"));
	ck_assert_uint_eq(guest(xsdt, 4), load_le32("XSDT"));
	check_sum(rsdt, guest(rsdt + 4, 4));
	check_sum(xsdt, guest(xsdt + 4, 4));
	ntables = (guest(rsdt + 4, 4) - HEADER) / 4;
	ck_assert_uint_le(ntables, TABLES_MAX);
	ck_assert_uint_eq(guest(xsdt + 4, 4), HEADER + 8 * ntables);
	for (i = 0; i < ntables; i++) {
		read_table(&table[i], guest(rsdt + HEADER + 4 * i, 4));
		ck_assert_uint_eq(guest(xsdt + HEADER + 8 * i, 8),
				  table[i].addr);
	}
}

/* Runs the loader and follows every pointer there is. */
static void load(void)
{
	uint64_t rsdp = fw_run_loader(&h, "etc/acpi/rsdp"), facs;
	const struct table *fadt;

	ck_assert_uint_eq(rsdp % 16, 0);
	ck_assert_uint_eq(guest(rsdp, 8), load_le64("RSD PTR "));
	check_sum(rsdp, RSDP_V1);
	check_sum(rsdp, RSDP_LEN);
	ck_assert_uint_eq(guest(rsdp + 15, 1), 2);
	read_roots(guest(rsdp + 16, 4), guest(rsdp + 24, 8));
	fadt = find("FACP");
	ck_assert_ptr_nonnull(fadt);
	facs = load_le32(fadt->bytes + FADT_FACS);
	ck_assert_uint_eq(facs % 64, 0);
	ck_assert_uint_eq(guest(facs, 4), load_le32("FACS"));
	ck_assert_uint_eq(guest(facs + 4, 4), 64);
	read_table(&dsdt, load_le32(fadt->bytes + FADT_DSDT));
	ck_assert_mem_eq(dsdt.bytes, "DSDT", 4);
	ck_assert_uint_eq(load_le64(fadt->bytes + FADT_X_DSDT), dsdt.addr);
}

static void start(const struct acpi_conf *conf)
{
	struct error err = {0};

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_msg(acpi_build(conf, fw, &err) == 0, "%s", err.msg);
	load();
}

static bool dsdt_has(const void *bytes, size_t len)
{
	return memmem(dsdt.bytes, dsdt.len, bytes, len) != NULL;
}

START_TEST(every_configuration_links)
{
	unsigned i;

	for (i = 0; i < acpi_test_nconfs; i++) {
		start(&acpi_test_confs[i].conf);
		ck_assert_ptr_nonnull(find("APIC"));
		ck_assert_ptr_nonnull(find("WAET"));
		ck_assert_int_eq(find("HPET") != NULL,
				 acpi_test_confs[i].conf.hpet);
		ck_assert_int_eq(find("SRAT") != NULL,
				 acpi_test_confs[i].conf.numa != NULL);
		harness_fini(&h);
	}
}
END_TEST

START_TEST(fadt_has_the_piix4)
{
	const uint8_t *f;

	start(acpi_test_conf("usual"));
	f = find("FACP")->bytes;
	ck_assert_uint_eq(f[8], 3);
	ck_assert_uint_eq(find("FACP")->len, FADT_LEN_3);
	ck_assert_uint_eq(load_le16(f + FADT_SCI), 9);
	ck_assert_uint_eq(load_le32(f + FADT_SMI_CMD), 0xb2);
	ck_assert_uint_eq(f[FADT_ENABLE], 0xf1);
	ck_assert_uint_eq(f[FADT_ENABLE + 1], 0xf0);
	ck_assert_uint_eq(load_le32(f + FADT_PM1_EVT), 0x600);
	ck_assert_uint_eq(load_le32(f + FADT_PM1_CNT), 0x604);
	ck_assert_uint_eq(load_le32(f + FADT_TIMER), 0x608);
	ck_assert_uint_eq(load_le32(f + FADT_GPE0), 0xafe0);
	ck_assert_uint_eq(f[FADT_GPE0_LEN], 4);
	ck_assert_uint_eq(load_le64(f + FADT_X_PM1 + GAS_ADDRESS), 0x600);
	ck_assert_uint_eq(load_le64(f + FADT_RESET + GAS_ADDRESS), 0xcf9);
	/* Legacy devices and an 8042; fixed power button, no sleep button. */
	ck_assert_uint_eq(load_le16(f + FADT_BOOT), 3);
	ck_assert_uint_eq(load_le32(f + FADT_FLAGS), 0x84a5);
	harness_fini(&h);
	start(acpi_test_conf("bare"));
	ck_assert_uint_eq(load_le16(find("FACP")->bytes + FADT_BOOT), 1);
	harness_fini(&h);
	/* Many processors need the cluster model. */
	start(acpi_test_conf("full"));
	ck_assert_uint_eq(load_le32(find("FACP")->bytes + FADT_FLAGS), 0x484a5);
	harness_fini(&h);
}
END_TEST

struct madt {
	unsigned lapics, x2apics, enabled, ioapics, overrides, nmis;
	uint32_t last_id;
};

static struct madt read_madt(void)
{
	const struct table *t = find("APIC");
	struct madt m = {0};
	uint32_t off = HEADER + 8;

	ck_assert_uint_eq(load_le32(t->bytes + HEADER), 0xfee00000);
	while (off < t->len) {
		const uint8_t *e = t->bytes + off;

		ck_assert_uint_ge(e[1], 6);
		switch (e[0]) {
		case 0:
			ck_assert_uint_eq(e[1], 8);
			m.lapics++;
			m.last_id = e[3];
			m.enabled += load_le32(e + 4);
			break;
		case 1:
			ck_assert_uint_eq(load_le32(e + 4), 0xfec00000);
			m.ioapics++;
			break;
		case 2:
			m.overrides++;
			break;
		case 9:
			ck_assert_uint_eq(e[1], 16);
			m.x2apics++;
			m.last_id = load_le32(e + 4);
			m.enabled += load_le32(e + 8);
			break;
		default:
			ck_assert(e[0] == 4 || e[0] == 10);
			m.nmis++;
		}
		off += e[1];
	}
	ck_assert_uint_eq(off, t->len);
	return m;
}

START_TEST(madt_has_the_processors)
{
	struct madt m;

	start(acpi_test_conf("full"));
	m = read_madt();
	ck_assert_uint_eq(m.lapics, 255);
	ck_assert_uint_eq(m.enabled, 100);
	ck_assert_uint_eq(m.last_id, 254);
	ck_assert_uint_eq(m.ioapics, 1);
	ck_assert_uint_eq(m.overrides, 5);
	ck_assert_uint_eq(m.nmis, 1);
	harness_fini(&h);
	start(acpi_test_conf("x2apic"));
	m = read_madt();
	ck_assert_uint_eq(m.lapics, 5);
	ck_assert_uint_eq(m.x2apics, 3);
	ck_assert_uint_eq(m.last_id, 1000);
	ck_assert_uint_eq(m.enabled, 7);
	ck_assert_uint_eq(m.nmis, 2);
	harness_fini(&h);
}
END_TEST

/* Interrupt source overrides, as bus, irq, gsi and flags. */
START_TEST(madt_overrides)
{
	static const uint8_t want[5][10] = {
		{2, 10, 0, 0, 2, 0, 0, 0, 0, 0},
		{2, 10, 0, 5, 5, 0, 0, 0, 13, 0},
		{2, 10, 0, 9, 9, 0, 0, 0, 13, 0},
		{2, 10, 0, 10, 10, 0, 0, 0, 13, 0},
		{2, 10, 0, 11, 11, 0, 0, 0, 13, 0},
	};
	const struct table *t;

	start(acpi_test_conf("usual"));
	t = find("APIC");
	ck_assert_ptr_nonnull(memmem(t->bytes, t->len, want, sizeof(want)));
	harness_fini(&h);
}
END_TEST

START_TEST(dsdt_has_what_there_is)
{
	start(acpi_test_conf("usual"));
	ck_assert(dsdt_has("_S3_", 4) && dsdt_has("_S4_", 4));
	ck_assert(dsdt_has("COM1", 4) && !dsdt_has("COM2", 4));
	ck_assert(dsdt_has("FDC0", 4) && dsdt_has("FLPA", 4));
	ck_assert(!dsdt_has("FLPB", 4) && dsdt_has("KBD_", 4));
	ck_assert(dsdt_has("HPET", 4) && dsdt_has("QEMU0002", 8));
	ck_assert(dsdt_has("C001", 4) && !dsdt_has("C002", 4));
	ck_assert(dsdt_has("SL03", 4) && !dsdt_has("SL02", 4));
	ck_assert(dsdt_has("SL1F", 4) && !dsdt_has("QEMU0001", 8));
	harness_fini(&h);
	start(acpi_test_conf("bare"));
	ck_assert(!dsdt_has("_S3_", 4) && !dsdt_has("_S4_", 4));
	ck_assert(dsdt_has("_S5_", 4));
	ck_assert(!dsdt_has("COM1", 4) && !dsdt_has("FDC0", 4));
	ck_assert(!dsdt_has("KBD_", 4) && !dsdt_has("HPET", 4));
	ck_assert(!dsdt_has("SL03", 4) && !dsdt_has("QEMU0002", 8));
	ck_assert(!dsdt_has("HPIO", 4) && !dsdt_has("_E01", 4));
	harness_fini(&h);
}
END_TEST

START_TEST(oem_ids)
{
	start(acpi_test_conf("usual"));
	ck_assert_mem_eq(dsdt.bytes + 10, "BOCHS BXPC    ", 14);
	harness_fini(&h);
	start(acpi_test_conf("bare"));
	ck_assert_mem_eq(dsdt.bytes + 10, "ACME  ROADRUN ", 14);
	harness_fini(&h);
}
END_TEST

struct moved {
	uint16_t pm_base;
	uint32_t hole_first;
	uint64_t hole64_first;
	unsigned calls;
};

static void refresh(void *ctx, struct acpi_conf *conf)
{
	struct moved *moved = ctx;

	conf->pm_base = moved->pm_base;
	conf->hole_first = moved->hole_first;
	conf->hole64_first = moved->hole64_first;
	moved->calls++;
}

/* The firmware sets up the chipset before it reads the tables. */
START_TEST(tables_follow_the_chipset)
{
	static const uint8_t zero[4] = {0};
	struct moved moved = {0xb000, 0x80000000, 0x140000000, 0};
	struct acpi_conf conf = *acpi_test_conf("usual");
	uint8_t hole[8];

	conf.refresh = refresh;
	conf.ctx = &moved;
	conf.pm_base = 0;
	start(&conf);
	ck_assert_uint_ge(moved.calls, 1);
	ck_assert_uint_eq(load_le32(find("FACP")->bytes + FADT_TIMER), 0xb008);
	store_le32(hole, moved.hole_first);
	store_le32(hole + 4, conf.hole_last);
	ck_assert(dsdt_has(hole, sizeof(hole)));
	/* After a reset the firmware may do otherwise. */
	moved.pm_base = 0x600;
	load();
	ck_assert_uint_eq(load_le32(find("FACP")->bytes + FADT_TIMER), 0x608);
	ck_assert(dsdt_has(zero, sizeof(zero)));
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("acpi", every_configuration_links, fadt_has_the_piix4,
	     madt_has_the_processors, madt_overrides, dsdt_has_what_there_is,
	     oem_ids, tables_follow_the_chipset)
