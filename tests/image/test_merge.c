/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of a front end side by side, which become one for the file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/file.h"
#include "block/front.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define UNIT  4096u
#define COUNT 16u

/* What reaches the file. */
static unsigned requests;
static uint64_t bad = UINT64_MAX; /* writes that touch it fail */

static void spy_submit(struct blk_node *node, struct blk_req *req)
{
	requests++;
	if (req->op == BLK_WRITE && bad >= req->at && bad < req->at + req->len)
		blk_ctx_complete(node->ctx, req, -EIO);
	else
		blk_file.submit(node, req);
}

struct unit {
	struct blk_req req;
	struct iovec iov;
	uint8_t data[UNIT];
	int rc;
};

struct stage {
	struct blk_fronts all;
	struct blk_front *front;
	struct blk_driver spy;
	struct unit unit[COUNT];
};

static void setup(struct stage *s, enum blk_detect detect)
{
	struct blk_node *node;

	image_start();
	image_create("a.raw", "raw", COUNT * UNIT, NULL);
	node = image_open("a.raw", "raw", BLK_O_RDWR);
	node->detect = detect;
	s->spy = blk_file;
	s->spy.submit = spy_submit;
	node->child[BLK_FILE]->driver = &s->spy;
	blk_fronts_init(&s->all);
	s->front = blk_front_new(&s->all, "x", node, false, NULL);
	ck_assert_ptr_nonnull(s->front);
	requests = 0;
	bad = UINT64_MAX;
}

static void on_done(struct blk_req *req, int rc)
{
	container_of(req, struct unit, req)->rc = rc;
}

static void prepare(struct unit *u, unsigned i, enum blk_op op)
{
	u->iov = (struct iovec){u->data, UNIT};
	u->rc = -EAGAIN;
	u->req = (struct blk_req){.op = op,
				  .off = i * UNIT,
				  .iov = &u->iov,
				  .niov = 1,
				  .done = on_done};
	if (op == BLK_WRITE)
		memset(u->data, (int)i + 1, UNIT);
}

/* In the I/O thread: none of them starts before all are there. */
static void submit_all(struct blk_node *node, void *ctx)
{
	struct stage *s = ctx;
	unsigned i;

	(void)node;
	for (i = 0; i < COUNT; i++)
		blk_submit(s->front, &s->unit[i].req);
}

static void run(struct stage *s)
{
	blk_front_look(s->front, submit_all, s);
	blk_drain(s->front);
}

static void teardown(struct stage *s)
{
	blk_front_free(s->front);
	image_end();
	free(s);
}

static void run_all(struct stage *s, enum blk_op op)
{
	unsigned i;

	for (i = 0; i < COUNT; i++)
		prepare(&s->unit[i], i, op);
	requests = 0;
	run(s);
}

START_TEST(neighbours_become_one)
{
	struct stage *s = calloc(1, sizeof(*s));
	unsigned i;

	setup(s, BLK_DETECT_OFF);
	run_all(s, BLK_WRITE);
	ck_assert_uint_eq(requests, 1);
	for (i = 0; i < COUNT; i++)
		memset(s->unit[i].data, 0, UNIT);
	run_all(s, BLK_READ);
	ck_assert_uint_eq(requests, 1);
	for (i = 0; i < COUNT; i++) {
		ck_assert_int_eq(s->unit[i].rc, 0);
		ck_assert_uint_eq(s->unit[i].data[0], i + 1);
		ck_assert_uint_eq(s->unit[i].data[UNIT - 1], i + 1);
	}
	for (i = 0; i < 2; i++) { /* reads, writes */
		ck_assert_uint_eq(s->front->stats.ops[i], COUNT);
		ck_assert_uint_eq(s->front->stats.merged[i], COUNT - 1);
	}
	teardown(s);
}
END_TEST

START_TEST(others_stay_apart)
{
	struct stage *s = calloc(1, sizeof(*s));
	unsigned i;

	setup(s, BLK_DETECT_OFF);
	/* Every other one is of another kind, or forced to the disk. */
	for (i = 0; i < COUNT; i++)
		prepare(&s->unit[i], i, i % 2 && i < 8 ? BLK_READ : BLK_WRITE);
	for (i = 8; i < COUNT; i++)
		s->unit[i].req.flags = i % 2 ? BLK_FUA : 0;
	run(s);
	ck_assert_uint_eq(requests, COUNT);
	/* Backwards, and with gaps. */
	for (i = 0; i < COUNT; i++)
		prepare(&s->unit[i], i < 8 ? COUNT - 1 - i : (i - 8) * 2 % 8,
			BLK_READ);
	requests = 0;
	run(s);
	ck_assert_uint_eq(requests, COUNT);
	teardown(s);
}
END_TEST

START_TEST(zeros_are_found_one_by_one)
{
	struct stage *s = calloc(1, sizeof(*s));

	setup(s, BLK_DETECT_ON);
	run_all(s, BLK_WRITE);
	ck_assert_uint_eq(requests, COUNT);
	teardown(s);
}
END_TEST

/* The device hears of what has failed, not of its neighbours. */
START_TEST(fails_alone)
{
	struct stage *s = calloc(1, sizeof(*s));
	unsigned i;

	setup(s, BLK_DETECT_OFF);
	bad = 5 * UNIT + 1;
	run_all(s, BLK_WRITE);
	ck_assert_uint_eq(requests, 1 + COUNT);
	for (i = 0; i < COUNT; i++)
		ck_assert_int_eq(s->unit[i].rc, i == 5 ? -EIO : 0);
	teardown(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("merge");

	tcase_add_test(tc, neighbours_become_one);
	tcase_add_test(tc, others_stay_apart);
	tcase_add_test(tc, zeros_are_found_one_by_one);
	tcase_add_test(tc, fails_alone);
	return unit_run_case("merge", tc);
}
