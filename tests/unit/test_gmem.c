/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: overlaps, what listeners are told, access, pins, dirt. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/gmem.h"

#define PAGE	 4096u
#define RAM_SIZE (16 * PAGE)

enum { RAM_PRIO, PCI_PRIO, PAM_PRIO, HOLE_PRIO };

static struct gmem gmem;
static struct ram_block *ram, *rom;
static struct gmem_map ram_map, rom_map, shadow, hole;

static void map(struct gmem_map *m, gpa_t base, struct ram_block *block,
		uint64_t off, uint64_t len, enum gmem_kind kind, int prio)
{
	struct error err = {0};

	ck_assert_msg(gmem_map(&gmem, m, base, block, off, len, kind, prio,
			       &err) == 0,
		      "%s", err.msg);
}

/* 16 pages of RAM at 0, each filled with its number; 2 pages of ROM. */
static void start(void)
{
	struct error err = {0};
	unsigned i;

	ck_assert_int_eq(gmem_init(&gmem, &err), 0);
	ram = gmem_block_new(&gmem, "ram", RAM_SIZE, &err);
	rom = gmem_block_new(&gmem, "rom", 2 * PAGE, &err);
	ck_assert(ram && rom);
	for (i = 0; i < RAM_SIZE / PAGE; i++)
		memset(ram->host + i * PAGE, (int)i, PAGE);
	memset(rom->host, 0xee, 2 * PAGE);
	map(&ram_map, 0, ram, 0, RAM_SIZE, GMEM_RAM, RAM_PRIO);
}

static void stop(void)
{
	gmem_fini(&gmem);
}

static unsigned byte_at(gpa_t gpa)
{
	uint8_t b = 0x55;

	gmem_read(&gmem, gpa, &b, 1);
	return b;
}

struct log {
	struct gmem_listener l;
	char text[1000];
};

static void note(struct gmem_listener *l, char what, const struct gmem_range *r)
{
	struct log *log = (struct log *)l;
	size_t n = strlen(log->text);

	snprintf(log->text + n, sizeof(log->text) - n, "%c%s%llx+%llx@%llx%s ",
		 what, r->block == ram ? "ram" : "rom",
		 (unsigned long long)r->base, (unsigned long long)r->len,
		 (unsigned long long)r->off, r->readonly ? "ro" : "");
}

static void on_add(struct gmem_listener *l, const struct gmem_range *r)
{
	note(l, '+', r);
}

static void on_del(struct gmem_listener *l, const struct gmem_range *r)
{
	note(l, '-', r);
}

static void listen_to(struct log *log)
{
	*log = (struct log){.l = {.add = on_add, .del = on_del}};
	gmem_listen(&gmem, &log->l);
}

static void heard(struct log *log, const char *text)
{
	ck_assert_str_eq(log->text, text);
	log->text[0] = 0;
}

START_TEST(test_read_and_write)
{
	uint8_t buf[16];

	start();
	memcpy(buf, "hello", 6);
	ck_assert(gmem_write(&gmem, 0x1234, buf, 6));
	memset(buf, 0, sizeof(buf));
	ck_assert(gmem_read(&gmem, 0x1234, buf, 6));
	ck_assert_str_eq((char *)buf, "hello");
	ck_assert_mem_eq(ram->host + 0x1234, "hello", 6);
	ck_assert(gmem_read(&gmem, 0, buf, 0));
	stop();
}
END_TEST

START_TEST(test_access_crosses_pages_and_maps)
{
	struct gmem_map next = {0};
	uint8_t buf[PAGE + 2];

	start();
	/* The same memory again above, the pages the other way round. */
	map(&next, RAM_SIZE, ram, 5 * PAGE, PAGE, GMEM_RAM, RAM_PRIO);
	ck_assert(gmem_read(&gmem, RAM_SIZE - PAGE - 1, buf, sizeof(buf)));
	ck_assert_uint_eq(buf[0], 14);
	ck_assert_uint_eq(buf[1], 15);
	ck_assert_uint_eq(buf[PAGE], 15);
	ck_assert_uint_eq(buf[PAGE + 1], 5);
	memset(buf, 0xaa, sizeof(buf));
	ck_assert(gmem_write(&gmem, RAM_SIZE - 1, buf, 2));
	ck_assert_uint_eq(ram->host[RAM_SIZE - 1], 0xaa);
	ck_assert_uint_eq(ram->host[5 * PAGE], 0xaa);
	ck_assert_uint_eq(ram->host[5 * PAGE + 1], 5);
	gmem_unmap(&gmem, &next);
	stop();
}
END_TEST

