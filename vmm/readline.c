/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line editing for people: cursor, history, completion. */
#include "vmm/readline.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 4095
#define HISTORY	     64
#define WORDS	     256
#define WORD_MAX     80
#define CTRL(c)	     ((c)&0x1f)
#define ESC	     0x1b
/* ECMA-48, 5.4: what may stand between ESC [ and the byte that ends it. */
#define CSI_PARAM_FIRST 0x20
#define CSI_FINAL_FIRST 0x40
#define DEL		0x7f

struct readline {
	const struct readline_user *user;
	void *ctx;
	const char *prompt;
	char line[LINE_MAX_LEN + 1], shown[LINE_MAX_LEN + 1];
	size_t len, at, shown_len, shown_at;
	char *history[HISTORY];
	unsigned nhistory, browsing; /* nhistory: the line being typed */
	enum { PLAIN, AFTER_ESC, IN_CSI, AFTER_SS3 } state;
	unsigned number; /* in a control sequence */
	bool secret; /* the line is not shown */
};

struct readline *readline_make(const struct readline_user *user, void *ctx,
			       const char *prompt)
{
	struct readline *rl = calloc(1, sizeof(*rl));

	if (!rl)
		return NULL;
	rl->user = user;
	rl->ctx = ctx;
	rl->prompt = prompt;
	return rl;
}

void readline_free(struct readline *rl)
{
	unsigned i;

	if (!rl)
		return;
	for (i = 0; i < rl->nhistory; i++)
		free(rl->history[i]);
	free(rl);
}

static void print(struct readline *rl, const char *text)
{
	rl->user->print(rl->ctx, text, strlen(text));
}

static void move(struct readline *rl, size_t from, size_t to)
{
	char text[32];

	if (from == to)
		return;
	snprintf(text, sizeof(text), "\x1b[%zu%c",
		 from > to ? from - to : to - from, from > to ? 'D' : 'C');
	print(rl, text);
}

/* Brings what is shown up to date with what there is: from where it differs. */
static void refresh(struct readline *rl)
{
	size_t same = 0;

	while (same < rl->len && same < rl->shown_len &&
	       rl->line[same] == rl->shown[same])
		same++;
	if (same < rl->len || same < rl->shown_len) {
		move(rl, rl->shown_at, same);
		rl->user->print(rl->ctx, rl->line + same, rl->len - same);
		if (rl->len < rl->shown_len)
			print(rl, "\x1b[K");
		memcpy(rl->shown + same, rl->line + same, rl->len - same);
		rl->shown_len = rl->shown_at = rl->len;
	}
	move(rl, rl->shown_at, rl->at);
	rl->shown_at = rl->at;
}

void readline_show_prompt(struct readline *rl)
{
	rl->len = rl->at = rl->shown_len = rl->shown_at = 0;
	rl->browsing = rl->nhistory;
	rl->state = PLAIN;
	rl->secret = false;
	print(rl, rl->prompt);
}

void readline_ask_secret(struct readline *rl, const char *question)
{
	rl->len = rl->at = 0;
	rl->secret = true;
	print(rl, question);
}

static void insert(struct readline *rl, const char *text, size_t n)
{
	if (rl->len + n > LINE_MAX_LEN)
		return;
	memmove(rl->line + rl->at + n, rl->line + rl->at, rl->len - rl->at);
	memcpy(rl->line + rl->at, text, n);
	rl->len += n;
	rl->at += n;
}

static void delete_range(struct readline *rl, size_t from, size_t to)
{
	memmove(rl->line + from, rl->line + to, rl->len - to);
	rl->len -= to - from;
	rl->at = from;
}

static size_t word_left(const struct readline *rl)
{
	size_t at = rl->at;

	while (at && isspace((unsigned char)rl->line[at - 1]))
		at--;
	while (at && !isspace((unsigned char)rl->line[at - 1]))
		at--;
	return at;
}

static size_t word_right(const struct readline *rl)
{
	size_t at = rl->at;

	while (at < rl->len && isspace((unsigned char)rl->line[at]))
		at++;
	while (at < rl->len && !isspace((unsigned char)rl->line[at]))
		at++;
	return at;
}

static void browse(struct readline *rl, int step)
{
	const char *text = "";

	if (step < 0 ? !rl->browsing : rl->browsing >= rl->nhistory)
		return;
	rl->browsing = (unsigned)((int)rl->browsing + step);
	if (rl->browsing < rl->nhistory)
		text = rl->history[rl->browsing];
	rl->len = rl->at = strlen(text);
	memcpy(rl->line, text, rl->len);
}

static void remember(struct readline *rl, const char *line)
{
	char *copy;

	if (!*line ||
	    (rl->nhistory && !strcmp(rl->history[rl->nhistory - 1], line)))
		return;
	copy = strdup(line);
	if (!copy)
		return;
	if (rl->nhistory == HISTORY) {
		free(rl->history[0]);
		memmove(rl->history, rl->history + 1,
			(HISTORY - 1) * sizeof(*rl->history));
		rl->nhistory--;
	}
	rl->history[rl->nhistory++] = copy;
}

const char *readline_history(const struct readline *rl, unsigned n)
{
	return n < rl->nhistory ? rl->history[n] : NULL;
}

static void enter(struct readline *rl)
{
	char line[LINE_MAX_LEN + 1];

	memcpy(line, rl->line, rl->len);
	line[rl->len] = 0;
	print(rl, "\r\n");
	rl->len = rl->at = 0;
	if (!rl->secret)
		remember(rl, line);
	rl->secret = false;
	rl->user->line(rl->ctx, line);
}

struct words {
	char word[WORDS][WORD_MAX];
	unsigned n;
};

