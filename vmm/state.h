/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is saved of a device, as a table of its fields.
 *
 * Only modelled hardware is saved: registers and deadlines, never pointers or
 * file names.  Encoded, a field is its count and its little-endian values in
 * the table's order; the section has a name, a version and a length.  Decoding
 * goes into scratch memory first and is checked against lo and hi, so that a
 * state that is refused leaves the device as it was.
 */
#ifndef VMM_STATE_H
#define VMM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

enum state_kind {
	STATE_END,
	STATE_BOOL,
	STATE_U8,
	STATE_U16,
	STATE_U32,
	STATE_U64, /* also int64_t */
	STATE_STRUCT, /* sub describes each of count elements */
	STATE_TIMER, /* struct timer: its deadline, or none */
};

struct state_field {
	const char *name;
	enum state_kind kind;
	size_t offset; /* into the device's own struct */
	size_t size; /* of one element */
	uint32_t count; /* elements, at least 1 */
	uint64_t lo, hi; /* bounds, inclusive; 0 and 0: any */
	const struct state_field *sub;
};

struct state_desc {
	const char *name;
	uint32_t version; /* 1 is the first */
	const struct state_field *fields; /* ends with STATE_END */
	/* Puts what follows from the fields in order; may be NULL. */
	void (*restored)(void *dev);
};

/* For devices with nothing to save. */
extern const struct state_desc stateless;

#define STATE_ELEM(kind_, type_, field_) \
	.name = #field_, .kind = kind_, .offset = offsetof(type_, field_), \
	.size = sizeof(((type_ *)0)->field_), .count = 1

#define STATE_ARR(kind_, type_, field_) \
	.name = #field_, .kind = kind_, .offset = offsetof(type_, field_), \
	.size = sizeof(((type_ *)0)->field_[0]), \
	.count = \
		sizeof(((type_ *)0)->field_) / sizeof(((type_ *)0)->field_[0])

/* { STATE_ELEM(STATE_U8, struct rtc, index) }, ... */

/* Bytes that the state takes; never fails. */
size_t state_size(const struct state_desc *desc);
/* Writes state_size bytes to buf. */
void state_save(const struct state_desc *desc, const void *dev, void *buf);
/* All or nothing; -EINVAL and a message that names the field. */
int state_load(const struct state_desc *desc, void *dev, const void *buf,
	       size_t len, uint32_t version, struct error *err);

#endif
