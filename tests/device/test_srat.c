/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NUMA nodes in the ACPI tables and in fw_cfg, field by field. */
#include <string.h>

#include "hw/firmware.h"
#include "tests/device/acpi_confs.h"
#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define HEADER	     36
#define RSDP_XSDT    24
#define FADT_DSDT    40
#define SRAT_ENTRIES (HEADER + 12)
#define SLIT_ENTRIES (HEADER + 8)
#define LAPIC_LEN    16
#define MEMORY_LEN   40
#define X2APIC_LEN   24
#define TABLE_BYTES  (64u << 10)
#define VIDEO	     0xa0000
#define EXTENDED     0x100000
#define FOUR_GIB     UINT64_C(0x100000000)
#define GIB	     UINT64_C(0x40000000)

static struct harness h;
static struct fw_cfg *fw;
static uint8_t table[TABLE_BYTES];
static uint32_t len;

static uint64_t guest(uint64_t addr, unsigned size)
{
	uint8_t raw[8] = {0};

	ck_assert(gmem_read(&h.m.gmem, addr, raw, size));
	return load_le64(raw);
}

static void read_table(uint64_t addr)
{
	len = guest(addr + 4, 4);
	ck_assert_uint_le(len, sizeof(table));
	ck_assert(gmem_read(&h.m.gmem, addr, table, len));
}

/* Puts the table with this signature into table, if there is one. */
static bool find(const char *signature)
{
	uint64_t xsdt =
		guest(fw_run_loader(&h, "etc/acpi/rsdp") + RSDP_XSDT, 8);
	uint64_t i, addr;

	for (i = HEADER; i < guest(xsdt + 4, 4); i += 8) {
		addr = guest(xsdt + i, 8);
		if (guest(addr, 4) == load_le32(signature)) {
			read_table(addr);
			return true;
		}
	}
	return false;
}

static void start(const char *name)
{
	struct error err = {0};

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_msg(!acpi_build(acpi_test_conf(name), fw, &err), "%s",
		      err.msg);
}

static void check_lapic(const uint8_t *e, uint32_t node, uint32_t id)
{
	ck_assert_uint_eq(e[0], 0);
	ck_assert_uint_eq(e[1], LAPIC_LEN);
	ck_assert_uint_eq(e[2], node);
	ck_assert_uint_eq(e[3], id);
	ck_assert_uint_eq(load_le32(e + 4), 1);
	ck_assert_uint_eq(load_le64(e + 8), 0);
}

static void check_x2apic(const uint8_t *e, uint32_t node, uint32_t id)
{
	ck_assert_uint_eq(e[0], 2);
	ck_assert_uint_eq(e[1], X2APIC_LEN);
	ck_assert_uint_eq(load_le32(e + 4), node);
	ck_assert_uint_eq(load_le32(e + 8), id);
	ck_assert_uint_eq(load_le32(e + 12), 1);
	ck_assert_uint_eq(load_le64(e + 16), 0);
}

static void check_memory(const uint8_t *e, uint32_t node, uint64_t base,
			 uint64_t size)
{
	ck_assert_uint_eq(e[0], 1);
	ck_assert_uint_eq(e[1], MEMORY_LEN);
	ck_assert_uint_eq(load_le32(e + 2), node);
	ck_assert_uint_eq(load_le64(e + 8), base);
	ck_assert_uint_eq(load_le64(e + 16), size);
	ck_assert_uint_eq(load_le32(e + 28), size ? 1 : 0);
}

