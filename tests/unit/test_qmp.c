/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP: the order of things, what is refused in which words, hostile input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/monitor_client.h"
#include "tests/unit/unit.h"

static struct client c;

#define ERROR(class, desc) \
	"{\"error\": {\"class\": \"" class "\", \"desc\": \"" desc "\"}}\r\n"
#define GENERIC(desc) ERROR("GenericError", desc)
#define UNKNOWN(desc) ERROR("CommandNotFound", desc)
#define RETURN(what)  "{\"return\": " what "}\r\n"
#define STATUS	      "{\"status\": \"prelaunch\", \"singlestep\": false, "
#define QUERY	      "{\"execute\": \"query-status\"}"
#define QUERIED	      RETURN(STATUS "\"running\": false}")
#define EXPECTING     "JSON parse error, expecting value"
#define CAPS	      "{\"execute\": \"qmp_capabilities\"}"

static void start(void)
{
	client_start(&c, true);
	client_hear(&c);
	ck_assert_str_eq(client_ask(&c, CAPS), RETURN("{}"));
}

static void asks(const char *line, const char *answer)
{
	const char *got = client_ask(&c, line);

	ck_assert_msg(!strcmp(got, answer), "%s\ngave %swanted %s", line, got,
		      answer);
}

START_TEST(test_greeting)
{
	json_t *hello, *qemu;

	client_start(&c, true);
	hello = json_loads(client_hear(&c), 0, NULL);
	qemu = json_object_get(json_object_get(json_object_get(hello, "QMP"),
					       "version"),
			       "qemu");
	ck_assert_int_eq(json_integer_value(json_object_get(qemu, "major")), 7);
	ck_assert_int_eq(json_integer_value(json_object_get(qemu, "minor")), 2);
	ck_assert(json_is_array(json_object_get(json_object_get(hello, "QMP"),
						"capabilities")));
	json_decref(hello);
	client_stop(&c);
}
END_TEST

START_TEST(test_capabilities_come_first)
{
	client_start(&c, true);
	client_hear(&c);
	asks(QUERY, UNKNOWN("Expecting capabilities negotiation with "
			    "'qmp_capabilities'"));
	asks("{\"execute\": \"no\"}",
	     UNKNOWN("Expecting capabilities negotiation with "
		     "'qmp_capabilities'"));
	monitor_event(&c.m, "STOP", NULL);
	ck_assert_str_eq(client_hear(&c), "");
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": {\"a\": 1}}",
	     GENERIC("Parameter 'a' is unexpected"));
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": "
	     "{\"enable\": [\"oob\", \"no\"]}}",
	     GENERIC("Parameter 'enable' does not accept value 'no'"));
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": "
	     "{\"enable\": [5]}}",
	     GENERIC("Invalid parameter type for 'enable[0]', expected: "
		     "string"));
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": "
	     "{\"enable\": {}}}",
	     GENERIC("Invalid parameter type for 'enable', expected: array"));
	asks(QUERY, UNKNOWN("Expecting capabilities negotiation with "
			    "'qmp_capabilities'"));
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": "
	     "{\"enable\": []}}",
	     RETURN("{}"));
	asks(QUERY, QUERIED);
	asks(CAPS, UNKNOWN("Capabilities negotiation is already complete, "
			   "command ignored"));
	monitor_event(&c.m, "STOP", json_pack("{s:i}", "x", 1));
	ck_assert_ptr_nonnull(
		strstr(client_hear(&c),
		       ", \"event\": \"STOP\", \"data\": {\"x\": 1}}\r\n"));
	client_stop(&c);
}
END_TEST

static void start_oob(void)
{
	client_start(&c, true);
	ck_assert_ptr_nonnull(strstr(client_hear(&c), "[\"oob\"]"));
	asks("{\"execute\": \"qmp_capabilities\", \"arguments\": "
	     "{\"enable\": [\"oob\"]}}",
	     RETURN("{}"));
}

