/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saved state: what it is made of, and what is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/state.h"
#include "vmm/timer.h"

struct part {
	uint16_t a;
	bool b;
};

struct toy {
	uint64_t not_saved;
	bool flag;
	uint8_t u8, table[3];
	uint16_t u16;
	uint32_t u32;
	int64_t i64;
	struct part part[2];
	struct timer timer;
	unsigned restored;
};

static const struct state_field part_fields[] = {
	{STATE_ELEM(STATE_U16, struct part, a), .lo = 1, .hi = 9},
	{STATE_ELEM(STATE_BOOL, struct part, b)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_BOOL, struct toy, flag)},
	{STATE_ELEM(STATE_U8, struct toy, u8), .hi = 7},
	{STATE_ARR(STATE_U8, struct toy, table)},
	{STATE_ELEM(STATE_U16, struct toy, u16)},
	{STATE_ELEM(STATE_U32, struct toy, u32), .lo = 2, .hi = 2000000},
	{STATE_ELEM(STATE_U64, struct toy, i64)},
	{STATE_ARR(STATE_STRUCT, struct toy, part), .sub = part_fields},
	{STATE_ELEM(STATE_TIMER, struct toy, timer)},
	{.kind = STATE_END},
};

/* Where each field is in what is saved. */
enum {
	AT_FLAG = 0,
	AT_U8 = 1,
	AT_TABLE = 2,
	AT_U16 = 5,
	AT_U32 = 7,
	AT_I64 = 11,
	AT_PART = 19,
	AT_TIMER = 25,
	SAVED = 33
};

static void count_restored(void *dev)
{
	((struct toy *)dev)->restored++;
}

static const struct state_desc desc = {
	.name = "toy",
	.version = 3,
	.fields = fields,
	.restored = count_restored,
};

static struct clock now;

static void on_timer(void *ctx)
{
}

static void make(struct toy *t)
{
	*t = (struct toy){
		.not_saved = 99,
		.flag = true,
		.u8 = 5,
		.table = {1, 2, 3},
		.u16 = 0x1234,
		.u32 = 0x12345,
		.i64 = -2,
		.part = {{.a = 1, .b = true}, {.a = 9}},
	};
	clock_init_manual(&now, 0);
	timer_init(&t->timer, &now, on_timer, t);
}

/* What there is of it, in buf; returns how much. */
static size_t save(const struct state_desc *what, void *dev, uint8_t *buf)
{
	size_t len = 0;
	void *saved = state_save(what, dev, &len);

	ck_assert_ptr_nonnull(saved);
	memcpy(buf, saved, len);
	free(saved);
	return len;
}

START_TEST(test_values_are_little_endian_in_the_tables_order)
{
	static const uint8_t want[SAVED] = {
		1,    5,    1,	  2,	3,    0x34, 0x12, 0x45, 0x23, 1, 0,
		0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,    0, 1,
		9,    0,    0,	  8,	7,    6,    5,	  4,	3,    2, 1,
	};
	uint8_t buf[SAVED];
	struct toy toy;

	make(&toy);
	timer_set(&toy.timer, 0x0102030405060708);
	ck_assert_uint_eq(save(&desc, &toy, buf), SAVED);
	ck_assert_mem_eq(buf, want, SAVED);
}
END_TEST

START_TEST(test_round_trip)
{
	struct error err = {0};
	uint8_t buf[SAVED];
	struct toy toy, copy;

	make(&toy);
	timer_set(&toy.timer, 500);
	save(&desc, &toy, buf);
	copy = (struct toy){.not_saved = 7, .u8 = 7};
	timer_init(&copy.timer, &now, on_timer, &copy);
	ck_assert_msg(state_load(&desc, &copy, buf, SAVED, 3, &err) == 0, "%s",
		      err.msg);
	ck_assert_uint_eq(copy.not_saved, 7);
	ck_assert(copy.flag);
	ck_assert_uint_eq(copy.u8, 5);
	ck_assert_mem_eq(copy.table, toy.table, 3);
	ck_assert_uint_eq(copy.u16, 0x1234);
	ck_assert_uint_eq(copy.u32, 0x12345);
	ck_assert_int_eq(copy.i64, -2);
	ck_assert_uint_eq(copy.part[0].a, 1);
	ck_assert(copy.part[0].b && !copy.part[1].b);
	ck_assert_uint_eq(copy.part[1].a, 9);
	ck_assert(timer_pending(&copy.timer));
	ck_assert_int_eq(copy.timer.deadline, 500);
	ck_assert_uint_eq(copy.restored, 1);
	/* A timer that was not set is cancelled by what says so. */
	timer_cancel(&toy.timer);
	save(&desc, &toy, buf);
	ck_assert_int_eq(state_load(&desc, &copy, buf, SAVED, 3, &err), 0);
	ck_assert(!timer_pending(&copy.timer));
}
END_TEST

