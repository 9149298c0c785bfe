/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC clients that do what they should not: nobody else notices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/vnc_viewer.h"
#include "vmm/endian.h"

enum { RAW, TIGHT = 7, ZRLE = 16 };
enum { CROWD = 200, MIB = 1 << 20 };

static struct vnc_bed bed;
static struct viewer v;

/* What was freed the sanitizer does not give back: up to its quarantine. */
#ifdef __SANITIZE_ADDRESS__
#define KEPT (256 * MIB)
#else
#define KEPT 0
#endif

static size_t resident(void)
{
	unsigned long all, mine = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_int_eq(fscanf(f, "%lu %lu", &all, &mine), 2);
	fclose(f);
	return mine * 4096;
}

static bool is_closed(int fd)
{
	char byte;
	ssize_t n;

	while ((n = recv(fd, &byte, 1, MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

static void settle(void)
{
	unsigned i;

	for (i = 0; i < 60; i++)
		vnc_bed_turn(&bed);
}

/* Somebody who behaves gets in and sees the screen. */
static void all_is_well(void)
{
	struct viewer good;

	viewer_open(&good, &bed);
	vnc_bed_fill(&bed, 3, 3, 100, 100, (uint32_t)rand());
	viewer_sync(&good);
	viewer_close(&good);
}

START_TEST(test_two_hundred_that_say_nothing)
{
	int fd[CROWD], i, open = 0;
	size_t before;

	vnc_bed_start(&bed, "");
	all_is_well();
	before = resident();
	for (i = 0; i < CROWD; i++) {
		fd[i] = vnc_bed_call(&bed);
		ck_assert_int_eq(send(fd[i], "RFB 00", 6, MSG_NOSIGNAL), 6);
	}
	settle();
	all_is_well();
	ck_assert_uint_lt(resident(), before + 8 * MIB + KEPT);
	for (i = 0; i < CROWD; i++) {
		open += !is_closed(fd[i]);
		close(fd[i]);
	}
	ck_assert_int_le(open, 32);
	settle();
	all_is_well();
	vnc_bed_stop(&bed);
}
END_TEST

/* Sixty-four may look; who came too late is told so by the door. */
START_TEST(test_two_hundred_viewers)
{
	static const int32_t list[] = {TIGHT};
	static struct viewer crowd[CROWD];
	unsigned i, n = 0;

	vnc_bed_start(&bed, ",connections=64");
	for (i = 0; i < 64; i++) {
		viewer_open(&crowd[i], &bed);
		viewer_encodings(&crowd[i], 1, list);
	}
	for (; i < CROWD; i++) {
		crowd[i].bed = &bed;
		crowd[i].fd = vnc_bed_call(&bed);
		ck_assert(viewer_is_ended(&crowd[i]));
		close(crowd[i].fd);
	}
	for (i = 0; i < 64; i++)
		viewer_sync(&crowd[i]);
	vnc_bed_fill(&bed, 0, 0, 640, 400, 0x112233);
	for (i = 0; i < 64; i++) {
		viewer_sync(&crowd[i]);
		n += crowd[i].rects > 0;
		viewer_close(&crowd[i]);
	}
	ck_assert_uint_eq(n, 64);
	settle();
	all_is_well();
	vnc_bed_stop(&bed);
}
END_TEST

/* Noise on a big screen for many that ask, and never read. */
START_TEST(test_viewers_that_never_read)
{
	static struct viewer crowd[30];
	static const int32_t lists[][1] = {{RAW}, {TIGHT}, {ZRLE}};
	size_t before, i, j;

	vnc_bed_start(&bed, "");
	vnc_bed_resize(&bed, 1920, 1080);
	for (i = 0; i < 1920 * 1080; i++)
		bed.rgb[i] = (uint32_t)rand() & 0xffffff;
	vnc_bed_drew(&bed, 0, 0, 1920, 1080);
	viewer_open(&v, &bed);
	viewer_request(&v, true);
	viewer_update(&v);
	before = resident();
	for (i = 0; i < 30; i++) {
		viewer_open(&crowd[i], &bed);
		viewer_encodings(&crowd[i], 1, lists[i % 3]);
		for (j = 0; j < 50; j++)
			viewer_request(&crowd[i], j % 2);
	}
	for (i = 0; i < 10; i++) {
		vnc_bed_fill(&bed, 0, 0, 1000, 1000, (uint32_t)i * 99);
		viewer_sync(&v);
	}
	/* Of them, the pixels in the viewer here are 8 MiB each. */
	ck_assert_uint_lt(resident(), before + 30 * 3 * MIB + KEPT);
	for (i = 0; i < 30; i++)
		viewer_close(&crowd[i]);
	viewer_close(&v);
	settle();
	vnc_bed_stop(&bed);
}
END_TEST

static void says(const void *data, size_t len, bool ends)
{
	viewer_open(&v, &bed);
	viewer_send(&v, data, len);
	if (ends) {
		ck_assert(viewer_is_ended(&v));
	} else {
		viewer_key(&v, 'a', true);
		settle();
		ck_assert_str_eq(bed.keys, "+30 ");
	}
	viewer_close(&v);
	settle();
	bed.nkeys = 0;
	bed.keys[0] = 0;
}

START_TEST(test_messages_that_are_wrong)
{
	static uint8_t msg[MIB + 8];
	unsigned i;

	vnc_bed_start(&bed, "");
	/* Text that was cut: much, too much, and a lie. */
	msg[0] = 6;
	store_be32(msg + 4, MIB);
	says(msg, sizeof(msg), false);
	store_be32(msg + 4, MIB + 1);
	says(msg, 8, true);
	store_be32(msg + 4, UINT32_MAX);
	says(msg, 8, true);
	/* Formats. */
	memset(msg, 0, 20);
	says(msg, 20, true);
	memcpy(msg + 4, "\x20\x18\0\1\0\xff\0\xff\0\xff\x20\x08", 12);
	says(msg, 20, true);
	memcpy(msg + 4, "\x08\x08\0\1\0\xff\0\xff\0\xff\x10\x08", 12);
	says(msg, 20, true);
	memcpy(msg + 4, "\x18\x18\0\1\0\xff\0\xff\0\xff\x10\x08", 12);
	says(msg, 20, true);
	memset(msg + 4, 0xff, 16);
	says(msg, 20, true);
	memcpy(msg + 4, "\x10\x10\0\0", 4);
	says(msg, 20, true);
	/* Messages that there are not, or that were not offered. */
	for (i = 7; i < 255; i++)
		if (i != 251 && (i < 10 || i > 240)) {
			msg[0] = (uint8_t)i;
			says(msg, 1, true);
		}
	memset(msg, 0, 12);
	msg[0] = 255;
	says(msg, 12, true);
	/* A wish for 255 screens is read to its end. */
	memset(msg, 0, 8 + 255 * 16);
	msg[0] = 251;
	msg[6] = 255;
	says(msg, 8 + 255 * 16, false);
	all_is_well();
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_floods)
{
	static int32_t list[65535];
	unsigned i;

	for (i = 0; i < 65535; i++)
		list[i] = (int32_t)i - 30000;
	vnc_bed_start(&bed, "");
	viewer_open(&v, &bed);
	for (i = 0; i < 3; i++)
		viewer_encodings(&v, 65535, list);
	viewer_sync(&v);
	for (i = 0; i < 20000; i++) {
		viewer_key(&v, 'a' + i % 26, i % 2);
		viewer_pointer(&v, i % 32, i % 640, i % 400);
		viewer_request(&v, i % 2);
	}
	all_is_well();
	viewer_close(&v);
	settle();
	vnc_bed_stop(&bed);
}
END_TEST

START_TEST(test_handshakes_that_are_wrong)
{
	static const char *const hellos[] = {"RFB 003.008\r", "RFB 004.000\n",
					     "RFB 00x.008\n", "rfb 003.008\n",
					     "GET / HTTP/1",  "RFB 003-008\n"};
	uint8_t types[2];
	unsigned i;

	vnc_bed_start(&bed, "");
	for (i = 0; i < sizeof(hellos) / sizeof(*hellos); i++) {
		viewer_call(&v, &bed);
		viewer_send(&v, hellos[i], 12);
		ck_assert(viewer_is_ended(&v));
		viewer_close(&v);
	}
	for (i = 0; i < 256; i += 5) {
		viewer_call(&v, &bed);
		viewer_send(&v, "RFB 003.008\n", 12);
		viewer_read(&v, types, 2);
		types[0] = (uint8_t)(i == 1 ? 2 : i);
		viewer_send(&v, types, 1);
		ck_assert(viewer_is_ended(&v));
		viewer_close(&v);
	}
	all_is_well();
	vnc_bed_stop(&bed);
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Three are free, then each takes a second longer. */
START_TEST(test_passwords_are_not_guessed_quickly)
{
	int64_t start;
	unsigned i;

	vnc_bed_start(&bed, ",password=on");
	start = now_ms();
	for (i = 0; i < 6; i++) {
		viewer_call(&v, &bed);
		ck_assert(!viewer_login(&v, 8, "guess"));
		viewer_close(&v);
	}
	ck_assert_int_ge(now_ms() - start, 2800);
	vnc_bed_stop(&bed);
}
END_TEST

/* The server's end comes at any time. */
START_TEST(test_the_server_ends_first)
{
	unsigned i;

	for (i = 0; i < 20; i++) {
		vnc_bed_start(&bed, "");
		viewer_open(&v, &bed);
		viewer_request(&v, i % 2);
		if (i % 3)
			vnc_bed_turn(&bed);
		viewer_key(&v, 'a', true);
		vnc_bed_stop(&bed);
		viewer_close(&v);
	}
}
END_TEST

UNIT_MAIN("vnc_hostile", test_two_hundred_that_say_nothing,
	  test_two_hundred_viewers, test_viewers_that_never_read,
	  test_messages_that_are_wrong, test_floods,
	  test_handshakes_that_are_wrong,
	  test_passwords_are_not_guessed_quickly, test_the_server_ends_first)
