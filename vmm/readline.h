/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line editing for people: cursor, history, completion. */
#ifndef VMM_READLINE_H
#define VMM_READLINE_H

#include <stddef.h>
#include <stdint.h>

struct monitor;
struct readline;

/* What a line editor is for. */
struct readline_user {
	void (*print)(void *ctx, const char *buf, size_t len);
	void (*line)(void *ctx, const char *line);
	/* Calls add with each word that line[0..cursor) may go on with. */
	void (*complete)(void *ctx, const char *line,
			 void (*add)(void *to, const char *word), void *to);
};

struct readline *readline_make(const struct readline_user *user, void *ctx,
			       const char *prompt);
/* One whose user is an HMP monitor. */
struct readline *readline_new(struct monitor *mon);
void readline_free(struct readline *rl);
void readline_show_prompt(struct readline *rl);
/* Instead of the prompt: the next line is not shown, nor remembered. */
void readline_ask_secret(struct readline *rl, const char *question);
/* Line n of the history, the oldest first; NULL: there is none. */
const char *readline_history(const struct readline *rl, unsigned n);
void readline_byte(struct readline *rl, uint8_t c);

#endif
