/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2 images, back and forth with the real qemu-img. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define MIB (1u << 20)

static const char *const variants[] = {
	"compat=0.10",
	"compat=v3",
	"cluster_size=512",
	"cluster_size=4k,refcount_bits=1",
	"cluster_size=2M,refcount_bits=64",
	"cluster_size=1k,refcount_bits=2,compat=v3",
	"refcount_bits=4,lazy_refcounts=on",
	"refcount_bits=8,cluster_size=32k",
	"refcount_bits=32,cluster_size=16k,extended_l2=on",
	"cluster_size=64k,extended_l2=on",
	"cluster_size=2M,extended_l2=on",
	"compression_type=zstd",
	"preallocation=metadata",
	"preallocation=falloc,cluster_size=16k",
	"preallocation=full,extended_l2=on",
	"data_file=data.img",
	"data_file=data.img,data_file_raw=on",
	"cluster_size=512,compat=0.10",
};

#define VARIANTS ((int)(sizeof(variants) / sizeof(*variants)))

static void qemu_agrees(const char *file, const uint8_t *want, size_t len)
{
	size_t n, i = 0;
	uint8_t *got;

	image_must("qemu-img check %s >check.log 2>&1 || "
		   "{ head check.log; false; }",
		   file);
	image_must("qemu-img convert -O raw %s out.raw", file);
	got = image_slurp("out.raw", &n);
	ck_assert_uint_eq(n, len);
	while (i < n && got[i] == want[i])
		i++;
	ck_assert_msg(i == n, "qemu-img reads something else at 0x%zx", i);
	free(got);
}