START_TEST(test_nothing_reads_as_ones)
{
	uint8_t buf[8] = {0};

	start();
	ck_assert(!gmem_read(&gmem, RAM_SIZE - 4, buf, 8));
	ck_assert_mem_eq(buf, "\x0f\x0f\x0f\x0f\xff\xff\xff\xff", 8);
	ck_assert(!gmem_write(&gmem, RAM_SIZE - 4, "abcdefgh", 8));
	ck_assert_mem_eq(ram->host + RAM_SIZE - 4, "abcd", 4);
	memset(buf, 0, sizeof(buf));
	ck_assert(!gmem_read(&gmem, UINT64_C(1) << 40, buf, 8));
	ck_assert_mem_eq(buf, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	stop();
}
END_TEST

START_TEST(test_a_gap_between_maps)
{
	struct gmem_map high = {0};
	uint8_t buf[3 * PAGE];

	start();
	map(&high, RAM_SIZE + PAGE, ram, 0, PAGE, GMEM_RAM, RAM_PRIO);
	ck_assert(!gmem_read(&gmem, RAM_SIZE - PAGE, buf, sizeof(buf)));
	ck_assert_uint_eq(buf[PAGE - 1], 15);
	ck_assert_uint_eq(buf[PAGE], 0xff);
	ck_assert_uint_eq(buf[2 * PAGE - 1], 0xff);
	ck_assert_uint_eq(buf[2 * PAGE], 0);
	stop();
}
END_TEST

START_TEST(test_the_end_of_the_space)
{
	struct gmem_map top = {0};
	uint8_t buf[8];
	struct iovec iov[2];
	struct gmem_span span;

	start();
	/* What begins below 2^64 does not go on at 0. */
	memset(buf, 0, sizeof(buf));
	ck_assert(!gmem_read(&gmem, UINT64_MAX - 3, buf, 8));
	ck_assert_mem_eq(buf, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	ck_assert(!gmem_write(&gmem, UINT64_MAX - 3, "abcdefgh", 8));
	ck_assert_uint_eq(ram->host[0], 0);
	ck_assert_int_eq(gmem_span(&gmem, UINT64_MAX - 3, 8, GMEM_TO_GUEST, iov,
				   2, &span),
			 -EFAULT);
	/* Nor when there is memory in the last page. */
	map(&top, UINT64_MAX - PAGE + 1, rom, 0, PAGE, GMEM_RAM, RAM_PRIO);
	ck_assert_uint_eq(byte_at(UINT64_MAX), 0xee);
	ck_assert_uint_eq(byte_at(0), 0);
	ck_assert(!gmem_read(&gmem, UINT64_MAX - 3, buf, 8));
	ck_assert_mem_eq(buf, "\xee\xee\xee\xee\xff\xff\xff\xff", 8);
	ck_assert(!gmem_write(&gmem, UINT64_MAX - 3, "abcdefgh", 8));
	ck_assert_mem_eq(rom->host + PAGE - 4, "abcd", 4);
	ck_assert_uint_eq(ram->host[0], 0);
	ck_assert_int_eq(gmem_span(&gmem, UINT64_MAX - 3, 8, GMEM_TO_GUEST, iov,
				   2, &span),
			 -EFAULT);
	ck_assert_uint_eq(atomic_load(&rom->pins), 0);
	stop();
}
END_TEST

START_TEST(test_a_map_past_the_end_is_cut)
{
	struct gmem_map top = {0};
	struct log log;

	start();
	map(&top, UINT64_MAX - PAGE + 1, rom, 0, 2 * PAGE, GMEM_RAM, PCI_PRIO);
	ck_assert_uint_eq(byte_at(0), 0);
	ck_assert_uint_eq(byte_at(UINT64_MAX), 0xee);
	gmem_move(&gmem, &ram_map, UINT64_MAX - 3 * PAGE + 1, true);
	listen_to(&log);
	heard(&log, "+ramffffffffffffd000+2000@0 "
		    "+romfffffffffffff000+1000@0 ");
	ck_assert_uint_eq(byte_at(UINT64_MAX - PAGE), 1);
	ck_assert_uint_eq(byte_at(UINT64_MAX), 0xee);
	ck_assert_uint_eq(byte_at(0), 0xff);
	stop();
}
END_TEST

/* As a chipset's PAM registers do: ROM over RAM, RAM over that. */
START_TEST(test_overlaps_by_priority)
{
	start();
	map(&rom_map, 4 * PAGE, rom, 0, 2 * PAGE, GMEM_ROM, PCI_PRIO);
	ck_assert_uint_eq(byte_at(4 * PAGE - 1), 3);
	ck_assert_uint_eq(byte_at(4 * PAGE), 0xee);
	ck_assert_uint_eq(byte_at(6 * PAGE - 1), 0xee);
	ck_assert_uint_eq(byte_at(6 * PAGE), 6);
	ck_assert(!gmem_write(&gmem, 4 * PAGE, "x", 1));
	ck_assert_uint_eq(rom->host[0], 0xee);
	ck_assert_uint_eq(ram->host[4 * PAGE], 4);

	map(&shadow, 5 * PAGE, ram, 5 * PAGE, PAGE, GMEM_RAM, PAM_PRIO);
	ck_assert_uint_eq(byte_at(5 * PAGE - 1), 0xee);
	ck_assert_uint_eq(byte_at(5 * PAGE), 5);
	ck_assert(gmem_write(&gmem, 5 * PAGE, "x", 1));
	gmem_set_kind(&gmem, &shadow, GMEM_ROM);
	ck_assert(!gmem_write(&gmem, 5 * PAGE, "y", 1));
	ck_assert_uint_eq(byte_at(5 * PAGE), 'x');

	gmem_move(&gmem, &shadow, 5 * PAGE, false);
	ck_assert_uint_eq(byte_at(5 * PAGE), 0xee);

	map(&hole, 0, NULL, 0, 5 * PAGE, GMEM_HOLE, HOLE_PRIO);
	ck_assert_uint_eq(byte_at(0), 0xff);
	ck_assert_uint_eq(byte_at(5 * PAGE - 1), 0xff);
	ck_assert_uint_eq(byte_at(5 * PAGE), 0xee);
	ck_assert(!gmem_write(&gmem, 0, "z", 1));
	ck_assert_uint_eq(ram->host[0], 0);
	gmem_unmap(&gmem, &hole);
	gmem_unmap(&gmem, &hole);
	ck_assert_uint_eq(byte_at(0), 0);
	stop();
}
END_TEST

START_TEST(test_among_equals_the_last_is_seen)
{
	struct gmem_map second = {0};

	start();
	map(&second, PAGE, rom, 0, PAGE, GMEM_RAM, RAM_PRIO);
	ck_assert_uint_eq(byte_at(PAGE), 0xee);
	gmem_move(&gmem, &second, 2 * PAGE, true);
	ck_assert_uint_eq(byte_at(PAGE), 1);
	ck_assert_uint_eq(byte_at(2 * PAGE), 0xee);
	stop();
}
END_TEST

START_TEST(test_listeners_hear_of_changes_only)
{
	struct log log;

	start();
	map(&hole, 0, NULL, 0, PAGE, GMEM_HOLE, HOLE_PRIO);
	listen_to(&log);
	heard(&log, "+ram1000+f000@1000 ");
	map(&rom_map, 4 * PAGE, rom, 0, 2 * PAGE, GMEM_ROM, PCI_PRIO);
	heard(&log, "-ram1000+f000@1000 +ram1000+3000@1000 "
		    "+rom4000+2000@0ro +ram6000+a000@6000 ");
	/* What fits its neighbours becomes one range with them. */
	map(&shadow, 4 * PAGE, ram, 4 * PAGE, PAGE, GMEM_RAM, PAM_PRIO);
	heard(&log, "-ram1000+3000@1000 -rom4000+2000@0ro "
		    "+ram1000+4000@1000 +rom5000+1000@1000ro ");
	gmem_move(&gmem, &shadow, 4 * PAGE, true);
	gmem_set_kind(&gmem, &shadow, GMEM_RAM);
	heard(&log, "");
	gmem_begin(&gmem);
	gmem_begin(&gmem);
	gmem_move(&gmem, &rom_map, 4 * PAGE, false);
	gmem_commit(&gmem);
	gmem_move(&gmem, &shadow, 4 * PAGE, false);
	heard(&log, "");
	gmem_commit(&gmem);
	heard(&log, "-ram1000+4000@1000 -rom5000+1000@1000ro "
		    "-ram6000+a000@6000 +ram1000+f000@1000 ");
	gmem_unlisten(&gmem, &log.l);
	heard(&log, "-ram1000+f000@1000 ");
	gmem_unmap(&gmem, &hole);
	heard(&log, "");
	stop();
}
END_TEST

/* Many maps, moved at random: a byte is what the highest map has there. */
START_TEST(test_random_overlaps)
{
	static struct gmem_map maps[24];
	unsigned turn, i, page;

	start();
	gmem_unmap(&gmem, &ram_map);
	for (i = 0; i < 24; i++)
		map(&maps[i], 0, ram, (i % 8) * PAGE, (1 + i % 3) * PAGE,
		    i % 5 == 4 ? GMEM_HOLE : GMEM_RAM, (int)i);
	srand(1);
	for (turn = 0; turn < 2000; turn++) {
		i = (unsigned)rand() % 24;
		gmem_move(&gmem, &maps[i], (unsigned)rand() % 14 * PAGE,
			  rand() % 4);
		for (page = 0; page < 16; page++) {
			unsigned want = 0xff, n;

			for (n = 0; n < 24; n++) {
				struct gmem_map *m = &maps[n];
				uint64_t at = page * PAGE - m->base;

				if (!m->enabled || page * PAGE < m->base ||
				    at >= m->len)
					continue;
				want = m->kind == GMEM_HOLE
					       ? 0xff
					       : (m->off + at) / PAGE;
			}
			ck_assert_uint_eq(byte_at(page * PAGE + 7), want);
		}
	}
	stop();
}
END_TEST

START_TEST(test_cmpxchg)
{
	uint64_t was = 0x0202020202020202, i;

	start();
	ck_assert_int_eq(gmem_cmpxchg(&gmem, 2 * PAGE, &was, 7, 8), 0);
	ck_assert_uint_eq(ram->host[2 * PAGE], 7);
	was = 8;
	ck_assert_int_eq(gmem_cmpxchg(&gmem, 2 * PAGE, &was, 9, 8), -EAGAIN);
	ck_assert_uint_eq(was, 7);
	for (i = 1; i <= 4; i *= 2) {
		was = i == 1 ? 3 : i == 2 ? 0x0303 : 0x03030303;
		ck_assert_int_eq(gmem_cmpxchg(&gmem, 3 * PAGE + 16 * i, &was,
					      UINT64_MAX, (unsigned)i),
				 0);
		ck_assert_uint_eq(ram->host[3 * PAGE + 16 * i + i - 1], 0xff);
		ck_assert_uint_eq(ram->host[3 * PAGE + 16 * i + i], 3);
		ck_assert_int_eq(gmem_cmpxchg(&gmem, 1, &was, 0, (unsigned)i),
				 i == 1 ? -EAGAIN : -EFAULT);
	}
	ck_assert_int_eq(gmem_cmpxchg(&gmem, RAM_SIZE, &was, 0, 4), -EFAULT);
	map(&rom_map, 4 * PAGE, rom, 0, PAGE, GMEM_ROM, PCI_PRIO);
	was = 0xee;
	ck_assert_int_eq(gmem_cmpxchg(&gmem, 4 * PAGE, &was, 0, 1), -EFAULT);
	ck_assert_uint_eq(rom->host[0], 0xee);
	stop();
}
END_TEST

START_TEST(test_spans)
{
	struct iovec iov[GMEM_SPAN_MAX];
	struct gmem_span span;

	start();
	map(&rom_map, 4 * PAGE, rom, 0, 2 * PAGE, GMEM_ROM, PCI_PRIO);
	ck_assert_int_eq(gmem_span(&gmem, 4 * PAGE - 8, 2 * PAGE + 16,
				   GMEM_FROM_GUEST, iov, 3, &span),
			 3);
	ck_assert_ptr_eq(iov[0].iov_base, ram->host + 4 * PAGE - 8);
	ck_assert_uint_eq(iov[0].iov_len, 8);
	ck_assert_ptr_eq(iov[1].iov_base, rom->host);
	ck_assert_uint_eq(iov[1].iov_len, 2 * PAGE);
	ck_assert_ptr_eq(iov[2].iov_base, ram->host + 6 * PAGE);
	ck_assert_uint_eq(iov[2].iov_len, 8);
	ck_assert_uint_eq(atomic_load(&ram->pins), 2);
	ck_assert_uint_eq(atomic_load(&rom->pins), 1);
	gmem_done(&span, 0);
	gmem_done(&span, 0);
	ck_assert_uint_eq(atomic_load(&ram->pins), 0);
	ck_assert_uint_eq(atomic_load(&rom->pins), 0);
	/* Too many pieces, ROM to be written, nothing there. */
	ck_assert_int_eq(gmem_span(&gmem, 4 * PAGE - 8, 2 * PAGE + 16,
				   GMEM_FROM_GUEST, iov, 2, &span),
			 -EFAULT);
	ck_assert_int_eq(gmem_span(&gmem, 4 * PAGE - 8, 16, GMEM_TO_GUEST, iov,
				   3, &span),
			 -EFAULT);
	ck_assert_int_eq(gmem_span(&gmem, RAM_SIZE - 8, 16, GMEM_FROM_GUEST,
				   iov, 3, &span),
			 -EFAULT);
	ck_assert_int_eq(gmem_span(&gmem, 0, 0, GMEM_TO_GUEST, iov, 3, &span),
			 0);
	ck_assert_uint_eq(atomic_load(&ram->pins), 0);
	stop();
}
END_TEST

static void *free_rom(void *done)
{
	gmem_block_free(&gmem, rom);
	atomic_store((_Atomic bool *)done, true);
	return NULL;
}

START_TEST(test_a_pinned_block_is_not_freed)
{
	_Atomic bool done = false;
	struct gmem_span span;
	struct iovec iov;
	pthread_t thread;

	start();
	map(&rom_map, 4 * PAGE, rom, 0, PAGE, GMEM_ROM, PCI_PRIO);
	ck_assert_int_eq(gmem_span(&gmem, 4 * PAGE, PAGE, GMEM_FROM_GUEST, &iov,
				   1, &span),
			 1);
	gmem_unmap(&gmem, &rom_map);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_rom, &done), 0);
	usleep(20000);
	ck_assert(!atomic_load(&done));
	ck_assert_uint_eq(*(uint8_t *)iov.iov_base, 0xee);
	gmem_done(&span, 0);
	pthread_join(thread, NULL);
	ck_assert(atomic_load(&done));
	stop();
}
END_TEST

