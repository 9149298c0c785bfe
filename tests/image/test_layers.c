/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies between a device and its image: zeros that are detected, discards
 * that are dropped, temporary overlays, copies of what is read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/file.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define MIB	  (1u << 20)
#define CLUSTER	  65536u

#define UNMAP_ALL "detect-zeroes=unmap,discard=unmap"

static struct blk_node *open_with(const char *file, const char *format,
				  const char *options, unsigned flags)
{
	struct opt_list list;
	struct blk_open how = {.filename = file,
			       .format = format,
			       .flags = flags};
	struct error err = {0};
	struct blk_node *node;

	ck_assert_int_eq(opt_split(options, NULL, &list, &err), 0);
	how.options = blk_options_of_list(&list);
	node = blk_open_alone(&how, &err);
	ck_assert_msg(node != NULL, "%s: %s", options, err.msg);
	json_decref(how.options);
	opt_list_free(&list);
	return node;
}

static void refused(const char *file, const char *options, unsigned flags,
		    const char *says)
{
	struct opt_list list;
	struct blk_open how = {.filename = file, .flags = flags};
	struct error err = {0};

	ck_assert_int_eq(opt_split(options, NULL, &list, &err), 0);
	how.options = blk_options_of_list(&list);
	ck_assert(blk_open_alone(&how, &err) == NULL);
	ck_assert_msg(strstr(err.msg, says) != NULL, "%s: '%s' lacks '%s'",
		      options, err.msg, says);
	json_decref(how.options);
	opt_list_free(&list);
}

