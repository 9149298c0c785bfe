/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "a,key=value,flag" and {"key": "value"} into lists of pairs. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/opt.h"

#define ARRAY_MAX 1024

/* Takes key and value over, NULL being what strdup gave. */
static int add_pair(struct opt_list *list, char *key, char *value, bool bare,
		    struct error *err)
{
	struct opt_pair *pair =
		realloc(list->pair, (list->n + 1) * sizeof(*pair));

	if (pair)
		list->pair = pair;
	if (!pair || !key || !value) {
		free(key);
		free(value);
		return error_set(err, ENOMEM, "out of memory");
	}
	pair[list->n++] =
		(struct opt_pair){.key = key, .value = value, .bare = bare};
	return 0;
}

int opt_list_add(struct opt_list *list, const char *key, const char *value,
		 struct error *err)
{
	return add_pair(list, strdup(key), strdup(value), false, err);
}

/* Copies up to the next single comma, a double one as one; moves *text on. */
static char *take_value(const char **text)
{
	char *out = calloc(strlen(*text) + 1, 1), *w = out;
	const char *s = *text;

	if (!out)
		return NULL;
	while (*s && (*s != ',' || s[1] == ',')) {
		s += *s == ',';
		*w++ = *s++;
	}
	*w = 0;
	*text = s + (*s == ',');
	return out;
}

static int take_flag(const char **text, struct opt_list *list,
		     struct error *err)
{
	char *key = take_value(text);
	bool negated = key && !strncmp(key, "no", 2) && key[2];
	char *name = key ? strdup(negated ? key + 2 : key) : NULL;

	free(key);
	return add_pair(list, name, strdup(negated ? "off" : "on"), true, err);
}

int opt_split(const char *text, const char *implied, struct opt_list *list,
	      struct error *err)
{
	int rc = 0;

	*list = (struct opt_list){0};
	while (*text && rc == 0) {
		size_t n = strcspn(text, "=,");

		if (text[n] == '=') {
			char *key = strndup(text, n);

			text += n + 1;
			rc = add_pair(list, key, take_value(&text), false, err);
		} else if (implied && !list->n) {
			rc = add_pair(list, strdup(implied), take_value(&text),
				      false, err);
		} else {
			rc = take_flag(&text, list, err);
		}
	}
	if (rc < 0)
		opt_list_free(list);
	return rc;
}

/* Of integers: "1,2,3". */
static int add_json_array(struct opt_list *list, const char *key,
			  const json_t *array, struct error *err)
{
	char text[ARRAY_MAX] = "";
	const json_t *value;
	size_t i, at = 0;

	json_array_foreach(array, i, value)
	{
		if (!json_is_integer(value))
			return error_set(err, EINVAL,
					 "'%s': an array of integers is "
					 "expected",
					 key);
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "%s%" JSON_INTEGER_FORMAT, i ? "," : "",
				       json_integer_value(value));
		if (at >= sizeof(text))
			return error_set(err, E2BIG, "'%s': too many", key);
	}
	return at ? opt_list_add(list, key, text, err) : 0;
}

static int add_json(struct opt_list *list, const char *key, const json_t *value,
		    struct error *err);

/* {"limits": {"bps-read": 1}} is limits.bps-read=1. */
static int add_json_object(struct opt_list *list, const char *key,
			   const json_t *object, struct error *err)
{
	const char *inner;
	json_t *value;
	char *whole;
	int rc = 0;

	json_object_foreach((json_t *)(uintptr_t)object, inner, value)
	{
		if (rc < 0)
			break;
		if (asprintf(&whole, "%s.%s", key, inner) < 0)
			return error_set(err, ENOMEM, "out of memory");
		rc = json_is_object(value)
			     ? error_set(err, EINVAL, "'%s' must be no object",
					 whole)
			     : add_json(list, whole, value, err);
		free(whole);
	}
	return rc;
}

static int add_json(struct opt_list *list, const char *key, const json_t *value,
		    struct error *err)
{
	char number[32];

	if (json_is_string(value))
		return opt_list_add(list, key, json_string_value(value), err);
	if (json_is_boolean(value))
		return opt_list_add(list, key,
				    json_is_true(value) ? "on" : "off", err);
	if (json_is_object(value))
		return add_json_object(list, key, value, err);
	if (json_is_array(value))
		return add_json_array(list, key, value, err);
	if (!json_is_integer(value))
		return error_set(err, EINVAL,
				 "'%s' must be a string, an integer or a "
				 "boolean",
				 key);
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(value));
	return opt_list_add(list, key, number, err);
}

int opt_split_json(const char *text, struct opt_list *list, struct error *err)
{
	json_error_t bad;
	json_t *value, *object = json_loads(text, JSON_REJECT_DUPLICATES, &bad);
	const char *key;
	int rc = 0;

	*list = (struct opt_list){0};
	if (!object)
		return error_set(err, EINVAL, "JSON: %s (at letter %d)",
				 bad.text, bad.position);
	if (!json_is_object(object))
		rc = error_set(err, EINVAL, "JSON: an object is expected");
	json_object_foreach(object, key, value)
	{
		if (rc == 0)
			rc = add_json(list, key, value, err);
	}
	json_decref(object);
	if (rc < 0)
		opt_list_free(list);
	return rc;
}

void opt_list_free(struct opt_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->pair[i].key);
		free(list->pair[i].value);
	}
	free(list->pair);
	*list = (struct opt_list){0};
}

const char *opt_list_get(const struct opt_list *list, const char *key)
{
	size_t i;

	for (i = list->n; i-- > 0;)
		if (!strcmp(list->pair[i].key, key))
			return list->pair[i].value;
	return NULL;
}
