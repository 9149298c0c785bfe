/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options by their type. */
#include "vmm/opt_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static int bad_value(const struct opt_desc *d, const char *value,
		     const char *form, struct error *err)
{
	return error_set(err, EINVAL, "%s='%s' is not %s", d->name, value,
			 form);
}

static int set_bool(const struct opt_desc *d, void *field, const char *value,
		    struct error *err)
{
	if (opt_parse_bool(value, field, NULL) < 0)
		return bad_value(d, value, "'on' or 'off'", err);
	return 0;
}

static int set_onoffauto(const struct opt_desc *d, void *field,
			 const char *value, struct error *err)
{
	bool on;

	if (!strcmp(value, "auto")) {
		*(int *)field = 2;
		return 0;
	}
	if (opt_parse_bool(value, &on, NULL) < 0)
		return bad_value(d, value, "'on', 'off' or 'auto'", err);
	*(int *)field = on;
	return 0;
}

static void join(const char *const *words, char *out, size_t size)
{
	size_t at = 0;
	int n;

	*out = 0;
	for (; *words && at < size; words++) {
		n = snprintf(out + at, size - at, "%s%s", at ? ", " : "",
			     *words);
		at += n > 0 ? (size_t)n : 0;
	}
}

static bool is_among(const char *value, const char *const *words)
{
	for (; words && *words; words++)
		if (!strcmp(value, *words))
			return true;
	return false;
}

static int set_enum(const struct opt_desc *d, void *field, const char *value,
		    struct error *err)
{
	char list[256];
	int i;

	for (i = 0; d->choices[i]; i++)
		if (!strcmp(d->choices[i], value)) {
			*(int *)field = i;
			return 0;
		}
	join(d->choices, list, sizeof(list));
	if (is_among(value, d->later))
		return error_set(err, ENOTSUP,
				 "%s=%s: " OPT_LATER "; what is: %s", d->name,
				 value, list);
	return error_set(err, EINVAL, "%s='%s' is not one of: %s", d->name,
			 value, list);
}

static const struct {
	const char *name;
	uint64_t max;
	size_t size;
} integers[] = {
	[OPT_U8] = {"uint8", UINT8_MAX, 1},
	[OPT_U16] = {"uint16", UINT16_MAX, 2},
	[OPT_U32] = {"uint32", UINT32_MAX, 4},
	[OPT_U64] = {"uint64", UINT64_MAX, 8},
	[OPT_SIZE] = {"size", UINT64_MAX, 8},
	[OPT_SIZE_MIB] = {"size", UINT64_MAX, 8},
};

static void store(void *field, uint64_t v, size_t size)
{
	switch (size) {
	case 1:
		*(uint8_t *)field = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)field = (uint16_t)v;
		break;
	case 4:
		*(uint32_t *)field = (uint32_t)v;
		break;
	default:
		*(uint64_t *)field = v;
	}
}

static int store_checked(const struct opt_desc *d, void *field,
			 const char *value, uint64_t v, struct error *err)
{
	uint64_t max = d->max ? d->max : integers[d->type].max;

	if (v < d->min || v > max)
		return error_set(err, ERANGE,
				 "%s=%s is not from %" PRIu64 " to %" PRIu64,
				 d->name, value, d->min, max);
	store(field, v, integers[d->type].size);
	return 0;
}

static int set_unsigned(const struct opt_desc *d, void *field,
			const char *value, struct error *err)
{
	uint64_t v;

	if (opt_parse_u64(value, &v, err) < 0)
		return error_prefix(err, "%s", d->name);
	return store_checked(d, field, value, v, err);
}

static int set_size(const struct opt_desc *d, void *field, const char *value,
		    struct error *err)
{
	uint64_t v, unit = d->type == OPT_SIZE ? 1 : MIB;

	if (opt_parse_size(value, unit, &v, err) < 0)
		return error_prefix(err, "%s", d->name);
	return store_checked(d, field, value, v, err);
}

static int set_signed(const struct opt_desc *d, void *field, const char *value,
		      struct error *err)
{
	bool any = !d->min && !d->max;
	int64_t min = any ? INT64_MIN : (int64_t)d->min;
	int64_t max = any ? INT64_MAX : (int64_t)d->max;
	char first = value[*value == '-'], *end;
	long long v;

	errno = 0;
	v = strtoll(value, &end, 0);
	if (first < '0' || first > '9' || *end)
		return bad_value(d, value, "a number", err);
	if (errno || v < min || v > max)
		return error_set(err, ERANGE,
				 "%s=%s is not from %" PRId64 " to %" PRId64,
				 d->name, value, min, max);
	*(int64_t *)field = v;
	return 0;
}

static int set_string(const struct opt_desc *d, void *field, const char *value,
		      struct error *err)
{
	char *copy = strdup(value), **s = field;

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	free(*s);
	*s = copy;
	return 0;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* One or two hexadecimal digits; moves *text on.  -1: there are none. */
static int take_hex(const char **text)
{
	int high = hex_digit(**text), low;

	if (high < 0)
		return -1;
	(*text)++;
	low = hex_digit(**text);
	if (low < 0)
		return high;
	(*text)++;
	return high << 4 | low;
}

static int set_mac(const struct opt_desc *d, void *field, const char *value,
		   struct error *err)
{
	const char *s = value;
	uint8_t mac[6];
	unsigned i;
	int v;