static uint64_t blocks(const char *file)
{
	struct stat st;

	ck_assert_int_eq(stat(file, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

START_TEST(detects_zeroes)
{
	static const char *const options[] = {"detect-zeroes=off",
					      "detect-zeroes=on",
					      "detect-zeroes=unmap", UNMAP_ALL};
	static const bool takes_space[] = {true, false, false, false};
	static const bool gives_back[] = {false, false, false, true};
	struct blk_node *node;
	uint8_t *buf = calloc(1, MIB);

	image_start();
	image_create("a.qcow2", "qcow2", 4 * MIB, NULL);
	image_must("truncate -s 4M a.raw");
	node = open_with("a.qcow2", "qcow2", options[_i], BLK_O_RDWR);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	buf[MIB - 1] = 1; /* not all of it is zero */
	ck_assert_int_eq(blk_pwrite(node, MIB, buf, MIB, 0), 0);
	blk_node_unref(node);
	ck_assert_int_eq(blocks("a.qcow2") > 2 * MIB, takes_space[_i]);
	ck_assert_uint_gt(blocks("a.qcow2"), MIB);

	node = open_with("a.raw", "raw", options[_i], BLK_O_RDWR);
	memset(buf, 1, MIB);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	memset(buf, 0, MIB);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	blk_node_unref(node);
	ck_assert_int_eq(blocks("a.raw") < MIB / 2, gives_back[_i]);
	image_must("cmp -n 1048576 a.raw /dev/zero");
	image_end();
	free(buf);
}
END_TEST

START_TEST(drops_discards)
{
	static const char *const options[] = {"discard=ignore", "discard=off",
					      "discard=unmap", "discard=on"};
	struct blk_node *node;
	uint8_t *buf = malloc(MIB), *back = malloc(MIB);

	image_start();
	image_must("truncate -s 1M a.raw");
	memset(buf, 7, MIB);
	node = open_with("a.raw", "raw", options[_i], BLK_O_RDWR);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	ck_assert_int_eq(blk_discard(node, 0, MIB), 0);
	ck_assert_int_eq(blk_pread(node, 0, back, MIB), 0);
	ck_assert_int_eq(!memcmp(buf, back, MIB), _i < 2);
	blk_node_unref(node);
	ck_assert_int_eq(blocks("a.raw") >= MIB, _i < 2);

	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with("a.qcow2", "qcow2", options[_i], BLK_O_RDWR);
	ck_assert_int_eq(blk_pwrite(node, 0, buf, MIB, 0), 0);
	ck_assert_int_eq(blk_discard(node, 0, MIB), 0);
	ck_assert_int_eq(blk_pread(node, 0, back, MIB), 0);
	ck_assert_int_eq(!memcmp(buf, back, MIB), _i < 2);
	blk_node_unref(node);
	ck_assert_int_eq(blocks("a.qcow2") >= MIB, _i < 2);
	image_must("qemu-img check -q a.qcow2");
	image_end();
	free(buf);
	free(back);
}
END_TEST

START_TEST(detects_zeroes_in_snapshots)
{
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = open_with("a.qcow2", "qcow2", "detect-zeroes=on",
			 BLK_O_RDWR | BLK_O_SNAPSHOT);
	ck_assert_int_eq(node->detect, BLK_DETECT_ON);
	blk_node_unref(node);
	image_end();
}
END_TEST

START_TEST(takes_snapshot_drives)
{
	struct blk_node *node;
	uint8_t buf[512], back[512];

	image_start();
	image_must("mkdir tmp && truncate -s 1M a.raw && cp a.raw b.raw");
	ck_assert_int_eq(setenv("TMPDIR", "tmp", 1), 0);
	node = open_with("a.raw", "raw", "cache.direct=off",
			 BLK_O_RDWR | BLK_O_SNAPSHOT);
	image_must("test -z \"$(ls -A tmp)\"");
	ck_assert_msg(!strncmp(node->filename, "json:{\"backing\"", 15) &&
			      strstr(node->filename, "tmp/vl.") != NULL,
		      "%s", node->filename);
	ck_assert(!node->readonly);
	memset(buf, 5, sizeof(buf));
	ck_assert_int_eq(blk_pwrite(node, 4096, buf, 512, 0), 0);
	ck_assert_int_eq(blk_flush(node), 0);
	ck_assert_int_eq(blk_pread(node, 4096, back, 512), 0);
	ck_assert(!memcmp(buf, back, 512));
	ck_assert_int_eq(blk_pread(node, MIB - 512, back, 512), 0);
	ck_assert_uint_eq(back[511], 0);
	image_must("cmp a.raw b.raw");
	/* Another can have it likewise. */
	blk_node_unref(open_with("a.raw", "raw", "discard=off",
				 BLK_O_SNAPSHOT | BLK_O_RDWR));
	blk_node_unref(node);
	image_must("cmp a.raw b.raw");
	ck_assert_int_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	refused("a.raw", "driver=raw", BLK_O_SNAPSHOT | BLK_O_RDWR,
		"temporary file in /nonexistent");
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
	image_end();
}
END_TEST

static struct blk_node *open_copying(void)
{
	image_must("dd if=/dev/urandom of=base.raw bs=1M count=2 status=none");
	image_must("dd if=/dev/zero of=base.raw bs=64k count=2 seek=4 "
		   "conv=notrunc status=none");
	image_create("a.qcow2", "qcow2", 3 * MIB,
		     "backing_file=base.raw,backing_fmt=raw");
	return open_with("a.qcow2", "qcow2", "driver=qcow2",
			 BLK_O_RDWR | BLK_O_COPY_ON_READ);
}

static bool is_allocated(struct blk_node *node, uint64_t off)
{
	struct blk_extent ext;

	ck_assert_int_eq(blk_status(node, off, 512, &ext), 0);
	return ext.flags & BLK_ALLOCATED;
}

START_TEST(copies_on_read)
{
	struct blk_node *node;
	uint8_t buf[5 * 512];

	image_start();
	node = open_copying();
	ck_assert_str_eq(node->driver->name, "copy-on-read");
	ck_assert_str_eq(blk_node_image(node)->driver->name, "qcow2");
	ck_assert(!is_allocated(node, 0));
	/* Across the border of two clusters. */
	ck_assert_int_eq(blk_pread(node, CLUSTER - 1024, buf, sizeof(buf)), 0);
	ck_assert(is_allocated(node, 0));
	ck_assert(is_allocated(node, 2 * CLUSTER - 512));
	ck_assert(!is_allocated(node, 2 * CLUSTER));
	ck_assert_int_eq(blk_pread(node, 4 * CLUSTER, buf, 512), 0);
	ck_assert(is_allocated(node, 4 * CLUSTER));
	ck_assert_int_eq(blk_pread(node, 3 * MIB - 512, buf, 512), 0);
	ck_assert_uint_eq(buf[511], 0);
	blk_node_unref(node);
	image_must("qemu-img check -q a.qcow2");
	image_must("truncate -s 3M base.raw && "
		   "qemu-img compare -q -f qcow2 -F raw a.qcow2 base.raw");
	/* Without what it was read from. */
	image_must("head -c 131072 base.raw >want && "
		   "qemu-img rebase -u -b '' a.qcow2 && "
		   "qemu-img convert -O raw a.qcow2 a.raw && "
		   "cmp -n 131072 a.raw want");
	image_end();
}
END_TEST

static void fail_writes(struct blk_node *node, struct blk_req *req)
{
	if (req->op == BLK_READ)
		blk_file.submit(node, req);
	else
		blk_ctx_complete(node->ctx, req, -ENOSPC);
}

START_TEST(fails_to_read_what_it_cannot_keep)
{
	struct blk_driver failing = blk_file;
	struct blk_node *node;
	uint8_t buf[512];

	image_start();
	node = open_copying();
	ck_assert_int_eq(blk_pread(node, 0, buf, sizeof(buf)), 0);
	failing.submit = fail_writes;
	blk_node_image(node)->child[BLK_FILE]->driver = &failing;
	ck_assert_int_eq(blk_pread(node, CLUSTER, buf, sizeof(buf)), -ENOSPC);
	ck_assert_int_eq(blk_pread(node, 0, buf, sizeof(buf)), 0);
	blk_node_image(node)->child[BLK_FILE]->driver = &blk_file;
	ck_assert_int_eq(blk_pread(node, CLUSTER, buf, sizeof(buf)), 0);
	ck_assert(is_allocated(node, CLUSTER));
	blk_node_unref(node);
	image_must("qemu-img check -q a.qcow2");
	image_end();
}
END_TEST

/* Reads that write, among writes, by the dozen. */
START_TEST(copies_among_writes)
{
	struct image_load load = {.size = 3 * MIB,
				  .depth = 24,
				  .zeroes = true,
				  .seed = 11,
				  .unit = 512,
				  .max = 300};
	uint8_t *base;
	size_t n;

	image_start();
	load.node = open_copying();
	load.disk = calloc(1, load.size);
	ck_assert_int_eq(blk_pread(load.node, 0, load.disk, CLUSTER), 0);
	base = image_slurp("base.raw", &n);
	memcpy(load.disk, base, n);
	free(base);
	image_load(&load, 600);
	image_compare(load.node, load.disk, load.size);
	ck_assert(is_allocated(load.node, 2 * MIB - 512));
	blk_node_unref(load.node);
	load.node = image_open("a.qcow2", "qcow2", 0);
	image_compare(load.node, load.disk, load.size);
	blk_node_unref(load.node);
	image_must("qemu-img check -q a.qcow2");
	free(load.disk);
	image_end();
}
END_TEST

struct io {
	struct blk_req req;
	struct iovec iov;
	unsigned *left;
};

static void on_done(struct blk_req *req, int rc)
{
	ck_assert_int_eq(rc, 0);
	--*container_of(req, struct io, req)->left;
}

/* At the beginning of the disk. */
static void start(struct io *io, struct blk_node *node, enum blk_op op,
		  void *buf, size_t len, unsigned *left)
{
	io->left = left;
	io->iov = (struct iovec){buf, len};
	io->req = (struct blk_req){.op = op,
				   .iov = &io->iov,
				   .niov = 1,
				   .done = on_done};
	++*left;
	blk_node_submit(node, &io->req);
}

/* A host that takes its time to read. */
static struct list held;

static void hold(struct blk_node *node, struct blk_req *req)
{
	(void)node;
	list_add_tail(&held, &req->link);
}

static void release(void)
{
	struct blk_req *req;
	struct list *e;

	while ((e = list_pop(&held))) {
		req = container_of(e, struct blk_req, link);
		blk_file.submit(req->node->driver == &blk_file
					? req->node
					: req->node->child[BLK_FILE],
				req);
	}
}

/* A write into a cluster that is being copied is not undone. */
START_TEST(copies_beside_writes)
{
	static uint8_t buf[CLUSTER], want[CLUSTER];
	struct blk_driver slow = blk_file;
	struct io reading, writing;
	struct blk_node *node, *file;
	unsigned i, left = 0;

	image_start();
	list_init(&held);
	node = open_copying();
	file = node->child[BLK_FILE]->child[BLK_BACKING]->child[BLK_FILE];
	slow.submit = hold;
	file->driver = &slow;
	start(&reading, node, BLK_READ, buf, 512, &left);
	ck_assert(!list_empty(&held));
	memset(want, 0x5a, sizeof(want));
	start(&writing, node, BLK_WRITE, want, sizeof(want), &left);
	for (i = 0; i < 100; i++) { /* would it get through? */
		blk_ctx_poll(node->ctx, false);
		usleep(1000);
	}
	ck_assert_uint_eq(left, 2);
	file->driver = &blk_file;
	release();
	while (left)
		blk_ctx_poll(node->ctx, true);
	ck_assert_int_eq(blk_pread(node, 0, buf, sizeof(buf)), 0);
	ck_assert(!memcmp(buf, want, sizeof(buf)));
	blk_node_unref(node);
	image_must("qemu-img check -q a.qcow2");
	image_end();
}
END_TEST

START_TEST(knows_who_may_write)
{
	struct blk_node *node;

	image_start();
	image_must("truncate -s 1M a.raw");
	refused("a.raw", "driver=raw,file.read-only=on", BLK_O_RDWR,
		"Block node is read-only");
	node = open_with("a.raw", "raw", "file.read-only=on,auto-read-only=on",
			 BLK_O_RDWR);
	ck_assert(node->readonly);
	blk_node_unref(node);
	refused("a.raw", "driver=raw,force-share=on", BLK_O_RDWR,
		"force-share=on");
	refused("a.raw", "driver=raw,aoi=native", BLK_O_RDWR,
		"did you mean 'aio'?");
	refused("a.raw", "driver=raw,aio=nativ", BLK_O_RDWR,
		"did you mean 'native'?");
	refused("a.raw", "driver=raw,file.loking=on", BLK_O_RDWR,
		"did you mean 'locking'?");
	refused("a.raw", "driver=raw,detect-zeroes=x", BLK_O_RDWR,
		"but: off, on, unmap");
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("layers");

	if (!image_has_qemu()) {
		printf("skip layers: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, detects_zeroes, 0, 4);
	tcase_add_loop_test(tc, drops_discards, 0, 4);
	tcase_add_test(tc, detects_zeroes_in_snapshots);
	tcase_add_test(tc, takes_snapshot_drives);
	tcase_add_test(tc, copies_on_read);
	tcase_add_test(tc, fails_to_read_what_it_cannot_keep);
	tcase_add_test(tc, copies_among_writes);
	tcase_add_test(tc, copies_beside_writes);
	tcase_add_test(tc, knows_who_may_write);
	return unit_run_case("layers", tc);
}
