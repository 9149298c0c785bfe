/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code for AML methods, from text. */
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "hw/aml.h"

#define WORD_MAX     64
#define WAIT_FOREVER 0xffff /* the timeout of Acquire */

struct text {
	struct aml *aml;
	const char *at;
	char word[WORD_MAX];
	va_list args;
};

struct mnemonic {
	const char *word;
	uint16_t op;
	bool body;
	void (*operands)(struct text *t); /* that are no terms */
};

/* The next word, or false at the end.  Braces need no space around them. */
static bool next(struct text *t)
{
	size_t len;

	t->at += strspn(t->at, " \t\n");
	len = strcspn(t->at, " \t\n{}");
	if (len == 0 && *t->at)
		len = 1;
	assert(len < WORD_MAX);
	memcpy(t->word, t->at, len);
	t->word[len] = 0;
	t->at += len;
	return len > 0;
}

static void operand_path(struct text *t)
{
	next(t);
	aml_path(t->aml,
		 strcmp(t->word, "%s") ? t->word : va_arg(t->args, char *));
}

/* The mutex, and how long to wait for it. */
static void acquire_operands(struct text *t)
{
	operand_path(t);
	blob_add_le(t->aml->blob, WAIT_FOREVER, sizeof(uint16_t));
}

/* Name, number of arguments, perhaps "serialized". */
static void method_operands(struct text *t)
{
	unsigned flags;

	operand_path(t);
	next(t);
	flags = strtoul(t->word, NULL, 10);
	next(t);
	if (!strcmp(t->word, "serialized"))
		flags |= AML_SERIALIZED;
	blob_add_u8(t->aml->blob, flags);
}

/* Sorted by word. */
static const struct mnemonic mnemonics[] = {
	{.word = "Arg0", .op = AML_ARG0},
	{.word = "Arg1", .op = AML_ARG1},
	{.word = "Arg2", .op = AML_ARG2},
	{.word = "Local0", .op = AML_LOCAL0},
	{.word = "Local1", .op = AML_LOCAL1},
	{.word = "acquire", .op = AML_ACQUIRE, .operands = acquire_operands},
	{.word = "add", .op = AML_ADD},
	{.word = "and", .op = AML_AND},
	{.word = "break", .op = AML_BREAK},
	{.word = "dword-field", .op = AML_CREATE_DWORD_FIELD},
	{.word = "else", .op = AML_ELSE, .body = true},
	{.word = "equal", .op = AML_LEQUAL},
	{.word = "if", .op = AML_IF, .body = true},
	{.word = "less", .op = AML_LLESS},
	{.word = "method",
	 .op = AML_METHOD,
	 .body = true,
	 .operands = method_operands},
	{.word = "none", .op = AML_ZERO},
	{.word = "not", .op = AML_LNOT},
	{.word = "notify", .op = AML_NOTIFY},
	{.word = "or", .op = AML_OR},
	{.word = "release", .op = AML_RELEASE},
	{.word = "return", .op = AML_RETURN},
	{.word = "shift-left", .op = AML_SHIFT_LEFT},
	{.word = "store", .op = AML_STORE},
	{.word = "while", .op = AML_WHILE, .body = true},
};

static int compare(const void *word, const void *mnemonic)
{
	return strcmp(word, ((const struct mnemonic *)mnemonic)->word);
}

static bool put_mnemonic(struct text *t)
{
	const struct mnemonic *m =
		bsearch(t->word, mnemonics,
			sizeof(mnemonics) / sizeof(*mnemonics),
			sizeof(*mnemonics), compare);

	if (!m)
		return false;
	if (m->body)
		aml_open(t->aml, m->op);
	else
		aml_op(t->aml, m->op);
	if (m->operands)
		m->operands(t);
	return true;
}

static void put_word(struct text *t)
{
	if (!strcmp(t->word, "{"))
		return;
	if (!strcmp(t->word, "}"))
		aml_close(t->aml);
	else if (!strcmp(t->word, "%u"))
		aml_int(t->aml, va_arg(t->args, unsigned));
	else if (!strcmp(t->word, "%s"))
		aml_path(t->aml, va_arg(t->args, char *));
	else if (isdigit((unsigned char)t->word[0]))
		aml_int(t->aml, strtoul(t->word, NULL, 10));
	else if (!put_mnemonic(t))
		aml_path(t->aml, t->word);
}

void aml_text(struct aml *a, const char *fmt, ...)
{
	unsigned depth = a->depth;
	struct text t = {.aml = a, .at = fmt};

	va_start(t.args, fmt);
	while (next(&t))
		put_word(&t);
	va_end(t.args);
	assert(a->depth == depth); /* each brace has its partner */
}