static struct gmem_watch watch;

static uint64_t take(struct gmem_watch *w)
{
	uint64_t pages;

	gmem_sync(&gmem, ram);
	pages = w->pages[0];
	w->pages[0] = 0;
	return pages;
}

static uint64_t take_dirty(void)
{
	return take(&watch);
}

START_TEST(test_writes_are_marked_dirty)
{
	static const char zeros[2 * PAGE];
	struct iovec iov[2];
	struct gmem_span span;
	struct gmem_map alias = {0};
	uint64_t was = 0;

	start();
	ck_assert(gmem_write(&gmem, 0, zeros, 1)); /* not tracked yet */
	ck_assert_int_eq(gmem_watch(&gmem, &watch, ram, NULL), 0);
	ck_assert_uint_eq(take_dirty(), UINT64_MAX); /* to begin with */
	gmem_read(&gmem, 0, (char[8]){0}, 8);
	ck_assert_uint_eq(take_dirty(), 0);
	gmem_write(&gmem, PAGE - 1, zeros, 1);
	ck_assert_uint_eq(take_dirty(), 1);
	gmem_write(&gmem, PAGE - 1, zeros, 2);
	ck_assert_uint_eq(take_dirty(), 3);
	gmem_write(&gmem, 3 * PAGE, zeros, 2 * PAGE);
	ck_assert_uint_eq(take_dirty(), 0x18);
	/* The page of the block, wherever it shows. */
	map(&alias, RAM_SIZE, ram, 9 * PAGE, PAGE, GMEM_RAM, RAM_PRIO);
	gmem_write(&gmem, RAM_SIZE, zeros, 8);
	ck_assert_uint_eq(take_dirty(), 1 << 9);
	ck_assert_int_eq(gmem_cmpxchg(&gmem, RAM_SIZE, &was, 1, 8), 0);
	ck_assert_uint_eq(take_dirty(), 1 << 9);
	ck_assert_int_eq(gmem_cmpxchg(&gmem, RAM_SIZE, &was, 1, 8), -EAGAIN);
	ck_assert_uint_eq(take_dirty(), 0);
	/* Of a span only what was written. */
	ck_assert_int_eq(gmem_span(&gmem, RAM_SIZE - PAGE, 2 * PAGE,
				   GMEM_TO_GUEST, iov, 2, &span),
			 2);
	gmem_done(&span, PAGE);
	ck_assert_uint_eq(take_dirty(), 1 << 15);
	ck_assert_int_eq(gmem_span(&gmem, RAM_SIZE - PAGE, 2 * PAGE,
				   GMEM_TO_GUEST, iov, 2, &span),
			 2);
	gmem_done(&span, PAGE + 1);
	ck_assert_uint_eq(take_dirty(), 1 << 15 | 1 << 9);
	ck_assert_int_eq(gmem_span(&gmem, 0, 4 * PAGE, GMEM_TO_GUEST, iov, 2,
				   &span),
			 1);
	gmem_done(&span, PAGE + 1);
	ck_assert_uint_eq(take_dirty(), 3);
	ck_assert_int_eq(gmem_span(&gmem, 0, 4 * PAGE, GMEM_TO_GUEST, iov, 2,
				   &span),
			 1);
	gmem_done(&span, 0);
	ck_assert_uint_eq(take_dirty(), 0);
	gmem_unwatch(&gmem, &watch);
	stop();
}
END_TEST

