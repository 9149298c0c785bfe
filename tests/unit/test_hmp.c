/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor: lines, arguments, expressions, completion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/monitor_client.h"
#include "tests/unit/unit.h"

static struct client c;

static void start(void)
{
	client_start(&c, false);
	client_hear(&c);
}

/* What a line prints, without its echo and the next prompt. */
static const char *run(const char *line)
{
	static char out[65536];
	const char *got = client_ask(&c, line), *nl = strstr(got, "\r\n");
	size_t len = strlen(got);

	ck_assert_msg(nl != NULL, "%s: %s", line, got);
	ck_assert_uint_ge(len, 7);
	ck_assert_str_eq(got + len - 7, "(qemu) ");
	snprintf(out, sizeof(out), "%.*s", (int)(got + len - 7 - (nl + 2)),
		 nl + 2);
	return out;
}

static void prints(const char *line, const char *text)
{
	const char *got = run(line);

	ck_assert_msg(!strcmp(got, text), "%s\ngave %swanted %s", line, got,
		      text);
}

START_TEST(test_greeting)
{
	const char *got;

	client_start(&c, false);
	got = client_hear(&c);
	ck_assert_ptr_nonnull(strstr(got, " monitor - type 'help' for more "
					  "information\r\n(qemu) "));
	client_stop(&c);
}
END_TEST

/* In qemu 7.2's words. */
START_TEST(test_what_is_refused)
{
	static const struct {
		const char *line, *text;
	} bad[] = {
		{"foo", "unknown command: 'foo'\r\n"},
		{"info foo", "unknown command: 'info foo'\r\n"},
		{"  foo  bar", "unknown command: 'foo'\r\n"},
		{"#stop", "unknown command: '#stop'\r\n"},
		{"help foo", "unknown command: 'foo'\r\n"},
		{"stop now",
		 "stop|s: extraneous characters at the end of line\r\n"
		 "Try \"help stop\" for more information\r\n"},
		{"s now", "stop|s: extraneous characters at the end of line\r\n"
			  "Try \"help s\" for more information\r\n"},
		{"info status x",
		 "status: extraneous characters at the end of line\r\n"
		 "Try \"help info status\" for more information\r\n"},
		{"system_reset 1",
		 "system_reset: extraneous characters at the end of line\r\n"
		 "Try \"help system_reset\" for more information\r\n"},
		{"sendkey", "sendkey: string expected\r\n"
			    "Try \"help sendkey\" for more information\r\n"},
		{"sendkey \"a",
		 "unterminated string\r\n"
		 "sendkey: string expected\r\n"
		 "Try \"help sendkey\" for more information\r\n"},
		{"sendkey foo", "invalid parameter: foo\r\n"},
		{"sendkey a z",
		 "invalid char 'z' in expression\r\n"
		 "Try \"help sendkey\" for more information\r\n"},
		{"sendkey a-", "invalid parameter: \r\n"},
		{"sendkey ctrl-foo-a", "invalid parameter: foo\r\n"},
		{"sendkey a 0x7fffffffffffffff",
		 "Error: hold-time is not from 0 to 60000\r\n"},
		{"sendkey a -1", "Error: hold-time is not from 0 to 60000\r\n"},
		{"p", "unexpected end of expression\r\n"
		      "Try \"help p\" for more information\r\n"},
		{"i /b", "unexpected end of expression\r\n"
			 "Try \"help i\" for more information\r\n"},
		{"o/b 0x80", "unexpected end of expression\r\n"
			     "Try \"help o\" for more information\r\n"},
		{"x/4", "unexpected end of expression\r\n"
			"Try \"help x\" for more information\r\n"},
	};
	size_t i;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		prints(bad[i].line, bad[i].text);
	prints("", "");
	prints("   ", "");
	client_stop(&c);
}
END_TEST

