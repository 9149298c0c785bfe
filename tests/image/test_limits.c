/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of bytes and requests in a second: their arithmetic, and queues. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/front.h"
#include "block/throttle.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"
#include "vmm/timer.h"

#define MS  NS_PER_MSEC
#define SEC NS_PER_SEC

/* When the last of n requests of len bytes, all there at once, may start. */
static int64_t last_of(struct throttle *t, unsigned n, enum blk_op op,
		       uint64_t len)
{
	int64_t at = 0;

	while (n--)
		at = throttle_reserve(t, 0, op, len);
	return at;
}

static bool near(int64_t a, int64_t b)
{
	return llabs(a - b) < MS;
}

START_TEST(keeps_the_average)
{
	struct throttle t = {
		.limits.avg[BLK_LIMIT_BPS_TOTAL] = 1000,
	};

	/* A tenth of a second's worth at once, then as it leaks. */
	ck_assert_int_eq(last_of(&t, 1, BLK_READ, 100), 0);
	ck_assert_int_eq(last_of(&t, 1, BLK_WRITE, 100), 0);
	ck_assert(near(last_of(&t, 1, BLK_READ, 1000), 100 * MS));
	ck_assert(near(last_of(&t, 1, BLK_READ, 1), 1100 * MS));
	/* Long after, all is forgotten. */
	ck_assert_int_eq(throttle_reserve(&t, 50 * SEC, BLK_READ, 1), 50 * SEC);
}
END_TEST

START_TEST(counts_requests)
{
	struct throttle t = {
		.limits.avg[BLK_LIMIT_IOPS_WRITE] = 10,
		.limits.iops_size = 4096,
	};

	ck_assert_int_eq(last_of(&t, 100, BLK_READ, 512), 0);
	ck_assert(near(last_of(&t, 12, BLK_WRITE, 512), 1000 * MS));
	/* One of four times the size counts as four. */
	last_of(&t, 1, BLK_WRITE_ZEROES, 16384);
	ck_assert(near(last_of(&t, 1, BLK_WRITE, 512), 1500 * MS));
	ck_assert(throttle_counts(BLK_WRITE_ZEROES));
	ck_assert(!throttle_counts(BLK_FLUSH));
	ck_assert(!throttle_counts(BLK_DISCARD));
}
END_TEST

START_TEST(lets_bursts_through)
{
	struct throttle t = {
		.limits.avg[BLK_LIMIT_IOPS_TOTAL] = 10,
		.limits.max[BLK_LIMIT_IOPS_TOTAL] = 100,
	};

	ck_assert_int_eq(last_of(&t, 101, BLK_READ, 512), 0);
	ck_assert(near(last_of(&t, 10, BLK_READ, 512), SEC));
	/* Longer, but no faster than max. */
	memset(t.bucket, 0, sizeof(t.bucket));
	t.limits.length[BLK_LIMIT_IOPS_TOTAL] = 3;
	ck_assert_int_eq(last_of(&t, 11, BLK_READ, 512), 0);
	ck_assert(near(last_of(&t, 100, BLK_READ, 512), SEC));
	ck_assert(near(last_of(&t, 200, BLK_READ, 512), 3 * SEC));
	ck_assert(last_of(&t, 10, BLK_READ, 512) > 3 * SEC);
}
END_TEST

START_TEST(survives_extremes)
{
	struct throttle t = {
		.limits.avg[BLK_LIMIT_BPS_TOTAL] = 1,
	};
	int64_t at;

	throttle_reserve(&t, 0, BLK_READ, UINT64_MAX);
	at = throttle_reserve(&t, 0, BLK_READ, UINT64_MAX);
	ck_assert(at > SEC && at < INT64_MAX / 2);
}
END_TEST

static void refuse(const struct blk_limits *l, const char *says)
{
	struct error err = {0};

	ck_assert_int_lt(blk_limits_check(l, &err), 0);
	ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
}

START_TEST(refuses_nonsense)
{
	struct blk_limits l = {.avg[BLK_LIMIT_BPS_TOTAL] = 1,
			       .avg[BLK_LIMIT_BPS_READ] = 1};

	refuse(&l, "cannot be used at the same time");
	l = (struct blk_limits){.max[BLK_LIMIT_IOPS_READ] = 1};
	refuse(&l, "require corresponding");
	l.avg[BLK_LIMIT_IOPS_READ] = 2;
	refuse(&l, "cannot be lower");
	l = (struct blk_limits){.avg[BLK_LIMIT_IOPS_READ] = 1,
				.length[BLK_LIMIT_IOPS_READ] = 2};
	refuse(&l, "burst length set without");
	l = (struct blk_limits){.iops_size = 1};
	refuse(&l, "requires an iops value");
	l = (struct blk_limits){.avg[0] = UINT64_MAX};
	refuse(&l, "must be within");
	l = (struct blk_limits){.avg[0] = 1};
	ck_assert_int_eq(blk_limits_check(&l, NULL), 0);
	ck_assert(blk_limits_any(&l));
}
END_TEST

struct job {
	struct blk_req req;
	struct iovec iov;
	unsigned *left;
	int64_t at;
	uint8_t buf[512];
};

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static void on_done(struct blk_req *req, int rc)
{
	struct job *job = container_of(req, struct job, req);

	ck_assert_int_eq(rc, 0);
	job->at = now();
	--*job->left;
}

#define JOBS 14