/* Loads buf, which must be refused with this text and change nothing. */
static void refused(const uint8_t *buf, size_t len, uint32_t version,
		    const char *text)
{
	struct error err = {0};
	uint8_t before[SAVED], after[SAVED];
	struct toy toy;

	make(&toy);
	timer_set(&toy.timer, 77);
	toy.u8 = 6;
	save(&desc, &toy, before);
	ck_assert_int_eq(state_load(&desc, &toy, buf, len, version, &err),
			 -EINVAL);
	ck_assert_str_eq(err.msg, text);
	save(&desc, &toy, after);
	ck_assert_mem_eq(before, after, SAVED);
	ck_assert_uint_eq(toy.restored, 0);
}

START_TEST(test_other_versions_and_lengths_are_refused)
{
	uint8_t buf[SAVED + 1] = {0};
	struct toy toy;

	make(&toy);
	save(&desc, &toy, buf);
	refused(buf, SAVED, 2, "state of toy: version 2, this program has 3");
	refused(buf, SAVED, 4, "state of toy: version 4, this program has 3");
	/* A field too few, a field too many, nothing. */
	refused(buf, SAVED - 8, 3, "state of toy: it ends at timer");
	refused(buf, SAVED + 1, 3, "state of toy: it is 1 bytes too long");
	refused(buf, 0, 3, "state of toy: it ends at flag");
}
END_TEST

START_TEST(test_values_out_of_bounds_are_refused)
{
	static const struct {
		unsigned at;
		uint8_t val;
		const char *field;
	} bad[] = {
		{AT_FLAG, 2, "flag"},	{AT_U8, 8, "u8"},
		{AT_U8, 0xff, "u8"},	{AT_U32 + 3, 1, "u32"},
		{AT_PART, 0, "a"},	{AT_PART + 3, 10, "a"},
		{AT_PART + 4, 1, "a"},	{AT_PART + 2, 0xff, "b"},
		{AT_PART + 5, 2, "b"},	{AT_TIMER + 7, 0x80, "timer"},
		{AT_TIMER, 0, "timer"},
	};
	uint8_t good[SAVED], buf[SAVED];
	char text[80];
	struct toy toy;
	size_t i;

	make(&toy);
	save(&desc, &toy, good); /* all ones is: no deadline */
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memcpy(buf, good, SAVED);
		buf[bad[i].at] = bad[i].val;
		snprintf(text, sizeof(text),
			 "state of toy: %s is out of bounds", bad[i].field);
		refused(buf, SAVED, 3, text);
	}
	memcpy(buf, good, SAVED);
	memset(buf + AT_U32, 0, 4);
	refused(buf, SAVED, 3, "state of toy: u32 is out of bounds");
	buf[AT_U32] = 1;
	refused(buf, SAVED, 3, "state of toy: u32 is out of bounds");
}
END_TEST

START_TEST(test_bounds_are_inclusive)
{
	struct error err = {0};
	uint8_t buf[SAVED];
	struct toy toy;

	make(&toy);
	toy.u8 = 7;
	toy.u32 = 2;
	save(&desc, &toy, buf);
	ck_assert_int_eq(state_load(&desc, &toy, buf, SAVED, 3, &err), 0);
	toy.u32 = 2000000;
	save(&desc, &toy, buf);
	ck_assert_int_eq(state_load(&desc, &toy, buf, SAVED, 3, &err), 0);
	ck_assert_uint_eq(toy.u32, 2000000);
}
END_TEST

#define LIST_MAX 5u

struct owner {
	uint8_t before;
	struct {
		uint16_t kept[LIST_MAX];
		uint32_t n;
		struct state_list list;
	} inner[2];
	uint8_t after;
};

static const struct state_field element[] = {
	{.name = "element",
	 .kind = STATE_U16,
	 .size = 2,
	 .count = 1,
	 .lo = 1,
	 .hi = 99},
	{.kind = STATE_END},
};

