/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines of tools, by tables: letters and long names as GNU has them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/img.h"

#define HELP_AT	  28 /* the column of what an option does */
#define NAMES_MAX 64

struct parse {
	const struct img_option *options;
	char *conf;
	int argc, at;
	char **argv;
	struct error *err;
};

static bool is_last(const struct img_option *o)
{
	return !o->name && !o->letter;
}

static const char *shown(const struct img_option *o, char text[NAMES_MAX])
{
	if (o->name)
		snprintf(text, NAMES_MAX, "--%s", o->name);
	else
		snprintf(text, NAMES_MAX, "-%c", o->letter);
	return text;
}

static int set_number(const struct img_option *o, uint64_t *field,
		      const char *value, struct error *err)
{
	int rc = o->type == IMG_SIZE ? opt_parse_size(value, 1, field, err)
				     : opt_parse_u64(value, field, err);

	if (rc < 0)
		return rc;
	if (*field < o->min || (o->max && *field > o->max))
		return error_set(err, ERANGE, "%s is not within %llu and %llu",
				 value, (unsigned long long)o->min,
				 (unsigned long long)(o->max ? o->max
							     : UINT64_MAX));
	return 0;
}

static int set_choice(const struct img_option *o, int *field, const char *value,
		      struct error *err)
{
	char all[100] = "";
	size_t n = 0;
	int i;

	for (i = 0; o->choices[i]; i++) {
		if (!strcmp(o->choices[i], value)) {
			*field = i;
			return 0;
		}
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s",
				      i ? ", " : "", o->choices[i]);
		if (n >= sizeof(all))
			break;
	}
	return error_set(err, EINVAL, "'%s' is none of %s", value, all);
}

static int join(char **field, const char *value, struct error *err)
{
	char *all;

	if (asprintf(&all, "%s%s%s", *field ? *field : "", *field ? "," : "",
		     value) < 0)
		return error_set(err, ENOMEM, "out of memory");
	free(*field);
	*field = all;
	return 0;
}

static int append(struct str_list *list, const char *value, struct error *err)
{
	char **grown = realloc(list->str, (list->n + 1) * sizeof(*grown));

	if (!grown)
		return error_set(err, ENOMEM, "out of memory");
	list->str = grown;
	grown[list->n] = strdup(value);
	if (!grown[list->n])
		return error_set(err, ENOMEM, "out of memory");
	list->n++;
	return 0;
}

static int set(const struct img_option *o, char *conf, const char *value,
	       struct error *err)
{
	void *field = conf + o->offset;

	switch (o->type) {
	case IMG_FLAG:
		*(bool *)field = true;
		return 0;
	case IMG_TEXT:
		*(const char **)field = value;
		return 0;
	case IMG_JOINED:
		return join(field, value, err);
	case IMG_LIST:
		return append(field, value, err);
	case IMG_SIZE:
	case IMG_NUMBER:
		return set_number(o, field, value, err);
	case IMG_CHOICE:
		return set_choice(o, field, value, err);
	case IMG_REFUSED:
		break;
	}
	return error_set(err, ENOTSUP, "not supported: %s", o->help);
}

static int take(struct parse *p, const struct img_option *o, const char *value)
{
	char name[NAMES_MAX];

	if (!o->arg && value)
		return error_set(p->err, EINVAL, "%s takes no value",
				 shown(o, name));
	if (o->arg && !value && p->at == p->argc)
		return error_set(p->err, EINVAL, "%s needs a value: %s",
				 shown(o, name), o->arg);
	if (o->arg && !value)
		value = p->argv[p->at++];
	if (set(o, p->conf, value, p->err) < 0)
		return error_prefix(p->err, "%s", shown(o, name));
	return 0;
}

/* "-pqf raw", "-fraw" */
static int take_letters(struct parse *p, const char *letters)
{
	const struct img_option *o;
	int rc = 0;

	while (*letters && rc == 0) {
		for (o = p->options; !is_last(o); o++)
			if (o->letter == *letters)
				break;
		if (is_last(o))
			return error_set(p->err, EINVAL,
					 "unknown option -%c; --help lists "
					 "the options",
					 *letters);
		letters++;
		rc = take(p, o, o->arg && *letters ? letters : NULL);
		if (o->arg)
			break;
	}
	return rc;
}