static void start(struct job *job, struct blk_front *front, struct loop *loop,
		  enum blk_op op, unsigned *left)
{
	*job = (struct job){.left = left};
	job->iov = (struct iovec){job->buf, sizeof(job->buf)};
	job->req = (struct blk_req){.op = op,
				    .iov = &job->iov,
				    .niov = 1,
				    .loop = loop,
				    .done = on_done};
	++*left;
	blk_submit(front, &job->req);
}

static struct blk_front *new_front(struct blk_fronts *all, const char *file,
				   const struct blk_limits *limits)
{
	struct error err = {0};
	struct blk_front *front =
		blk_front_new(all, file, image_open(file, "raw", BLK_O_RDWR),
			      false, &err);

	ck_assert_msg(front != NULL, "%s", err.msg);
	ck_assert_int_eq(blk_front_limit(all, front, limits, "g", &err), 0);
	return front;
}

/* 3 at once, 11 more at 20 a second. */
static void check_together(struct job *job, struct blk_front *a,
			   struct blk_front *b, struct loop *loop)
{
	int64_t began = now();
	unsigned i, left = 0;

	for (i = 0; i < JOBS; i++)
		start(&job[i], i % 2 ? a : b, loop,
		      i % 3 ? BLK_READ : BLK_WRITE, &left);
	while (left)
		loop_turn(loop, -1);
	ck_assert_int_ge(now() - began, 500 * MS);
	ck_assert_int_le(now() - began, 3 * SEC);
}

/* Two members of a group: together they are no faster than the limit. */
START_TEST(holds_requests)
{
	struct blk_limits limits = {.avg[BLK_LIMIT_IOPS_TOTAL] = 20};
	static const struct blk_limits none;
	struct loop *loop = loop_new(NULL, NULL);
	struct blk_fronts all;
	struct blk_front *a, *b;
	struct job job[JOBS];
	unsigned i, left = 0;
	int64_t began;

	image_start();
	image_must("truncate -s 1M a.raw b.raw");
	blk_fronts_init(&all);
	a = new_front(&all, "a.raw", &limits);
	b = new_front(&all, "b.raw", &none);
	check_together(job, a, b, loop);
	/* Flushes are not held, and draining waits for no limit. */
	for (i = 0; i < 12; i++)
		start(&job[i], a, loop, BLK_WRITE, &left);
	start(&job[12], a, loop, BLK_FLUSH, &left);
	began = now();
	blk_drain(a);
	ck_assert_int_le(now() - began, 300 * MS);
	while (left)
		loop_turn(loop, -1);
	blk_front_free(b);
	blk_front_free(a);
	ck_assert(list_empty(&all.groups));
	loop_free(loop);
	image_end();
}
END_TEST

static struct blk_front *front_of(struct blk_fronts *all, const char *name)
{
	struct error err = {0};
	struct blk_front *front = blk_front_of_node(all, name, &err);

	ck_assert_msg(front != NULL, "%s", err.msg);
	return front;
}

static const char *const throttled[] = {
	"driver=throttle,node-name=a,throttle-group=g,file.filename=a.raw",
	"driver=file,node-name=b0,filename=b.raw",
	"driver=throttle,node-name=b,throttle-group=g,file=b0",
};

static void resize(struct blk_node *node, void *ctx)
{
	ck_assert_int_eq(blk_truncate(node, 2 << 20, BLK_PREALLOC_OFF, ctx), 0);
}

/* Two nodes with an object's limits: the same as front ends, and no faster. */
START_TEST(filters_hold_requests)
{
	struct blk_limits limits = {.avg[BLK_LIMIT_IOPS_TOTAL] = 20};
	struct loop *loop = loop_new(NULL, NULL);
	struct error err = {0};
	struct blk_fronts all;
	struct blk_front *a, *b;
	struct job job[JOBS];
	unsigned i, left = 0;
	int64_t began;

	image_start();
	image_must("truncate -s 1M a.raw b.raw");
	blk_fronts_init(&all);
	ck_assert_int_lt(blk_named_open(&all,
					(char *const *)(uintptr_t)throttled, 1,
					&err),
			 0);
	ck_assert_msg(strstr(err.msg, "group 'g' does not exist") != NULL, "%s",
		      err.msg);
	ck_assert_int_eq(blk_limit_group_make(&all, "g", &limits, &err), 0);
	ck_assert_int_eq(blk_named_open(&all,
					(char *const *)(uintptr_t)throttled, 3,
					&err),
			 0);
	a = front_of(&all, "a");
	b = front_of(&all, "b");
	check_together(job, a, b, loop);
	/* Nobody waits for a limit who waits for all. */
	for (i = 0; i < 12; i++)
		start(&job[i], a, loop, BLK_WRITE, &left);
	began = now();
	blk_drain(a);
	blk_front_look(a, resize, &err);
	ck_assert_uint_eq(blk_size(a), 2 << 20);
	blk_front_free(a);
	ck_assert_int_le(now() - began, 400 * MS);
	while (left)
		loop_turn(loop, -1);
	blk_front_free(b);
	blk_named_close(&all);
	blk_limit_groups_free(&all);
	ck_assert(list_empty(&all.groups));
	loop_free(loop);
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("limits");

	tcase_add_test(tc, keeps_the_average);
	tcase_add_test(tc, counts_requests);
	tcase_add_test(tc, lets_bursts_through);
	tcase_add_test(tc, survives_extremes);
	tcase_add_test(tc, refuses_nonsense);
	tcase_add_test(tc, holds_requests);
	tcase_add_test(tc, filters_hold_requests);
	return unit_run_case("limits", tc);
}