/* A listener that logs what the guest writes, as KVM does. */
struct logger {
	struct gmem_listener l;
	bool on;
	uint64_t bits;
};

static void on_watch(struct gmem_listener *l, const struct gmem_range *r)
{
	struct logger *log = container_of(l, struct logger, l);

	log->on = gmem_watched(r->block);
}

static void on_collect(struct gmem_listener *l, const struct gmem_range *r)
{
	struct logger *log = container_of(l, struct logger, l);

	gmem_note(r->block, r->off / PAGE, &log->bits, r->len / PAGE);
	log->bits = 0;
}

static void ignore_range(struct gmem_listener *l, const struct gmem_range *r)
{
}

START_TEST(test_each_watch_hears_of_all)
{
	struct logger log = {.l = {.add = ignore_range,
				   .del = ignore_range,
				   .watch = on_watch,
				   .collect = on_collect}};
	struct gmem_watch other = {.block = NULL};

	start();
	gmem_listen(&gmem, &log.l);
	ck_assert_int_eq(gmem_watch(&gmem, &watch, ram, NULL), 0);
	ck_assert(log.on);
	ck_assert_int_eq(gmem_watch(&gmem, &other, ram, NULL), 0);
	take(&watch);
	take(&other);
	log.bits = 0x14;
	gmem_mark_dirty(ram, 0, 1);
	ck_assert_uint_eq(take(&watch), 0x15);
	gmem_mark_dirty(ram, PAGE, 1);
	ck_assert_uint_eq(take(&other), 0x17);
	ck_assert_uint_eq(take(&watch), 0x02);
	gmem_unwatch(&gmem, &watch);
	ck_assert(log.on);
	gmem_unwatch(&gmem, &other);
	ck_assert(!log.on); /* costs nothing any more */
	gmem_unwatch(&gmem, &other);
	gmem_unlisten(&gmem, &log.l);
	stop();
}
END_TEST

UNIT_MAIN("gmem", test_read_and_write, test_access_crosses_pages_and_maps,
	  test_nothing_reads_as_ones, test_a_gap_between_maps,
	  test_the_end_of_the_space, test_a_map_past_the_end_is_cut,
	  test_overlaps_by_priority, test_among_equals_the_last_is_seen,
	  test_each_watch_hears_of_all, test_listeners_hear_of_changes_only,
	  test_random_overlaps, test_cmpxchg, test_spans,
	  test_a_pinned_block_is_not_freed, test_writes_are_marked_dirty)
