/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DMA controllers, driven over their ports, with a device at a channel. */
#include <string.h>

#include "hw/i8237.h"
#include "tests/device/harness.h"

#define CHIP2 0xc0
#define PAGES 0x80

enum {
	STATUS = 8,
	COMMAND = 8,
	REQUEST = 9,
	MASK_ONE = 10,
	MODE = 11,
	FLIP = 12,
	CLEAR = 13,
	UNMASK = 14,
	MASK = 15
};
enum { WRITE = 0x04, READ = 0x08, AUTO = 0x10, DOWN = 0x20, CASCADE = 0xc0 };
enum { SINGLE = 0x40, BLOCK = 0x80 };
enum { FDC = 2, SOUND = 6, SECTOR = 512 };

/* A device with bytes to give or to take. */
struct peer {
	unsigned channel, served, tcs;
	enum i8237_dir dir;
	uint8_t buf[4096];
	size_t at, len, piece; /* piece: at most so many at a time */
	bool greedy; /* raises its request again when it is served */
};

static struct harness h;
static struct i8237 *dma;
static struct peer fdc, sound;

static void serve(void *ctx)
{
	struct peer *p = ctx;
	size_t n = p->len - p->at;
	bool tc;

	p->served++;
	if (p->piece && n > p->piece)
		n = p->piece;
	p->at +=
		i8237_transfer(dma, p->channel, p->dir, p->buf + p->at, n, &tc);
	p->tcs += tc;
	if (tc || p->at == p->len)
		i8237_request(dma, p->channel, false);
	else if (p->greedy)
		i8237_request(dma, p->channel, true);
}

static void plug(struct peer *p, unsigned channel)
{
	struct i8237_user user = {.serve = serve, .ctx = p};
	struct error err = {0};
	size_t i;

	memset(p, 0, sizeof(*p));
	p->channel = channel;
	p->len = sizeof(p->buf);
	for (i = 0; i < p->len; i++)
		p->buf[i] = (uint8_t)(i * 7 + i / 256 + 1);
	ck_assert(i8237_connect(dma, channel, &user, &err) == 0);
}

/* As firmware leaves it: channel 4 lets the first chip through. */
static void start(void)
{
	harness_init(&h, 0);
	dma = (struct i8237 *)harness_new(&h, &i8237_class);
	harness_io(&h, &dma->dev, 0, 0);
	harness_io(&h, &dma->dev, 1, CHIP2);
	harness_io(&h, &dma->dev, 2, PAGES);
	harness_start(&dma->dev);
	outb(&h, CHIP2 + 2 * MODE, CASCADE);
	outb(&h, CHIP2 + 2 * MASK_ONE, 0);
	plug(&fdc, FDC);
	plug(&sound, SOUND);
}

/* Channel 2 moves len bytes from addr on, and is unmasked. */
static void program(uint32_t addr, unsigned len, uint8_t mode)
{
	outb(&h, MASK_ONE, 4 | FDC);
	outb(&h, FLIP, 0);
	outb(&h, MODE, mode | FDC);
	outb(&h, 4, (uint8_t)addr);
	outb(&h, 4, (uint8_t)(addr >> 8));
	outb(&h, 5, (uint8_t)(len - 1));
	outb(&h, 5, (uint8_t)((len - 1) >> 8));
	outb(&h, PAGES + 1, (uint8_t)(addr >> 16));
	outb(&h, MASK_ONE, FDC);
}

static unsigned get16(uint16_t port, uint16_t flip)
{
	unsigned low;

	outb(&h, flip, 0);
	low = inb(&h, port);
	return low | (unsigned)inb(&h, port) << 8;
}

START_TEST(registers_after_power_on)
{
	unsigned i;

	harness_init(&h, 0);
	dma = (struct i8237 *)harness_new(&h, &i8237_class);
	harness_io(&h, &dma->dev, 0, 0);
	harness_io(&h, &dma->dev, 1, CHIP2);
	harness_io(&h, &dma->dev, 2, PAGES);
	harness_start(&dma->dev);
	for (i = 0; i < 8; i++) {
		ck_assert_uint_eq(inb(&h, (uint16_t)i), 0);
		ck_assert_uint_eq(inb(&h, (uint16_t)(CHIP2 + 2 * i)), 0);
	}
	ck_assert_uint_eq(inb(&h, STATUS), 0);
	ck_assert_uint_eq(inb(&h, MASK), 15);
	ck_assert_uint_eq(inb(&h, CHIP2 + 2 * MASK), 15);
	harness_fini(&h);
}
END_TEST

