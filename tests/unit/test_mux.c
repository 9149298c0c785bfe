/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several users at one terminal: Ctrl-a and its letters, and the focus. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/chardev_user.h"
#include "tests/unit/unit.h"
#include "vmm/chardev_ops.h"

#define CTRL_A "\x01"

static struct machine m;
static struct chardev *mux;
static struct chardev_probe serial, monitor;
static int tty; /* where the person is */

static void start(void)
{
	struct error err = {0};
	char spec[64];
	int sv[2];

	chardev_machine_init(&m);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	tty = sv[1];
	snprintf(spec, sizeof(spec), "socket,id=c,mux=on,fd=%d", sv[0]);
	mux = chardev_create(&m, spec, &err);
	ck_assert_msg(mux != NULL, "%s", err.msg);
	chardev_probe_attach(&serial, mux);
	chardev_probe_attach(&monitor, mux);
}

static void stop(void)
{
	close(tty);
	chardev_machine_fini(&m);
}

static void type(const char *text)
{
	ck_assert_int_eq(write(tty, text, strlen(text)), (int)strlen(text));
	chardev_settle(&m);
}

/* What is on the screen by now. */
static const char *screen(void)
{
	static char buf[65536];
	ssize_t n;

	chardev_settle(&m);
	n = recv(tty, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	buf[n > 0 ? n : 0] = 0;
	return buf;
}

START_TEST(test_the_first_has_the_focus)
{
	start();
	ck_assert_ptr_eq(chardev_find(&m, "c"), mux);
	chardev_probe_events(&serial, "oi");
	chardev_probe_events(&monitor, "ou");
	ck_assert(chardev_is_shared(&serial.end));
	type("ls\r");
	chardev_probe_got(&serial, "ls\r");
	chardev_probe_got(&monitor, "");
	/* Both are seen. */
	chardev_write_all(&serial.end, "guest ", 6);
	chardev_write_all(&monitor.end, "(qemu)", 6);
	ck_assert_str_eq(screen(), "guest (qemu)");
	stop();
}
END_TEST

START_TEST(test_c_switches)
{
	start();
	type(CTRL_A "cabc");
	chardev_probe_events(&serial, "oiu");
	chardev_probe_events(&monitor, "oui");
	chardev_probe_got(&serial, "");
	chardev_probe_got(&monitor, "abc");
	type("d" CTRL_A "ce");
	chardev_probe_events(&serial, "i");
	chardev_probe_events(&monitor, "u");
	chardev_probe_got(&monitor, "d");
	chardev_probe_got(&serial, "e");
	stop();
}
END_TEST

START_TEST(test_escape_twice)
{
	start();
	type("a" CTRL_A CTRL_A "b" CTRL_A);
	chardev_probe_got(&serial, "a\x01"
				   "b");
	type(CTRL_A CTRL_A CTRL_A "c");
	chardev_probe_got(&serial, "\x01\x01"
				   "c");
	stop();
}
END_TEST

START_TEST(test_h_shows_help)
{
	static const char *const keys[] = {"C-a h", "C-a x", "C-a s",  "C-a t",
					   "C-a b", "C-a c", "C-a C-a"};
	const char *text;
	size_t i;

	start();
	type(CTRL_A "h");
	text = screen();
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		ck_assert_msg(strstr(text, keys[i]) != NULL, "%s", keys[i]);
	type(CTRL_A "?");
	ck_assert_ptr_nonnull(strstr(screen(), "C-a h"));
	chardev_probe_got(&serial, "");
	stop();
}
END_TEST

static unsigned shutdowns;

static void on_machine_event(void *ctx, enum machine_event event)
{
	shutdowns += event == EVENT_SHUTDOWN;
}

START_TEST(test_x_quits)
{
	struct machine_notifier notifier;

	start();
	machine_add_notifier(&m, &notifier, on_machine_event, NULL);
	type(CTRL_A "x");
	ck_assert_str_eq(screen(), "pcvm: Terminated\r\n");
	ck_assert_uint_eq(shutdowns, 1);
	m.program_is_qemu = true;
	type(CTRL_A "x");
	ck_assert_str_eq(screen(), "QEMU: Terminated\r\n");
	ck_assert_uint_eq(shutdowns, 2);
	stop();
}
END_TEST

START_TEST(test_b_breaks)
{
	start();
	chardev_probe_events(&serial, "oi");
	type(CTRL_A "b");
	chardev_probe_events(&serial, "b");
	chardev_probe_events(&monitor, "ou");
	type(CTRL_A "c" CTRL_A "b");
	chardev_probe_events(&monitor, "ib");
	stop();
}
END_TEST

START_TEST(test_s_and_unknown_keys_do_nothing)
{
	start();
	type(CTRL_A "s" CTRL_A "q" CTRL_A "\r" CTRL_A "C");
	chardev_probe_got(&serial, "");
	chardev_probe_got(&monitor, "");
	chardev_probe_events(&serial, "oi");
	ck_assert_str_eq(screen(), "");
	type("a");
	chardev_probe_got(&serial, "a");
	stop();
}
END_TEST

START_TEST(test_t_stamps_lines)
{
	start();
	chardev_write_all(&serial.end, "one\r\nt", 6);
	type(CTRL_A "t");
	chardev_write_all(&serial.end, "wo\r\nthree\r\n", 11);
	clock_advance(&m.realtime, 3723 * NS_PER_SEC + 45 * NS_PER_MSEC);
	ck_assert_uint_eq(chardev_write(&serial.end, "four\n", 5), 5);
	ck_assert_str_eq(screen(), "one\r\ntwo\r\n"
				   "[00:00:00.000] three\r\n"
				   "[01:02:03.045] four\n");
	type(CTRL_A "t");
	chardev_write_all(&serial.end, "five\n", 5);
	ck_assert_str_eq(screen(), "five\n");
	stop();
}
END_TEST

/* Typed ahead for the one is not for the other. */
START_TEST(test_input_waits_for_whom_it_is_for)
{
	start();
	serial.room = 1;
	type("abc");
	chardev_probe_got(&serial, "a");
	type(CTRL_A "cxyz" CTRL_A "cd");
	chardev_probe_got(&monitor, "xyz");
	chardev_probe_got(&serial, "");
	serial.room = 2;
	chardev_accept_input(&serial.end);
	chardev_probe_got(&serial, "bc");
	serial.room = 5;
	chardev_accept_input(&serial.end);
	chardev_probe_got(&serial, "d");
	stop();
}
END_TEST

START_TEST(test_much_typed_ahead_is_not_lost)
{
	static char text[60001], got[60001];
	size_t i, sent = 0, n = 0;
	ssize_t rc;

	start();
	for (i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 23);
	serial.room = 0;
	while (n < sizeof(text) - 1) {
		rc = send(tty, text + sent, sizeof(text) - 1 - sent,
			  MSG_DONTWAIT);
		sent += rc > 0 ? (size_t)rc : 0;
		serial.ngot = 0;
		serial.room = 700 + n % 7;
		chardev_accept_input(&serial.end);
		loop_turn(m.loop, 0);
		memcpy(got + n, serial.got, serial.ngot);
		n += serial.ngot;
	}
	ck_assert_str_eq(got, text);
	stop();
}
END_TEST

/* A guest that takes nothing does not keep from the monitor. */
START_TEST(test_escape_works_while_the_guest_hangs)
{
	static char text[5001];

	start();
	serial.room = 0;
	memset(text, 'x', 5000);
	type(text);
	type(CTRL_A "cinfo");
	chardev_probe_got(&monitor, "info");
	stop();
}
END_TEST

START_TEST(test_the_screen_stalls)
{
	static char block[4096], buf[65536];
	size_t sent = 0, n;
	ssize_t rc;

	start();
	memset(block, 'g', sizeof(block));
	while ((n = chardev_write(&serial.end, block, sizeof(block))) != 0)
		sent += n;
	chardev_write_all(&monitor.end, "(qemu) ", 7);
	ck_assert(chardev_is_stalled(&monitor.end));
	ck_assert_uint_eq(chardev_write(&serial.end, "x", 1), 0);
	serial.writables = monitor.writables = 0;
	for (n = 0; n < sent + 7; n += (size_t)rc) {
		chardev_settle(&m);
		rc = recv(tty, buf, sizeof(buf) - 1, MSG_DONTWAIT);
		ck_assert_int_gt(rc, 0);
		buf[rc] = 0;
	}
	ck_assert_uint_eq(n, sent + 7);
	ck_assert_ptr_nonnull(strstr(buf, "(qemu) "));
	ck_assert(!chardev_is_stalled(&monitor.end));
	ck_assert_uint_eq(serial.writables, 1);
	ck_assert_uint_eq(monitor.writables, 1);
	stop();
}
END_TEST

START_TEST(test_users_come_and_go)
{
	struct chardev_probe more[3];
	struct error err = {0};

	start();
	chardev_probe_attach(&more[0], mux);
	chardev_probe_attach(&more[1], mux);
	more[2] = (struct chardev_probe){0};
	ck_assert_int_eq(chardev_attach(&more[2].end, mux, serial.end.user,
					&more[2], &err),
			 -EBUSY);
	ck_assert_str_eq(err.msg, "the mux 'c' has 4 users, more cannot be");
	type(CTRL_A "c" CTRL_A "ca");
	chardev_probe_got(&more[0], "a");
	/* The one with the focus goes: the next has it. */
	chardev_detach(&more[0].end);
	type("b");
	chardev_probe_got(&more[1], "b");
	chardev_detach(&more[1].end);
	type("c");
	chardev_probe_got(&serial, "c");
	chardev_detach(&serial.end);
	chardev_detach(&monitor.end);
	memset(&more, 0x55, sizeof(more));
	type("kept" CTRL_A "c" CTRL_A "b");
	close(tty);
	tty = -1;
	chardev_settle(&m);
	stop();
}
END_TEST

START_TEST(test_input_before_there_is_a_user)
{
	struct error err = {0};
	char spec[64];
	int sv[2];

	chardev_machine_init(&m);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	tty = sv[1];
	snprintf(spec, sizeof(spec), "socket,id=c,mux=on,fd=%d", sv[0]);
	mux = chardev_create(&m, spec, &err);
	type("early");
	chardev_probe_attach(&serial, mux);
	chardev_probe_got(&serial, "early");
	stop();
}
END_TEST

START_TEST(test_the_person_goes)
{
	start();
	close(tty);
	tty = -1;
	chardev_probe_events(&serial, "oic");
	chardev_probe_events(&monitor, "ouc");
	stop();
}
END_TEST

UNIT_MAIN("mux", test_the_first_has_the_focus, test_c_switches,
	  test_escape_twice, test_h_shows_help, test_x_quits, test_b_breaks,
	  test_s_and_unknown_keys_do_nothing, test_t_stamps_lines,
	  test_input_waits_for_whom_it_is_for,
	  test_much_typed_ahead_is_not_lost,
	  test_escape_works_while_the_guest_hangs, test_the_screen_stalls,
	  test_users_come_and_go, test_input_before_there_is_a_user,
	  test_the_person_goes)