static void add_word(void *to, const char *word)
{
	struct words *w = to;

	if (w->n < WORDS)
		snprintf(w->word[w->n++], WORD_MAX, "%s", word);
}

static size_t common(const struct words *w)
{
	size_t n = strlen(w->word[0]);
	unsigned i;

	for (i = 1; i < w->n; i++)
		while (strncmp(w->word[0], w->word[i], n) != 0)
			n--;
	return n;
}

static void list_words(struct readline *rl, const struct words *w)
{
	char cell[WORD_MAX + 4];
	unsigned i;

	print(rl, "\r\n");
	for (i = 0; i < w->n; i++) {
		snprintf(cell, sizeof(cell), "%-19s ", w->word[i]);
		print(rl, cell);
		if (i % 4 == 3 || i == w->n - 1)
			print(rl, "\r\n");
	}
	print(rl, rl->prompt);
	rl->shown_len = rl->shown_at = 0;
}

static void complete(struct readline *rl)
{
	char head[LINE_MAX_LEN + 1];
	struct words *w = calloc(1, sizeof(*w));
	size_t start = rl->at, n;

	if (!w)
		return;
	memcpy(head, rl->line, rl->at);
	head[rl->at] = 0;
	while (start && !isspace((unsigned char)head[start - 1]))
		start--;
	rl->user->complete(rl->ctx, head, add_word, w);
	if (w->n) {
		n = common(w);
		if (n > rl->at - start)
			insert(rl, w->word[0] + (rl->at - start),
			       n - (rl->at - start));
		else if (w->n > 1)
			list_words(rl, w);
		if (w->n == 1)
			insert(rl, " ", 1);
	}
	free(w);
}

/* The last byte of ESC [ number, or of ESC O. */
static void sequence(struct readline *rl, uint8_t c)
{
	switch (c) {
	case 'A':
		browse(rl, -1);
		break;
	case 'B':
		browse(rl, 1);
		break;
	case 'C':
		rl->at += rl->at < rl->len;
		break;
	case 'D':
		rl->at -= rl->at > 0;
		break;
	case 'H':
		rl->at = 0;
		break;
	case 'F':
		rl->at = rl->len;
		break;
	case '~':
		if (rl->number == 1 || rl->number == 7)
			rl->at = 0;
		else if (rl->number == 4 || rl->number == 8)
			rl->at = rl->len;
		else if (rl->number == 3 && rl->at < rl->len)
			delete_range(rl, rl->at, rl->at + 1);
		break;
	default:
		break;
	}
}

static void after_escape(struct readline *rl, uint8_t c)
{
	rl->state = PLAIN;
	switch (c) {
	case '[':
		rl->state = IN_CSI;
		rl->number = 0;
		break;
	case 'O':
		rl->state = AFTER_SS3;
		break;
	case 'b':
		rl->at = word_left(rl);
		break;
	case 'f':
		rl->at = word_right(rl);
		break;
	case 'd':
		delete_range(rl, rl->at, word_right(rl));
		break;
	default:
		break;
	}
}

static void plain(struct readline *rl, uint8_t c)
{
	char ch = (char)c;

	switch (c) {
	case CTRL('a'):
		rl->at = 0;
		break;
	case CTRL('e'):
		rl->at = rl->len;
		break;
	case CTRL('b'):
		rl->at -= rl->at > 0;
		break;
	case CTRL('f'):
		rl->at += rl->at < rl->len;
		break;
	case CTRL('p'):
		browse(rl, -1);
		break;
	case CTRL('n'):
		browse(rl, 1);
		break;
	case CTRL('d'):
		if (rl->at < rl->len)
			delete_range(rl, rl->at, rl->at + 1);
		break;
	case CTRL('h'):
	case DEL:
		if (rl->at)
			delete_range(rl, rl->at - 1, rl->at);
		break;
	case CTRL('k'):
		rl->len = rl->at;
		break;
	case CTRL('u'):
		delete_range(rl, 0, rl->at);
		break;
	case CTRL('w'):
		delete_range(rl, word_left(rl), rl->at);
		break;
	case CTRL('l'):
		print(rl, "\x1b[2J\x1b[H");
		print(rl, rl->prompt);
		rl->shown_len = rl->shown_at = 0;
		break;
	case '\t':
		complete(rl);
		break;
	case ESC:
		rl->state = AFTER_ESC;
		break;
	default:
		if (c >= ' ')
			insert(rl, &ch, 1);
	}
}

/* What moves in a line makes no sense in one that is not seen. */
static void secret_byte(struct readline *rl, uint8_t c)
{
	char ch = (char)c;

	if (c == '\r' || c == '\n')
		enter(rl);
	else if (c == CTRL('u'))
		rl->len = rl->at = 0;
	else if (c == DEL || c == CTRL('h'))
		rl->len = rl->at -= rl->at > 0;
	else if (c >= ' ')
		insert(rl, &ch, 1);
}

void readline_byte(struct readline *rl, uint8_t c)
{
	if (rl->secret) {
		secret_byte(rl, c);
		return;
	}
	switch (rl->state) {
	case AFTER_ESC:
		after_escape(rl, c);
		break;
	case IN_CSI:
		if (isdigit(c))
			rl->number = (rl->number * 10 + (c - '0')) % 1000;
		if (c >= CSI_PARAM_FIRST && c < CSI_FINAL_FIRST)
			return;
		rl->state = PLAIN;
		sequence(rl, c);
		break;
	case AFTER_SS3:
		rl->state = PLAIN;
		sequence(rl, c);
		break;
	default:
		if (c == '\r' || c == '\n') {
			enter(rl);
			return;
		}
		plain(rl, c);
	}
	refresh(rl);
}
