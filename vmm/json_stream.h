/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes JSON values one by one out of a stream of bytes, as QMP clients send
 * them: with anything or nothing between two values, in single quotes too.
 */
#ifndef VMM_JSON_STREAM_H
#define VMM_JSON_STREAM_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum json_stream_state {
	STREAM_BETWEEN, /* the stream's state must be zero at first */
	STREAM_WORD, /* a number or keyword outside of all else */
	STREAM_INSIDE,
	STREAM_STRING,
	STREAM_ESCAPE, /* after a backslash in a string */
	STREAM_SKIP, /* after an error, until the line ends */
};

struct json_stream {
	enum json_stream_state state;
	unsigned depth;
	char quote;
	char *buf; /* what there is of the value, in strict JSON */
	size_t len, size;
	char error[160];
};

enum json_stream_result { JSON_MORE, JSON_VALUE, JSON_ERROR };

/*
 * Takes bytes from buf up to the end of a value or to an error, and says in
 * *used how many.  JSON_VALUE: *value is the caller's.  JSON_ERROR: error says
 * what is wrong, in valid UTF-8.
 */
enum json_stream_result json_stream_take(struct json_stream *s, const char *buf,
					 size_t len, size_t *used,
					 json_t **value);
/* Forgets what came so far. */
void json_stream_reset(struct json_stream *s);
void json_stream_free(struct json_stream *s);

#endif