START_TEST(test_exec_oob)
{
	static const struct {
		const char *line, *answer;
	} lines[] = {
		{"{\"exec-oob\": \"query-status\"}",
		 GENERIC("The command query-status does not support OOB")},
		{"{\"exec-oob\": \"qmp_capabilities\"}",
		 GENERIC("The command qmp_capabilities does not support OOB")},
		{"{\"exec-oob\": \"no\"}",
		 UNKNOWN("The command no has not been found")},
		{"{\"exec-oob\": 1}",
		 GENERIC("QMP input member 'exec-oob' must be a string")},
		{"{\"exec-oob\": \"yank\", \"execute\": \"yank\"}",
		 GENERIC("QMP input member 'execute' clashes with "
			 "'exec-oob'")},
		{"{\"execute\": \"yank\", \"exec-oob\": \"yank\"}",
		 GENERIC("QMP input member 'execute' clashes with "
			 "'exec-oob'")},
		{"{\"exec-oob\": \"yank\"}",
		 GENERIC("Parameter 'instances' is missing")},
		{"{\"exec-oob\": \"yank\", \"arguments\": "
		 "{\"instances\": [5]}}",
		 GENERIC("Parameter 'type' is missing")},
		{"{\"exec-oob\": \"yank\", \"arguments\": "
		 "{\"instances\": [{\"type\": \"chardev\"}]}}",
		 GENERIC("Parameter 'id' is missing")},
		{"{\"exec-oob\": \"yank\", \"arguments\": "
		 "{\"instances\": [{\"type\": \"x\"}]}}",
		 GENERIC("Parameter 'type' does not accept value 'x'")},
		{"{\"exec-oob\": \"yank\", \"arguments\": "
		 "{\"instances\": [{\"type\": \"chardev\", "
		 "\"id\": \"no\"}]}}",
		 "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": "
		 "\"Instance not found\"}}\r\n"},
		{"{\"exec-oob\": \"yank\", \"arguments\": "
		 "{\"instances\": []}}",
		 RETURN("{}")},
		{"{\"execute\": \"yank\", \"arguments\": "
		 "{\"instances\": []}}",
		 RETURN("{}")},
	};
	size_t i;

	start_oob();
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		asks(lines[i].line, lines[i].answer);
	client_stop(&c);
}
END_TEST

#define YANK_NONE \
	"{\"exec-oob\": \"yank\", \"arguments\": {\"instances\": []}, " \
	"\"id\": \"first\"}"

/* One command takes its time; yank overtakes what waits for that. */
START_TEST(test_what_overtakes)
{
	static struct monitor_call slow;
	struct monitor *mon;
	unsigned i;

	start_oob();
	mon = client_monitor(&c);
	mon->busy = &slow;
	asks(QUERY, "");
	asks("{\"execute\": \"no\", \"id\": 1}", "");
	asks(YANK_NONE, "{\"return\": {}, \"id\": \"first\"}\r\n");
	ck_assert_ptr_eq(mon->busy, &slow);
	asks("{\"execute\": 5}",
	     GENERIC("QMP input member 'execute' must be a string"));
	mon->busy = NULL;
	asks("{\"execute\": \"no\", \"id\": 2}",
	     QUERIED "{\"id\": 1, \"error\": {\"class\": "
		     "\"CommandNotFound\", \"desc\": \"The command no has "
		     "not been found\"}}\r\n"
		     "{\"id\": 2, \"error\": {\"class\": "
		     "\"CommandNotFound\", \"desc\": \"The command no has "
		     "not been found\"}}\r\n");
	/* There is an end to what waits. */
	mon->busy = &slow;
	for (i = 0; i < 8; i++)
		asks(QUERY, "");
	asks(YANK_NONE, "");
	mon->busy = NULL;
	chardev_accept_input(&mon->end);
	ck_assert_ptr_nonnull(strstr(client_hear(&c), "\"first\"}\r\n"));
	client_stop(&c);
}
END_TEST

START_TEST(test_id_is_given_back)
{
	start();
	asks("{\"execute\": \"query-status\", \"id\": 7}",
	     "{\"return\": " STATUS "\"running\": false}, \"id\": 7}\r\n");
	asks("{\"id\": {\"a\": [1, null]}, \"execute\": \"query-status\"}",
	     "{\"return\": " STATUS
	     "\"running\": false}, \"id\": {\"a\": [1, null]}}\r\n");
	asks("{\"execute\": \"query-status\", \"id\": null}",
	     "{\"return\": " STATUS "\"running\": false}, \"id\": null}\r\n");
	asks("{\"execute\": \"no\", \"id\": \"x\"}",
	     "{\"id\": \"x\", \"error\": {\"class\": \"CommandNotFound\", "
	     "\"desc\": \"The command no has not been found\"}}\r\n");
	asks("{\"id\": 1}", "{\"id\": 1, \"error\": {\"class\": "
			    "\"GenericError\", \"desc\": \"QMP input lacks "
			    "member 'execute'\"}}\r\n");
	client_stop(&c);
}
END_TEST