START_TEST(srat_has_processors_and_memory)
{
	static const uint8_t node[] = {0, 0, 1, 1, 2, 2, 2, 1};
	static const uint32_t id[] = {0, 1, 4, 5, 254, 255, 256, 1000};
	const uint8_t *e = table + SRAT_ENTRIES;
	unsigned i;

	start("nodes");
	ck_assert(find("SRAT"));
	ck_assert_uint_eq(table[8], 1);
	ck_assert_uint_eq(load_le32(table + HEADER), 1);
	/* The processor that is not there yet has its entry, too. */
	for (i = 0; i < 5; i++, e += LAPIC_LEN)
		check_lapic(e, node[i], id[i]);
	for (; i < 8; i++, e += X2APIC_LEN)
		check_x2apic(e, node[i], id[i]);
	check_memory(e, 0, 0, VIDEO);
	e += MEMORY_LEN;
	check_memory(e, 0, EXTENDED, 2 * GIB - EXTENDED);
	e += MEMORY_LEN;
	check_memory(e, 2, 2 * GIB, GIB);
	e += MEMORY_LEN;
	check_memory(e, 2, FOUR_GIB, 2 * GIB);
	e += MEMORY_LEN;
	check_memory(e, 0, 0, 0);
	ck_assert_ptr_eq(e + MEMORY_LEN, table + len);
	harness_fini(&h);
}
END_TEST

START_TEST(slit_has_the_distances)
{
	static const uint8_t want[] = {10, 20, 40, 21, 10, 255, 40, 30, 10};

	start("nodes");
	ck_assert(find("SLIT"));
	ck_assert_uint_eq(load_le64(table + HEADER), 3);
	ck_assert_uint_eq(len, SLIT_ENTRIES + sizeof(want));
	ck_assert_mem_eq(table + SLIT_ENTRIES, want, sizeof(want));
	harness_fini(&h);
}
END_TEST

START_TEST(without_distances_there_is_no_slit)
{
	const uint8_t *e = table + SRAT_ENTRIES + 2 * LAPIC_LEN;

	start("one node");
	ck_assert(!find("SLIT"));
	ck_assert(find("SRAT"));
	check_memory(e, 0, 0, VIDEO);
	check_memory(e + MEMORY_LEN, 0, EXTENDED, 0x20000000 - EXTENDED);
	check_memory(e + 2 * MEMORY_LEN, 0, 0, 0);
	ck_assert_uint_eq(len, SRAT_ENTRIES + 2 * LAPIC_LEN + 3 * MEMORY_LEN);
	harness_fini(&h);
}
END_TEST

START_TEST(without_nodes_there_is_nothing)
{
	start("usual");
	ck_assert(!find("SRAT") && !find("SLIT"));
	ck_assert(find("FACP"));
	read_table(load_le32(table + FADT_DSDT));
	ck_assert_ptr_null(memmem(table, len, "_PXM", 4));
	harness_fini(&h);
}
END_TEST

/* Each processor that may be plugged in says its node by _PXM. */
START_TEST(processors_have_proximities)
{
	const uint8_t *at = table;
	unsigned n = 0;

	start("nodes");
	ck_assert(find("FACP"));
	read_table(load_le32(table + FADT_DSDT));
	while ((at = memmem(at, len - (at - table), "_PXM", 4)) != NULL) {
		at += 4;
		n++;
	}
	ck_assert_uint_eq(n, 8);
	harness_fini(&h);
}
END_TEST

START_TEST(fw_cfg_has_the_nodes)
{
	static const uint32_t ids[] = {0, 2, 3};
	const struct numa_conf numa = {
		.n = 2,
		.node = {{.mem = GIB}, {.mem = 3 * GIB}},
		.cpu = {1, 0, 1},
	};
	const struct firmware_conf conf = {
		.ncpus = 2,
		.apic_id_limit = 4,
		.apic_ids = ids,
		.max_cpus = 3,
		.numa = &numa,
	};
	static const uint64_t want[] = {2, 1, 0, 0, 1, GIB, 3 * GIB};
	struct error err = {0};
	uint8_t raw[sizeof(want)];
	unsigned i;

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert_msg(!firmware_build(&conf, fw, &err), "%s", err.msg);
	fw_select(&h, FW_CFG_NUMA);
	fw_read(&h, raw, sizeof(raw));
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		ck_assert_uint_eq(load_le64(raw + 8 * i), want[i]);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("srat", srat_has_processors_and_memory, slit_has_the_distances,
	     without_distances_there_is_no_slit, without_nodes_there_is_nothing,
	     processors_have_proximities, fw_cfg_has_the_nodes)
