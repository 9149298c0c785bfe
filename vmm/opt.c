/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed options: splitting, defaults, setting, names that are near. */
#include "vmm/opt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_MAX 32 /* longer names are not compared */

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

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
		return no_memory(err);
	}
	pair[list->n++] =
		(struct opt_pair){.key = key, .value = value, .bare = bare};
	return 0;
}

/* Copies up to the next single comma, a double one as one; moves *text on. */
static char *take_value(const char **text)
{
	char *out = malloc(strlen(*text) + 1), *w = out;
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

static int parse_bool(const char *text, bool *value)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {{"on", true},  {"off", false}, {"yes", true},
		     {"no", false}, {"true", true}, {"false", false},
		     {"y", true},   {"n", false}};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(text, words[i].text)) {
			*value = words[i].value;
			return 0;
		}
	return -EINVAL;
}

int opt_parse_u64(const char *text, uint64_t *value, struct error *err)
{
	char *end;

	errno = 0;
	*value = isdigit((unsigned char)*text) ? strtoull(text, &end, 0) : 0;
	if (!isdigit((unsigned char)*text) || *end)
		return error_set(err, EINVAL, "'%s' is not a number", text);
	if (errno)
		return error_set(err, ERANGE, "'%s' is too large", text);
	return 0;
}

static int suffix_shift(char c)
{
	static const char letters[] = "BKMGTPE";
	const char *at = c ? strchr(letters, toupper((unsigned char)c)) : NULL;

	return at ? (int)(at - letters) * 10 : -1;
}

/* ".5" of a unit; only with a unit that it divides to whole bytes. */
static uint64_t fraction(const char **text, uint64_t unit)
{
	uint64_t value = 0;
	double part = 0, scale = 0.1;

	for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
		part += (**text - '0') * scale;
		scale /= 10;
	}
	value = (uint64_t)(part * (double)unit);
	return value;
}

int opt_parse_size(const char *text, uint64_t unit, uint64_t *bytes,
		   struct error *err)
{
	const char *s = text, *dot, *last;
	unsigned long long n;
	char *end;
	int shift;

	if (!isdigit((unsigned char)*s))
		return error_set(err, EINVAL,
				 "'%s' is not a size; write a number with an "
				 "optional suffix K, M, G, T, P or E",
				 text);
	errno = 0;
	n = strtoull(s, &end, !strncmp(s, "0x", 2) ? 16 : 10);
	dot = *end == '.' ? end : NULL;
	last = end + (dot ? 1 + strspn(dot + 1, "0123456789") : 0);
	if (*last) {
		shift = suffix_shift(*last);
		if (shift < 0 || last[1])
			return error_set(err, EINVAL,
					 "'%s' is not a size; the suffixes are "
					 "K, M, G, T, P and E",
					 text);
		unit = UINT64_C(1) << shift;
	}
	if (errno || __builtin_mul_overflow((uint64_t)n, unit, bytes))
		return error_set(err, ERANGE, "'%s' is too large", text);
	if (dot)
		*bytes += fraction(&dot, unit);
	return 0;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned i, v;
	int n;

	for (i = 0; i < 6; i++) {
		if (sscanf(text, "%2x%n", &v, &n) != 1 || n != 2)
			return -EINVAL;
		mac[i] = (uint8_t)v;
		text += n;
		if (i < 5 && *text++ != ':')
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}

static int parse_devfn(const char *text, int *devfn)
{
	unsigned slot, fn = 0;
	int n = 0;

	if (!strcmp(text, "-1")) {
		*devfn = -1;
		return 0;
	}
	if (!strncmp(text, "0x", 2))
		text += 2;
	if (sscanf(text, "%2x%n.%1x%n", &slot, &n, &fn, &n) < 1 || text[n] ||
	    slot > 31 || fn > 7)
		return -EINVAL;
	*devfn = (int)(slot << 3 | fn);
	return 0;
}

static int set_enum(const struct opt_desc *d, int *field, const char *value,
		    struct error *err)
{
	char list[256] = "";
	int i;

	for (i = 0; d->choices[i]; i++) {
		if (!strcmp(d->choices[i], value)) {
			*field = i;
			return 0;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			 "%s%s", i ? ", " : "", d->choices[i]);
	}
	return error_set(err, EINVAL, "%s='%s' is not one of: %s", d->name,
			 value, list);
}

static int set_number(const struct opt_desc *d, void *field, const char *value,
		      struct error *err)
{
	static const uint64_t type_max[] = {
		[OPT_U8] = UINT8_MAX,	 [OPT_U16] = UINT16_MAX,
		[OPT_U32] = UINT32_MAX,	 [OPT_U64] = UINT64_MAX,
		[OPT_SIZE] = UINT64_MAX, [OPT_SIZE_MIB] = UINT64_MAX,
	};
	uint64_t v, max = d->max ? d->max : type_max[d->type];
	int rc;

