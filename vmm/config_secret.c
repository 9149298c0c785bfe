/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object secret: bytes that other options name instead of showing them.
 * Base64 is that of RFC 4648, section 4.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/read_file.h"

#define SECRET_MAX 65536 /* bytes */
#define SEXTET	   6

enum { FORMAT_RAW, FORMAT_BASE64 };

static const char *const formats[] = {"raw", "base64", NULL};

#define SECRET_KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct secret_conf, field)

const struct opt_desc secret_opts[] = {
	{SECRET_KEY("id", OPT_STRING, id), .help = "a name for it"},
	{SECRET_KEY("data", OPT_STRING, data),
	 .help = "the secret itself, which others can see in lists of "
		 "processes"},
	{SECRET_KEY("file", OPT_STRING, file), .help = "the file that has it"},
	{SECRET_KEY("format", OPT_ENUM, format), .choices = formats,
	 .help = "raw, or base64"},
	REFUSED("keyid", OPT_LATER),
	REFUSED("iv", OPT_LATER),
	{.type = OPT_END},
};

static int sextet(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place; blanks between are left out. */
static int decode_base64(uint8_t *buf, size_t *len, struct error *err)
{
	size_t in, out = 0, digits = 0, pads = 0;
	uint32_t bits = 0;
	int value;

	for (in = 0; in < *len; in++) {
		if (strchr(" \t\r\n", buf[in]) && buf[in])
			continue;
		value = buf[in] == '=' ? 0 : sextet((char)buf[in]);
		pads += buf[in] == '=';
		if (value < 0 || (pads && buf[in] != '='))
			return error_set(err, EINVAL, "it is not base64");
		bits = bits << SEXTET | (uint32_t)value;
		if (++digits % 4)
			continue;
		buf[out++] = (uint8_t)(bits >> 16);
		buf[out++] = (uint8_t)(bits >> 8);
		buf[out++] = (uint8_t)bits;
	}
	if (digits % 4 || pads > 2)
		return error_set(err, EINVAL,
				 "it is not base64: its end is missing");
	*len = out - pads;
	buf[*len] = 0;
	return 0;
}

static int load(struct secret_conf *s, struct error *err)
{
	int rc = 0;

	if (!s->data == !s->file)
		return error_set(err, EINVAL, "one of data= and file= is %s",
				 s->data ? "enough" : "needed");
	if (s->file) {
		rc = read_file(s->file, SECRET_MAX, &s->bytes, &s->len, err);
	} else {
		s->len = strlen(s->data);
		s->bytes = (uint8_t *)strdup(s->data);
		if (!s->bytes)
			return error_set(err, ENOMEM, "out of memory");
	}
	if (rc == 0 && s->format == FORMAT_BASE64)
		rc = decode_base64(s->bytes, &s->len, err);
	return rc;
}

int config_add_secret(struct config *c, const struct opt_list *list,
		      struct error *err)
{
	struct secret_conf *s =
		realloc(c->secrets, (c->nsecrets + 1) * sizeof(*s));
	int rc;

	if (!s)
		return error_set(err, ENOMEM, "out of memory");
	c->secrets = s;
	s += c->nsecrets++;
	*s = (struct secret_conf){0};
	rc = config_set_object(secret_opts, s, list, err);
	return rc < 0 ? rc : load(s, err);
}

const struct secret_conf *config_find_secret(const struct config *c,
					     const char *id)
{
	unsigned i;

	for (i = 0; i < c->nsecrets; i++)
		if (!strcmp(c->secrets[i].id, id))
			return &c->secrets[i];
	return NULL;
}

void config_free_secrets(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->nsecrets; i++) {
		opt_free(secret_opts, &c->secrets[i]);
		if (c->secrets[i].bytes)
			explicit_bzero(c->secrets[i].bytes, c->secrets[i].len);
		free(c->secrets[i].bytes);
	}
	free(c->secrets);
	c->secrets = NULL;
	c->nsecrets = 0;
}
