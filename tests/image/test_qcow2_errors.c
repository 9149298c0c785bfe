/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that fails: at the first, second, third ... request of each operation
 * in turn, with EIO, ENOSPC, or ENOSPC after half of a write; once, or from
 * then on.  The image has to stay without corruptions (leaks are allowed), each
 * piece of the disk and of its snapshot as it was before or is meant to be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/file.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define KIB	1024u
#define MIB	(1024u * KIB)
#define SIZE	(2u * MIB)
#define UNIT	(4u * KIB) /* what changes in one step */
#define CLUSTER (16u * KIB) /* of the variants, at most */
#define CALLS	400 /* no operation makes so many requests */

static const char *const variants[] = {
	"cluster_size=4k",
	"cluster_size=16k,lazy_refcounts=on",
	"cluster_size=16k,extended_l2=on",
};

#define VARIANTS ((int)(sizeof(variants) / sizeof(*variants)))

struct fault {
	int rc;
	bool half, stays;
	unsigned at; /* the request that is the first to fail */
};

static struct fault fault;
static unsigned calls;

static bool fails(const struct blk_req *req)
{
	calls++;
	if (fault.stays)
		return calls >= fault.at &&
		       (req->op == BLK_WRITE || req->op == BLK_WRITE_ZEROES);
	return calls == fault.at;
}

/* The first half of a write is there all the same. */
static void do_half(struct blk_node *node, const struct blk_req *req)
{
	uint64_t len = req->len / 2 / BLK_SECTOR * BLK_SECTOR;
	struct iovec *iov;
	struct blk_req half = {.op = BLK_WRITE, .at = req->at, .len = len};

	if (!fault.half || req->op != BLK_WRITE || !len)
		return;
	iov = calloc((size_t)req->niov + 1, sizeof(*iov));
	half.iov = iov;
	half.niov = blk_iov_slice(req->iov, req->niov, 0, len, iov);
	blk_file.run(node, &half);
	free(iov);
}

static void fail_submit(struct blk_node *node, struct blk_req *req)
{
	if (fails(req)) {
		do_half(node, req);
		blk_ctx_complete(node->ctx, req, fault.rc);
	} else {
		blk_file.submit(node, req);
	}
}

static int fail_run(struct blk_node *node, struct blk_req *req)
{
	if (!fails(req))
		return blk_file.run(node, req);
	do_half(node, req);
	return fault.rc;
}

/* Operations; the image has a snapshot "s", a backing file, some of all. */
static uint8_t data[256 * KIB];

static int op_write_new(struct blk_node *node)
{
	return blk_pwrite(node, MIB + CLUSTER, data, sizeof(data), 0);
}

static int op_write_shared(struct blk_node *node)
{
	return blk_pwrite(node, 0, data, sizeof(data), 0);
}

static int op_write_in_place(struct blk_node *node)
{
	return blk_pwrite(node, 512 * KIB, data, 64 * KIB, BLK_FUA);
}

static int op_write_packed(struct blk_node *node)
{
	return blk_pwrite(node, MIB + CLUSTER, data, 64 * KIB, BLK_COMPRESS);
}

static int op_over_packed(struct blk_node *node)
{
	return blk_pwrite(node, 768 * KIB, data, 64 * KIB, 0);
}

static int op_zero(struct blk_node *node)
{
	return blk_zero(node, 0, 768 * KIB, BLK_MAY_UNMAP);
}

static int op_discard(struct blk_node *node)
{
	return blk_discard(node, 512 * KIB, 304 * KIB);
}

static int op_snapshot_create(struct blk_node *node)
{
	static char name[] = "t";
	struct blk_snapshot snap = {.icount = UINT64_MAX, .name = name};

	return blk_snapshot_create(node, &snap, NULL);
}

static int op_snapshot_apply(struct blk_node *node)
{
	return blk_snapshot_apply(node, "s", NULL);
}

static int op_snapshot_delete(struct blk_node *node)
{
	return blk_snapshot_delete(node, "s", NULL);
}

static int op_vmstate(struct blk_node *node)
{
	return blk_vmstate_write(node, 0, data, 64 * KIB);
}

static int op_grow(struct blk_node *node)
{
	return blk_truncate(node, UINT64_C(4) << 30, BLK_PREALLOC_OFF, NULL);
}

