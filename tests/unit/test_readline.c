/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line editing, on a screen that understands what it is sent. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/readline.h"

#define UP	"\x1b[A"
#define DOWN	"\x1b[B"
#define RIGHT	"\x1b[C"
#define LEFT	"\x1b[D"
#define COLUMNS 8192

/* One row is enough: what is above it has scrolled away. */
static char row[COLUMNS + 1];
static size_t column;
static char line[5000]; /* entered last */
static unsigned lines;
static size_t printed;
static struct readline *rl;

static void put_char(char c)
{
	size_t len = strlen(row);

	if (c == '\r') {
		column = 0;
	} else if (c == '\n') {
		row[0] = 0;
	} else {
		ck_assert_uint_lt(column, COLUMNS);
		if (column == len)
			row[len + 1] = 0;
		ck_assert_uint_le(column, len);
		row[column++] = c;
	}
}

/* ESC [ n and a letter; returns what follows. */
static const char *control(const char *s)
{
	size_t n = 1;
	char *end;

	ck_assert_int_eq(*s, '[');
	s++;
	if (isdigit((unsigned char)*s)) {
		n = strtoul(s, &end, 10);
		s = end;
	}
	switch (*s) {
	case 'D':
		ck_assert_uint_ge(column, n);
		column -= n;
		break;
	case 'C':
		column += n;
		ck_assert_uint_le(column, strlen(row));
		break;
	case 'K':
		row[column] = 0;
		break;
	case 'J':
		row[0] = 0;
		break;
	case 'H':
		column = 0;
		break;
	default:
		ck_abort_msg("sequence ends with %c", *s);
	}
	return s + 1;
}

static void on_print(void *ctx, const char *buf, size_t len)
{
	char *text = strndup(buf, len);
	const char *s = text;

	printed += len;
	while (*s) {
		if (*s == '\x1b')
			s = control(s + 1);
		else
			put_char(*s++);
	}
	free(text);
}

static void on_line(void *ctx, const char *text)
{
	snprintf(line, sizeof(line), "%s", text);
	lines++;
	readline_show_prompt(rl);
}

static const char *const words[] = {"stop", "status", "system_reset",
				    "system_powerdown", NULL};

static void on_complete(void *ctx, const char *head,
			void (*add)(void *, const char *), void *to)
{
	const char *last = strrchr(head, ' ');
	size_t i;

	last = last ? last + 1 : head;
	if (!strcmp(last, "many"))
		for (i = 0; i < 1000; i++)
			add(to, "many-words");
	if (!strcmp(last, "rude"))
		add(to, "x");
	for (i = 0; words[i]; i++)
		if (!strncmp(words[i], last, strlen(last)))
			add(to, words[i]);
}

static const struct readline_user user = {
	.print = on_print,
	.line = on_line,
	.complete = on_complete,
};

static void start(void)
{
	rl = readline_make(&user, NULL, "> ");
	ck_assert_ptr_nonnull(rl);
	readline_show_prompt(rl);
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		readline_byte(rl, (uint8_t)*keys);
}

/* The row, with | where the cursor is. */
static void shows(const char *want)
{
	char got[COLUMNS + 2];

	snprintf(got, sizeof(got), "%.*s|%s", (int)column, row, row + column);
	ck_assert_str_eq(got, want);
}

/* Enters keys and compares the line there is then. */
static void gives(const char *keys, const char *want)
{
	unsigned before = lines;

	type(keys);
	type("\r");
	ck_assert_uint_eq(lines, before + 1);
	ck_assert_str_eq(line, want);
	shows("> |");
}

START_TEST(test_typing)
{
	start();
	shows("> |");
	type("info");
	shows("> info|");
	gives(" pci", "info pci");
	gives("", "");
	type("with a new line\n");
	ck_assert_str_eq(line, "with a new line");
	/* Each byte is printed once. */
	printed = 0;
	type("abcdef");
	ck_assert_uint_eq(printed, 6);
	readline_free(rl);
	readline_free(NULL);
}
END_TEST

START_TEST(test_moving)
{
	static const struct {
		const char *keys, *screen;
	} moves[] = {
		{"\x01", "> |one two  three"},
		{"\x02", "> |one two  three"},
		{LEFT, "> |one two  three"},
		{"\x06", "> o|ne two  three"},
		{RIGHT, "> on|e two  three"},
		{"\x02", "> o|ne two  three"},
		{"\x1b"
		 "f",
		 "> one| two  three"},
		{"\x1b"
		 "f",
		 "> one two|  three"},
		{"\x1b"
		 "f",
		 "> one two  three|"},
		{"\x1b"
		 "f" RIGHT "\x06",
		 "> one two  three|"},
		{"\x1b"
		 "b",
		 "> one two  |three"},
		{"\x1b"
		 "b",
		 "> one |two  three"},
		{"\x1b[H", "> |one two  three"},
		{"\x1b[F", "> one two  three|"},
		{"\x1b[1~", "> |one two  three"},
		{"\x1b[4~", "> one two  three|"},
		{"\x1b[7~", "> |one two  three"},
		{"\x1b[8~", "> one two  three|"},
		{"\x1bOH", "> |one two  three"},
		{"\x1bOF", "> one two  three|"},
		{"\x1bOD", "> one two  thre|e"},
		{"\x05", "> one two  three|"},
		{"\x0c", "> one two  three|"},
		{LEFT LEFT "\x0c", "> one two  thr|ee"},
	};
	size_t i;

	start();
	type("one two  three");
	for (i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
		type(moves[i].keys);
		shows(moves[i].screen);
	}
	gives("X", "one two  thrXee");
	readline_free(rl);
}
END_TEST

