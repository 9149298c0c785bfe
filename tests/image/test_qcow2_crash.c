/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images after a crash: of the process (kill -9), and of the host, where
 * of all writes since the last flush any may be missing.  The image has to be
 * without corruptions (leaks are allowed), with all that was flushed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block/driver.h"
#include "block/file.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define MIB   (1u << 20)
#define SIZE  (8u * MIB)
#define UNIT  4096u
#define UNITS (SIZE / UNIT)
#define KILLS 15

static const char *const variants[] = {
	"compat=v3",
	"cluster_size=512",
	"cluster_size=4k,compat=0.10",
	"lazy_refcounts=on,cluster_size=4k",
	"extended_l2=on,cluster_size=16k",
	"cluster_size=1k,refcount_bits=64",
};

#define VARIANTS ((int)(sizeof(variants) / sizeof(*variants)))

/* What each unit of the disk holds: its generation, in every word. */
struct shadow {
	uint32_t issued[UNITS]; /* the newest that was begun */
	uint32_t flushed[UNITS]; /* the newest that was flushed */
};

static void fill(uint32_t *buf, uint32_t unit, uint32_t generation)
{
	unsigned i;

	for (i = 0; i < UNIT / 4; i += 2) {
		buf[i] = unit;
		buf[i + 1] = generation;
	}
}

/*
 * Between flushed and issued, any generation will do; 0 reads as zeros.  What
 * is there now is the truth from now on.
 */
static void verify(struct blk_node *node, struct shadow *s)
{
	static uint32_t buf[UNIT / 4];
	uint32_t u;

	for (u = 0; u < UNITS; u++) {
		ck_assert_int_eq(blk_pread(node, (uint64_t)u * UNIT, buf, UNIT),
				 0);
		ck_assert_msg(buf[1] >= s->flushed[u] && buf[1] <= s->issued[u],
			      "unit %u has generation %u, not %u to %u", u,
			      buf[1], s->flushed[u], s->issued[u]);
		s->flushed[u] = s->issued[u] = buf[1];
	}
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	if (strncmp(line, "Leaked", 6) != 0)
		fprintf(stderr, "%s\n", line);
}