static int op_grow_metadata(struct blk_node *node)
{
	return blk_truncate(node, 3 * MIB, BLK_PREALLOC_METADATA, NULL);
}

static int op_shrink(struct blk_node *node)
{
	return blk_truncate(node, 600 * KIB, BLK_PREALLOC_OFF, NULL);
}

static int amend(struct blk_node *node, const char *options)
{
	struct opt_list list = {0};
	int rc = opt_split(options, NULL, &list, NULL);

	rc = rc < 0 ? rc : blk_amend(node, &list, NULL);
	opt_list_free(&list);
	return rc;
}

static int op_amend_narrow(struct blk_node *node)
{
	return amend(node, "refcount_bits=8");
}

static int op_amend_wide(struct blk_node *node)
{
	return amend(node, "refcount_bits=64");
}

static int op_amend_v2(struct blk_node *node)
{
	return amend(node, "compat=v2");
}

static int op_change_backing(struct blk_node *node)
{
	return blk_change_backing(node, "./base", "raw", NULL);
}

struct op {
	const char *name;
	int (*run)(struct blk_node *node);
	bool whole; /* all of the disk changes at once */
};

static const struct op ops[] = {
	{"write-new", op_write_new, false},
	{"write-shared", op_write_shared, false},
	{"write-in-place", op_write_in_place, false},
	{"write-packed", op_write_packed, false},
	{"over-packed", op_over_packed, false},
	{"zero", op_zero, false},
	{"discard", op_discard, false},
	{"snapshot-create", op_snapshot_create, true},
	{"snapshot-apply", op_snapshot_apply, true},
	{"snapshot-delete", op_snapshot_delete, true},
	{"vmstate", op_vmstate, true},
	{"grow", op_grow, true},
	{"grow-metadata", op_grow_metadata, true},
	{"shrink", op_shrink, false},
	{"amend-narrow", op_amend_narrow, true},
	{"amend-wide", op_amend_wide, true},
	{"amend-v2", op_amend_v2, true},
	{"change-backing", op_change_backing, true},
};

#define OPS ((int)(sizeof(ops) / sizeof(*ops)))

static void make(const char *options)
{
	image_must("qemu-img create -q -f raw base %u", SIZE);
	image_must("qemu-io -f raw -c 'write -q -P 9 0 %u' base", SIZE);
	image_must("qemu-img create -q -f qcow2 -b base -F raw -o %s "
		   "first.qcow2",
		   options);
	image_must("qemu-io -c 'write -q -P 1 0 768k' "
		   "-c 'write -q -c -P 2 768k 64k' "
		   "-c 'write -q -z 1M 32k' first.qcow2");
	image_must("qemu-img snapshot -c s first.qcow2");
	image_must("qemu-io -c 'write -q -P 3 512k 128k' "
		   "-c 'write -q -z 640k 64k' first.qcow2");
}

struct disk {
	uint8_t *now, *snap;
	uint64_t size;
};

static void read_disk(const char *file, struct disk *d)
{
	struct blk_node *node =
		image_open(file, "qcow2", BLK_O_RDWR | BLK_O_NO_FLUSH);

	d->now = calloc(1, SIZE);
	d->snap = calloc(1, SIZE);
	d->size = node->size < SIZE ? node->size : SIZE;
	ck_assert_int_eq(blk_pread(node, 0, d->now, d->size), 0);
	if (blk_snapshot_load(node, "s", NULL) == 0)
		ck_assert_int_eq(blk_pread(node, 0, d->snap, SIZE), 0);
	else
		memset(d->snap, 0xee, SIZE);
	blk_node_unref(node);
}

static void free_disk(struct disk *d)
{
	free(d->now);
	free(d->snap);
}

static bool same(const struct disk *a, const struct disk *b, uint64_t off)
{
	uint64_t len = a->size < b->size ? a->size : b->size;

	len = off < len ? len - off : 0;
	return !memcmp(a->now + off, b->now + off, len < UNIT ? len : UNIT);
}

static bool same_snap(const struct disk *a, const struct disk *b)
{
	return !memcmp(a->snap, b->snap, SIZE);
}

struct trial {
	const struct op *op;
	struct disk before, after;
	uint8_t *image;
	size_t image_len;
	int rc; /* of the operation, and of a flush */
};