/* The words are those of qemu 7.2: clients look at them. */
START_TEST(test_what_is_refused)
{
	static const struct {
		const char *line, *answer;
	} bad[] = {
		{"[1,2]", GENERIC("QMP input must be a JSON object")},
		{"5", GENERIC("QMP input must be a JSON object")},
		{"\"str\"", GENERIC("QMP input must be a JSON object")},
		{"false", GENERIC("QMP input must be a JSON object")},
		{"{}", GENERIC("QMP input lacks member 'execute'")},
		{"{\"foo\": 1}", GENERIC("QMP input member 'foo' is "
					 "unexpected")},
		{"{\"exec-oob\": \"x\"}",
		 GENERIC("QMP input member 'exec-oob' is unexpected")},
		{"{\"execute\": 5}",
		 GENERIC("QMP input member 'execute' must be a string")},
		{"{\"execute\": \"stop\", \"arguments\": 5}",
		 GENERIC("QMP input member 'arguments' must be an object")},
		{"{\"execute\": \"stop\", \"arguments\": {\"a\": 1}}",
		 GENERIC("Parameter 'a' is unexpected")},
		{"{\"execute\": \"human-monitor-command\"}",
		 GENERIC("Parameter 'command-line' is missing")},
		{"{\"execute\": \"human-monitor-command\", \"arguments\": "
		 "{\"command-line\": 5}}",
		 GENERIC("Invalid parameter type for 'command-line', "
			 "expected: string")},
		{"{\"execute\": \"human-monitor-command\", \"arguments\": "
		 "{\"command-line\": \"stop\", \"cpu-index\": \"x\"}}",
		 GENERIC("Invalid parameter type for 'cpu-index', expected: "
			 "integer")},
		{"{\"execute\": \"nope\"}",
		 UNKNOWN("The command nope has not been found")},
		{"{\"a\": 1, \"a\": 2}",
		 GENERIC("JSON parse error, duplicate key")},
		{"{\"execute\": \"stop\",}", GENERIC(EXPECTING)},
		{"{\"execute\":}", GENERIC(EXPECTING)},
		{"{\"execute\" \"stop\"}", GENERIC(EXPECTING)},
		{"{1: 2}", GENERIC(EXPECTING)},
		{"[}", GENERIC(EXPECTING)},
		{"}", GENERIC(EXPECTING)},
		{"]", GENERIC(EXPECTING)},
		{":", GENERIC(EXPECTING)},
		{"{\"execute\": \"a\\u0000b\"}", GENERIC(EXPECTING)},
		{"{\"execute\": \"\\ud800\"}", GENERIC(EXPECTING)},
		{"{\"execute\": \"\xc3\x28\"}", GENERIC(EXPECTING)},
		{"{\"id\": 1e999}", GENERIC(EXPECTING)},
		{"junk", GENERIC("JSON parse error, invalid keyword 'junk'")},
		{"-", GENERIC("JSON parse error, invalid keyword '-'")},
		{"#", GENERIC("JSON parse error, stray '#'")},
		{"\xff", GENERIC("JSON parse error, stray byte 0xff")},
		{"{\"a\": \x01", GENERIC("JSON parse error, stray byte 0x01")},
		{"{\"a", GENERIC("JSON parse error, stray byte 0x0a")},
		{"{\"a\\", GENERIC("JSON parse error, stray byte 0x0a")},
	};
	size_t i;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		asks(bad[i].line, bad[i].answer);
		/* And the next is understood. */
		client_ask(&c, "");
		asks(QUERY, QUERIED);
	}
	client_stop(&c);
}
END_TEST

START_TEST(test_between_and_within_values)
{
	start();
	asks(QUERY QUERY " \t\r\n " QUERY, QUERIED QUERIED QUERIED);
	asks(QUERY " xx " QUERY,
	     QUERIED GENERIC("JSON parse error, invalid keyword 'xx'") QUERIED);
	asks("xx" QUERY,
	     GENERIC("JSON parse error, invalid keyword 'xx'") QUERIED);
	asks("#\xff" QUERY,
	     GENERIC("JSON parse error, stray '#'")
		     GENERIC("JSON parse error, stray byte 0xff") QUERIED);
	asks("{\"execute\"\n:\r\n\t\"query-status\"\n}", QUERIED);
	asks("{'execute': 'query-status'}", QUERIED);
	asks("{'execute': 'it\\'s \"it\"'}",
	     UNKNOWN("The command it's \\\"it\\\" has not been found"));
	asks("{\"execute\": \"\\u0071uery-status\"}", QUERIED);
	asks("{\"execute\": \"}]{\\\"\"}",
	     UNKNOWN("The command }]{\\\" has not been found"));
	/* What follows a byte that cannot be is dropped with its line. */
	asks("{\"a\": [#, {\"execute\": \"stop\"}]}\n" QUERY,
	     GENERIC("JSON parse error, stray '#'") QUERIED);
	client_stop(&c);
}
END_TEST

