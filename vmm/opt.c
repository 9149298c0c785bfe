/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables: defaults, setting by key, freeing. */
#include "vmm/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/opt_value.h"

static bool is_name(const struct opt_desc *d, const char *key)
{
	size_t n = strlen(d->name);

	if (d->type == OPT_PASS && n && d->name[n - 1] == '.')
		return !strncmp(d->name, key, n) && key[n];
	return !strcmp(d->name, key);
}

const struct opt_desc *opt_find(const struct opt_desc *desc, const char *key)
{
	for (; desc->type != OPT_END; desc++)
		if (is_name(desc, key))
			return desc;
	return NULL;
}

void opt_defaults(const struct opt_desc *desc, void *conf)
{
	for (; desc->type != OPT_END; desc++)
		if (desc->dflt && !desc->refused)
			opt_value_set(desc, (char *)conf + desc->offset,
				      desc->dflt, NULL);
}

static int unknown_key(const struct opt_desc *desc, const char *key,
		       struct error *err)
{
	const char *near;
	size_t n = 0;

	while (desc[n].type != OPT_END)
		n++;
	near = opt_nearest(key, desc, n, sizeof(*desc));
	if (near)
		return error_set(err, EINVAL,
				 "unknown parameter '%s'; did you mean '%s'?",
				 key, near);
	return error_set(err, EINVAL, "unknown parameter '%s'", key);
}

static bool same_value(const char *a, const char *b)
{
	bool on_a, on_b;

	if (!opt_parse_bool(a, &on_a, NULL) && !opt_parse_bool(b, &on_b, NULL))
		return on_a == on_b;
	return !strcmp(a, b);
}

/* Does the value of a refused key ask for what happens anyway? */
static bool is_accepted(const struct opt_desc *d, const char *value)
{
	const char *s = d->accepts ? d->accepts : "";
	char word[32];
	size_t n;

	for (; *s; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (n >= sizeof(word))
			continue;
		memcpy(word, s, n);
		word[n] = 0;
		if (same_value(word, value))
			return true;
	}
	return false;
}

int opt_set(const struct opt_desc *desc, void *conf, const char *key,
	    const char *value, struct error *err)
{
	const struct opt_desc *d = opt_find(desc, key);

	if (!d)
		return unknown_key(desc, key, err);
	if (!d->refused && d->type == OPT_PASS)
		return opt_list_add((struct opt_list *)((char *)conf +
							d->offset),
				    key, value, err);
	if (!d->refused)
		return opt_value_set(d, (char *)conf + d->offset, value, err);
	if (is_accepted(d, value))
		return 0;
	return error_set(err, ENOTSUP, "%s=%s: %s", key, value, d->refused);
}

int opt_set_all(const struct opt_desc *desc, void *conf,
		const struct opt_list *list, struct error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < list->n && rc == 0; i++)
		rc = opt_set(desc, conf, list->pair[i].key, list->pair[i].value,
			     err);
	return rc;
}

int opt_set_text(const struct opt_desc *desc, void *conf, const char *text,
		 const char *implied, struct error *err)
{
	struct opt_list list;
	int rc = opt_split(text, implied, &list, err);

	if (rc < 0)
		return rc;
	rc = opt_set_all(desc, conf, &list, err);
	opt_list_free(&list);
	return rc;
}

void opt_free(const struct opt_desc *desc, void *conf)
{
	char *field, **s;

	for (; desc->type != OPT_END; desc++) {
		field = (char *)conf + desc->offset;
		if (desc->refused)
			continue;
		if (desc->type == OPT_PASS)
			opt_list_free((struct opt_list *)field);
		if (desc->type != OPT_STRING)
			continue;
		s = (char **)field;
		free(*s);
		*s = NULL;
	}
}
