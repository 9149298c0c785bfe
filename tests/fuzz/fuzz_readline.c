/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes line editing; lines have no control characters and an end. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/readline.h"

static void on_print(void *ctx, const char *buf, size_t len)
{
	size_t *printed = ctx;

	if (len && buf[len - 1] == (char)0x80)
		*printed += 1; /* reads to the end, for the sanitizer */
	*printed += len;
}

static void on_line(void *ctx, const char *line)
{
	size_t len = strlen(line), i;

	if (len > 4095)
		abort();
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			abort();
}

static void on_complete(void *ctx, const char *line,
			void (*add)(void *, const char *), void *to)
{
	size_t len = strlen(line), i;

	for (i = 0; i < (len * 7) % 300; i++)
		add(to, i % 3 ? "word" : len % 2 ? line : "words");
}

static const struct readline_user user = {
	.print = on_print,
	.line = on_line,
	.complete = on_complete,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t printed = 0, i;
	struct readline *rl = readline_make(&user, &printed, "> ");

	readline_show_prompt(rl);
	for (i = 0; i < size; i++)
		readline_byte(rl, data[i]);
	readline_free(rl);
	return 0;
}