static int unknown_name(struct parse *p, const char *name)
{
	const struct img_option *o;
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	for (o = p->options; !is_last(o) && n < NAMES_MAX; o++)
		if (o->name)
			names[n++] = o->name;
	near = opt_nearest(name, names, n, sizeof(*names));
	if (near)
		return error_set(p->err, EINVAL,
				 "unknown option --%s; did you mean --%s?",
				 name, near);
	return error_set(p->err, EINVAL,
			 "unknown option --%s; --help lists the options", name);
}

/* The option of that name, or the only one that begins so. */
static int find_name(struct parse *p, const char *name, size_t len,
		     const struct img_option **found)
{
	const struct img_option *o;
	char cut[NAMES_MAX];

	*found = NULL;
	snprintf(cut, sizeof(cut), "%.*s", (int)len, name);
	for (o = p->options; !is_last(o); o++) {
		if (!o->name || strncmp(o->name, name, len) != 0)
			continue;
		if (*found && o->name[len])
			return error_set(p->err, EINVAL,
					 "--%s may be --%s or --%s", cut,
					 (*found)->name, o->name);
		*found = o;
		if (!o->name[len])
			return 0;
	}
	return *found ? 0 : unknown_name(p, cut);
}

static int take_name(struct parse *p, const char *name)
{
	const struct img_option *o;
	size_t len = strcspn(name, "=");
	int rc = find_name(p, name, len, &o);

	return rc < 0 ? rc : take(p, o, name[len] ? name + len + 1 : NULL);
}

static int set_defaults(const struct img_option *o, char *conf,
			struct error *err)
{
	int rc = 0;

	for (; !is_last(o) && rc == 0; o++)
		if (o->dflt)
			rc = set(o, conf, o->dflt, err);
	return rc;
}

int img_args_parse(const struct img_option *options, void *conf, int argc,
		   char **argv, char **args, unsigned *nargs, struct error *err)
{
	struct parse p = {.options = options,
			  .conf = conf,
			  .argc = argc,
			  .argv = argv,
			  .at = 1,
			  .err = err};
	int rc = set_defaults(options, conf, err);
	bool ended = false;
	char *arg;

	*nargs = 0;
	while (p.at < argc && rc == 0) {
		arg = argv[p.at++];
		if (ended || arg[0] != '-' || !arg[1])
			args[(*nargs)++] = arg;
		else if (arg[1] != '-')
			rc = take_letters(&p, arg + 1);
		else if (arg[2])
			rc = take_name(&p, arg + 2);
		else
			ended = true;
	}
	return rc;
}

static void free_list(struct str_list *list)
{
	unsigned i;

	for (i = 0; i < list->n; i++)
		free(list->str[i]);
	free(list->str);
	*list = (struct str_list){.n = 0};
}

void img_args_free(const struct img_option *o, void *conf)
{
	char **text;

	for (; !is_last(o); o++) {
		if (o->type == IMG_LIST)
			free_list((void *)((char *)conf + o->offset));
		if (o->type != IMG_JOINED)
			continue;
		text = (char **)((char *)conf + o->offset);
		free(*text);
		*text = NULL;
	}
}

void img_args_usage(const struct img_option *o, FILE *out)
{
	for (; !is_last(o); o++) {
		if (o->type == IMG_REFUSED)
			continue;
		if (o->letter)
			fprintf(out, " [-%c%s%s]", o->letter, o->arg ? " " : "",
				o->arg ? o->arg : "");
		else
			fprintf(out, " [--%s%s%s]", o->name, o->arg ? "=" : "",
				o->arg ? o->arg : "");
	}
}

void img_args_help(const struct img_option *o, FILE *out)
{
	int at;

	for (; !is_last(o); o++) {
		if (o->type == IMG_REFUSED)
			continue;
		at = o->letter ? fprintf(out, "  -%c", o->letter)
			       : fprintf(out, "    ");
		if (o->name)
			at += fprintf(out, "%s--%s", o->letter ? ", " : "  ",
				      o->name);
		if (o->arg)
			at += fprintf(out, "%s%s", o->name ? "=" : " ", o->arg);
		fprintf(out, "%*s  %s\n", at < HELP_AT ? HELP_AT - at : 0, "",
			o->help);
	}
}