START_TEST(test_deleting)
{
	static const struct {
		const char *keys, *screen;
	} edits[] = {
		{"\x7f", "> one two thre|"},
		{"\x08", "> one two thr|"},
		{"\x04", "> one two thr|"},
		{"\x1b[3~", "> one two thr|"},
		{LEFT LEFT "\x04", "> one two t|r"},
		{"\x1b[3~", "> one two t|"},
		{"\x17", "> one two |"},
		{"\x17", "> one |"},
		{"abc def" LEFT LEFT LEFT "\x17", "> one |def"},
		{LEFT "\x0b", "> one|"},
		{"\x01\x7f\x17", "> |one"},
		{"\x1b"
		 "d",
		 "> |"},
		{"\x1b"
		 "d\x0b\x15",
		 "> |"},
		{"two three" LEFT LEFT "\x15", "> |ee"},
		{"x", "> x|ee"},
	};
	size_t i;

	start();
	type("one two three");
	for (i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		type(edits[i].keys);
		shows(edits[i].screen);
	}
	gives("", "xee");
	readline_free(rl);
}
END_TEST

START_TEST(test_history)
{
	start();
	type(UP DOWN "\x10\x0e");
	shows("> |");
	gives("first", "first");
	gives("second one", "second one");
	gives("second one", "second one"); /* kept once */
	gives("", "");
	type(UP);
	shows("> second one|");
	type(UP UP UP);
	shows("> first|");
	type(DOWN);
	shows("> second one|");
	type(DOWN DOWN);
	shows("> |");
	type("\x10\x10");
	shows("> first|");
	gives(" edited", "first edited");
	type("\x1bOA\x1bOA\x1bOA\x1bOB");
	shows("> second one|");
	/* What is edited there does not change what was. */
	type("XX" UP DOWN);
	shows("> second one|");
	readline_free(rl);
}
END_TEST

START_TEST(test_history_is_bounded)
{
	char text[20];
	unsigned i;

	start();
	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		gives(text, text);
	}
	for (i = 0; i < 1000; i++)
		type(UP);
	shows("> line 936|");
	readline_free(rl);
}
END_TEST

START_TEST(test_completion)
{
	start();
	type("sto\t");
	shows("> stop |");
	type("\x15x sys\t");
	shows("> x system_|");
	type("\t"); /* several: they are listed, and the line again */
	shows("> x system_|");
	type("r\t");
	shows("> x system_reset |");
	type("\x15none\t");
	shows("> none|");
	/* In the middle of a line. */
	type("\x15"
	     "a sta b" LEFT LEFT "\t");
	shows("> a status | b");
	gives("", "a status  b");
	/* Nothing but words that do not fit, and far too many of them. */
	type("rude\t");
	type("\x15many\t\t\t");
	gives("", "many-words");
	readline_free(rl);
}
END_TEST

START_TEST(test_sequences_that_are_not_known)
{
	start();
	type("ab\x1b[1;5C"
	     "c\x1b[5~\x1b[24~d\x1b[Z\x1b[?25l\x1b[0 q\x1bOP"
	     "e\x1bZ\x1b[<0;1;1M"
	     "f\x02\x03\x07\x1c\x1f");
	shows("> abcde|f");
	type("\x1b[99999999999999999999~g");
	gives("", "abcdegf");
	readline_free(rl);
}
END_TEST

START_TEST(test_long_lines)
{
	char text[10001];

	start();
	memset(text, 'x', sizeof(text) - 1);
	text[10000] = 0;
	type(text);
	ck_assert_uint_eq(strlen(row), 2 + 4095);
	type("\x01y\x02\x04z");
	type(UP DOWN);
	text[4095] = 0;
	type("\x05\x15");
	shows("> |");
	printed = 0;
	type(text);
	/* Not for each byte the whole line again. */
	ck_assert_uint_lt(printed, 10000);
	gives("more", text);
	type(UP LEFT LEFT "\t\t\x17");
	shows("> |xx");
	readline_free(rl);
}
END_TEST

/* Whatever comes, the screen shows the line with its cursor. */
START_TEST(test_hostile_bytes)
{
	static const char keys[] = "\x01\x02\x04\x05\x06\x08\x0b\x0c\x0e\x10"
				   "\x15\x17\x7f\x1b[OABCDHF~0123456789;bfd"
				   " sy\t\t";
	unsigned i;

	start();
	srand(1);
	for (i = 0; i < UNIT_ROUNDS(200000); i++) {
		uint8_t c = (uint8_t)(rand() % 3 ? keys[(size_t)rand() %
							(sizeof(keys) - 1)]
						 : rand());

		readline_byte(rl, c);
		ck_assert_int_eq(strncmp(row, "> ", 2), 0);
	}
	type("\x18\x18\x18\x05\x15");
	gives("fine", "fine");
	readline_free(rl);
}
END_TEST

UNIT_MAIN("readline", test_typing, test_moving, test_deleting, test_history,
	  test_history_is_bounded, test_completion,
	  test_sequences_that_are_not_known, test_long_lines,
	  test_hostile_bytes)