	for (i = 0; i < sizeof(mac); i++) {
		if (i && *s != ':' && *s != '-')
			break;
		s += i > 0;
		v = take_hex(&s);
		if (v < 0)
			break;
		mac[i] = (uint8_t)v;
	}
	if (i < sizeof(mac) || *s)
		return bad_value(d, value,
				 "a MAC address like "
				 "52:54:00:12:34:56",
				 err);
	memcpy(field, mac, sizeof(mac));
	return 0;
}

static int take_number(const char **s, uint64_t *v)
{
	char *end;

	if (**s < '0' || **s > '9')
		return -EINVAL;
	errno = 0;
	*v = strtoull(*s, &end, 0);
	*s = end;
	return errno ? -ERANGE : 0;
}

/* One number or range; moves *s on. */
static int take_range(const char **s, uint64_t *first, uint64_t *last)
{
	int rc = take_number(s, first);

	if (rc < 0)
		return rc;
	*last = *first;
	if (**s == '-') {
		(*s)++;
		rc = take_number(s, last);
	}
	return rc == 0 && *last < *first ? -EINVAL : rc;
}

/* More than one value adds up: "cpus=0-1,cpus=3". */
static int set_bits(const struct opt_desc *d, void *field, const char *value,
		    struct error *err)
{
	uint64_t first, last, max = d->max ? d->max : OPT_BITS_MAX - 1;
	struct opt_bits bits = *(struct opt_bits *)field;
	const char *s = value;
	bool more;
	int rc;

	do {
		rc = take_range(&s, &first, &last);
		more = *s == ',';
		if (rc == -EINVAL || (*s && !more))
			return bad_value(d, value,
					 "a number, or a range like 0-3", err);
		if (rc < 0 || last > max)
			return error_set(err, ERANGE,
					 "%s=%s: the most is %" PRIu64, d->name,
					 value, max);
		for (; first <= last; first++)
			bits.word[first / 64] |= UINT64_C(1) << first % 64;
		s += more;
	} while (more);
	*(struct opt_bits *)field = bits;
	return 0;
}

static int set_devfn(const struct opt_desc *d, void *field, const char *value,
		     struct error *err)
{
	const char *s = value + (strncmp(value, "0x", 2) ? 0 : 2);
	int slot, fn = 0;

	if (!strcmp(value, "-1")) {
		*(int *)field = -1;
		return 0;
	}
	slot = take_hex(&s);
	if (slot >= 0 && *s == '.') {
		s++;
		fn = take_hex(&s);
	}
	if (slot < 0 || slot > 31 || fn < 0 || fn > 7 || *s)
		return bad_value(d, value,
				 "a PCI slot, or slot.function, like 1f.7 "
				 "(hexadecimal)",
				 err);
	*(int *)field = slot << 3 | fn;
	return 0;
}

int opt_parse_uuid(const char *text, uint8_t uuid[16], struct error *err)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	uint8_t out[16];
	unsigned i, n = 0;
	int v = 0;

	if (strlen(text) != strlen(form))
		v = -1;
	for (i = 0; v >= 0 && form[i]; i++) {
		if (form[i] == '-') {
			v = text[i] == '-' ? 0 : -1;
			continue;
		}
		v = hex_digit(text[i]);
		out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] << 4 | (v & 15) : v);
		n++;
	}
	if (v < 0)
		return error_set(err, EINVAL,
				 "'%s' is not a UUID like "
				 "550e8400-e29b-41d4-a716-446655440000",
				 text);
	memcpy(uuid, out, sizeof(out));
	return 0;
}

static const struct {
	const char *name;
	int (*set)(const struct opt_desc *d, void *field, const char *value,
		   struct error *err);
} types[] = {
	[OPT_BOOL] = {"bool", set_bool},
	[OPT_ONOFFAUTO] = {"on/off/auto", set_onoffauto},
	[OPT_U8] = {"uint8", set_unsigned},
	[OPT_U16] = {"uint16", set_unsigned},
	[OPT_U32] = {"uint32", set_unsigned},
	[OPT_U64] = {"uint64", set_unsigned},
	[OPT_I64] = {"int64", set_signed},
	[OPT_SIZE] = {"size", set_size},
	[OPT_SIZE_MIB] = {"size", set_size},
	[OPT_STRING] = {"str", set_string},
	[OPT_ENUM] = {"str", set_enum},
	[OPT_MAC] = {"str", set_mac},
	[OPT_BITS] = {"range", set_bits},
	[OPT_DEVFN] = {"int32", set_devfn},
	[OPT_PASS] = {"str", NULL}, /* opt_set does it */
};

int opt_value_set(const struct opt_desc *d, void *field, const char *value,
		  struct error *err)
{
	return types[d->type].set(d, field, value, err);
}

const char *opt_type_name(const struct opt_desc *desc)
{
	return types[desc->type].name;
}