	if (d->type == OPT_SIZE || d->type == OPT_SIZE_MIB)
		rc = opt_parse_size(value, d->type == OPT_SIZE ? 1 : 1 << 20,
				    &v, err);
	else
		rc = opt_parse_u64(value, &v, err);
	if (rc < 0)
		return error_prefix(err, "%s", d->name);
	if (v < d->min || v > max)
		return error_set(err, ERANGE, "%s=%s is not from %llu to %llu",
				 d->name, value, (unsigned long long)d->min,
				 (unsigned long long)max);
	switch (d->type) {
	case OPT_U8:
		*(uint8_t *)field = (uint8_t)v;
		break;
	case OPT_U16:
		*(uint16_t *)field = (uint16_t)v;
		break;
	case OPT_U32:
		*(uint32_t *)field = (uint32_t)v;
		break;
	default:
		*(uint64_t *)field = v;
	}
	return 0;
}

static int set_signed(const struct opt_desc *d, int64_t *field,
		      const char *value, struct error *err)
{
	uint64_t v;
	int rc = opt_parse_u64(value + (*value == '-'), &v, err);

	if (rc < 0)
		return error_prefix(err, "%s", d->name);
	if (v > INT64_MAX)
		return error_set(err, ERANGE, "%s=%s is too large", d->name,
				 value);
	*field = *value == '-' ? -(int64_t)v : (int64_t)v;
	return 0;
}

static int set_string(char **field, const char *value, struct error *err)
{
	char *copy = strdup(value);

	if (!copy)
		return no_memory(err);
	free(*field);
	*field = copy;
	return 0;
}

static int bad_value(const struct opt_desc *d, const char *value,
		     const char *form, struct error *err)
{
	return error_set(err, EINVAL, "%s='%s' is not %s", d->name, value,
			 form);
}

static int set_field(const struct opt_desc *d, void *field, const char *value,
		     struct error *err)
{
	bool on;

	switch (d->type) {
	case OPT_BOOL:
		return parse_bool(value, field)
			       ? bad_value(d, value, "'on' or 'off'", err)
			       : 0;
	case OPT_ONOFFAUTO:
		if (!strcmp(value, "auto")) {
			*(int *)field = 2;
			return 0;
		}
		if (parse_bool(value, &on))
			return bad_value(d, value, "'on', 'off' or 'auto'",
					 err);
		*(int *)field = on;
		return 0;
	case OPT_STRING:
		return set_string(field, value, err);
	case OPT_ENUM:
		return set_enum(d, field, value, err);
	case OPT_I64:
		return set_signed(d, field, value, err);
	case OPT_MAC:
		return parse_mac(value, field) ? bad_value(d, value,
							   "a MAC address like "
							   "52:54:00:12:34:56",
							   err)
					       : 0;
	case OPT_DEVFN:
		return parse_devfn(value, field)
			       ? bad_value(d, value,
					   "a PCI slot like 3 or 3.1 "
					   "(hexadecimal)",
					   err)
			       : 0;
	default:
		return set_number(d, field, value, err);
	}
}

void opt_defaults(const struct opt_desc *desc, void *conf)
{
	for (; desc->type != OPT_END; desc++)
		if (desc->dflt)
			set_field(desc, (char *)conf + desc->offset, desc->dflt,
				  NULL);
}

/* The number of edits from a to b (Levenshtein), at most NEAREST_MAX. */
static unsigned distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), i, j;
	unsigned row[NEAREST_MAX + 1], diagonal, above;

	if (na > NEAREST_MAX || nb > NEAREST_MAX)
		return NEAREST_MAX;
	for (j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[nb];
}

const char *opt_nearest(const char *name, const void *table, size_t n,
			size_t stride)
{
	const char *best = NULL, *have;
	unsigned best_distance = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&have, (const char *)table + i * stride, sizeof(have));
		if (!have)
			continue;
		d = distance(name, have);
		if (!best || d < best_distance) {
			best = have;
			best_distance = d;
		}
	}
	/* Farther than a third of the name is no help. */
	return best && best_distance <= strlen(name) / 3 + 1 ? best : NULL;
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

int opt_set(const struct opt_desc *desc, void *conf, const char *key,
	    const char *value, struct error *err)
{
	const struct opt_desc *d;

	for (d = desc; d->type != OPT_END; d++) {
		if (strcmp(d->name, key) != 0)
			continue;
		if (d->refused)
			return error_set(err, ENOTSUP, "%s: %s", key,
					 d->refused);
		return set_field(d, (char *)conf + d->offset, value, err);
	}
	return unknown_key(desc, key, err);
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

void opt_free(const struct opt_desc *desc, void *conf)
{
	char **s;

	for (; desc->type != OPT_END; desc++)
		if (desc->type == OPT_STRING && !desc->refused) {
			s = (char **)((char *)conf + desc->offset);
			free(*s);
			*s = NULL;
		}
}
