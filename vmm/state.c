/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is saved of a device: encoding and decoding by its field table. */
#include "vmm/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/timer.h"

#define NO_DEADLINE UINT64_MAX
#define COUNT_SIZE  4u /* bytes, before a list */

static const struct state_field no_fields[] = {{.kind = STATE_END}};

const struct state_desc stateless = {.name = "stateless",
				     .version = 1,
				     .fields = no_fields};

const struct state_field state_byte[] = {
	{.name = "byte", .kind = STATE_U8, .size = 1, .count = 1},
	{.kind = STATE_END},
};

static size_t width(enum state_kind kind)
{
	static const uint8_t widths[] = {
		[STATE_BOOL] = 1, [STATE_U8] = 1,  [STATE_U16] = 2,
		[STATE_U32] = 4,  [STATE_U64] = 8, [STATE_TIMER] = 8,
	};

	return widths[kind];
}

void *state_list_add(struct state_list *list, uint32_t n, size_t size)
{
	uint32_t had = list->n;
	char *at = reallocarray(list->at, (size_t)had + n + 1, size);

	if (!at)
		return NULL;
	list->at = at;
	list->n += n;
	return at + had * size;
}

/* How many elements the field has; *p: where they are. */
static uint32_t elements(const struct state_field *f, const uint8_t **p)
{
	const struct state_list *list = (const void *)*p;

	if (f->kind != STATE_LIST)
		return f->count;
	*p = list->at;
	return list->n;
}

static size_t fields_size(const struct state_field *f, const uint8_t *base)
{
	size_t total = 0;
	const uint8_t *p;
	uint32_t n;

	for (; f->kind != STATE_END; f++) {
		p = base + f->offset;
		n = elements(f, &p);
		if (f->kind == STATE_LIST)
			total += COUNT_SIZE;
		for (; n; n--, p += f->size)
			total += f->sub ? fields_size(f->sub, p)
					: width(f->kind);
	}
	return total;
}

static uint64_t get(const struct state_field *f, const uint8_t *p)
{
	const struct timer *timer = (const void *)p;
	uint64_t v = 0;

	switch (f->kind) {
	case STATE_TIMER:
		return timer_pending(timer) ? (uint64_t)timer->deadline
					    : NO_DEADLINE;
	case STATE_BOOL:
		return *(const bool *)p;
	default:
		memcpy(&v, p, width(f->kind)); /* x86-64: little-endian */
		return v;
	}
}

static void put(const struct state_field *f, uint8_t *p, uint64_t v)
{
	struct timer *timer = (void *)p;

	switch (f->kind) {
	case STATE_TIMER:
		if (v == NO_DEADLINE)
			timer_cancel(timer);
		else
			timer_set(timer, (int64_t)v);
		break;
	case STATE_BOOL:
		*(bool *)p = v;
		break;
	default:
		memcpy(p, &v, width(f->kind));
	}
}

static uint8_t *put_value(uint8_t *out, uint64_t v, size_t bytes)
{
	uint8_t raw[8];

	store_le64(raw, v);
	memcpy(out, raw, bytes);
	return out + bytes;
}

static uint8_t *save(const struct state_field *f, const uint8_t *base,
		     uint8_t *out)
{
	const uint8_t *p;
	uint32_t n;

	for (; f->kind != STATE_END; f++) {
		p = base + f->offset;
		n = elements(f, &p);
		if (f->kind == STATE_LIST)
			out = put_value(out, n, COUNT_SIZE);
		for (; n; n--, p += f->size)
			out = f->sub ? save(f->sub, p, out)
				     : put_value(out, get(f, p),
						 width(f->kind));
	}
	return out;
}

static void free_lists(const struct state_field *f, uint8_t *base)
{
	struct state_list *list;
	uint32_t i;

	for (; f->kind != STATE_END; f++) {
		if (f->kind == STATE_LIST) {
			list = (void *)(base + f->offset);
			free(list->at);
			*list = (struct state_list){0};
		}
		for (i = 0; f->kind == STATE_STRUCT && i < f->count; i++)
			free_lists(f->sub, base + f->offset + i * f->size);
	}
}

void *state_save(const struct state_desc *desc, void *dev, size_t *len)
{
	void *buf = NULL;

	if (!desc->saving || desc->saving(dev) == 0) {
		*len = fields_size(desc->fields, dev);
		buf = malloc(*len + 1);
	}
	if (buf)
		save(desc->fields, dev, buf);
	free_lists(desc->fields, dev);
	return buf;
}

