/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, sizes, on and off as people write them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vmm/opt.h"

#define FRACTION_DIGITS 18 /* what 64 bits hold; more are dropped */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int opt_parse_bool(const char *text, bool *value, struct error *err)
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
	return error_set(err, EINVAL, "'%s' is not 'on' or 'off'", text);
}

int opt_parse_u64(const char *text, uint64_t *value, struct error *err)
{
	char *end;

	if (!is_digit(*text))
		return error_set(err, EINVAL, "'%s' is not a number", text);
	errno = 0;
	*value = strtoull(text, &end, 0);
	if (*end)
		return error_set(err, EINVAL, "'%s' is not a number", text);
	if (errno)
		return error_set(err, ERANGE, "'%s' is too large", text);
	return 0;
}

static int bad_size(const char *text, struct error *err)
{
	return error_set(err, EINVAL,
			 "'%s' is not a size; write a number with an optional "
			 "suffix K, M, G, T, P or E",
			 text);
}

static int suffix_shift(char c)
{
	static const char letters[] = "BKMGTPE";
	const char *at = c ? strchr(letters, toupper((unsigned char)c)) : NULL;

	return at ? (int)(at - letters) * 10 : -1;
}

/* The digits after the point, as a part of unit; moves *text on. */
static uint64_t take_fraction(const char **text, uint64_t unit)
{
	uint64_t value = 0, scale = 1;
	unsigned n;

	for (n = 0; is_digit(**text); n++, (*text)++)
		if (n < FRACTION_DIGITS) {
			value = value * 10 + (uint64_t)(**text - '0');
			scale *= 10;
		}
	return (uint64_t)((unsigned __int128)value * unit / scale);
}

int opt_parse_size(const char *text, uint64_t unit, uint64_t *bytes,
		   struct error *err)
{
	bool hex = !strncasecmp(text, "0x", 2);
	const char *fraction = NULL, *suffix;
	unsigned long long n;
	char *end;
	int shift;

	if (!is_digit(*text))
		return bad_size(text, err);
	errno = 0;
	n = strtoull(text, &end, hex ? 16 : 10);
	suffix = end;
	if (*end == '.' && !hex && is_digit(end[1])) {
		fraction = end + 1;
		suffix = fraction + strspn(fraction, "0123456789");
	}
	if (fraction && (!*suffix || !suffix_shift(*suffix)))
		return error_set(err, EINVAL,
				 "'%s': a fraction needs a suffix, as in 1.5G",
				 text);
	if (*suffix) {
		shift = suffix_shift(*suffix);
		if (shift < 0 || suffix[1])
			return bad_size(text, err);
		unit = UINT64_C(1) << shift;
	}
	if (errno || __builtin_mul_overflow((uint64_t)n, unit, bytes) ||
	    __builtin_add_overflow(*bytes,
				   fraction ? take_fraction(&fraction, unit)
					    : 0,
				   bytes))
		return error_set(err, ERANGE, "'%s' is too large", text);
	return 0;
}
