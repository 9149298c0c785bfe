/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is saved of a device, as a table of its fields.
 *
 * Only modelled hardware is saved: registers and deadlines, never pointers or
 * file names.  Encoded, a field is its little-endian values in the table's
 * order, a list with their number before them; the section has a name, a
 * version and a length.  All is checked against lo and hi before anything is
 * changed, so that a state that is refused leaves the device as it was.
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
	STATE_LIST, /* struct state_list: of count elements at most, as sub */
};

/* What is as long as it happens to be: there while saving and restoring. */
struct state_list {
	void *at;
	uint32_t n;
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
	/* Fills in the lists, which are empty; -ENOMEM.  May be NULL. */
	int (*saving)(void *dev);
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

/* Of elements of a type, most of them at most. */
#define STATE_LIST_OF(owner_, field_, type_, most_, sub_) \
	.name = #field_, .kind = STATE_LIST, \
	.offset = offsetof(owner_, field_), .size = sizeof(type_), \
	.count = (most_), .sub = (sub_)

/* A list of bytes has this as its sub. */
extern const struct state_field state_byte[];

/* Makes room for n more elements of size at the end; NULL: out of memory. */
void *state_list_add(struct state_list *list, uint32_t n, size_t size);

/* { STATE_ELEM(STATE_U8, struct rtc, index) }, ... */

/* What is saved, for the caller to free; NULL: out of memory. */
void *state_save(const struct state_desc *desc, void *dev, size_t *len);
/* All or nothing; -EINVAL and a message that names the field, or -ENOMEM. */
int state_load(const struct state_desc *desc, void *dev, const void *buf,
	       size_t len, uint32_t version, struct error *err);

#endif
