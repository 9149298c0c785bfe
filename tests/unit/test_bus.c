/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: overlaps, widths, what is not there. */
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/bus.h"

struct probe {
	struct bus_region region;
	uint64_t value, off;
	unsigned size, accesses;
};

static uint64_t probe_read(void *dev, uint64_t off, unsigned size)
{
	struct probe *p = dev;

	p->off = off;
	p->size = size;
	p->accesses++;
	return off < 8 ? p->value >> 8 * off : 0;
}

static void probe_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct probe *p = dev;

	p->off = off;
	p->size = size;
	p->value = val;
	p->accesses++;
}

static const struct bus_ops any = {.read = probe_read, .write = probe_write};
static const struct bus_ops bytes = {.read = probe_read,
				     .write = probe_write,
				     .max = 1};
static const struct bus_ops words = {.read = probe_read,
				     .write = probe_write,
				     .min = 4,
				     .max = 4};

static struct bus bus;
static struct probe a, b;

static void start(void)
{
	bus_init(&bus, "test", UINT64_MAX);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
}

static void map(struct probe *p, uint64_t base, uint64_t len, int prio,
		const struct bus_ops *ops)
{
	ck_assert(
		!bus_map(&bus, &p->region, "p", base, len, prio, ops, p, NULL));
}

static uint64_t rd(uint64_t addr, unsigned len)
{
	uint64_t v = 0;

	bus_access(&bus, NULL, addr, &v, len, false);
	return v;
}

static void wr(uint64_t addr, uint64_t v, unsigned len)
{
	bus_access(&bus, NULL, addr, &v, len, true);
}

START_TEST(nothing_reads_as_ones)
{
	start();
	ck_assert_uint_eq(rd(0x80, 1), 0xff);
	ck_assert_uint_eq(rd(UINT64_MAX - 3, 4), 0xffffffff);
	wr(0x80, 1, 4);
	bus_fini(&bus);
}
END_TEST

START_TEST(higher_priority_hides)
{
	start();
	map(&a, 0x100, 0x100, 0, &any);
	map(&b, 0x140, 0x10, 1, &any);
	a.value = 0;
	b.value = 0x77;
	ck_assert_uint_eq(rd(0x13f, 1), 0);
	ck_assert_uint_eq(rd(0x140, 1), 0x77);
	ck_assert_uint_eq(rd(0x150, 1), 0);
	bus_enable(&b.region, false);
	rd(0x140, 1);
	ck_assert_uint_eq(a.off, 0x40);
	bus_enable(&b.region, true);
	bus_move(&b.region, 0x1000);
	ck_assert_uint_eq(rd(0x1000, 1), 0x77);
	bus_unmap(&b.region);
	ck_assert_uint_eq(rd(0x1000, 1), 0xff);
	bus_fini(&bus);
}
END_TEST

START_TEST(wide_accesses_are_split_for_narrow_devices)
{
	start();
	map(&a, 0x60, 4, 0, &bytes);
	a.value = 0x44332211;
	ck_assert_uint_eq(rd(0x60, 4), 0x44332211);
	ck_assert_uint_eq(a.accesses, 4);
	ck_assert_uint_eq(rd(0x62, 4), 0xffff4433);
	bus_fini(&bus);
}
END_TEST

START_TEST(narrow_accesses_are_widened_for_wide_devices)
{
	start();
	map(&a, 0, 4, 0, &words);
	a.value = 0x44332211;
	ck_assert_uint_eq(rd(2, 1), 0x33);
	ck_assert_uint_eq(a.size, 4);
	wr(1, 0xaa, 1);
	ck_assert_uint_eq(a.value, 0x4433aa11);
	bus_fini(&bus);
}
END_TEST

START_TEST(a_register_keeps_its_width_under_an_overlap)
{
	start();
	map(&a, 0xcf8, 4, 0, &any);
	map(&b, 0xcf9, 1, 1, &bytes);
	wr(0xcf8, 0x80001234, 4);
	ck_assert_uint_eq(a.value, 0x80001234);
	ck_assert_uint_eq(a.size, 4);
	ck_assert_uint_eq(b.accesses, 0);
	wr(0xcf9, 6, 1);
	ck_assert_uint_eq(b.value, 6);
	bus_fini(&bus);
}
END_TEST

START_TEST(the_cache_follows_the_map)
{
	struct bus_cache cache = {0};
	uint8_t v;

	start();
	map(&a, 0x10, 1, 0, &any);
	a.value = 1;
	b.value = 2;
	bus_access(&bus, &cache, 0x10, &v, 1, false);
	ck_assert_uint_eq(v, 1);
	map(&b, 0x10, 1, 5, &any);
	bus_access(&bus, &cache, 0x10, &v, 1, false);
	ck_assert_uint_eq(v, 2);
	bus_unmap(&a.region);
	bus_unmap(&b.region);
	bus_access(&bus, &cache, 0x10, &v, 1, false);
	ck_assert_uint_eq(v, 0xff);
	bus_fini(&bus);
}
END_TEST

UNIT_MAIN("bus", nothing_reads_as_ones, higher_priority_hides,
	  wide_accesses_are_split_for_narrow_devices,
	  narrow_accesses_are_widened_for_wide_devices,
	  a_register_keeps_its_width_under_an_overlap,
	  the_cache_follows_the_map)