START_TEST(post_codes_and_pages_are_kept)
{
	uint16_t i;

	start();
	for (i = 0; i < 16; i++)
		outb(&h, PAGES + i, (uint8_t)(0xa0 + i));
	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(inb(&h, PAGES + i), 0xa0 + i);
	harness_fini(&h);
}
END_TEST

START_TEST(flip_flop_and_counters)
{
	start();
	outb(&h, FLIP, 0);
	outb(&h, 2, 0x34);
	outb(&h, 2, 0x12);
	outb(&h, 3, 0x78);
	outb(&h, 3, 0x56);
	ck_assert_uint_eq(get16(2, FLIP), 0x1234);
	ck_assert_uint_eq(get16(3, FLIP), 0x5678);
	inb(&h, 2); /* leaves the flip-flop at high */
	outb(&h, 2, 0xff);
	ck_assert_uint_eq(get16(2, FLIP), 0xff34);
	inb(&h, 2);
	outb(&h, FLIP, 0);
	outb(&h, 2, 0xee);
	ck_assert_uint_eq(get16(2, FLIP), 0xffee);
	outb(&h, 4, 0x11);
	outb(&h, CLEAR, 0); /* master clear puts it to low */
	outb(&h, 4, 0xcd);
	outb(&h, 4, 0xab);
	ck_assert_uint_eq(get16(4, FLIP), 0xabcd);
	/* each chip has its own */
	outb(&h, FLIP, 0);
	outb(&h, CHIP2 + 2 * FLIP, 0);
	outb(&h, 0, 1);
	outb(&h, CHIP2 + 4, 2);
	outb(&h, 0, 3);
	outb(&h, CHIP2 + 4, 4);
	ck_assert_uint_eq(get16(0, FLIP), 0x301);
	ck_assert_uint_eq(get16(CHIP2 + 4, CHIP2 + 2 * FLIP), 0x402);
	harness_fini(&h);
}
END_TEST

START_TEST(masks)
{
	start();
	outb(&h, MASK, 0xf5);
	ck_assert_uint_eq(inb(&h, MASK), 5);
	outb(&h, MASK_ONE, 4 | 1);
	ck_assert_uint_eq(inb(&h, MASK), 7);
	outb(&h, MASK_ONE, 2);
	ck_assert_uint_eq(inb(&h, MASK), 3);
	outb(&h, UNMASK, 0);
	ck_assert_uint_eq(inb(&h, MASK), 0);
	outb(&h, CLEAR, 0);
	ck_assert_uint_eq(inb(&h, MASK), 15);
	harness_fini(&h);
}
END_TEST

START_TEST(a_floppy_sector_into_memory)
{
	start();
	program(0x12340, SECTOR, SINGLE | WRITE);
	ck_assert_uint_eq(fdc.served, 0);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.served, 1);
	ck_assert_uint_eq(fdc.tcs, 1);
	ck_assert_uint_eq(fdc.at, SECTOR);
	ck_assert_mem_eq(h.ram->host + 0x12340, fdc.buf, SECTOR);
	ck_assert_uint_eq(h.ram->host[0x12340 + SECTOR], 0);
	ck_assert_uint_eq(get16(4, FLIP), 0x2340 + SECTOR);
	ck_assert_uint_eq(get16(5, FLIP), 0xffff);
	ck_assert_uint_eq(inb(&h, MASK) & 1 << FDC, 1 << FDC);
	ck_assert_uint_eq(inb(&h, STATUS), 1 << FDC);
	ck_assert_uint_eq(inb(&h, STATUS), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(from_memory_in_pieces)
{
	size_t i;

	start();
	for (i = 0; i < SECTOR; i++)
		h.ram->host[0x8000 + i] = (uint8_t)(i ^ i >> 8);
	fdc.dir = I8237_FROM_MEMORY;
	fdc.piece = 100;
	fdc.greedy = true;
	program(0x8000, SECTOR, SINGLE | READ);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.served, 6);
	ck_assert_uint_eq(fdc.at, SECTOR);
	ck_assert_uint_eq(fdc.tcs, 1);
	ck_assert_mem_eq(fdc.buf, h.ram->host + 0x8000, SECTOR);
	harness_fini(&h);
}
END_TEST

