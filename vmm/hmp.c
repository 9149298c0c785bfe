/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor: lines, arguments, completion. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/opt.h"
#include "vmm/readline.h"

#define PROMPT	     "(qemu) "
#define NAME_MAX_LEN 64

static void rl_print(void *ctx, const char *buf, size_t len)
{
	monitor_write(ctx, buf, len);
}

/* Text for a terminal: a return before each new line. */
static void write_text(struct monitor *mon, const char *text, size_t len)
{
	const char *nl;

	while (len) {
		nl = memchr(text, '\n', len);
		if (!nl) {
			monitor_write(mon, text, len);
			return;
		}
		monitor_write(mon, text, (size_t)(nl - text));
		monitor_write(mon, "\r\n", 2);
		len -= (size_t)(nl - text) + 1;
		text = nl + 1;
	}
}

static void rl_line(void *ctx, const char *line)
{
	struct monitor *mon = ctx;
	struct text complaint = {0};
	void (*answer)(struct monitor_call *, const char *) = mon->answer;

	mon->answer = NULL;
	if (answer) {
		answer(mon->busy, line);
		return;
	}
	if (!hmp_run_line(mon->m, mon, line, mon->cpu, NULL, &complaint)) {
		if (complaint.len)
			write_text(mon, complaint.buf, complaint.len);
		readline_show_prompt(mon->readline);
	}
	text_free(&complaint);
}

bool monitor_ask_secret(struct monitor_call *call, const char *question,
			void (*answer)(struct monitor_call *call,
				       const char *text))
{
	struct monitor *mon = call->mon;

	if (!mon || !mon->readline)
		return false;
	mon->answer = answer;
	readline_ask_secret(mon->readline, question);
	return true;
}

static void hmp_reply(struct monitor *mon, struct monitor_call *call,
		      json_t *result, const char *class, const char *desc)
{
	if (call->text.len)
		write_text(mon, call->text.buf, call->text.len);
	if (class) {
		write_text(mon, "Error: ", 7);
		write_text(mon, desc, strlen(desc));
		write_text(mon, "\n", 1);
	}
	json_decref(result);
	/* The prompt of the shell follows when this was the last command. */
	if (!mon->m->exiting)
		readline_show_prompt(mon->readline);
}

/* Up to the end of a line. */
static size_t hmp_input(struct monitor *mon, const char *buf, size_t len)
{
	size_t i = 0;

	while (i < len) {
		readline_byte(mon->readline, (uint8_t)buf[i++]);
		if (buf[i - 1] == '\r' || buf[i - 1] == '\n')
			break;
	}
	return i;
}

static void hmp_opened(struct monitor *mon)
{
	static const char qemu[] =
		"QEMU 7.2.0 monitor - type 'help' for more information\r\n";
	static const char ours[] =
		"pcvm " PCVM_VERSION " monitor - type 'help' for more "
		"information\r\n";
	const char *hello = mon->m->program_is_qemu ? qemu : ours;

	if (mon->greeted)
		hello = "\r\n";
	mon->greeted = true;
	monitor_write(mon, hello, strlen(hello));
	readline_show_prompt(mon->readline);
}

static void hmp_closed(struct monitor *mon)
{
}

const struct monitor_ops hmp_ops = {
	.input = hmp_input,
	.opened = hmp_opened,
	.closed = hmp_closed,
	.reply = hmp_reply,
};

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* A command's name is a word; of some, as with "info", two. */
static const struct monitor_cmd *take_name(const char **line, char *name,
					   size_t size)
{
	const char *s = skip_blanks(*line);
	const struct monitor_cmd *cmd, *longer;
	char two[2 * NAME_MAX_LEN];
	size_t n = 0, more;

	while (s[n] && !isspace((unsigned char)s[n]) && s[n] != '/')
		n++;
	snprintf(name, size, "%.*s", (int)(n < size ? n : size - 1), s);
	s += n;
	cmd = monitor_find_hmp(name);
	more = strcspn(skip_blanks(s), " \t");
	*line = s;
	if (!more)
		return cmd;
	s = skip_blanks(s);
	snprintf(two, sizeof(two), "%s %.*s", name,
		 (int)(more < NAME_MAX_LEN ? more : NAME_MAX_LEN - 8), s);
	longer = monitor_find_hmp(two);
	if (!longer && strcmp(name, "info") != 0)
		return cmd;
	snprintf(name, size, "%.*s", (int)size - 1, two);
	*line = s + more;
	return longer;
}

