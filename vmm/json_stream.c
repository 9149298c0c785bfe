/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values out of a stream of bytes.  Only nesting and quotes are looked at
 * here, a byte at a time; the parser proper gets each whole value.
 */
#include "vmm/json_stream.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX (1u << 20)
#define DEPTH_MAX 1024
#define WORD_MAX  60
#define FIRST	  256

static void put(struct json_stream *s, char c)
{
	size_t size = s->size ? 2 * s->size : FIRST;
	char *grown;

	if (s->len == s->size) {
		grown = realloc(s->buf, size);
		if (!grown)
			return; /* the parser will not like what is missing */
		s->buf = grown;
		s->size = size;
	}
	s->buf[s->len++] = c;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
	       c == '_';
}

static enum json_stream_result fail(struct json_stream *s, const char *what)
{
	snprintf(s->error, sizeof(s->error), "%s", what);
	s->len = 0;
	s->depth = 0;
	return JSON_ERROR;
}

/* A byte that cannot be here; in a value, what follows makes no sense. */
static enum json_stream_result stray(struct json_stream *s, char c)
{
	bool plain = c >= ' ' && c <= '~';

	s->state = s->depth ? STREAM_SKIP : STREAM_BETWEEN;
	fail(s, "");
	snprintf(s->error, sizeof(s->error),
		 plain ? "JSON parse error, stray '%c'"
		       : "JSON parse error, stray byte 0x%02x",
		 plain ? c : (uint8_t)c);
	return JSON_ERROR;
}

static enum json_stream_result end(struct json_stream *s, json_t **value)
{
	json_error_t why;
	size_t len = s->len;

	s->state = STREAM_BETWEEN;
	s->len = 0;
	*value = json_loadb(s->buf, len,
			    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (*value)
		return JSON_VALUE;
	if (json_error_code(&why) == json_error_duplicate_key)
		return fail(s, "JSON parse error, duplicate key");
	return fail(s, "JSON parse error, expecting value");
}

static enum json_stream_result end_word(struct json_stream *s, json_t **value)
{
	int len = (int)(s->len < WORD_MAX ? s->len : WORD_MAX);
	char word[WORD_MAX + 1];

	snprintf(word, sizeof(word), "%.*s", len, s->buf);
	if (end(s, value) == JSON_VALUE)
		return JSON_VALUE;
	snprintf(s->error, sizeof(s->error),
		 "JSON parse error, invalid keyword '%s'", word);
	return JSON_ERROR;
}

static enum json_stream_result open_nested(struct json_stream *s, char c)
{
	s->state = STREAM_INSIDE;
	put(s, c);
	if (++s->depth <= DEPTH_MAX)
		return JSON_MORE;
	s->state = STREAM_SKIP;
	return fail(s, "JSON nesting depth limit exceeded");
}

static enum json_stream_result open_string(struct json_stream *s, char c)
{
	s->state = STREAM_STRING;
	s->quote = c;
	put(s, '"');
	return JSON_MORE;
}

static enum json_stream_result between(struct json_stream *s, char c)
{
	if (is_space(c))
		return JSON_MORE;
	if (c == '{' || c == '[')
		return open_nested(s, c);
	if (c == '"' || c == '\'')
		return open_string(s, c);
	if (c == '}' || c == ']' || c == ',' || c == ':')
		return fail(s, "JSON parse error, expecting value");
	if (!is_word(c))
		return stray(s, c);
	s->state = STREAM_WORD;
	put(s, c);
	return JSON_MORE;
}

static enum json_stream_result inside(struct json_stream *s, char c,
				      json_t **value)
{
	if (c == '{' || c == '[')
		return open_nested(s, c);
	if (c == '"' || c == '\'')
		return open_string(s, c);
	if (!c || (!is_space(c) && !is_word(c) && !strchr("}],:", c)))
		return stray(s, c);
	put(s, c);
	if ((c == '}' || c == ']') && --s->depth == 0)
		return end(s, value);
	return JSON_MORE;
}

static enum json_stream_result in_string(struct json_stream *s, char c,
					 json_t **value)
{
	if ((uint8_t)c < ' ')
		return stray(s, c);
	if (c == '\\') {
		s->state = STREAM_ESCAPE;
		return JSON_MORE;
	}
	if (c != s->quote) {
		if (c == '"')
			put(s, '\\');
		put(s, c);
		return JSON_MORE;
	}
	put(s, '"');
	s->state = STREAM_INSIDE;
	return s->depth ? JSON_MORE : end(s, value);
}

static enum json_stream_result after_escape(struct json_stream *s, char c)
{
	if ((uint8_t)c < ' ')
		return stray(s, c);
	s->state = STREAM_STRING;
	if (c != '\'')
		put(s, '\\');
	put(s, c);
	return JSON_MORE;
}

static enum json_stream_result step(struct json_stream *s, char c,
				    json_t **value)
{
	switch (s->state) {
	case STREAM_INSIDE:
		return inside(s, c, value);
	case STREAM_STRING:
		return in_string(s, c, value);
	case STREAM_ESCAPE:
		return after_escape(s, c);
	case STREAM_WORD:
		put(s, c);
		return JSON_MORE;
	case STREAM_SKIP:
		if (c == '\n')
			s->state = STREAM_BETWEEN;
		return JSON_MORE;
	default:
		return between(s, c);
	}
}

enum json_stream_result json_stream_take(struct json_stream *s, const char *buf,
					 size_t len, size_t *used,
					 json_t **value)
{
	enum json_stream_result r = JSON_MORE;
	size_t i;

	for (i = 0; i < len && r == JSON_MORE; i++) {
		if (s->state == STREAM_WORD && !is_word(buf[i])) {
			r = end_word(s, value);
			break; /* the byte is looked at again */
		}
		r = step(s, buf[i], value);
		if (s->len > VALUE_MAX) {
			s->state = STREAM_SKIP;
			r = fail(s, "JSON token size limit exceeded");
		}
	}
	*used = i;
	return r;
}

void json_stream_reset(struct json_stream *s)
{
	s->state = STREAM_BETWEEN;
	s->depth = 0;
	s->len = 0;
}

void json_stream_free(struct json_stream *s)
{
	free(s->buf);
	*s = (struct json_stream){0};
}