START_TEST(the_request_waits_until_the_channel_is_ready)
{
	start();
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(inb(&h, STATUS), 1 << (4 + FDC));
	program(0x8000, SECTOR, SINGLE | WRITE);
	ck_assert_uint_eq(fdc.at, SECTOR);
	/* the chip is disabled, then not */
	outb(&h, COMMAND, 4);
	program(0x8000, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, SECTOR);
	outb(&h, COMMAND, 0);
	ck_assert_uint_eq(fdc.at, 2 * SECTOR);
	/* the way through channel 4 is closed, then open */
	outb(&h, CHIP2 + 2 * MASK_ONE, 4);
	program(0x8000, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, 2 * SECTOR);
	outb(&h, CHIP2 + 2 * MASK_ONE, 0);
	ck_assert_uint_eq(fdc.at, 3 * SECTOR);
	/* channel 4 is not a cascade */
	outb(&h, CHIP2 + 2 * MODE, 0);
	program(0x8000, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, 3 * SECTOR);
	harness_fini(&h);
}
END_TEST

START_TEST(without_a_request_nothing_moves)
{
	bool tc;

	start();
	program(0x8000, SECTOR, SINGLE | WRITE);
	ck_assert_uint_eq(i8237_transfer(dma, FDC, I8237_TO_MEMORY, fdc.buf,
					 SECTOR, &tc),
			  0);
	ck_assert(!tc);
	ck_assert_uint_eq(get16(5, FLIP), SECTOR - 1);
	harness_fini(&h);
}
END_TEST

START_TEST(verify_counts_and_touches_nothing)
{
	uint8_t first = 0x77;

	start();
	h.ram->host[0x8000] = first;
	program(0x8000, SECTOR, SINGLE);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.tcs, 1);
	ck_assert_uint_eq(h.ram->host[0x8000], first);
	ck_assert_uint_eq(get16(4, FLIP), 0x8000 + SECTOR);
	harness_fini(&h);
}
END_TEST

START_TEST(the_wrong_direction_touches_nothing)
{
	start();
	program(0x8000, SECTOR, SINGLE | READ);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, SECTOR);
	ck_assert_uint_eq(h.ram->host[0x8000], 0);
	fdc.dir = I8237_FROM_MEMORY;
	program(0x8000, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, 2 * SECTOR);
	ck_assert_uint_eq(fdc.buf[SECTOR], 0xff);
	ck_assert_uint_eq(h.ram->host[0x8000], 0);
	harness_fini(&h);
}
END_TEST

START_TEST(autoinit_begins_anew)
{
	start();
	fdc.greedy = true;
	program(0x8000, 1000, BLOCK | WRITE | AUTO);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.tcs, 1);
	ck_assert_uint_eq(inb(&h, MASK) & 1 << FDC, 0);
	ck_assert_uint_eq(get16(4, FLIP), 0x8000);
	ck_assert_uint_eq(get16(5, FLIP), 999);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.at, 2000);
	ck_assert_mem_eq(h.ram->host + 0x8000, fdc.buf + 1000, 1000);
	harness_fini(&h);
}
END_TEST

START_TEST(downwards)
{
	unsigned i;

	start();
	program(0x8100, 256, SINGLE | WRITE | DOWN);
	i8237_request(dma, FDC, true);
	for (i = 0; i < 256; i++)
		ck_assert_uint_eq(h.ram->host[0x8100 - i], fdc.buf[i]);
	ck_assert_uint_eq(get16(4, FLIP), 0x8000);
	harness_fini(&h);
}
END_TEST

