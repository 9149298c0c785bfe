/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is saved of a device: encoding and decoding by its field table. */
#include "vmm/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/timer.h"

#define NO_DEADLINE UINT64_MAX

static const struct state_field no_fields[] = {{.kind = STATE_END}};

const struct state_desc stateless = {.name = "stateless",
				     .version = 1,
				     .fields = no_fields};

static size_t width(enum state_kind kind)
{
	static const uint8_t widths[] = {
		[STATE_BOOL] = 1, [STATE_U8] = 1,  [STATE_U16] = 2,
		[STATE_U32] = 4,  [STATE_U64] = 8, [STATE_TIMER] = 8,
	};

	return widths[kind];
}

static size_t fields_size(const struct state_field *f)
{
	size_t total = 0;

	for (; f->kind != STATE_END; f++)
		total += f->count * (f->kind == STATE_STRUCT
					     ? fields_size(f->sub)
					     : width(f->kind));
	return total;
}

size_t state_size(const struct state_desc *desc)
{
	return fields_size(desc->fields);
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

static uint8_t *save(const struct state_field *f, const uint8_t *base,
		     uint8_t *out)
{
	const uint8_t *p;
	uint8_t raw[8];
	uint32_t i;

	for (; f->kind != STATE_END; f++)
		for (i = 0; i < f->count; i++) {
			p = base + f->offset + i * f->size;
			if (f->kind == STATE_STRUCT) {
				out = save(f->sub, p, out);
				continue;
			}
			store_le64(raw, get(f, p));
			memcpy(out, raw, width(f->kind));
			out += width(f->kind);
		}
	return out;
}

void state_save(const struct state_desc *desc, const void *dev, void *buf)
{
	save(desc->fields, dev, buf);
}

static bool in_bounds(const struct state_field *f, uint64_t v)
{
	if (f->kind == STATE_BOOL)
		return v <= 1;
	if (f->kind == STATE_TIMER)
		return v <= INT64_MAX || v == NO_DEADLINE;
	return (!f->lo && !f->hi) || (v >= f->lo && v <= f->hi);
}

/* Checks when base is NULL, else stores.  NULL, with *bad, when out of it. */
static const uint8_t *load(const struct state_field *f, uint8_t *base,
			   const uint8_t *in, const struct state_field **bad)
{
	uint8_t raw[8];
	uint64_t v;
	uint32_t i;

	for (; f->kind != STATE_END; f++)
		for (i = 0; i < f->count; i++) {
			uint8_t *p =
				base ? base + f->offset + i * f->size : NULL;

			if (f->kind == STATE_STRUCT) {
				in = load(f->sub, p, in, bad);
				if (!in)
					return NULL;
				continue;
			}
			memset(raw, 0, sizeof(raw));
			memcpy(raw, in, width(f->kind));
			in += width(f->kind);
			v = load_le64(raw);
			*bad = f;
			if (!base && !in_bounds(f, v))
				return NULL;
			if (base)
				put(f, p, v);
		}
	return in;
}

int state_load(const struct state_desc *desc, void *dev, const void *buf,
	       size_t len, uint32_t version, struct error *err)
{
	const struct state_field *bad = desc->fields;

	if (version != desc->version)
		return error_set(err, EINVAL,
				 "state of %s: version %u, this program has %u",
				 desc->name, version, desc->version);
	if (len != state_size(desc))
		return error_set(err, EINVAL,
				 "state of %s: %zu bytes, %zu expected",
				 desc->name, len, state_size(desc));
	if (!load(desc->fields, NULL, buf, &bad))
		return error_set(err, EINVAL,
				 "state of %s: %s is out of bounds", desc->name,
				 bad->name);
	load(desc->fields, dev, buf, &bad);
	if (desc->restored)
		desc->restored(dev);
	return 0;
}
