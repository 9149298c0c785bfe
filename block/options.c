/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of nodes: keys are taken out one by one, so that the rest is wrong.
 */
#include "block/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"

char *blk_take_string(json_t *options, const char *key)
{
	json_t *v = json_object_get(options, key);
	char *text = NULL;

	if (json_is_string(v))
		text = strdup(json_string_value(v));
	else if (v && !json_is_object(v) && !json_is_array(v))
		text = json_dumps(v, JSON_ENCODE_ANY);
	if (text)
		json_object_del(options, key);
	return text;
}

int blk_take_size(json_t *options, const char *key, uint64_t *value,
		  struct error *err)
{
	char *text = blk_take_string(options, key);
	int rc;

	if (!text)
		return 0;
	rc = opt_parse_size(text, 1, value, err);
	free(text);
	return rc < 0 ? error_prefix(err, "%s", key) : 0;
}

int blk_take_bool(json_t *options, const char *key, bool *value,
		  struct error *err)
{
	char *text = blk_take_string(options, key);
	int rc;

	if (!text)
		return 0;
	rc = opt_parse_bool(text, value, err);
	free(text);
	return rc < 0 ? error_prefix(err, "%s", key) : 0;
}

json_t *blk_options_of_list(const struct opt_list *list)
{
	json_t *options = json_object();
	size_t i;

	/* Names of files are bytes, whatever JSON says of strings. */
	for (i = 0; i < list->n; i++)
		json_object_set_new_nocheck(options, list->pair[i].key,
					    json_string_nocheck(
						    list->pair[i].value));
	return options;
}

static void refuse_choice(const char *key, const char *text,
			  const char *const *choices, size_t n,
			  struct error *err)
{
	const char *near = opt_nearest(text, choices, n, sizeof(*choices));
	char list[128] = "";
	size_t i, at = 0;

	for (i = 0; i < n && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
				       i ? ", " : "", choices[i]);
	if (near)
		error_set(err, EINVAL,
			  "Parameter '%s' does not accept '%s'; did you mean "
			  "'%s'?",
			  key, text, near);
	else
		error_set(err, EINVAL,
			  "Parameter '%s' does not accept '%s', but: %s", key,
			  text, list);
}

int blk_take_choice(json_t *options, const char *key,
		    const char *const *choices, int *value, struct error *err)
{
	char *text = blk_take_string(options, key);
	int i;

	if (!text)
		return 0;
	for (i = 0; choices[i] && strcmp(choices[i], text) != 0; i++)
		;
	if (choices[i])
		*value = i;
	else
		refuse_choice(key, text, choices, (size_t)i, err);
	free(text);
	return choices[i] ? 0 : -EINVAL;
}

struct cache_mode {
	const char *name;
	unsigned flags;
	bool writethrough;
};

static const struct cache_mode cache_modes[] = {
	{"writeback", 0, false},
	{"writethrough", 0, true},
	{"none", BLK_O_DIRECT, false},
	{"off", BLK_O_DIRECT, false},
	{"directsync", BLK_O_DIRECT, true},
	{"unsafe", BLK_O_NO_FLUSH, false},
};

#define CACHE_MODES (sizeof(cache_modes) / sizeof(*cache_modes))

int blk_cache_mode(const char *name, unsigned *flags, bool *writethrough)
{
	const struct cache_mode *m;

	for (m = cache_modes; m < cache_modes + CACHE_MODES; m++) {
		if (strcmp(m->name, name) != 0)
			continue;
		*flags &= ~(unsigned)(BLK_O_DIRECT | BLK_O_NO_FLUSH);
		*flags |= m->flags;
		*writethrough = m->writethrough;
		return 0;
	}
	return -EINVAL;
}

/* Of "file.filename": the rest behind the dot, or NULL. */
static const char *behind(const char *key, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(key, name, n) && key[n] == '.' ? key + n + 1 : NULL;
}

json_t *blk_take_child(json_t *options, const char *name)
{
	json_t *child = json_object_get(options, name), *v;
	const char *key, *rest;
	void *tmp;

	if (child) {
		json_incref(child);
		json_object_del(options, name);
	}
	json_object_foreach_safe(options, tmp, key, v)
	{
		rest = behind(key, name);
		if (!rest)
			continue;
		if (!child)
			child = json_object();
		if (json_is_object(child))
			json_object_set(child, rest, v);
		json_object_del(options, key);
	}
	return child;
}

static const char *nearest(const char *key, const char *const *names)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	return n ? opt_nearest(key, names, n, sizeof(*names)) : NULL;
}

int blk_options_done(const struct blk_driver *driver, json_t *options,
		     struct error *err)
{
	const char *key, *near;
	json_t *v;

	json_object_foreach(options, key, v)
	{
		if (!strcmp(key, "cache"))
			return error_set(
				err, EINVAL,
				"a node's 'cache' is cache.direct and "
				"cache.no-flush; modes like cache=none "
				"are for -drive");
		near = nearest(key, driver->options);
		if (!near)
			near = nearest(key, blk_common_options);
		return error_set(err, EINVAL,
				 "Block format '%s' does not support the "
				 "option '%s'%s%s%s",
				 driver->name, key,
				 near ? "; did you mean '" : "",
				 near ? near : "", near ? "'?" : "");
	}
	return 0;
}