START_TEST(addresses_wrap_within_their_64_kib)
{
	start();
	program(0x1ff00, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_mem_eq(h.ram->host + 0x1ff00, fdc.buf, 256);
	ck_assert_mem_eq(h.ram->host + 0x10000, fdc.buf + 256, 256);
	ck_assert_uint_eq(h.ram->host[0x20000], 0);
	ck_assert_uint_eq(get16(4, FLIP), 0x100);
	/* and downwards */
	program(0x30001, 4, SINGLE | WRITE | DOWN);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(h.ram->host[0x30000], fdc.buf[SECTOR + 1]);
	ck_assert_uint_eq(h.ram->host[0x3ffff], fdc.buf[SECTOR + 2]);
	harness_fini(&h);
}
END_TEST

static void program_sound(uint32_t addr, unsigned words, uint8_t mode)
{
	outb(&h, CHIP2 + 2 * FLIP, 0);
	outb(&h, CHIP2 + 2 * MODE, mode | (SOUND - 4));
	outb(&h, CHIP2 + 8, (uint8_t)(addr >> 1));
	outb(&h, CHIP2 + 8, (uint8_t)(addr >> 9));
	outb(&h, CHIP2 + 10, (uint8_t)(words - 1));
	outb(&h, CHIP2 + 10, (uint8_t)((words - 1) >> 8));
	outb(&h, PAGES + 9, (uint8_t)(addr >> 16));
	outb(&h, CHIP2 + 2 * MASK_ONE, SOUND - 4);
}

START_TEST(words_on_the_second_chip)
{
	start();
	sound.len = 1001; /* the odd byte stays */
	program_sound(0x31ff00, 1000, SINGLE | WRITE);
	outb(&h, CHIP2 + 2 * MASK_ONE, 4); /* the cascade is not in the way */
	i8237_request(dma, SOUND, true);
	ck_assert_uint_eq(sound.at, 1000);
	ck_assert_uint_eq(sound.tcs, 0);
	/* a page is of 128 KiB, its number's lowest bit is not looked at */
	ck_assert_mem_eq(h.ram->host + 0x31ff00, sound.buf, 256);
	ck_assert_mem_eq(h.ram->host + 0x300000, sound.buf + 256, 744);
	ck_assert_uint_eq(get16(CHIP2 + 10, CHIP2 + 2 * FLIP), 499);
	harness_fini(&h);
}
END_TEST

START_TEST(software_requests)
{
	start();
	program(0x8000, SECTOR, BLOCK | WRITE);
	outb(&h, REQUEST, 4 | 1); /* nobody there */
	ck_assert_uint_eq(inb(&h, STATUS), 1 << (4 + 1));
	outb(&h, REQUEST, 4 | FDC);
	ck_assert_uint_eq(fdc.at, SECTOR);
	ck_assert_uint_eq(inb(&h, STATUS), 1 << (4 + 1) | 1 << FDC);
	outb(&h, REQUEST, 1);
	ck_assert_uint_eq(inb(&h, STATUS), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(a_channel_has_one_device)
{
	struct i8237_user user = {.serve = serve, .ctx = &fdc};
	struct error err = {0};

	start();
	ck_assert(i8237_connect(dma, FDC, &user, &err) < 0);
	ck_assert(i8237_connect(dma, 4, &user, &err) < 0);
	ck_assert(i8237_connect(dma, 8, &user, &err) < 0);
	i8237_request(dma, FDC, true);
	i8237_disconnect(dma, FDC);
	ck_assert_uint_eq(inb(&h, STATUS), 0);
	program(0x8000, SECTOR, SINGLE | WRITE);
	ck_assert(i8237_connect(dma, FDC, &user, &err) == 0);
	harness_fini(&h);
}
END_TEST

/* A device that asks for ever and never moves anything. */
static void stubborn(void *ctx)
{
	(*(unsigned *)ctx)++;
	i8237_request(dma, 1, true);
}

START_TEST(a_request_without_progress_comes_to_an_end)
{
	unsigned count = 0;
	struct i8237_user user = {.serve = stubborn, .ctx = &count};

	start();
	ck_assert(i8237_connect(dma, 1, &user, NULL) == 0);
	outb(&h, UNMASK, 0);
	ck_assert_uint_eq(count, 0);
	i8237_request(dma, 1, true);
	ck_assert_uint_eq(count, 1);
	harness_fini(&h);
}
END_TEST

START_TEST(beyond_memory)
{
	start();
	program(0xfffe00, SECTOR, SINGLE | WRITE);
	i8237_request(dma, FDC, true);
	ck_assert_mem_eq(h.ram->host + 0xfffe00, fdc.buf, SECTOR);
	gmem_unmap(&h.m.gmem, &h.ram_map);
	fdc.dir = I8237_FROM_MEMORY;
	program(0x8000, SECTOR, SINGLE | READ);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.buf[SECTOR], 0xff);
	harness_fini(&h);
}
END_TEST

START_TEST(any_write_to_any_register)
{
	uint64_t seed = 1;
	unsigned i;

	start();
	fdc.greedy = sound.greedy = true;
	for (i = 0; i < 300000; i++) {
		unsigned where = (unsigned)(seed >> 40);
		uint8_t val = (uint8_t)(seed >> 50);

		seed = seed * UINT64_C(6364136223846793005) +
		       1442695040888963407;
		if (where % 4 == 0)
			outb(&h, (uint16_t)(CHIP2 + (where >> 4 & 31)), val);
		else if (where % 4 == 1)
			outb(&h, (uint16_t)(PAGES + (where >> 4 & 15)), val);
		else
			outb(&h, where >> 4 & 15, val);
		inb(&h, where >> 8 & 15);
		inb(&h, (uint16_t)(CHIP2 + (where >> 8 & 31)));
		fdc.at = sound.at = 0;
		fdc.dir = sound.dir = where & 1;
		i8237_request(dma, FDC, val & 1);
		i8237_request(dma, SOUND, val & 2);
	}
	ck_assert_uint_gt(fdc.served, 0);
	ck_assert_uint_gt(sound.served, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(reset_forgets_all_but_the_lines)
{
	start();
	i8237_request(dma, FDC, true);
	outb(&h, PAGES + 1, 0x55);
	outb(&h, REQUEST, 4 | 3);
	dma->dev.class->reset(&dma->dev);
	ck_assert_uint_eq(inb(&h, STATUS), 1 << (4 + FDC));
	ck_assert_uint_eq(inb(&h, PAGES + 1), 0);
	ck_assert_uint_eq(inb(&h, MASK), 15);
	harness_fini(&h);
}
END_TEST

START_TEST(state_round_trip)
{
	start();
	program(0x12345, 777, SINGLE | WRITE | AUTO);
	fdc.len = 100;
	i8237_request(dma, FDC, true);
	outb(&h, REQUEST, 4 | 3);
	outb(&h, 0, 0x55); /* half a write */
	harness_roundtrip(&dma->dev);
	outb(&h, 0, 0x66);
	ck_assert_uint_eq(get16(0, FLIP), 0x6655);
	ck_assert_uint_eq(get16(4, FLIP), 0x2345 + 100);
	ck_assert_uint_eq(get16(5, FLIP), 776 - 100);
	fdc.len = sizeof(fdc.buf);
	i8237_request(dma, FDC, true);
	ck_assert_uint_eq(fdc.tcs, 1);
	ck_assert_uint_eq(get16(4, FLIP), 0x2345);
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("i8237", registers_after_power_on, post_codes_and_pages_are_kept,
	     flip_flop_and_counters, masks, a_floppy_sector_into_memory,
	     from_memory_in_pieces,
	     the_request_waits_until_the_channel_is_ready,
	     without_a_request_nothing_moves, verify_counts_and_touches_nothing,
	     the_wrong_direction_touches_nothing, autoinit_begins_anew,
	     downwards, addresses_wrap_within_their_64_kib,
	     words_on_the_second_chip, software_requests,
	     a_channel_has_one_device,
	     a_request_without_progress_comes_to_an_end, beyond_memory,
	     any_write_to_any_register, reset_forgets_all_but_the_lines,
	     state_round_trip)