static bool in_bounds(const struct state_field *f, uint64_t v)
{
	if (f->kind == STATE_BOOL)
		return v <= 1;
	if (f->kind == STATE_TIMER)
		return v <= INT64_MAX || v == NO_DEADLINE;
	return (!f->lo && !f->hi) || (v >= f->lo && v <= f->hi);
}

/* What is still to be decoded. */
struct input {
	const uint8_t *at, *end;
	bool check, store; /* what is to be done with it */
	bool short_of, no_memory;
	const struct state_field *bad;
};

static bool take(struct input *in, size_t bytes, uint64_t *v)
{
	uint8_t raw[8] = {0};

	if ((size_t)(in->end - in->at) < bytes) {
		in->short_of = true;
		return false;
	}
	memcpy(raw, in->at, bytes);
	in->at += bytes;
	*v = load_le64(raw);
	return true;
}

static bool load(const struct state_field *f, uint8_t *base, struct input *in);

/* Lists are no part of the device: they are filled in while it is checked. */
static bool load_list(const struct state_field *f, struct state_list *list,
		      struct input *in)
{
	bool check = in->check, store = in->store, fine = true;
	uint8_t *p;
	uint64_t n;

	if (!take(in, COUNT_SIZE, &n) || n > f->count)
		return false;
	if (check) {
		/* As many as there can be in what is left. */
		if (n > (size_t)(in->end - in->at)) {
			in->short_of = true;
			return false;
		}
		list->at = calloc(n + 1, f->size);
		list->n = list->at ? (uint32_t)n : 0;
		in->no_memory = !list->at;
	}
	in->store = check;
	for (p = list->at; n && p && fine; n--, p += f->size)
		fine = load(f->sub, p, in);
	in->store = store;
	return fine && p;
}

static bool load_value(const struct state_field *f, uint8_t *p,
		       struct input *in)
{
	uint64_t v;

	if (!take(in, width(f->kind), &v) || (in->check && !in_bounds(f, v)))
		return false;
	if (in->store)
		put(f, p, v);
	return true;
}

static bool load(const struct state_field *f, uint8_t *base, struct input *in)
{
	uint8_t *p;
	uint32_t i;

	for (; f->kind != STATE_END; f++) {
		in->bad = f;
		p = base + f->offset;
		if (f->kind == STATE_LIST) {
			if (!load_list(f, (void *)p, in))
				return false;
			continue;
		}
		for (i = 0; i < f->count; i++, p += f->size)
			if (f->sub ? !load(f->sub, p, in)
				   : !load_value(f, p, in))
				return false;
	}
	return true;
}

static int refuse(const struct state_desc *desc, const struct input *in,
		  struct error *err)
{
	if (in->no_memory)
		return error_set(err, ENOMEM, "state of %s: out of memory",
				 desc->name);
	if (in->short_of)
		return error_set(err, EINVAL, "state of %s: it ends at %s",
				 desc->name, in->bad->name);
	return error_set(err, EINVAL, "state of %s: %s is out of bounds",
			 desc->name, in->bad->name);
}

/* Nothing of the device is changed, but its lists are there. */
static int check_all(const struct state_desc *desc, uint8_t *dev,
		     struct input in, struct error *err)
{
	in.check = true;
	if (!load(desc->fields, dev, &in))
		return refuse(desc, &in, err);
	if (in.at != in.end)
		return error_set(err, EINVAL,
				 "state of %s: it is %zu bytes too long",
				 desc->name, (size_t)(in.end - in.at));
	return 0;
}

int state_load(const struct state_desc *desc, void *dev, const void *buf,
	       size_t len, uint32_t version, struct error *err)
{
	struct input in = {.at = buf, .end = (const uint8_t *)buf + len};
	int rc;

	if (version != desc->version)
		return error_set(err, EINVAL,
				 "state of %s: version %u, this program has %u",
				 desc->name, version, desc->version);
	rc = check_all(desc, dev, in, err);
	if (rc == 0) {
		in.store = true;
		load(desc->fields, dev, &in);
		if (desc->restored)
			desc->restored(dev);
	}
	free_lists(desc->fields, dev);
	return rc;
}
