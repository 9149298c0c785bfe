/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of qcow2: what is given back to the host, which metadata is watched,
 * how long it is kept in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "block/qcow2_image.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define MIB	(1u << 20)
#define CLUSTER 65536u

static struct blk_node *try_open(const char *options, struct error *err)
{
	struct opt_list list;
	struct blk_open how = {.filename = "a.qcow2",
			       .format = "qcow2",
			       .flags = BLK_O_RDWR};
	struct blk_node *node;

	*err = (struct error){0};
	ck_assert_int_eq(opt_split(options, NULL, &list, err), 0);
	how.options = blk_options_of_list(&list);
	node = blk_open_alone(&how, err);
	json_decref(how.options);
	opt_list_free(&list);
	return node;
}

static struct blk_node *open_with(const char *options)
{
	struct error err;
	struct blk_node *node = try_open(options, &err);

	ck_assert_msg(node != NULL, "%s: %s", options, err.msg);
	return node;
}

static void refused(const char *options, const char *says)
{
	struct error err;

	ck_assert(try_open(options, &err) == NULL);
	ck_assert_msg(strstr(err.msg, says) != NULL, "%s: %s", options,
		      err.msg);
}

static uint64_t blocks(void)
{
	struct stat st;

	ck_assert_int_eq(stat("a.qcow2", &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static void write_all(struct blk_node *node, uint8_t with)
{
	uint8_t *buf = malloc(MIB);

	memset(buf, with, MIB);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	free(buf);
}

START_TEST(refuses_options)
{
	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	refused("overlap-check=some", "overlap-check");
	refused("overlap-check.tempalte=all", "overlap-check.tempalte");
	refused("overlap-check.active-l1=maybe", "overlap-check.active-l1");
	refused("cache-clean-interval=4294967296", "too big");
	refused("cache-clean-interval=-1", "cache-clean-interval");
	refused("pass-discard-request=maybe", "pass-discard-request");
	refused("pass-discard-others=on", "did you mean 'pass-discard-other'");
	image_end();
}
END_TEST

/* What the guest discards, and zeros that may unmap. */
START_TEST(passes_discards)
{
	static const char *const options[] = {
		"discard=unmap",
		"discard=unmap,pass-discard-request=off",
		"discard=unmap,pass-discard-request=on",
	};
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with(options[_i]);
	write_all(node, 7);
	ck_assert_int_eq(blk_discard(node, 0, MIB), 0);
	blk_node_unref(node);
	ck_assert_int_eq(blocks() >= MIB, _i == 1);
	image_must("qemu-img check -q a.qcow2");
	image_end();
}
END_TEST

/* What only a deleted snapshot had. */
START_TEST(passes_discards_of_snapshots)
{
	static const char *const options[] = {"pass-discard-snapshot=off",
					      "pass-discard-snapshot=on",
					      "discard=ignore"};
	struct blk_snapshot snap = {.icount = UINT64_MAX,
				    .name = (char *)(uintptr_t) "s"};
	struct error err = {0};
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with(options[_i]);
	write_all(node, 7);
	ck_assert_int_eq(blk_snapshot_create(node, &snap, &err), 0);
	write_all(node, 8);
	ck_assert_int_eq(blk_flush(node), 0);
	ck_assert_uint_ge(blocks(), 2 * MIB);
	ck_assert_int_eq(blk_snapshot_delete(node, "s", &err), 0);
	blk_node_unref(node);
	ck_assert_int_eq(blocks() >= 2 * MIB, _i == 0);
	image_must("qemu-img check -q a.qcow2");
	image_must("qemu-io -r -c 'read -P 8 0 1M' a.qcow2 | grep -q ops");
	image_end();
}
END_TEST

/* Makes the first cluster of the disk lie where other things are. */
static void misplace(uint64_t where)
{
	FILE *f = fopen("a.qcow2", "r+b");
	uint8_t buf[8];
	uint64_t l1, l2;

	ck_assert(f != NULL);
	fseek(f, 40, SEEK_SET);
	ck_assert_uint_eq(fread(buf, 8, 1, f), 1);
	l1 = load_be64(buf);
	fseek(f, (long)l1, SEEK_SET);
	ck_assert_uint_eq(fread(buf, 8, 1, f), 1);
	l2 = load_be64(buf) & QCOW2_OFFSET;
	store_be64(buf, where | QCOW2_COPIED);
	fseek(f, (long)l2, SEEK_SET);
	ck_assert_uint_eq(fwrite(buf, 8, 1, f), 1);
	fclose(f);
}

static int write_with(const char *options)
{
	uint8_t buf[512] = {1};
	struct blk_node *node = open_with(options);
	int rc = blk_pwrite(node, 4096, buf, sizeof(buf), 0);

	blk_node_unref(node);
	return rc;
}

START_TEST(watches_metadata)
{
	struct blk_node *node;

	image_start();
	image_create("good.qcow2", "qcow2", MIB, NULL);
	image_must("cp good.qcow2 a.qcow2");
	node = open_with("driver=qcow2");
	write_all(node, 1);
	blk_node_unref(node);
	image_must("cp a.qcow2 good.qcow2");
	misplace(CLUSTER); /* the refcount table */
	ck_assert_int_eq(write_with("overlap-check.refcount-table=off"), 0);
	ck_assert_int_eq(write_with("overlap-check=none"), 0);
	ck_assert_int_eq(write_with("overlap-check=constant"), -EIO);
	image_must("cp good.qcow2 a.qcow2");
	misplace(CLUSTER);
	ck_assert_int_eq(write_with("driver=qcow2"), -EIO);
	image_must("cp good.qcow2 a.qcow2");
	misplace(2 * CLUSTER); /* a refcount block */
	ck_assert_int_eq(write_with("overlap-check=constant"), 0);
	ck_assert_int_eq(write_with("overlap-check.template=cached"), -EIO);
	image_end();
}
END_TEST

/* An L2 table that only a snapshot has. */
START_TEST(watches_snapshots)
{
	struct blk_snapshot snap = {.icount = UINT64_MAX};
	struct error err = {0};
	struct blk_node *node;
	uint64_t l2;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with("overlap-check=all");
	write_all(node, 1);
	l2 = ((struct qcow2 *)node->state)->l1.val[0] & QCOW2_OFFSET;
	ck_assert_int_eq(blk_snapshot_create(node, &snap, &err), 0);
	write_all(node, 2);
	blk_node_unref(node);
	image_must("qemu-img check -q a.qcow2");
	misplace(l2);
	ck_assert_int_eq(write_with("overlap-check=cached"), 0);
	ck_assert_int_eq(write_with("overlap-check=all"), -EIO);
	image_end();
}
END_TEST

/* Ordinary work raises no alarm, however much is watched. */
START_TEST(works_while_watched)
{
	static const char *const ids[] = {"1", "2", "3"};
	struct blk_snapshot snap = {.icount = UINT64_MAX};
	size_t size = 8 * MIB;
	struct image_load load = {.disk = calloc(1, size),
				  .size = size,
				  .depth = 8,
				  .zeroes = true,
				  .seed = 3,
				  .unit = 512,
				  .max = 100};
	struct error err = {0};
	unsigned i;

	image_start();
	image_create("a.qcow2", "qcow2", size, "cluster_size=4096");
	load.node = open_with("overlap-check=all,pass-discard-other=on,"
			      "discard=unmap");
	for (i = 0; i < 6; i++) {
		image_load(&load, 100);
		ck_assert_int_eq(blk_snapshot_create(load.node, &snap, &err),
				 0);
		image_load(&load, 100);
		if (i % 2)
			ck_assert_int_eq(blk_snapshot_delete(load.node,
							     ids[i / 2], &err),
					 0);
	}
	image_compare(load.node, load.disk, size);
	blk_node_unref(load.node);
	image_must("qemu-img check -q a.qcow2");
	image_end();
	free(load.disk);
}
END_TEST

START_TEST(forgets_metadata)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct blk_node *node;
	const struct qcow2 *q;
	uint8_t buf[512];
	time_t end;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with("cache-clean-interval=1");
	write_all(node, 1);
	blk_node_unref(node);
	node = open_with("cache-clean-interval=1");
	q = node->state;
	ck_assert_int_eq(blk_ctx_attach(node->ctx, loop, NULL), 0);
	ck_assert_int_eq(blk_pread(node, 0, buf, 512), 0);
	ck_assert_uint_eq(q->l2_cache.n, 1);
	end = time(NULL) + 10;
	while (q->l2_cache.n && time(NULL) < end)
		loop_turn(loop, 100);
	ck_assert_uint_eq(q->l2_cache.n, 0);
	ck_assert_int_eq(blk_pread(node, 0, buf, 512), 0);
	ck_assert_uint_eq(buf[0], 1);
	blk_ctx_attach(node->ctx, NULL, NULL);
	blk_node_unref(node);
	loop_free(loop);
	image_end();
}
END_TEST

static void create_fails(const char *format, const char *option,
			 const char *says)
{
	struct opt_list list;
	struct error err = {0};
	struct blk_create how = {.filename = "x",
				 .format = format,
				 .size = MIB,
				 .has_size = true,
				 .options = &list};
	struct blk_ctx *ctx = blk_ctx_new(&err);

	ck_assert_int_eq(opt_split(option, NULL, &list, &err), 0);
	ck_assert_int_lt(blk_create(ctx, &how, &err), 0);
	ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
	opt_list_free(&list);
	blk_ctx_unref(ctx);
}

/* Where the file system has nothing of the kind they do no harm. */
START_TEST(hints_the_file_system)
{
	image_start();
	image_create("a.raw", "raw", MIB, "nocow=on,extent_size_hint=64k");
	image_create("a.qcow2", "qcow2", MIB, "nocow=on,extent_size_hint=0");
	image_must("test $(stat -c %%s a.raw) = 1048576");
	image_must("qemu-img check -q a.qcow2");
	create_fails("raw", "extent_size_hint=4G", "too large");
	create_fails("qcow2", "extent_size_hint=1T", "too large");
	create_fails("raw", "nocow=x", "nocow");
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("qcow2 options");

	if (!image_has_qemu()) {
		printf("skip qcow2 options: there is no qemu-img\n");
		return 77;
	}
	tcase_add_test(tc, refuses_options);
	tcase_add_loop_test(tc, passes_discards, 0, 3);
	tcase_add_loop_test(tc, passes_discards_of_snapshots, 0, 3);
	tcase_add_test(tc, watches_metadata);
	tcase_add_test(tc, watches_snapshots);
	tcase_add_test(tc, works_while_watched);
	tcase_add_test(tc, forgets_metadata);
	tcase_add_test(tc, hints_the_file_system);
	return unit_run_case("qcow2 options", tc);
}