struct parse {
	struct machine *m;
	unsigned cpu;
	const struct monitor_cmd *cmd;
	const char *at;
	json_t *args;
	struct text *complaint;
};

/* "print|p", and of "info pci" the second word. */
static void complain(struct parse *p, const char *what)
{
	const struct monitor_cmd *cmd = p->cmd;
	const char *name = cmd->name;

	if (!strncmp(name, "info ", 5))
		name += 5;
	text_printf(p->complaint, "%s%s%s: %s\n", name, cmd->alias ? "|" : "",
		    cmd->alias ? cmd->alias : "", what);
}

/*
 * A word, or a string in quotes with \ before what is meant as it is; NULL
 * when it is none.
 */
static char *take_word(struct parse *p)
{
	const char *s = skip_blanks(p->at);
	char *out = malloc(strlen(s) + 1), *w = out;
	bool quoted = *s == '"';

	if (!out)
		return NULL;
	s += quoted;
	while (*s && (quoted ? *s != '"' : !isspace((unsigned char)*s))) {
		if (quoted && *s == '\\' && s[1])
			s++;
		*w++ = *s++;
	}
	*w = 0;
	if (quoted && *s != '"') {
		text_printf(p->complaint, "unterminated string\n");
		free(out);
		return NULL;
	}
	p->at = s + quoted;
	return out;
}

static bool missing(struct parse *p, const struct monitor_arg *a)
{
	if (!a->optional)
		complain(p, "string expected");
	return a->optional;
}

static bool put_text(struct parse *p, const struct monitor_arg *a,
		     const char *text, size_t len)
{
	json_t *string = json_stringn(text, len);

	if (!string)
		complain(p, "the text is not valid UTF-8");
	else
		json_object_set_new(p->args, a->name, string);
	return string != NULL;
}

static bool parse_word(struct parse *p, const struct monitor_arg *a)
{
	bool fine;
	char *word;

	p->at = skip_blanks(p->at);
	if (!*p->at)
		return missing(p, a);
	if (a->type == MONITOR_ARG_REST) {
		const char *rest = p->at;

		p->at += strlen(rest);
		return put_text(p, a, rest, strlen(rest));
	}
	word = take_word(p);
	fine = word && put_text(p, a, word, strlen(word));
	if (!word)
		complain(p, "string expected");
	free(word);
	return fine;
}

static bool parse_int(struct parse *p, const struct monitor_arg *a)
{
	struct error err = {0};
	int64_t value;

	p->at = skip_blanks(p->at);
	if (!*p->at) {
		if (a->optional)
			return true;
		text_printf(p->complaint, "unexpected end of expression\n");
		return false;
	}
	if (hmp_eval(p->m, p->cpu, &p->at, &value, &err) < 0) {
		text_printf(p->complaint, "%s\n", err.msg);
		return false;
	}
	json_object_set_new(p->args, a->name, json_integer(value));
	return true;
}

static bool parse_size(struct parse *p, const struct monitor_arg *a)
{
	struct error err = {0};
	uint64_t value = 0;
	char *word;
	int rc;

	p->at = skip_blanks(p->at);
	if (!*p->at) {
		if (!a->optional)
			text_printf(p->complaint, "invalid size\n");
		return a->optional;
	}
	word = take_word(p);
	rc = opt_parse_size(word ? word : "",
			    a->type == MONITOR_ARG_MIB ? 1u << 20 : 1, &value,
			    &err);
	free(word);
	if (rc < 0) {
		text_printf(p->complaint, "%s\n", err.msg);
		return false;
	}
	json_object_set_new(p->args, a->name, json_integer((json_int_t)value));
	return true;
}

static bool parse_bool(struct parse *p, const struct monitor_arg *a)
{
	char *word;
	bool on, off;

	p->at = skip_blanks(p->at);
	if (!*p->at)
		return missing(p, a);
	word = take_word(p);
	on = word && !strcmp(word, "on");
	off = word && !strcmp(word, "off");
	free(word);
	if (!on && !off) {
		text_printf(p->complaint, "Expected 'on' or 'off'\n");
		return false;
	}
	json_object_set_new(p->args, a->name, json_boolean(on));
	return true;
}

static bool take_flag(struct parse *p, const struct monitor_arg *a)
{
	const char *s = skip_blanks(p->at);
	bool given = s[0] == '-' && s[1] == a->flag &&
		     (!s[2] || isspace((unsigned char)s[2]));

	if (given)
		p->at = s + 2;
	return given;
}