static void compare(const struct trial *t)
{
	struct disk d;
	uint64_t off, was = 0, is = 0, neither = 0;

	read_disk("a.qcow2", &d);
	for (off = 0; off < SIZE; off += UNIT) {
		bool old = same(&d, &t->before, off);
		bool new = same(&d, &t->after, off);

		was += old && !new;
		is += new && !old;
		neither += !old && !new;
	}
	ck_assert_msg(!neither && (!was || !is || !t->op->whole) &&
			      (t->rc < 0 || !was),
		      "%s at %u: %llu pieces are old, %llu new, %llu neither "
		      "(%d)",
		      t->op->name, fault.at, (unsigned long long)was,
		      (unsigned long long)is, (unsigned long long)neither,
		      t->rc);
	ck_assert_msg(same_snap(&d, &t->before) || same_snap(&d, &t->after),
		      "%s at %u: the snapshot has changed", t->op->name,
		      fault.at);
	free_disk(&d);
}

static void copy(const struct trial *t)
{
	FILE *f = fopen("a.qcow2", "wb");

	ck_assert(f != NULL);
	ck_assert_uint_eq(fwrite(t->image, 1, t->image_len, f), t->image_len);
	fclose(f);
}

/* qemu-img takes longer. */
static void check(const struct trial *t)
{
	struct blk_check res = {.say = NULL};
	struct blk_node *node;
	int rc;

	if (fault.at % 4 != 1) {
		node = image_open("a.qcow2", "qcow2", BLK_O_NO_LOCK);
		ck_assert_int_eq(blk_check(node, 0, &res, NULL), 0);
		ck_assert_msg(!res.corruptions && !res.check_errors,
			      "%s at %u: corrupt", t->op->name, fault.at);
		blk_node_unref(node);
		return;
	}
	rc = image_sh("qemu-img check -q a.qcow2 >log 2>&1");
	if (rc != 0 && rc != 3)
		image_must("head log >&2; false");
}

/* On a copy, with the fault. */
static void run_op(struct trial *t)
{
	static struct blk_driver failing;
	struct blk_node *node;
	int rc;

	copy(t);
	node = image_open("a.qcow2", "qcow2",
			  BLK_O_RDWR | BLK_O_UNMAP | BLK_O_NO_FLUSH);
	failing = blk_file;
	failing.submit = fail_submit;
	failing.run = fail_run;
	node->child[BLK_FILE]->driver = &failing;
	calls = 0;
	t->rc = t->op->run(node);
	rc = blk_flush(node);
	t->rc = t->rc < 0 ? t->rc : rc;
	blk_node_unref(node);
}

/* Is there more to fail? */
static bool try_once(struct trial *t)
{
	run_op(t);
	compare(t); /* which repairs what is marked as dirty */
	check(t);
	return calls >= fault.at && fault.at < CALLS;
}

static void try_all(struct trial *t, struct fault kind)
{
	fault = kind;
	fault.at = 1;
	while (try_once(t))
		fault.at += 1 + fault.at / 6;
	ck_assert_uint_lt(fault.at, CALLS);
}

static const struct fault kinds[] = {
	{.rc = -EIO},
	{.rc = -ENOSPC, .half = true},
	{.rc = -ENOSPC, .half = true, .stays = true},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

START_TEST(keeps_the_image)
{
	struct trial t = {.op = &ops[_i % OPS]};
	unsigned i;

	memset(data, 7, sizeof(data));
	image_start();
	make(variants[_i / OPS]);
	read_disk("first.qcow2", &t.before);
	t.image = image_slurp("first.qcow2", &t.image_len);
	fault.at = 0;
	run_op(&t);
	/* Version 2 has no subclusters. */
	ck_assert(t.rc == 0 || t.rc == -ENOTSUP);
	read_disk("a.qcow2", &t.after);
	/* All kinds on the first variant, one on each of the others. */
	for (i = 0; i < KINDS; i++)
		if (_i < OPS || i == (unsigned)_i % KINDS)
			try_all(&t, kinds[i]);
	free(t.image);
	free_disk(&t.before);
	free_disk(&t.after);
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("errors");

	if (!image_has_qemu()) {
		printf("skip qcow2_errors: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, keeps_the_image, 0, OPS * VARIANTS);
	return unit_run_case("qcow2_errors", tc);
}