START_TEST(test_expressions)
{
	static const struct {
		const char *line, *text;
	} good[] = {
		{"print 1+2", "0x3"},
		{"print 1 + 2 ", "0x3"},
		{"print 0x10", "0x10"},
		{"print 010", "0x8"},
		{"print 'a'", "0x61"},
		{"print 2*3+4", "0xa"},
		{"print 2+3*4", "0xe"},
		{"print 7%4", "0x3"},
		{"print 7/2", "0x3"},
		{"print 5&3|8^1", "0x8"},
		{"print ~0", "0xffffffffffffffff"},
		{"print -(-5)", "0x5"},
		{"print +5", "0x5"},
		{"print ((((1))))", "0x1"},
		{"print 1-1-1", "0xffffffffffffffff"},
		{"print 0x8000000000000000/-1", "0x8000000000000000"},
		{"print 0x8000000000000000%-1", "0x0"},
		{"print 0xffffffffffffffff*0xffffffffffffffff", "0x1"},
		{"print /d -1", "-1"},
		{"print/u -1", "18446744073709551615"},
		{"p /o 8", "010"},
		{"p /c 65", "'A'"},
		{"p /x 0", "0x0"},
	};
	static const struct {
		const char *expr, *text;
	} bad[] = {
		{"1+", "unexpected end of expression"},
		{"1/0", "division by zero"},
		{"1%0", "division by zero"},
		{"(1", "')' expected"},
		{"$foo", "unknown register"},
		{"$", "unknown register"},
		{"'ab", "missing terminating ' character"},
		{"'", "missing terminating ' character"},
		{"99999999999999999999", "number too large"},
		{"x", "invalid char 'x' in expression"},
		{"*", "invalid char '*' in expression"},
		{"1+)", "invalid char ')' in expression"},
		{"1 2", "print|p: extraneous characters at the end of line"},
		{"0x", "print|p: extraneous characters at the end of line"},
		{"1<<2", "print|p: extraneous characters at the end of line"},
		{"$eax", "there is no vCPU"},
	};
	char line[80], text[200];
	size_t i;

	start();
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(text, sizeof(text), "%s\r\n", good[i].text);
		prints(good[i].line, text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), "print /x %s", bad[i].expr);
		snprintf(text, sizeof(text),
			 "%s\r\nTry \"help print\" for more information\r\n",
			 bad[i].text);
		prints(line, text);
	}
	client_stop(&c);
}
END_TEST

START_TEST(test_deep_expressions)
{
	char line[4000] = "print ";

	start();
	memset(line + 6, '(', 3900);
	ck_assert_ptr_nonnull(strstr(run(line), "expression too deep"));
	memset(line + 6, '-', 3900);
	ck_assert_ptr_nonnull(strstr(run(line), "expression too deep"));
	memset(line + 6, '~', 20);
	memcpy(line + 26, "1", 2);
	prints(line, "0x1\r\n");
	client_stop(&c);
}
END_TEST

/* Bytes that are no text. */
START_TEST(test_hostile_lines)
{
	start();
	prints("\xff\xfe", "unknown command: '\xff\xfe'\r\n");
	prints("info \xff", "unknown command: 'info \xff'\r\n");
	prints("sendkey \xff", "sendkey: the text is not valid UTF-8\r\n"
			       "Try \"help sendkey\" for more information\r\n");
	prints("help \xc3", "help|?: the text is not valid UTF-8\r\n"
			    "Try \"help help\" for more information\r\n");
	prints("print/\xff 1", "print|p: the text is not valid UTF-8\r\n"
			       "Try \"help print\" for more information\r\n");
	prints("sendkey \"\"", "invalid parameter: \r\n");
	prints("sendkey \"a\\\"b\"", "invalid parameter: a\"b\r\n");
	client_stop(&c);
}
END_TEST

START_TEST(test_long_names)
{
	char line[4000];
	const char *got;

	start();
	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = 0;
	got = run(line);
	ck_assert_uint_lt(strlen(got), 100);
	memcpy(line, "info ", 5);
	got = run(line);
	ck_assert_uint_lt(strlen(got), 100);
	memcpy(line, "print /", 7);
	run(line);
	client_stop(&c);
}
END_TEST

START_TEST(test_help)
{
	const char *got;

	start();
	got = run("help");
	ck_assert_ptr_nonnull(strstr(got, "\nstop|s  -- "));
	ck_assert_ptr_null(strstr(got, "info status"));
	got = run("info");
	ck_assert_ptr_nonnull(strstr(got, "info status  -- "));
	ck_assert_ptr_null(strstr(got, "\nstop"));
	ck_assert_int_eq(strncmp(run("? q"), "quit|q  -- ", 11), 0);
	ck_assert_int_eq(strncmp(run("help info pci"), "info pci  -- ", 13), 0);
	client_stop(&c);
}
END_TEST