static const struct state_field inner_fields[] = {
	{.name = "list",
	 .kind = STATE_LIST,
	 .offset = offsetof(struct owner, inner[0].list) -
		   offsetof(struct owner, inner[0]),
	 .size = 2,
	 .count = LIST_MAX,
	 .sub = element},
	{.kind = STATE_END},
};

static const struct state_field owner_fields[] = {
	{STATE_ELEM(STATE_U8, struct owner, before)},
	{STATE_ARR(STATE_STRUCT, struct owner, inner), .sub = inner_fields},
	{STATE_ELEM(STATE_U8, struct owner, after)},
	{.kind = STATE_END},
};

static int fill_lists(void *dev)
{
	struct owner *o = dev;
	unsigned i;

	for (i = 0; i < 2; i++) {
		void *to = state_list_add(&o->inner[i].list, o->inner[i].n, 2);

		if (!to)
			return -ENOMEM;
		memcpy(to, o->inner[i].kept, 2 * o->inner[i].n);
	}
	return 0;
}

static void take_lists(void *dev)
{
	struct owner *o = dev;
	unsigned i;

	for (i = 0; i < 2; i++) {
		o->inner[i].n = o->inner[i].list.n;
		memcpy(o->inner[i].kept, o->inner[i].list.at,
		       2 * o->inner[i].n);
	}
}

static const struct state_desc owner_desc = {.name = "owner",
					     .version = 1,
					     .fields = owner_fields,
					     .saving = fill_lists,
					     .restored = take_lists};

START_TEST(test_lists_are_as_long_as_they_are)
{
	static const uint8_t want[] = {7, 2, 0, 0, 0, 5, 0,
				       6, 0, 0, 0, 0, 0, 8};
	struct owner o = {.before = 7,
			  .inner = {{.kept = {5, 6}, .n = 2}, {.n = 0}},
			  .after = 8},
		     copy = {.inner = {{.n = 4}, {.n = 4}}};
	uint8_t buf[32];
	size_t len = save(&owner_desc, &o, buf);

	ck_assert_uint_eq(len, sizeof(want));
	ck_assert_mem_eq(buf, want, sizeof(want));
	ck_assert_ptr_null(o.inner[0].list.at);
	ck_assert_int_eq(state_load(&owner_desc, &copy, buf, len, 1, NULL), 0);
	ck_assert_mem_eq(&copy, &o, sizeof(o));
}
END_TEST

START_TEST(test_lists_that_make_no_sense_are_refused)
{
	static const struct {
		uint8_t buf[20];
		size_t len;
		const char *why;
	} bad[] = {
		{{7, 1, 0, 0}, 4, "it ends at list"},
		{{7, 6}, 20, "list is out of bounds"},
		{{7, 0, 0, 0, 1}, 20, "list is out of bounds"},
		{{7, 3, 0, 0, 0, 1, 0, 2, 0}, 9, "it ends at element"},
		{{7, 3, 0, 0, 0}, 5, "it ends at list"},
		{{7, 1, 0, 0, 0, 100}, 20, "element is out of bounds"},
		{{7, 0, 0, 0, 0, 0, 0, 0, 0, 8}, 11, "it is 1 bytes too long"},
	};
	struct owner o = {.before = 1, .after = 2}, was = o;
	struct error err = {0};
	char text[80];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "state of owner: %s", bad[i].why);
		ck_assert_int_eq(state_load(&owner_desc, &o, bad[i].buf,
					    bad[i].len, 1, &err),
				 -EINVAL);
		ck_assert_str_eq(err.msg, text);
		ck_assert_mem_eq(&o, &was, sizeof(o));
	}
}
END_TEST

START_TEST(test_stateless)
{
	uint8_t buf[1] = {0x55};
	int nothing = 0;

	ck_assert_uint_eq(save(&stateless, &nothing, buf), 0);
	ck_assert_int_eq(state_load(&stateless, &nothing, buf, 0, 1, NULL), 0);
	ck_assert_int_eq(state_load(&stateless, &nothing, buf, 1, 1, NULL),
			 -EINVAL);
}
END_TEST

UNIT_MAIN("state", test_values_are_little_endian_in_the_tables_order,
	  test_round_trip, test_other_versions_and_lengths_are_refused,
	  test_values_out_of_bounds_are_refused, test_bounds_are_inclusive,
	  test_stateless, test_lists_are_as_long_as_they_are,
	  test_lists_that_make_no_sense_are_refused)