/* Corruptions after what an opening program repairs by itself. */
static void check(const char *file, struct shadow *s)
{
	struct blk_check res = {.say = say};
	struct error err = {0};
	struct blk_node *node =
		image_open(file, "qcow2",
			   BLK_O_RDWR | BLK_O_NO_FLUSH | BLK_O_NO_LOCK);

	ck_assert_msg(blk_check(node, 0, &res, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(res.corruptions, 0);
	ck_assert_uint_eq(res.check_errors, 0);
	if (s)
		verify(node, s);
	blk_node_unref(node);
}

struct writer {
	struct blk_node *node;
	struct shadow *s;
	uint64_t seed;
	uint32_t generation;
	bool cleared[UNITS];
	bool pairs; /* two requests at once */
};

static void write_some(struct writer *w)
{
	uint32_t buf[UNIT / 4];
	uint32_t u = (uint32_t)image_random(&w->seed) % UNITS;

	fill(buf, u, ++w->generation);
	w->s->issued[u] = w->generation;
	ck_assert_int_eq(blk_pwrite(w->node, (uint64_t)u * UNIT, buf, UNIT, 0),
			 0);
}

struct one {
	struct blk_req req;
	struct iovec iov;
	uint32_t buf[UNIT / 4];
	unsigned *left;
};

static void on_one(struct blk_req *req, int rc)
{
	ck_assert_int_eq(rc, 0);
	--*container_of(req, struct one, req)->left;
}

static void write_pair(struct writer *w)
{
	static struct one one[2];
	uint32_t u = (uint32_t)image_random(&w->seed) % UNITS;
	unsigned i, left = 2;

	for (i = 0; i < 2; i++, u = (u + UNITS / 2) % UNITS) {
		fill(one[i].buf, u, ++w->generation);
		w->s->issued[u] = w->generation;
		one[i].left = &left;
		one[i].iov = (struct iovec){one[i].buf, UNIT};
		one[i].req = (struct blk_req){.op = BLK_WRITE,
					      .off = (uint64_t)u * UNIT,
					      .iov = &one[i].iov,
					      .niov = 1,
					      .done = on_one};
		blk_node_submit(w->node, &one[i].req);
	}
	while (left)
		blk_ctx_poll(w->node->ctx, true);
}

static void flush(struct writer *w)
{
	static uint32_t copy[UNITS];

	memcpy(copy, w->s->issued, sizeof(copy));
	ck_assert_int_eq(blk_flush(w->node), 0);
	memcpy(w->s->flushed, copy, sizeof(copy));
}

/* Zeroes: the old generations of a range may come back until the flush. */
static void clear(struct writer *w)
{
	uint32_t u = (uint32_t)image_random(&w->seed) % (UNITS - 16), i;

	flush(w);
	for (i = 0; i < 16; i++)
		w->s->flushed[u + i] = 0, w->cleared[u + i] = true;
	ck_assert_int_eq(blk_zero(w->node, (uint64_t)u * UNIT, 16 * UNIT,
				  BLK_MAY_UNMAP),
			 0);
	ck_assert_int_eq(blk_flush(w->node), 0);
	for (i = 0; i < 16; i++)
		w->s->issued[u + i] = 0;
}

static void work(struct writer *w, unsigned n)
{
	while (n--) {
		unsigned r = (unsigned)image_random(&w->seed) % 64;

		if (r < 2)
			flush(w);
		else if (r == 2)
			clear(w);
		else
			write_some(w);
	}
}

static void child(struct shadow *s, uint64_t seed)
{
	struct writer w = {.s = s, .seed = seed};

	w.node = image_open("a.qcow2", "qcow2", BLK_O_RDWR | BLK_O_UNMAP);
	w.generation = (uint32_t)(seed << 16);
	work(&w, 1000000);
	_exit(0);
}

START_TEST(survives_kill)
{
	struct shadow *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = (uint64_t)_i;
	int i, status;
	pid_t pid;

	image_start();
	image_create("a.qcow2", "qcow2", SIZE, variants[_i]);
	for (i = 1; i <= UNIT_ROUNDS(KILLS); i++) {
		pid = fork();
		if (!pid)
			child(s, (uint64_t)i);
		usleep(20000 + (useconds_t)image_random(&seed) % 150000);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		if (strstr(variants[_i], "lazy"))
			image_must("qemu-img check -q -r all a.qcow2 "
				   ">/dev/null 2>&1");
		status = image_sh("qemu-img check a.qcow2 >check.log 2>&1");
		if (status != 0 && status != 3)
			image_must("head check.log; false");
		check("a.qcow2", s);
	}
	image_end();
	munmap(s, sizeof(*s));
}
END_TEST

/* Everything that reached the file, in order. */
struct event {
	uint64_t off, len;
	uint8_t *data; /* NULL: a flush */
	unsigned begun, ended; /* moments; ended 0: not yet */
	struct shadow *then; /* of a flush by the user: what is safe now */
};

struct record {
	struct event *event;
	unsigned n, moment;
};

static struct record record;

struct taped {
	struct blk_req req;
	struct blk_req *orig;
	struct blk_ctx *ctx;
	unsigned i;
};

static unsigned tape(const struct blk_req *req)
{
	struct event *e;

	record.event =
		realloc(record.event, (record.n + 1) * sizeof(*record.event));
	e = &record.event[record.n];
	*e = (struct event){.off = req->at,
			    .len = req->len,
			    .begun = ++record.moment};
	if (req->op == BLK_WRITE || req->op == BLK_WRITE_ZEROES) {
		e->data = calloc(1, req->len + 1);
		if (req->op == BLK_WRITE)
			blk_iov_to_buf(req->iov, req->niov, 0, e->data,
				       req->len);
	}
	return record.n++;
}

static void on_taped(struct blk_req *req, int rc)
{
	struct taped *t = container_of(req, struct taped, req);

	record.event[t->i].ended = ++record.moment;
	blk_ctx_complete(t->ctx, t->orig, rc);
	free(t);
}

static void tape_submit(struct blk_node *node, struct blk_req *req)
{
	struct taped *t;

	if (req->op == BLK_READ || req->op == BLK_DISCARD) {
		blk_file.submit(node, req);
		return;
	}
	t = calloc(1, sizeof(*t));
	t->i = tape(req);
	t->orig = req;
	t->ctx = node->ctx;
	t->req = *req;
	t->req.finish = NULL;
	t->req.node = NULL;
	t->req.done = on_taped;
	blk_file.submit(node, &t->req);
}

static int tape_run(struct blk_node *node, struct blk_req *req)
{
	unsigned i = 0;
	bool taped = req->op != BLK_READ && req->op != BLK_DISCARD;
	int rc;

	if (taped)
		i = tape(req);
	rc = blk_file.run(node, req);
	if (taped)
		record.event[i].ended = ++record.moment;
	return rc;
}

static bool is_safe(const struct event *e, unsigned at)
{
	unsigned i;

	for (i = 0; i < record.n; i++)
		if (!record.event[i].data && record.event[i].ended &&
		    record.event[i].ended <= at && e->ended &&
		    e->ended < record.event[i].begun)
			return true;
	return false;
}

/* The file as a crash at moment at may leave it. */
static void replay(const char *file, unsigned at, uint64_t *seed)
{
	int fd = open(file, O_WRONLY);
	unsigned i, way = (unsigned)image_random(seed) % 3;

	for (i = 0; i < record.n; i++) {
		const struct event *e = &record.event[i];

		if (!e->data || e->begun > at)
			continue;
		if (!is_safe(e, at) &&
		    (way == 0 || (way == 1 && image_random(seed) % 2)))
			continue;
		ck_assert_int_eq(pwrite(fd, e->data, e->len, (off_t)e->off),
				 (ssize_t)e->len);
	}
	close(fd);
}

static void forget(void)
{
	unsigned i;

	for (i = 0; i < record.n; i++) {
		free(record.event[i].data);
		free(record.event[i].then);
	}
	free(record.event);
	record = (struct record){0};
}

static void user_flush(struct writer *w)
{
	flush(w);
	record.event[record.n - 1].then = malloc(sizeof(*w->s));
	memcpy(record.event[record.n - 1].then, w->s, sizeof(*w->s));
}

static void taped_work(struct writer *w)
{
	struct blk_snapshot snap = {.icount = UINT64_MAX};
	struct error err = {0};
	int i, k;

	for (i = 0; i < 12; i++) {
		for (k = 0; k < 20; k++)
			w->pairs ? write_pair(w) : write_some(w);
		if (i % 4 == 3)
			clear(w);
		user_flush(w);
		if (i == 4)
			ck_assert_int_eq(blk_snapshot_create(w->node, &snap,
							     &err),
					 0);
		if (i == 9)
			ck_assert_int_eq(blk_snapshot_delete(w->node, "1",
							     &err),
					 0);
		if (i == 10)
			ck_assert_int_eq(blk_truncate(w->node, SIZE * 5,
						      BLK_PREALLOC_OFF, &err),
					 0);
	}
}

/* The last flush that had ended then says what must be there. */
static const struct shadow *safe_at(unsigned at)
{
	const struct shadow *s = NULL;
	unsigned i;

	for (i = 0; i < record.n; i++)
		if (record.event[i].then && record.event[i].ended <= at)
			s = record.event[i].then;
	return s;
}

/* No unit may be older than what was flushed, unless it was cleared. */
static void verify_flushed(const char *file, const struct writer *w,
			   const struct shadow *safe)
{
	struct blk_node *node = image_open(file, "qcow2", BLK_O_NO_LOCK);
	uint32_t buf[UNIT / 4], u;

	for (u = 0; u < UNITS; u++) {
		if (w->cleared[u])
			continue;
		ck_assert_int_eq(blk_pread(node, (uint64_t)u * UNIT, buf, UNIT),
				 0);
		ck_assert_uint_ge(buf[1], safe->flushed[u]);
	}
	blk_node_unref(node);
}

/* Version 2 cannot say that its COPIED bits are out of date. */
static void repair_v2(const char *file)
{
	struct blk_check res = {.say = NULL};
	struct error err = {0};
	struct blk_node *node = image_open(file, "qcow2", BLK_O_RDWR);

	ck_assert_int_eq(blk_check(node, BLK_FIX_ERRORS, &res, &err), 0);
	blk_node_unref(node);
}

static void crash_at(unsigned at, uint64_t *seed, const struct writer *w,
		     bool v2)
{
	const struct shadow *safe = safe_at(at);

	image_must("cp --sparse=always base.qcow2 b.qcow2");
	replay("b.qcow2", at, seed);
	if (v2)
		repair_v2("b.qcow2");
	check("b.qcow2", NULL);
	if (safe)
		verify_flushed("b.qcow2", w, safe);
}

/* Does the file system take O_DIRECT? */
static bool can_go_direct(void)
{
	int fd = open("a.qcow2", O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The second half of the variants: with O_DIRECT, where writes together make
 * room. */
START_TEST(survives_power_loss)
{
	const char *variant = variants[_i % VARIANTS];
	unsigned flags = BLK_O_RDWR | BLK_O_UNMAP;
	struct shadow *s = calloc(1, sizeof(*s));
	struct writer w = {.s = s, .seed = 17 + (uint64_t)_i};
	struct blk_driver taped = blk_file;
	struct blk_node *file;
	uint64_t seed = 3;
	int i;

	image_start();
	image_create("a.qcow2", "qcow2", SIZE, variant);
	image_must("cp a.qcow2 base.qcow2");
	if (_i >= VARIANTS && can_go_direct())
		flags |= BLK_O_DIRECT;
	w.pairs = flags & BLK_O_DIRECT;
	w.node = image_open("a.qcow2", "qcow2", flags);
	file = w.node->child[BLK_FILE];
	taped.submit = tape_submit;
	taped.run = tape_run;
	file->driver = &taped;
	taped_work(&w);
	blk_node_unref(w.node);
	for (i = 0; i < UNIT_ROUNDS(150); i++)
		crash_at((unsigned)image_random(&seed) % record.moment + 1,
			 &seed, &w, strstr(variant, "0.10"));
	forget();
	image_end();
	free(s);
}
END_TEST

/* Operations of the file until one fails; 0: none does. */
static unsigned failing;

static bool fails(const struct blk_req *req)
{
	(void)req;
	return failing && !--failing;
}

static void fail_submit(struct blk_node *node, struct blk_req *req)
{
	if (fails(req))
		blk_ctx_complete(node->ctx, req, -EIO);
	else
		blk_file.submit(node, req);
}

static int fail_run(struct blk_node *node, struct blk_req *req)
{
	return fails(req) ? -EIO : blk_file.run(node, req);
}

/* A write that failed may have happened or not; both are right. */
static void try_write(struct writer *w, uint32_t *good)
{
	uint32_t buf[UNIT / 4];
	uint32_t u = (uint32_t)image_random(&w->seed) % UNITS;

	fill(buf, u, ++w->generation);
	w->s->issued[u] = w->generation;
	if (blk_pwrite(w->node, (uint64_t)u * UNIT, buf, UNIT, 0) == 0)
		good[u] = w->generation;
}

static void try_work(struct writer *w)
{
	static uint32_t good[UNITS];
	struct blk_snapshot snap = {.icount = UINT64_MAX};
	unsigned i;

	memcpy(good, w->s->flushed, sizeof(good));
	for (i = 0; i < 60; i++) {
		try_write(w, good);
		if (i == 20)
			blk_snapshot_create(w->node, &snap, NULL);
		if (i == 40)
			blk_snapshot_delete(w->node, "1", NULL);
		if (i % 10 == 9 && blk_flush(w->node) == 0)
			memcpy(w->s->flushed, good, sizeof(good));
	}
}

START_TEST(survives_errors)
{
	struct shadow *s = calloc(1, sizeof(*s));
	struct writer w = {.s = s, .seed = 5};
	struct blk_driver fail = blk_file;
	const struct blk_driver *real;
	unsigned at;

	fail.submit = fail_submit;
	fail.run = fail_run;
	image_start();
	for (at = 1; at < 400; at += 1 + at / 8) {
		memset(s, 0, sizeof(*s));
		image_create("a.qcow2", "qcow2", SIZE, variants[_i]);
		w.node = image_open("a.qcow2", "qcow2",
				    BLK_O_RDWR | BLK_O_NO_FLUSH);
		real = w.node->child[BLK_FILE]->driver;
		w.node->child[BLK_FILE]->driver = &fail;
		failing = at;
		try_work(&w);
		failing = 0;
		w.node->child[BLK_FILE]->driver = real;
		blk_node_unref(w.node);
		if (strstr(variants[_i], "0.10"))
			repair_v2("a.qcow2");
		check("a.qcow2", s);
	}
	image_end();
	free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("crash");

	if (!image_has_qemu()) {
		printf("skip qcow2_crash: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, survives_kill, 0, VARIANTS);
	tcase_add_loop_test(tc, survives_power_loss, 0, 2 * VARIANTS);
	tcase_add_loop_test(tc, survives_errors, 0, VARIANTS);
	return unit_run_case("qcow2_crash", tc);
}