/* What Tab makes of a line. */
static const char *tab(const char *line)
{
	client_send(&c, "\x15", 1);
	client_hear(&c);
	client_send(&c, line, strlen(line));
	client_hear(&c);
	client_send(&c, "\t", 1);
	return client_hear(&c);
}

START_TEST(test_completion)
{
	const char *got;

	start();
	ck_assert_ptr_nonnull(strstr(tab("syst"), "em_"));
	got = tab("system_");
	ck_assert_ptr_nonnull(strstr(got, "system_reset"));
	ck_assert_ptr_nonnull(strstr(got, "system_powerdown"));
	ck_assert_ptr_nonnull(strstr(tab("system_r"), "eset "));
	ck_assert_ptr_nonnull(strstr(tab("info sta"), "tus "));
	ck_assert_ptr_nonnull(strstr(tab("help sto"), "p "));
	ck_assert_str_eq(tab("nothing"), "");
	ck_assert_str_eq(tab("info "
			     "nothing"),
			 "");
	tab(" ");
	tab("   info ");
	tab("sendkey c");
	tab("\"");
	client_stop(&c);
}
END_TEST

static struct monitor_call *slow;

static void run_slow(struct monitor_call *call)
{
	slow = call;
}

static const struct monitor_cmd slow_cmd = {.name = "slow", .run = run_slow};

START_TEST(test_a_command_that_takes_its_time)
{
	struct monitor *mon;

	start();
	mon = client_monitor(&c);
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	mon->end.user->read(mon, (const uint8_t *)"print 1\rprint 2\rpri", 19);
	client_send(&c, "nt 3\r", 5);
	ck_assert_str_eq(client_hear(&c), "");
	monitor_printf(slow, "done\n");
	monitor_done(slow, NULL);
	ck_assert_int_eq(strncmp(client_hear(&c), "done\r\n(qemu) ", 13), 0);
	prints("", "");
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	mon->end.user->read(mon, (const uint8_t *)"print 1\rprint 2\rpri", 19);
	client_send(&c, "nt 3\r", 5);
	monitor_fail(slow, "GenericError", "no");
	{
		const char *got = client_hear(&c), *one, *two, *three;

		ck_assert_int_eq(strncmp(got, "Error: no\r\n(qemu) ", 17), 0);
		one = strstr(got, "\r\n0x1\r\n");
		two = strstr(got, "\r\n0x2\r\n");
		three = strstr(got, "\r\n0x3\r\n");
		ck_assert(one && two && three && one < two && two < three);
	}
	client_stop(&c);
}
END_TEST

static char answer[64];

static void on_answer(struct monitor_call *call, const char *text)
{
	snprintf(answer, sizeof(answer), "%s", text);
	monitor_done(call, NULL);
}

START_TEST(test_a_secret)
{
	struct monitor *mon;

	start();
	mon = client_monitor(&c);
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	ck_assert(monitor_ask_secret(slow, "Password: ", on_answer));
	ck_assert_str_eq(client_hear(&c), "Password: ");
	client_send(&c, "gehe\x7f\x1b", 6);
	client_send(&c, "\x15ge\t\x7fheim\rprint 1\r", 18);
	ck_assert_str_eq(answer, "gheim");
	ck_assert_ptr_nonnull(strstr(client_hear(&c), "\r\n(qemu) print"));
	/* It is not in the history. */
	client_send(&c, "\x10\x10", 2);
	ck_assert_ptr_null(strstr(client_hear(&c), "gheim"));
	client_send(&c, "\r", 1);
	/* Whoever goes without an answer ends the call. */
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	ck_assert(monitor_ask_secret(slow, "Password: ", on_answer));
	mon->end.user->event(mon, CHARDEV_CLOSED);
	ck_assert(!mon->busy && !mon->answer);
	client_stop(&c);
}
END_TEST

START_TEST(test_status)
{
	start();
	prints("info status", "VM status: paused (prelaunch)\r\n");
	ck_assert_ptr_nonnull(strstr(run("info chardev"), "c: filename="));
	client_stop(&c);
}
END_TEST

UNIT_MAIN("hmp", test_greeting, test_what_is_refused, test_expressions,
	  test_deep_expressions, test_hostile_lines, test_long_names, test_help,
	  test_completion, test_a_command_that_takes_its_time, test_a_secret,
	  test_status)