START_TEST(test_byte_by_byte)
{
	static const char text[] = " {'id': [1,\"\\\"}\"], \"execute\": "
				   "\"query-status\"}\r\n";
	size_t i;

	start();
	for (i = 0; i < sizeof(text) - 1; i++) {
		client_send(&c, text + i, 1);
		if (text[i] != '\n' && text[i] != '\r' && i < sizeof(text) - 4)
			ck_assert_str_eq(client_hear(&c), "");
	}
	ck_assert_str_eq(client_hear(&c),
			 "{\"return\": " STATUS
			 "\"running\": false}, \"id\": [1, \"\\\"}\"]}\r\n");
	client_stop(&c);
}
END_TEST

START_TEST(test_deep_nesting)
{
	char *deep = malloc(20001);

	start();
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	deep[2000] = 0;
	asks(deep, GENERIC("QMP input must be a JSON object"));
	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	deep[20000] = 0;
	asks(deep, GENERIC("JSON nesting depth limit exceeded"));
	asks(QUERY, QUERIED);
	for (deep[0] = 0; strlen(deep) < 19990;)
		memcpy(deep + strlen(deep), "{\"a\":", 6);
	asks(deep, GENERIC("JSON nesting depth limit exceeded"));
	asks(QUERY, QUERIED);
	client_stop(&c);
	free(deep);
}
END_TEST

START_TEST(test_huge_strings)
{
	size_t len = 3u << 20;
	char *huge = malloc(len + 100);
	const char *got;

	start();
	/* Below the limit: the name is cut in the reply. */
	memset(huge, 'x', 500000);
	memcpy(huge, "{\"execute\": \"", 13);
	memcpy(huge + 500000, "\"}", 3);
	got = client_ask(&c, huge);
	ck_assert_msg(strstr(got, "xxx has not been found\"}}") != NULL, "%s",
		      got);
	ck_assert_uint_lt(strlen(got), 300);
	/* Above it: forgotten, up to the line's end. */
	memset(huge, 'x', len);
	memcpy(huge, "{\"execute\": \"", 13);
	memcpy(huge + len, "\"}", 3);
	asks(huge, GENERIC("JSON token size limit exceeded"));
	asks(QUERY, QUERIED);
	memset(huge, '7', len);
	huge[len] = 0;
	asks(huge, GENERIC("JSON token size limit exceeded"));
	asks(QUERY, QUERIED);
	/* Blanks and new lines without end cost nothing. */
	memset(huge, '\n', len);
	asks(huge, "");
	memset(huge, ' ', len);
	asks(huge, "");
	memcpy(huge, "[#", 2);
	asks(huge, GENERIC("JSON parse error, stray '#'"));
	ck_assert_uint_le(client_monitor(&c)->in.size, 16384);
	asks(QUERY, QUERIED);
	client_stop(&c);
	free(huge);
}
END_TEST

/* No half of a character is shown, and replies are plain ASCII. */
START_TEST(test_names_are_cut_between_characters)
{
	char line[400];
	const char *got;
	int pad;

	start();
	for (pad = 116; pad < 122; pad++) {
		snprintf(line, sizeof(line),
			 "{\"execute\": \"%*s\xf0\x9f\x98\x80\xc3\xa9 end\"}",
			 pad, "x");
		got = client_ask(&c, line);
		ck_assert_ptr_nonnull(strstr(got, " has not been found\"}}"));
		ck_assert_ptr_null(strchr(got, '?'));
		ck_assert_ptr_null(strstr(got, "end"));
		snprintf(line, sizeof(line),
			 "{\"%*s\xf0\x9f\x98\x80\xc3\xa9 end\": 1}", pad, "x");
		got = client_ask(&c, line);
		ck_assert_ptr_nonnull(strstr(got, "' is unexpected\"}}"));
		ck_assert_ptr_null(strchr(got, '?'));
	}
	asks("{\"execute\": \"\xc3\xa9\"}",
	     UNKNOWN("The command \\u00E9 has not been found"));
	client_stop(&c);
}
END_TEST

static struct monitor_call *slow;

static void run_slow(struct monitor_call *call)
{
	slow = call;
}

static const struct monitor_cmd slow_cmd = {.qmp = "slow", .run = run_slow};

