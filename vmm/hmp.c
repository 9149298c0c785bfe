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

	if (!hmp_run_line(mon->m, mon, line, mon->cpu, NULL, &complaint)) {
		if (complaint.len)
			write_text(mon, complaint.buf, complaint.len);
		readline_show_prompt(mon->readline);
	}
	text_free(&complaint);
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
	readline_show_prompt(mon->readline);
}

static void hmp_input(struct monitor *mon, const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		readline_byte(mon->readline, buf[i]);
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

/* A command's name is a word, or "info" with a second one. */
static const struct monitor_cmd *take_name(const char **line, char *name,
					   size_t size)
{
	const char *s = skip_blanks(*line);
	const struct monitor_cmd *cmd;
	size_t n = 0, more;

	while (s[n] && !isspace((unsigned char)s[n]) && s[n] != '/')
		n++;
	snprintf(name, size, "%.*s", (int)(n < size ? n : size - 1), s);
	s += n;
	cmd = monitor_find_hmp(name);
	more = strcspn(skip_blanks(s), " \t");
	if (!strcmp(name, "info") && more) {
		s = skip_blanks(s);
		snprintf(name, size, "info %.*s",
			 (int)(more < NAME_MAX_LEN ? more : NAME_MAX_LEN - 8),
			 s);
		cmd = monitor_find_hmp(name);
		s += more;
	}
	*line = s;
	return cmd;
}

/* A word, or a string in quotes with \ before what is meant as it is. */
static char *take_word(const char **s)
{
	const char *p = skip_blanks(*s);
	char *out = malloc(strlen(p) + 1), *w = out;
	bool quoted = *p == '"';

	if (!out)
		return NULL;
	p += quoted;
	while (*p && (quoted ? *p != '"' : !isspace((unsigned char)*p))) {
		if (quoted && *p == '\\' && p[1])
			p++;
		*w++ = *p++;
	}
	*w = 0;
	*s = p + (quoted && *p == '"');
	return out;
}

struct parse {
	struct machine *m;
	unsigned cpu;
	const char *at;
	json_t *args;
	struct text *complaint;
};

static bool missing(const struct parse *p, const struct monitor_arg *a)
{
	if (a->optional)
		return true;
	text_printf(p->complaint, "%s: %s expected\n", a->name,
		    a->type == MONITOR_ARG_INT ? "an expression" : "a word");
	return false;
}

static bool parse_word(struct parse *p, const struct monitor_arg *a)
{
	char *word;

	p->at = skip_blanks(p->at);
	if (!*p->at)
		return missing(p, a);
	word = a->type == MONITOR_ARG_REST ? strdup(p->at) : take_word(&p->at);
	if (a->type == MONITOR_ARG_REST)
		p->at += strlen(p->at);
	json_object_set_new(p->args, a->name, json_string(word ? word : ""));
	free(word);
	return true;
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
	if (!*p->at)
		return missing(p, a);
	word = take_word(&p->at);
	rc = opt_parse_size(word ? word : "", 1, &value, &err);
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
	word = take_word(&p->at);
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

static bool parse_flag(struct parse *p, const struct monitor_arg *a)
{
	const char *s = skip_blanks(p->at);
	bool given = s[0] == '-' && s[1] == a->flag &&
		     (!s[2] || isspace((unsigned char)s[2]));

	if (given)
		p->at = s + 2;
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
	json_object_set_new(p->args, a->name, json_stringn(s + 1, n - 1));
	p->at = s + n;
	return true;
}

static bool parse_arg(struct parse *p, const struct monitor_arg *a)
{
	switch (a->type) {
	case MONITOR_ARG_INT:
		return parse_int(p, a);
	case MONITOR_ARG_SIZE:
		return parse_size(p, a);
	case MONITOR_ARG_BOOL:
		return parse_bool(p, a);
	case MONITOR_ARG_FLAG:
		return parse_flag(p, a);
	case MONITOR_ARG_FORMAT:
		return parse_format(p, a);
	default:
		return parse_word(p, a);
	}
}

static bool parse_args(struct parse *p, const struct monitor_cmd *cmd)
{
	const struct monitor_arg *a;

	for (a = cmd->args; a && a->type != MONITOR_ARG_END; a++)
		if (!parse_arg(p, a)) {
			text_printf(p->complaint,
				    "Try \"help %s\" for more information\n",
				    cmd->name);
			return false;
		}
	if (*skip_blanks(p->at)) {
		text_printf(p->complaint,
			    "%s: extraneous characters at the end of line\n"
			    "Try \"help %s\" for more information\n",
			    cmd->name, cmd->name);
		return false;
	}
	return true;
}

bool hmp_run_line(struct machine *m, struct monitor *mon, const char *line,
		  unsigned cpu, struct monitor_call *outer,
		  struct text *complaint)
{
	struct parse p = {.m = m, .cpu = cpu, .complaint = complaint};
	const struct monitor_cmd *cmd;
	char name[NAME_MAX_LEN];

	p.at = skip_blanks(line);
	if (!*p.at || *p.at == '#')
		return false;
	cmd = take_name(&p.at, name, sizeof(name));
	if (!cmd) {
		text_printf(complaint, "unknown command: '%s'\n", name);
		return false;
	}
	p.args = json_object();
	if (!parse_args(&p, cmd)) {
		json_decref(p.args);
		return false;
	}
	monitor_start(m, mon, cmd, p.args, NULL, cpu, outer);
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