static void we_agree(const char *file)
{
	struct blk_check res = {0};
	struct error err = {0};
	struct blk_node *node = image_open(file, "qcow2", BLK_O_CHECK);

	ck_assert_msg(blk_check(node, 0, &res, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(res.corruptions, 0);
	ck_assert_uint_eq(res.leaks, 0);
	ck_assert_uint_eq(res.check_errors, 0);
	blk_node_unref(node);
}

static void load_and_close(const char *file, unsigned flags, uint8_t *disk,
			   size_t size, uint64_t seed, unsigned n)
{
	struct image_load load = {
		.node = image_open(file, "qcow2",
				   BLK_O_RDWR | BLK_O_UNMAP | BLK_O_NO_FLUSH |
					   flags),
		.disk = disk,
		.size = size,
		.depth = 8,
		.zeroes = true,
		.discard = true,
		.seed = seed,
		.unit = 512,
		.max = 400,
	};

	image_load(&load, n);
	image_compare(load.node, disk, size);
	blk_node_unref(load.node);
}

START_TEST(writes_what_qemu_reads)
{
	size_t size = 9 * MIB + 512 * 3;
	uint8_t *disk = calloc(1, size);
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", size, variants[_i]);
	load_and_close("a.qcow2", 0, disk, size, 1 + (uint64_t)_i, 300);
	qemu_agrees("a.qcow2", disk, size);
	we_agree("a.qcow2");
	load_and_close("a.qcow2", 0, disk, size, 100 + (uint64_t)_i, 100);
	qemu_agrees("a.qcow2", disk, size);
	node = image_open("a.qcow2", NULL, 0);
	image_compare(node, disk, size);
	blk_node_unref(node);
	image_end();
	free(disk);
}
END_TEST

START_TEST(writes_with_o_direct)
{
	size_t size = 5 * MIB + 512;
	uint8_t *disk = calloc(1, size);

	image_start();
	image_create("a.qcow2", "qcow2", size, variants[_i]);
	load_and_close("a.qcow2", BLK_O_DIRECT, disk, size, 7 + (uint64_t)_i,
		       100);
	qemu_agrees("a.qcow2", disk, size);
	image_end();
	free(disk);
}
END_TEST

static uint64_t file_size(const char *file)
{
	struct stat st;

	ck_assert_int_eq(stat(file, &st), 0);
	return (uint64_t)st.st_size;
}

struct two {
	struct blk_req req;
	bool is_done;
};

static void on_written(struct blk_req *req, int rc)
{
	ck_assert_int_eq(rc, 0);
	container_of(req, struct two, req)->is_done = true;
}

/* At once, into two clusters. */
static void write_two(struct blk_node *node, uint8_t *data, size_t len)
{
	struct iovec iov = {data, len};
	struct two two[2] = {0};
	uint64_t i;

	for (i = 0; i < 2; i++) {
		two[i].req = (struct blk_req){.op = BLK_WRITE,
					      .off = (5 + i) * MIB,
					      .iov = &iov,
					      .niov = 1,
					      .done = on_written};
		blk_node_submit(node, &two[i].req);
	}
	while (!two[0].is_done || !two[1].is_done)
		blk_ctx_poll(node->ctx, true);
}

/* The file is given room ahead of its clusters, and gives it back. */
START_TEST(makes_room_with_o_direct)
{
	static _Alignas(4096) uint8_t data[65536] = {1};
	struct blk_node *node;
	uint64_t before, open_size;

	image_start();
	image_create("a.qcow2", "qcow2", 64 * MIB, NULL);
	before = file_size("a.qcow2");
	if (image_sh("dd if=a.qcow2 of=x iflag=direct bs=4k count=1 "
		     "2>/dev/null"))
		goto out; /* this file system has no O_DIRECT */
	node = image_open("a.qcow2", "qcow2", BLK_O_RDWR | BLK_O_DIRECT);
	write_two(node, data, sizeof(data));
	ck_assert_int_eq(blk_flush(node), 0);
	open_size = file_size("a.qcow2");
	/* As a crash would leave it. */
	image_must("cp a.qcow2 b.qcow2 && qemu-img check -q b.qcow2");
	blk_node_unref(node);
	ck_assert_uint_le(file_size("a.qcow2"), before + 4 * sizeof(data));
	ck_assert_uint_ge(open_size, before + MIB);
	image_must("qemu-img check -q a.qcow2");
out:
	image_end();
}
END_TEST

/* Written by qemu-io, with everything that makes entries differ. */
static void qemu_fills(const char *file, uint64_t seed)
{
	static const char *const op[] = {"write -P 3", "write -P 7",
					 "write -z",   "write -z -u",
					 "discard",    "write -P 99"};
	char cmd[4000] = "";
	unsigned off, len;
	size_t at = 0;
	int i;

	for (i = 0; i < 30; i++) {
		off = (unsigned)image_random(&seed) % (9 * MIB / 512) * 512;
		len = (1 + (unsigned)image_random(&seed) % 300) * 512;
		at += (size_t)snprintf(cmd + at, sizeof(cmd) - at,
				       " -c '%s %u %u'",
				       op[image_random(&seed) % 6], off, len);
	}
	image_must("qemu-io -f qcow2 -d unmap %s %s >io.log 2>&1 || "
		   "{ tail -3 io.log; false; }",
		   cmd, file);
}

START_TEST(reads_what_qemu_writes)
{
	struct blk_node *node;
	uint8_t *want;
	size_t len;

	image_start();
	image_must("qemu-img create -q -f qcow2 -o %s a.qcow2 10M",
		   variants[_i]);
	qemu_fills("a.qcow2", (uint64_t)_i + 5);
	image_must("qemu-img convert -O raw a.qcow2 want.raw");
	want = image_slurp("want.raw", &len);
	node = image_open("a.qcow2", NULL, 0);
	image_compare(node, want, len);
	blk_node_unref(node);
	we_agree("a.qcow2");
	load_and_close("a.qcow2", 0, want, len, 77 + (uint64_t)_i, 100);
	qemu_agrees("a.qcow2", want, len);
	free(want);
	image_end();
}
END_TEST

static void fill_base(uint8_t *disk, size_t size)
{
	struct image_load load = {
		.disk = disk,
		.size = size,
		.depth = 4,
		.unit = 512,
		.max = 300,
		.seed = 5,
		.zeroes = true,
	};

	image_create("sub/base.raw", "raw", size, NULL);
	load.node = image_open("sub/base.raw", "raw", BLK_O_RDWR);
	image_load(&load, 40);
	blk_node_unref(load.node);
}

START_TEST(has_backing_chains)
{
	static const char *const options[] = {
		"backing_file=sub/mid.qcow2,backing_fmt=qcow2,extended_l2=on",
		"backing_file=sub/mid.qcow2,backing_fmt=qcow2,compat=0.10",
		"backing_file=sub/mid.qcow2,backing_fmt=qcow2,cluster_size=1k"};
	size_t len = 3 * MIB + 4096;
	uint8_t *disk = calloc(1, len);

	image_start();
	image_must("mkdir sub");
	fill_base(disk, 2 * MIB + 512);
	image_create("sub/mid.qcow2", "qcow2", 2 * MIB,
		     "backing_file=base.raw,backing_fmt=raw,cluster_size=4k");
	memset(disk + 2 * MIB, 0, len - 2 * MIB);
	load_and_close("sub/mid.qcow2", 0, disk, 2 * MIB, 9, 30);
	image_create("top.qcow2", "qcow2", len, options[_i]);
	load_and_close("top.qcow2", 0, disk, len, 11, 60);
	qemu_agrees("top.qcow2", disk, len);
	image_end();
	free(disk);
}
END_TEST

struct packed {
	const char *options;
	unsigned cluster;
};

static const struct packed packed[] = {
	{"cluster_size=64k", 65536},
	{"cluster_size=512", 512},
	{"cluster_size=2M", 2 * MIB},
	{"compression_type=zstd", 65536},
	{"extended_l2=on,refcount_bits=8", 65536},
	{"cluster_size=4k,refcount_bits=1", 4096},
};

START_TEST(compresses)
{
	const struct packed *p = &packed[_i];
	size_t size = 12 * MIB;
	uint8_t *disk = calloc(1, size);
	struct image_load load = {.disk = disk,
				  .size = size,
				  .depth = 6,
				  .compress = true,
				  .seed = (uint64_t)_i,
				  .unit = p->cluster,
				  .max = 3};

	image_start();
	image_create("a.qcow2", "qcow2", size, p->options);
	load.node = image_open("a.qcow2", "qcow2", BLK_O_RDWR);
	image_load(&load, 100);
	image_compare(load.node, disk, size);
	blk_node_unref(load.node);
	qemu_agrees("a.qcow2", disk, size);
	we_agree("a.qcow2");
	load_and_close("a.qcow2", 0, disk, size, 3, 100);
	qemu_agrees("a.qcow2", disk, size);
	image_must("qemu-img convert -c -O qcow2 -o %s a.qcow2 b.qcow2",
		   p->options);
	load_and_close("b.qcow2", 0, disk, size, 4, 60);
	qemu_agrees("b.qcow2", disk, size);
	image_end();
	free(disk);
}
END_TEST

static const char *const snapshot_options[] = {
	"compat=v3", "compat=0.10", "extended_l2=on,cluster_size=16k",
	"cluster_size=512", "lazy_refcounts=on"};

static void check_list(struct blk_node *node)
{
	struct blk_snapshot *list;
	struct error err = {0};
	size_t n;

	ck_assert_int_eq(blk_snapshots(node, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(list[0].name, "one");
	ck_assert_str_eq(list[1].name, "two");
	ck_assert_uint_eq(list[0].date_sec, 1234567890);
	blk_snapshots_free(list, n);
}

static void snapshot(const char *file, const char *name,
		     int (*fn)(struct blk_node *, const char *, struct error *))
{
	struct blk_node *node =
		image_open(file, "qcow2", BLK_O_RDWR | BLK_O_UNMAP);
	struct blk_snapshot snap = {.name = strdup(name),
				    .date_sec = 1234567890,
				    .icount = UINT64_MAX};
	struct error err = {0};
	int rc = fn ? fn(node, name, &err)
		    : blk_snapshot_create(node, &snap, &err);

	ck_assert_msg(rc == 0, "%s", err.msg);
	free(snap.name);
	blk_node_unref(node);
}

START_TEST(takes_snapshots)
{
	size_t size = 4 * MIB, len;
	uint8_t *disk = calloc(1, size), *old = malloc(size), *raw;
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", size, snapshot_options[_i]);
	load_and_close("a.qcow2", 0, disk, size, 3, 60);
	memcpy(old, disk, size);
	snapshot("a.qcow2", "one", NULL);
	qemu_agrees("a.qcow2", disk, size);
	load_and_close("a.qcow2", 0, disk, size, 4, 60);
	qemu_agrees("a.qcow2", disk, size);
	image_must("qemu-img convert -l one -O raw a.qcow2 one.raw");
	raw = image_slurp("one.raw", &len);
	ck_assert(len == size && !memcmp(raw, old, len));
	free(raw);
	image_must("qemu-img snapshot -c two a.qcow2");
	node = image_open("a.qcow2", "qcow2", 0);
	check_list(node);
	blk_node_unref(node);
	snapshot("a.qcow2", "one", blk_snapshot_apply);
	qemu_agrees("a.qcow2", old, size);
	load_and_close("a.qcow2", 0, old, size, 5, 60);
	image_must("qemu-img snapshot -a two a.qcow2");
	node = image_open("a.qcow2", "qcow2", BLK_O_RDWR);
	image_compare(node, disk, size);
	blk_node_unref(node);
	snapshot("a.qcow2", "one", blk_snapshot_delete);
	qemu_agrees("a.qcow2", disk, size);
	snapshot("a.qcow2", "two", blk_snapshot_delete);
	qemu_agrees("a.qcow2", disk, size);
	we_agree("a.qcow2");
	image_end();
	free(disk);
	free(old);
}
END_TEST

static void resize(const char *file, uint64_t size, enum blk_prealloc prealloc)
{
	struct blk_node *node = image_open(file, "qcow2", BLK_O_RDWR);
	struct error err = {0};

	ck_assert_msg(blk_truncate(node, size, prealloc, &err) == 0, "%s",
		      err.msg);
	blk_node_unref(node);
}

/* The L1 tables span more refcount blocks than are cached. */
START_TEST(has_long_tables)
{
	static const char *const options[] = {
		"cluster_size=512,refcount_bits=64", "cluster_size=512"};
	struct image_load load = {
		.size = 64 * MIB, .depth = 1, .unit = MIB, .max = 2, .seed = 9};

	image_start();
	load.disk = calloc(1, load.size);
	image_create("a.qcow2", "qcow2", 1024 * MIB, options[_i]);
	load.node = image_open("a.qcow2", "qcow2", BLK_O_RDWR);
	image_load(&load, 8);
	blk_node_unref(load.node);
	snapshot("a.qcow2", "one", NULL);
	snapshot("a.qcow2", "two", NULL);
	we_agree("a.qcow2");
	image_must("qemu-img check -q a.qcow2");
	snapshot("a.qcow2", "one", blk_snapshot_delete);
	resize("a.qcow2", 2048 * MIB, BLK_PREALLOC_OFF);
	image_must("qemu-img check -q a.qcow2");
	snapshot("a.qcow2", "two", blk_snapshot_apply);
	resize("a.qcow2", load.size, BLK_PREALLOC_OFF);
	snapshot("a.qcow2", "two", blk_snapshot_delete);
	qemu_agrees("a.qcow2", load.disk, load.size);
	image_end();
	free(load.disk);
}
END_TEST

START_TEST(resizes)
{
	static const char *const options[] = {"cluster_size=512", "compat=v3",
					      "extended_l2=on"};
	size_t size = 4 * MIB, big = 40 * MIB, cut = MIB + 512;
	uint8_t *disk = calloc(1, big);

	image_start();
	image_create("a.qcow2", "qcow2", size, options[_i]);
	load_and_close("a.qcow2", 0, disk, size, 3, 60);
	resize("a.qcow2", big, BLK_PREALLOC_OFF);
	load_and_close("a.qcow2", 0, disk, big, 8, 60);
	qemu_agrees("a.qcow2", disk, big);
	resize("a.qcow2", cut, BLK_PREALLOC_OFF);
	qemu_agrees("a.qcow2", disk, cut);
	resize("a.qcow2", 3 * MIB, BLK_PREALLOC_METADATA);
	memset(disk + cut, 0, 3 * MIB - cut);
	qemu_agrees("a.qcow2", disk, 3 * MIB);
	image_end();
	free(disk);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("qemu");

	if (!image_has_qemu()) {
		printf("skip qcow2: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, writes_what_qemu_reads, 0, VARIANTS);
	tcase_add_loop_test(tc, writes_with_o_direct, 0, VARIANTS);
	tcase_add_test(tc, makes_room_with_o_direct);
	tcase_add_loop_test(tc, reads_what_qemu_writes, 0, VARIANTS);
	tcase_add_loop_test(tc, has_backing_chains, 0, 3);
	tcase_add_loop_test(tc, compresses, 0, 6);
	tcase_add_loop_test(tc, takes_snapshots, 0, 5);
	tcase_add_loop_test(tc, resizes, 0, 3);
	tcase_add_loop_test(tc, has_long_tables, 0, 2);
	return unit_run_case("qcow2", tc);
}