/* What comes meanwhile waits, and then is done in its order. */
START_TEST(test_a_command_that_takes_its_time)
{
	struct monitor *mon;
	json_t *id;

	start();
	mon = client_monitor(&c);
	id = json_integer(5);
	monitor_start(&c.m, mon, &slow_cmd, NULL, id, 0, NULL);
	json_decref(id);
	mon->end.user->read(mon, (const uint8_t *)QUERY, sizeof(QUERY) - 1);
	asks(QUERY, "");
	monitor_event(&c.m, "STOP", NULL);
	ck_assert_ptr_nonnull(strstr(client_hear(&c), "STOP"));
	monitor_done(slow, json_integer(1));
	ck_assert_str_eq(client_hear(&c),
			 "{\"return\": 1, \"id\": 5}\r\n" QUERIED QUERIED);
	/* What was read already needs no more input to be done. */
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	mon->end.user->read(mon, (const uint8_t *)QUERY, sizeof(QUERY) - 1);
	monitor_done(slow, NULL);
	ck_assert_str_eq(client_hear(&c), RETURN("{}") QUERIED);
	/* The client goes before it ends. */
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	close(c.fd);
	c.fd = -1;
	loop_turn(c.m.loop, 0);
	loop_turn(c.m.loop, 0);
	monitor_fail(slow, "GenericError", "too late");
	/* The monitor goes before it ends. */
	monitor_start(&c.m, mon, &slow_cmd, NULL, NULL, 0, NULL);
	client_stop(&c);
	monitor_done(slow, NULL);
}
END_TEST

START_TEST(test_human_monitor_command)
{
#define HUMAN(line) \
	"{\"execute\": \"human-monitor-command\", \"arguments\": " \
	"{\"command-line\": \"" line "\"}}"
	start();
	asks(HUMAN("foo"), RETURN("\"unknown command: 'foo'\\r\\n\""));
	asks(HUMAN("info status"),
	     RETURN("\"VM status: paused (prelaunch)\\r\\n\""));
	asks(HUMAN("print 1 2"),
	     RETURN("\"print|p: extraneous characters at the end of line\\r\\n"
		    "Try \\\"help print\\\" for more information\\r\\n\""));
	asks(HUMAN("  "), RETURN("\"\""));
	asks(HUMAN("help info foo \xc3\xa9"),
	     RETURN("\"unknown command: 'info foo \\u00E9'\\r\\n\""));
	/* 63 bytes of a name are kept: the last character is cut. */
	asks(HUMAN("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		   "xxxx\xc3\xa9"),
	     RETURN("\"unknown command: "
		    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxx?'\\r\\n\""));
	client_stop(&c);
}
END_TEST

START_TEST(test_a_client_that_does_not_read)
{
	static const char line[] = "{\"execute\": \"query-commands\"}\n";
	struct monitor *mon;
	const char *got;
	size_t i, sent, n = 0;

	start();
	mon = client_monitor(&c);
	for (i = sent = 0; i < 5000; i++) {
		sent += send(c.fd, line, sizeof(line) - 1, MSG_DONTWAIT) > 0;
		loop_turn(c.m.loop, 0);
	}
	ck_assert(chardev_is_stalled(&mon->end));
	ck_assert_uint_lt(mon->in.len, 8192);
	/* No reply is lost, and none is cut. */
	for (i = 0; i < 1000 && *(got = client_hear(&c)); i++)
		for (; (got = strstr(got, "}\r\n")); got++)
			n++;
	ck_assert_uint_eq(n, sent);
	asks(QUERY, QUERIED);
	client_stop(&c);
}
END_TEST

START_TEST(test_a_new_client_begins_anew)
{
	start();
	client_send(&c, "{\"execute\": [", 13);
	client_hear(&c);
	monitor_start(&c.m, client_monitor(&c), &slow_cmd, NULL, NULL, 0, NULL);
	client_monitor(&c)->end.user->event(client_monitor(&c), CHARDEV_CLOSED);
	client_monitor(&c)->end.user->event(client_monitor(&c), CHARDEV_OPENED);
	ck_assert_ptr_nonnull(strstr(client_hear(&c), "{\"QMP\": "));
	monitor_done(slow, NULL); /* its client has gone */
	ck_assert_str_eq(client_hear(&c), "");
	asks(QUERY, UNKNOWN("Expecting capabilities negotiation with "
			    "'qmp_capabilities'"));
	client_stop(&c);
}
END_TEST

UNIT_MAIN("qmp", test_greeting, test_capabilities_come_first, test_exec_oob,
	  test_what_overtakes, test_id_is_given_back, test_what_is_refused,
	  test_between_and_within_values, test_byte_by_byte, test_deep_nesting,
	  test_huge_strings, test_names_are_cut_between_characters,
	  test_a_command_that_takes_its_time, test_human_monitor_command,
	  test_a_client_that_does_not_read, test_a_new_client_begins_anew)