static bool parse_flag_word(struct parse *p, const struct monitor_arg *a)
{
	struct monitor_arg word = *a;

	if (!take_flag(p, a))
		return true;
	word.optional = false;
	return parse_word(p, &word);
}

static bool parse_flag(struct parse *p, const struct monitor_arg *a)
{
	bool given = take_flag(p, a);

	json_object_set_new(p->args, a->name, json_boolean(given));
	return true;
}

/* "/16xb": count, format and size, right behind the command or not. */
static bool parse_format(struct parse *p, const struct monitor_arg *a)
{
	const char *s = skip_blanks(p->at);
	size_t n;

	if (*s != '/')
		return true;
	n = strcspn(s, " \t");
	p->at = s + n;
	return put_text(p, a, s + 1, n - 1);
}

static bool parse_arg(struct parse *p, const struct monitor_arg *a)
{
	switch (a->type) {
	case MONITOR_ARG_INT:
		return parse_int(p, a);
	case MONITOR_ARG_SIZE:
	case MONITOR_ARG_MIB:
		return parse_size(p, a);
	case MONITOR_ARG_BOOL:
		return parse_bool(p, a);
	case MONITOR_ARG_FLAG:
		return parse_flag(p, a);
	case MONITOR_ARG_FLAG_WORD:
		return parse_flag_word(p, a);
	case MONITOR_ARG_FORMAT:
		return parse_format(p, a);
	default:
		return parse_word(p, a);
	}
}

static bool parse_args(struct parse *p)
{
	const struct monitor_arg *a;

	for (a = p->cmd->args; a && a->type != MONITOR_ARG_END; a++)
		if (!parse_arg(p, a))
			return false;
	if (!*skip_blanks(p->at))
		return true;
	complain(p, "extraneous characters at the end of line");
	return false;
}

bool hmp_run_line(struct machine *m, struct monitor *mon, const char *line,
		  unsigned cpu, struct monitor_call *outer,
		  struct text *complaint)
{
	struct parse p = {.m = m, .cpu = cpu, .complaint = complaint};
	char name[NAME_MAX_LEN];

	p.at = skip_blanks(line);
	if (!*p.at)
		return false;
	p.cmd = take_name(&p.at, name, sizeof(name));
	if (!p.cmd) {
		text_printf(complaint, "unknown command: '%s'\n", name);
		return false;
	}
	p.args = json_object();
	if (!parse_args(&p)) {
		text_printf(complaint, "Try \"help %s\" for more information\n",
			    name);
		json_decref(p.args);
		return false;
	}
	monitor_start(m, mon, p.cmd, p.args, NULL, cpu, outer);
	return true;
}

struct completion {
	const char *prefix;
	const char *strip; /* of the names: "info " */
	void (*add)(void *to, const char *word);
	void *to;
};

static void offer(void *ctx, const char *word)
{
	struct completion *c = ctx;
	size_t n = strlen(c->strip);

	if (strncmp(word, c->strip, n) != 0)
		return;
	word += n;
	if (!strncmp(word, c->prefix, strlen(c->prefix)) && !strchr(word, ' '))
		c->add(c->to, word);
}

static void offer_names(struct completion *c)
{
	const struct monitor_cmd *cmd;
	size_t i;

	for (i = 0; monitor_tables[i]; i++)
		for (cmd = monitor_tables[i]; cmd->run; cmd++)
			if (cmd->name)
				offer(c, cmd->name);
}

static void rl_complete(void *ctx, const char *line,
			void (*add)(void *, const char *), void *to)
{
	struct monitor *mon = ctx;
	const char *last = strrchr(line, ' ');
	struct completion c = {.prefix = last ? last + 1 : line,
			       .strip = "",
			       .add = add,
			       .to = to};
	const struct monitor_cmd *cmd;
	char name[NAME_MAX_LEN];

	line = skip_blanks(line);
	if (!strchr(line, ' ')) {
		offer_names(&c);
		return;
	}
	if (!strncmp(line, "info ", 5) && !strchr(line + 5, ' ')) {
		c.strip = "info ";
		offer_names(&c);
		return;
	}
	if (!strncmp(line, "help ", 5)) {
		offer_names(&c);
		return;
	}
	cmd = take_name(&line, name, sizeof(name));
	if (cmd && cmd->args && cmd->args[0].complete)
		cmd->args[0].complete(mon->m, c.prefix, offer, &c);
}

static const struct readline_user rl_user = {
	.print = rl_print,
	.line = rl_line,
	.complete = rl_complete,
};

struct readline *readline_new(struct monitor *mon)
{
	return readline_make(&rl_user, mon, PROMPT);
}
